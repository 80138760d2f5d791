//! Answers that are no XML, and answers that are too large: what is saved of them, and what is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Adapter as _, Clock as _, DeviceHealth, Link, LinkState, Payload, Reading, Running, Shutdown,
    SystemClock, Value,
};
use cordon_fixtures::taking;
use cordon_onvif::{Config, OnvifAdapter};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:tev=\"http://www.onvif.org/ver10/events/wsdl\" xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" \
    xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
    xmlns:tns1=\"http://www.onvif.org/ver10/topics\" xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\"><s:Body>";

/// A camera that answers a pull with what the test put there, whatever it is.
struct Camera {
    port: u16,
    next: Arc<Mutex<VecDeque<String>>>,
}

/// What a camera does beside its events.
#[derive(Clone, Copy, Default)]
struct Ways {
    /// Its answer to who it is.
    information: &'static str,
    /// What it writes behind the address of a subscription.
    behind: &'static str,
    /// Parameters of its answers' type.
    parameters: &'static str,
}

impl Camera {
    fn start() -> Self {
        Self::with(Ways::default())
    }

    fn with(ways: Ways) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let next: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let answers = Arc::clone(&next);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || serve(stream, (port, ways), &answers));
            }
        });
        Self { port, next }
    }

    fn says(&self, messages: &str) {
        let mut next = self.next.lock().unwrap();
        next.push_back(messages.to_owned());
    }
}

fn serve(mut stream: TcpStream, (port, ways): (u16, Ways), answers: &Mutex<VecDeque<String>>) {
    let mut bytes = Vec::new();
    let mut some = [0; 8_192];
    loop {
        while let Some(request) = whole(&mut bytes) {
            let body = answer(&request, (port, ways), answers);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/soap+xml{}\r\ncontent-length: {}\r\n\r\n",
                ways.parameters,
                body.len()
            );
            let written = stream.write_all(head.as_bytes());
            if written
                .and_then(|()| stream.write_all(body.as_bytes()))
                .is_err()
            {
                return;
            }
        }
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return,
            Ok(len) => bytes.extend_from_slice(&some[..len]),
        }
    }
}

/// Takes a whole request out of what came.
fn whole(bytes: &mut Vec<u8>) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let head = text.find("\r\n\r\n")? + 4;
    let lower = text[..head].to_lowercase();
    let (_, length) = lower.split_once("content-length:")?;
    let length: usize = length.lines().next()?.trim().parse().ok()?;
    (bytes.len() >= head + length).then(|| {
        bytes.drain(..head + length);
        text
    })
}

fn answer(request: &str, (port, ways): (u16, Ways), answers: &Mutex<VecDeque<String>>) -> String {
    let is = |name: &str| request.contains(&format!(":{name}"));
    let address = format!("http://127.0.0.1:{port}/onvif/events");
    let behind = ways.behind;
    let body = if is("GetDeviceInformation") && !ways.information.is_empty() {
        ways.information.to_owned()
    } else if is("GetServices") {
        format!(
            "<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/events/wsdl</tds:Namespace>\
             <tds:XAddr>{address}</tds:XAddr></tds:Service></tds:GetServicesResponse>"
        )
    } else if is("CreatePullPointSubscription") {
        format!(
            "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>{address}{behind}</wsa:Address>\
             </tev:SubscriptionReference></tev:CreatePullPointSubscriptionResponse>"
        )
    } else if is("PullMessages") {
        let said = answers.lock().unwrap().pop_front();
        if said.is_none() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let said = said.unwrap_or_default();
        let now = SystemClock.now().at_offset(0);
        format!(
            "<tev:PullMessagesResponse><tev:CurrentTime>{now}</tev:CurrentTime>{said}</tev:PullMessagesResponse>"
        )
    } else {
        "<tds:AnyResponse></tds:AnyResponse>".to_owned()
    };
    format!("{HEAD}{body}</s:Body></s:Envelope>")
}

/// A digital input's state, with something beside it.
fn input(word: &str, side: &str) -> String {
    format!(
        "<wsnt:NotificationMessage><wsnt:Topic>tns1:Device/Trigger/DigitalInput</wsnt:Topic><wsnt:Message>\
         <tt:Message PropertyOperation=\"Changed\"><tt:Source><tt:SimpleItem Name=\"InputToken\" Value=\"in1\"/>\
         </tt:Source><tt:Data><tt:SimpleItem Name=\"LogicalState\" Value=\"{word}\"/>{side}</tt:Data></tt:Message>\
         </wsnt:Message></wsnt:NotificationMessage>"
    )
}

struct Park {
    adapter: Arc<dyn Running>,
    said: Arc<Mutex<Vec<Reading>>>,
    _stop: cordon_contract::ShutdownTrigger,
}

