//! When a report is built. Pure.

use cordon_model::Timestamp;
use serde::Deserialize;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Every so many seconds, or once a day; written as in a regulator section.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Seconds between two builds.
    EveryS(u32),
    /// `HH:MM` in the park's own time.
    DailyAt(String),
}

impl Schedule {
    /// The next instant after `now`; `None` when the schedule makes no sense.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::EveryS(0) => None,
            Self::EveryS(seconds) => Some(now.plus_micros(i64::from(*seconds) * SECOND)),
            Self::DailyAt(text) => {
                let at = minutes(text)? * 60 * SECOND;
                let local = now.at_offset(Timestamp::PARK_OFFSET_MINUTES);
                let today = local.start_of_day().plus_micros(at);
                Some(if today > now {
                    today
                } else {
                    today.plus_micros(DAY)
                })
            }
        }
    }
}

/// Minutes since midnight of `HH:MM`.
fn minutes(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: i64| {
        let lawful = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>()
            .ok()
            .filter(|number| lawful && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn the_next_time() {
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
