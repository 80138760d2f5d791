//! How far each class has come, in a file: without it all is looked at again, and nothing is forgotten twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use cordon_journal::{FaultKind, JournalFault};
use serde::{Deserialize, Serialize};

use super::Class;

/// What was done, and what was said.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Done {
    /// The last segment that was looked through for each class.
    through: BTreeMap<String, u64>,
    /// Those before it that could not be.
    left: BTreeMap<String, BTreeSet<u64>>,
    /// The last segment that was removed, or was about to be.
    removed: u64,
    /// Segments of which an entry says that something goes, while it has not gone.
    said: BTreeSet<u64>,
    /// Segments of which an entry says that what should go could not.
    failed: BTreeSet<u64>,
    /// The one of which an entry says that it could not be removed.
    unremoved: u64,
}

impl Done {
    /// What the file says; nothing where it is not there or cannot be read. One of an earlier program says how far each class came.
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap_or_default();
        let earlier = || {
            let through = serde_json::from_slice(&text).unwrap_or_default();
            Self {
                through,
                ..Self::default()
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|_| earlier())
    }

    /// Which of these segments were not looked through for a class.
    pub(super) fn open(&self, class: Class, segments: &[u64]) -> Vec<u64> {
        let through = self.through(class);
        let left = self.left.get(class.name());
        let is_open =
            |number: &&u64| **number > through || left.is_some_and(|left| left.contains(number));
        segments.iter().filter(is_open).copied().collect()
    }

    pub(super) fn through(&self, class: Class) -> u64 {
        self.through.get(class.name()).copied().unwrap_or_default()
    }

    pub(super) fn removed(&self) -> u64 {
        self.removed
    }

    /// One was looked through for a class; all before it that were not, whether they can be or not, are left. `from` is the first that may be
    /// there: one that is damaged or away now may be whole later.
    pub(super) fn note(&mut self, class: Class, segment: u64, from: u64) {
        let through = self.through(class).max(segment);
        let before: Vec<u64> = (from.max(self.removed + 1)..through).collect();
        let mut left: BTreeSet<u64> = self.open(class, &before).into_iter().collect();
        left.remove(&segment);
        let name = class.name().to_owned();
        self.through.insert(name.clone(), through);
        match left.is_empty() {
            true => drop(self.left.remove(&name)),
            false => drop(self.left.insert(name, left)),
        }
    }

    /// One is about to be removed.
    pub(super) fn note_removed(&mut self, segment: u64) {
        self.removed = self.removed.max(segment);
    }

    pub(super) fn is_said(&self, segment: u64) -> bool {
        self.said.contains(&segment)
    }

    /// An entry says that it goes, or something of it, whatever one said before.
    pub(super) fn note_said(&mut self, segment: u64) {
        self.said.insert(segment);
        self.failed.remove(&segment);
    }

    /// An entry says that it, or something of it, stays.
    pub(super) fn has_failed(&self, segment: u64) -> bool {
        self.failed.contains(&segment) || self.unremoved == segment
    }

    /// An entry says that something of it stays, and none behind that it goes.
    pub(super) fn has_failed_since(&self, segment: u64) -> bool {
        self.failed.contains(&segment)
    }

    /// An entry says that it stays: as a whole, or something of it.
    pub(super) fn note_failed(&mut self, segment: u64, is_whole: bool) {
        match is_whole {
            true if !self.said.contains(&segment) => self.unremoved = segment,
            _ => drop(self.failed.insert(segment)),
        }
    }

    /// Nothing of it is owed any more; as long as it is not gone, what was said of it as a whole holds.
    pub(super) fn settle(&mut self, segment: u64) {
        self.said.remove(&segment);
        self.failed.remove(&segment);
    }

    /// Durable when this returns.
    pub(super) fn write(&self, path: &Path) -> Result<(), JournalFault> {
        write_durably(path, self)
    }
}

/// Writes a file anew, durable when this returns.
pub(super) fn write_durably(path: &Path, what: &impl Serialize) -> Result<(), JournalFault> {
    let draft = path.with_extension("json.new");
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec(what)?)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error: std::io::Error| {
        let place = path.display().to_string();
        JournalFault::new(FaultKind::Write, place, format!("writing: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_is_left_and_what_was_removed_is_not() {
        let mut done = Done::default();
        done.note(Class::Passages, 1, 1);
        done.note(Class::Passages, 5, 1);
        assert_eq!(done.open(Class::Passages, &[1, 2, 5, 6]), [2, 6]);
        assert_eq!(done.open(Class::Passages, &[3, 4]), [3, 4]);
        done.note_removed(3);
        done.note(Class::Passages, 6, 1);
        assert_eq!(done.left[Class::Passages.name()], BTreeSet::from([4]));
    }

    #[test]
    fn what_is_said_of_a_whole_segment_holds_while_bodies_of_it_go() {
        let mut done = Done::default();
        done.note_failed(3, true);
        done.note_said(3);
        assert!(!done.has_failed_since(3), "it is not said twice");
        done.settle(3);
        assert!(done.has_failed(3) && !done.has_failed(4));
    }

    #[test]
    fn what_is_passed_over_is_left_and_what_an_earlier_program_wrote_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("forgotten.json");
        std::fs::write(&path, r#"{"passages":2}"#).unwrap();
        let mut done = Done::read(&path);
        let all = [1, 2, 3, 4, 5];
        assert_eq!(done.open(Class::Passages, &all), [3, 4, 5]);
        assert_eq!(done.open(Class::Alarms, &all), all);
        done.note(Class::Passages, 4, 1);
        assert_eq!(done.open(Class::Passages, &all), [3, 5]);
        done.note_said(3);
        done.write(&path).unwrap();
        let mut done = Done::read(&path);
        assert!(done.is_said(3) && !done.has_failed(3));
        done.note(Class::Passages, 3, 1);
        done.settle(3);
        assert_eq!(done.open(Class::Passages, &all), [5]);
        assert!(!done.is_said(3));
        assert_eq!(
            done.through(Class::Passages),
            4,
            "an older one takes nothing back"
        );
    }
}
