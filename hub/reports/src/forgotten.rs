//! What left the journal by rule, as the entries say it that the hub writes before it goes: one form, written and read here.

use std::fmt;

use cordon_model::Retention;

/// By which rule something went.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum GoneBy {
    /// The time of a class of retention: bodies went, and their digests stay.
    Class(Retention),
    /// The time of whole segments.
    Whole,
}

impl GoneBy {
    /// The class, or what goes whole.
    pub fn class(self) -> &'static str {
        match self {
            Self::Class(class) => class.name(),
            Self::Whole => "segment",
        }
    }

    /// Its key in `[retention]`.
    fn key(self) -> String {
        match self {
            Self::Class(class) => format!("{}_days", class.name()),
            Self::Whole => "remove_days".to_owned(),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let classes = Retention::ALL.into_iter().map(Self::Class);
        classes.chain([Self::Whole])
    }
}

/// What went out of one segment by one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gone {
    /// The rule.
    pub by: GoneBy,
    /// Its days.
    pub days: u16,
    /// How many bodies; of whole segments how many of these.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What stands before each in the words of an entry.
const BEFORE: &str = "; by ";

impl Gone {
    /// The rule as the configuration says it.
    pub fn rule(&self) -> String {
        format!("{} = {}", self.by.key(), self.days)
    }

    /// What an entry says of these, behind its other words.
    pub fn words(all: &[Self]) -> String {
        let all = all.iter();
        all.map(|gone| format!("{BEFORE}{gone}")).collect()
    }

    /// What an entry says went; nothing in one of a program that did not count.
    pub fn all_in(detail: &str) -> Vec<Self> {
        detail
            .split(BEFORE)
            .skip(1)
            .filter_map(Self::read)
            .collect()
    }

    fn read(words: &str) -> Option<Self> {
        let words = words.split(';').next()?;
        let (rule, went) = words.split_once(": ")?;
        let (key, days) = rule.split_once(" = ")?;
        let (count, bytes) = went.split_once(", ")?;
        Some(Self {
            by: GoneBy::all().find(|by| by.key() == key)?,
            days: days.parse().ok()?,
            count: count.split(' ').next()?.parse().ok()?,
            bytes: bytes.strip_suffix(" bytes")?.parse().ok()?,
        })
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.by {
            GoneBy::Class(_) => "bodies",
            GoneBy::Whole => "segments",
        };
        let (rule, count, bytes) = (self.rule(), self.count, self.bytes);
        write!(out, "{rule}: {count} {what}, {bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again_among_other_words() {
        let all: Vec<Gone> = GoneBy::all()
            .zip(1..)
            .map(|(by, days)| Gone {
                by,
                days,
                count: u64::from(days) * 7,
                bytes: u64::MAX,
            })
            .collect();
        let words = Gone::words(&all);
        assert_eq!(Gone::all_in(&format!("bodies go, by hand{words}")), all);
        assert_eq!(
            Gone::all_in(&format!("gone{words}; their settings are kept")),
            all
        );
        // All of it is one detail of an entry.
        assert!(words.len() < 1_000, "{}", words.len());
        for other in [
            "bodies up to entry 9 that are kept 30 days or less (passages) go",
            "; by nobody_days = 3: 1 bodies, 2 bytes",
            "; by audit_days = 3: many bodies, 2 bytes",
            "; by audit_days",
        ] {
            assert_eq!(Gone::all_in(other), [], "{other}");
        }
    }
}
