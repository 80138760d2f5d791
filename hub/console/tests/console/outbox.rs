//! The outbox over the console's port.

use cordon_console::PageAsked;
use serde_json::{Value, json};

use crate::played::Bench;

#[tokio::test]
async fn the_outbox_is_listed_page_by_page() {
    let bench = Bench::start().await;
    let (status, body) = bench.list("").await;
    assert_eq!(status, 200, "{body}");
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(said["dead_letters"][0]["id"], "7");
    assert_eq!(said["dead_letters"][0]["reason"], "answered 422");
    assert_eq!(said["open"][0]["kind"], "GateCommand");
    assert_eq!(
        (&said["next"], &said["dead_total"]),
        (&json!("7"), &json!(2))
    );
    let (status, _) = bench
        .list("?limit=3&after=province%3AR%3A1&open_after=4")
        .await;
    assert_eq!(status, 200);
    let asked = bench.desk.asked.lock().unwrap().clone();
    assert_eq!((asked[0].limit, &asked[0].after), (50, &None));
    let wanted = PageAsked {
        limit: 3,
        after: Some("province:R:1".to_owned()),
        open_after: Some(4),
    };
    assert_eq!(asked[1], wanted);
    for wrong in [
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?open_after=x",
        "?page=2",
    ] {
        let (status, body) = bench.list(wrong).await;
        assert_eq!(status, 400, "{wrong}: {body}");
    }
}

#[tokio::test]
async fn a_dead_letter_is_sent_again_in_somebodys_name() {
    let bench = Bench::start().await;
    let (status, body) = bench.rerun("7", r#"{"ordered_by":" duty officer "}"#).await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"entry":12,"delivered":false}"#)
    );
    let (status, body) = bench.rerun("province%3AR%2F1%3A2", "{}").await;
    assert_eq!(status, 409);
    assert!(body.starts_with("F009: "), "{body}");
    let reruns = bench.desk.reruns.lock().unwrap().clone();
    assert_eq!(reruns[0], ("7".to_owned(), Some("duty officer".to_owned())));
    assert_eq!(reruns[1], ("province:R/1:2".to_owned(), None));
    for wrong in [
        r#"{"ordered_by":" "}"#.to_owned(),
        format!(r#"{{"ordered_by":"{}"}}"#, "x".repeat(65)),
    ] {
        assert_eq!(bench.rerun("7", &wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(bench.rerun("7", r#"{"who":"me"}"#).await.0, 400);
    assert_eq!(bench.desk.reruns.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_foreign_page_sends_nothing_again() {
    let bench = Bench::start().await;
    let bare = "POST /outbox/7/rerun HTTP/1.1\r\n";
    assert_eq!(bench.call(bare, "{}").await.0, 403, "no header");
    let head = "POST /outbox/7/rerun HTTP/1.1\r\nx-cordon-console: 1\r\n";
    let other = bench.call_as("evil.example", head, "{}").await;
    assert_eq!(other.0, 421, "another host name");
    let list = "GET /outbox HTTP/1.1\r\n";
    assert_eq!(bench.call_as("evil.example", list, "").await.0, 421);
    assert_eq!(
        bench.call("GET /outbox/7/rerun HTTP/1.1\r\n", "").await.0,
        405
    );
    assert!(bench.desk.reruns.lock().unwrap().is_empty());
    assert!(bench.desk.asked.lock().unwrap().is_empty());
}
