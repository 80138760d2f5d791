//! The outbox over the console's port, with a desk that is played.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::sync::{Arc, Mutex};

use cordon_console::{
    Desk, Figures, LetterLine, OpenLine, OutboxPage, PageAsked, SentAgain, serve,
};
use cordon_contract::{
    BoxFuture, DeviceHealth, Entry, Fault, Shutdown, ShutdownTrigger, SystemClock,
};
use cordon_model::plan::ParkPlan;
use cordon_model::{Body, PartyId, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// Keeps what it was asked; entry 7 can be sent again, nothing else.
struct Played {
    feed: broadcast::Sender<Entry>,
    asked: Mutex<Vec<PageAsked>>,
    reruns: Mutex<Vec<(String, Option<String>)>>,
}

fn page() -> OutboxPage {
    let at = Timestamp::from_micros(1_795_478_400_000_000);
    OutboxPage {
        open: vec![OpenLine {
            number: 9,
            time: Some(at),
            target: "device:BR-01".to_owned(),
            kind: Some("GateCommand"),
            lane: "ACCESS",
            deadline: at,
        }],
        open_total: 1,
        open_next: None,
        dead_letters: vec![LetterLine {
            id: "7".to_owned(),
            number: Some(7),
            source: "outbox".to_owned(),
            time: at,
            target: "receiver:duty".to_owned(),
            kind: Some("AlarmEvent"),
            reason: "answered 422".to_owned(),
            lane: Some("ROUTINE"),
            deadline: Some(at),
        }],
        dead_total: 2,
        next: Some("7".to_owned()),
    }
}

impl Desk for Played {
    fn watch(&self) -> broadcast::Receiver<Entry> {
        self.feed.subscribe()
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }

    fn devices(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }

    fn healthy(&self) -> Result<(), String> {
        Ok(())
    }

    fn say(&self, _: Body) -> BoxFuture<'_, Result<u64, Fault>> {
        Box::pin(async { Ok(1) })
    }

    fn outbox<'a>(&'a self, asked: &'a PageAsked) -> BoxFuture<'a, Result<OutboxPage, Fault>> {
        self.asked.lock().unwrap().push(asked.clone());
        Box::pin(async { Ok(page()) })
    }

    fn rerun<'a>(
        &'a self,
        id: &'a str,
        who: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SentAgain, Fault>> {
        let call = (id.to_owned(), who.map(str::to_owned));
        self.reruns.lock().unwrap().push(call);
        Box::pin(async move {
            match id {
                "7" => Ok(SentAgain {
                    entry: 12,
                    delivered: false,
                }),
                _ => Err(Fault::new("F009", "there is no dead letter of this name")),
            }
        })
    }
}

struct Bench {
    desk: Arc<Played>,
    port: u16,
    _stop: ShutdownTrigger,
}

impl Bench {
    async fn start() -> Self {
        let desk = Arc::new(Played {
            feed: broadcast::channel(1).0,
            asked: Mutex::default(),
            reruns: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, shutdown) = Shutdown::pair();
        let played = Arc::clone(&desk);
        let plan: ParkPlan = serde_json::from_value(json!({"code": "P-1", "name": "p"})).unwrap();
        tokio::spawn(async move {
            let operator = PartyId::new("HUB-1").unwrap();
            serve(
                listener,
                &plan,
                operator,
                played,
                Arc::new(SystemClock),
                shutdown,
            )
            .await
        });
        Self {
            desk,
            port,
            _stop: stop,
        }
    }

    /// Status and body of one call.
    async fn call(&self, head: &str, body: &str) -> (u16, String) {
        self.call_as(&format!("127.0.0.1:{}", self.port), head, body)
            .await
    }

    async fn call_as(&self, host: &str, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let text = format!(
            "{head}host: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    async fn list(&self, query: &str) -> (u16, String) {
        self.call(&format!("GET /outbox{query} HTTP/1.1\r\n"), "")
            .await
    }

    async fn rerun(&self, id: &str, body: &str) -> (u16, String) {
        let head = format!("POST /outbox/{id}/rerun HTTP/1.1\r\nx-cordon-console: 1\r\n");
        self.call(&head, body).await
    }
}

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
    assert_eq!(bench.rerun("7", r#"{"who":"me"}"#).await.0, 422);
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
