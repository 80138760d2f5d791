//! Gateways that close the connection when one of their units does not answer: whose fault a closing is, and how the
//! next connection is made. Pure, but for the waiting.
//!
//! Others close each connection after so many answers. So a closing over a connection that has answered is nobody's fault:
//! a look or a heartbeat is made again over a new one, and only whoever closes that as well is blamed. A write is never
//! made again, for it may have been heard. Two closings in a row say after how many answers they come, and from then on a
//! connection is left before that.
//!
//! Not every gateway is ready again at once. Until something was answered over a new connection a further closing is
//! the gateway's, and nobody else is blamed for it.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::bus::Bus;
use crate::line::{Broken, Line, Manners};

/// Least that a closing counts for, so that no unit makes a storm of connections.
const COST_MS: u64 = 250;
/// So long a gateway may take until it serves again.
const READY: Duration = Duration::from_millis(1_500);
/// Pause between two tries meanwhile.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Time between two connections that are made anew for a look or a heartbeat.
const PACE_MS: u64 = 100;

/// A gateway that serves more answers over a connection than this is none that closes after so many.
const ANSWERS_MAX: u64 = 100;
/// One of so many connections is kept, to see whether the gateway still closes it.
const TRIED_EACH: u64 = 50;

/// The closings of one connection after the other.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    /// Who was blamed last.
    blamed: Option<u8>,
    /// When that was; none once something was answered since.
    open_since_ms: Option<u64>,
    /// How long it took the last time until something was answered again.
    took_ms: u64,
    /// When a connection that had answered was made anew last.
    anew_ms: Option<u64>,
    /// Answers before the last closing.
    closed_after: Option<u64>,
    /// A connection is left after so many answers.
    answers_max: Option<u64>,
    /// Connections that were left before they were closed.
    left: u64,
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

    /// A connection was closed after so many answers. Where it may be a unit's doing, two alike say that it is not.
    fn closed_after(&mut self, answers: u64, may_be_of_unit: bool) {
        let before = self.closed_after.replace(answers);
        let before = before.filter(|before| !may_be_of_unit || *before == answers);
        let both = before.map(|before| before.min(answers));
        if both.is_none() && may_be_of_unit {
            return;
        }
        self.answers_max = both.filter(|both| *both <= ANSWERS_MAX);
    }

    /// Whether a connection with so many answers is left before its next question. Now and then a look tries whether it
    /// still has to be.
    fn leaves(&mut self, answers: u64, is_write: bool) -> bool {
        let Some(most) = self.answers_max else {
            return false;
        };
        if answers > most {
            self.answers_max = None;
            self.closed_after = None;
            return false;
        }
        let is_tried = !is_write && self.left % TRIED_EACH == TRIED_EACH - 1;
        let leaves = answers == most && !is_tried;
        self.left += u64::from(answers == most);
        leaves
    }

    /// A connection is made anew; how long that is put off.
    fn begin_anew(&mut self, now_ms: u64, is_urgent: bool) -> Duration {
        let next_ms = self.anew_ms.map_or(0, |at| at.saturating_add(PACE_MS));
        let wait_ms = match is_urgent {
            true => 0,
            false => next_ms.saturating_sub(now_ms),
        };
        self.anew_ms = Some(now_ms.saturating_add(wait_ms));
        Duration::from_millis(wait_ms)
    }

    /// Blames a unit; what its question cost the others, the way to the next answer included.
    pub(crate) fn blame(&mut self, unit: u8, now_ms: u64) -> u64 {
        self.blamed = Some(unit);
        self.open_since_ms = Some(now_ms);
        self.took_ms.max(COST_MS)
    }
}

impl Bus {
    /// One question. A look or a heartbeat is made again once where the gateway closed a connection that had answered. A
    /// unit that is silent is not asked again: at that one it closes.
    pub(crate) async fn ask(
        &mut self,
        line: &mut Line<'_>,
        unit: u8,
        request: Request<'_>,
        (patience, manners): (Duration, Manners),
    ) -> Result<Result<Response, ExceptionCode>, Broken> {
        let is_write = manners == Manners::Insists;
        if self.closings.leaves(line.answers(), is_write) {
            self.begin_anew(line, is_write).await?;
        }
        let answers = line.answers();
        let asked = line.call(unit, request.clone(), patience, manners).await;
        if answers == 0 || !matches!(asked, Err(Broken::Closed(_))) {
            return asked;
        }
        let may_be_of_unit = is_write || self.units.is_silent(unit);
        self.closings.closed_after(answers, may_be_of_unit);
        if may_be_of_unit {
            return asked;
        }
        self.begin_anew(line, is_write).await?;
        line.call(unit, request, patience, manners).await
    }

    /// A new connection in the place of one that is closed, or will be. For looks and heartbeats ten a second are made.
    async fn begin_anew(&mut self, line: &mut Line<'_>, is_write: bool) -> Result<(), Broken> {
        let is_urgent = is_write || line.inbox.urgent_waits();
        let wait = self.closings.begin_anew(self.now_ms(), is_urgent);
        tokio::select! {
            () = sleep(wait) => {}
            () = line.inbox.urgent_comes() => {}
        }
        let renewed = self.renew(line, self.timeout()).await;
        renewed.map_err(Broken::Lost)
    }

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
    fn a_connection_is_left_before_the_gateway_closes_it_until_it_does_so_no_more() {
        let mut closings = Closings::default();
        closings.closed_after(5, false);
        assert!(!closings.leaves(5, true), "once is an accident");
        closings.closed_after(4, true);
        assert!(!closings.leaves(4, true), "a unit's, perhaps");
        closings.closed_after(5, false);
        assert!(!closings.leaves(3, false) && closings.leaves(4, true));
        let left = (0..200).filter(|_| closings.leaves(4, false)).count();
        assert_eq!(left, 196, "one of fifty is tried");
        assert!(
            !closings.leaves(5, false) && !closings.leaves(4, false),
            "it answered"
        );
        closings.closed_after(1_000, true);
        closings.closed_after(1_000, true);
        assert!(!closings.leaves(1_000, true), "that is no limit");
    }

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
