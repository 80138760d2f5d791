//! Entries, the emergency spool, the rows of a plug-in's state.

use std::sync::Arc;

use bytes::Bytes;
use cordon_alarms::{AlarmPlugin, Routes};
use cordon_contract::Plugin as _;
use cordon_flow::decoders;
use cordon_journal::{BodyForm, Record};

/// The entry of a record. The bytes: kind, part, flags, then a line with sender and label, then the body.
pub(crate) fn entry(bytes: &[u8]) {
    let Some((head, rest)) = bytes.split_first_chunk::<5>() else {
        return;
    };
    let (names, body) = crate::line(rest);
    let (sender, label) = names.split_once(' ').unwrap_or((&names, ""));
    let body = Bytes::copy_from_slice(body);
    let record = |body| Record {
        number: 7,
        time_micros: crate::now().micros(),
        kind: head[0] % 9,
        part: u16::from_le_bytes([head[1], head[2]]),
        flags: u16::from_le_bytes([head[3], head[4]]),
        cause: 3,
        message_id: [1; 16],
        sender: sender.to_owned(),
        label: label.to_owned(),
        digest: [2; 32],
        body,
        form: BodyForm::Whole,
        chain: [3; 32],
    };
    // Its own body, and a part of a submission that has these bytes.
    for body_of in [body.clone(), Bytes::new()] {
        match decoders::entry(&record(body_of), &body) {
            Ok(entry) => assert_eq!(entry.number, 7),
            Err(fault) => crate::refused(&fault),
        }
    }
}

/// The lines of a spool: what is whole is written so that it reads the same.
pub(crate) fn spool(bytes: &[u8]) {
    let (whole, _) = decoders::spool(bytes);
    let (again, damaged) = decoders::spool(&whole);
    assert_eq!((again, damaged), (whole, 0));
}

/// A row as it is stored, for each table of a plug-in: the first byte says how long its key is.
pub(crate) fn rows(bytes: &[u8]) {
    let Some((key, rest)) = bytes.split_first() else {
        return;
    };
    let (key, row) = rest.split_at(usize::from(*key).min(rest.len()));
    let mut plugin = alarms();
    for table in plugin.tables() {
        if let Err(fault) = table.load(key, row) {
            crate::refused(&fault);
        }
    }
    plugin.restored();
    let kept = plugin.kept().expect("what was read can be written");
    let mut again = alarms();
    kept.put_back(again.tables()).expect("and read again");
    assert_eq!(
        again.kept().ok().map(|kept| kept.bytes()),
        Some(kept.bytes())
    );
}

fn alarms() -> AlarmPlugin {
    AlarmPlugin::new(
        Arc::new(crate::settings::plan()),
        Routes::default(),
        "hub-1".parse().expect("a lawful id"),
        cordon_alarms::Config::default(),
    )
}
