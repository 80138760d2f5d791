//! What the page's figures count, and from when.

use std::sync::Arc;
use std::time::Duration;

use cordon_console::ParkNow;
use cordon_contract::{DeviceHealth, Entry, EntryKind, LinkState, Standing};
use cordon_model::{
    BarrierState, Body, DeviceId, Digest, Direction, GateAction, GateId, GateTier, Header, LaneId,
    Message, MessageId, OccupancyCount, OccupancyScope, OccupancySnapshot, OperatingMode,
    OperatingModeChange, ParkCode, PartyId, PassageRecord, PassageResult, Quality, SCHEMA_VERSION,
    Sensitivity, SubjectKind, Timestamp,
};
use serde_json::{Value, json};

use crate::played::Bench;

/// The hub is `HUB-1`, as whom the bench serves.
const HUB: &str = "HUB-1";

const START: &str = "since the start of the program";

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000)
}

fn entry(number: u64, sender: &str, body: Body) -> Entry {
    let sender = PartyId::new(sender).unwrap();
    let message_id = MessageId::random();
    let header = Header {
        message_id,
        message_type: body.message_type(),
        schema_version: SCHEMA_VERSION.to_owned(),
        park_code: ParkCode::new("P-1").unwrap(),
        sender_id: sender.clone(),
        recipient_id: None,
        occurred_at: now(),
        sent_at: now(),
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
        time: now(),
        clock: now(),
        kind: EntryKind::Message,
        sender,
        message_id,
        digest: Digest([0; 32]),
        cause: 0,
        label: String::new(),
        message: Some(Arc::new(Message { header, body })),
        overtaken: false,
        late: false,
        acted_at: None,
        of_earlier_run: false,
        standing: Standing::Own,
    }
}

fn mode_change(mode: OperatingMode) -> Body {
    Body::OperatingModeChange(OperatingModeChange {
        change_id: "MC-1".to_owned(),
        mode,
        gates: Vec::new(),
        ordered_by: PartyId::new(HUB).unwrap(),
        reason: "works".to_owned(),
        effective_at: now(),
    })
}

fn inside(scope: OccupancyScope, counts: &[(SubjectKind, u32)]) -> Body {
    let count = |&(subject_kind, inside)| OccupancyCount {
        subject_kind,
        inside,
        entered_today: 0,
        left_today: 0,
        capacity: None,
    };
    Body::OccupancySnapshot(OccupancySnapshot {
        scope,
        area_id: (scope == OccupancyScope::Area).then(|| "A-CORE".to_owned()),
        counts: counts.iter().map(count).collect(),
        observed_at: now(),
    })
}

fn passage(tier: GateTier, direction: Direction) -> Body {
    Body::PassageRecord(PassageRecord {
        passage_id: "PSG-1".to_owned(),
        visit_id: None,
        gate_id: GateId::new("G-09").unwrap(),
        lane_id: Some(LaneId::new("G-09-L1").unwrap()),
        tier,
        enterprise_id: None,
        direction,
        subject_kind: SubjectKind::VehHazmat,
        plate: None,
        trailer_plate: None,
        person_id: None,
        result: PassageResult::Passed,
        grant_id: None,
        decision_ref: None,
        capture_ref: None,
        command_id: None,
        passed_at: now(),
        image_ref: None,
        image_digest: None,
    })
}

