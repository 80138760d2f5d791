//! A disk that hangs: a sync runs on a thread of its file, and nobody waits for one longer than
//! [`PATIENCE`]. A system call that hangs cannot be taken back, so the thread stays in it; meanwhile the
//! disk counts as one that does not answer, and nothing is begun there that waits for it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// How long a sync may take. Disks that reset a link or empty a cache take seconds; an opening of people
/// cannot wait for more.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// By the number of a disk how many syncs hang there that were given up.
static HANGING: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());

/// The disk on which this file lies, or would.
pub(super) fn disk_of(path: &Path) -> io::Result<u64> {
    let found = fs::metadata(path).or_else(|_| fs::metadata(path.parent().unwrap_or(path)));
    found.map(|found| found.dev())
}

/// Fails while a sync hangs on this disk.
pub(super) fn answers(disk: u64) -> io::Result<()> {
    match guard(&HANGING).contains_key(&disk) {
        true => Err(hangs()),
        false => Ok(()),
    }
}

/// Syncs a file that is synced now and then; see [`PATIENCE`]. For one that is synced often its [`super::DiskFile`]
/// keeps a thread.
///
/// # Errors
/// What the sync says; `TimedOut` when it takes too long, and at once while a sync hangs on that disk.
pub fn sync(file: &File) -> io::Result<()> {
    let disk = file.metadata()?.dev();
    answers(disk)?;
    let file = file.try_clone()?;
    Syncer::new(disk, PATIENCE, move || file.sync_all()).sync()
}

/// Does what may hang with the disk of this path; see [`PATIENCE`].
///
/// # Errors
/// `TimedOut` when it takes too long, and at once while something hangs on that disk. What was given up goes on,
/// and what it comes to is dropped.
pub fn run<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let disk = disk_of(path)?;
    answers(disk)?;
    let work = Mutex::new(Some(work));
    let (done, come) = channel();
    let once = move || {
        if let Some(work) = guard(&work).take() {
            // Nobody waits any more when it was given up.
            let _ = done.send(work());
        }
        Ok(())
    };
    Syncer::new(disk, PATIENCE, once).sync()?;
    come.recv().map_err(io::Error::other)
}

fn hangs() -> io::Error {
    let detail = format!("the disk has not answered for {} s", PATIENCE.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, detail)
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begins_to_hang(disk: u64) {
    *guard(&HANGING).entry(disk).or_default() += 1;
    tracing::error!(
        disk,
        "a disk does not answer; a sync is given up and goes on"
    );
}

fn answers_again(disk: u64) {
    let mut hanging = guard(&HANGING);
    if let Some(count) = hanging.get_mut(&disk) {
        *count -= 1;
        if *count == 0 {
            hanging.remove(&disk);
            tracing::warn!(disk, "the disk answers again");
        }
    }
}

/// Where the one who waits and the thread meet.
#[derive(Default)]
struct Meeting {
    turn: Mutex<Turn>,
    moved: Condvar,
}

#[derive(Default)]
enum Turn {
    /// The thread has nothing to do.
    #[default]
    Idle,
    /// It is asked to sync, or does.
    Asked,
    /// It has.
    Done(io::Result<()>),
    /// Nobody waits for what it does any more.
    GivenUp,
    /// The file is closed.
    Over,
}

/// Syncs one file.
pub(super) struct Syncer {
    disk: u64,
    patience: Duration,
    meeting: Arc<Meeting>,
    sync: Arc<dyn Fn() -> io::Result<()> + Send + Sync>,
    has_thread: Mutex<bool>,
}

impl Syncer {
    /// Of a file on this disk that is synced by `sync`. The thread begins with the first sync.
    pub(super) fn new(
        disk: u64,
        patience: Duration,
        sync: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            disk,
            patience,
            meeting: Arc::default(),
            sync: Arc::new(sync),
            has_thread: Mutex::new(false),
        }
    }

    /// Syncs the file; fails with `TimedOut` when that takes too long, and at once while an earlier one
    /// hangs. What was given up may still become durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        // One at a time: the thread does one.
        let mut has_thread = guard(&self.has_thread);
        if !*has_thread {
            self.spawn()?;
            *has_thread = true;
        }
        let mut turn = guard(&self.meeting.turn);
        if matches!(*turn, Turn::GivenUp) {
            return Err(hangs());
        }
        *turn = Turn::Asked;
        self.meeting.moved.notify_all();
        let waits = |turn: &mut Turn| matches!(turn, Turn::Asked);
        let waited = self
            .meeting
            .moved
            .wait_timeout_while(turn, self.patience, waits);
        let (mut turn, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *turn, Turn::Idle) {
            Turn::Done(result) => result,
            _ => {
                *turn = Turn::GivenUp;
                begins_to_hang(self.disk);
                Err(hangs())
            }
        }
    }

    fn spawn(&self) -> io::Result<()> {
        let (meeting, sync) = (Arc::clone(&self.meeting), Arc::downgrade(&self.sync));
        let disk = self.disk;
        let thread = std::thread::Builder::new().name("journal-sync".into());
        thread.spawn(move || work(&meeting, &sync, disk)).map(drop)
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        let mut turn = guard(&self.meeting.turn);
        // One that was given up counts until it ends.
        if !matches!(*turn, Turn::GivenUp) {
            *turn = Turn::Over;
        }
        self.meeting.moved.notify_all();
    }
}

