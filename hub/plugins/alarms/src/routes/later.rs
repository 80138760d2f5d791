//! What may become of an alarm after it was told, and who hears of it.

use std::str::FromStr;

use cordon_model::AlarmState;

use super::CONSOLE;

/// Something that became of an alarm.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Later {
    /// Nobody took it up in time and somebody else was told.
    Escalated,
    /// It went on to this state of its life.
    State(AlarmState),
}

impl Later {
    /// Everything that can become of an alarm.
    pub fn all() -> Vec<Self> {
        let states = AlarmState::ALL.iter().copied();
        let later = states.filter(|state| *state != AlarmState::Raised);
        std::iter::once(Self::Escalated)
            .chain(later.map(Self::State))
            .collect()
    }

    /// As the file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Escalated => "ESCALATED",
            Self::State(state) => state.as_str(),
        }
    }

    /// Whether a receiver that says nothing of it hears this: whether somebody took the alarm up, and
    /// how it ended. The hub's own page shows each alarm as it stands and needs no telling.
    pub(super) fn is_heard_by_default(self, receiver: &str) -> bool {
        use AlarmState::{Acknowledged, Cleared, Closed, Rejected};
        let telling = match self {
            Self::Escalated => true,
            Self::State(state) => matches!(state, Acknowledged | Cleared | Rejected | Closed),
        };
        telling && receiver != CONSOLE
    }
}

impl FromStr for Later {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = Self::all().into_iter();
        all.rev().find(|later| later.name() == text).ok_or(())
    }
}
