//! Every shape of a submission that is ever accepted survives: a kill, a restart, a start without
//! state, a replay and the building of a report. What would not survive gets no receipt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod corpus;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_flow::{
    Authority, AuthoritySettings, EntryReader, Hub, HubConfig, HubParts, OpenedOnce, RunningHub,
    replay,
};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{Park, program, run};
use cordon_journal::{Journal, Options, StateStore};
use cordon_mapping::Mappings;
use cordon_model::plan::ParkPlan;
use cordon_model::service::Answer;
use cordon_model::{MessageId, ParkCode, PartyId, Receipt};
use cordon_security::ca::{self, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::tls::{self, Expect as Peer, TlsKey};
use cordon_security::wsse::{self, Policy};
use cordon_security::{Role, Signer, TrustStore};
use cordon_wire::service as wire;
use cordon_wire::soap;

use corpus::{Expect, Pen, Shape};

/// Accepted shapes at least.
const ACCEPTED_MIN: usize = 100;

/// The base64 of the first certificate of a PEM text.
fn token_of(pem: &str) -> String {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
    let (token, _) = rest.split_once("-----END").unwrap();
    let token: String = token.split_whitespace().collect();
    STANDARD.decode(&token).unwrap();
    token
}

/// What a hub said to one shape.
enum Said {
    /// For each message a receipt, or the code of its refusal.
    Answers(Vec<Result<Receipt, String>>),
    /// The request was refused.
    Refused(String),
}

/// Checks an answer against what is expected; gives the receipts.
fn judge(shape: &Shape, said: Said) -> Vec<Receipt> {
    match (shape.expect, said) {
        (Expect::Refused(code), Said::Refused(said)) => {
            assert_eq!(said, code, "{}", shape.name);
            Vec::new()
        }
        (Expect::Receipts | Expect::Answers, Said::Answers(answers)) => {
            assert_eq!(answers.len(), shape.ids.len(), "{}", shape.name);
            let mut receipts = Vec::new();
            for (answer, id) in answers.into_iter().zip(&shape.ids) {
                match answer {
                    Ok(receipt) => {
                        assert_eq!(receipt.message_id, *id, "{}", shape.name);
                        receipts.push(receipt);
                    }
                    Err(code) => {
                        assert_eq!(shape.expect, Expect::Answers, "{}: {code}", shape.name)
                    }
                }
            }
            receipts
        }
        (_, Said::Refused(code)) => panic!("{}: refused with {code}", shape.name),
        (_, Said::Answers(_)) => panic!("{}: taken in", shape.name),
    }
}

/// A park of this process, with its certificates.
struct Yard {
    dir: tempfile::TempDir,
    pen: Pen,
    trust: TrustStore,
}

const PARK: &str = "JS-320700-01";

/// A park with one enterprise.
const PLAN: &str = r#"
code = "JS-320700-01"
name = "test"
gates = []
lanes = []
areas = []
devices = []
[[enterprises]]
id = "ENT-1"
name = "plant one"
uscc = "91320700MA0000001A"
"#;

impl Yard {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemClock.now();
        let folder = dir.path().join("ca");
        let settings = CaSettings::new(ParkCode::new(PARK).unwrap());
        let mut authority = ca::Authority::init(&folder, &settings, now).unwrap();
        let wanted = IssueRequest {
            role: Role::Enterprise,
            id: PartyId::new("ENT-1").unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: Vec::new(),
            days: None,
        };
        let issued = authority.issue(&wanted, now).unwrap();
        let key = issued.key_pem.as_deref().unwrap();
        let pen = Pen {
            signer: Arc::new(Signer::from_pem(&issued.chain_pem, key).unwrap()),
            token: token_of(&issued.chain_pem),
            party: "ENT-1".to_owned(),
            park: PARK.to_owned(),
        };
        let trust = TrustStore::load(&folder).unwrap();
        Self { dir, pen, trust }
    }

    async fn hub(&self, name: &str) -> RunningHub {
        let folder = self.dir.path().join(name);
        let options = Options {
            floor_free_bytes: 0,
            warn_free_bytes: 0,
            ..Options::new(format!("{PARK}/HUB-1"))
        };
        let journal = Journal::open(folder.join("journal"), options).unwrap();
        let reader = journal.reader().unwrap();
        let (state, _) = StateStore::open_for(folder.join("state.redb"), &reader).unwrap();
        let plan: ParkPlan = toml::from_str(PLAN).unwrap();
        let hub = PartyId::new("HUB-1").unwrap();
        let authority = Authority::new(Arc::new(plan), hub, AuthoritySettings::default()).unwrap();
        let config = HubConfig::new(authority, folder.join("spool"));
        let parts = HubParts {
            ledger: Arc::new(OpenedOnce::new(journal, Arc::new(state)).unwrap()),
            plugins: Vec::new(),
            adapters: Vec::new(),
            mappings: Arc::new(Mappings::default()),
            clock: Arc::new(SystemClock),
        };
        Hub::start(config, parts).await.unwrap()
    }

    async fn say(&self, hub: &RunningHub, shape: &Shape) -> Said {
        let now = SystemClock.now();
        let bytes = self.pen.sign(shape, now);
        let policy = Policy::new(&[Role::Enterprise]).without_replay_guard();
        let verified = wsse::verify(bytes, &self.trust, &policy, now)
            .unwrap_or_else(|fault| panic!("{}: {fault}", shape.name));
        let submit = hub.submit();
        match submit.submit(verified).await {
            Err(refused) => Said::Refused(refused.fault.code().to_owned()),
            Ok(answers) => Said::Answers(
                answers
                    .into_iter()
                    .map(|answer| match answer {
                        Ok(data) => Ok(data.receipt(submit.park())),
                        Err(refused) => Err(refused.fault.code().to_owned()),
                    })
                    .collect(),
            ),
        }
    }
}

