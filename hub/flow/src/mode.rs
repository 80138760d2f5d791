//! What the hub takes at present: everything, what must not wait on a full disk, or emergencies alone.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use tokio::sync::watch;

use crate::fault::{DISK_FAILED, DISK_FULL, fault};

/// What must never wait, what a full disk still takes, and the rest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Weight {
    /// Emergency openings and what came of orders: taken in every mode.
    Emergency,
    /// Alarms and the steps people take with them: taken as long as the reserve of a full disk lasts.
    Alarm,
    /// Everything else.
    Everyday,
}

/// How the hub stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// Everything is taken.
    #[default]
    Normal,
    /// The disk is full: emergency openings and alarms are journaled in the reserve. With
    /// `last_part` set even alarms wait, because the rest of the reserve is for emergencies.
    Full {
        /// Only emergencies are taken.
        last_part: bool,
    },
    /// The journal cannot be written: emergency openings act at once and are journaled late.
    Emergency {
        /// Why.
        fault: Fault,
        /// Since when.
        since: Timestamp,
    },
}

impl Mode {
    /// `normal`, `full` or `emergency`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Full { .. } => "full",
            Self::Emergency { .. } => "emergency",
        }
    }

    /// Why something of this weight is not taken now; `None` when it is.
    pub(crate) fn refuses(&self, weight: Weight) -> Option<Fault> {
        match self {
            Self::Normal => None,
            Self::Full { last_part } => {
                let taken = match last_part {
                    true => Weight::Emergency,
                    false => Weight::Alarm,
                };
                (weight > taken).then(|| fault(DISK_FULL))
            }
            Self::Emergency { fault: cause, .. } => (weight > Weight::Emergency)
                .then(|| fault(DISK_FAILED).log(cause.log_text().to_owned())),
        }
    }

    /// What an operator is told; `None` in the normal mode.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Normal => None,
            Self::Full { last_part: false } => {
                Some("F008: the disk is full; only emergency openings, and alarms while the reserve lasts, are taken; of each partner's 60 a minute".into())
            }
            Self::Full { last_part: true } => {
                Some("F008: the disk is full; only emergency openings are taken, the reserve for alarms is used up".into())
            }
            Self::Emergency {
                fault: cause,
                since,
            } => Some(format!(
                "{DISK_FAILED}: emergency mode since {since}: only emergency openings are carried out, journaled later; {cause}"
            )),
        }
    }
}

/// The present mode, for everyone to see and to wait on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Modes(Arc<watch::Sender<Mode>>);

impl Default for Modes {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Mode::Normal)))
    }
}

impl Modes {
    /// The mode now.
    pub fn now(&self) -> Mode {
        self.0.borrow().clone()
    }

    /// Waits until the mode is one of those `wanted`.
    pub async fn until(&self, wanted: impl FnMut(&Mode) -> bool) {
        let mut receiver = self.0.subscribe();
        if receiver.wait_for(wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the mode refuses this weight, and says why.
    pub(crate) async fn refuse(&self, weight: Weight) -> Fault {
        loop {
            self.until(|mode| mode.refuses(weight).is_some()).await;
            if let Some(fault) = self.now().refuses(weight) {
                return fault;
            }
        }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.0.send_if_modified(|held| {
            let changed = *held != mode;
            if changed {
                tracing::warn!(
                    from = held.as_str(),
                    to = mode.as_str(),
                    "the hub's mode changes"
                );
                *held = mode;
            }
            changed
        });
    }
}
