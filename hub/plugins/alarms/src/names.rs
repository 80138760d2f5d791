//! What is counted in one alarm, by the names its source gave: it is over when each of them is.

use std::collections::BTreeSet;

use cordon_model::name::mark;
use serde::{Deserialize, Serialize};

use crate::words::Heard;

/// Names kept of one alarm. Of more it is not known which are over, so people end it.
const NAMES_MAX: usize = 50;

/// The names under which a source told of one alarm, by their marks.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Names {
    lasting: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    /// More were told than are kept.
    beyond: bool,
    /// Some were told without a name: none of the names says when those are over.
    nameless: bool,
    /// Those that are not kept, to know which are told again.
    heard: Heard,
}

impl Names {
    /// One that was raised; whether it is kept.
    pub(crate) fn add(&mut self, id: &str) -> bool {
        let name = mark(id);
        let is_known = self.ended.remove(&name) || self.lasting.contains(&name);
        if !is_known && self.lasting.len().saturating_add(self.ended.len()) >= NAMES_MAX {
            self.beyond = true;
            return false;
        }
        self.lasting.insert(name);
        true
    }

    /// Whether this one is not among those that last. One that is not kept is further when it is told first.
    pub(crate) fn is_further(&mut self, id: &str) -> bool {
        let is_full = self.lasting.len().saturating_add(self.ended.len()) >= NAMES_MAX;
        let name = mark(id);
        match self.lasting.contains(&name) {
            true => false,
            false if self.ended.contains(&name) || !is_full => true,
            false => self.heard.first(id),
        }
    }

    /// Whether this one is kept and not over.
    pub(crate) fn lasts(&self, id: &str) -> bool {
        self.lasting.contains(&mark(id))
    }

    /// Whether an end under this name leaves something that lasts: it is over already, or others are counted beside it. A
    /// name that is none of these is the alarm's own, and means all that is counted in it.
    pub(crate) fn leaves_some(&self, id: &str) -> bool {
        let is_over = self.knows(id) && !self.lasting.contains(&mark(id));
        is_over || self.are_several()
    }

    /// Something that no name says the end of.
    pub(crate) fn add_unknown(&mut self) {
        self.beyond = true;
    }

    /// Whether there are some that no name says the end of.
    pub(crate) fn are_many(&self) -> bool {
        self.beyond
    }

    /// Whether all were told without a name.
    pub(crate) fn are_none(&self) -> bool {
        self.nameless && self.all().next().is_none()
    }

    /// Whether all that lasts was told without a name.
    pub(crate) fn are_left_nameless(&self) -> bool {
        self.nameless && self.lasting.is_empty()
    }

    /// Whether this one is kept.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.lasting.contains(&mark(id)) || self.ended.contains(&mark(id))
    }

    /// One that was raised without a name.
    pub(crate) fn add_nameless(&mut self) {
        self.nameless = true;
    }

    /// One of them is over; whether that was the last. The end of a name says nothing of what has none.
    pub(crate) fn end(&mut self, id: &str) -> bool {
        let name = mark(id);
        if self.lasting.remove(&name) {
            self.ended.insert(name);
        }
        let leaves_nameless = self.nameless && self.ended.contains(&name);
        self.lasting.is_empty() && !self.beyond && !leaves_nameless
    }

    /// Whether more than one of them lasts, as far as is known. Those without a name are one.
    pub(crate) fn are_several(&self) -> bool {
        let nameless = usize::from(self.nameless);
        self.beyond || self.lasting.len().saturating_add(nameless) > 1
    }

    /// All that are kept.
    pub(crate) fn all(&self) -> impl Iterator<Item = &u64> {
        self.lasting.iter().chain(&self.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES_MAX, Names};

    #[test]
    fn it_is_over_with_the_last_and_never_by_itself_when_more_were_told_than_are_kept() {
        let mut names = Names::default();
        assert!(names.add("f-1") && names.add("f-2") && names.are_several());
        assert!(!names.end("f-1") && !names.end("f-1"), "said twice");
        assert!(names.add("f-1") && !names.end("f-2") && names.end("f-1"));
        for number in 2..NAMES_MAX {
            assert!(names.add(&format!("g-{number}")));
        }
        assert!(!names.add("one too many") && names.are_several());
        for number in 2..NAMES_MAX {
            assert!(!names.end(&format!("g-{number}")));
        }
    }
}