/// What lies on the disk at this moment, as a hard end would leave it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_shape_is_read_again_by_a_restart_and_a_replay() {
    let yard = Yard::new();
    let corpus = yard.pen.corpus(SystemClock.now());
    let hub = yard.hub("first").await;
    let mut kept: BTreeMap<MessageId, Receipt> = BTreeMap::new();
    let mut accepted = 0;
    for shape in &corpus {
        let receipts = judge(shape, yard.say(&hub, shape).await);
        accepted += usize::from(!receipts.is_empty());
        kept.extend(receipts.into_iter().map(|one| (one.message_id, one)));
    }
    assert!(
        accepted >= ACCEPTED_MIN,
        "{accepted} of {} shapes",
        corpus.len()
    );

    // The journal as it lies there now, without the state: a kill, and the worst of starts.
    let journal = yard.dir.path().join("second/journal");
    copy(&yard.dir.path().join("first/journal"), &journal);
    hub.shutdown().await.unwrap();
    for start in ["without a state", "with the state of the start before"] {
        let hub = yard.hub("second").await;
        let marked = hub.health().marked;
        assert_eq!((marked.unreadable, marked.older_form), (0, 0), "{start}");
        for shape in &corpus {
            for receipt in judge(shape, yard.say(&hub, shape).await) {
                let first = &kept[&receipt.message_id];
                assert_eq!(&receipt, first, "{start}: {}", shape.name);
            }
        }
        let (number, hash) = hub.shutdown_at().await.unwrap().unwrap();
        let report = replay(&journal, Vec::new(), None).unwrap();
        assert_eq!(report.first_difference, None, "{start}");
        assert_eq!(
            (report.number, report.state_hash),
            (number, hash),
            "{start}"
        );
        assert_eq!(report.marked, [], "{start}");
    }
    let reader = EntryReader::open(&journal).unwrap();
    let read = reader.read_from(1).unwrap().map(Result::unwrap);
    for stored in read {
        let xml = stored.message_xml().unwrap();
        if let (true, Some(xml)) = (stored.signed_bytes().is_some(), xml) {
            let digest = cordon_wire::digest_of_bytes(&xml);
            assert_eq!(digest, stored.entry.digest, "entry {}", stored.entry.number);
        }
    }
    println!(
        "{accepted} of {} shapes accepted, {} receipts",
        corpus.len(),
        kept.len()
    );
}

/// `enterprise-1` of a prepared park, with its own connection.
struct Enterprise {
    pen: Pen,
    trust: Arc<TrustStore>,
    client: Client,
    url: String,
}

