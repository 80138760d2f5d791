//! Receivers of alarms against aiosmtpd and xmlsec1.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use cordon_contract::{
    Adapter as _, BoxFuture, Clock as _, Fault, Order, OutcomeKind, Running, Shutdown, SystemClock,
};
use cordon_http::{Handler, Request, Response, Server, ServerOptions};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, Message, MessageId, ParkCode, PartyId,
    Plate, PlateColour, PlateNumber,
};
use cordon_notify::{
    Config, NotifyAdapter, SIGNATURE_HEADER, Seal, Secret, TIMESTAMP_HEADER, sign,
};
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::{Role, Signer, xmldsig};

/// The hub's signature, as the program makes it.
struct HubSeal(Signer);

impl Seal for HubSeal {
    fn seal(&self, message: &Message) -> Result<Vec<u8>, Fault> {
        xmldsig::sign_enveloped(&self.0, cordon_wire::write_message(message).unwrap())
    }
}

fn seal(folder: &Path) -> Arc<dyn Seal> {
    let now = SystemClock.now();
    let settings = CaSettings::new(ParkCode::new("JS-320700-01").unwrap());
    let mut authority = Authority::init(&folder.join("ca"), &settings, now).unwrap();
    let wanted = IssueRequest {
        role: Role::Hub,
        id: PartyId::new("HUB-1").unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: Vec::new(),
        days: Some(10),
    };
    let issued = authority.issue(&wanted, now).unwrap();
    std::fs::write(folder.join("root.pem"), authority.root_pem().unwrap()).unwrap();
    let hub = folder.join("hub");
    Bundle::write(&issued, &hub).unwrap();
    Arc::new(HubSeal(
        Signer::load(&hub.join(Bundle::CHAIN), &hub.join(Bundle::KEY)).unwrap(),
    ))
}

fn adapter(config: &str, folder: &Path) -> Arc<dyn Running> {
    let config: Config = toml::from_str(config).unwrap();
    let adapter = NotifyAdapter::new(config, seal(folder), &BTreeMap::new())
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    Arc::new(adapter).start(cordon_fixtures::resting_link())
}

fn order(receiver: &str) -> Order {
    let now = SystemClock.now();
    let body = Body::AlarmEvent(AlarmEvent {
        alarm_id: "alarm-7-0".to_owned(),
        alarm_code: AlarmCode::BlacklistHit,
        alarm_level: AlarmLevel::Orange,
        state: AlarmState::Raised,
        occurred_at: now,
        source_device: Some("CAM-01".parse().unwrap()),
        subject: Some(Plate {
            number: PlateNumber::new("苏H12345").unwrap(),
            colour: PlateColour::Blue,
        }),
        person_id: Some("P-0815".to_owned()),
        enterprise_id: None,
        area_id: Some("A-CORE".to_owned()),
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "苏H12345 is on the black list, call 13800000001".to_owned(),
    });
    cordon_fixtures::order(MessageId::random(), body, receiver, now)
}

/// aiosmtpd in a process of its own; it ends with its standard input.
struct MailServer {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u64,
}

