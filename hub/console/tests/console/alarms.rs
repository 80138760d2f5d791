//! The open alarms of the page, and what a click does.

use cordon_console::AlarmLine;
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, Body, Timestamp};
use serde_json::Value;

use crate::played::Bench;

fn line(id: &str, level: AlarmLevel) -> AlarmLine {
    AlarmLine {
        id: id.to_owned(),
        time: Timestamp::from_micros(1_795_478_400_000_000),
        level,
        code: AlarmCode::Fire,
        state: AlarmState::Raised,
        place: "A-CORE".to_owned(),
        description: "words".to_owned(),
        escalation: 1,
        repeats: 2,
    }
}

/// A red alarm and 299 blue ones.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    let mut open = bench.desk.open.lock().unwrap();
    open.push(line("red", AlarmLevel::Red));
    open.extend((1..300).map(|number| line(&format!("blue-{number}"), AlarmLevel::Blue)));
    drop(open);
    bench
}

#[tokio::test]
async fn the_page_shows_the_most_urgent_and_lists_them_all() {
    let bench = bench().await;
    let (_, view) = bench.get("/api/view").await;
    let view: Value = serde_json::from_str(&view).unwrap();
    assert_eq!(view["alarms"][0]["id"], "red");
    assert_eq!(view["alarms"][0]["time"], "2026-11-24T08:00:00+08:00");
    assert_eq!(view["alarms"].as_array().unwrap().len(), 200);
    assert_eq!(view["open_alarms"], 300);
    assert_eq!(view["alarms_by_level"]["BLUE"], 299);
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = bench.get(&format!("/api/alarms?limit=90{after}")).await;
        assert_eq!(status, 200);
        let page: Value = serde_json::from_str(&page).unwrap();
        let ids = page["alarms"].as_array().unwrap().iter();
        seen.extend(ids.map(|alarm| alarm["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 300);
    for wrong in ["?limit=0", "?limit=1001", "?page=2"] {
        assert_eq!(
            bench.get(&format!("/api/alarms{wrong}")).await.0,
            400,
            "{wrong}"
        );
    }
    let (_, metrics) = bench.get("/metrics").await;
    assert!(metrics.contains("\ncordon_open_alarms 300\n"), "{metrics}");
    assert!(
        metrics.contains("\ncordon_open_alarms_by_level{level=\"RED\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_step_is_taken_from_the_state_that_the_hub_knows() {
    let bench = bench().await;
    let (status, body) = bench.post("/api/acknowledge", r#"{"alarm":"red"}"#).await;
    assert_eq!((status, body.as_str()), (200, r#"{"entry":1}"#));
    let said = bench.desk.said.lock().unwrap().clone();
    let Body::AlarmUpdate(update) = &said[0] else {
        panic!("an update")
    };
    assert_eq!(
        (update.previous, update.state),
        (AlarmState::Raised, AlarmState::Acknowledged)
    );
    let (status, _) = bench.post("/api/acknowledge", r#"{"alarm":"gone"}"#).await;
    assert_eq!(status, 400);
    let empty = r#"{"alarm":"red","note":" "}"#;
    assert_eq!(bench.post("/api/close", empty).await.0, 400);
}

/// It was answered as done, and the alarm stayed.
#[tokio::test]
async fn what_nobody_took_up_is_not_said_to_be_closed() {
    let bench = bench().await;
    let close = r#"{"alarm":"red","note":"nothing burns"}"#;
    let (status, words) = bench.post("/api/close", close).await;
    assert_eq!(status, 409, "{words}");
    assert!(words.contains("acknowledge it"), "{words}");
    assert!(bench.desk.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_click_is_one_act_however_often_it_arrives() {
    let bench = bench().await;
    let open = r#"{"gate":"G-04","ordered_by":"chief","reason":"fire","act":"click-1"}"#;
    let again = || bench.post("/api/emergency-open", open);
    let answers = tokio::join!(again(), again(), again(), again());
    assert_eq!(answers.0, (200, r#"{"entry":1}"#.to_owned()));
    for answer in [answers.1, answers.2, answers.3, again().await] {
        assert_eq!(answer, answers.0);
    }
    assert_eq!(bench.desk.said.lock().unwrap().len(), 1);
    let next = open.replace("click-1", "click-2");
    assert_eq!(
        bench.post("/api/emergency-open", &next).await.1,
        r#"{"entry":2}"#
    );
    for (path, body) in [
        ("/outbox/7/rerun", r#"{"act":"click-3"}"#),
        ("/outbox/7/rerun", r#"{"act":"click-3"}"#),
    ] {
        assert_eq!(bench.post(path, body).await.0, 200);
    }
    assert_eq!(bench.desk.reruns.lock().unwrap().len(), 1);
    let wrong = open.replace("click-1", "click 1;");
    assert_eq!(bench.post("/api/emergency-open", &wrong).await.0, 400);
}

/// A whole report pasted into the reason was a refusal, and no gate opened.
#[tokio::test]
async fn long_words_do_not_refuse_an_emergency_opening() {
    let bench = bench().await;
    let (why, who) = ("火".repeat(3_000), "n\\u0000".repeat(900));
    let open = format!(r#"{{"gate":"G-04","ordered_by":"{who}","reason":"{why}"}}"#);
    assert_eq!(bench.post("/api/emergency-open", &open).await.0, 200);
    let said = bench.desk.said.lock().unwrap();
    let Some(cordon_model::Body::EmergencyGateOpen(order)) = said.first() else {
        panic!("nothing was said");
    };
    let letters = order.reason.chars().count();
    assert!((1_900..=2_000).contains(&letters), "{letters}");
    assert!(!order.reason.contains(char::is_control));
}

/// Letters that XML does not allow: two of them are no control characters, and refused an emergency opening (X116).
#[tokio::test]
async fn what_no_message_can_hold_refuses_no_act() {
    let bench = bench().await;
    bench.desk.open.lock().unwrap()[0].state = AlarmState::Acknowledged;
    let who = r#""ordered_by":"a\uFFFE\uFFFF\u0000\u001Fb""#;
    let why = r#""reason":"fire\uFFFF\uFFFE\u0001\nnorth""#;
    for (path, act) in [
        ("emergency-open", r#""gate":"G-01""#),
        ("emergency-open", r#""gate":"G-01","release":true"#),
        ("barrier", r#""lane":"L-01","action":"hold""#),
    ] {
        let order = format!("{{{act},{who},{why}}}");
        let answer = bench.post(&format!("/api/{path}"), &order).await;
        assert_eq!(answer.0, 200, "{path} {act}: {}", answer.1);
    }
    let close = r#"{"alarm":"red","note":"put out\uFFFF\u0002"}"#;
    assert_eq!(bench.post("/api/close", close).await.0, 200);
    for path in ["/api/reload", "/outbox/7/rerun"] {
        let answer = bench.post(path, &format!("{{{who}}}")).await;
        assert_eq!(answer.0, 200, "{path}: {}", answer.1);
    }
    let said = bench.desk.said.lock().unwrap();
    let mut texts: Vec<&str> = said
        .iter()
        .map(|body| match body {
            Body::EmergencyGateOpen(order) => order.reason.as_str(),
            Body::GateCommand(order) => order.reason.as_str(),
            Body::AlarmUpdate(update) => update.note.as_deref().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    let (reloads, reruns) = (&bench.desk.reloads, &bench.desk.reruns);
    let (reloads, reruns) = (reloads.lock().unwrap(), reruns.lock().unwrap());
    texts.extend(reloads.iter().flatten().map(String::as_str));
    texts.extend(reruns.iter().filter_map(|(_, who)| who.as_deref()));
    let why = "fire    north (a    b)";
    assert_eq!(texts, [why, why, why, "put out", "a    b", "a    b"]);
}
