//! RPT-06 alarm and disposal: by code, level and area count, false rate, times to acknowledge and
//! to clear, open beyond the limit, repeats apart; the red and orange ones one by one (R044).
//!
//! An alarm belongs to the span it happened in and is shown as it stood when the span ended.

mod areas;
mod flooded;
mod fold;

use std::collections::BTreeMap;

use cordon_model::{
    Absence, AlarmCode, AlarmLevel, AlarmState, Body, Cell, ColumnKind, ReportType, mask,
};

use super::{About, Report, Told};
use crate::document::Look;
use crate::figure::{mean_s, p95_s, percent, seconds};
use crate::table::{Head, Sheet, Table, code, integer, optional, text, time};
use areas::Areas;
use flooded::is_counted;
pub(super) use fold::Alarms;
use fold::{Alarm, is_over};

/// The report.
pub(super) const ABOUT: About = About {
    kind: ReportType::Rpt06,
    folder: "alarms",
    title: "Alarm and disposal",
    tells: "alarms by code, level and area; times to acknowledge and to clear",
    text: include_str!("about.md"),
    sheets: &[&GROUPS, &LIST],
    form: 2,
};

const CODE: Head = ("alarm-code", "Alarm", "报警类型", ColumnKind::Code, None);
const LEVEL: Head = ("alarm-level", "Level", "报警级别", ColumnKind::Code, None);
const AREA: Head = ("area", "Area", "区域", ColumnKind::Text, None);

const GROUPS: Sheet = Sheet {
    name: "alarms",
    title: "Alarms by kind, level and area",
    title_zh: "报警统计",
    heads: GROUP_HEADS,
};

const LIST: Sheet = Sheet {
    name: "red-orange",
    title: "Red and orange alarms",
    title_zh: "红橙报警清单",
    heads: LIST_HEADS,
};

const GROUP_HEADS: &[Head] = &[
    CODE,
    LEVEL,
    AREA,
    ("count", "Alarms", "报警数", ColumnKind::Integer, None),
    (
        "repeats",
        "Repeats",
        "重复报警数",
        ColumnKind::Integer,
        None,
    ),
    (
        "flooded",
        "Counted in a flood alarm",
        "并入多发报警数",
        ColumnKind::Integer,
        None,
    ),
    (
        "false-count",
        "False alarms",
        "误报数",
        ColumnKind::Integer,
        None,
    ),
    (
        "false-rate",
        "False rate",
        "误报率",
        ColumnKind::Number,
        Some("%"),
    ),
    (
        "acknowledge-mean",
        "Mean time to acknowledge",
        "平均接警时间",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "acknowledge-p95",
        "P95 time to acknowledge",
        "接警时间P95",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "clear-mean",
        "Mean time to clear",
        "平均消除时间",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "clear-p95",
        "P95 time to clear",
        "消除时间P95",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "late",
        "Acknowledged late",
        "超时接警数",
        ColumnKind::Integer,
        None,
    ),
    (
        "open-over-limit",
        "Not acknowledged, over the limit",
        "超时未接警数",
        ColumnKind::Integer,
        None,
    ),
];

const LIST_HEADS: &[Head] = &[
    ("alarm-id", "Alarm id", "报警编号", ColumnKind::Text, None),
    CODE,
    LEVEL,
    (
        "occurred-at",
        "Occurred at",
        "发生时间",
        ColumnKind::Time,
        None,
    ),
    AREA,
    ("gate", "Gate", "卡口", ColumnKind::Text, None),
    ("device", "Device", "来源设备", ColumnKind::Text, None),
    ("plate", "Plate", "涉事车辆", ColumnKind::Text, None),
    (
        "person",
        "Person, masked",
        "涉事人员（脱敏）",
        ColumnKind::Text,
        None,
    ),
    (
        "state",
        "State at the end",
        "期末状态",
        ColumnKind::Code,
        None,
    ),
    (
        "acknowledge",
        "Time to acknowledge",
        "接警时间",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "clear",
        "Time to clear",
        "消除时间",
        ColumnKind::Number,
        Some("s"),
    ),
];

impl Report for Alarms {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn book(&mut self, told: &Told<'_>) -> Option<i64> {
        match &told.message.body {
            // Under the name of another's alarm: the hub has raised it under its own.
            Body::AlarmEvent(_) if told.entry.overtaken => None,
            // That one is over raises none; which of those that are known it ends, the hub says in an update.
            Body::AlarmEvent(event) if is_over(event.state) => None,
            Body::AlarmEvent(event)
                if is_counted(told.entry, event) && self.knows(&event.alarm_id) =>
            {
                self.counted(event, told.now)
            }
            Body::AlarmEvent(event) => {
                let at = told.at(event.occurred_at);
                self.event(event, (at, told.now), told.held_from)
            }
            Body::AlarmUpdate(update) => {
                let belongs_to = told.message.header.correlation_id.as_deref();
                self.update(update, told.at(update.updated_at), belongs_to);
                None
            }
            _ => None,
        }
    }

