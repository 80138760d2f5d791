//! Whether a pin is what this park's hub signed. Anybody can write a checkpoint file, and a copy that is damaged may parse all the
//! same: its own words would keep the gates shut over a journal that is whole.

use std::sync::Arc;

use cordon_contract::{Clock as _, DISK_ANSWERS_IN, SystemClock, aside_within};
use cordon_model::{ParkCode, PartyId};
use cordon_security::wsse::{self, Policy};
use cordon_security::{Role, TrustStore};
use cordon_services::client::Checkpoint;

use crate::config::ParkConfig;
use crate::evidence::told_in;

/// By whom the statement in a pin must be signed, and who is trusted to be that.
#[derive(Debug)]
pub struct Proof {
    trust: Arc<TrustStore>,
    park: ParkCode,
    hub: PartyId,
}

impl Proof {
    /// The hub of this configuration, by what it trusts.
    pub fn of(config: &ParkConfig, trust: Arc<TrustStore>) -> Arc<Self> {
        Self::by(trust, config.plan.code.clone(), config.hub.id.clone())
    }

    pub(super) fn by(trust: Arc<TrustStore>, park: ParkCode, hub: PartyId) -> Arc<Self> {
        Arc::new(Self { trust, park, hub })
    }

    /// The same where nobody read the trust folder yet.
    pub fn beside_no_hub(config: &ParkConfig) -> Arc<Self> {
        let folder = config.hub.trust.clone();
        let read = aside_within(DISK_ANSWERS_IN, move || {
            TrustStore::load_or_shut(&folder, None)
        });
        let trust = read.unwrap_or_else(|| TrustStore::hanging(&config.hub.trust, None));
        Self::of(config, Arc::new(trust))
    }

    /// Whose journal it is.
    pub(super) fn identity(&self) -> String {
        format!("{}/{}", self.park, self.hub)
    }

    /// Whether the hub signed the head of this checkpoint, as of when it says it did; else why it counts for nothing.
    pub(super) fn proves(&self, checkpoint: &Checkpoint) -> Result<(), String> {
        let named = format!("{}/{}", checkpoint.park, checkpoint.hub);
        self.is_ours(&named)?;
        if self.trust.is_shut() {
            return Err("who signed it is not known until the trust folder can be read".to_owned());
        }
        let statement = checkpoint.statement().map_err(|fault| fault.to_string())?;
        let policy = Policy::new(&[Role::Hub]).without_replay_guard();
        let answer = wsse::verify_kept(statement, &self.trust, &policy, SystemClock.now())
            .map_err(|fault| format!("the signed answer in it proves nothing: {fault}"))?;
        let signer = answer.identity();
        self.is_ours(&format!("{}/{}", signer.park, signer.id))?;
        let [_, head] = told_in(&answer)?;
        match head == checkpoint.head() {
            true => Ok(()),
            false => Err(format!(
                "the signed answer in it does not say entry {}",
                checkpoint.head
            )),
        }
    }

    fn is_ours(&self, of: &str) -> Result<(), String> {
        match of == self.identity() {
            true => Ok(()),
            false => Err(format!(
                "it is of {of}, the journal is of {}",
                self.identity()
            )),
        }
    }
}
