//! What was pushed, what is a dead letter and what waits, as a small file says it. Pure: `keeper` reads and writes.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::ReportVersion;
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

/// A report that was not taken.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The report.
    pub report_id: String,
    /// Its version.
    pub version: u32,
    /// When it was given up.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why, in words.
    pub reason: String,
}

impl DeadLetter {
    /// How operators name it: report and version.
    pub fn key(&self) -> String {
        format!("{}:{}", self.report_id, self.version)
    }
}

/// A report that is to be pushed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Written")]
struct Waiting {
    version: u32,
    /// How often it was tried in vain, over restarts.
    tries: u32,
    /// In which order they came.
    place: u64,
}

/// How a file may say it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    /// Of a program that counted no tries.
    Version(u32),
    Whole {
        version: u32,
        tries: u32,
        #[serde(default)]
        place: u64,
    },
}

impl From<Written> for Waiting {
    fn from(written: Written) -> Self {
        let (version, tries, place) = match written {
            Written::Version(version) => (version, 0, 0),
            Written::Whole {
                version,
                tries,
                place,
            } => (version, tries, place),
        };
        Self {
            version,
            tries,
            place,
        }
    }
}

/// The ledger.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Ledger {
    /// Highest version taken, by report.
    pushed: BTreeMap<String, u32>,
    dead: Vec<DeadLetter>,
    /// What is due and neither, by report.
    #[serde(default)]
    waiting: BTreeMap<String, Waiting>,
    /// How often it was changed since it was read.
    #[serde(skip)]
    changes: u64,
}

/// Reports remembered as pushed. Forgetting the oldest costs a push that the platform recognises.
const PUSHED_MAX: usize = 10_000;
/// Dead letters kept. Forgetting the oldest loses no report: it stays in the hub's store, can be
/// pulled, and is tried again as if it were new.
const DEAD_MAX: usize = 10_000;
/// Reports that wait. Of more the one that waited longest becomes a dead letter.
const WAITING_MAX: usize = 10_000;

/// Reports of a kind that are pushed by a ledger that knows none of them: as many as may be looked back.
const UNKNOWN_MAX: usize = 31;

impl Ledger {
    /// How often it was changed since it was read.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether this version, or a later one, was taken or is a dead letter.
    #[cfg(test)]
    fn settled(&self, report_id: &str, version: u32) -> bool {
        let dead = self.dead.iter();
        self.is_pushed(report_id, version)
            || dead
                .map(|letter| (letter.report_id.as_str(), letter.version))
                .any(|letter| letter == (report_id, version))
    }

    fn is_pushed(&self, report_id: &str, version: u32) -> bool {
        let known = self.pushed.get(report_id);
        known.is_some_and(|known| *known >= version)
    }

    /// Those of these that are not settled are to be pushed, after a restart too.
    pub fn wait(&mut self, versions: &[ReportVersion], now: Timestamp) {
        let dead = self.dead.iter();
        let dead: BTreeSet<_> = dead
            .map(|letter| (letter.report_id.as_str(), letter.version))
            .collect();
        let is_settled = |it: &ReportVersion| {
            self.is_pushed(&it.report_id, it.version)
                || dead.contains(&(it.report_id.as_str(), it.version))
        };
        let open: Vec<_> = versions.iter().filter(|it| !is_settled(it)).collect();
        let last = self.waiting.values().map(|it| it.place).max();
        let mut place = last.unwrap_or_default();
        for ReportVersion { report_id, version } in open {
            let known = self.waiting.get(report_id).copied();
            if known.is_some_and(|it| it.version == *version) {
                continue;
            }
            place = place.saturating_add(1);
            let new = Waiting {
                version: *version,
                tries: 0,
                // A newer version takes the older one's place.
                place: known.map_or(place, |it| it.place),
            };
            self.waiting.insert(report_id.clone(), new);
            self.changes += 1;
        }
        while self.waiting.len() > WAITING_MAX {
            let Some(ReportVersion { report_id, version }) = self.next(|_| true) else {
                break;
            };
            self.dead(DeadLetter {
                attempts: self.waiting.get(&report_id).map_or(0, |it| it.tries),
                report_id,
                version,
                since: now,
                reason: format!("{WAITING_MAX} newer reports wait"),
            });
        }
    }

