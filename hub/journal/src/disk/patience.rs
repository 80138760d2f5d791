//! A disk that hangs: whatever writes, syncs or names a file runs on a thread of its own, and nobody waits for it
//! longer than [`PATIENCE`]. A system call that hangs cannot be taken back, so the thread stays in it; meanwhile
//! the disk counts as one that does not answer, and nothing is begun there that waits for it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a disk may take for one thing. Disks that reset a link or empty a cache take seconds; an opening of
/// people cannot wait for more.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Things that hang on one disk beyond which reading is not tried either: each keeps a thread.
const HANGING_MAX: u64 = 16;

/// By the number of a disk how many things hang there that were given up.
static HANGING: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());

/// The disk on which this file lies, or would.
pub(super) fn disk_of(path: &Path) -> io::Result<u64> {
    let mut above = path.ancestors().map(|above| {
        let is_here = above.as_os_str().is_empty();
        fs::metadata(if is_here { Path::new(".") } else { above })
    });
    let found = above.find_map(Result::ok);
    let none = || io::Error::from(io::ErrorKind::NotFound);
    found.map(|found| found.dev()).ok_or_else(none)
}

/// Fails while something hangs on this disk.
pub(super) fn answers(disk: u64) -> io::Result<()> {
    match guard(&HANGING).contains_key(&disk) {
        true => Err(hangs()),
        false => Ok(()),
    }
}

/// Does what may hang with the disk of this path; see [`PATIENCE`]. For what is done often with one file its
/// [`super::DiskFile`] keeps a thread.
///
/// # Errors
/// What the work says; `TimedOut` when it takes too long, and at once while something hangs on that disk. What was
/// given up goes on, and what it comes to is dropped.
pub fn run<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let disk = disk_of(path)?;
    answers(disk)?;
    Hand::new(disk, PATIENCE).run(work)
}

/// As [`run`] for what only reads, which is tried as well while something hangs there: a disk that takes nothing may
/// be read all the same.
///
/// # Errors
/// As [`run`].
pub fn read<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let disk = disk_of(path)?;
    if guard(&HANGING).get(&disk).copied().unwrap_or_default() >= HANGING_MAX {
        return Err(hangs());
    }
    Hand::new(disk, PATIENCE).run(work)
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
        "a disk does not answer; what was asked of it is given up and goes on"
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
    /// It is asked to do this.
    Asked(Box<dyn FnOnce() + Send>),
    /// It is at it.
    Doing,
    /// It has done it.
    Done,
    /// Nobody waits for what it does any more.
    GivenUp,
    /// The file is closed.
    Over,
}

/// Does what may hang with one file, one thing at a time.
pub(super) struct Hand {
    disk: u64,
    patience: Duration,
    meeting: Arc<Meeting>,
    has_thread: Mutex<bool>,
}

impl Hand {
    /// For a file on this disk. The thread begins with the first thing to do.
    pub(super) fn new(disk: u64, patience: Duration) -> Self {
        Self {
            disk,
            patience,
            meeting: Arc::default(),
            has_thread: Mutex::new(false),
        }
    }

    /// Does it; fails with `TimedOut` when that takes too long, and at once while an earlier thing hangs. What was
    /// given up may still be done.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let come = Arc::new(Mutex::new(None));
        let done = Arc::clone(&come);
        self.work(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            *guard(&done) = Some(result);
        }))?;
        match guard(&come).take() {
            Some(Ok(result)) => result,
            _ => Err(io::Error::other("what was asked of the disk panicked")),
        }
    }

    fn work(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
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
        *turn = Turn::Asked(work);
        self.meeting.moved.notify_all();
        let waits = |turn: &mut Turn| matches!(turn, Turn::Asked(_) | Turn::Doing);
        let waited = self
            .meeting
            .moved
            .wait_timeout_while(turn, self.patience, waits);
        let (mut turn, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *turn) {
            Turn::Done => Ok(()),
            // It has not even begun: nothing of it will be done.
            Turn::Asked(_) => Err(hangs()),
            _ => {
                *turn = Turn::GivenUp;
                begins_to_hang(self.disk);
                Err(hangs())
            }
        }
    }

    fn spawn(&self) -> io::Result<()> {
        let (meeting, disk) = (Arc::clone(&self.meeting), self.disk);
        let thread = std::thread::Builder::new().name("disk".into());
        thread.spawn(move || work(&meeting, disk)).map(drop)
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let mut turn = guard(&self.meeting.turn);
        // What was given up counts until it ends.
        if !matches!(*turn, Turn::GivenUp) {
            *turn = Turn::Over;
        }
        self.meeting.moved.notify_all();
    }
}

