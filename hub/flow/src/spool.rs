//! Emergency openings, and their releases, that were carried out while the journal could not be written (I2).
//!
//! One JSON object a line. Read when the journal is opened again, journaled with the mark `LATE`, and
//! removed only after that commit, and only when they were read. It should lie on another disk than the
//! journal. Whether that disk is there is asked anew each time: it may be mounted after the start.

use std::collections::VecDeque;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
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
    /// It could not be read; what stands in it is kept until it can.
    unreadable: bool,
    /// A line that stands in it is not whole.
    torn: bool,
    /// Mounts that the way to the file's folder led over at most.
    home: usize,
}

impl Spool {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            home: mounts_on(&path),
            path,
            kept: VecDeque::new(),
            mark: None,
            written: 0,
            unreadable: false,
            torn: false,
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
        self.home = mounts_on(&self.path);
    }

    /// Whether something lies there that was not read: its disk was mounted since, or can be read again.
    pub(crate) fn is_news(&mut self) -> bool {
        self.unreadable || self.found() != self.mark
    }

    /// Whether the path leads to the spool's own disk, or to one that was mounted in its place: the next
    /// start looks there. When it was unmounted the path leads to the folder below the mount, where no
    /// start looks once the disk is back.
    fn is_home(&mut self) -> bool {
        let mounts = mounts_on(&self.path);
        self.home = self.home.max(mounts);
        mounts == self.home
    }

    /// The file as it is now, when it lies on the spool's own disk.
    fn found(&mut self) -> Option<FileMark> {
        self.is_home().then(|| mark_of(&self.path)).flatten()
    }

    fn write(&self, line: &SpoolLine) -> io::Result<FileMark> {
        if mounts_on(&self.path) < self.home {
            return Err(io::Error::other(
                "its disk is not there: its folder lies below the mount",
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
        let read = match self.mark {
            Some(_) => read_file(&self.path).map(|(mark, bytes)| (Some(mark), bytes)),
            None => Ok((None, Vec::new())),
        };
        let bytes = match read {
            Ok((mark, bytes)) => {
                self.mark = mark;
                self.unreadable = false;
                bytes
            }
            Err(error) => {
                if !std::mem::replace(&mut self.unreadable, true) {
                    tracing::error!(%error, path = %self.path.display(), "the emergency spool cannot be read");
                }
                Vec::new()
            }
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        let mut torn = false;
        let read: Vec<SpoolLine> = lines
            .filter_map(|line| match serde_json::from_slice(line) {
                Ok(line) => Some(line),
                Err(error) => {
                    torn = true;
                    let line = String::from_utf8_lossy(line);
                    tracing::warn!(%error, %line, "a torn line of the emergency spool was left out");
                    None
                }
            })
            .collect();
        self.torn = torn;
        self.written = read.len() as u64;
        // Each line of the file stands for one in memory: the same may have happened twice.
        let mut found: Vec<&SpoolLine> = read.iter().collect();
        for kept in &mut self.kept {
            let at = found.iter().position(|line| **line == kept.line);
            kept.stored = at.map(|at| found.remove(at)).is_some();
        }
        read
    }

    /// Whether something was written that nobody knows: a line is not whole.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Whether something may stand in the file that this run could not read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Forgets everything, after it was journaled, and removes the file that was read: another one that
    /// has its name by now holds what nobody read. What cannot be removed is known again by its message ids.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        if self.unreadable {
            return;
        }
        self.written = 0;
        let found = mark_of(&self.path);
        if found.is_none() || found != self.mark {
            self.mark = None;
            return;
        }
        match std::fs::remove_file(&self.path) {
            Ok(()) => self.mark = None,
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "the emergency spool cannot be removed");
            }
        }
    }
}

/// What stands in a file, and which file that is, as far as it was read.
fn read_file(path: &Path) -> io::Result<(FileMark, Vec<u8>)> {
    let mut file = File::open(path)?;
    let (disk, inode, _) = mark(&file.metadata()?);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(((disk, inode, bytes.len() as u64), bytes))
}

fn mark(found: &Metadata) -> FileMark {
    (found.dev(), found.ino(), found.len())
}

fn mark_of(path: &Path) -> Option<FileMark> {
    std::fs::metadata(path).ok().map(|found| mark(&found))
}

