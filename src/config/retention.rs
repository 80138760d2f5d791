//! `[retention]`: how long what is kept lies where.

use std::path::PathBuf;

use cordon_contract::Fault;
use serde::Deserialize;

/// Longest time in days.
const DAYS_MAX: u16 = 36_500;

/// Where old segments of the journal lie. Nothing is ever forgotten by it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSection {
    /// Segments whose entries are all older than so many days are kept packed.
    pub pack_days: u16,
    /// Folder, best on another disk, that packed segments are moved to; they stay where they are when not set. It has to
    /// be there: the hub never makes it.
    pub archive: Option<PathBuf>,
    /// Packed segments whose entries are all older than so many days are moved there.
    pub archive_days: u16,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self {
            pack_days: 1,
            archive: None,
            archive_days: 365,
        }
    }
}

impl RetentionSection {
    /// What contradicts itself.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (field, days) in [
            ("pack_days", self.pack_days),
            ("archive_days", self.archive_days),
        ] {
            if days > DAYS_MAX {
                let words = format!("{days} days are more than {DAYS_MAX}");
                faults.push(wrong(words, field).remedy("365 days suit most parks"));
            }
        }
        if self.archive.is_some() && self.archive_days < self.pack_days {
            let words = "only packed segments are moved, so none goes before it is packed";
            faults.push(wrong(words, "archive_days").remedy("let it be no less than pack_days"));
        }
        faults
    }
}

fn wrong(words: impl Into<String>, field: &str) -> Fault {
    Fault::new("K099", words).at(format!("retention.{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RetentionSection {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_contradicts_itself_is_told_with_its_place() {
        assert!(read("").check().is_empty());
        assert!(
            read("archive = \"/a\"\npack_days = 30\narchive_days = 30")
                .check()
                .is_empty()
        );
        let faults = read("archive = \"/a\"\npack_days = 30\narchive_days = 29").check();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].code(), "K099");
        let faults = read("pack_days = 40000").check();
        assert!(
            faults[0].to_string().contains("retention.pack_days"),
            "{faults:?}"
        );
        assert!(toml::from_str::<RetentionSection>("days = 3").is_err());
    }
}
