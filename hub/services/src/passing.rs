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
    ("F060", "its disk has failed"),
    ("F061", "its disk failed while this was recorded"),
    ("S021", "the journal cannot be read now"),
    ("S045", "the folder of reports cannot be used now"),
    ("S047", "building a report was broken off"),
    ("S050", "as many messages wait to be checked as may"),
    ("S051", "no room to make the answer now"),
    ("S056", "the message could not be checked just now"),
];

/// Whether a refusal with this code passes. A failing journal (`J`) is the hub's trouble, whatever
/// it is.
pub fn is_passing(code: &str) -> bool {
    PASSING.iter().any(|(passing, _)| *passing == code) || code.starts_with('J')
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn what_is_said_of_the_message_is_final() {
        for code in ["F001", "F002", "F005", "X112", "V006", "S060", "M013"] {
            assert!(!is_passing(code), "{code}");
        }
        for code in ["F007", "F008", "F060", "F061", "S050", "J011"] {
            assert!(is_passing(code), "{code}");
        }
    }
}
