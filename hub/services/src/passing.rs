//! Which refusals pass: the message is not at fault, and the same one may be sent again.

/// Codes of refusals that say something of the hub at that moment and nothing of the message.
///
/// A client keeps what was refused so and sends it again; a fault that carries one is the
/// receiver's in SOAP's sense.
const PASSING: &[&str] = &[
    // The hub is stopping, or its disk is full.
    "F007", "F008", // A thread ended; the hub starts again.
    "F015", // As many requests for reports wait as may be.
    "F051", // The journal or a folder cannot be read now.
    "S021", "S045", "S047", // As many messages wait to be checked as may.
    "S050", "S056", // No room to make the answer now.
    "S051",
];

/// Whether a refusal with this code passes. A failing journal (`J`) is the hub's trouble, whatever
/// it is.
pub fn is_passing(code: &str) -> bool {
    PASSING.contains(&code) || code.starts_with('J')
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn what_is_said_of_the_message_is_final() {
        for code in ["F001", "F002", "F005", "X112", "V006", "S060", "M013"] {
            assert!(!is_passing(code), "{code}");
        }
        for code in ["F007", "F008", "S050", "J011"] {
            assert!(is_passing(code), "{code}");
        }
    }
}
