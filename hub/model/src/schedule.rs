//! When something that repeats is due: a report is built, or pushed. Pure.

use serde::Deserialize;

use crate::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Every so many seconds, or once a day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Seconds from one time to the next.
    EveryS(u32),
    /// `HH:MM` in the park's own time.
    DailyAt(String),
}

impl Schedule {
    /// The latest instant at or before `now`; without a time of day that is `now` itself. `None` when the schedule makes
    /// no sense.
    pub fn last(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.next(now)?;
        Some(match self {
            Self::EveryS(_) => now,
            Self::DailyAt(_) => next.plus_micros(-DAY),
        })
    }

    /// The next instant after `now`; `None` when the schedule makes no sense.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::EveryS(0) => None,
            Self::EveryS(seconds) => Some(now.plus_micros(i64::from(*seconds) * SECOND)),
            Self::DailyAt(text) => {
                let (hour, minute) = text.split_once(':')?;
                let number = |text: &str, below: i64| {
                    let lawful = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                    text.parse::<i64>()
                        .ok()
                        .filter(|number| lawful && *number < below)
                };
                let of_day = (number(hour, 24)? * 3_600 + number(minute, 60)? * 60) * SECOND;
                let local = now.at_offset(Timestamp::PARK_OFFSET_MINUTES);
                let today = local.start_of_day().plus_micros(of_day);
                Some(if today > now {
                    today
                } else {
                    today.plus_micros(DAY)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::Timestamp;

    fn next(schedule: &Schedule, now: &str) -> Option<String> {
        schedule
            .next(now.parse::<Timestamp>().unwrap())
            .map(|next| next.to_string())
    }

    #[test]
    fn the_next_time() {
        let daily = Schedule::DailyAt("02:15".to_owned());
        assert_eq!(
            next(&daily, "2026-03-31T02:14:59+08:00").unwrap(),
            "2026-03-31T02:15:00+08:00"
        );
        assert_eq!(
            next(&daily, "2026-03-31T02:15:00+08:00").unwrap(),
            "2026-04-01T02:15:00+08:00"
        );
        let last = |now: &str| daily.last(now.parse().unwrap()).map(|at| at.to_string());
        assert_eq!(
            last("2026-03-31T02:14:59+08:00").unwrap(),
            "2026-03-30T02:15:00+08:00"
        );
        assert_eq!(
            last("2026-03-31T02:15:00+08:00").unwrap(),
            "2026-03-31T02:15:00+08:00"
        );
        // 18:20 in London is already tomorrow in the park.
        assert_eq!(
            next(&daily, "2026-03-31T18:20:00Z").unwrap(),
            "2026-04-02T02:15:00+08:00"
        );
        assert_eq!(
            next(&Schedule::EveryS(20), "2026-03-31T00:00:00+08:00").unwrap(),
            "2026-03-31T00:00:20+08:00"
        );
        for bad in ["2:15", "24:00", "02:60", "0215", "+2:15"] {
            assert_eq!(
                next(&Schedule::DailyAt(bad.to_owned()), "2026-03-31T00:00:00Z"),
                None,
                "{bad}"
            );
        }
        assert_eq!(next(&Schedule::EveryS(0), "2026-03-31T00:00:00Z"), None);
    }

    #[test]
    fn the_next_build() {
        let next = |schedule: &Schedule, now: &str| schedule.next(now.parse().unwrap());
        let daily = Schedule::DailyAt("00:10".to_owned());
        assert_eq!(
            next(&daily, "2026-03-31T00:10:00+08:00").unwrap(),
            "2026-04-01T00:10:00+08:00".parse().unwrap()
        );
        assert_eq!(
            next(&daily, "2026-03-30T16:09:59Z").unwrap(),
            "2026-03-31T00:10:00+08:00".parse().unwrap()
        );
        for bad in ["1:10", "24:00", "0010", "+1:10"] {
            let bad = Schedule::DailyAt(bad.to_owned());
            assert_eq!(next(&bad, "2026-03-31T00:00:00Z"), None);
        }
        assert_eq!(next(&Schedule::EveryS(0), "2026-03-31T00:00:00Z"), None);
    }
}
