//! What can go wrong with a camera, in the few kinds that are treated differently.

use std::time::Duration;

use cordon_contract::Fault;

/// Longest text shown of what went wrong.
const TEXT_MAX: usize = 180;

/// Why a camera does not deliver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// It does not answer, or the connection breaks.
    Link(String),
    /// It answers something that is no SOAP message, or lacks what was asked for.
    Answer(String),
    /// The answer is larger than the limit.
    TooLarge(usize),
    /// It refuses the login.
    Login(String),
    /// It refuses the request with a SOAP fault.
    Refused(String),
    /// The subscription does not exist (any more).
    Gone(String),
    /// It has no room for one more subscription.
    Full(String),
    /// It has no event service, or does not say where.
    NoEvents(String),
    /// The hub stops.
    Stop,
}

impl Trouble {
    /// The fault as operators see it, with the camera's address as place.
    pub(crate) fn fault(&self, place: &str) -> Fault {
        let (code, text, remedy) = match self {
            Self::Link(text) => (
                "A060",
                text.clone(),
                "look at power, cable and address of the camera; it is tried again by itself",
            ),
            Self::Answer(text) => (
                "A061",
                text.clone(),
                "look whether the address leads to the camera's ONVIF service; update its firmware",
            ),
            Self::TooLarge(limit) => (
                "A061",
                format!("the answer has more than {limit} bytes"),
                "raise answer_bytes_max, or give the camera a filter",
            ),
            Self::Login(text) => (
                "A062",
                text.clone(),
                "correct user or password file; make an ONVIF user at the camera if it has its own list",
            ),
            Self::Refused(text) => (
                "A063",
                text.clone(),
                "look at the camera's event and user settings",
            ),
            Self::Full(text) => (
                "A064",
                text.clone(),
                "end other subscribers, or reboot the camera: some free their places only then",
            ),
            Self::NoEvents(text) => (
                "A065",
                text.clone(),
                "switch the camera's ONVIF events on, or take it out of the configuration",
            ),
            Self::Gone(text) => (
                "A066",
                text.clone(),
                "look whether other systems end its subscriptions; update its firmware",
            ),
            Self::Stop => ("A060", "stopped".to_owned(), ""),
        };
        Fault::new(code, bounded(&text)).at(place).remedy(remedy)
    }

    /// Whether the same request may well succeed a moment later.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Link(_) | Self::Answer(_))
    }

    /// First and longest pause before the next try. Refused logins wait long, so that no camera
    /// locks the account; a camera that is merely away is looked for often.
    pub(crate) fn pauses(&self, login_retry: Duration) -> (Duration, Duration) {
        let seconds = Duration::from_secs;
        match self {
            Self::Link(_) | Self::Answer(_) | Self::TooLarge(_) | Self::Stop => {
                (Duration::from_millis(500), seconds(30))
            }
            Self::Login(_) => (login_retry, seconds(3_600).max(login_retry)),
            Self::Refused(_) | Self::Gone(_) => (seconds(1), seconds(60)),
            Self::Full(_) => (seconds(2), seconds(300)),
            Self::NoEvents(_) => (seconds(10), seconds(300)),
        }
    }
}

/// Text of bounded length on one line.
pub(crate) fn bounded(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(TEXT_MAX)
        .collect()
}

/// The pause before try `attempt` (from 0): doubled each time, and by chance somewhere between
/// half and all of that, so that many cameras do not come back at the same instant.
pub(crate) fn pause(first: Duration, longest: Duration, attempt: u32, chance: u64) -> Duration {
    let full = first
        .saturating_mul(1 << attempt.min(12))
        .min(longest.max(first));
    let half = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
    Duration::from_millis(half + chance % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::{Trouble, bounded, pause};
    use std::time::Duration;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let (first, longest) = Trouble::Link(String::new()).pauses(Duration::from_secs(300));
        for attempt in 0..40 {
            let wait = pause(first, longest, attempt, 12_345);
            assert!(wait >= Duration::from_millis(250) && wait <= Duration::from_secs(30));
        }
        let (first, longest) = Trouble::Login(String::new()).pauses(Duration::from_secs(300));
        assert!(pause(first, longest, 0, 0) >= Duration::from_secs(150));
        assert_eq!(longest, Duration::from_secs(3_600));
    }

    #[test]
    fn faults_are_short_and_have_a_place() {
        let fault = Trouble::Answer(format!("a\n{}", "x".repeat(9_999))).fault("10.0.0.7");
        assert!(fault.log_text().len() <= 180);
        assert_eq!((fault.code(), fault.place()), ("A061", "10.0.0.7"));
        assert_eq!(bounded(" a \n b "), "a b");
    }
}
