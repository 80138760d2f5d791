//! RPT-01 vehicle passage daily: by gate, kind and hour in and out, inside at the end, refusals by
//! reason (R027).

mod fold;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cordon_model::{Absence, Body, Cell, ColumnKind, GateId, Granularity, ReportType};

use super::{About, Report, Told};
use crate::document::Look;
use crate::span::{hour_of, hour_start};
use crate::table::{Head, Sheet, Table, code, integer, text, time};
pub(super) use fold::Passages;
use fold::{PassKey, Passes, RefusalKey, Word};

/// The report.
pub(super) const ABOUT: About = About {
    kind: ReportType::Rpt01,
    folder: "passages",
    title: "Vehicle passage daily",
    tells: "vehicle passages by gate, kind and hour; refusals by reason",
    text: include_str!("about.md"),
    sheets: &[&TOTALS, &IN_PARK, &REFUSED, &PASSAGES],
    form: 1,
};

const GATE: Head = ("gate", "Gate", "卡口", ColumnKind::Text, None);
const TIER: Head = ("tier", "Tier", "卡口层级", ColumnKind::Code, None);
const KIND: Head = (
    "kind",
    "Kind of vehicle",
    "车辆类别",
    ColumnKind::Code,
    None,
);
const IN: Head = ("in", "In", "进", ColumnKind::Integer, None);
const OUT: Head = ("out", "Out", "出", ColumnKind::Integer, None);
const FORCED: Head = (
    "forced",
    "Forced, of these",
    "其中强行通过",
    ColumnKind::Integer,
    None,
);
const BACKED: Head = (
    "backed-out",
    "Backed out",
    "退出车道",
    ColumnKind::Integer,
    None,
);
const WORD: Head = (
    "word",
    "On whose word",
    "数据来源方",
    ColumnKind::Text,
    None,
);

const START: Head = ("from", "From", "起", ColumnKind::Time, None);

const TOTALS: Sheet = Sheet {
    name: "totals",
    title: "Passages by gate and kind",
    title_zh: "卡口通行合计",
    heads: &[GATE, TIER, KIND, IN, OUT, FORCED, BACKED, WORD],
};

const IN_PARK: Sheet = Sheet {
    name: "in-park",
    title: "In park at the end",
    title_zh: "期末在园",
    heads: &[
        KIND,
        (
            "inside",
            "In park at the end",
            "期末在园数",
            ColumnKind::Integer,
            None,
        ),
        ("capacity", "Capacity", "容量", ColumnKind::Integer, None),
        ("as-of", "Counted at", "统计时间", ColumnKind::Time, None),
    ],
};

const REFUSED: Sheet = Sheet {
    name: "refused",
    title: "Refused by reason",
    title_zh: "拒绝原因统计",
    heads: &[
        GATE,
        KIND,
        ("outcome", "Outcome", "决策结果", ColumnKind::Code, None),
        ("reason", "Reason", "原因", ColumnKind::Code, None),
        ("count", "Count", "次数", ColumnKind::Integer, None),
    ],
};

const PASSAGES: Sheet = Sheet {
    name: "passages",
    title: "Passages over time",
    title_zh: "分时段通行",
    heads: &[START, GATE, TIER, KIND, IN, OUT, FORCED, BACKED, WORD],
};

impl Report for Passages {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn book(&mut self, told: &Told<'_>) -> Option<i64> {
        match &told.message.body {
            Body::PassageRecord(record) => {
                let said = (&told.entry.sender, &told.message.header);
                self.record(said, record, (told.at(record.passed_at), told.held_from));
            }
            Body::PassageDecision(decision) => {
                self.decision(decision, (told.at(decision.decided_at), told.held_from));
            }
            Body::OccupancySnapshot(snapshot) => {
                self.snapshot(snapshot, (told.at(snapshot.observed_at), told.held_from));
            }
            _ => {}
        }
        self.make_room()
    }

    fn put_right(&mut self, now: i64) {
        self.book_at(now);
    }

    fn forget(&mut self, before: i64) {
        self.drop_before(before);
    }

