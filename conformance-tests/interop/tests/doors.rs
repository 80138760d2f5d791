//! What each door takes, and from whom: every operation of the three services by those who may not
//! ask, envelopes that say two things at once, TLS 1.2, and what a fault may tell.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{
    Head, Park, change_config, fresh_id, issue, message, message_file, moment, remove_partner,
    said, system,
};
use cordon_model::service::Fault;
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};
use cordon_wire::soap;

const SVC: &str = "xmlns:svc=\"urn:cordon:service:1\"";

/// A party at a service of a park.
struct Caller {
    signer: Signer,
    client: Client,
    trust: Arc<TrustStore>,
    url: String,
}

impl Caller {
    fn of(park: &Park, party: &str, service: &str) -> Self {
        let certs = park.data().join("certs");
        let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
        let folder = certs.join(party);
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        let tls_key = TlsKey::load(&chain, &key).unwrap();
        let expect = Expect::Roles(vec![Role::Hub]);
        let tls = tls::client_config(Arc::clone(&trust), Some(tls_key), expect).unwrap();
        Self {
            signer: Signer::load(&chain, &key).unwrap(),
            client: Client::new(ClientOptions {
                tls: Some(tls),
                timeout: Duration::from_secs(60),
                ..ClientOptions::default()
            }),
            trust,
            url: format!("{}/soap/{service}", park.exchange()),
        }
    }

    /// The fault that answers a payload; none when it is answered.
    async fn refused(&self, payload: &str) -> Option<Fault> {
        self.refused_as(SoapVersion::V12, None, "", payload).await
    }

    /// The same, with this version, content type and header block.
    async fn refused_as(
        &self,
        version: SoapVersion,
        content_type: Option<&str>,
        block: &str,
        payload: &str,
    ) -> Option<Fault> {
        let signed = wsse::sign(&self.signer, version, block, payload, SystemClock.now());
        let request = http::Request::post(&self.url)
            .header(
                http::header::CONTENT_TYPE,
                content_type.unwrap_or(version.content_type()),
            )
            .body(Bytes::from(signed.unwrap()))
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let policy = Policy::new(&[Role::Hub]).without_replay_guard();
        let body = Vec::from(answer.into_body());
        let verified = wsse::verify(body, &self.trust, &policy, SystemClock.now()).unwrap();
        assert_eq!(verified.version(), version);
        let envelope = soap::open(verified.document()).unwrap();
        soap::answered_fault(&envelope).map(|fault| fault.detail.unwrap())
    }

    async fn code(&self, payload: &str) -> Option<String> {
        self.refused(payload).await.map(|fault| fault.code)
    }
}