impl Enterprise {
    fn of(park: &Park) -> Self {
        let certs = park.data().join("certs");
        let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
        let chain = certs.join("enterprise-1/chain.pem");
        let key = certs.join("enterprise-1/key.pem");
        let tls = tls::client_config(
            Arc::clone(&trust),
            Some(TlsKey::load(&chain, &key).unwrap()),
            Peer::Roles(vec![Role::Hub]),
        )
        .unwrap();
        let pen = Pen {
            signer: Arc::new(Signer::load(&chain, &key).unwrap()),
            token: token_of(&std::fs::read_to_string(&chain).unwrap()),
            party: "enterprise-1".to_owned(),
            park: "JS-DEMO".to_owned(),
        };
        Self {
            pen,
            trust,
            client: Client::new(ClientOptions {
                tls: Some(tls),
                timeout: Duration::from_secs(60),
                ..ClientOptions::default()
            }),
            url: format!("{}/soap/enterprise", park.exchange()),
        }
    }

    async fn say(&self, shape: &Shape) -> Said {
        let bytes = self.pen.sign(shape, SystemClock.now());
        let request = http::Request::post(&self.url)
            .header(http::header::CONTENT_TYPE, shape.version.content_type())
            .body(Bytes::from(bytes))
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let policy = Policy::new(&[Role::Hub]).without_replay_guard();
        let body = Vec::from(answer.into_body());
        let verified = wsse::verify(body, &self.trust, &policy, SystemClock.now()).unwrap();
        assert_eq!(verified.version(), shape.version, "{}", shape.name);
        let envelope = soap::open(verified.document()).unwrap();
        if let Some(fault) = soap::answered_fault(&envelope) {
            let detail = fault.detail.unwrap();
            if detail.code == "X133" {
                assert_eq!(fault.code, "MustUnderstand", "{}", shape.name);
            }
            return Said::Refused(detail.code);
        }
        let response = wire::read_submit_messages_response(envelope.payload).unwrap();
        let answer = |answer| match answer {
            Answer::Receipt(receipt) => Ok(receipt),
            Answer::Refusal(refusal) => Err(refusal.code),
        };
        let results = response.result.into_iter();
        Said::Answers(results.map(|result| answer(result.answer)).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_accepted_shape_survives_kill_restart_replay_and_report_of_the_real_program() {
    let mut park = Park::start();
    let enterprise = Enterprise::of(&park);
    let corpus = enterprise.pen.corpus(SystemClock.now());
    let mut kept: BTreeMap<MessageId, Receipt> = BTreeMap::new();
    let (mut accepted, mut wrongly) = (0, Vec::new());
    for shape in &corpus {
        let said = enterprise.say(shape).await;
        if let (Expect::Refused(_), Said::Answers(_)) = (shape.expect, &said) {
            wrongly.push(shape.name.clone());
            continue;
        }
        let receipts = judge(shape, said);
        accepted += usize::from(!receipts.is_empty());
        kept.extend(receipts.into_iter().map(|one| (one.message_id, one)));
    }
    assert!(
        accepted >= ACCEPTED_MIN,
        "{accepted} of {} shapes",
        corpus.len()
    );

    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(
        wrongly,
        Vec::<String>::new(),
        "receipts for what may not be read again"
    );
    for shape in &corpus {
        for receipt in judge(shape, enterprise.say(shape).await) {
            assert_eq!(receipt, kept[&receipt.message_id], "{}", shape.name);
        }
    }
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let log = park.log();
    let stopped = log
        .lines()
        .rfind(|line| line.starts_with("stopped at entry"));
    let hash = stopped.unwrap().rsplit(' ').next().unwrap();
    let config = park.data().join("park.toml");
    let journal = park.data().join("journal");
    let replayed = run(Command::new(program())
        .args([
            "journal", "replay", "--format", "json", "--expect", hash, "--dir",
        ])
        .arg(&journal)
        .arg("--config")
        .arg(&config));
    let replayed: serde_json::Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(replayed["marked"], serde_json::json!([]));
    for report in cordon_reports::built() {
        run(Command::new(program())
            .args([
                "report",
                "build",
                "--so-far",
                "--report",
                report.as_str(),
                "--config",
            ])
            .arg(&config));
    }
    println!(
        "{accepted} of {} shapes accepted, {} receipts",
        corpus.len(),
        kept.len()
    );
}
