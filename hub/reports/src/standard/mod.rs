//! The standard reports: a folder each, and the one list of them.
//!
//! A folder holds what its report counts (`fold.rs`), its form with the documented columns (`mod.rs`),
//! what is said of it (`about.md`) and a document of it (`golden.xml`). `cargo xtask new report NAME`
//! makes one. Whatever names the reports one by one asks this list.

mod alarms;
mod devices;
mod passages;
#[cfg(test)]
pub(crate) mod said;

use cordon_contract::Entry;
use cordon_model::{Message, ReportType, Timestamp};
use serde::{Deserialize, Serialize};

use crate::document::Look;
use crate::table::{Sheet, Table};

/// The reports that this hub builds, in the order in which their figures are stored.
pub const STANDARD: &[&About] = &[&passages::ABOUT, &alarms::ABOUT, &devices::ABOUT];

const COUNT: usize = STANDARD.len();

/// Different hours held at most, more than two years; beyond, the oldest goes and reports cannot reach back to it.
pub(crate) const HOURS_MAX: usize = 20_000;
/// What is said to happen later than this after the hub's time happens now: no honest clock is so far ahead.
const AHEAD: i64 = 3_600_000_000;

/// What is to be known of a report without building it.
#[derive(Debug)]
pub struct About {
    /// Which of the language's reports it is.
    pub kind: ReportType,
    /// Its folder in `hub/reports/src/standard`.
    pub folder: &'static str,
    /// Its title in English; the language has the Chinese one.
    pub title: &'static str,
    /// In half a line, what it tells.
    pub tells: &'static str,
    /// How it counts, as the reference says it.
    pub text: &'static str,
    /// Its sections.
    pub sheets: &'static [&'static Sheet],
    /// Raised whenever what is stored of its figures changes in form or meaning.
    pub form: u32,
}

/// The figures of one report: a pure fold over entries, and the form they are shown in.
pub(crate) trait Report {
    /// What is to be known of it.
    fn about(&self) -> &'static About;

    /// Takes a message into account. When there was no room, gives the first hour that is still held.
    fn book(&mut self, told: &Told<'_>) -> Option<i64>;

    /// Nobody watched between the entry at `_at` and the next.
    fn unwatched(&mut self, _at: i64) {}

    /// The hub's clock was ahead and is right again: what is booked later than `now` is booked at it.
    fn put_right(&mut self, now: i64);

    /// Drops the figures of the hours before `before`.
    fn forget(&mut self, before: i64);

    /// The figures of a span, a table for each of its sheets.
    fn tables(&self, look: &Look<'_>) -> Vec<Table>;
}

/// A message to be booked; test traffic never comes here.
pub(crate) struct Told<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) message: &'a Message,
    /// First hour whose figures are all held: what happened before it is not booked.
    pub(crate) held_from: i64,
    /// When the hub took it in, microseconds.
    pub(crate) now: i64,
}

impl Told<'_> {
    /// When something happened of which the message says that it was at `said`, microseconds.
    pub(crate) fn at(&self, said: Timestamp) -> i64 {
        match said.micros() > self.now.saturating_add(AHEAD) {
            true => self.now,
            false => said.micros(),
        }
    }
}

/// The figures of all reports.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Figures {
    passages: passages::Passages,
    alarms: alarms::Alarms,
    devices: devices::Devices,
}

impl Figures {
    fn each(&self) -> [&dyn Report; COUNT] {
        [&self.passages, &self.alarms, &self.devices]
    }

    fn each_mut(&mut self) -> [&mut dyn Report; COUNT] {
        [&mut self.passages, &mut self.alarms, &mut self.devices]
    }

    /// Books a message in each report. When there was no room, gives the first hour that is held in all.
    pub(crate) fn book(&mut self, told: &Told<'_>) -> Option<i64> {
        let each = self.each_mut().into_iter();
        each.filter_map(|report| report.book(told)).max()
    }

    /// Nobody watched between the entry at `at` and the next.
    pub(crate) fn unwatched(&mut self, at: i64) {
        for report in self.each_mut() {
            report.unwatched(at);
        }
    }

    /// The hub's clock was ahead and is right again: what is booked later than `now` is booked at it.
    pub(crate) fn put_right(&mut self, now: i64) {
        for report in self.each_mut() {
            report.put_right(now);
        }
    }

    /// Drops the figures of the hours before `before`.
    pub(crate) fn forget(&mut self, before: i64) {
        for report in self.each_mut() {
            report.forget(before);
        }
    }

    /// The hours under which passages or counts of the park are booked.
    #[cfg(test)]
    pub(crate) fn hours_of_passages(&self) -> Vec<i64> {
        self.passages.hours_held()
    }

    /// The tables of a report; `None` when this hub does not build it.
    pub(crate) fn tables(&self, kind: ReportType, look: &Look<'_>) -> Option<Vec<Table>> {
        let mut each = self.each().into_iter();
        let report = each.find(|report| report.about().kind == kind)?;
        Some(report.tables(look))
    }
}

/// The types that this hub builds.
pub fn built() -> impl Iterator<Item = ReportType> {
    STANDARD.iter().map(|about| about.kind)
}

/// Whether this hub builds a report.
pub fn is_built(kind: ReportType) -> bool {
    built().any(|built| built == kind)
}

/// The types that this hub builds, in words: `RPT-01, RPT-06 or RPT-07`.
pub fn built_in_words() -> String {
    let mut kinds: Vec<ReportType> = built().collect();
    kinds.sort();
    let names: Vec<&str> = kinds.into_iter().map(ReportType::as_str).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COUNT, Figures, STANDARD, built, built_in_words};

    #[test]
    fn the_list_is_that_of_the_figures_and_names_each_report_once() {
        let figures = Figures::default();
        let stored = figures.each().map(|report| report.about().kind);
        assert!(built().eq(stored), "{stored:?}");
        assert_eq!(built().collect::<BTreeSet<_>>().len(), COUNT);
        let folders: BTreeSet<&str> = STANDARD.iter().map(|about| about.folder).collect();
        assert_eq!(folders.len(), COUNT);
        for kind in built() {
            assert!(built_in_words().contains(kind.as_str()));
        }
    }
}
