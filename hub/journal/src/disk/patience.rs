//! A disk that hangs: whatever writes, syncs or names a file runs on a thread of its own, and nobody waits for it
//! longer than [`PATIENCE`]. A system call that hangs cannot be taken back, so the thread stays in it; meanwhile
//! the disk counts as one that does not answer, and nothing is begun there that waits for it. For a while afterwards
//! little is waited for there: it may hang again at once.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a disk may take for one thing. Disks that reset a link or empty a cache take seconds; an opening of
/// people cannot wait for more.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    long: Duration,
    /// On a disk where something was given up: what is done there one after the other, as when a journal is opened
    /// again, must not add up to several times the long one while the disk hangs, answers and hangs again.
    short: Duration,
    /// So long nothing may have been given up there before it counts as a good one again.
    trial: Duration,
    /// A file of which the disk did something so shortly before something else was given up does not hang with that.
    recent: Duration,
}

pub(super) const TIMES: Times = Times {
    long: PATIENCE,
    short: Duration::from_secs(1),
    trial: Duration::from_secs(60),
    recent: Duration::from_secs(3),
};

/// Things that hang on one disk beyond which reading is not tried either: each keeps a thread.
const HANGING_MAX: usize = 16;

/// What is remembered of a disk where something was given up.
struct Silent {
    /// When each thing was given up that goes on.
    hanging: Vec<Instant>,
    /// When it last hung.
    last: Instant,
}

/// By the number of the disk.
static SILENT: Mutex<BTreeMap<u64, Silent>> = Mutex::new(BTreeMap::new());

/// When the first was given up of what hangs there, and how many things do.
fn hanging(disk: u64) -> Option<(Instant, usize)> {
    let silent = guard(&SILENT);
    let hanging = &silent.get(&disk)?.hanging;
    Some((*hanging.iter().min()?, hanging.len()))
}

/// How long one thing may take on this disk now.
fn patience(disk: u64, times: Times) -> Duration {
    let mut silent = guard(&SILENT);
    let Some(known) = silent.get(&disk) else {
        return times.long;
    };
    if !known.hanging.is_empty() || known.last.elapsed() < times.trial {
        return times.short;
    }
    silent.remove(&disk);
    times.long
}

/// How long whoever waits for what others do with this file should wait.
pub(crate) fn patience_at(path: &Path) -> Duration {
    disk_of(path).map_or(PATIENCE, |disk| patience(disk, TIMES))
}

/// Asks the system about a path. Where a share is gone this hangs as all else does there, and which disk that is
/// nobody can say: so while one question about a path hangs, the next about it fails at once.
///
/// # Errors
/// What the question says; `TimedOut` as in [`run`].
pub fn ask<T: Send + 'static>(
    path: &Path,
    question: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let place = place_of(path);
    answers(place)?;
    let at = path.to_owned();
    Hand::new(place, TIMES).run(move || question(&at))
}

/// Stands for the disk of a path that is not known yet; no disk has such a number.
fn place_of(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish() | 1 << 63
}

/// The disk on which this file lies, or would.
pub(super) fn disk_of(path: &Path) -> io::Result<u64> {
    ask(path, disk_now)
}

fn disk_now(path: &Path) -> io::Result<u64> {
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
    hanging(disk).map_or(Ok(()), |_| Err(hangs()))
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
    Hand::new(disk, TIMES).run(work)
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
    Hand::of_reader(disk_of(path)?, TIMES).run(work)
}

fn hangs() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begins_to_hang(disk: u64, given_up: Instant, waited: Duration) {
    let mut silent = guard(&SILENT);
    let known = silent.entry(disk).or_insert(Silent {
        hanging: Vec::new(),
        last: given_up,
    });
    known.hanging.push(given_up);
    known.last = given_up;
    drop(silent);
    tracing::error!(
        disk,
        ?waited,
        "a disk does not answer; what was asked of it is given up and goes on"
    );
}

fn answers_again(disk: u64, given_up: Instant) {
    let mut silent = guard(&SILENT);
    let Some(known) = silent.get_mut(&disk) else {
        return;
    };
    if let Some(at) = known.hanging.iter().position(|it| *it == given_up) {
        known.hanging.swap_remove(at);
    }
    known.last = Instant::now();
    if known.hanging.is_empty() {
        tracing::warn!(disk, "the disk answers again");
    }
}

/// Where the one who waits and the thread meet.
#[derive(Default)]
struct Meeting {
    desk: Mutex<Desk>,
    moved: Condvar,
}

#[derive(Default)]
struct Desk {
    turn: Turn,
    /// The file is closed: nothing more will be asked.
    is_over: bool,
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
    /// Nobody waits for what it does any more, since then.
    GivenUp(Instant),
}

/// What a file's own side knows.
#[derive(Default)]
struct Own {
    has_thread: bool,
    /// When the disk last did what was asked with this file.
    answered: Option<Instant>,
}