/// Does whatever is asked, until the file is closed.
fn work(meeting: &Meeting, disk: u64) {
    loop {
        let turn = guard(&meeting.turn);
        let rests = |turn: &mut Turn| matches!(turn, Turn::Idle | Turn::Done);
        let turn = meeting.moved.wait_while(turn, rests);
        let mut turn = turn.unwrap_or_else(PoisonError::into_inner);
        let Turn::Asked(asked) = std::mem::replace(&mut *turn, Turn::Doing) else {
            return;
        };
        drop(turn);
        asked();
        let mut turn = guard(&meeting.turn);
        match *turn {
            Turn::GivenUp => {
                answers_again(disk);
                *turn = Turn::Idle;
            }
            Turn::Over => return,
            _ => *turn = Turn::Done,
        }
        meeting.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A file whose sync waits for a word, on a disk of its own.
    struct Hanging {
        hand: Hand,
        wait: Arc<Mutex<Receiver<()>>>,
    }

    impl Hanging {
        fn on(disk: u64) -> (Self, Sender<()>) {
            let (go, wait): (Sender<()>, Receiver<()>) = channel();
            let wait = Arc::new(Mutex::new(wait));
            let hand = Hand::new(disk, Duration::from_millis(20));
            (Self { hand, wait }, go)
        }

        fn sync(&self) -> io::Result<()> {
            let wait = Arc::clone(&self.wait);
            let sync = move || guard(&wait).recv().map_err(io::Error::other);
            self.hand.run(sync)
        }
    }

    fn until_it_answers(disk: u64) {
        while answers(disk).is_err() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_hangs_is_given_up_and_the_disk_counts_as_silent_until_it_ends() {
        let (file, go) = Hanging::on(u64::MAX);
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
    fn a_file_that_is_closed_while_it_hangs_counts_until_that_ends() {
        let (file, go) = Hanging::on(u64::MAX - 2);
        assert!(file.sync().is_err());
        drop(file);
        assert!(answers(u64::MAX - 2).is_err());
        go.send(()).unwrap();
        until_it_answers(u64::MAX - 2);
    }

    #[test]
    fn what_is_done_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        assert_eq!(run(&path, || Ok(7)).unwrap(), 7);
        let at = path.clone();
        run(&path, move || File::create(&at)?.sync_all()).unwrap();
        assert!(path.exists());
        let far = dir.path().join("none/of/these/is/there");
        assert_eq!(disk_of(&far).unwrap(), disk_of(&path).unwrap());
    }

    /// Nobody would say that it is done, and the disk would count as silent for ever.
    #[test]
    fn what_panics_is_an_error_and_no_disk_that_hangs() {
        let hand = Hand::new(u64::MAX - 4, PATIENCE);
        let failure = hand.run(|| -> io::Result<()> { panic!("as a library does") });
        assert_eq!(failure.unwrap_err().kind(), io::ErrorKind::Other);
        assert!(answers(u64::MAX - 4).is_ok());
        assert_eq!(hand.run(|| Ok(1)).unwrap(), 1);
    }

    #[test]
    fn what_the_system_says_is_said() {
        let hand = Hand::new(u64::MAX - 3, PATIENCE);
        for _ in 0..2 {
            let eio = || -> io::Result<()> { Err(io::Error::from_raw_os_error(5)) };
            assert_eq!(hand.run(eio).unwrap_err().raw_os_error(), Some(5));
        }
        assert!(answers(u64::MAX - 3).is_ok());
    }
}
