//! The regulator of the demo: pulls reports and entries, and writes nothing that it has not verified.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Shutdown;
use cordon_model::ReportType;
use cordon_security::TrustStore;
use cordon_services::client::{Link, ReportKey, pull_messages, pull_report};

/// Reports that this version builds.
const REPORTS: [ReportType; 3] = [ReportType::Rpt01, ReportType::Rpt06, ReportType::Rpt07];
/// Entries asked for at once.
const PAGE: u32 = 500;

/// The regulator's client.
pub struct Regulator {
    /// The signed conversation.
    pub link: Link,
    /// Whom it trusts.
    pub trust: Arc<TrustStore>,
    /// Where it keeps reports.
    pub folder: PathBuf,
    /// Pause between two pulls.
    pub every: Duration,
}

/// What it pulled.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Pulled {
    /// Reports that were asked for.
    pub pulled: u64,
    /// Reports whose signature, digest and listing agreed, by type.
    pub verified: BTreeMap<&'static str, u64>,
    /// Reports or pages that could not be had or did not verify.
    pub failed: u64,
    /// Journal entries pulled with their chain verified.
    pub entries: u64,
}

impl Regulator {
    /// Pulls until shutdown; `told` is called with words about each verified report.
    pub async fn run(self, shutdown: Shutdown, told: impl Fn(String)) -> Pulled {
        let mut pulled = Pulled::default();
        let mut after = 0;
        loop {
            tokio::select! {
                () = shutdown.wait() => return pulled,
                () = tokio::time::sleep(self.every) => {}
            }
            for kind in REPORTS {
                self.report(kind, &mut pulled, &told).await;
            }
            match pull_messages(&self.link, after, PAGE).await {
                Ok(entries) => {
                    pulled.entries += entries.len() as u64;
                    after = entries.last().map_or(after, |last| last.number);
                }
                Err(error) => {
                    pulled.failed += 1;
                    tracing::warn!(%error, "the regulator could not pull entries");
                }
            }
        }
    }

    async fn report(&self, kind: ReportType, pulled: &mut Pulled, told: &impl Fn(String)) {
        let newest = ReportKey {
            kind,
            id: None,
            version: None,
        };
        pulled.pulled += 1;
        match pull_report(&self.link, &self.trust, &newest, &self.folder).await {
            Ok(report) => {
                *pulled.verified.entry(kind.as_str()).or_default() += 1;
                told(format!(
                    "report    {} version {} up to entry {}: signature and digest verified",
                    report.id, report.version, report.entry_number
                ));
            }
            Err(error) => {
                pulled.failed += 1;
                tracing::warn!(%error, kind = kind.as_str(), "the regulator could not pull a report");
            }
        }
    }
}
