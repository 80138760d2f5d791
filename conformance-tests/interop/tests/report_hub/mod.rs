//! A hub with the park's own key that lists and gives out the reports it is told to, and a regulator that pulls them.

#[path = "../stand_in/mod.rs"]
mod stand_in;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Handler, Request, Response};
use cordon_interop::{program, run};
use cordon_model::ReportDocument;
use cordon_model::service::{GetReportResponse, ListReports, ListReportsResponse, ReportEntry};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::{Role, Signer, TrustStore, xmldsig};
use cordon_services::request_digest;
use cordon_wire::{digest_of_bytes, service as wire};
use stand_in::StandIn;

/// What the hub gives: of one report the document, how it is listed and how it is answered.
#[derive(Clone)]
pub struct Given {
    pub document: ReportDocument,
    pub listed: ReportEntry,
    pub answer: GetReportResponse,
    pub twice: bool,
    /// Whether it is left out of lists, and whether they are of all times whatever was asked.
    pub unlisted: bool,
    pub timeless: bool,
    /// What is listed beside it.
    pub others: Vec<ReportEntry>,
}

impl Given {
    /// As a hub lists: by the time that was asked about, the newest first, as many as were asked for.
    fn list(&self, asked: &ListReports) -> ListReportsResponse {
        let own = [!self.unlisted, self.twice].map(|is| is.then(|| self.listed.clone()));
        let all = own.into_iter().flatten().chain(self.others.clone());
        let is_in = |one: &ReportEntry| {
            asked.from.is_none_or(|from| one.period.to > from)
                && asked.to.is_none_or(|to| one.period.from < to)
        };
        let mut report: Vec<_> = all.filter(|one| self.timeless || is_in(one)).collect();
        report.sort_by_key(|one| Reverse((one.period.from, one.version)));
        let limit = asked.limit.unwrap() as usize;
        let more = report.len() > limit;
        report.truncate(limit);
        ListReportsResponse { report, more }
    }

    /// Another version that is listed beside it.
    pub fn beside(&mut self, version: u32) -> &mut ReportEntry {
        let listed = self.listed.clone();
        self.others.push(ReportEntry { version, ..listed });
        self.others.last_mut().unwrap()
    }
}

pub struct Hub {
    pub signer: Signer,
    pub trust: TrustStore,
    pub given: Mutex<Option<Given>>,
}

impl Hub {
    /// An honest answer on this document.
    pub fn honest(&self, document: ReportDocument) -> Given {
        let unsigned = cordon_wire::write_report_document(&document).unwrap();
        let bytes = xmldsig::sign_enveloped(&self.signer, unsigned).unwrap();
        let digest = digest_of_bytes(&bytes);
        let listed = ReportEntry {
            report_id: document.report_id.clone(),
            report_type: document.report_type,
            version: document.version,
            park_code: document.park_code.clone(),
            period: document.period.clone(),
            generated_at: document.generated_at,
            entry_number: document.journal_position.entry_number,
            digest,
            size: bytes.len() as u64,
        };
        let answer = GetReportResponse {
            report_id: listed.report_id.clone(),
            version: listed.version,
            digest,
            document: bytes,
        };
        Given {
            document,
            listed,
            answer,
            twice: false,
            unlisted: false,
            timeless: false,
            others: Vec::new(),
        }
    }
}

impl Handler for Hub {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        let now = SystemClock.now();
        let body = request.http.body();
        let policy = Policy::new(&[Role::Regulator]).without_replay_guard();
        let call = wsse::verify(body.to_vec(), &self.trust, &policy, now).unwrap();
        let given = self.given.lock().unwrap().clone().unwrap();
        let payload = match call.payload().unwrap().local() {
            "ListReports" => {
                let asked = wire::read_list_reports(call.payload().unwrap()).unwrap();
                wire::write_list_reports_response(&given.list(&asked)).unwrap()
            }
            _ => wire::write_get_report_response(&given.answer).unwrap(),
        };
        let block = request_digest(body);
        let answer = wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap();
        Box::pin(async move { Response::new(answer.into()) })
    }
}

pub struct Room {
    pub folder: tempfile::TempDir,
    pub hub: Arc<Hub>,
    served: StandIn,
}

impl Room {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut prepare = Command::new(program());
        run(prepare.args(["prepare", "--data"]).arg(folder.path()));
        let own = folder.path().join("certs/hub-1");
        let hub = Arc::new(Hub {
            signer: Signer::load(&own.join("chain.pem"), &own.join("key.pem")).unwrap(),
            trust: TrustStore::load(&folder.path().join("certs/ca")).unwrap(),
            given: Mutex::new(None),
        });
        let served = StandIn::start(Arc::clone(&hub) as _);
        Self {
            folder,
            hub,
            served,
        }
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("pulled")
    }

    pub fn pull(&self, given: Given, words: &[&str]) -> Output {
        *self.hub.given.lock().unwrap() = Some(given);
        let certs = self.folder.path().join("certs");
        let mut command = Command::new(program());
        command.arg("pull").args(words);
        if words.first() == Some(&"report") {
            command.arg("--out").arg(self.out());
        }
        command.args(["--url", &self.served.url("/soap/regulator")]);
        command.arg("--certs").arg(certs.join("regulator-1"));
        let command = command.arg("--trust").arg(certs.join("ca"));
        command.output().unwrap()
    }
}

/// RPT-06 of a day, version 3, up to entry 41.
pub fn document(park: &cordon_model::ParkCode) -> ReportDocument {
    let golden = "../../hub/reports/src/standard/alarms/golden.xml";
    let golden = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(golden)).unwrap();
    let golden = cordon_xml::Document::parse(golden, &cordon_xml::Limits::default()).unwrap();
    let mut document = cordon_wire::read_report_document(golden.root()).unwrap();
    document.version = 3;
    document.park_code = park.clone();
    document.journal_position.entry_number = 41;
    document
}
