//! What was pushed and what is a dead letter, kept in a small file over restarts.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cordon_contract::{Fault, ReportVersion};
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

#[derive(Debug, Default, Deserialize, Serialize)]
struct Lines {
    /// Highest version taken, by report.
    pushed: BTreeMap<String, u32>,
    dead: Vec<DeadLetter>,
    /// What is due and neither, by report.
    #[serde(default)]
    waiting: BTreeMap<String, Waiting>,
}

/// A report that is to be pushed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Waiting {
    version: u32,
    /// How often it was tried in vain, over restarts.
    tries: u32,
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    file: PathBuf,
    lines: Lines,
}

/// Reports remembered as pushed. Forgetting the oldest costs a push that the platform recognises.
const PUSHED_MAX: usize = 10_000;
/// Dead letters kept. Forgetting the oldest loses no report: it stays in the hub's store, can be
/// pulled, and is tried again as if it were new.
const DEAD_MAX: usize = 10_000;
/// Reports remembered as due. Of more the newest spans are looked at as ever.
const WAITING_MAX: usize = 10_000;

impl Ledger {
    /// Reads the ledger; a missing file is an empty one.
    pub fn open(file: &Path) -> Result<Self, Fault> {
        let lines = match fs::read_to_string(file) {
            Ok(text) => {
                serde_json::from_str(&text).map_err(|error| broken(file, &error.to_string()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Lines::default(),
            Err(error) => return Err(broken(file, &error.to_string())),
        };
        Ok(Self {
            file: file.to_owned(),
            lines,
        })
    }

    /// Whether this version, or a later one, was taken or is a dead letter.
    pub fn settled(&self, report_id: &str, version: u32) -> bool {
        let pushed = self
            .lines
            .pushed
            .get(report_id)
            .is_some_and(|known| *known >= version);
        let same = |letter: &DeadLetter| letter.report_id == report_id && letter.version == version;
        pushed || self.lines.dead.iter().any(same)
    }

    /// These are to be pushed, after a restart too.
    pub fn wait(&mut self, versions: &[ReportVersion]) -> Result<(), Fault> {
        let before = self.lines.waiting.clone();
        for one in versions {
            let waiting = &mut self.lines.waiting;
            let known = waiting.get(&one.report_id);
            if known.is_none_or(|it| it.version != one.version) {
                let new = Waiting {
                    version: one.version,
                    tries: 0,
                };
                waiting.insert(one.report_id.clone(), new);
            }
        }
        while self.lines.waiting.len() > WAITING_MAX {
            self.lines.waiting.pop_first();
        }
        if self.lines.waiting == before {
            return Ok(());
        }
        let written = self.write();
        if written.is_err() {
            // What is not on the disk is written the next time.
            self.lines.waiting = before;
        }
        written
    }

    /// A report was tried in vain: how often so far.
    pub fn tried(&mut self, report_id: &str, version: u32) -> Result<u32, Fault> {
        let waiting = self.lines.waiting.get_mut(report_id);
        let Some(waiting) = waiting.filter(|it| it.version == version) else {
            return Ok(0);
        };
        waiting.tries = waiting.tries.saturating_add(1);
        let tries = waiting.tries;
        self.write().map(|()| tries)
    }

    /// A report is not tried any more: it is not on the shelf.
    pub fn is_gone(&mut self, report_id: &str, version: u32) -> Result<(), Fault> {
        match self.ends(report_id, version) {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// What is due and neither pushed nor a dead letter, by report.
    pub fn waiting(&self) -> Vec<ReportVersion> {
        let waiting = self.lines.waiting.iter();
        let waiting = waiting.map(|(report_id, waiting)| ReportVersion {
            report_id: report_id.clone(),
            version: waiting.version,
        });
        waiting.collect()
    }

    fn ends(&mut self, report_id: &str, version: u32) -> bool {
        let waiting = &mut self.lines.waiting;
        let is_it = waiting
            .get(report_id)
            .is_some_and(|it| it.version <= version);
        is_it && waiting.remove(report_id).is_some()
    }

    /// The platform took a report; it is no dead letter any more.
    pub fn pushed(&mut self, report_id: &str, version: u32) -> Result<(), Fault> {
        let known = self
            .lines
            .pushed
            .entry(report_id.to_owned())
            .or_insert(version);
        *known = version.max(*known);
        if self.lines.pushed.len() > PUSHED_MAX {
            self.lines.pushed.pop_first();
        }
        self.lines
            .dead
            .retain(|letter| letter.report_id != report_id || letter.version != version);
        self.ends(report_id, version);
        self.write()
    }

    /// A report was given up.
    pub fn dead(&mut self, letter: DeadLetter) -> Result<(), Fault> {
        let same = |known: &DeadLetter| {
            known.report_id == letter.report_id && known.version == letter.version
        };
        self.lines.dead.retain(|known| !same(known));
        self.ends(&letter.report_id, letter.version);
        self.lines.dead.push(letter);
        let over = self.lines.dead.len().saturating_sub(DEAD_MAX);
        self.lines.dead.drain(..over);
        self.write()
    }

    /// All dead letters, oldest first.
    pub fn dead_letters(&self) -> &[DeadLetter] {
        &self.lines.dead
    }

    fn write(&self) -> Result<(), Fault> {
        let text = serde_json::to_vec_pretty(&self.lines)
            .map_err(|error| broken(&self.file, &error.to_string()))?;
        let beside = self.file.with_extension("new");
        let written = fs::File::create(&beside).and_then(|mut out| {
            out.write_all(&text)?;
            out.sync_all()
        });
        written
            .and_then(|()| fs::rename(&beside, &self.file))
            .map_err(|error| broken(&self.file, &error.to_string()))
    }
}

fn broken(file: &Path, detail: &str) -> Fault {
    Fault::new("A052", format!("ledger file: {detail}"))
        .at(file.display().to_string())
        .remedy("make the folder writable; a damaged file can be moved away, reports are then pushed again")
}

#[cfg(test)]
mod tests {
    use super::{DEAD_MAX, DeadLetter, Ledger, ReportVersion};
    use cordon_model::Timestamp;

    #[test]
    fn the_list_of_dead_letters_ends_somewhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.json");
        let letter = |version| DeadLetter {
            report_id: "R".to_owned(),
            version,
            since: Timestamp::from_micros(0),
            attempts: 1,
            reason: String::new(),
        };
        let mut ledger = Ledger::open(&file).unwrap();
        ledger.lines.dead = (1..=DEAD_MAX as u32).map(letter).collect();
        ledger.dead(letter(DEAD_MAX as u32 + 1)).unwrap();
        assert_eq!(ledger.dead_letters().len(), DEAD_MAX);
        assert!(!ledger.settled("R", 1) && ledger.settled("R", 2));
    }

    /// What is due is kept over restarts with its tries, until it is pushed, a dead letter or off the shelf.
    #[test]
    fn what_is_due_waits_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.json");
        // Of a program that knew of nothing waiting.
        std::fs::write(&file, r#"{"pushed":{"A":1},"dead":[]}"#).unwrap();
        let due = |report_id: &str, version| ReportVersion {
            report_id: report_id.to_owned(),
            version,
        };
        let mut ledger = Ledger::open(&file).unwrap();
        ledger
            .wait(&[due("A", 2), due("B", 1), due("C", 1), due("D", 1)])
            .unwrap();
        assert_eq!(ledger.tried("B", 1), Ok(1));
        let mut ledger = Ledger::open(&file).unwrap();
        assert_eq!((ledger.tried("B", 1), ledger.tried("B", 2)), (Ok(2), Ok(0)));
        // A newer version takes its place.
        ledger.wait(&[due("B", 2), due("C", 1)]).unwrap();
        assert_eq!(ledger.tried("B", 2), Ok(1));
        ledger.pushed("A", 2).unwrap();
        ledger.is_gone("C", 1).unwrap();
        ledger
            .dead(DeadLetter {
                report_id: "D".to_owned(),
                version: 1,
                since: Timestamp::from_micros(0),
                attempts: 1,
                reason: String::new(),
            })
            .unwrap();
        assert_eq!(Ledger::open(&file).unwrap().waiting(), [due("B", 2)]);
    }

    #[test]
    fn the_ledger_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.json");
        let letter = |version| DeadLetter {
            report_id: "R".to_owned(),
            version,
            since: Timestamp::from_micros(0),
            attempts: 3,
            reason: "answered 422".to_owned(),
        };
        let mut ledger = Ledger::open(&file).unwrap();
        ledger.pushed("R", 1).unwrap();
        ledger.dead(letter(2)).unwrap();
        ledger.dead(letter(2)).unwrap();
        let mut ledger = Ledger::open(&file).unwrap();
        assert!(ledger.settled("R", 1) && ledger.settled("R", 2) && !ledger.settled("R", 3));
        assert_eq!(ledger.dead_letters().len(), 1);
        ledger.pushed("R", 2).unwrap();
        assert!(Ledger::open(&file).unwrap().dead_letters().is_empty());
        std::fs::write(&file, "{").unwrap();
        assert_eq!(Ledger::open(&file).unwrap_err().code(), "A052");
    }
}
