//! What a partner can hold an answer to: it names the request it is to, and nothing but the messages
//! of a submission is read.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod stand_in;

use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Client, ClientOptions, Handler, Request, Response};
use cordon_interop::{Head, Park, fresh_id, message, moment, program, run, said};
use cordon_model::service::{GetCertificateStatusResponse, GetReceipt, QueryGrants};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, Policy, SoapVersion, VerifiedEnvelope};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::request_digest;
use cordon_wire::{digest_of_bytes, service as wire};
use stand_in::StandIn;

/// `enterprise-1` with a client of its own.
struct Enterprise {
    client: Client,
    url: String,
    signer: Signer,
    trust: Arc<TrustStore>,
}

impl Enterprise {
    fn of(park: &Park) -> Self {
        let certs = park.data().join("certs");
        let own = certs.join("enterprise-1");
        let (chain, key) = (own.join("chain.pem"), own.join("key.pem"));
        let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
        let tls_key = TlsKey::load(&chain, &key).unwrap();
        let hub = Expect::Roles(vec![Role::Hub]);
        Self {
            client: Client::new(ClientOptions {
                tls: Some(tls::client_config(Arc::clone(&trust), Some(tls_key), hub).unwrap()),
                ..ClientOptions::default()
            }),
            url: format!("{}/soap/enterprise", park.exchange()),
            signer: Signer::load(&chain, &key).unwrap(),
            trust,
        }
    }

    fn signed(&self, version: SoapVersion, payload: impl AsRef<[u8]>) -> Vec<u8> {
        wsse::sign(&self.signer, version, [], payload, SystemClock.now()).unwrap()
    }

    /// What the hub says, signed, to these bytes.
    async fn ask(&self, version: SoapVersion, request: Vec<u8>, coding: &str) -> VerifiedEnvelope {
        let request = http::Request::post(&self.url)
            .header("content-type", version.content_type())
            .header("content-encoding", coding)
            .body(Bytes::from(request))
            .unwrap();
        let answer = self.client.send(request).await.unwrap().into_body();
        let policy = Policy::new(&[Role::Hub]).without_replay_guard();
        wsse::verify(Vec::from(answer), &self.trust, &policy, SystemClock.now()).unwrap()
    }
}

fn words(answer: &VerifiedEnvelope) -> String {
    String::from_utf8_lossy(answer.bytes()).into_owned()
}

#[tokio::test]
async fn every_answer_and_every_fault_names_the_request_it_is_to() {
    let park = Park::start();
    let enterprise = Enterprise::of(&park);
    let grants = QueryGrants {
        enterprise_id: None,
        state: None,
        plate: None,
        after: None,
        limit: None,
    };
    let grants = wire::write_query_grants(&grants).unwrap();
    let receipt = GetReceipt {
        sender_id: "enterprise-1".parse().unwrap(),
        message_id: fresh_id().parse().unwrap(),
    };
    let receipt = wire::write_get_receipt(&receipt).unwrap();
    let submission = format!(
        "<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">{}</svc:SubmitMessages>",
        message(Head::of("enterprise-1"), &fresh_id(), "AlarmEvent", "")
    );
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let signed = |payload: &[u8]| enterprise.signed(version, payload);
        let good = signed(&grants);
        let broken = String::from_utf8(good.clone())
            .unwrap()
            .replace("svc:", "x:");
        for (what, request, coding) in [
            ("QueryGrantsResponse", good, "identity"),
            ("SubmitMessagesResponse", signed(submission.as_bytes()), ""),
            // Faults: of the question, of the operation, of the signature, of the form, of the transport.
            ("S012", signed(&receipt), ""),
            ("S010", signed(b"<a/>"), ""),
            ("Fault", broken.into_bytes(), ""),
            ("V0", b"no document".to_vec(), ""),
            ("S052", signed(&grants), "gzip"),
        ] {
            let digest = digest_of_bytes(&request).to_string();
            let answer = enterprise.ask(version, request, coding).await;
            assert!(words(&answer).contains(what), "{what}: {}", words(&answer));
            let named = answer.signed_block("urn:cordon:service:1", "RequestDigest");
            let named = named.unwrap_or_else(|| panic!("{what}: {}", words(&answer)));
            assert_eq!(named.text(), digest, "{what}");
        }
    }
}

