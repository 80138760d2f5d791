//! What the hub takes at present: everything, what must not wait on a full disk or beside a state that is
//! not saved, or emergencies alone.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use tokio::sync::watch;

use crate::fault::{DISK_FAILED, DISK_FULL, STATE_BEHIND, fault};

/// What must never wait, what a full disk still takes, and the rest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Weight {
    /// Emergency openings and their releases, and what came of orders: taken in every mode.
    Emergency,
    /// The release of a lane that is held open by hand: taken wherever holding it open is, as long as there is a
    /// journal. Without one its release is the one key's.
    Release,
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
    /// The disk is full: emergency openings, their releases and alarms are journaled in the reserve. With
    /// `last_part` set even alarms wait, because the rest of the reserve is for emergencies.
    Full {
        /// Only emergencies are taken.
        last_part: bool,
    },
    /// The state is not saved, and as many messages are remembered in memory alone as may be: emergencies
    /// and alarms are taken. With `last_part` set even alarms wait.
    Unsaved {
        /// Only emergencies are taken.
        last_part: bool,
    },
    /// The journal cannot be written: emergency openings and their releases act at once and are
    /// journaled late.
    Emergency {
        /// Why.
        fault: Fault,
        /// Since when.
        since: Timestamp,
    },
}

/// What is taken while alarms still are, or no more.
fn most(last_part: bool) -> Weight {
    match last_part {
        true => Weight::Release,
        false => Weight::Alarm,
    }
}

impl Mode {
    /// `normal`, `full`, `unsaved` or `emergency`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Full { .. } => "full",
            Self::Unsaved { .. } => "unsaved",
            Self::Emergency { .. } => "emergency",
        }
    }

    /// Why something of this weight is not taken now; `None` when it is.
    pub(crate) fn refuses(&self, weight: Weight) -> Option<Fault> {
        match self {
            Self::Normal => None,
            Self::Full { last_part } => (weight > most(*last_part)).then(|| fault(DISK_FULL)),
            Self::Unsaved { last_part } => (weight > most(*last_part)).then(|| fault(STATE_BEHIND)),
            Self::Emergency { fault: cause, .. } => (weight > Weight::Emergency)
                .then(|| fault(DISK_FAILED).log(cause.log_text().to_owned())),
        }
    }

    /// What an operator is told; `None` in the normal mode.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Normal => None,
            Self::Full { last_part: false } => Some(format!(
                "{DISK_FULL}: the disk is full; only emergency openings and their releases, what came of orders, and alarms while the reserve lasts, of each partner's 60 a minute, are taken; the rest is refused, readings wait"
            )),
            Self::Full { last_part: true } => Some(format!(
                "{DISK_FULL}: the disk is full and the reserve for alarms is used up; only emergency openings and their releases, and what came of orders, are taken; the rest is refused, readings and devices' alarms wait"
            )),
            Self::Unsaved { last_part: false } => Some(format!(
                "{STATE_BEHIND}: the state is not saved and as many messages are remembered in memory alone as may be; only emergency openings and their releases, what came of orders, and alarms while there is memory for them, are taken; the rest is refused, readings wait"
            )),
            Self::Unsaved { last_part: true } => Some(format!(
                "{STATE_BEHIND}: the state is not saved and the memory kept for alarms is used up; only emergency openings and their releases, and what came of orders, are taken; the rest is refused, readings and devices' alarms wait"
            )),
            Self::Emergency {
                fault: cause,
                since,
            } => Some(format!(
                "{DISK_FAILED}: emergency mode since {since}: only emergency openings and their releases are carried out, journaled later; the rest is refused, readings wait; {cause}"
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

    /// Why this weight is refused now; `None` when it is taken.
    pub(crate) fn refuses(&self, weight: Weight) -> Option<Fault> {
        self.0.borrow().refuses(weight)
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
            if let Some(fault) = self.refuses(weight) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn modes() -> [Mode; 5] {
        let cause = fault(DISK_FAILED);
        let since = Timestamp::from_micros(0);
        [
            Mode::Full { last_part: false },
            Mode::Full { last_part: true },
            Mode::Unsaved { last_part: false },
            Mode::Unsaved { last_part: true },
            Mode::Emergency {
                fault: cause,
                since,
            },
        ]
    }

    /// A release is an `EmergencyGateOpen` too, and acted although people were told that only openings did.
    #[test]
    fn people_are_told_what_is_taken_what_is_refused_and_what_waits() {
        assert_eq!(Mode::Normal.words(), None);
        for mode in modes() {
            assert_eq!(mode.refuses(Weight::Emergency), None, "{mode:?}");
            // What was taken can be taken back: a lane held open by hand stayed so until there was room.
            let is_without_journal = matches!(mode, Mode::Emergency { .. });
            let releases = mode.refuses(Weight::Release).is_none();
            assert_eq!(releases, !is_without_journal, "{mode:?}");
            let takes_alarms = mode.refuses(Weight::Alarm).is_none();
            assert!(mode.refuses(Weight::Everyday).is_some(), "{mode:?}");
            let words = mode.words().unwrap();
            for told in [
                "emergency openings and their releases",
                "the rest is refused",
                "readings",
                "wait",
            ] {
                assert!(words.contains(told), "{told}: {words}");
            }
            let told = ["the reserve lasts", "there is memory for them"]
                .iter()
                .any(|while_| words.contains(&format!("alarms while {while_}")));
            assert_eq!(told, takes_alarms, "{words}");
        }
    }
}
