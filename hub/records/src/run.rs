//! The thread that follows the journal, and the face of the records for the rest of the program.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_flow::EntryReader;
use cordon_model::Digest;
use tokio::sync::{Semaphore, watch};

use crate::ask::{Answer, Look, Readers, told};
use crate::config::RecordsConfig;
use crate::fault::{BEHIND, BROKEN, LACKING, STOPPED, behind, fault};
use crate::fold::{Failure, Fold};
use crate::follow::{Follower, Halt, Progress};
use crate::page::{self, Page};
use crate::standing::{FoldStanding, Standing};
use crate::store::set_aside;

/// Between two looks at the journal when nobody says that there is something new.
const IDLE: Duration = Duration::from_secs(1);
/// Between two transactions at the end of the journal: what comes meanwhile shares the next one.
const BREATH: Duration = Duration::from_millis(20);
/// Between two tries while the disk fails.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a question waits for the entry that it asks for, and for its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at the journal for the status page while nothing can be written.
const ASIDE: Duration = Duration::from_millis(200);
/// Entries of one such look at most.
const ASIDE_ENTRIES: u64 = 2_000;
/// Between two updates of what the status page shows, while a long journal is being read.
const PAGE_EVERY: Duration = Duration::from_millis(250);
/// Questions that are answered at once.
const QUESTIONS: usize = 8;

/// Gives the last durable entry and its chain hash; `None` while the journal is not known.
pub type Durable = Arc<dyn Fn() -> Option<(u64, Digest)> + Send + Sync>;

/// What records are made of.
pub struct RecordsParts {
    /// Their file.
    pub file: PathBuf,
    /// The journal.
    pub reader: EntryReader,
    /// How far it is durable.
    pub durable: Durable,
    /// The folds.
    pub folds: Vec<Arc<dyn Fold>>,
    /// Settings.
    pub config: RecordsConfig,
}

/// The records of a running hub.
pub struct Records {
    shared: Arc<Shared>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

struct Shared {
    turn: Mutex<Turn>,
    changed: Condvar,
    standing: watch::Sender<Standing>,
    /// When they were last known to be at the end of the journal.
    at_end: Mutex<Instant>,
    page: RwLock<Arc<Page>>,
    readers: Readers,
    questions: Arc<Semaphore>,
    durable: Durable,
}

#[derive(Debug, Default)]
struct Turn {
    is_woken: bool,
    is_over: bool,
    /// A question found the file damaged.
    unfit: Option<String>,
}

/// What ends a rest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Until {
    /// Something new.
    Woken(Duration),
    /// The end of the program alone.
    Over(Duration),
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_end(&self) -> MutexGuard<'_, Instant> {
        self.at_end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests, and says whether to go on.
    fn rest(&self, until: Option<Until>) -> bool {
        let mut turn = self.turn();
        if let Some(until) = until {
            let (most, by_wake) = match until {
                Until::Woken(most) => (most, true),
                Until::Over(most) => (most, false),
            };
            let rests = |turn: &mut Turn| !(turn.is_over || (by_wake && turn.is_woken));
            let waited = self.changed.wait_timeout_while(turn, most, rests);
            turn = waited.unwrap_or_else(PoisonError::into_inner).0;
            if by_wake {
                turn.is_woken = false;
            }
        }
        !turn.is_over
    }
}