/// Does what may hang with one file, one thing at a time.
pub(super) struct Hand {
    disk: u64,
    times: Times,
    only_reads: bool,
    meeting: Arc<Meeting>,
    own: Mutex<Own>,
}

impl Hand {
    /// For a file on this disk. The thread begins with the first thing to do.
    pub(super) fn new(disk: u64, times: Times) -> Self {
        Self {
            disk,
            times,
            only_reads: false,
            meeting: Arc::default(),
            own: Mutex::default(),
        }
    }

    /// As [`Hand::new`] for what only reads.
    pub(super) fn of_reader(disk: u64, times: Times) -> Self {
        let mut hand = Self::new(disk, times);
        hand.only_reads = true;
        hand
    }

    /// Does it; fails with `TimedOut` when that takes too long, and at once while an earlier thing hangs, of this
    /// file or of its disk. What was given up may still be done.
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

    /// Whether it is worth a try: on a disk that hangs it is for a file that the disk was at work with meanwhile. One
    /// file may hang alone, as one that is written whole for long.
    fn may_answer(&self, own: &Own) -> bool {
        match hanging(self.disk) {
            None => true,
            Some((_, count)) if self.only_reads => count < HANGING_MAX,
            Some((given_up, _)) => {
                let answered = own.answered;
                answered.is_some_and(|at| at + self.times.recent > given_up)
            }
        }
    }