impl Park {
    fn start(camera: &Camera) -> Self {
        let config: Config = toml::from_str(&format!(
            "name = \"c\"\n[[camera]]\ndevice = \"CAM-01\"\naddress = \"http://127.0.0.1:{}/onvif/device\"\n\
             pull_timeout_s = 1\ntimeout_s = 5\nanswer_bytes_max = 65536\n\
             [[camera.input]]\ntoken = \"IN1\"\nalarm = \"HELP_CALL\"\nlevel = \"RED\"\n",
            camera.port
        ))
        .unwrap();
        let (intake, said) = taking(64);
        let (stop, shutdown) = Shutdown::pair();
        let link = Link {
            intake,
            clock: Arc::new(SystemClock),
            shutdown,
        };
        let adapter = Arc::new(OnvifAdapter::new(config, None).unwrap()).start(link);
        let runner = Arc::clone(&adapter);
        tokio::spawn(async move { runner.run().await });
        Self {
            adapter,
            said,
            _stop: stop,
        }
    }

    fn health(&self) -> DeviceHealth {
        self.adapter.health().remove(0)
    }

    /// Alarms of the input that were handed in.
    fn alarms(&self) -> usize {
        let said = self.said.lock().unwrap();
        let mut points = said.iter().filter_map(|reading| match &reading.payload {
            Payload::Points { points, .. } => Some(points),
            _ => None,
        });
        let is_alarm = |points: &&Vec<cordon_contract::Point>| {
            let mut points = points.iter();
            points.any(|point| {
                point.name == "input.alarm" && point.value == Value::Text("HELP_CALL".to_owned())
            })
        };
        points.by_ref().filter(is_alarm).count()
    }

