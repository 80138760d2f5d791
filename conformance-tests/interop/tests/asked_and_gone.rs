//! Questions over long submissions: each is read once, and work that nobody waits for ends.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{Head, Park, fresh_id, message, moment};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};

const SVC: &str = "xmlns:svc=\"urn:cordon:service:1\"";
const MESSAGES: usize = 200;
/// Of a submission, beside its messages.
const NOTE_BYTES: usize = 4 * 1024 * 1024;
/// Questions whose connections are dropped.
const DROPPED: usize = 20;

/// A party with a client of its own; a question that is dropped ends its connection.
struct Caller {
    client: Client,
    signer: Signer,
    url: String,
}

impl Caller {
    fn of(park: &Park, party: &str, service: &str) -> Self {
        let certs = park.data().join("certs");
        let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
        let folder = certs.join(party);
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        let tls_key = TlsKey::load(&chain, &key).unwrap();
        let hub = Expect::Roles(vec![Role::Hub]);
        Self {
            client: Client::new(ClientOptions {
                tls: Some(tls::client_config(trust, Some(tls_key), hub).unwrap()),
                timeout: Duration::from_secs(120),
                body_max: 64 * 1024 * 1024,
                ..ClientOptions::default()
            }),
            signer: Signer::load(&chain, &key).unwrap(),
            url: format!("{}/soap/{service}", park.exchange()),
        }
    }

    fn signed(&self, payload: &str) -> http::Request<Bytes> {
        let version = SoapVersion::V12;
        let signed = wsse::sign(&self.signer, version, [], payload, SystemClock.now());
        http::Request::post(&self.url)
            .header("content-type", version.content_type())
            .body(Bytes::from(signed.unwrap()))
            .unwrap()
    }

    async fn ask(&self, payload: &str) -> String {
        let answer = self.client.send(self.signed(payload)).await.unwrap();
        String::from_utf8_lossy(&answer.into_body()).into_owned()
    }
}

/// List entries, and a note between them that nobody reads.
fn long_submission() -> String {
    let head = Head::of("enterprise-1");
    let fields = format!(
        "<c:EntryId>ENTRY-0</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>苏H00000</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>drill</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    );
    let one = message(head, "MESSAGE-ID", "ListEntry", &fields);
    let mut content = format!("<!--{}-->", "n".repeat(NOTE_BYTES));
    for number in 0..MESSAGES {
        let own = one
            .replace("MESSAGE-ID", &fresh_id())
            .replace("ENTRY-0", &format!("ENTRY-{number}"))
            .replace("苏H00000", &format!("苏H{number:05}"));
        write!(content, "{own}").unwrap();
    }
    format!("<svc:SubmitMessages {SVC}>{content}</svc:SubmitMessages>")
}

fn messages_after(number: u64, with_original: bool) -> String {
    format!(
        "<svc:GetMessages {SVC}><svc:After>{number}</svc:After><svc:Limit>1000</svc:Limit>\
         <svc:WithOriginal>{with_original}</svc:WithOriginal></svc:GetMessages>"
    )
}

/// The entry of the long submission: the one before its first message.
fn submission_entry(park: &Park) -> u64 {
    let shown = park.entries();
    let is_first = |line: &&str| line.contains(" message ") && line.contains("ListEntry");
    let line = shown.lines().find(is_first).unwrap();
    let number = line.split_whitespace().next().unwrap();
    number.parse::<u64>().unwrap() - 1
}

/// Processor time of a process so far, in hundredths of a second.
fn processor_time(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields = fields.split_whitespace().skip(11).take(2);
    fields.map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Most memory that a process had so far, in MiB.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.unwrap().split_whitespace().next().unwrap();
    most.parse::<u64>().unwrap() / 1_024
}

#[tokio::test]
async fn originals_cost_one_reading_and_dropped_questions_next_to_nothing() {
    let park = Park::start();
    let enterprise = Caller::of(&park, "enterprise-1", "enterprise");
    let regulator = Caller::of(&park, "regulator-1", "regulator");
    let answer = enterprise.ask(&long_submission()).await;
    assert_eq!(answer.matches("<c:Receipt").count(), MESSAGES, "{answer}");
    let after = submission_entry(&park);

    let cost = async |with_original| {
        let before = processor_time(park.id());
        let answer = regulator.ask(&messages_after(after, with_original)).await;
        let told = answer.matches("<svc:Original>").count();
        assert_eq!(told >= MESSAGES, with_original, "{told}");
        processor_time(park.id()) - before
    };
    let (bare, whole) = (cost(false).await.max(1), cost(true).await);
    println!("processor time: {bare} without originals, {whole} with them, in 1/100 s");
    assert!(whole < 20 * bare, "{bare} without originals, {whole} with");

    let (begun, most) = (processor_time(park.id()), most_memory(park.id()));
    for _ in 0..DROPPED {
        let gone = Caller::of(&park, "regulator-1", "regulator");
        let asked = messages_after(after, true);
        let asking = tokio::time::timeout(Duration::from_millis(300), gone.ask(&asked));
        drop(asking.await);
    }
    // Another party and the same one are answered, as if nobody had asked.
    let receipt = format!(
        "<svc:GetReceipt {SVC}><svc:SenderId>enterprise-1</svc:SenderId>\
         <svc:MessageId>{}</svc:MessageId></svc:GetReceipt>",
        fresh_id()
    );
    assert!(enterprise.ask(&receipt).await.contains("S012"));
    let again = regulator.ask(&messages_after(after, true)).await;
    assert!(again.matches("<svc:Original>").count() >= MESSAGES);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (spent, grown) = (
        processor_time(park.id()) - begun,
        most_memory(park.id()) - most,
    );
    println!("{DROPPED} dropped questions: {spent}/100 s, {grown} MiB more");
    assert!(grown < 256, "{grown} MiB more");
}
