//! How long a camera is shown as not understood. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// Good answers with events in a row, after which a camera is believed again …
const GOOD: u32 = 3;
/// … and for how long it is shown at least: nobody looks at the page all the time.
const SHOWN: Duration = Duration::from_secs(600);

/// Since when, and how often it was good since.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    last: Option<Instant>,
    good: u32,
}

impl Unread {
    /// Something could not be read as it should be.
    pub(crate) fn bad(&mut self, now: Instant) {
        self.last = Some(now);
        self.good = 0;
    }

    /// An answer with events was read; whether the camera is believed again from now on.
    pub(crate) fn good(&mut self, now: Instant) -> bool {
        let Some(last) = self.last else {
            return false;
        };
        self.good = self.good.saturating_add(1);
        let is_over = self.good >= GOOD && now.saturating_duration_since(last) >= SHOWN;
        if is_over {
            self.last = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, Unread};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn a_camera_is_believed_after_some_good_answers_and_some_time() {
        let now = Instant::now();
        let mut unread = Unread::default();
        assert!(!unread.good(now), "it never was otherwise");
        unread.bad(now);
        for second in 0..10 {
            assert!(!unread.good(now + Duration::from_secs(second)));
        }
        unread.bad(now + SHOWN);
        let later = now + SHOWN + SHOWN;
        assert!(!unread.good(later) && !unread.good(later));
        assert!(unread.good(later));
        assert!(!unread.good(later));
    }
}
