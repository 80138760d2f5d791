//! A hub with the park's own key that tells of other certificates than it was asked about: `cordon pull certificates`
//! shows none of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod stand_in;

use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Handler, Request, Response};
use cordon_interop::{program, run, said};
use cordon_model::service::{Certificate, CertificateState, GetCertificateStatusResponse};
use cordon_model::{Digest, PartyId};
use cordon_security::Signer;
use cordon_security::wsse::{self, SoapVersion};
use cordon_services::request_digest;
use cordon_wire::service as wire;
use stand_in::StandIn;

/// Says the same whatever it is asked.
struct Hub {
    signer: Signer,
    told: Mutex<Vec<Certificate>>,
}

impl Handler for Hub {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        let now = SystemClock.now();
        let response = GetCertificateStatusResponse {
            certificate: self.told.lock().unwrap().clone(),
            this_update: now,
            next_update: None,
        };
        let payload = wire::write_get_certificate_status_response(&response).unwrap();
        let block = request_digest(request.http.body());
        let signed = wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap();
        Box::pin(async move { Response::new(signed.into()) })
    }
}

fn certificate(party: Option<&str>, number: u8) -> Certificate {
    let state = match party {
        Some(_) => CertificateState::Valid,
        None => CertificateState::Unknown,
    };
    Certificate {
        party_id: party.map(|id| PartyId::new(id).unwrap()),
        role: None,
        fingerprint: Digest([number; 32]),
        not_before: None,
        not_after: None,
        state,
        revoked_at: None,
    }
}

fn ask(data: &Path, url: &str, words: &[&str]) -> Output {
    let certs = data.join("certs");
    let mut pull = Command::new(program());
    pull.args(["pull", "certificates", "--url", url])
        .args(words);
    pull.arg("--certs").arg(certs.join("regulator-1"));
    pull.arg("--trust").arg(certs.join("ca")).output().unwrap()
}

#[test]
fn an_answer_about_other_certificates_than_were_asked_for_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut prepare = Command::new(program());
    run(prepare.args(["prepare", "--data"]).arg(folder.path()));
    let own = folder.path().join("certs/hub-1");
    let hub = Arc::new(Hub {
        signer: Signer::load(&own.join("chain.pem"), &own.join("key.pem")).unwrap(),
        told: Mutex::default(),
    });
    let served = StandIn::start(Arc::clone(&hub) as _);
    let url = served.url("/soap/regulator");
    let one = Digest([1; 32]).to_string();
    let (party, print) = (["--party", "enterprise-1"], ["--fingerprint", &one]);
    let both = [party, print].concat();
    let mine = || certificate(Some("enterprise-1"), 1);
    let other = || certificate(Some("enterprise-2"), 2);
    let unknown = || certificate(None, 1);
    let lies = [
        (&party[..], vec![mine(), other()], "enterprise-2, asked for"),
        (&party, vec![unknown()], "nobody, asked for"),
        (
            &print,
            vec![certificate(Some("enterprise-1"), 2)],
            "0202, asked for",
        ),
        (&print, vec![], "leaves out"),
        (
            &both,
            vec![certificate(Some("enterprise-2"), 1)],
            "enterprise-2, asked for",
        ),
        (&both, vec![], "leaves out"),
    ];
    for (words, told, why) in lies {
        *hub.told.lock().unwrap() = told;
        let answer = ask(folder.path(), &url, words);
        let text = said(&answer);
        assert_eq!(answer.status.code(), Some(1), "{why}: {text}");
        assert!(text.contains("S032") && text.contains(why), "{why}: {text}");
        assert!(answer.stdout.is_empty(), "{why}: {text}");
    }
    for (words, told, lines) in [
        (
            &party[..],
            vec![mine(), certificate(Some("enterprise-1"), 2)],
            2,
        ),
        (&party, vec![], 0),
        (&print, vec![mine()], 1),
        (&both, vec![unknown()], 1),
        (&[], vec![mine(), other()], 2),
    ] {
        *hub.told.lock().unwrap() = told;
        let answer = ask(folder.path(), &url, words);
        assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
        let shown = String::from_utf8_lossy(&answer.stdout).lines().count();
        assert_eq!(shown, lines, "{}", said(&answer));
    }
}
