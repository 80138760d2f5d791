//! A message said and a report shown, for the tests of the reports' own folders.

use std::sync::Arc;

use cordon_contract::{Entry, EntryKind, Standing};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    Body, Cell, Digest, Header, Message, MessageId, OccupancyCount, OccupancyScope,
    OccupancySnapshot, OnDutyStatus, ParkCode, PartyId, Quality, SCHEMA_VERSION, Sensitivity,
    SubjectKind, Timestamp,
};

use super::{Report, Told};
use crate::document::Look;
use crate::{Ledger, ReportsConfig, Span};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hub() -> PartyId {
    PartyId::new("HUB-1").unwrap()
}

/// An enterprise says who is on post.
pub(crate) fn on_duty(number: u64, time: Timestamp) -> Entry {
    let status = OnDutyStatus {
        enterprise_id: PartyId::new("plant-a").unwrap(),
        area_id: None,
        required: 1,
        on_post: 1,
        persons: Vec::new(),
        observed_at: time,
    };
    entry(number, time, Body::OnDutyStatus(status))
}

/// The hub counted so many vehicles in the park.
pub(crate) fn count_of_park(number: u64, at: Timestamp, inside: u32) -> Entry {
    let body = Body::OccupancySnapshot(OccupancySnapshot {
        scope: OccupancyScope::Park,
        area_id: None,
        counts: vec![OccupancyCount {
            subject_kind: SubjectKind::VehHazmat,
            inside,
            entered_today: 0,
            left_today: 0,
            capacity: None,
        }],
        observed_at: at,
    });
    entry(number, at, body)
}

/// An entry with a message of the hub's own.
pub(crate) fn entry(number: u64, time: Timestamp, body: Body) -> Entry {
    let header = Header {
        message_id: MessageId::from_digest(&Digest([7; 32])),
        message_type: body.message_type(),
        schema_version: SCHEMA_VERSION.to_owned(),
        park_code: ParkCode::new("JS-DEMO").unwrap(),
        sender_id: hub(),
        recipient_id: None,
        occurred_at: time,
        sent_at: time,
        sequence: 0,
        correlation_id: None,
        source_ref: None,
        quality: Quality::Derived,
        sensitivity: Sensitivity::Internal,
        test: false,
        attested_by: None,
    };
    Entry {
        number,
        time,
        clock: time,
        settled: time,
        kind: EntryKind::Message,
        sender: hub(),
        message_id: header.message_id,
        digest: Digest([0; 32]),
        cause: 0,
        label: String::new(),
        message: Some(Arc::new(Message { header, body })),
        overtaken: false,
        late: false,
        acted_at: None,
        of_earlier_run: false,
        standing: Standing::default(),
    }
}

/// Books an entry's message.
pub(crate) fn booked(report: &mut dyn Report, entry: &Entry) -> Option<i64> {
    report.book(&Told {
        entry,
        message: entry.message.as_deref().unwrap(),
        held_from: i64::MIN,
        now: entry.time.micros(),
    })
}

/// The rows of a report's section over a span, each as a line.
pub(crate) fn rows(report: &dyn Report, span: Span, section: &str) -> Vec<String> {
    let plan = ParkPlan {
        code: ParkCode::new("JS-DEMO").unwrap(),
        name: "示范化工园区".to_owned(),
        capacity: None,
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        devices: Vec::new(),
        enterprises: Vec::new(),
    };
    let look = Look {
        ledger: &Ledger::new(62),
        plan: &plan,
        config: &ReportsConfig::default(),
        span,
        hub: &hub(),
    };
    let sections = crate::table::sections(report.tables(&look), 100);
    let mut sections = sections.into_iter();
    let found = sections.find(|found| found.name == section).unwrap();
    let shown = |cell: Cell| match cell {
        Cell::Text(text) | Cell::Code(text) => text,
        Cell::Integer(count) => count.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(time) => time.to_string(),
        Cell::Absent(why) => format!("-{why}"),
    };
    let line = |cells: Vec<Cell>| cells.into_iter().map(shown).collect::<Vec<_>>().join(" ");
    found.rows.into_iter().map(|row| line(row.cells)).collect()
}