/// Syncs whenever it is asked, until the file is closed.
fn work(meeting: &Meeting, sync: &Weak<dyn Fn() -> io::Result<()> + Send + Sync>, disk: u64) {
    loop {
        let turn = guard(&meeting.turn);
        let rests = |turn: &mut Turn| matches!(turn, Turn::Idle | Turn::Done(_));
        let turn = meeting.moved.wait_while(turn, rests);
        let asked = matches!(*turn.unwrap_or_else(PoisonError::into_inner), Turn::Asked);
        let Some(sync) = sync.upgrade().filter(|_| asked) else {
            return;
        };
        let result = sync();
        drop(sync);
        let mut turn = guard(&meeting.turn);
        match *turn {
            Turn::GivenUp => {
                answers_again(disk);
                *turn = Turn::Idle;
            }
            Turn::Over => return,
            _ => *turn = Turn::Done(result),
        }
        meeting.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A file whose sync waits for a word, on a disk of its own.
    fn hanging(disk: u64) -> (Syncer, Sender<()>) {
        let (go, wait): (Sender<()>, Receiver<()>) = channel();
        let wait = Mutex::new(wait);
        let sync = move || guard(&wait).recv().map_err(io::Error::other);
        (Syncer::new(disk, Duration::from_millis(20), sync), go)
    }

    fn until_it_answers(disk: u64) {
        while answers(disk).is_err() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_sync_that_hangs_is_given_up_and_the_disk_counts_as_silent_until_it_ends() {
        let (file, go) = hanging(u64::MAX);
        go.send(()).unwrap();
        file.sync().unwrap();
        assert!(answers(u64::MAX).is_ok());
        for _ in 0..3 {
            assert_eq!(file.sync().unwrap_err().kind(), io::ErrorKind::TimedOut);
            assert!(answers(u64::MAX).is_err());
        }
        assert!(answers(u64::MAX - 1).is_ok(), "another disk");
        go.send(()).unwrap();
        until_it_answers(u64::MAX);
        go.send(()).unwrap();
        file.sync().unwrap();
    }

    #[test]
    fn a_file_that_is_closed_while_it_hangs_counts_until_its_sync_ends() {
        let (file, go) = hanging(u64::MAX - 2);
        assert!(file.sync().is_err());
        drop(file);
        assert!(answers(u64::MAX - 2).is_err());
        go.send(()).unwrap();
        until_it_answers(u64::MAX - 2);
    }

    #[test]
    fn what_is_done_comes_back_and_a_file_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        assert_eq!(run(&path, || 7).unwrap(), 7);
        sync(&File::create(&path).unwrap()).unwrap();
    }

    #[test]
    fn what_the_sync_says_is_said() {
        let file = Syncer::new(u64::MAX - 3, PATIENCE, || {
            Err(io::Error::from_raw_os_error(5))
        });
        for _ in 0..2 {
            assert_eq!(file.sync().unwrap_err().raw_os_error(), Some(5));
        }
        assert!(answers(u64::MAX - 3).is_ok());
    }
}
