//! Data completeness: messages expected and received, for each enterprise and device of the plan.
//!
//! Expected is the span's seconds divided by the interval the configuration states, rounded down.
//! Where nothing is stated nothing is expected: the count is 0 and the share not applicable.

use cordon_model::{Absence, Cell, ColumnKind, Completeness, Timestamp};

use crate::document::Look;
use crate::figure::percent;
use crate::received::Source;
use crate::table::{Head, Sheet, Table, integer, text, time};

const SECOND: i64 = 1_000_000;
/// Sources in one document at most (schema: 10,000).
const SOURCES_MAX: usize = 10_000;

/// The section that says more.
pub(crate) const SHEET: Sheet = Sheet {
    name: "data-completeness",
    title: "Data completeness",
    title_zh: "数据完整性",
    heads: HEADS,
};

const HEADS: &[Head] = &[
    ("source", "Source", "数据源", ColumnKind::Text, None),
    ("kind", "Kind", "类别", ColumnKind::Text, None),
    ("expected", "Expected", "应收", ColumnKind::Integer, None),
    ("received", "Received", "实收", ColumnKind::Integer, None),
    ("refused", "Refused", "拒收", ColumnKind::Integer, None),
    (
        "share",
        "Received of expected",
        "到报率",
        ColumnKind::Number,
        Some("%"),
    ),
    (
        "hours-with-data",
        "Hours with data",
        "有数据小时数",
        ColumnKind::Integer,
        Some("h"),
    ),
    (
        "last-at",
        "Last message",
        "最后时间",
        ColumnKind::Time,
        None,
    ),
];

/// The head's list, and the section that says more.
pub(crate) fn completeness(look: &Look<'_>) -> (Vec<Completeness>, Table) {
    let mut table = Table::of(&SHEET);
    let plan = look.plan;
    let enterprises = plan.enterprises.iter().map(|one| {
        let every = look.config.enterprise_every_s(&one.id);
        let source = Source::Party(one.id.clone());
        (one.id.to_string(), "enterprise", source, every)
    });
    let devices = plan.devices.iter().map(|one| {
        let every = look.config.device_every_s(&one.id, one.kind);
        let source = Source::Device(one.id.clone());
        (one.id.to_string(), one.kind.as_str(), source, every)
    });
    let mut list = Vec::new();
    for (name, kind, source, every_s) in enterprises.chain(devices) {
        if list.len() >= SOURCES_MAX {
            table.left_out(1);
            continue;
        }
        let heard = look
            .ledger
            .received
            .total(&source, look.span.hours_covered());
        let expected = every_s.map(|every_s| expected(look, every_s));
        let last = (heard.messages > 0).then_some(heard.last);
        table.row(vec![
            text(&name),
            text(kind),
            expected.map_or(Cell::Absent(Absence::NotApplicable), integer),
            integer(heard.messages),
            integer(heard.refused),
            expected.map_or(Cell::Absent(Absence::NotApplicable), |expected| {
                percent(heard.messages, expected)
            }),
            integer(heard.hours),
            last.map_or(Cell::Absent(Absence::NoData), time),
        ]);
        list.push(Completeness {
            source: name,
            kind: kind.to_owned(),
            expected: expected.unwrap_or(0),
            received: heard.messages,
            last_at: last
                .map(|at| Timestamp::from_micros(at).at_offset(Timestamp::PARK_OFFSET_MINUTES)),
        });
    }
    (list, table)
}

fn expected(look: &Look<'_>, every_s: u32) -> u64 {
    let seconds = look.to().saturating_sub(look.from()) / SECOND;
    u64::try_from(seconds / i64::from(every_s.max(1))).unwrap_or(0)
}