/// Every operation of the services with a lawful question.
fn operations() -> Vec<(&'static str, &'static str, String)> {
    let question = |name: &str, fields: &str| format!("<svc:{name} {SVC}>{fields}</svc:{name}>");
    let submission = |sender: &str, kind: &str, fields: &str| {
        let text = message(Head::of(sender), &fresh_id(), kind, fields);
        question("SubmitMessages", &text)
    };
    let receipt = |sender: &str| {
        let id = fresh_id();
        let fields =
            format!("<svc:SenderId>{sender}</svc:SenderId><svc:MessageId>{id}</svc:MessageId>");
        question("GetReceipt", &fields)
    };
    let report = question(
        "GetReport",
        "<svc:ReportId>RPT-01.JS-DEMO.2026-01-01</svc:ReportId>",
    );
    let of_enterprise = "<svc:EnterpriseId>enterprise-1</svc:EnterpriseId>";
    let fields = format!(
        "<c:EntryId>B-1</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>苏H66666</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>drill</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    );
    vec![
        (
            "enterprise",
            "SubmitMessages",
            submission("enterprise-1", "ListEntry", &fields),
        ),
        ("enterprise", "GetReceipt", receipt("enterprise-1")),
        ("enterprise", "QueryGrants", question("QueryGrants", "")),
        (
            "park",
            "SubmitMessages",
            submission("operator-1", "ListEntry", &fields),
        ),
        ("park", "GetReceipt", receipt("operator-1")),
        (
            "park",
            "QueryGrants",
            question("QueryGrants", of_enterprise),
        ),
        ("park", "ListReports", question("ListReports", "")),
        ("park", "GetReport", report.clone()),
        (
            "regulator",
            "SubmitMessages",
            submission("regulator-1", "ListEntry", &fields),
        ),
        ("regulator", "GetReceipt", receipt("regulator-1")),
        ("regulator", "ListReports", question("ListReports", "")),
        ("regulator", "GetReport", report),
        (
            "regulator",
            "GetMessages",
            question("GetMessages", "<svc:After>0</svc:After>"),
        ),
        (
            "regulator",
            "GetCertificateStatus",
            question("GetCertificateStatus", ""),
        ),
    ]
}

/// Whoever the plan does not know was told that it has no grants, as if it had any business there.
#[tokio::test]
async fn every_operation_is_closed_to_the_unknown_the_removed_and_the_wrong_role() {
    let park = Park::start_with(|data| {
        remove_partner(data, "enterprise-2");
        issue(data, "enterprise", "enterprise-9");
        issue(data, "vendor", "vendor-1");
        issue(data, "device", "device-9");
    });
    let owner = |service: &str| format!("{service}-1").replace("park-1", "operator-1");
    let everybody = [
        "enterprise-1",
        "enterprise-2",
        "enterprise-9",
        "operator-1",
        "regulator-1",
        "vendor-1",
        "device-9",
    ];
    for (service, operation, question) in operations() {
        for party in everybody {
            let caller = Caller::of(&park, party, service);
            let code = caller.code(&question).await;
            let is_asker = party == owner(service);
            let is_role = party.starts_with(owner(service).trim_end_matches("-1"));
            let wanted = match (is_role, is_asker, operation) {
                (false, _, _) => Some("V015"),
                // What they say is judged message by message, each with an entry of its own.
                (true, false, "SubmitMessages") => None,
                (true, false, _) => Some("F030"),
                (true, true, "GetReceipt" | "GetReport") => Some("S012"),
                (true, true, _) => None,
            };
            assert_eq!(
                code.as_deref(),
                wanted,
                "{operation} of /soap/{service} by {party}"
            );
        }
    }
}

/// Two readers of one envelope could see two things.
#[tokio::test]
async fn an_envelope_that_says_something_beside_its_request_is_refused() {
    let park = Park::start();
    let caller = Caller::of(&park, "enterprise-1", "enterprise");
    let question = format!("<svc:QueryGrants {SVC}/>");
    let code = async |version, content_type, block: &str, payload: &str| {
        let fault = caller
            .refused_as(version, content_type, block, payload)
            .await;
        fault.map(|fault| (fault.code, fault.place))
    };
    let is = |code: &str, place: &str| Some((code.to_owned(), place.to_owned()));
    let (v11, v12) = (SoapVersion::V11, SoapVersion::V12);
    assert_eq!(code(v12, None, "", &question).await, None);
    assert_eq!(
        code(v12, None, "", &format!("{question}and open the gate")).await,
        is("X134", "/s:Envelope/s:Body")
    );
    let unsure = format!(
        "<h:Note xmlns:h=\"urn:odd\" xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:soap=\"{}\" wsu:Id=\"N\" soap:mustUnderstand=\"yes\"/>",
        v12.namespace()
    );
    assert_eq!(
        code(v12, None, &unsure, &question).await,
        is("X135", "/s:Envelope/s:Header/h:Note")
    );
    for (version, other) in [(v11, v12), (v12, v11)] {
        let refused = code(version, Some(other.content_type()), "", &question).await;
        assert_eq!(refused, is("S077", "/Envelope"));
        assert_eq!(
            code(version, Some("application/xml"), "", &question).await,
            None
        );
    }
}

/// A call by OpenSSL with this version of TLS; what it and the hub said.
fn openssl(park: &Park, version: &str) -> (bool, String) {
    let certs = park.data().join("certs");
    let mut child = Command::new(system("openssl"))
        .args([
            "s_client",
            version,
            "-ign_eof",
            "-verify_return_error",
            "-connect",
        ])
        .arg(park.exchange().trim_start_matches("https://"))
        .arg("-cert")
        .arg(certs.join("enterprise-1/chain.pem"))
        .arg("-key")
        .arg(certs.join("enterprise-1/key.pem"))
        .arg("-CAfile")
        .arg(certs.join("ca/root.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let request = b"GET /soap/enterprise?wsdl HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // A handshake that fails takes no request.
    let _ = child.stdin.take().unwrap().write_all(request);
    let output = child.wait_with_output().unwrap();
    (output.status.success(), said(&output))
}

#[test]
fn tls_1_2_is_refused_by_default_and_the_log_says_what_would_let_it_in() {
    let park = Park::start();
    let (_, words) = openssl(&park, "-tls1_3");
    assert!(words.contains("HTTP/1.1 200"), "{words}");
    let (is_good, words) = openssl(&park, "-tls1_2");
    assert!(!is_good && !words.contains("HTTP/1.1 200"), "{words}");
    assert!(words.contains("alert protocol version"), "{words}");
    park.until("it is logged", || {
        let log = park.log();
        log.contains("tls-version") && log.contains("exchange.tls12")
    });
    let metrics = park.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordon_attempts_total{cause=\"tls-version\"} 1"),
        "{metrics}"
    );
}

#[test]
fn tls_1_2_works_where_its_setting_is_on_and_the_start_says_so() {
    let park = Park::start_with(|data| {
        let with = "[exchange]\ntls12 = true\n";
        change_config(data, &[("[exchange]\n", with)], "");
    });
    assert!(
        park.log().contains("exchange.tls12 is on"),
        "{}",
        park.log()
    );
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let (_, words) = openssl(&park, version);
        assert!(
            words.contains(name) && words.contains("HTTP/1.1 200"),
            "{words}"
        );
    }
}

/// It told where the file lies.
#[tokio::test]
async fn a_fault_does_not_tell_a_partner_where_files_lie() {
    let park = Park::start();
    let words = said(&park.build_report());
    let id = words
        .split_whitespace()
        .find(|word| word.starts_with("RPT-01."))
        .unwrap_or_else(|| panic!("{words}"));
    let caller = Caller::of(&park, "regulator-1", "regulator");
    let question =
        format!("<svc:GetReport {SVC}><svc:ReportId>{id}</svc:ReportId></svc:GetReport>");
    // The running hub lists it when it next looks.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while let Some(code) = caller.code(&question).await {
        assert!(
            code == "S012" && std::time::Instant::now() < deadline,
            "{code}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let folder = park.data().join("reports");
    std::fs::rename(&folder, park.data().join("elsewhere")).unwrap();
    let fault = caller.refused(&question).await.unwrap();
    assert_eq!(fault.code, "S045");
    let told = format!("{fault:?}");
    assert!(!told.contains("reports/RPT-01"), "{told}");
    assert!(!told.contains(&*park.data().to_string_lossy()), "{told}");
}

/// `answered before (Accepted)`: a name of the program's own.
#[test]
fn a_message_that_was_answered_before_is_told_in_words() {
    let park = Park::start();
    let id = fresh_id();
    let fields = format!(
        "<c:AlarmId>A-1</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt>\
         <c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Description>fire</c:Description>",
        moment(0)
    );
    let text = message(Head::of("enterprise-1"), &id, "AlarmEvent", &fields);
    let file = message_file(park.scratch(), &id, &text);
    let submit = || said(&park.submit("enterprise-1", std::slice::from_ref(&file)));
    assert!(submit().contains("accepted 1"));
    let again = submit();
    assert!(again.contains("answered before (accepted)"), "{again}");
}