    /// What of these was never taken, given up or due, behind the first one that was: what was built while nothing
    /// could be pushed. Of the newest whatever is known, and no more: a new platform is not told years.
    pub fn passed_over(&self, mut built: Vec<ReportVersion>) -> Vec<ReportVersion> {
        let dead = self.dead.iter().map(|letter| &letter.report_id);
        let known: BTreeSet<_> = dead
            .chain(self.pushed.keys())
            .chain(self.waiting.keys())
            .collect();
        let first = built.iter().position(|it| known.contains(&it.report_id));
        let newest = built.len().saturating_sub(UNKNOWN_MAX);
        let mut behind = built.split_off(first.map_or(newest, |first| first.min(newest)));
        behind.retain(|it| !known.contains(&it.report_id));
        behind
    }

    /// What is to be pushed next, of the reports that are wanted: what came first.
    pub fn next(&self, is_wanted: impl Fn(&str) -> bool) -> Option<ReportVersion> {
        let waiting = self.waiting.iter();
        let wanted = waiting.filter(|(report_id, _)| is_wanted(report_id));
        let next = wanted.min_by_key(|(report_id, it)| (it.place, *report_id));
        next.map(|(report_id, it)| ReportVersion {
            report_id: report_id.clone(),
            version: it.version,
        })
    }

    /// A report was tried in vain: how often so far.
    pub fn tried(&mut self, report_id: &str, version: u32) -> u32 {
        let waiting = self.waiting.get_mut(report_id);
        let Some(waiting) = waiting.filter(|it| it.version == version) else {
            return 0;
        };
        waiting.tries = waiting.tries.saturating_add(1);
        self.changes += 1;
        waiting.tries
    }

    /// A report is not tried any more: it is not on the shelf, or settled.
    pub fn ends(&mut self, report_id: &str, version: u32) {
        let waiting = self.waiting.get(report_id);
        if waiting.is_some_and(|it| it.version <= version) {
            self.waiting.remove(report_id);
            self.changes += 1;
        }
    }

    /// The platform took a report; it is no dead letter any more.
    pub fn pushed(&mut self, report_id: &str, version: u32) {
        let known = self.pushed.entry(report_id.to_owned()).or_insert(version);
        *known = version.max(*known);
        if self.pushed.len() > PUSHED_MAX {
            self.pushed.pop_first();
        }
        self.dead
            .retain(|letter| letter.report_id != report_id || letter.version != version);
        self.ends(report_id, version);
        self.changes += 1;
    }

    /// A report was given up.
    pub fn dead(&mut self, letter: DeadLetter) {
        let same = |known: &DeadLetter| {
            known.report_id == letter.report_id && known.version == letter.version
        };
        self.dead.retain(|known| !same(known));
        self.ends(&letter.report_id, letter.version);
        self.dead.push(letter);
        let over = self.dead.len().saturating_sub(DEAD_MAX);
        self.dead.drain(..over);
        self.changes += 1;
    }

