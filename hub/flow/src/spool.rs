//! Emergency openings, and their releases, that were carried out while the journal could not be written (I2).
//!
//! One JSON object a line. Read when the journal is opened again, journaled with the mark `LATE`, and
//! removed only after that commit. It should lie on another disk than the journal.

use std::collections::VecDeque;
use std::fs::{Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cordon_contract::OutcomeKind;
use cordon_journal::disk::modes;
use serde::{Deserialize, Serialize};

/// One line of the spool.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpoolLine {
    /// An emergency opening that acted before it was journaled.
    Opening {
        /// When it acted, microseconds.
        at_micros: i64,
        /// Who ordered it.
        sender: String,
        /// The message in canonical form.
        xml: String,
        /// Its message id, when the targets are named.
        #[serde(default)]
        id: Option<String>,
        /// Targets of its orders that acted.
        #[serde(default)]
        acted: Vec<String>,
    },
    /// What came of one of its orders.
    Outcome {
        /// Message id of the opening it follows from.
        #[serde(default)]
        opening: String,
        /// The order's target.
        target: String,
        /// What happened.
        kind: OutcomeKind,
        /// In words.
        detail: String,
    },
}

/// Lines kept in memory until they are journaled; what comes later acts all the same and stands in the
/// file alone, or in the log when that cannot be written.
const KEPT_MAX: usize = 10_000;

/// Which file the spool is, and how long: another one may have taken its name.
type FileMark = (u64, u64, u64);

/// A line of this run.
#[derive(Debug)]
struct Kept {
    line: SpoolLine,
    /// It stands in the file that has the spool's name now.
    stored: bool,
}

/// The spool file, and the lines of this run. These are kept in memory until they are journaled: the file
/// may be gone by then, with its disk or its folder, and another may have its name.
#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
    kept: VecDeque<Kept>,
    /// The file as it was last read or written; none when there was none.
    mark: Option<FileMark>,
    /// Lines in the file, as far as this run knows.
    written: u64,
    /// It could not be read; what stands in it is kept for a run that can.
    unreadable: bool,
    /// Device of the disk the file belongs on.
    home: Option<u64>,
}

impl Spool {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            home: device_of(&path),
            path,
            kept: VecDeque::new(),
            mark: None,
            written: 0,
            unreadable: false,
        }
    }

    /// Adds a line and syncs it. It stays in memory too, so that a line which cannot be written, or whose
    /// file is lost, is written later.
    pub(crate) fn add(&mut self, line: SpoolLine) {
        if self.kept.len() < KEPT_MAX {
            let stored = false;
            self.kept.push_back(Kept { line, stored });
            return self.flush();
        }
        match self.write(&line) {
            Ok(mark) => self.wrote(mark),
            Err(error) => tracing::error!(
                %error, ?line,
                "the emergency spool cannot be written; this line of the log is the record"
            ),
        }
    }

    /// Writes what does not stand in the file, be it that the file is another one by now.
    pub(crate) fn flush(&mut self) {
        if self.found() != self.mark {
            self.load();
        }
        for index in 0..self.kept.len() {
            let Some(kept) = self.kept.get(index).filter(|kept| !kept.stored) else {
                continue;
            };
            match self.write(&kept.line) {
                Ok(mark) => self.wrote(mark),
                Err(error) => {
                    tracing::error!(%error, path = %self.path.display(), line = ?kept.line,
                        "the emergency spool cannot be written; the line is kept in memory");
                    return;
                }
            }
            if let Some(kept) = self.kept.get_mut(index) {
                kept.stored = true;
            }
        }
    }

    /// Lines in the file and lines only in memory.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        let unwritten = self.kept.iter().filter(|kept| !kept.stored).count();
        (self.written, unwritten as u64)
    }

    fn wrote(&mut self, mark: FileMark) {
        self.mark = Some(mark);
        self.written += 1;
    }

    /// Everything is journaled: the disk that has its place now is the spool's own from here on.
    pub(crate) fn settle(&mut self) {
        self.home = device_of(&self.path);
    }

    /// Whether the path leads to the spool's own disk. When that was unmounted it leads to the folder
    /// below the mount, where no start looks once the disk is back.
    fn is_home(&self) -> bool {
        device_of(&self.path) == self.home
    }

    /// The file as it is now, when it lies on the spool's own disk.
    fn found(&self) -> Option<FileMark> {
        self.is_home().then(|| mark_of(&self.path)).flatten()
    }

    fn write(&self, line: &SpoolLine) -> io::Result<FileMark> {
        if !self.is_home() {
            return Err(io::Error::other(
                "its folder lies on another disk than before",
            ));
        }
        if let Some(parent) = self.path.parent() {
            modes::make_dir(parent)?;
        }
        // What an earlier, unfinished write left behind ends at the first byte.
        let mut text = vec![b'\n'];
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
        let mut file = modes::open_new(OpenOptions::new().append(true), &self.path)?;
        file.write_all(&text)?;
        file.sync_data()?;
        file.metadata().map(|found| mark(&found))
    }

    /// Every line, oldest first; what is torn is left out and told in the log. A spool that cannot be
    /// read is told as well, and kept.
    pub(crate) fn read(&mut self) -> Vec<SpoolLine> {
        let mut read = self.load();
        let missing = self.kept.iter().filter(|kept| !kept.stored);
        read.extend(missing.map(|kept| kept.line.clone()));
        read
    }

    /// The lines of the file. Which of those in memory stand there is known afterwards.
    fn load(&mut self) -> Vec<SpoolLine> {
        self.mark = self.found();
        let bytes = if self.is_home() {
            std::fs::read(&self.path)
        } else {
            Ok(Vec::new())
        };
        self.unreadable = false;
        let bytes = bytes.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!(%error, path = %self.path.display(), "the emergency spool cannot be read");
                self.unreadable = true;
            }
            Vec::new()
        });
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        let read: Vec<SpoolLine> = lines
            .filter_map(|line| match serde_json::from_slice(line) {
                Ok(line) => Some(line),
                Err(error) => {
                    tracing::warn!(%error, "a torn line of the emergency spool was left out");
                    None
                }
            })
            .collect();
        self.written = read.len() as u64;
        // Each line of the file stands for one in memory: the same may have happened twice.
        let mut found: Vec<&SpoolLine> = read.iter().collect();
        for kept in &mut self.kept {
            let at = found.iter().position(|line| **line == kept.line);
            kept.stored = at.map(|at| found.remove(at)).is_some();
        }
        read
    }

    /// Whether something may stand in the file that this run could not read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Forgets everything, after it was journaled. What cannot be removed is known again by its
    /// message ids.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        if std::mem::take(&mut self.unreadable) {
            return;
        }
        self.written = 0;
        self.mark = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "the emergency spool cannot be removed");
            }
            _ => {}
        }
    }
}