impl Records {
    /// Follows the journal from now on, on a thread of its own.
    ///
    /// # Errors
    /// There is no thread.
    pub fn start(parts: RecordsParts) -> Result<Arc<Self>, Fault> {
        let shared = Arc::new(Shared {
            turn: Mutex::default(),
            changed: Condvar::new(),
            standing: watch::Sender::new(Standing::default()),
            at_end: Mutex::new(Instant::now()),
            page: RwLock::default(),
            readers: Readers::of(&parts.file),
            questions: Arc::new(Semaphore::new(QUESTIONS)),
            durable: Arc::clone(&parts.durable),
        });
        let runner = Runner {
            shared: Arc::clone(&shared),
            parts,
            follower: None,
            rebuilding: None,
            stopped: None,
            again_at: None,
            shown: (0, Instant::now()),
            looked: Instant::now(),
            lacking: 0,
        };
        let thread = std::thread::Builder::new()
            .name("cordon-records".into())
            .spawn(move || runner.run())
            .map_err(|error| fault(STOPPED, format!("there is no thread for them: {error}")))?;
        Ok(Arc::new(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// Says that there is something new in the journal.
    pub fn wake(&self) {
        self.shared.turn().is_woken = true;
        self.shared.changed.notify_all();
    }

    /// Is told each time that rows changed, or how the records stand.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.shared.standing.subscribe()
    }

    /// How they stand now.
    pub fn standing(&self) -> Standing {
        let mut standing = self.shared.standing.borrow().clone();
        if let Some((durable, _)) = (self.shared.durable)() {
            standing.durable = durable;
        }
        if standing.behind() > 0 {
            let since = self.shared.at_end().elapsed().as_millis();
            standing.behind_ms = u64::try_from(since).unwrap_or(u64::MAX);
        }
        standing
    }

    /// What the status page shows of them.
    pub fn page(&self) -> Arc<Page> {
        let page = self.shared.page.read();
        Arc::clone(&page.unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks of the rows of one fold, which hold at least what entry `seen` says.
    ///
    /// # Errors
    /// `J070` when they do not reach that entry in two seconds, `J071` when the fold is broken, `J072` when nothing
    /// can be read, and those of the question.
    pub async fn ask<T: Send + 'static>(
        &self,
        fold: &'static str,
        seen: u64,
        question: impl FnOnce(&Look<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Answer<T>, Fault> {
        let until = tokio::time::Instant::now() + PATIENCE;
        self.reach(fold, seen, until).await?;
        let shared = Arc::clone(&self.shared);
        let asked = async move {
            let kept = Arc::clone(&shared);
            let place = Arc::clone(&shared.questions).acquire_owned().await;
            // Whoever asked may be gone, or tired of waiting, before the question ends.
            let asked = tokio::task::spawn_blocking(move || {
                let answer = kept.readers.ask(fold, question);
                drop(place);
                answer
            });
            asked.await
        };
        match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(failure))) => {
                let (fault, is_unfit) = told(failure);
                if is_unfit {
                    self.shared.turn().unfit = Some(fault.log_text().to_owned());
                    self.wake();
                }
                Err(fault)
            }
            Ok(Err(error)) => {
                Err(fault(STOPPED, "the question was broken off").log(error.to_string()))
            }
            Err(_) => Err(fault(BEHIND, "the records do not answer in time")),
        }
    }

    /// Whether the rows of a fold have all that stands: what expired before they were built may stand and is not among them.
    ///
    /// # Errors
    /// `J074` when they do not.
    pub fn require_whole(&self, fold: &'static str) -> Result<(), Fault> {
        let standing = self.shared.standing.borrow();
        let missing = standing.of(fold).and_then(|known| known.missing);
        match missing {
            None => Ok(()),
            Some(missing) => {
                let last = missing.last;
                let said =
                    format!("the records of {fold} are whole from behind entry {last} alone");
                Err(fault(LACKING, said).log(missing.words()))
            }
        }
    }

    /// Waits until a fold has taken entry `number` in.
    async fn reach(
        &self,
        fold: &'static str,
        number: u64,
        until: tokio::time::Instant,
    ) -> Result<(), Fault> {
        let mut standing = self.shared.standing.subscribe();
        let is_decided = |standing: &Standing| {
            let known = standing.of(fold);
            known.is_some_and(|known| known.number >= number || known.broken.is_some())
        };
        // What came of it is looked at anew.
        drop(tokio::time::timeout_at(until, standing.wait_for(is_decided)).await);
        let standing = self.shared.standing.borrow();
        let known = standing.of(fold);
        let reached = known.map(|known| known.number).unwrap_or_default();
        if known.is_some() && reached >= number {
            return Ok(());
        }
        if let Some(broken) = known.and_then(|known| known.broken.as_ref()) {
            let (entry, words) = (broken.entry, &broken.words);
            let said = format!("the records of {fold} go no further than entry {entry}");
            return Err(fault(BROKEN, said).log(words.clone()));
        }
        match &standing.stopped {
            Some(words) => {
                Err(fault(STOPPED, "the records are not kept at present").log(words.clone()))
            }
            None => Err(behind(fold, reached, number)),
        }
    }

    /// Ends the thread; one that hangs in the disk is left to itself after a while.
    pub async fn stop(&self) {
        self.shared.turn().is_over = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock();
        let thread = thread.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || drop(thread.join()));
            if tokio::time::timeout(PATIENCE, joined).await.is_err() {
                tracing::warn!("the records did not end in time");
            }
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        self.shared.turn().is_over = true;
        self.shared.changed.notify_all();
    }
}

/// A file or some folds that are being built again.
struct Rebuilding {
    why: String,
    since: Instant,
}

struct Runner {
    shared: Arc<Shared>,
    parts: RecordsParts,
    follower: Option<Follower>,
    rebuilding: Option<Rebuilding>,
    stopped: Option<String>,
    /// When the file is tried again.
    again_at: Option<Instant>,
    /// The entry up to which the page shows everything, and since when.
    shown: (u64, Instant),
    /// When it was last looked whether the file is where it was.
    looked: Instant,
    /// Entries whose lack was told, or was known when the file was opened.
    lacking: u64,
}

impl Runner {
    fn run(mut self) {
        loop {
            let rest = match self.round() {
                Ok(rest) => rest,
                Err(Halt::Again(fault)) => self.halted(&fault),
                Err(Halt::Unfit(why)) => self.begin_anew(why),
            };
            if !self.shared.rest(rest) {
                return;
            }
        }
    }

