//! A wall clock that jumps a day ahead for seconds, under the program as it is shipped: timers go on,
//! entries keep the time that elapsed, and people are told. So it is over a restart too.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_contract::EntryKind;
use cordon_interop::{
    Faults, Head, Lane, Park, busy, change_config, fresh_id, message, message_file, moment, said,
};
use cordon_journal::Reader;

const DAY: i64 = 86_400;

/// A park whose wall clock can be moved.
fn park(scratch: &Path) -> (Park, Faults) {
    let mut made = None;
    let park = Park::start_under(|data| {
        busy(data);
        let faults = Faults::new(scratch, data);
        let envs = faults.envs();
        made = Some(faults);
        envs
    });
    (park, made.unwrap())
}

/// Times of all ticks, microseconds, and the labels of everything.
fn journal(park: &Park) -> (Vec<i64>, Vec<String>) {
    let reader = Reader::open(park.data().join("journal")).unwrap();
    let (mut ticks, mut labels) = (Vec::new(), Vec::new());
    for record in reader.read_from(1).unwrap() {
        // The end of a journal that is being written may be half a record.
        let Ok(record) = record else { break };
        if record.kind == EntryKind::Tick.number() {
            ticks.push(record.time_micros);
        }
        labels.push(record.label);
    }
    (ticks, labels)
}

fn wait_for_ticks(park: &Park, more: usize) {
    let wanted = journal(park).0.len() + more;
    let what = format!("{wanted} ticks");
    park.until(&what, || journal(park).0.len() >= wanted);
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

fn figure(park: &Park, name: &str) -> f64 {
    let metrics = park.get("/metrics").unwrap();
    let line = metrics.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split(' ').nth(1));
    value
        .unwrap_or_else(|| panic!("{name}: {metrics}"))
        .parse()
        .unwrap()
}

