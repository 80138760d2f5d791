//! What the page's figures count, and from when.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_console::ParkNow;
use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{BarrierState, DeviceId, GateAction, OperatingMode, Timestamp};
use cordon_records::{Broken, DecisionRow, FoldStanding, Page, Reason, Standing};
use serde_json::{Value, json};

use crate::played::Bench;

const START: &str = "since the start of the program";

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000)
}

async fn view(bench: &Bench) -> Value {
    let (status, text) = bench.get("/api/view").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn what_stands_in_the_park_is_not_known_until_the_hub_has_read_its_journal() {
    let bench = Bench::start().await;
    let view = view(&bench).await;
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

/// What the page counts began anew with each start, and its decisions were gone.
#[tokio::test]
async fn what_is_counted_and_decided_is_what_the_records_say() {
    let bench = Bench::start().await;
    let decision = DecisionRow {
        entry: 8,
        decided: now(),
        id: "D-1".to_owned(),
        gate: "G-01".to_owned(),
        lane: "L-01".to_owned(),
        direction: "IN".to_owned(),
        kind: "VEH_HAZMAT".to_owned(),
        plate: Some("苏B12345".to_owned()),
        outcome: "REFUSE".to_owned(),
        code: Some("NO_GRANT".to_owned()),
        grant: None,
        reasons: vec![Reason {
            id: "r1".to_owned(),
            clause: "5.2.2".to_owned(),
        }],
    };
    *bench.desk.page.lock().unwrap() = Arc::new(Page {
        number: 9,
        refused: 4,
        opened: 3,
        denied: 2,
        reports: 1,
        messages: BTreeMap::from([("PassageRecord".to_owned(), 7)]),
        commands: BTreeMap::from([("OPENED".to_owned(), 3)]),
        passed: BTreeMap::from([("L-01".to_owned(), (6, 5))]),
        decisions: vec![decision],
    });
    let view = view(&bench).await;
    let counted = ["refused", "opened", "denied", "reports"].map(|name| view[name].clone());
    assert_eq!(counted, [4, 3, 2, 1].map(Value::from));
    let lane = &view["lanes"][0];
    assert_eq!(
        (&lane["passed_in"], &lane["passed_out"]),
        (&json!(6), &json!(5))
    );
    let wanted = json!([{
        "time": "2026-11-24T08:00:00+08:00", "lane": "L-01", "plate": "苏B12345", "kind": "VEH_HAZMAT",
        "direction": "IN", "outcome": "REFUSE", "code": "NO_GRANT", "grant": null,
        "rules": [{"id": "r1", "clause": "5.2.2"}],
    }]);
    assert_eq!(view["decisions"], wanted);
    let (_, metrics) = bench.get("/metrics").await;
    for line in [
        "cordon_refused 4",
        "cordon_opened 3",
        "cordon_denied 2",
        "cordon_messages_total{type=\"PassageRecord\"} 7",
        "cordon_commands_total{outcome=\"OPENED\"} 3",
    ] {
        assert!(
            metrics.contains(&format!("\n{line}\n")),
            "{line}: {metrics}"
        );
    }
}

#[tokio::test]
async fn what_is_counted_from_the_start_says_so_and_what_is_of_the_whole_journal_too() {
    let bench = Bench::start().await;
    let (_, words) = bench.get("/words.js").await;
    let (chinese, english) = words.split_once("\n  en: {").unwrap();
    let of_run = ("自程序启动", START);
    let of_journal = ("自日志开始", "in the whole journal");
    let keys = [
        ("t_refused", of_journal),
        ("t_opened", of_journal),
        ("t_denied", of_journal),
        ("t_reports", of_journal),
        ("in_out", of_journal),
        ("messages", of_journal),
        ("t_p99", of_run),
        ("t_misread", of_run),
    ];
    for (key, (in_chinese, in_english)) in keys {
        for (words, wanted) in [(chinese, in_chinese), (english, in_english)] {
            let shown = words.split(&format!(" {key}: \"")).nth(1).unwrap();
            let shown = shown.split('"').next().unwrap();
            assert!(shown.contains(wanted), "{key}: {shown}");
        }
    }
}

/// Records that lag, break or stop are people's business.
#[tokio::test]
async fn how_the_records_stand_is_told() {
    let bench = Bench::start().await;
    let fold = |name, number, broken| FoldStanding {
        name,
        number,
        broken,
        missing: None,
    };
    let whole = Standing {
        folds: vec![fold("grants", 90, None), fold("alarms", 90, None)],
        durable: 90,
        ..Standing::default()
    };
    bench.desk.records.send_replace(whole.clone());
    assert_eq!(bench.get("/healthz").await, (200, "ok\n".to_owned()));
    let broken = Broken {
        entry: 41,
        code: "J071".to_owned(),
        words: "J071: it panicked".to_owned(),
    };
    bench.desk.records.send_replace(Standing {
        folds: vec![fold("grants", 70, None), fold("alarms", 40, Some(broken))],
        behind_ms: 6_500,
        ..whole.clone()
    });
    let (status, health) = bench.get("/healthz").await;
    assert_eq!(status, 200);
    for line in [
        "warning: records: alarms go no further than entry 41: J071: it panicked",
        "warning: records: 20 entries behind the journal",
    ] {
        assert!(health.lines().any(|told| told == line), "{line}: {health}");
    }
    let (_, metrics) = bench.get("/metrics").await;
    for line in [
        "cordon_records_entries 70",
        "cordon_records_behind_entries 20",
        "cordon_records_behind_seconds 6.5",
        "cordon_records_stopped 0",
        "cordon_records_broken{fold=\"grants\"} 0",
        "cordon_records_broken{fold=\"alarms\"} 1",
    ] {
        assert!(
            metrics.contains(&format!("\n{line}\n")),
            "{line}: {metrics}"
        );
    }
    bench.desk.records.send_replace(Standing {
        stopped: Some("J072: no room".to_owned()),
        ..whole
    });
    let (_, health) = bench.get("/healthz").await;
    assert!(
        health.contains("warning: records: they are not kept at present"),
        "{health}"
    );
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
    *bench.desk.page.lock().unwrap() = Arc::default();
    let view = view(&bench).await;
    assert_eq!(view["mode"], "UNKNOWN", "{view}");
    let unknown = [
        "entries",
        "open_alarms",
        "alarms_by_level",
        "in_park",
        "refused",
        "opened",
        "denied",
        "reports",
    ];
    for unknown in unknown {
        assert_eq!(view[unknown], Value::Null, "{unknown}: {view}");
    }
    let (_, metrics) = bench.get("/metrics").await;
    for absent in [
        "cordon_journal_entries",
        "cordon_refused",
        "cordon_opened",
        "cordon_denied",
        "cordon_open_alarms",
        "cordon_disk_used_percent",
        "cordon_disk_free_bytes",
        "cordon_tick_age_seconds",
    ] {
        assert!(!metrics.contains(absent), "{absent}: {metrics}");
    }
}