#[tokio::test]
async fn what_stands_beside_the_messages_refuses_the_whole_submission() {
    let park = Park::start();
    let enterprise = Enterprise::of(&park);
    let id = fresh_id();
    let fields = format!(
        "<c:EntryId>B-1</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>苏H66666</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>drill</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    );
    let good = message(Head::of("enterprise-1"), &id, "ListEntry", &fields);
    let submit = async |content: &str| {
        let payload = format!(
            "<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">{content}</svc:SubmitMessages>"
        );
        let request = enterprise.signed(SoapVersion::V12, payload);
        words(&enterprise.ask(SoapVersion::V12, request, "").await)
    };
    for beside in [
        format!("{good}<x:Order xmlns:x=\"urn:other\">open</x:Order>"),
        format!("<Message xmlns=\"urn:other\"/>{good}"),
        format!("{good}and open the gate"),
    ] {
        let answer = submit(&beside).await;
        assert!(
            answer.contains("S060") && !answer.contains("Receipt"),
            "{answer}"
        );
    }
    let shown = park.entries();
    assert_eq!(
        shown.matches("S060").count(),
        3,
        "each is an entry: {shown}"
    );
    let is_message = |line: &&str| line.contains(" message ") && line.contains("ListEntry");
    assert_eq!(shown.lines().filter(is_message).count(), 0, "{shown}");
    // The id is still good for the message alone.
    assert!(submit(&good).await.contains("Receipt"));
}

/// What a hub with the park's key does with a question.
#[derive(Clone, Copy, Debug)]
enum Way {
    Honest,
    Silent,
    Replaying,
}

struct Hub {
    signer: Signer,
    way: Mutex<Way>,
    first: Mutex<Option<Vec<u8>>>,
}

impl Handler for Hub {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        let now = SystemClock.now();
        let response = GetCertificateStatusResponse {
            certificate: Vec::new(),
            this_update: now,
            next_update: None,
        };
        let payload = wire::write_get_certificate_status_response(&response).unwrap();
        let named = request_digest(request.http.body());
        let block = match *self.way.lock().unwrap() {
            Way::Silent => "",
            Way::Honest | Way::Replaying => named.as_str(),
        };
        let fresh = wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap();
        let mut first = self.first.lock().unwrap();
        let answer = match *self.way.lock().unwrap() {
            Way::Honest | Way::Silent => fresh,
            Way::Replaying => first.clone().unwrap(),
        };
        first.get_or_insert_with(|| answer.clone());
        Box::pin(async move { Response::new(answer.into()) })
    }
}

#[test]
fn the_programs_client_takes_no_old_answer_and_none_without_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    run(Command::new(program())
        .arg("prepare")
        .arg("--data")
        .arg(&data));
    let certs = data.join("certs");
    let own = certs.join("hub-1");
    let hub = Arc::new(Hub {
        signer: Signer::load(&own.join("chain.pem"), &own.join("key.pem")).unwrap(),
        way: Mutex::new(Way::Honest),
        first: Mutex::new(None),
    });
    let served = StandIn::start(hub.clone());
    let pull = |way: Way| -> Output {
        *hub.way.lock().unwrap() = way;
        Command::new(program())
            .args(["pull", "certificates", "--url"])
            .arg(served.url("/soap/regulator"))
            .arg("--certs")
            .arg(certs.join("regulator-1"))
            .arg("--trust")
            .arg(certs.join("ca"))
            .output()
            .unwrap()
    };
    let honest = pull(Way::Honest);
    assert!(honest.status.success(), "{}", said(&honest));
    for (way, code) in [(Way::Replaying, "S065"), (Way::Silent, "S064")] {
        let refused = pull(way);
        assert_eq!(
            refused.status.code(),
            Some(1),
            "{way:?}: {}",
            said(&refused)
        );
        assert!(said(&refused).contains(code), "{way:?}: {}", said(&refused));
    }
}
