//! The journal tells which lists of revoked certificates are in use: at a start and when others are, behind every message
//! that was judged by those of before. What it told holds the next start, and each list is kept for that before it is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{DISK_ANSWERS_IN, Shutdown, aside};
use cordon_flow::{KnownLists, Mode, Modes, RunningHub, Submit, list_in_use};
use cordon_model::Digest;
use cordon_security::{CrlState, TrustStore};

/// How often it is looked whether others are in use.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long an entry that could not be written is not tried again.
const REST: Duration = Duration::from_secs(60);
/// A start waits so long for its entries.
const AT_START: Duration = Duration::from_secs(5);

/// Where a hub with this data folder keeps the lists that are in use.
pub fn kept(data: &Path) -> PathBuf {
    data.join("lists-in-use")
}

/// By what a list is told from others: several that nobody here signed may say of themselves that they are of one authority.
fn told_as(list: &CrlState) -> String {
    match list.is_proven {
        true => list.of.clone(),
        false => list.digest.to_string(),
    }
}

/// The lists of a running hub.
pub struct Lists {
    trust: Arc<TrustStore>,
    submit: Submit,
    modes: Modes,
    /// What the journal told last.
    known: KnownLists,
    /// Whether the trust folder is held to what earlier runs told.
    is_held: bool,
    /// What this run kept last, by authority: two of one name lie beside each other for the days of a change-over.
    kept: BTreeMap<String, Digest>,
    /// What this run told last, by authority.
    told: BTreeMap<String, CrlState>,
}

impl Lists {
    /// Of a hub that goes by `trust`; nothing of it is told yet.
    pub fn new(trust: Arc<TrustStore>, hub: &RunningHub) -> Self {
        Self {
            trust,
            submit: hub.submit(),
            modes: hub.modes(),
            known: hub.known_lists(),
            is_held: false,
            kept: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Holds the trust folder to what the journal told, and tells those of the start before anybody is heard, unless the disk lets
    /// it wait.
    pub async fn begin(&mut self) {
        self.hold();
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

    /// Once the journal is open it is known which lists the runs before this one went by.
    fn hold(&mut self) {
        if !self.is_held && self.modes.now() == Mode::Normal {
            self.trust.hold_to(self.known.now());
            self.is_held = true;
        }
    }

    /// Whether all is told that can be told now.
    async fn look(&mut self) -> bool {
        // Without a journal nobody is heard by these lists either, but in an emergency.
        if self.modes.now() != Mode::Normal {
            return true;
        }
        self.hold();
        let mut is_all_kept = true;
        let lists = self.trust.crls_alone().unwrap_or_default();
        let is_here = |told: &CrlState| lists.iter().any(|it| it.digest == told.digest);
        self.told.retain(|_, told| told.is_proven || is_here(told));
        for list in lists {
            // Before it is told: where the journal tells of one that is not kept, nobody is trusted by an older one.
            is_all_kept &= self.keep(&list).await;
            let whose = told_as(&list);
            let before = self.told.get(&whose);
            if before.is_some_and(|before| before.digest == list.digest) {
                continue;
            }
            let audited = list_in_use(self.submit.hub(), before, &list);
            if let Err(fault) = self.submit.audit(&audited).await {
                tracing::warn!(%fault, issuer = list.issuer, "the journal could not be told of a list of revoked certificates; it is tried again");
                return false;
            }
            self.told.insert(whose, list);
        }
        is_all_kept
    }

    /// Keeps a list for the next start, once; whether it is kept.
    async fn keep(&mut self, list: &CrlState) -> bool {
        if self.kept.get(&list.of) == Some(&list.digest) {
            return true;
        }
        let (trust, keeping) = (Arc::clone(&self.trust), list.clone());
        let kept = aside(move || trust.keep(&keeping));
        match tokio::time::timeout(DISK_ANSWERS_IN, kept).await {
            Ok(Some(Ok(()))) => {
                self.kept.insert(list.of.clone(), list.digest);
                return true;
            }
            Ok(Some(Err(fault))) => {
                tracing::warn!(%fault, "a list of revoked certificates that is in use could not be kept for the next start; it is tried again");
            }
            Ok(None) | Err(_) => {
                tracing::warn!(
                    issuer = list.issuer,
                    "a list of revoked certificates that is in use could not be kept in time; it is tried again"
                );
            }
        }
        false
    }
}
