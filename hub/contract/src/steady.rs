//! A clock that counts elapsed time, and does not jump with the machine's.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use cordon_model::Timestamp;

use crate::clock::{Clock, ClockStanding, SystemClock};

/// How far the wall clock may differ and still be followed, microseconds: 2 s.
pub const AGREED_MICROS: i64 = 2_000_000;
/// How long a greater difference has to hold before it is taken for the truth, microseconds: 5 min.
pub const STEADY_MICROS: i64 = 300 * 1_000_000;
/// The same within that time of the beginning: 10 s. A machine that starts with a wrong clock is put right soon after, and
/// what a run began with is no better than what the clock shows then.
pub const STEADY_YOUNG_MICROS: i64 = 10 * 1_000_000;
/// A difference that is followed is closed by at most this part of the time that elapses.
pub const SLEW_PART: i64 = 10;

/// A difference that is not followed.
#[derive(Clone, Copy, Debug)]
struct Off {
    /// As it was seen first, microseconds.
    offset: i64,
    /// The monotonic reading then.
    since: i64,
}

/// The arithmetic: what is shown, of two readings in microseconds. It asks no clock itself.
#[derive(Clone, Debug)]
pub struct SteadyHand {
    shown: i64,
    monotonic: i64,
    off: Option<Off>,
    /// The monotonic reading at the beginning.
    began: i64,
    standing: ClockStanding,
}

impl SteadyHand {
    /// Begins with what the wall clock shows.
    pub fn new(wall: i64, monotonic: i64) -> Self {
        Self {
            shown: wall,
            monotonic,
            off: None,
            began: monotonic,
            standing: ClockStanding::default(),
        }
    }

    /// The time at these readings: the last shown time plus what elapsed, led gently to a wall clock
    /// within [`AGREED_MICROS`]. One further away is followed, in one step and in either direction,
    /// once it has kept its distance for [`STEADY_MICROS`], soon after the beginning for [`STEADY_YOUNG_MICROS`].
    pub fn read(&mut self, wall: i64, monotonic: i64) -> i64 {
        let elapsed = monotonic.saturating_sub(self.monotonic).max(0);
        self.monotonic = self.monotonic.max(monotonic);
        self.shown = self.shown.saturating_add(elapsed);
        let offset = wall.saturating_sub(self.shown);
        if is_near(offset) {
            self.off = None;
            let most = elapsed / SLEW_PART;
            self.shown = self.shown.saturating_add(offset.clamp(-most, most));
        } else {
            self.note_off(offset);
        }
        self.standing.offset_micros = wall.saturating_sub(self.shown);
        self.standing.is_off = self.off.is_some();
        self.shown
    }

    fn note_off(&mut self, offset: i64) {
        let fresh = Off {
            offset,
            since: self.monotonic,
        };
        let off = self
            .off
            .filter(|off| is_near(offset.saturating_sub(off.offset)))
            .unwrap_or(fresh);
        self.off = Some(off);
        let is_young = self.monotonic.saturating_sub(self.began) < STEADY_MICROS;
        let steady = match is_young {
            true => STEADY_YOUNG_MICROS,
            false => STEADY_MICROS,
        };
        if self.monotonic.saturating_sub(off.since) >= steady {
            self.off = None;
            self.shown = self.shown.saturating_add(offset);
            self.standing.steps = self.standing.steps.saturating_add(1);
            let stepped = &mut self.standing.stepped_micros;
            *stepped = stepped.saturating_add(offset);
        }
    }

    /// How the wall clock stood at the last reading.
    pub fn standing(&self) -> ClockStanding {
        self.standing
    }
}

fn is_near(micros: i64) -> bool {
    micros.unsigned_abs() <= AGREED_MICROS.unsigned_abs()
}

/// The machine's clock, read through a [`SteadyHand`]: a wall clock that jumps moves nothing.
#[derive(Debug)]
pub struct SteadyClock {
    began: Instant,
    hand: Mutex<SteadyHand>,
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            hand: Mutex::new(SteadyHand::new(SystemClock.now().micros(), 0)),
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.times().0
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = Timestamp::from_micros(hand.read(SystemClock.now().micros(), elapsed));
        (now, hand.standing().without_steps(now))
    }

    fn standing(&self) -> ClockStanding {
        let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        hand.standing()
    }
}

#[cfg(test)]
mod tests {
    use super::{STEADY_MICROS, SteadyHand};

    const S: i64 = 1_000_000;
    const DAY: i64 = 86_400 * S;
    const NOON: i64 = 1_790_000_000 * S;

    #[test]
    fn a_day_ahead_for_three_seconds_and_back_moves_nothing() {
        let mut hand = SteadyHand::new(NOON, 0);
        let mut offs = 0;
        for second in 1..=20 {
            let ahead = if (5..8).contains(&second) { DAY } else { 0 };
            let was = hand.standing().is_off;
            let shown = hand.read(NOON + second * S + ahead, second * S);
            assert_eq!(shown, NOON + second * S, "at second {second}");
            assert_eq!(hand.standing().offset_micros, ahead);
            offs += u32::from(hand.standing().is_off && !was);
        }
        assert_eq!(offs, 1, "told once");
        assert_eq!(hand.standing().steps, 0);
    }