    fn tables(&self, look: &Look<'_>) -> Vec<Table> {
        vec![
            totals(self, look),
            inside(self, look),
            refused(self, look),
            passages(self, look),
        ]
    }
}

/// Passages by hour; in a report over more than a day, by day.
fn passages(figures: &Passages, look: &Look<'_>) -> Table {
    let mut table = Table::of(&PASSAGES);
    let by_day = matches!(
        look.span.granularity(),
        Granularity::Week | Granularity::Month
    );
    let mut rows: BTreeMap<(i64, &PassKey), Passes> = BTreeMap::new();
    let hours = &figures.hours;
    for (hour, seen) in hours.range(look.span.hours_covered()) {
        let start = if by_day {
            hour.div_euclid(24) * 24
        } else {
            *hour
        };
        table.left_out(seen.left_out);
        for (key, passes) in &seen.passed {
            rows.entry((start, key)).or_default().add(*passes);
        }
    }
    for ((start, key), passes) in rows {
        let mut cells = vec![time(hour_start(start).micros())];
        cells.extend(pass_cells(look, key, passes));
        table.row(cells);
    }
    table
}

fn totals(figures: &Passages, look: &Look<'_>) -> Table {
    let mut table = Table::of(&TOTALS);
    let mut rows: BTreeMap<&PassKey, Passes> = BTreeMap::new();
    let hours = &figures.hours;
    for (_, seen) in hours.range(look.span.hours_covered()) {
        for (key, passes) in &seen.passed {
            rows.entry(key).or_default().add(*passes);
        }
    }
    for (key, passes) in rows {
        table.row(pass_cells(look, key, passes));
    }
    table
}

/// The party on whose word a passage at this gate rests; a device at a gate of the park is the hub's.
fn word<'a>(look: &Look<'a>, gate: &GateId, word: &'a Word) -> &'a str {
    let owner = || look.plan.gate(gate)?.owner.as_ref();
    match word {
        Word::Party(party) => party.as_str(),
        Word::Gate => owner().unwrap_or(look.hub).as_str(),
    }
}

fn pass_cells(look: &Look<'_>, key: &PassKey, passes: Passes) -> Vec<Cell> {
    vec![
        text(key.gate.as_str()),
        code(key.tier.as_str()),
        code(key.kind.as_str()),
        integer(passes.entered),
        integer(passes.left),
        integer(passes.forced),
        integer(passes.backed_out),
        text(word(look, &key.gate, &key.word)),
    ]
}

fn refused(figures: &Passages, look: &Look<'_>) -> Table {
    let mut table = Table::of(&REFUSED);
    let mut rows: BTreeMap<&RefusalKey, u64> = BTreeMap::new();
    let hours = &figures.hours;
    for (_, seen) in hours.range(look.span.hours_covered()) {
        for (key, count) in &seen.refused {
            *rows.entry(key).or_default() += count;
        }
    }
    for (key, count) in rows {
        table.row(vec![
            text(key.gate.as_str()),
            code(key.kind.as_str()),
            code(key.outcome.as_str()),
            key.code
                .map_or(Cell::Absent(Absence::NotApplicable), |reason| {
                    code(reason.as_str())
                }),
            integer(count),
        ]);
    }
    table
}

/// The last snapshot of the park before the end; one row without data when there is none.
fn inside(figures: &Passages, look: &Look<'_>) -> Table {
    let mut table = Table::of(&IN_PARK);
    let until = hour_of(look.to().saturating_sub(1)).saturating_add(1);
    let snapshots = figures.inside.range(..until);
    let last = snapshots.rev().map(|(_, inside)| inside).next();
    let none = || Cell::Absent(Absence::NoData);
    let Some(last) = last.filter(|inside| !inside.counts.is_empty()) else {
        table.row(vec![none(), none(), none(), none()]);
        return table;
    };
    for (kind, inside, capacity) in &last.counts {
        table.row(vec![
            code(kind.as_str()),
            integer(u64::from(*inside)),
            capacity.map_or(Cell::Absent(Absence::NotApplicable), |capacity| {
                integer(u64::from(capacity))
            }),
            time(last.at),
        ]);
    }
    table
}
