//! A client believes an answer only when it is, signed, the one to what it sent.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Clock as _, Shutdown, ShutdownTrigger, SystemClock};
use cordon_http::{Handler, Request, Response, Server, ServerOptions};
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::client::{Link, LinkError, LinkOptions};
use cordon_services::request_digest;

const ANSWER: &str = "<svc:Any xmlns:svc=\"urn:cordon:service:1\"/>";
const REFUSAL: &str = "<s:Fault xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Code>\
    <s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang=\"en\">no</s:Text></s:Reason></s:Fault>";

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
enum Way {
    Honest,
    /// Says nothing of the request.
    Silent,
    /// Names it after signing.
    Unsigned,
    /// Names something that is no digest.
    Garbled,
    /// Gives the first answer it ever made.
    Replaying,
}

struct Hub {
    signer: Signer,
    does: Mutex<(Way, &'static str)>,
    first: Mutex<Option<Vec<u8>>>,
}

impl Hub {
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let (way, payload) = *self.does.lock().unwrap();
        let named = request_digest(request);
        let sign = |block: &str| {
            let now = SystemClock.now();
            wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap()
        };
        match way {
            Way::Honest => {
                let answer = sign(&named);
                self.first.lock().unwrap().get_or_insert(answer).clone()
            }
            Way::Replaying => self.first.lock().unwrap().clone().unwrap(),
            Way::Silent => sign(""),
            Way::Unsigned => {
                let text = String::from_utf8(sign("")).unwrap();
                text.replace("<s:Header>", &format!("<s:Header>{named}"))
                    .into_bytes()
            }
            Way::Garbled => {
                let (tag, _) = named.split_once('>').unwrap();
                sign(&format!("{tag}>1</svc:RequestDigest>"))
            }
        }
    }
}

impl Handler for Hub {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        let answer = self.answer(request.http.body());
        Box::pin(async move { Response::new(Bytes::from(answer)) })
    }
}

struct Room {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Room {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = CaSettings::new("JS-1".parse().unwrap());
        let ca = folder.path().join("ca");
        let authority = Authority::init(&ca, &settings, SystemClock.now()).unwrap();
        Self { folder, authority }
    }

    fn signer(&mut self, role: Role, id: &str) -> Signer {
        let wanted = IssueRequest {
            role,
            id: id.parse().unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: match role {
                Role::Hub => vec!["127.0.0.1".to_owned()],
                _ => Vec::new(),
            },
            days: None,
        };
        let issued = self.authority.issue(&wanted, SystemClock.now()).unwrap();
        let to = self.folder.path().join(id);
        Bundle::write(&issued, &to).unwrap();
        Signer::load(&to.join(Bundle::CHAIN), &to.join(Bundle::KEY)).unwrap()
    }

    /// A link to `hub`, whose server runs until the trigger is dropped.
    async fn link(&mut self, hub: &Arc<Hub>) -> (Link, ShutdownTrigger) {
        let signer = Arc::new(self.signer(Role::Regulator, "regulator-1"));
        let own = self.folder.path().join("regulator-1");
        let key = TlsKey::load(&own.join(Bundle::CHAIN), &own.join(Bundle::KEY)).unwrap();
        let trust = Arc::new(TrustStore::load(&self.folder.path().join("ca")).unwrap());
        let any = ([127, 0, 0, 1], 0).into();
        let server = Server::bind(any, None, ServerOptions::default())
            .await
            .unwrap();
        let options = LinkOptions {
            url: format!("http://{}/soap/regulator", server.address()),
            tls: tls::client_config(
                Arc::clone(&trust),
                Some(key),
                Expect::Roles(vec![Role::Hub]),
            )
            .unwrap(),
            timeout: Duration::from_secs(30),
        };
        let (stop, shutdown) = Shutdown::pair();
        tokio::spawn(server.serve(Arc::clone(hub) as _, shutdown));
        (
            Link::new(options, signer, trust, Arc::new(SystemClock)),
            stop,
        )
    }
}

#[tokio::test]
async fn an_answer_that_does_not_name_what_was_sent_is_not_believed() {
    let mut room = Room::open();
    let hub = Arc::new(Hub {
        signer: room.signer(Role::Hub, "hub-1"),
        does: Mutex::new((Way::Honest, ANSWER)),
        first: Mutex::new(None),
    });
    let (link, _stop) = room.link(&hub).await;
    let ask = async |way, payload| {
        *hub.does.lock().unwrap() = (way, payload);
        match link.call(ANSWER.as_bytes()).await {
            Ok(_) => "believed",
            Err(LinkError::Untrusted(fault)) => fault.code(),
            Err(LinkError::Refused(_)) => "refused",
            Err(other) => panic!("{way:?}: {other}"),
        }
    };
    assert_eq!(ask(Way::Honest, ANSWER).await, "believed");
    for (way, code) in [
        (Way::Silent, "S064"),
        (Way::Unsigned, "S064"),
        (Way::Garbled, "S065"),
        // Signed by the hub, fresh by its time, and the answer to an earlier question.
        (Way::Replaying, "S065"),
    ] {
        assert_eq!(ask(way, ANSWER).await, code, "{way:?}");
    }
    // A refusal is an answer too: an old one must not make a message refused for good.
    hub.first.lock().unwrap().take();
    assert_eq!(ask(Way::Honest, REFUSAL).await, "refused");
    assert_eq!(ask(Way::Replaying, REFUSAL).await, "S065");
}
