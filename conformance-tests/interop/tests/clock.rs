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
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_contract::EntryKind;
use cordon_interop::{
    Faults, Head, Lane, Park, busy, change_config, fresh_id, message, message_file, moment, run,
    said, ship,
};
use cordon_journal::Reader;
use cordon_sim_camera::{Camera, Event, Plate, User};
use cordon_sim_lane::{LaneFault, LaneHandle, LaneSettings, Output};

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

const PLATE: &str = "苏F12345";

/// A lane whose boom takes so long.
async fn slow_lane(travel_ms: u64) -> LaneHandle {
    let settings = LaneSettings {
        travel_ms: travel_ms.try_into().unwrap(),
        ..LaneSettings::default()
    };
    let any_port = "127.0.0.1:0".parse().unwrap();
    cordon_sim_lane::Lane::start(settings, any_port)
        .await
        .unwrap()
}

/// A section for a lane on a bus of its own, at the middle gate or the emergency gate.
fn bus(lane: &LaneHandle, (gate, number): (&str, &str)) -> String {
    format!(
        "[[modbus.bus]]\naddress = \"{}\"\n[[modbus.bus.lane]]\ndevice = \"BR-{number}\"\ngate = \"{gate}\"\n\
         lane = \"L-{number}\"\ndirection = \"IN\"\nprofile = \"lane.toml\"\n",
        lane.addr()
    )
}

/// A park with two lanes, a camera at the first of them, and a clock that can be moved.
fn park_of(scratch: &Path, lanes: [&LaneHandle; 2], camera: &str) -> (Park, Faults) {
    let mut made = None;
    let park = Park::start_under(|data| {
        let profile = include_str!("../../../mappings/generic/lane/1/profile.toml")
            .replace("travel_ms = 3000", "travel_ms = 50000");
        std::fs::write(data.join("lane.toml"), profile).unwrap();
        std::fs::create_dir_all(data.join("secrets")).unwrap();
        let secret = data.join("secrets/camera");
        std::fs::write(&secret, "camera-password").unwrap();
        run(Command::new("chmod").arg("600").arg(secret));
        ship(data, "onvif/camera/1");
        let [first, second] = lanes;
        let text = format!(
            "\n[access]\nsnapshot_s = 1\ncommand_deadline_ms = 100000\nemergency_deadline_ms = 100000\n\
             emergency_told_ms = 60000\n[[modbus]]\nname = \"barriers\"\n{}{}\
             [[plan.devices]]\nid = \"CAM-05\"\nkind = \"PLATE_CAMERA\"\nlane = \"L-05\"\n\
             [[onvif]]\nname = \"cameras\"\n[[onvif.camera]]\ndevice = \"CAM-05\"\naddress = \"{camera}\"\n\
             user = \"cordon\"\npassword_file = \"secrets/camera\"\nlane = \"L-05\"\n",
            bus(first, ("G-03", "05")),
            bus(second, ("G-04", "06"))
        );
        change_config(data, &[], &text);
        let faults = Faults::new(scratch, data);
        let envs = faults.envs();
        made = Some(faults);
        envs
    });
    (park, made.unwrap())
}

fn enterprise_says(park: &Park, kind: &str, fields: &str) {
    let id = fresh_id();
    let text = message(Head::of("enterprise-1"), &id, kind, fields);
    let answer = park.submit("enterprise-1", &[message_file(park.scratch(), &id, &text)]);
    assert!(said(&answer).contains("accepted 1"), "{}", said(&answer));
}

/// The emergency opening was over at the step and never tried again, the boom of the everyday one was lowered in
/// mid-rise, and what nobody had acknowledged for a moment was escalated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_when_the_clock_is_set_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let (first, second) = (slow_lane(25_000).await, slow_lane(300).await);
    let settings = cordon_sim_camera::Settings {
        users: vec![User {
            name: "cordon".to_owned(),
            password: "camera-password".to_owned(),
        }],
        ..cordon_sim_camera::Settings::default()
    };
    let any_port = "127.0.0.1:0".parse().unwrap();
    let camera = Camera::start(settings, any_port).await.unwrap();
    let (mut park, faults) = park_of(scratch.path(), [&first, &second], &camera.device_service());
    park.wait_until_healthy();
    for device in ["BR-05", "BR-06", "CAM-05"] {
        park.until_online(device);
    }
    let (from, to, now) = (moment(-3_600), moment(3_600), moment(0));
    enterprise_says(
        &park,
        "AccessGrant",
        &format!(
            "<c:GrantId>GR-1</c:GrantId><c:ClassLetter>F</c:ClassLetter><c:SubjectKind>VEH_FREIGHT</c:SubjectKind>\
             <c:Plate><c:Number>{PLATE}</c:Number><c:Colour>YELLOW</c:Colour></c:Plate>\
             <c:EnterpriseId>enterprise-1</c:EnterpriseId><c:ValidFrom>{from}</c:ValidFrom><c:ValidTo>{to}</c:ValidTo>\
             <c:State>ACTIVE</c:State>"
        ),
    );
    second.fault(LaneFault::Hangs);
    park.until("it is silent", || park.device("BR-06").0 == "OFFLINE");
    faults.clock_ahead(1_200);
    park.until("the jump is seen", || {
        park.get("/healthz")
            .unwrap()
            .contains("the wall clock is +")
    });
    enterprise_says(
        &park,
        "AlarmEvent",
        &format!(
            "<c:AlarmId>red</c:AlarmId><c:AlarmCode>SENSOR_HH</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
             <c:State>RAISED</c:State><c:OccurredAt>{now}</c:OccurredAt><c:Description>tank 4</c:Description>"
        ),
    );
    assert!(press(&park, false).starts_with("HTTP/1.1 200"));
    camera.emit(Event::licence_plate(
        "plates",
        Plate {
            number: PLATE.to_owned(),
            likelihood_percent: 97,
            color: "yellow".to_owned(),
            vehicle: "truck".to_owned(),
            direction: "in".to_owned(),
        },
    ));
    park.until("the boom rises", || first.state().plant.rises > 0);
    let is_set = || journal(&park).1.iter().any(|label| label == "clock.set");
    park.until("the step", is_set);
    wait_for_ticks(&park, 3);
    let view = park.view();
    assert!(view["commands"]["EXPIRED"].is_null(), "{view}");
    let alarms = view["alarms"].to_string();
    assert!(alarms.contains("tank 4"), "{alarms}");
    for untrue in [
        "did not open as ordered",
        "not carried out",
        "not acknowledged",
    ] {
        assert!(!alarms.contains(untrue), "{untrue}: {alarms}");
    }
    let red = view["alarms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["level"] == "RED");
    assert_eq!(red.unwrap()["escalation"], 0, "{alarms}");
    second.mend(LaneFault::Hangs);
    park.until("it is opened", || {
        second.state().plant.outputs.contains(&Output::LockOpen)
    });
    park.until("both are carried out", || {
        park.view()["commands"]["CONFIRMED"] == 2
    });
    assert_eq!(first.state().plant.rises, 1);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}