/// Over how many mounts the way to the folder of a file leads, or to the nearest one there is above it.
/// A disk that is unmounted is one less, be its number given to another one meanwhile.
fn mounts_on(path: &Path) -> usize {
    let mut above = path.ancestors().skip(1).map(|above| {
        let is_here = above.as_os_str().is_empty();
        std::fs::canonicalize(if is_here { Path::new(".") } else { above })
    });
    let Some(folder) = above.find_map(Result::ok) else {
        return 0;
    };
    let found = folder.ancestors().filter_map(|it| it.metadata().ok());
    let mut disks: Vec<u64> = found.map(|found| found.dev()).collect();
    disks.dedup();
    disks.len().saturating_sub(1)
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
        spool.add(line("a"));
        assert_eq!(spool.waiting(), (1, 0));
        let written = std::fs::read(&path).unwrap();
        // Another disk is seen there.
        spool.home = usize::MAX;
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
        spool.home = usize::MAX;
        spool.clear();
        spool.settle();
        spool.add(line("d"));
        assert_eq!(spool.waiting(), (1, 0));
    }

    /// A folder, and a disk that can be mounted on it.
    struct Mount {
        scratch: tempfile::TempDir,
        disk: tempfile::TempDir,
    }

    impl Mount {
        fn new() -> Self {
            let scratch = tempfile::tempdir().unwrap();
            std::fs::create_dir(scratch.path().join("place")).unwrap();
            let disk = tempfile::tempdir_in("/dev/shm").unwrap();
            let mount = Self { scratch, disk };
            let below = mounts_on(&mount.path());
            assert!(mounts_on(&mount.disk.path().join("spool")) > below);
            mount
        }

        fn path(&self) -> PathBuf {
            self.scratch.path().join("place/spool")
        }

        /// As a mount does: the path leads to the disk, and the folder is hidden.
        fn mount(&self) {
            let place = self.scratch.path().join("place");
            std::fs::rename(&place, self.scratch.path().join("below")).unwrap();
            std::os::unix::fs::symlink(self.disk.path(), place).unwrap();
        }

        fn unmount(&self) {
            let place = self.scratch.path().join("place");
            std::fs::remove_file(&place).unwrap();
            std::fs::rename(self.scratch.path().join("below"), place).unwrap();
        }
    }

    /// The lines of the run before were removed unread, and the new ones lay in memory alone.
    #[test]
    fn a_disk_that_is_mounted_after_the_start_is_the_spools_own() {
        let mount = Mount::new();
        Spool::new(mount.disk.path().join("spool")).add(line("a"));
        let mut spool = Spool::new(mount.path());
        assert_eq!((spool.read(), spool.is_news()), (vec![], false));
        mount.mount();
        assert!(spool.is_news());
        spool.add(line("b"));
        assert_eq!(spool.waiting(), (2, 0));
        assert_eq!(Spool::new(mount.path()).read(), [line("a"), line("b")]);
        assert_eq!(spool.read(), [line("a"), line("b")]);
        spool.clear();
        assert!(!mount.path().exists());
        assert_eq!((spool.waiting(), spool.is_news()), ((0, 0), false));
    }

    /// What lay in the folder below the mount was removed unread, and a disk that was away while the
    /// journal came back was not used again.
    #[test]
    fn what_was_not_read_is_not_removed_and_is_found_later() {
        let mount = Mount::new();
        Spool::new(mount.path()).add(line("below"));
        mount.mount();
        let mut spool = Spool::new(mount.path());
        spool.add(line("a"));
        mount.unmount();
        spool.add(line("b"));
        assert_eq!(spool.waiting(), (0, 2));
        assert_eq!(spool.read(), [line("a"), line("b")]);
        spool.clear();
        spool.settle();
        assert!(spool.is_news());
        assert_eq!(spool.read(), [line("below")]);
        // Another one has its name before it is removed.
        mount.mount();
        spool.clear();
        mount.unmount();
        assert_eq!(Spool::new(mount.path()).read(), [line("below")]);
        mount.mount();
        assert!(spool.is_news());
        assert_eq!(spool.read(), [line("a")]);
        spool.add(line("c"));
        assert_eq!(spool.waiting(), (2, 0));
    }

    #[test]
    fn a_spool_that_can_be_read_again_is_news() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        std::fs::create_dir(&path).unwrap();
        let mut spool = Spool::new(path.clone());
        assert_eq!(spool.read(), []);
        spool.clear();
        assert!(path.exists() && spool.is_news());
        std::fs::remove_dir(&path).unwrap();
        Spool::new(path).add(line("a"));
        assert_eq!((spool.read(), spool.is_news()), (vec![line("a")], false));
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
