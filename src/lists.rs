//! The journal tells which lists of revoked certificates are in use: at a start and when others are, behind every message
//! that was judged by those of before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Shutdown;
use cordon_flow::{Mode, Modes, RunningHub, Submit, list_in_use};
use cordon_security::{CrlState, TrustStore};

/// How often it is looked whether others are in use.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long an entry that could not be written is not tried again.
const REST: Duration = Duration::from_secs(60);
/// A start waits so long for its entries.
const AT_START: Duration = Duration::from_secs(5);

/// The lists of a running hub.
pub struct Lists {
    trust: Arc<TrustStore>,
    submit: Submit,
    modes: Modes,
    /// What this run told last, by issuer.
    told: BTreeMap<String, CrlState>,
}

impl Lists {
    /// Of a hub that goes by `trust`; nothing of it is told yet.
    pub fn new(trust: Arc<TrustStore>, hub: &RunningHub) -> Self {
        Self {
            trust,
            submit: hub.submit(),
            modes: hub.modes(),
            told: BTreeMap::new(),
        }
    }

    /// Tells those of the start before anybody is heard, unless the disk lets it wait.
    pub async fn begin(&mut self) {
        if tokio::time::timeout(AT_START, self.look()).await.is_err() {
            tracing::warn!("which lists of revoked certificates are in use is told later");
        }
    }

    /// Tells others as long as the hub runs.
    pub async fn tell(mut self, shutdown: Shutdown) {
        let mut wait = LOOK_AGAIN;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = match self.look().await {
                true => LOOK_AGAIN,
                false => REST,
            };
        }
    }

    /// Whether all is told that can be told now.
    async fn look(&mut self) -> bool {
        // Without a journal nobody is heard by these lists either, but in an emergency.
        if self.modes.now() != Mode::Normal {
            return true;
        }
        for list in self.trust.crls_alone().unwrap_or_default() {
            let before = self.told.get(&list.issuer);
            if before.is_some_and(|before| before.digest == list.digest) {
                continue;
            }
            let audited = list_in_use(self.submit.hub(), before, &list);
            if let Err(fault) = self.submit.audit(&audited).await {
                tracing::warn!(%fault, issuer = list.issuer, "the journal could not be told of a list of revoked certificates; it is tried again");
                return false;
            }
            self.told.insert(list.issuer.clone(), list);
        }
        true
    }
}