    fn work(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        // One at a time: the thread does one.
        let mut own = guard(&self.own);
        if !self.may_answer(&own) {
            return Err(hangs());
        }
        if !own.has_thread {
            self.spawn()?;
            own.has_thread = true;
        }
        let patience = patience(self.disk, self.times);
        let mut desk = guard(&self.meeting.desk);
        if matches!(desk.turn, Turn::GivenUp(_)) {
            return Err(hangs());
        }
        desk.turn = Turn::Asked(work);
        self.meeting.moved.notify_all();
        let waits = |desk: &mut Desk| matches!(desk.turn, Turn::Asked(_) | Turn::Doing);
        let waited = self.meeting.moved.wait_timeout_while(desk, patience, waits);
        let (mut desk, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut desk.turn) {
            Turn::Done => {
                own.answered = Some(Instant::now());
                Ok(())
            }
            // It has not even begun: nothing of it will be done.
            Turn::Asked(_) => Err(hangs()),
            _ => {
                let now = Instant::now();
                desk.turn = Turn::GivenUp(now);
                begins_to_hang(self.disk, now, patience);
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
        // What was given up counts until it ends, and its thread ends with it.
        guard(&self.meeting.desk).is_over = true;
        self.meeting.moved.notify_all();
    }
}

/// Does whatever is asked, until the file is closed.
fn work(meeting: &Meeting, disk: u64) {
    loop {
        let rests = |desk: &mut Desk| !desk.is_over && matches!(desk.turn, Turn::Idle | Turn::Done);
        let desk = meeting.moved.wait_while(guard(&meeting.desk), rests);
        let mut desk = desk.unwrap_or_else(PoisonError::into_inner);
        let Turn::Asked(asked) = std::mem::replace(&mut desk.turn, Turn::Doing) else {
            return;
        };
        drop(desk);
        asked();
        let mut desk = guard(&meeting.desk);
        if let Turn::GivenUp(at) = desk.turn {
            answers_again(disk, at);
            desk.turn = Turn::Idle;
        } else {
            desk.turn = Turn::Done;
        }
        meeting.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const SOON: Times = Times {
        long: Duration::from_millis(20),
        short: Duration::from_millis(20),
        trial: Duration::from_secs(60),
        recent: Duration::ZERO,
    };

    /// A file whose sync waits for a word, on a disk of its own.
    struct Hanging {
        hand: Hand,
        wait: Arc<Mutex<Receiver<()>>>,
    }

    impl Hanging {
        fn on(disk: u64) -> (Self, Sender<()>) {
            Self::with(disk, SOON)
        }

        fn with(disk: u64, times: Times) -> (Self, Sender<()>) {
            let (go, wait): (Sender<()>, Receiver<()>) = channel();
            let wait = Arc::new(Mutex::new(wait));
            let hand = Hand::new(disk, times);
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

    /// Opening a journal again took the whole patience for one thing after the other, longer than an order waits.
    #[test]
    fn where_something_was_given_up_patience_is_short_until_that_is_long_ago() {
        let disk = u64::MAX - 5;
        let times = Times {
            long: Duration::from_millis(20),
            short: Duration::from_millis(10),
            trial: Duration::from_secs(3_600),
            recent: Duration::ZERO,
        };
        assert_eq!(patience(disk, times), times.long);
        let (file, go) = Hanging::with(disk, times);
        assert!(file.sync().is_err());
        assert_eq!(patience(disk, times), times.short);
        go.send(()).unwrap();
        until_it_answers(disk);
        assert_eq!(patience(disk, times), times.short, "it may hang again");
        assert_eq!(patience(disk - 1_000, times), times.long, "another disk");
        let over = Times {
            trial: Duration::ZERO,
            ..times
        };
        assert_eq!(patience(disk, over), times.long);
        assert_eq!(patience(disk, times), times.long, "nothing is remembered");
    }

    /// A file that was open was tried all the same, each for as long as the first.
    #[test]
    fn what_is_open_on_a_disk_that_hangs_fails_at_once_unless_it_was_served_meanwhile() {
        let disk = u64::MAX - 6;
        let never = Times {
            long: Duration::from_secs(3_600),
            short: Duration::from_secs(3_600),
            ..SOON
        };
        let (idle, tell_idle) = Hanging::with(disk, never);
        tell_idle.send(()).unwrap();
        idle.sync().unwrap();
        let (file, go) = Hanging::on(disk);
        assert!(file.sync().is_err());
        let (fresh, _kept) = Hanging::with(disk, never);
        for silent in [&idle, &fresh] {
            assert_eq!(silent.sync().unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(Hand::of_reader(disk, never).run(|| Ok(1)).unwrap(), 1);
        let served = Hand::new(
            disk,
            Times {
                recent: Duration::from_secs(3_600),
                ..never
            },
        );
        guard(&served.own).answered = Some(Instant::now());
        assert_eq!(served.run(|| Ok(2)).unwrap(), 2);
        go.send(()).unwrap();
        until_it_answers(disk);
        tell_idle.send(()).unwrap();
        idle.sync().unwrap();
    }

    /// Each thread stayed for good.
    #[test]
    fn what_was_given_up_leaves_no_thread_behind_when_it_ends() {
        let disk = u64::MAX - 7;
        let apart = |at: u64| disk - 10_000 - at;
        let given_up = (0..20).map(|at| {
            let (file, go) = Hanging::on(apart(at));
            assert!(file.sync().is_err());
            (Arc::downgrade(&file.hand.meeting), go)
        });
        let given_up: Vec<_> = given_up.collect();
        let threads = || given_up.iter().filter(|it| it.0.strong_count() > 0).count();
        assert_eq!(threads(), 20);
        for (_, go) in &given_up {
            go.send(()).unwrap();
        }
        while threads() > 0 {
            std::thread::yield_now();
        }
        for at in 0..20 {
            assert!(answers(apart(at)).is_ok());
        }
        // As that of a file that did well, and of one that is open while its thing ends.
        let (file, go) = Hanging::on(disk);
        assert!(file.sync().is_err());
        go.send(()).unwrap();
        until_it_answers(disk);
        go.send(()).unwrap();
        file.sync().unwrap();
        let thread = Arc::downgrade(&file.hand.meeting);
        drop(file);
        while thread.strong_count() > 0 {
            std::thread::yield_now();
        }
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

    /// A share that was gone held whoever asked where its file lies, for as long as it was.
    #[test]
    fn a_question_about_a_path_that_hangs_is_given_up_and_no_other_is_asked_there() {
        let path = Path::new("/nowhere/of/this/test");
        let (go, wait): (Sender<()>, Receiver<()>) = channel();
        let hangs =
            Hand::new(place_of(path), SOON).run(move || wait.recv().map_err(io::Error::other));
        assert_eq!(hangs.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let never = |_: &Path| -> io::Result<()> { panic!("it is not asked") };
        for _ in 0..2 {
            let told = ask(path, never).unwrap_err();
            assert_eq!(told.kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(ask(Path::new("/"), |_| Ok(1)).unwrap(), 1, "another path");
        go.send(()).unwrap();
        until_it_answers(place_of(path));
        assert_eq!(ask(path, |_| Ok(2)).unwrap(), 2);
    }

    /// Nobody would say that it is done, and the disk would count as silent for ever.
    #[test]
    fn what_panics_is_an_error_and_no_disk_that_hangs() {
        let hand = Hand::new(u64::MAX - 4, TIMES);
        let failure = hand.run(|| -> io::Result<()> { panic!("as a library does") });
        assert_eq!(failure.unwrap_err().kind(), io::ErrorKind::Other);
        assert!(answers(u64::MAX - 4).is_ok());
        assert_eq!(hand.run(|| Ok(1)).unwrap(), 1);
    }

    #[test]
    fn what_the_system_says_is_said() {
        let hand = Hand::new(u64::MAX - 3, TIMES);
        for _ in 0..2 {
            let eio = || -> io::Result<()> { Err(io::Error::from_raw_os_error(5)) };
            assert_eq!(hand.run(eio).unwrap_err().raw_os_error(), Some(5));
        }
        assert!(answers(u64::MAX - 3).is_ok());
    }
}
