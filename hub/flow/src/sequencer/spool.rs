//! Emergency openings, and their releases, that were carried out while the journal could not be written (I2).
//!
//! One JSON object a line. Read when the journal is opened again, journaled with the mark `LATE`, and
//! removed only after that commit, and only when they were read; a file with lines that cannot be read is kept
//! under another name. It should lie on another disk than the journal. Whether that disk is there is asked
//! anew each time: it may be mounted after the start.

mod file;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use cordon_contract::{OutcomeKind, begin_aside};
use cordon_journal::disk::{Disk as _, RealDisk};
use cordon_model::MessageId;
use serde::{Deserialize, Serialize};

use file::{
    FileMark, Sight, add, keep, lines_of, look, named, put_line, read_file, see, sync_folder,
    write_whole,
};

/// The lines that are whole, as they would be written, and how many are not; for `fuzz/`.
pub(crate) fn read_again(bytes: &[u8]) -> (Vec<u8>, u64) {
    let (lines, damaged) = lines_of(bytes);
    let mut text = Vec::new();
    for line in &lines {
        // Writing into memory does not fail.
        let _ = put_line(&mut text, line);
    }
    (text, damaged)
}

/// One line of the spool.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpoolLine {
    /// An emergency opening that acted before it was journaled.
    Opening {
        /// When it acted, in the time of entries, microseconds.
        at_micros: i64,
        /// What the hub's clock showed then, microseconds; 0 in a line of an older program.
        #[serde(default)]
        clock_micros: i64,
        /// The run of the program in which it acted; 0 in a line of an older one.
        #[serde(default)]
        run: u64,
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
        /// When it was told, microseconds; 0 in a line of an older program.
        #[serde(default)]
        at_micros: i64,
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

/// A file whose last write failed, and how long it was before. What lies behind can be read and is on no disk:
/// after a sync that failed the system forgets what it did not write.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    disk: u64,
    inode: u64,
    sound_bytes: u64,
}

/// A line of this run.
#[derive(Debug)]
struct Kept {
    line: SpoolLine,
    /// It stands in the file that has the spool's name now.
    stored: bool,
}

fn first_half(id: MessageId) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
    [a, b, c, d, e, f, g, h]
}

/// What was found under the spool's name: which file, and whether on the spool's own disk.
type Found = (FileMark, bool);

/// The spool file, and the lines of this run. These are kept in memory until they are journaled: the file
/// may be gone by then, with its disk or its folder, and another may have its name.
#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
    /// This run of the program, as its lines name it.
    run: u64,
    kept: VecDeque<Kept>,
    /// The file as it was last read or written; none when there was none.
    mark: Option<Found>,
    doubt: Option<Doubt>,
    /// Lines in the file, as far as this run knows.
    written: u64,
    /// It could not be read; what stands in it is kept until it can.
    unreadable: bool,
    /// Lines that stand in it and cannot be journaled, because they are not whole.
    damaged: u64,
    /// The file with them was kept under this name.
    kept_at: Option<PathBuf>,
    /// Mounts that the way to the file's folder led over at most.
    home: usize,
    /// A look at the place that is under way.
    looking: Option<Receiver<Sight>>,
}