    #[test]
    fn a_day_behind_for_three_seconds_moves_nothing() {
        let mut hand = SteadyHand::new(NOON, 0);
        assert_eq!(hand.read(NOON - DAY + S, S), NOON + S);
        assert!(hand.standing().is_off);
        assert_eq!(hand.read(NOON + 2 * S, 2 * S), NOON + 2 * S);
        assert!(!hand.standing().is_off);
    }

    #[test]
    fn a_difference_that_holds_is_followed_after_five_minutes_in_both_directions() {
        for away in [DAY, -DAY] {
            let mut hand = SteadyHand::new(NOON, 0);
            let steady = STEADY_MICROS / S;
            for second in 1..=steady {
                hand.read(NOON + second * S, second * S);
            }
            for second in steady + 1..=2 * steady {
                let shown = hand.read(NOON + second * S + away, second * S);
                assert_eq!(shown, NOON + second * S);
            }
            let end = (2 * steady + 1) * S;
            assert_eq!(hand.read(NOON + end + away, end), NOON + end + away);
            let standing = hand.standing();
            assert_eq!((standing.steps, standing.stepped_micros), (1, away));
            assert_eq!((standing.offset_micros, standing.is_off), (0, false));
        }
    }

    /// A machine booted with a wrong clock, the time server put it right, and for five minutes no vehicle came in.
    #[test]
    fn a_clock_that_is_put_right_soon_after_a_start_is_followed_soon() {
        for wrong in [DAY, 400 * S, -3_650 * DAY, -3_600 * S] {
            let mut hand = SteadyHand::new(NOON + wrong, 0);
            for second in 1..8 {
                hand.read(NOON + wrong + second * S, second * S);
            }
            for second in 8..18 {
                let shown = hand.read(NOON + second * S, second * S);
                assert_eq!(shown, NOON + wrong + second * S, "{second}");
            }
            assert_eq!(hand.read(NOON + 18 * S, 18 * S), NOON + 18 * S);
            assert_eq!((hand.standing().steps, hand.standing().is_off), (1, false));
            // One that jumps for three seconds is not, and from five minutes on none is before it has stood for five.
            for (from, until) in [(20, 23), (301, 600)] {
                for second in from..until {
                    let shown = hand.read(NOON + wrong + second * S, second * S);
                    assert_eq!(shown, NOON + second * S, "{second}");
                }
                hand.read(NOON + until * S, until * S);
            }
            assert_eq!(hand.standing().steps, 1);
        }
    }

    /// What is counted as a duration goes by it: no step may use it up, nor lend it more.
    #[test]
    fn without_its_steps_it_shows_what_elapsed() {
        let mut hand = SteadyHand::new(NOON, 0);
        let mut wall = NOON;
        for second in 1..=1_000 {
            wall = match second {
                5..100 => NOON + DAY,
                100..700 => NOON - 1_200 * S,
                _ => NOON + 400 * S,
            };
            let now = hand.read(wall + second * S, second * S);
            let now = cordon_model::Timestamp::from_micros(now);
            let steady = hand.standing().without_steps(now);
            assert_eq!(steady.micros(), NOON + second * S, "{second}");
        }
        assert_eq!(hand.standing().steps, 3);
        assert_eq!(hand.standing().stepped_micros, wall - NOON);
    }

    #[test]
    fn a_difference_that_wanders_is_never_followed() {
        let mut hand = SteadyHand::new(NOON, 0);
        for minute in 1..=60 {
            let now = minute * 60 * S;
            let shown = hand.read(NOON + now + minute * DAY, now);
            assert_eq!(shown, NOON + now);
        }
    }

    #[test]
    fn a_small_difference_is_closed_gently() {
        let mut hand = SteadyHand::new(NOON, 0);
        assert_eq!(hand.read(NOON + 2 * S, S), NOON + S + S / 10);
        assert!(!hand.standing().is_off);
        // And backward, without a step back.
        let mut hand = SteadyHand::new(NOON, 0);
        assert_eq!(hand.read(NOON, S), NOON + S - S / 10);
    }

    #[test]
    fn the_time_within_a_run_never_goes_back_whatever_the_readings() {
        let mut hand = SteadyHand::new(NOON, 0);
        let mut last = NOON;
        for step in 0..200_i64 {
            let wall = NOON + (step * 7_919 % 113 - 56) * DAY / 10;
            let shown = hand.read(wall, step * S);
            assert!(shown >= last);
            last = shown;
        }
        assert_eq!(hand.read(NOON, 0), last, "a monotonic reading that repeats");
    }
}
