//! A desk that is played, and a console in front of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cordon_console::{
    AlarmLine, AlarmsPage, Desk, Figures, Front, LetterLine, OpenLine, OutboxPage, PageAsked,
    ParkNow, Places, Reloaded, ReloadedPart, SentAgain,
};
use cordon_contract::{BoxFuture, DeviceHealth, Fault, Shutdown, ShutdownTrigger, SystemClock};
use cordon_model::plan::ParkPlan;
use cordon_model::{AlarmState, Body, PartyId, Timestamp};
use cordon_records::{Page, Standing};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Keeps what it was asked; entry 7 can be sent again, nothing else.
pub struct Played {
    pub records: watch::Sender<Standing>,
    pub page: Mutex<Arc<Page>>,
    pub asked: Mutex<Vec<PageAsked>>,
    pub reruns: Mutex<Vec<(String, Option<String>)>>,
    /// What is open, the most urgent first.
    pub open: Mutex<Vec<AlarmLine>>,
    /// What was said in the operator's name.
    pub said: Mutex<Vec<Body>>,
    pub figures: Mutex<Figures>,
    pub devices: Mutex<Vec<DeviceHealth>>,
    pub now: Mutex<Option<ParkNow>>,
    /// Who asked for a reload; the second is refused.
    pub reloads: Mutex<Vec<Option<String>>>,
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
    fn watch(&self) -> watch::Receiver<Standing> {
        self.records.subscribe()
    }

    fn page(&self) -> Arc<Page> {
        Arc::clone(&self.page.lock().unwrap())
    }

    fn records(&self) -> Standing {
        self.records.borrow().clone()
    }

    fn figures(&self) -> Figures {
        self.figures.lock().unwrap().clone()
    }

    fn park_now(&self) -> Option<ParkNow> {
        self.now.lock().unwrap().clone()
    }

    fn devices(&self) -> Vec<DeviceHealth> {
        self.devices.lock().unwrap().clone()
    }

    fn alarms(&self, after: Option<&str>, limit: usize) -> AlarmsPage {
        let open = self.open.lock().unwrap();
        let from = after.and_then(|id| open.iter().position(|line| line.id == id));
        let mut by_level = BTreeMap::new();
        for line in open.iter() {
            *by_level.entry(line.level).or_default() += 1;
        }
        let behind = open.iter().skip(from.map_or(0, |at| at + 1));
        AlarmsPage {
            lines: behind.take(limit).cloned().collect(),
            total: open.len(),
            by_level,
        }
    }

    fn alarm_state(&self, id: &str) -> Option<AlarmState> {
        let open = self.open.lock().unwrap();
        open.iter()
            .find(|line| line.id == id)
            .map(|line| line.state)
    }

    fn expiring(&self) -> Vec<cordon_console::Expiring> {
        Vec::new()
    }

    fn healthy(&self) -> Result<(), String> {
        Ok(())
    }

    fn say(&self, body: Body) -> BoxFuture<'_, Result<u64, Fault>> {
        Box::pin(async move {
            // Long enough for a second request to arrive meanwhile.
            tokio::task::yield_now().await;
            let mut said = self.said.lock().unwrap();
            said.push(body);
            Ok(said.len() as u64)
        })
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

    fn reload<'a>(&'a self, who: Option<&'a str>) -> BoxFuture<'a, Result<Reloaded, Vec<Fault>>> {
        let mut reloads = self.reloads.lock().unwrap();
        reloads.push(who.map(str::to_owned));
        let answer = match reloads.len() {
            1 => Ok(Reloaded {
                changed: vec![ReloadedPart {
                    part: "plan".to_owned(),
                    entry: 12,
                }],
                kept: vec!["exchange.listen".to_owned()],
                warnings: Vec::new(),
                entry: Some(13),
            }),
            _ => Err(vec![
                Fault::new("K011", "there is no gate `G-9`")
                    .at("park.toml:7:1")
                    .remedy("name one"),
            ]),
        };
        Box::pin(async move { answer })
    }
}

pub struct Bench {
    pub desk: Arc<Played>,
    pub port: u16,
    /// The plan that holds.
    pub plan: watch::Sender<Arc<ParkPlan>>,
    _stop: ShutdownTrigger,
}

impl Bench {
    pub async fn start() -> Self {
        let desk = Arc::new(Played {
            records: watch::Sender::new(Standing::default()),
            page: Mutex::new(Arc::new(Page {
                number: 1,
                ..Page::default()
            })),
            asked: Mutex::default(),
            reruns: Mutex::default(),
            open: Mutex::default(),
            said: Mutex::default(),
            figures: Mutex::new(Figures {
                position: Some(1),
                ..Figures::default()
            }),
            devices: Mutex::default(),
            now: Mutex::default(),
            reloads: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, shutdown) = Shutdown::pair();
        let played = Arc::clone(&desk);
        let plan: ParkPlan = serde_json::from_value(json!({
            "code": "P-1", "name": "p",
            "gates": [{"id": "G-01", "name": "g", "class": "ORDINARY"}],
            "lanes": [{"id": "L-01", "gate": "G-01"}],
            "devices": [{"id": "BR-01", "kind": "BARRIER", "lane": "L-01"}],
        }))
        .unwrap();
        let places = Places {
            connections: 8,
            kept: 2,
        };
        let front = Front::open(listener, places, shutdown).unwrap();
        let (plan, plans) = watch::channel(Arc::new(plan));
        tokio::spawn(async move {
            let operator = PartyId::new("HUB-1").unwrap();
            let clock = Arc::new(SystemClock);
            front.serve(plans, operator, played, clock).await
        });
        Self {
            desk,
            port,
            plan,
            _stop: stop,
        }
    }

    /// Status and body of one call.
    pub async fn call(&self, head: &str, body: &str) -> (u16, String) {
        self.call_as(&format!("127.0.0.1:{}", self.port), head, body)
            .await
    }

    pub async fn call_as(&self, host: &str, head: &str, body: &str) -> (u16, String) {
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

    pub async fn list(&self, query: &str) -> (u16, String) {
        self.call(&format!("GET /outbox{query} HTTP/1.1\r\n"), "")
            .await
    }

    pub async fn rerun(&self, id: &str, body: &str) -> (u16, String) {
        let head = format!("POST /outbox/{id}/rerun HTTP/1.1\r\nx-cordon-console: 1\r\n");
        self.call(&head, body).await
    }

    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let head = format!("POST {path} HTTP/1.1\r\nx-cordon-console: 1\r\n");
        self.call(&head, body).await
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        self.call(&format!("GET {path} HTTP/1.1\r\n"), "").await
    }
}