impl Spool {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            home: see(&path).map_or(0, |sight| sight.mounts),
            path,
            run: u64::from_be_bytes(first_half(MessageId::random())) | 1,
            kept: VecDeque::new(),
            mark: None,
            doubt: None,
            written: 0,
            unreadable: false,
            damaged: 0,
            kept_at: None,
            looking: None,
        }
    }

    /// This run of the program, as its lines name it.
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// Adds a line and syncs it. It stays in memory too, so that a line which cannot be written, or whose
    /// file is lost, is written later.
    pub(crate) fn add(&mut self, line: SpoolLine) {
        if self.kept.len() < KEPT_MAX {
            let stored = false;
            self.kept.push_back(Kept { line, stored });
            return self.flush();
        }
        self.flush();
        let written = match self.is_doubtful() {
            true => Err(io::Error::other("an earlier line could not be written")),
            false => self.write(&line),
        };
        match written {
            Ok(mark) => self.wrote(mark),
            Err(error) => tracing::error!(
                %error, ?line,
                "the emergency spool cannot be written; this line of the log is the record"
            ),
        }
    }

    /// Writes what does not stand in the file, be it that the file is another one by now.
    pub(crate) fn flush(&mut self) {
        if let Err(error) = self.write_all() {
            // The newest: the ones before it were told when they came.
            let (in_memory, line) = (self.waiting().1, self.missing().pop());
            tracing::error!(%error, path = %self.path.display(), in_memory, ?line,
                "the emergency spool cannot be written; its lines are kept in memory");
        }
    }

    fn write_all(&mut self) -> io::Result<()> {
        if self.found()? != self.mark {
            self.load();
        }
        match self.is_doubtful() {
            true => self.write_anew(),
            false => self.write_missing(),
        }
    }

    fn write_missing(&mut self) -> io::Result<()> {
        for index in 0..self.kept.len() {
            let Some(kept) = self.kept.get(index).filter(|kept| !kept.stored) else {
                continue;
            };
            let line = kept.line.clone();
            let mark = self.write(&line)?;
            self.wrote(mark);
            if let Some(kept) = self.kept.get_mut(index) {
                kept.stored = true;
            }
        }
        Ok(())
    }

    /// Lines in the file and lines only in memory. What lies below a mount is no file of the spool's.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        if self.mark.is_some_and(|(_, is_home)| !is_home) {
            return (0, self.kept.len() as u64);
        }
        (self.written, self.missing().len() as u64)
    }

    /// Lines of this run that do not stand in the file.
    fn missing(&self) -> Vec<&SpoolLine> {
        let missing = self.kept.iter().filter(|kept| !kept.stored);
        missing.map(|kept| &kept.line).collect()
    }

    fn wrote(&mut self, mark: FileMark) {
        self.mark = Some((mark, true));
        self.written += 1;
    }

    /// Whether something lies there that was not read: its disk was mounted since, or can be read again. Nobody waits
    /// for that disk: it is looked at beside, and what was seen is told the next time.
    pub(crate) fn is_news(&mut self) -> bool {
        let seen = match self.looking.as_ref().map(Receiver::try_recv) {
            Some(Err(TryRecvError::Empty)) => return false,
            Some(Ok(sight)) => Some(self.found_in(sight)),
            Some(Err(TryRecvError::Disconnected)) | None => None,
        };
        self.look_beside();
        seen.is_some_and(|found| self.unreadable || found != self.mark)
    }

    fn look_beside(&mut self) {
        let (tell, seen) = sync_channel(1);
        let path = self.path.clone();
        let begun = begin_aside(move || {
            // Who asked may have looked himself meanwhile.
            let _ = tell.send(look(&path));
        });
        self.looking = begun.ok().map(|()| seen);
    }

    /// The file as it is now.
    fn found(&mut self) -> io::Result<Option<Found>> {
        // What a look beside saw before this is old.
        self.looking = None;
        see(&self.path).map(|sight| self.found_in(sight))
    }

    /// What was seen, and whether the path leads to the spool's own disk, or to one that was mounted in its place: the
    /// next start looks there. When it was unmounted the path leads to the folder below the mount, where no start looks
    /// once the disk is back.
    fn found_in(&mut self, sight: Sight) -> Option<Found> {
        self.home = self.home.max(sight.mounts);
        let is_home = sight.mounts == self.home;
        sight.mark.map(|mark| (mark, is_home))
    }

    /// Whether the file is one whose last write failed.
    fn is_doubtful(&self) -> bool {
        self.doubt.is_some() && self.sound_bytes().is_some()
    }

    /// How much of the file is on the disk, when its last write failed.
    fn sound_bytes(&self) -> Option<u64> {
        let ((disk, inode, _), _) = self.mark?;
        let doubt = self.doubt.filter(|it| (it.disk, it.inode) == (disk, inode));
        doubt.map(|doubt| doubt.sound_bytes)
    }

    /// Refuses to write where no start looks.
    fn require_home(&self) -> io::Result<()> {
        match see(&self.path)?.mounts < self.home {
            true => Err(io::Error::other(
                "its disk is not there: its folder lies below the mount",
            )),
            false => Ok(()),
        }
    }

    fn write(&mut self, line: &SpoolLine) -> io::Result<FileMark> {
        self.require_home()?;
        let mut text = Vec::new();
        put_line(&mut text, line)?;
        let (before, added) = add(&self.path, text);
        if let (Err(_), Some((disk, inode, sound_bytes))) = (&added, before) {
            self.doubt = Some(Doubt {
                disk,
                inode,
                sound_bytes,
            });
            if let Ok(found) = self.found() {
                self.mark = found;
            }
        }
        added
    }

    /// Writes what is sound, and what does not stand there, to a new file: of what lies behind a write that
    /// failed nobody knows whether it is on the disk, though it can be read.
    fn write_anew(&mut self) -> io::Result<()> {
        self.require_home()?;
        let (_, bytes) = read_file(&self.path)?;
        let sound = self.sound(&bytes);
        let mut text = sound.to_vec();
        for line in self.missing() {
            put_line(&mut text, line)?;
        }
        let new = named(&self.path, ".new");
        let made = write_whole(&new, &text).and_then(|mark| {
            RealDisk.rename(&new, &self.path)?;
            Ok(mark)
        });
        let (disk, inode, bytes) = made.inspect_err(|_| {
            // A half-made one would keep the room that the next try needs.
            let _ = RealDisk.remove(&new);
        })?;
        self.doubt = Some(Doubt {
            disk,
            inode,
            sound_bytes: sound.len() as u64,
        });
        self.mark = Some(((disk, inode, bytes), true));
        sync_folder(&self.path)?;
        self.doubt = None;
        self.written += self.missing().len() as u64;
        for kept in &mut self.kept {
            kept.stored = true;
        }
        Ok(())
    }

    /// The part of what was read that is on the disk.
    fn sound<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let sound = self.sound_bytes().and_then(|it| usize::try_from(it).ok());
        sound.and_then(|sound| bytes.get(..sound)).unwrap_or(bytes)
    }

    /// Every line, oldest first; what is not whole is left out and told in the log. A spool that cannot be
    /// read is told as well, and kept.
    pub(crate) fn read(&mut self) -> Vec<SpoolLine> {
        let mut read = self.load();
        read.extend(self.missing().into_iter().cloned());
        read
    }

    /// The lines of the file. Which of those in memory stand there is known afterwards.
    fn load(&mut self) -> Vec<SpoolLine> {
        let bytes = match self.read_now() {
            Ok(bytes) => {
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
        let (read, damaged) = lines_of(self.sound(&bytes));
        if damaged != self.damaged {
            self.kept_at = None;
        }
        self.damaged = damaged;
        self.written = read.len() as u64;
        // Each line of the file stands for one in memory: the same may have happened twice.
        let mut found: Vec<&SpoolLine> = read.iter().collect();
        for kept in &mut self.kept {
            let at = found.iter().position(|line| **line == kept.line);
            kept.stored = at.map(|at| found.remove(at)).is_some();
        }
        read
    }

    fn read_now(&mut self) -> io::Result<Vec<u8>> {
        self.mark = self.found()?;
        let Some((_, is_home)) = self.mark else {
            return Ok(Vec::new());
        };
        let (mark, bytes) = read_file(&self.path)?;
        self.mark = mark.map(|mark| (mark, is_home));
        Ok(bytes)
    }

    /// Whether something was written that nobody knows: a line is not whole.
    pub(crate) fn is_torn(&self) -> bool {
        self.damaged > 0
    }

    /// Keeps a file with lines that cannot be read under another name, before it is removed: how many such
    /// lines there are, and where they lie.
    pub(crate) fn keep_damaged(&mut self) -> Option<(u64, PathBuf)> {
        if self.damaged == 0 {
            return None;
        }
        if self.kept_at.is_none() {
            match keep(&self.path) {
                Ok(at) => self.kept_at = Some(at),
                Err(error) => {
                    tracing::error!(%error, path = %self.path.display(), "a spool with lines that cannot be read is not kept under another name; it stays");
                }
            }
        }
        let at = self.kept_at.clone().unwrap_or_else(|| self.path.clone());
        Some((self.damaged, at))
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
        let Ok(found) = self.found() else {
            // What lies there is known again by its message ids.
            self.unreadable = true;
            return;
        };
        let found = found.map(|(mark, _)| mark);
        if found.is_none() || found != self.mark.map(|(mark, _)| mark) {
            self.mark = None;
            return;
        }
        if self.damaged > 0 && self.kept_at.is_none() {
            return;
        }
        match RealDisk.remove(&self.path) {
            Ok(()) => {
                (self.mark, self.doubt) = (None, None);
                (self.damaged, self.kept_at) = (0, None);
            }
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "the emergency spool cannot be removed");
            }
        }
    }
}