fn mark(found: &Metadata) -> FileMark {
    (found.dev(), found.ino(), found.len())
}

fn mark_of(path: &Path) -> Option<FileMark> {
    std::fs::metadata(path).ok().map(|found| mark(&found))
}

/// The disk of a file, or of the nearest folder there is above it.
fn device_of(path: &Path) -> Option<u64> {
    let mut above = path.ancestors().map(std::fs::metadata);
    above.find_map(Result::ok).map(|found| found.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str) -> SpoolLine {
        SpoolLine::Outcome {
            opening: "id".into(),
            target: target.into(),
            kind: OutcomeKind::Confirmed,
            detail: String::new(),
        }
    }

    #[test]
    fn a_torn_line_costs_only_itself_and_what_cannot_be_written_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own/spool");
        let mut spool = Spool::new(path.clone());
        spool.add(line("a"));
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"\n{\"outcome\":{\"tar\xff");
        std::fs::write(&path, text).unwrap();
        spool.add(line("b"));
        assert_eq!(spool.read(), [line("a"), line("b")]);
        spool.clear();
        assert!(!path.exists());
        // A folder stands where the file should be.
        std::fs::create_dir(&path).unwrap();
        spool.add(line("c"));
        assert_eq!(spool.waiting(), (0, 1));
        assert_eq!(spool.read(), [line("c")]);
        std::fs::remove_dir(&path).unwrap();
        spool.flush();
        assert_eq!(spool.waiting(), (1, 0));
        assert_eq!(Spool::new(path).read(), [line("c")]);
    }

    /// A disk that was unmounted, and another that took its place: what had been written was forgotten and
    /// lay in a file that nobody found again.
    #[test]
    fn what_is_not_journaled_is_written_again_when_its_file_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, away) = (dir.path().join("disk"), dir.path().join("away"));
        let path = folder.join("spool");
        let mut spool = Spool::new(path.clone());
        for target in ["a", "a", "b"] {
            spool.add(line(target));
        }
        std::fs::rename(&folder, &away).unwrap();
        spool.flush();
        assert_eq!(spool.waiting(), (3, 0));
        spool.add(line("c"));
        let all = [line("a"), line("a"), line("b"), line("c")];
        assert_eq!(Spool::new(path.clone()).read(), all);
        // The first one is back: it lacks what came in between, and nothing is there twice.
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::rename(&away, &folder).unwrap();
        assert_eq!(spool.read(), all);
        spool.flush();
        assert_eq!(Spool::new(path.clone()).read(), all);
        // Emptied under the same name.
        std::fs::write(&path, b"").unwrap();
        assert_eq!(spool.read(), all);
        spool.clear();
        assert_eq!((spool.read(), spool.waiting()), (vec![], (0, 0)));
    }

    /// Lines were written into the folder below an unmounted disk, counted as safe, and hidden by the
    /// next mount.
    #[test]
    fn what_would_lie_on_another_disk_counts_as_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("disk");
        let path = folder.join("spool");
        let mut spool = Spool::new(path.clone());
        let disk = spool.home;
        assert!(disk.is_some(), "known before the folder is made");
        spool.add(line("a"));
        assert_eq!(spool.waiting(), (1, 0));
        let written = std::fs::read(&path).unwrap();
        // Another disk is seen there.
        spool.home = Some(u64::MAX);
        spool.flush();
        spool.add(line("b"));
        assert_eq!(spool.waiting(), (0, 2));
        assert_eq!(spool.read(), [line("a"), line("b")]);
        assert_eq!(std::fs::read(&path).unwrap(), written);
        std::fs::rename(&folder, dir.path().join("away")).unwrap();
        spool.add(line("c"));
        assert!(!folder.exists(), "nothing is made there");
        std::fs::rename(dir.path().join("away"), &folder).unwrap();
        // It is back.
        spool.home = disk;
        spool.flush();
        assert_eq!(spool.waiting(), (3, 0));
        let all = [line("a"), line("b"), line("c")];
        assert_eq!(Spool::new(path).read(), all);
        // What takes its place for good is its disk once everything is journaled.
        spool.home = Some(u64::MAX);
        spool.clear();
        spool.settle();
        spool.add(line("d"));
        assert_eq!(spool.waiting(), (1, 0));
    }

    #[test]
    fn what_is_kept_in_memory_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(dir.path().to_owned());
        for number in 0..KEPT_MAX + 2 {
            spool.kept.push_back(Kept {
                line: line(&number.to_string()),
                stored: false,
            });
            spool.kept.truncate(KEPT_MAX);
        }
        spool.add(line("one more"));
        assert_eq!(spool.waiting(), (0, KEPT_MAX as u64));
    }
}
