//! The regulator of the demo: pulls reports and entries, and writes nothing that it has not verified.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Shutdown;
use cordon_model::ReportType;
use cordon_security::TrustStore;
use cordon_services::client::{
    Link, LinkError, MessagesWanted, ReportKey, pull_messages, pull_report,
};

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
        loop {
            tokio::select! {
                () = shutdown.wait() => return pulled,
                () = tokio::time::sleep(self.every) => {}
            }
            for kind in cordon_reports::built() {
                self.report(kind, &mut pulled, &told).await;
            }
            match self.entries().await {
                Ok(entries) => pulled.entries += entries,
                Err(error) => {
                    pulled.failed += 1;
                    tracing::warn!(%error, "the regulator could not pull entries");
                }
            }
        }
    }

    /// Pulls what came since the last time; how many entries it was.
    async fn entries(&self) -> Result<u64, LinkError> {
        let file = self.folder.join("checkpoint.json");
        let wanted = MessagesWanted::default();
        let pulled = pull_messages(&self.link, &wanted, &file, |_| Ok(())).await?;
        pulled
            .checkpoint
            .write(&file)
            .map_err(LinkError::Untrusted)?;
        Ok(pulled.entries)
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
