//! Which refusals pass: the message is not at fault, and the same one may be sent again.

/// Codes of refusals that say something of the hub at that moment and nothing of the message.
///
/// A client keeps what was refused so and sends it again; a fault that carries one is the
/// receiver's in SOAP's sense.
const PASSING: &[(&str, &str)] = &[
    ("F007", "the hub is stopping"),
    ("F008", "its disk is full"),
    ("F015", "a thread ended; the hub starts again"),
    ("F051", "as many requests for reports wait as may be"),
    (
        "F068",
        "the sender said as much of alarms in this minute as it may",
    ),
    (
        "F097",
        "what came with it leads to as much as is recorded at once",
    ),
    ("F060", "its disk has failed"),
    ("F061", "its disk failed while this was recorded"),
    ("S021", "the journal cannot be read now"),
    ("S045", "the folder of reports cannot be used now"),
    ("S047", "building a report was broken off"),
    ("S050", "as many messages wait to be checked as may"),
    ("S051", "no room to make the answer now"),
    ("S056", "the message could not be checked just now"),
];

/// What was asked for is kept no longer: it stays so, however often it is asked.
const GONE: &str = "J014";

/// Whether a refusal with this code passes. A failing journal (`J`) is the hub's trouble, whatever
/// it is; one that no longer keeps what was asked for does not fail.
pub fn is_passing(code: &str) -> bool {
    PASSING.iter().any(|(passing, _)| *passing == code) || (code.starts_with('J') && code != GONE)
}

/// Whether a refusal says something of the hub that its operator must know: what it cannot do now, or does not have
/// any more.
pub(crate) fn is_of_hub(code: &str) -> bool {
    is_passing(code) || code == GONE
}

/// The sender's part of a room is full; the plan does not know the sender, until the park has entered it.
const WHEN_GIVEN_AGAIN: &[&str] = &["F085", "F030"];

/// Whether the same message may be taken once somebody has done something about it: it is not sent again by
/// itself, which would fill the hub's journal with refusals, but when it is given again.
pub fn may_pass(code: &str) -> bool {
    is_passing(code) || WHEN_GIVEN_AGAIN.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::{is_passing, may_pass};

    #[test]
    fn what_is_said_of_the_message_is_final() {
        for code in [
            "F001", "F002", "F005", "X112", "V006", "S060", "M013", "J014",
        ] {
            assert!(!is_passing(code), "{code}");
        }
        for code in ["F007", "F008", "F060", "F061", "S050", "J011"] {
            assert!(is_passing(code) && may_pass(code), "{code}");
        }
        for code in ["F085", "F030"] {
            assert!(may_pass(code) && !is_passing(code), "{code}");
        }
        assert!(!may_pass("F002"));
    }
}