impl MailServer {
    fn start() -> Self {
        let mut child = Command::new(cordon_interop::python())
            .arg(cordon_interop::script("python/smtp_server.py"))
            .args(["hub", "a password"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            lines,
            port: 0,
        };
        let hello = server.line();
        println!("aiosmtpd {}", hello["aiosmtpd"]);
        server.port = hello["port"].as_u64().unwrap();
        server
    }

    fn line(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_mail_is_confirmed_refused_or_tried_again_as_the_server_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = MailServer::start();
    let password = folder.path().join("password");
    let wrong = folder.path().join("wrong");
    std::fs::write(&password, "a password\n").unwrap();
    std::fs::write(&wrong, "another\n").unwrap();
    let section = |receiver: &str, to: &str, security: &str, file: &Path| {
        format!(
            "[[mail]]\nreceiver = \"{receiver}\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"{security}\"\n\
             user = \"hub\"\npassword_file = \"{}\"\nfrom = \"hub@park.example\"\nto = [\"{to}\"]\n",
            server.port,
            file.display()
        )
    };
    let config = [
        "name = \"mails\"\n".to_owned(),
        section("duty", "duty@park.example", "none", &password),
        section("gone", "nobody@park.example", "none", &password),
        section("busy", "busy@park.example", "none", &password),
        section("stranger", "duty@park.example", "none", &wrong),
        section("secret", "duty@park.example", "starttls", &password),
    ];
    let adapter = adapter(&config.concat(), folder.path());
    let order = order("duty");
    let id = order.message.header.message_id;
    let outcome = adapter.execute(order).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    let mail = server.line();
    assert_eq!(mail["user"], "hub");
    assert_eq!(mail["recipients"], serde_json::json!(["duty@park.example"]));
    assert_eq!(mail["message_id"], format!("<{id}@cordon>"));
    let subject = mail["subject"].as_str().unwrap();
    assert!(
        subject.contains("黑名单命中 BLACKLIST_HIT @ A-CORE / CAM-01"),
        "{subject}"
    );
    let body = mail["body"].as_str().unwrap();
    assert!(
        body.contains("alarm-7-0") && body.contains("苏H1***5"),
        "{body}"
    );
    for hidden in ["苏H12345", "13800000001", "P-0815"] {
        assert!(
            !body.contains(hidden) && !subject.contains(hidden),
            "{hidden}: {body}"
        );
    }
    let ends = [
        ("gone", OutcomeKind::Refused),
        ("busy", OutcomeKind::Failed),
        ("stranger", OutcomeKind::Refused),
        // The server offers no STARTTLS: nothing is sent in plain text instead.
        ("secret", OutcomeKind::Failed),
        ("nowhere", OutcomeKind::Refused),
    ];
    for (receiver, kind) in ends {
        let outcome = adapter.execute(self::order(receiver)).await;
        assert_eq!(outcome.kind, kind, "{receiver}: {}", outcome.detail);
    }
    one_address_of_several(&mut server, &password).await;
    let probes = adapter.probe().await;
    let good = |name: &str| {
        probes
            .iter()
            .find(|probe| probe.device == *name)
            .unwrap()
            .ok
    };
    assert!(good("duty") && !good("secret"));
}

/// Whatever the server says to one address, the others have the mail, once.
async fn one_address_of_several(server: &mut MailServer, password: &Path) {
    for bad in ["nobody", "busy", "closing", "gone"] {
        let config = format!(
            "name = \"mails\"\n[[mail]]\nreceiver = \"all\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             user = \"hub\"\npassword_file = \"{}\"\nfrom = \"hub@park.example\"\n\
             to = [\"duty@park.example\", \"{bad}@park.example\", \"night@park.example\"]\n",
            server.port,
            password.display()
        );
        let folder = tempfile::tempdir().unwrap();
        let adapter = adapter(&config, folder.path());
        let order = order("all");
        let id = order.message.header.message_id;
        let outcome = adapter.execute(order).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{bad}: {}",
            outcome.detail
        );
        assert!(
            outcome.detail.contains("1 of 3 addresses"),
            "{}",
            outcome.detail
        );
        let mut told = Vec::new();
        while told.len() < 2 {
            let mail = server.line();
            assert_eq!(mail["message_id"], format!("<{id}@cordon>"));
            let to = mail["recipients"].as_array().unwrap().clone();
            told.extend(to.iter().map(|it| it.as_str().unwrap().to_owned()));
        }
        told.sort();
        assert_eq!(told, ["duty@park.example", "night@park.example"], "{bad}");
        assert_eq!(outcome.further.len(), 1, "{bad}");
    }
}

/// A receiver that keeps what it is given and answers as told.
struct Board {
    calls: Mutex<Vec<(http::HeaderMap, Vec<u8>)>>,
    answer: Mutex<u16>,
}

impl Handler for Board {
    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let (head, body) = request.http.into_parts();
            self.calls
                .lock()
                .unwrap()
                .push((head.headers, body.to_vec()));
            let status = *self.answer.lock().unwrap();
            // More than is read of it, where a status may have one.
            let page = if status == 204 { 0 } else { 70 * 1024 };
            http::Response::builder()
                .status(status)
                .body(bytes::Bytes::from(vec![b' '; page]))
                .unwrap()
        })
    }
}

#[tokio::test]
async fn a_webhook_carries_the_hubs_signature_and_its_answer_decides() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::bind(
        "127.0.0.1:0".parse().unwrap(),
        None,
        ServerOptions::default(),
    )
    .await
    .unwrap();
    let address = server.address();
    let board = Arc::new(Board {
        calls: Mutex::default(),
        answer: Mutex::new(204),
    });
    let (trigger, shutdown) = Shutdown::pair();
    let serving = tokio::spawn(server.serve(board.clone(), shutdown));
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "a secret of twenty letters\n").unwrap();
    let config = format!(
        "name = \"boards\"\n[[webhook]]\nreceiver = \"board\"\nurl = \"http://{address}/alarms\"\nsecret_file = \"{}\"\n\
         [[console]]\nreceiver = \"console\"\n",
        secret.display()
    );
    let adapter = adapter(&config, folder.path());
    let outcome = adapter.execute(order("board")).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    let (head, body) = board.calls.lock().unwrap().remove(0);
    let text = |name: &str| head.get(name).unwrap().to_str().unwrap().to_owned();
    let key = Secret::new(b"a secret of twenty letters");
    assert_eq!(
        text(SIGNATURE_HEADER),
        sign(&key, &text(TIMESTAMP_HEADER), "/alarms", &body)
    );
    let file = folder.path().join("call.xml");
    let verify = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        Command::new(cordon_interop::system("xmlsec1"))
            .args(["--verify", "--enabled-key-data", "x509", "--trusted-pem"])
            .arg(folder.path().join("root.pem"))
            .arg(&file)
            .output()
            .unwrap()
    };
    let verdict = verify(&body);
    assert!(
        verdict.status.success(),
        "{}",
        String::from_utf8_lossy(&verdict.stderr)
    );
    let forged = String::from_utf8(body).unwrap().replace("A-CORE", "A-GENE");
    assert!(!verify(forged.as_bytes()).status.success());
    for (status, kind) in [
        (200, OutcomeKind::Confirmed),
        (409, OutcomeKind::Confirmed),
        (422, OutcomeKind::Refused),
        (429, OutcomeKind::Failed),
        (503, OutcomeKind::Failed),
    ] {
        *board.answer.lock().unwrap() = status;
        let outcome = adapter.execute(order("board")).await;
        assert_eq!(outcome.kind, kind, "{status}: {}", outcome.detail);
    }
    assert_eq!(
        adapter.execute(order("console")).await.kind,
        OutcomeKind::Confirmed
    );
    let mut late = order("board");
    late.deadline = SystemClock.now().plus_seconds(-1);
    assert_eq!(adapter.execute(late).await.kind, OutcomeKind::Expired);
    trigger.pull();
    serving.await.unwrap();
    assert_eq!(
        adapter.execute(order("board")).await.kind,
        OutcomeKind::Failed
    );
}
