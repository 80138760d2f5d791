//! The lawful life of an alarm (standards 5, after ISA-18.2).
//!
//! RAISED → ACKNOWLEDGED → CONFIRMED or REJECTED → DISPATCHED → IN_PROGRESS → CLEARED → CLOSED. Steps
//! may be left out, never taken back. What nobody acknowledged cannot be closed, except after it
//! cleared by itself. Closing needs a disposal note (R044).

use cordon_model::AlarmState;

/// Why a step is not lawful.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unlawful {
    /// The sender saw another state than the alarm is in.
    #[error("the alarm is {is}, not {seen}")]
    Stale {
        /// The state it is in.
        is: AlarmState,
        /// The state the sender believed it to be in.
        seen: AlarmState,
    },
    /// There is no such step.
    #[error("from {from} there is no step to {to}")]
    NoStep {
        /// The state it is in.
        from: AlarmState,
        /// The state asked for.
        to: AlarmState,
    },
    /// Closing without saying what was done.
    #[error("an alarm is closed with a disposal note")]
    NoNote,
}

/// Whether an alarm in `is` may step to `to`; `seen` is the state its sender believed it to be in.
///
/// # Errors
/// Says why it may not.
pub fn check(
    is: AlarmState,
    seen: AlarmState,
    to: AlarmState,
    note: Option<&str>,
) -> Result<(), Unlawful> {
    if is == to {
        return Ok(());
    }
    if is != seen {
        return Err(Unlawful::Stale { is, seen });
    }
    let lawful = match (is, to) {
        (AlarmState::Closed, _) | (_, AlarmState::Raised) => false,
        (AlarmState::Raised, AlarmState::Closed) => false,
        (AlarmState::Rejected, to) => to == AlarmState::Closed,
        (from, AlarmState::Rejected) => rank(from) < rank(AlarmState::Dispatched),
        (from, to) => rank(from) < rank(to),
    };
    if !lawful {
        return Err(Unlawful::NoStep { from: is, to });
    }
    if to == AlarmState::Closed && note.is_none_or(|note| note.trim().is_empty()) {
        return Err(Unlawful::NoNote);
    }
    Ok(())
}

fn rank(state: AlarmState) -> u8 {
    match state {
        AlarmState::Raised => 0,
        AlarmState::Acknowledged => 1,
        AlarmState::Confirmed => 2,
        AlarmState::Rejected => 3,
        AlarmState::Dispatched => 4,
        AlarmState::InProgress => 5,
        AlarmState::Cleared => 6,
        AlarmState::Closed => 7,
    }
}

/// Nobody needs to act any more; a disposal record may still be missing.
pub(crate) fn is_over(state: AlarmState) -> bool {
    matches!(
        state,
        AlarmState::Rejected | AlarmState::Cleared | AlarmState::Closed
    )
}

#[cfg(test)]
mod tests {
    use super::{Unlawful, check};
    use cordon_model::AlarmState::{self, *};

    fn lawful(from: AlarmState, to: AlarmState) -> bool {
        check(from, from, to, Some("done")).is_ok()
    }

    #[test]
    fn the_way_of_the_standard_is_lawful() {
        let way = [
            Raised,
            Acknowledged,
            Confirmed,
            Dispatched,
            InProgress,
            Cleared,
            Closed,
        ];
        for pair in way.windows(2) {
            assert!(lawful(pair[0], pair[1]), "{pair:?}");
            assert!(!lawful(pair[1], pair[0]), "{pair:?} backwards");
        }
        assert!(lawful(Raised, Confirmed) && lawful(Raised, Rejected));
        assert!(lawful(Rejected, Closed) && !lawful(Rejected, Dispatched));
        assert!(!lawful(InProgress, Rejected));
        assert!(lawful(Acknowledged, Closed));
    }

    #[test]
    fn what_nobody_saw_is_not_closed_and_nothing_comes_back() {
        assert!(!lawful(Raised, Closed));
        for state in AlarmState::ALL {
            assert_eq!(lawful(Closed, *state), *state == Closed);
            assert_eq!(lawful(*state, Raised), *state == Raised);
        }
    }

    #[test]
    fn closing_needs_a_note_and_a_true_view() {
        assert_eq!(check(Cleared, Cleared, Closed, None), Err(Unlawful::NoNote));
        assert_eq!(
            check(Cleared, Cleared, Closed, Some("  ")),
            Err(Unlawful::NoNote)
        );
        assert_eq!(
            check(Confirmed, Raised, Dispatched, None),
            Err(Unlawful::Stale {
                is: Confirmed,
                seen: Raised
            })
        );
    }
}