async fn view(bench: &Bench) -> Value {
    let (status, text) = bench.get("/api/view").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Commits entries, and waits until the page knows as many messages.
async fn commit(bench: &Bench, bodies: Vec<(&str, Body)>) -> Value {
    let feed = &bench.desk.feed;
    let seen = |view: &Value| -> u64 {
        let counts = view["messages"].as_object().unwrap().values();
        counts.map(|count| count.as_u64().unwrap()).sum()
    };
    let patient = async {
        while feed.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        let wanted = seen(&view(bench).await) + bodies.len() as u64;
        for (number, (sender, body)) in (1..).zip(bodies) {
            feed.send(entry(number, sender, body)).unwrap();
        }
        loop {
            let view = view(bench).await;
            if seen(&view) == wanted {
                return view;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), patient)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_stands_in_the_park_is_not_known_until_the_hub_has_read_its_journal() {
    let bench = Bench::start().await;
    let said = vec![
        (HUB, passage(GateTier::Park, Direction::In)),
        (
            HUB,
            inside(OccupancyScope::Park, &[(SubjectKind::VehHazmat, 777)]),
        ),
        (HUB, mode_change(OperatingMode::Maintenance)),
    ];
    let view = commit(&bench, said).await;
    assert_eq!(view["in_park"], Value::Null);
    assert_eq!(view["mode"], "UNKNOWN");
    assert_eq!(view["lanes"][0]["barrier"], "UNKNOWN");
    assert_eq!(view["lanes"][0]["held"], Value::Null, "nobody can say");
    let (_, metrics) = bench.get("/metrics").await;
    assert!(!metrics.contains("cordon_vehicles_in_park"), "{metrics}");
    assert_eq!(held_by(&metrics), [0, 0, 1]);
}

/// Lanes held, those known from before the start, and those of which nobody can say.
fn held_by(metrics: &str) -> [u64; 3] {
    ["held", "held_recalled", "held_unknown"].map(|name| {
        let head = format!("cordon_lanes_{name} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&head));
        line.unwrap().parse().unwrap()
    })
}

/// A lane that was held open before a start without a journal was shown as not held.
#[tokio::test]
async fn a_lane_held_before_a_start_without_a_journal_is_shown_as_held() {
    let bench = Bench::start().await;
    let barrier = DeviceId::new("BR-01").unwrap();
    let lane = async || {
        let (_, metrics) = bench.get("/metrics").await;
        let lane = view(&bench).await["lanes"][0].clone();
        let [held, recalled] = ["held", "recalled"].map(|name| lane[name].clone());
        assert_eq!(lane["barrier"], "UNKNOWN", "its position was not read");
        (held, recalled, held_by(&metrics))
    };
    let before = |held| {
        let mut figures = bench.desk.figures.lock().unwrap();
        figures.held_before = [(barrier.clone(), held)].into();
    };
    before(true);
    assert_eq!(lane().await, (json!(true), json!(true), [1, 1, 0]));
    before(false);
    assert_eq!(lane().await, (json!(false), json!(true), [0, 0, 0]));
    // What it confirmed in this run is newer.
    before(true);
    let release = [(barrier.clone(), GateAction::Release)].into();
    bench.desk.figures.lock().unwrap().acted = release;
    assert_eq!(lane().await, (json!(false), json!(false), [0, 0, 0]));
}

/// Nothing was committed since the start: the page said NORMAL, UNKNOWN and nobody.
#[tokio::test]
async fn what_stands_in_the_park_is_right_from_the_first_answer() {
    let bench = Bench::start().await;
    *bench.desk.now.lock().unwrap() = Some(ParkNow {
        mode: OperatingMode::Maintenance,
        gate_modes: [("G-01".parse().unwrap(), OperatingMode::Evacuation)].into(),
        inside: 2,
        barriers: [(DeviceId::new("BR-01").unwrap(), BarrierState::Open)].into(),
        held: ["L-01".parse().unwrap()].into(),
    });
    let first = view(&bench).await;
    assert_eq!(first["mode"], "MAINTENANCE");
    let lanes = first["lanes"].as_array().unwrap();
    for lane in lanes {
        let evacuated = lane["gate"] == "G-01";
        assert_eq!(lane["mode"] == "EVACUATION", evacuated, "{lane}");
        assert_eq!(lane["mode"].is_null(), !evacuated, "{lane}");
    }
    assert_eq!(first["in_park"], 2);
    assert_eq!(first["lanes"][0]["barrier"], "OPEN");
    assert_eq!(first["lanes"][0]["held"], true);
    // What is said afterwards changes none of it: the hub's state has the word.
    let said = vec![
        (HUB, mode_change(OperatingMode::Normal)),
        (
            "plant-a",
            inside(OccupancyScope::Park, &[(SubjectKind::VehHazmat, 777)]),
        ),
    ];
    let later = commit(&bench, said).await;
    assert_eq!(
        (&later["mode"], &later["in_park"]),
        (&json!("MAINTENANCE"), &json!(2))
    );
    let (_, metrics) = bench.get("/metrics").await;
    assert!(
        metrics.contains("\ncordon_vehicles_in_park 2\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn the_journals_length_is_known_before_anything_is_written() {
    let bench = Bench::start().await;
    bench.desk.figures.lock().unwrap().position = Some(8_123);
    assert_eq!(view(&bench).await["entries"], 8_123);
    let (_, metrics) = bench.get("/metrics").await;
    assert!(
        metrics.contains("\ncordon_journal_entries 8123\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_is_counted_from_the_start_says_so() {
    let bench = Bench::start().await;
    let (_, metrics) = bench.get("/metrics").await;
    let names = [
        "refused",
        "opened",
        "denied",
        "messages_total",
        "commands_total",
    ];
    for name in names {
        let head = format!("# HELP cordon_{name} ");
        let help = metrics.lines().find(|line| line.starts_with(&head));
        assert!(help.unwrap().contains(START), "{help:?}");
    }
    let (_, words) = bench.get("/words.js").await;
    let (chinese, english) = words.split_once("\n  en: {").unwrap();
    let keys = [
        "t_refused",
        "t_opened",
        "t_denied",
        "t_reports",
        "t_p99",
        "decisions",
        "in_out",
        "messages",
    ];
    for key in keys {
        for (words, wanted) in [(chinese, "自程序启动"), (english, START)] {
            let shown = words.split(&format!(" {key}: \"")).nth(1).unwrap();
            let shown = shown.split('"').next().unwrap();
            assert!(shown.contains(wanted), "{key}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_device_without_a_known_time_is_not_in_its_state_since_the_epoch() {
    let bench = Bench::start().await;
    let device = |name: &str, since| DeviceHealth {
        device: DeviceId::new(name).unwrap(),
        state: LinkState::Online,
        reason: String::new(),
        since,
        readings: 3,
        dropped: 0,
        clock_offset_ms: None,
    };
    bench.desk.devices.lock().unwrap().extend([
        device("console", Timestamp::from_micros(0)),
        device("BR-01", now()),
    ]);
    let view = view(&bench).await;
    let wanted = json!({
        "device": "console", "state": "ONLINE", "reason": "", "since": null,
        "readings": 3, "dropped": 0, "clock_offset_ms": null,
    });
    assert_eq!(view["devices"][0], wanted);
    assert_eq!(view["devices"][1]["since"], json!(now()));
}

/// The page and the figures said that all was well while nothing was carried out.
#[tokio::test]
async fn a_hub_that_hangs_is_shown_and_counted() {
    let bench = Bench::start().await;
    let (_, metrics) = bench.get("/metrics").await;
    assert!(
        metrics.contains("\ncordon_stalled_seconds 0\n"),
        "{metrics}"
    );
    bench.desk.figures.lock().unwrap().condition.stalled_ms = Some(83_500);
    let view = view(&bench).await;
    assert_eq!(view["figures"]["condition"]["stalled_ms"], 83_500);
    let (_, metrics) = bench.get("/metrics").await;
    assert!(
        metrics.contains("\ncordon_stalled_seconds 83.5\n"),
        "{metrics}"
    );
    for words in ["stalled: \"系统停滞", "stalled: \"The hub hangs"] {
        assert!(include_str!("../../web/words.js").contains(words));
    }
}

/// What stood at 0 while nobody could know it: `NORMAL`, no alarm, no entry, a disk without use.
#[tokio::test]
async fn what_is_not_known_is_not_shown_as_zero() {
    let bench = Bench::start().await;
    *bench.desk.figures.lock().unwrap() = cordon_console::Figures::default();
    let view = view(&bench).await;
    assert_eq!(view["mode"], "UNKNOWN", "{view}");
    for unknown in ["entries", "open_alarms", "alarms_by_level", "in_park"] {
        assert_eq!(view[unknown], Value::Null, "{unknown}: {view}");
    }
    let (_, metrics) = bench.get("/metrics").await;
    for absent in [
        "cordon_journal_entries",
        "cordon_open_alarms",
        "cordon_disk_used_percent",
        "cordon_disk_free_bytes",
        "cordon_tick_age_seconds",
    ] {
        assert!(!metrics.contains(absent), "{absent}: {metrics}");
    }
}
