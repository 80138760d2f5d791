//! Gateways that close the connection when one of their units does not answer: whose fault a closing is, and how the
//! next connection is made. Pure, but for the waiting.
//!
//! Not every gateway is ready again at once. Until something was answered over a new connection a further closing is
//! the gateway's, and nobody else is blamed for it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::bus::Bus;
use crate::line::Line;

/// Least that a closing counts for, so that no unit makes a storm of connections.
const COST_MS: u64 = 250;
/// So long a gateway may take until it serves again.
const READY: Duration = Duration::from_millis(1_500);
/// Pause between two tries meanwhile.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// The closings of one connection after the other.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    /// Who was blamed last.
    blamed: Option<u8>,
    /// When that was; none once something was answered since.
    open_since_ms: Option<u64>,
    /// How long it took the last time until something was answered again.
    took_ms: u64,
}

impl Closings {
    /// Something was answered.
    pub(crate) fn answered(&mut self, now_ms: u64) {
        if let Some(since_ms) = self.open_since_ms.take() {
            self.took_ms = now_ms.saturating_sub(since_ms);
        }
    }

    /// Whether a closing is the gateway's, which is not ready again after it closed at another unit.
    pub(crate) fn is_of_gateway(&self, unit: u8, now_ms: u64) -> bool {
        let ready_ms = u64::try_from(READY.as_millis()).unwrap_or(u64::MAX);
        let is_open = |since_ms: u64| now_ms.saturating_sub(since_ms) < ready_ms;
        self.blamed != Some(unit) && self.open_since_ms.is_some_and(is_open)
    }

    /// Blames a unit; what its question cost the others, the way to the next answer included.
    pub(crate) fn blame(&mut self, unit: u8, now_ms: u64) -> u64 {
        self.blamed = Some(unit);
        self.open_since_ms = Some(now_ms);
        self.took_ms.max(COST_MS)
    }
}

impl Bus {
    /// A new connection. One that is refused is tried again for a moment: the gateway may still hold the old one.
    pub(crate) async fn renew(
        &self,
        line: &mut Line<'_>,
        patience: Duration,
    ) -> Result<(), String> {
        let until = Instant::now() + READY;
        loop {
            match line.renew(&self.address, patience).await {
                Err(_) if Instant::now() < until => sleep(PAUSE).await,
                renewed => return renewed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Closings;

    #[test]
    fn until_something_is_answered_a_further_closing_is_the_gateways() {
        let mut closings = Closings::default();
        assert!(!closings.is_of_gateway(1, 0), "the first is the unit's");
        assert_eq!(closings.blame(1, 1_000), 250);
        assert!(closings.is_of_gateway(2, 1_001) && closings.is_of_gateway(3, 2_400));
        assert!(!closings.is_of_gateway(1, 1_001), "it does it again");
        assert!(!closings.is_of_gateway(2, 2_500), "not for ever");
        closings.answered(1_900);
        assert!(!closings.is_of_gateway(2, 1_901), "it is ready");
        assert_eq!(closings.blame(1, 5_000), 900, "that is what it costs");
    }
}