    fn put_right(&mut self, now: i64) {
        self.book_at(now);
    }

    fn forget(&mut self, before: i64) {
        self.drop_before(before);
    }

    fn tables(&self, look: &Look<'_>) -> Vec<Table> {
        vec![groups(self, look), list(self, look)]
    }
}

#[derive(Default)]
struct Group {
    count: u64,
    repeats: u64,
    flooded: u64,
    false_count: u64,
    acknowledged: Vec<i64>,
    cleared: Vec<i64>,
    late: u64,
    open_over: u64,
}

impl Group {
    fn add(&mut self, alarm: &Alarm, look: &Look<'_>) {
        let (end, limit) = (look.to(), look.config.acknowledge_s.of(alarm.level));
        if alarm.is_repeat() {
            self.repeats += 1;
            return;
        }
        let is_escalated = alarm.is_escalated(end);
        let is_false = alarm.is_false(end);
        self.count += 1;
        self.false_count += u64::from(is_false);
        match alarm.acknowledged_ms(end) {
            Some(ms) => {
                self.acknowledged.push(ms);
                // A step of its route may come before its level's limit.
                self.late += u64::from(ms > limit || is_escalated);
            }
            None => {
                let is_gone = matches!(
                    alarm.state_at(end),
                    AlarmState::Cleared | AlarmState::Closed
                );
                let waited = end.saturating_sub(alarm.occurred) / 1_000;
                self.open_over += u64::from(!is_gone && (waited > limit || is_escalated));
            }
        }
        if !is_false {
            self.cleared.extend(alarm.cleared_ms(end));
        }
    }
}

fn groups(figures: &Alarms, look: &Look<'_>) -> Table {
    let mut table = Table::of(&GROUPS);
    let areas = Areas::of(look.plan);
    let mut groups: BTreeMap<(AlarmLevel, AlarmCode, Option<&str>), Group> = BTreeMap::new();
    for (_, alarm) in alarms(figures, look) {
        let key = (alarm.level, alarm.code, areas.of_alarm(alarm));
        groups.entry(key).or_default().add(alarm, look);
    }
    let flooded = figures.flooded.hours.range(look.span.hours_covered());
    for (kind, count) in flooded.flat_map(|(_, kinds)| kinds) {
        let area = areas.find(kind.area.as_deref(), kind.device.as_ref(), None);
        let group = groups.entry((kind.level, kind.code, area)).or_default();
        group.flooded = group.flooded.saturating_add(*count);
    }
    for ((level, kind, area), mut group) in groups {
        table.row(vec![
            code(kind.as_str()),
            code(level.as_str()),
            optional(area),
            integer(group.count),
            integer(group.repeats),
            integer(group.flooded),
            integer(group.false_count),
            percent(group.false_count, group.count),
            mean_s(&group.acknowledged),
            p95_s(&mut group.acknowledged),
            mean_s(&group.cleared),
            p95_s(&mut group.cleared),
            integer(group.late),
            integer(group.open_over),
        ]);
    }
    table
}

fn list(figures: &Alarms, look: &Look<'_>) -> Table {
    let mut table = Table::of(&LIST);
    let areas = Areas::of(look.plan);
    let end = look.to();
    let grave = |alarm: &Alarm| matches!(alarm.level, AlarmLevel::Red | AlarmLevel::Orange);
    for (id, alarm) in alarms(figures, look).filter(|(_, alarm)| grave(alarm) && !alarm.is_repeat())
    {
        let not_applicable = || Cell::Absent(Absence::NotApplicable);
        let plate = alarm.subject.as_ref();
        let person = alarm.person.as_deref();
        table.row(vec![
            text(id),
            code(alarm.code.as_str()),
            code(alarm.level.as_str()),
            time(alarm.occurred),
            optional(areas.of_alarm(alarm)),
            optional(alarm.gate.as_ref().map(|gate| gate.as_str())),
            optional(alarm.device.as_ref().map(|device| device.as_str())),
            plate.map_or_else(not_applicable, |plate| {
                text(&format!("{} {}", plate.number, plate.colour))
            }),
            person.map_or_else(not_applicable, |person| {
                text(&mask::id_number(person, mask::Depth::Report))
            }),
            code(alarm.state_at(end).as_str()),
            seconds(alarm.acknowledged_ms(end)),
            seconds(alarm.cleared_ms(end)),
        ]);
    }
    table
}

/// The alarms that happened in the span.
fn alarms<'a>(
    figures: &'a Alarms,
    look: &Look<'_>,
) -> impl Iterator<Item = (&'a String, &'a Alarm)> + use<'a> {
    let (from, to) = (look.from(), look.to());
    let hours = &figures.hours;
    hours
        .range(look.span.hours_covered())
        .flat_map(|(_, alarms)| alarms)
        .filter(move |(_, alarm)| (from..to).contains(&alarm.occurred))
}