    fn round(&mut self) -> Result<Option<Until>, Halt> {
        if let Some(at) = self.again_at.filter(|at| Instant::now() < *at) {
            self.count_in_memory();
            let left = at.saturating_duration_since(Instant::now());
            return Ok(Some(Until::Over(left.min(ASIDE))));
        }
        if let Some(why) = self.shared.turn().unfit.take() {
            return Err(Halt::Unfit(why));
        }
        let looked = Instant::now();
        let durable = (self.shared.durable)().filter(|(number, _)| *number > 0);
        let Some(durable) = durable else {
            // The journal is not read yet, or the hub has ended.
            return Ok(Some(Until::Woken(IDLE)));
        };
        let mut follower = match self.follower.take() {
            Some(follower) => follower,
            None => {
                let follower = self.open(durable)?;
                self.lacking = lacking(&follower.standing());
                // What is there is shown at once, also where nothing can be added to it.
                let reached = reached(&follower);
                self.show(&follower, reached, true)?;
                follower
            }
        };
        if self.looked.elapsed() >= IDLE {
            self.looked = Instant::now();
            if !follower.is_at(&self.parts.file) {
                let words = "their file was moved away or removed";
                return Err(Halt::Again(fault(STOPPED, words)));
            }
        }
        let progress = follower.step(durable)?;
        self.again_at = None;
        if self.stopped.take().is_some() {
            tracing::info!("the records go on");
        }
        let standing = Standing {
            folds: follower.standing(),
            durable: durable.0,
            ..Standing::default()
        };
        let is_at_end = standing.behind() == 0;
        if is_at_end {
            *self.shared.at_end() = looked;
            self.is_built(durable.0);
            self.tell_lack(&standing);
        }
        self.show(&follower, standing.reached(), is_at_end)?;
        self.follower = Some(follower);
        self.publish(standing);
        Ok(match (progress, is_at_end) {
            (Progress::AtEnd, _) => Some(Until::Woken(IDLE)),
            (Progress::More, true) => Some(Until::Over(BREATH)),
            (Progress::More, false) => None,
        })
    }

    fn open(&mut self, durable: (u64, Digest)) -> Result<Follower, Halt> {
        let parts = &self.parts;
        let follower = Follower::open(
            &parts.file,
            parts.reader.clone(),
            parts.folds.clone(),
            parts.config.days_kept,
            durable,
        )?;
        if !follower.anew().is_empty() && self.rebuilding.is_none() {
            let why = format!("{} have another form", follower.anew().join(", "));
            tracing::warn!(%why, "records are built again from the journal");
            self.rebuilding = Some(Rebuilding {
                why,
                since: Instant::now(),
            });
        }
        Ok(follower)
    }

    /// Tells that what was built again is whole.
    fn is_built(&mut self, number: u64) {
        if let Some(built) = self.rebuilding.take() {
            let took_ms = built.since.elapsed().as_millis();
            tracing::warn!(why = %built.why, entries = number, took_ms, "the records are built again");
        }
    }