#[test]
fn timers_go_on_after_a_clock_that_was_a_day_ahead_for_seconds() {
    let scratch = tempfile::tempdir().unwrap();
    let (mut park, faults) = park(scratch.path());
    park.wait_until_healthy();
    wait_for_ticks(&park, 1);
    faults.clock_ahead(DAY);
    wait_for_ticks(&park, 3);
    let told = park.get("/healthz").unwrap();
    let offset = park.get("/metrics").unwrap();
    faults.clock_ahead(0);
    wait_for_ticks(&park, 3);
    let (ticks, labels) = journal(&park);
    let last = ticks.last().copied().unwrap();
    assert!(last <= now_micros() + 2_000_000, "no entry is ahead");
    assert!(
        told.contains("warning: clock: the wall clock is +86"),
        "{told}"
    );
    assert!(
        offset.contains("\ncordon_clock_offset_seconds 86"),
        "{offset}"
    );
    assert!(figure(&park, "cordon_clock_offset_seconds").abs() < 2.0);
    assert!(figure(&park, "cordon_tick_age_seconds") < 60.0);
    let offs = labels.iter().filter(|label| *label == "clock.off").count();
    assert_eq!(offs, 1, "told once: {labels:?}");
    let alarms = park.get("/api/alarms").unwrap();
    assert!(alarms.contains("CLOCK_SKEW"), "{alarms}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

#[test]
fn timers_go_on_after_a_start_whose_journal_is_a_day_ahead() {
    let scratch = tempfile::tempdir().unwrap();
    let (mut park, faults) = park(scratch.path());
    park.wait_until_healthy();
    park.kill();
    faults.clock_ahead(DAY);
    park.start_again();
    park.wait_until_healthy();
    wait_for_ticks(&park, 2);
    park.kill();
    faults.clock_ahead(0);
    park.start_again();
    park.wait_until_healthy();
    wait_for_ticks(&park, 3);
    let told = park.get("/healthz").unwrap();
    assert!(
        told.contains("warning: clock: the journal is +86"),
        "{told}"
    );
    assert!(figure(&park, "cordon_journal_lead_seconds") > 86_000.0);
    let (ticks, labels) = journal(&park);
    assert!(ticks.is_sorted(), "entry time never goes back");
    let behind = |label: &&String| *label == "clock.behind-journal";
    assert_eq!(labels.iter().filter(behind).count(), 1);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

/// What `submit` of operator-1 says of a message said now.
fn say(park: &Park, kind: &str, fields: &str) -> String {
    let id = fresh_id();
    let text = message(Head::of("operator-1"), &id, kind, fields);
    let file = message_file(park.scratch(), &id, &text);
    let mut submit = park.client(&["submit"], "park", "operator-1");
    let spool = park.spool("operator-1");
    std::fs::create_dir_all(&spool).unwrap();
    said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
}

fn say_mode(park: &Park, mode: &str, in_s: i64) -> String {
    let fields = format!(
        "<c:ChangeId>{}</c:ChangeId><c:Mode>{mode}</c:Mode><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>drill</c:Reason><c:EffectiveAt>{}</c:EffectiveAt>",
        fresh_id(),
        moment(in_s)
    );
    say(park, "OperatingModeChange", &fields)
}

fn say_release(park: &Park) -> String {
    let fields = format!(
        "<c:OrderId>EO-1</c:OrderId><c:Gates>G-04</c:Gates><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>over</c:Reason><c:Release>true</c:Release><c:OrderedAt>{}</c:OrderedAt>",
        moment(0)
    );
    say(park, "EmergencyGateOpen", &fields)
}

/// One key at the console opens or releases the emergency gate.
fn press(park: &Park, release: bool) -> String {
    let order = format!(
        r#"{{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":{release}}}"#
    );
    let answer = park.post("/api/emergency-open", &order);
    answer.unwrap_or_else(|| panic!("no answer\n{}", park.log()))
}

/// A park with a barrier at the emergency gate, whose journal was written with the clock ahead by `before`
/// seconds and which was started again with it ahead by `after`.
fn put_right(scratch: &Path, lane: &Lane, (before, after): (i64, i64)) -> Park {
    let mut made = None;
    let mut park = Park::start_under(|data| {
        let faults = Faults::new(scratch, data);
        change_config(data, &[], &lane.section());
        busy(data);
        let envs = faults.envs();
        made = Some(faults);
        envs
    });
    let faults = made.unwrap();
    park.kill();
    for ahead in [before, after] {
        faults.clock_ahead(ahead);
        park.start_again();
        park.wait_until_healthy();
        park.until_online("BR-06");
        if ahead == before {
            wait_for_ticks(&park, 1);
            park.kill();
        }
    }
    park
}

/// An order at the console for the barrier of the emergency gate.
fn order(park: &Park, action: &str) {
    let body = format!(
        r#"{{"lane":"L-06","action":"{action}","ordered_by":"Wang","reason":"boom test"}}"#
    );
    let answer = park.post("/api/barrier", &body);
    let answer = answer.unwrap_or_else(|| panic!("no answer\n{}", park.log()));
    assert!(answer.starts_with("HTTP/1.1 200"), "{action}: {answer}");
}

/// Each was answered 200 and moved nothing: its deadline had passed in the time of the journal.
#[test]
fn a_barrier_moves_by_hand_after_the_clock_was_put_right() {
    for ahead in [(0, -60), (3_000, 0)] {
        let scratch = tempfile::tempdir().unwrap();
        let lane = Lane::start();
        let mut park = put_right(scratch.path(), &lane, ahead);
        order(&park, "hold");
        lane.wait_until_up();
        order(&park, "release");
        park.until("the boom is down", || lane.is_down());
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
    }
}

/// It took effect at once.
#[test]
fn a_planned_mode_waits_for_its_time_after_the_clock_was_put_right() {
    let scratch = tempfile::tempdir().unwrap();
    let lane = Lane::start();
    let mut park = put_right(scratch.path(), &lane, (3_000, 0));
    let shows = |mode: &str| park.view()["mode"] == mode;
    let planned = say_mode(&park, "EVACUATION", 600);
    assert!(planned.contains("accepted 1"), "{planned}");
    wait_for_ticks(&park, 3);
    assert!(shows("NORMAL"), "{}", park.view());
    let planned = say_mode(&park, "EVACUATION", 3);
    assert!(planned.contains("accepted 1"), "{planned}");
    park.until("its time has come", || shows("EVACUATION"));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

/// The opening was answered 200, the evacuation accepted, and nothing happened until the clock had come to
/// where the journal was.
#[test]
fn what_people_order_after_the_clock_was_put_right_is_carried_out() {
    for (before, after) in [(0, -60), (DAY, 0)] {
        let scratch = tempfile::tempdir().unwrap();
        let lane = Lane::start();
        let mut made = None;
        let mut park = Park::start_under(|data| {
            let faults = Faults::new(scratch.path(), data);
            change_config(data, &[], &lane.section());
            let envs = faults.envs();
            made = Some(faults);
            envs
        });
        let faults = made.unwrap();
        park.kill();
        faults.clock_ahead(before);
        park.start_again();
        park.wait_until_healthy();
        park.until_online("BR-06");
        assert!(press(&park, false).starts_with("HTTP/1.1 200"));
        lane.wait_until_up();
        assert!(press(&park, true).starts_with("HTTP/1.1 200"));
        park.until("the boom is down", || lane.is_down());
        park.kill();
        faults.clock_ahead(after);
        park.start_again();
        park.wait_until_healthy();
        park.until_online("BR-06");
        assert!(press(&park, false).starts_with("HTTP/1.1 200"));
        lane.wait_until_up();
        let released = say_release(&park);
        assert!(released.contains("accepted 1"), "{released}");
        park.until("the boom is down", || lane.is_down());
        for mode in ["EVACUATION", "NORMAL"] {
            let changed = say_mode(&park, mode, 0);
            assert!(changed.contains("accepted 1"), "{changed}");
            park.until(mode, || park.view()["mode"] == mode);
        }
        let (_, labels) = journal(&park);
        assert!(!labels.iter().any(|it| it == "message.overtaken"));
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
    }
}
