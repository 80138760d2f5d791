//! `[retention]`: how long what is kept lies where.

use std::path::PathBuf;

use cordon_contract::Fault;
use serde::Deserialize;

/// Longest time in days.
const DAYS_MAX: u16 = 36_500;

/// Where old segments of the journal lie, and how long what is kept of what they say.
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
    /// Days after which what was said of passages is forgotten; 0 for never, here and in all of these.
    pub passages_days: u16,
    /// The same of measurements and the states of devices.
    pub readings_days: u16,
    /// The same of alarms.
    pub alarms_days: u16,
    /// The same of audit entries and refusals.
    pub audit_days: u16,
    /// The same of registrations, grants and lists.
    pub registrations_days: u16,
    /// The same of emergencies and modes.
    pub emergency_days: u16,
    /// The same of reports.
    pub reports_days: u16,
    /// Days after which whole segments are removed, wherever they lie.
    pub remove_days: u16,
    /// Hours between two checkpoints of the state; none is made while no segment was sealed since the last.
    pub checkpoint_hours: u16,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self {
            pack_days: 1,
            archive: None,
            archive_days: 365,
            passages_days: 365,
            readings_days: 365,
            alarms_days: 3 * 366,
            audit_days: 3 * 366,
            registrations_days: 3_653,
            emergency_days: 3_653,
            reports_days: 3_653,
            remove_days: 0,
            checkpoint_hours: 24,
        }
    }
}

impl RetentionSection {
    /// What contradicts itself.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (field, days) in self.days() {
            if days > DAYS_MAX {
                let words = format!("{days} days are more than {DAYS_MAX}");
                faults.push(wrong(words, field).remedy("365 days suit most parks"));
            }
        }
        if self.archive.is_some() && self.archive_days < self.pack_days {
            let words = "only packed segments are moved, so none goes before it is packed";
            faults.push(wrong(words, "archive_days").remedy("let it be no less than pack_days"));
        }
        for (field, days) in self.kept() {
            if days > 0 && days < self.pack_days {
                let words = "what is not packed yet cannot be forgotten";
                faults.push(wrong(words, field).remedy("let it be no less than pack_days"));
            }
            if self.remove_days > 0 && (days == 0 || days > self.remove_days) {
                let words = format!("{field} says longer, whole segments go sooner");
                let remedy = "let it be no less than the longest time of all";
                faults.push(wrong(words, "remove_days").remedy(remedy));
            }
        }
        if self.checkpoint_hours == 0 {
            let words = "without checkpoints nothing may be forgotten";
            faults.push(wrong(words, "checkpoint_hours").remedy("24 hours suit most parks"));
        }
        faults
    }

    /// What is forgotten before reports over it are built for the last time, which takes `days`.
    pub fn against(&self, days: u32) -> Vec<Fault> {
        let kept = self.kept().into_iter();
        let kept = kept.chain([("remove_days", self.remove_days)]);
        let short = kept.filter(|(_, kept)| *kept > 0 && u32::from(*kept) < days);
        short
            .map(|(field, kept)| {
                let words = format!("{kept} days are fewer than the {days} of reports.days_kept");
                wrong(words, field).remedy("keep what reports count as long as they count it")
            })
            .collect()
    }

    /// How long what is said is kept, by class.
    fn kept(&self) -> [(&'static str, u16); 7] {
        [
            ("passages_days", self.passages_days),
            ("readings_days", self.readings_days),
            ("alarms_days", self.alarms_days),
            ("audit_days", self.audit_days),
            ("registrations_days", self.registrations_days),
            ("emergency_days", self.emergency_days),
            ("reports_days", self.reports_days),
        ]
    }

    fn days(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let where_to = [
            ("pack_days", self.pack_days),
            ("archive_days", self.archive_days),
            ("remove_days", self.remove_days),
        ];
        where_to.into_iter().chain(self.kept())
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
        let faults = read("passages_days = 30\nalarms_days = 0").against(62);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let faults = read("pack_days = 40000").check();
        assert!(
            faults[0].to_string().contains("retention.pack_days"),
            "{faults:?}"
        );
        assert!(toml::from_str::<RetentionSection>("days = 3").is_err());
    }
}