    /// Tells once what rows lack that were built of what is left.
    fn tell_lack(&mut self, standing: &Standing) {
        let lacking = lacking(&standing.folds);
        if lacking > std::mem::replace(&mut self.lacking, lacking) {
            let words = standing.lacking();
            let words = words.map(|(fold, missing)| format!("{fold}: {}", missing.words()));
            let words = words.collect::<Vec<_>>().join("; ");
            tracing::warn!(%words, "{LACKING}: the records were built of what is left of the journal");
        }
    }

    /// Shows the status page what is in the rows now.
    fn show(&mut self, follower: &Follower, reached: u64, is_at_end: bool) -> Result<(), Halt> {
        let (shown, at) = self.shown;
        let is_due = is_at_end || at.elapsed() >= PAGE_EVERY;
        // Never back to what was counted in memory already.
        if reached <= shown || !is_due {
            return Ok(());
        }
        let page = match page::read(&follower.rows(), reached) {
            Ok(page) => page,
            Err(Failure::Engine(failure)) => {
                return Err(crate::store::Trouble::from(failure).into());
            }
            Err(Failure::Own(fault)) => return Err(Halt::Again(fault)),
        };
        self.put_page(page);
        Ok(())
    }

    fn put_page(&mut self, page: Page) {
        self.shown = (page.number, Instant::now());
        let kept = self.shared.page.write();
        *kept.unwrap_or_else(PoisonError::into_inner) = Arc::new(page);
    }

    /// While nothing can be written, what the page shows goes on in memory: on a full disk people open gates, and
    /// see what came of it. Where nothing was ever read it stays unknown.
    fn count_in_memory(&mut self) {
        let page = {
            let page = self.shared.page.read();
            Arc::clone(&page.unwrap_or_else(PoisonError::into_inner))
        };
        let durable = (self.shared.durable)().map_or(0, |(number, _)| number);
        if page.number == 0 || page.number >= durable {
            return;
        }
        let to = durable.min(page.number.saturating_add(ASIDE_ENTRIES));
        let Ok(entries) = self.parts.reader.read_range(page.number + 1, to) else {
            return;
        };
        let mut page = (*page).clone();
        for stored in entries.map_while(Result::ok) {
            page.take_in(&stored.entry);
        }
        self.put_page(page);
        let standing = self.shared.standing.borrow().clone();
        self.publish(standing);
    }

    fn publish(&self, standing: Standing) {
        self.shared.standing.send_replace(Standing {
            stopped: self.stopped.clone(),
            rebuilding: self.rebuilding.as_ref().map(|it| it.why.clone()),
            ..standing
        });
    }

    /// Says once that nothing goes on, and lets the file go: the next try opens it.
    fn halted(&mut self, fault: &Fault) -> Option<Until> {
        let words = fault.to_string();
        if self.stopped.as_ref() != Some(&words) {
            tracing::error!(%words, "the records are not kept; the hub goes on without them");
        }
        self.stopped = Some(words);
        self.again_at = Some(Instant::now() + AGAIN);
        self.follower = None;
        self.shared.readers.renew();
        let standing = self.shared.standing.borrow().clone();
        self.publish(standing);
        None
    }

    /// Moves a file that cannot be used out of the way and begins with another.
    fn begin_anew(&mut self, why: String) -> Option<Until> {
        self.follower = None;
        self.shared.readers.renew();
        match set_aside(&self.parts.file) {
            Ok(aside) => {
                let aside = aside.display();
                tracing::warn!(%why, %aside, "J073: the file of records is set aside and built again from the journal");
                let since = Instant::now();
                self.rebuilding = Some(Rebuilding { why, since });
                self.again_at = None;
                let durable = (self.shared.durable)().map_or(0, |(number, _)| number);
                if durable < self.shown.0 {
                    // It was of another journal.
                    self.put_page(Page::default());
                }
                self.publish(Standing::default());
                None
            }
            Err(error) => {
                let words = format!("it cannot be used ({why}) and not be moved away: {error}");
                self.halted(&fault(STOPPED, words))
            }
        }
    }
}

/// How many entries all folds lack together.
fn lacking(folds: &[FoldStanding]) -> u64 {
    let missing = folds.iter().filter_map(|fold| fold.missing);
    missing.map(|missing| missing.entries).sum()
}

/// The last entry that is in every fold which goes on.
fn reached(follower: &Follower) -> u64 {
    let folds = follower.standing();
    Standing {
        folds,
        ..Standing::default()
    }
    .reached()
}