    /// All dead letters, oldest first.
    pub fn dead_letters(&self) -> &[DeadLetter] {
        &self.dead
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn due(report_id: &str, version: u32) -> ReportVersion {
        ReportVersion {
            report_id: report_id.to_owned(),
            version,
        }
    }

    fn letter(report_id: &str, version: u32) -> DeadLetter {
        DeadLetter {
            report_id: report_id.to_owned(),
            version,
            since: NOW,
            attempts: 1,
            reason: String::new(),
        }
    }

    fn read(text: &str) -> Ledger {
        serde_json::from_str(text).unwrap()
    }

    fn again(ledger: &Ledger) -> Ledger {
        read(&serde_json::to_string(ledger).unwrap())
    }

    /// What is to be pushed, in its order.
    fn all(ledger: &Ledger) -> Vec<ReportVersion> {
        let mut ledger = ledger.clone();
        let mut all = Vec::new();
        while let Some(next) = ledger.next(|_| true) {
            ledger.ends(&next.report_id, next.version);
            all.push(next);
        }
        all
    }

    #[test]
    fn the_list_of_dead_letters_ends_somewhere() {
        let mut ledger = Ledger::default();
        let letters = 1..=DEAD_MAX as u32;
        ledger.dead = letters.map(|version| letter("R", version)).collect();
        ledger.dead(letter("R", DEAD_MAX as u32 + 1));
        assert_eq!(ledger.dead_letters().len(), DEAD_MAX);
        assert!(!ledger.settled("R", 1) && ledger.settled("R", 2));
    }

    /// Of too many the one that waits longest is told as given up, whatever its name.
    #[test]
    fn the_list_of_what_waits_ends_somewhere_and_says_so() {
        let mut ledger = Ledger::default();
        let names = (0..WAITING_MAX).rev().map(|n| format!("{n:05}"));
        let many: Vec<_> = names.map(|name| due(&name, 1)).collect();
        ledger.wait(&many, NOW);
        assert!(ledger.dead_letters().is_empty());
        ledger.wait(&[due("00000.more", 1)], NOW);
        assert_eq!(ledger.waiting.len(), WAITING_MAX);
        let given_up = ledger.dead_letters();
        assert_eq!(
            (given_up.len(), &given_up[0].report_id),
            (1, &many[0].report_id)
        );
        assert!(given_up[0].reason.contains("newer reports wait"));
    }

    /// What is due is kept over restarts with its tries, until it is pushed, a dead letter or off the shelf.
    #[test]
    fn what_is_due_waits_over_restarts() {
        // Of a program that knew of nothing waiting.
        let mut ledger = read(r#"{"pushed":{"A":1},"dead":[]}"#);
        let four = [due("D", 1), due("A", 2), due("B", 1), due("C", 1)];
        ledger.wait(&four, NOW);
        assert_eq!(ledger.tried("B", 1), 1);
        let mut ledger = again(&ledger);
        assert_eq!(all(&ledger), four, "in the order in which they came");
        assert_eq!((ledger.tried("B", 1), ledger.tried("B", 2)), (2, 0));
        let before = ledger.changes();
        ledger.wait(&four, NOW);
        assert_eq!(ledger.changes(), before, "nothing new, nothing to write");
        // A newer version takes its place.
        ledger.wait(&[due("E", 1), due("B", 2), due("A", 1)], NOW);
        assert_eq!(ledger.tried("B", 2), 1);
        ledger.pushed("A", 2);
        ledger.ends("C", 1);
        ledger.dead(letter("D", 1));
        assert_eq!(all(&again(&ledger)), [due("B", 2), due("E", 1)]);
    }

    /// Each was written by a program before.
    #[test]
    fn what_waits_is_read_as_earlier_programs_wrote_it() {
        let text = r#"{"pushed":{},"dead":[],"waiting":{"A":2,"B":{"version":3,"tries":4}}}"#;
        let mut ledger = read(text);
        assert_eq!(all(&ledger), [due("A", 2), due("B", 3)]);
        assert_eq!((ledger.tried("A", 2), ledger.tried("B", 3)), (1, 5));
    }

    #[test]
    fn what_was_passed_over_is_all_that_is_unknown_behind_the_first_known() {
        let many = |days: std::ops::Range<usize>| -> Vec<_> {
            days.map(|day| due(&format!("{day:03}"), 1)).collect()
        };
        let built = || many(0..100);
        let mut ledger = Ledger::default();
        assert_eq!(ledger.passed_over(built()), many(69..100), "a new platform");
        // Some of them are pushed before the others are asked for.
        ledger.pushed("098", 1);
        ledger.wait(&[due("099", 1)], NOW);
        assert_eq!(ledger.passed_over(built()), many(69..98));
        ledger.pushed("050", 1);
        ledger.dead(letter("052", 1));
        let behind = [many(51..52), many(53..98)].concat();
        assert_eq!(ledger.passed_over(built()), behind);
    }

    #[test]
    fn what_was_taken_is_no_dead_letter() {
        let mut ledger = Ledger::default();
        ledger.pushed("R", 1);
        ledger.dead(letter("R", 2));
        ledger.dead(letter("R", 2));
        let mut ledger = again(&ledger);
        assert!(ledger.settled("R", 1) && ledger.settled("R", 2) && !ledger.settled("R", 3));
        assert_eq!(ledger.dead_letters().len(), 1);
        ledger.pushed("R", 2);
        assert!(again(&ledger).dead_letters().is_empty());
    }
}