    /// What was told not to be understood: code, and whether it is lost.
    fn unread(&self) -> Vec<(&'static str, bool, usize)> {
        let said = self.said.lock().unwrap();
        let unread = said.iter().filter_map(|reading| match &reading.payload {
            Payload::Unread { fault, is_lost, .. } => {
                Some((fault.code(), *is_lost, reading.raw.len()))
            }
            _ => None,
        });
        unread.collect()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "{what}: {} alarms, {:?}, {:?}",
                self.alarms(),
                self.unread(),
                self.health()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_item_that_is_no_xml_loses_no_alarm() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    let item = |value: &str| format!("<tt:SimpleItem Name=\"Rule\" Value=\"{value}\"/>");
    let sides = [
        item("a&b"),
        item("a&#0;b"),
        item("a&#1;b"),
        item("a\u{1}b"),
        item("&nbsp;"),
        "<ven:X/>".to_owned(),
        "<tt:SimpleItem Name=\"A\" Value=\"1\" Value=\"2\"/>".to_owned(),
        format!("{}{}", "<tt:A>".repeat(300), "</tt:A>".repeat(300)),
    ];
    for (number, side) in sides.iter().enumerate() {
        camera.says(&input("true", side));
        let shown: String = side.chars().take(40).collect();
        park.until(&shown, |park| park.alarms() == number + 1).await;
        assert_eq!(park.unread().len(), number + 1, "{shown}");
    }
    assert!(
        park.unread()
            .iter()
            .all(|(code, lost, _)| *code == "A069" && !lost)
    );
    let health = park.health();
    assert_eq!(health.state, LinkState::Degraded);
    assert!(health.reason.contains("A069"), "{}", health.reason);
    // One good answer does not make it good, and nothing else is wrong with it.
    assert!(!health.reason.contains("clock"), "{}", health.reason);
    camera.says(&input("false", ""));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(park.health().state, LinkState::Degraded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_mended_is_told_and_loses_no_neighbour() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    camera.says(&[input("true", "<tt:A></tt:B>"), input("true", "")].concat());
    park.until("the neighbour", |park| park.alarms() == 1).await;
    let unread = park.unread();
    assert_eq!(unread.len(), 1);
    assert_eq!((unread[0].0, unread[0].1), ("A068", true));
    assert!(unread[0].2 > 0, "its bytes are kept");
    let health = park.health();
    assert_eq!((health.state, health.dropped), (LinkState::Degraded, 1));
    // So is one that is sound XML and has no topic; one that is empty says nothing.
    let unnamed = input("true", "").replace("tns1:Device/Trigger/DigitalInput", " ");
    camera.says(
        &[
            unnamed,
            "<wsnt:NotificationMessage/>".to_owned(),
            input("true", ""),
        ]
        .concat(),
    );
    park.until("the next neighbour", |park| park.alarms() == 2)
        .await;
    assert_eq!((park.unread().len(), park.health().dropped), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_too_large_is_told_and_what_is_whole_is_used() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    let image = format!("<tt:Image>{}</tt:Image>", "QUJD".repeat(40_000));
    camera.says(&[input("true", ""), input("true", &image)].concat());
    park.until("the whole one", |park| park.alarms() == 1).await;
    assert_eq!(park.unread().len(), 1);
    assert_eq!((park.unread()[0].0, park.unread()[0].1), ("A068", true));
    park.until("it is shown", |park| park.health().reason.contains("A061"))
        .await;
    assert_eq!(park.health().dropped, 1);
    // The next is heard.
    camera.says(&input("active", ""));
    park.until("the next", |park| park.alarms() == 2).await;
    assert_eq!(park.health().state, LinkState::Degraded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_is_not_known_is_told_until_one_is() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    camera.says(&input("pressed", ""));
    park.until("it is told", |park| park.unread().len() == 1)
        .await;
    assert_eq!((park.unread()[0].0, park.unread()[0].1), ("A070", true));
    park.until("it is shown", |park| {
        park.health().state == LinkState::Degraded && park.health().reason.contains("pressed")
    })
    .await;
    camera.says(&input(" On ", ""));
    park.until("an alarm", |park| park.alarms() == 1).await;
    park.until("it is known again", |park| {
        park.health().state == LinkState::Online
    })
    .await;
}

/// What firmware leaves behind a word is no part of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_behind_a_word_that_matters_changes_nothing() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    let pressed = input("true", "");
    let pairs = [
        ("Value=\"in1\"", "Value=\"in1&#0;\""),
        ("Value=\"in1\"", "Value=\"\u{3}in1\""),
        ("DigitalInput<", "DigitalInput&#0;<"),
        ("\"LogicalState\"", "\"LogicalState&#0;\""),
        ("\"true\"", "\"true&\""),
        ("\"true\"", "\"\0true&#x0;\u{1}\""),
    ];
    for (number, (from, to)) in pairs.into_iter().enumerate() {
        camera.says(&pressed.replace(from, to));
        park.until(to, |park| park.alarms() == number + 1).await;
    }
    let told = park.unread();
    assert!(
        told.iter().all(|(code, lost, _)| *code == "A069" && !lost),
        "{told:?}"
    );
    // Each is mended, and what is shown stays as it is.
    let reason = park.health().reason;
    assert!(
        reason.contains("A069") && !reason.contains("sha-256"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_harmed_where_it_matters_counts_as_lost() {
    let camera = Camera::start();
    let park = Park::start(&camera);
    let pressed = input("true", "");
    let plate = "<tt:SimpleItem Name=\"PlateNumber\" Value=\"苏K1\u{1}001\"/>";
    let messages = [
        pressed.replace("Value=\"in1\"", "Value=\"i&#0;n1\""),
        input("false", "").replace("DigitalInput<", "Digital&#0;Input<"),
        input("false", plate),
    ];
    for (number, message) in messages.iter().enumerate() {
        camera.says(message);
        park.until("it is told", |park| park.unread().len() > number)
            .await;
        let told = park.unread();
        let last = told.last().unwrap();
        assert_eq!((last.0, last.1), ("A068", true), "{number}");
    }
    assert_eq!(park.alarms(), 0);
    assert_eq!(park.health().dropped, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chinese_that_is_not_utf_8_is_told_as_lost() {
    let camera = Camera::with(Ways {
        parameters: "; charset=GB2312",
        ..Ways::default()
    });
    let park = Park::start(&camera);
    // The two bytes that say 鲁 there say another letter in UTF-8.
    let plate = "<tt:SimpleItem Name=\"PlateNumber\" Value=\"\u{b3}A10001\"/>";
    camera.says(&[input("false", plate), input("true", "")].concat());
    park.until("the neighbour", |park| park.alarms() == 1).await;
    let told = park.unread();
    assert_eq!((told.len(), told[0].0, told[0].1), (1, "A068", true));
    let reason = park.health().reason;
    assert!(reason.contains("not UTF-8"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_beside_the_events_keeps_no_camera_from_being_heard() {
    for (information, behind) in [
        ("<tds:R><tds:Model>Y A & B</tds:Model></tds:R>", ""),
        ("<tds:R><tds:Model>Y</tds:R>", ""),
        ("<tds:R><ven:Model>Y</ven:Model></tds:R>", "?a=1&b=2"),
    ] {
        let camera = Camera::with(Ways {
            information,
            behind,
            ..Ways::default()
        });
        let park = Park::start(&camera);
        camera.says(&input("true", ""));
        park.until(information, |park| park.alarms() == 1).await;
        park.until("online", |park| park.health().state == LinkState::Online)
            .await;
    }
}

/// Nothing it sees is heard, whatever else it answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_without_a_subscription_is_offline() {
    let camera = Camera::with(Ways {
        behind: "</wsa:Bad>",
        ..Ways::default()
    });
    let park = Park::start(&camera);
    park.until("offline", |park| park.health().state == LinkState::Offline)
        .await;
    assert!(park.health().reason.contains("A061"), "{:?}", park.health());
}
