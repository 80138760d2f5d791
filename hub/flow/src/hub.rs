//! Putting the parts together, and taking them apart again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Clock, Fault, Shutdown, ShutdownTrigger, Target};
use cordon_journal::{Counters, Position, SpaceLevel, State};
use cordon_model::Digest;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::corridor::Source;
use crate::corridor::device_pace::DevicePace;
use crate::corridor::inbox::Inbox;
use crate::corridor::queue::Queue;
use crate::corridor::submit::Submit;
use crate::corridor::worker::{self, Bench};
use crate::decide::ages::Reach;
use crate::decide::core::Core;
use crate::decide::mode::{Mode, Modes};
use crate::decide::sealer::Sealer;
use crate::decide::terms::InForce;
use crate::fault::{CONFIGURATION, THREAD, fault};
use crate::outbox::supervisor::{Ready, Served, Supervised};
use crate::outbox::{Dispatch, Outbox};
use crate::sequencer::config::{HubConfig, HubParts};
use crate::sequencer::emergency::Emergency;
use crate::sequencer::kit::Kit;
use crate::sequencer::ledger::StateSeat;
use crate::sequencer::startup::Occasion;
use crate::sequencer::{Sequencer, Ties};
use crate::watch::board::Board;
use crate::watch::entry_reader::EntryReader;
use crate::watch::feed::Feed;
use crate::watch::health::{ClockHealth, HubHealth, stalled_ms, words_of};
use crate::watch::lists_told::{KnownLists, ListsTold};
use crate::watch::misread::Misreads;
use crate::watch::stats::Stats;
use crate::watch::vital::Vital;

/// Starts hubs.
#[derive(Clone, Copy, Debug)]
pub struct Hub;

/// A running hub.
pub struct RunningHub {
    ties: Ties,
    misreads: Misreads,
    submit: Submit,
    reader: EntryReader,
    lists: KnownLists,
    trigger: ShutdownTrigger,
    /// Pulled when the adapters have stopped.
    closing: ShutdownTrigger,
    adapters: Vec<Supervised>,
    corridors: Vec<JoinHandle<()>>,
    sequencer: std::thread::JoinHandle<()>,
}

/// By what the age of what the journal of a hub holds is told, while that runs. Cheap to clone.
#[derive(Clone)]
pub struct Aging(Board);

impl Aging {
    /// Where the journal stands, durable; none before the first entry of this run.
    pub fn reach(&self) -> Option<Reach> {
        self.0.lock().reach
    }
}

impl Hub {
    /// Restores the state, steps what came after it, records the start, and only then starts the
    /// adapters. When the disk is at fault the hub runs all the same, in its emergency mode, with what
    /// the configuration says; any other fault says why nothing runs.
    pub async fn start(config: HubConfig, parts: HubParts) -> Result<RunningHub, Fault> {
        config.check()?;
        let sealer = Arc::new(Sealer::new(config.hub.clone(), config.park.clone()));
        let rules = Arc::new(config.rules.clone());
        let in_force = InForce::new(Arc::clone(&config.authority), parts.mappings);
        let pace = config.authority.settings().device_alarms_a_minute;
        let queue = Arc::new(Queue::new(config.queue_max, config.queue_bytes_max));
        let stats = Stats::default();
        let (trigger, shutdown) = Shutdown::pair();
        let (closing, closed) = Shutdown::pair();
        // Ready before anything is restored: orders that were open may leave at once.
        let adapters = parts.adapters.into_iter();
        let adapters: Vec<Ready> = adapters
            .map(|adapter| {
                let clock = Arc::clone(&parts.clock);
                Ready::new(adapter, config.intake_max, clock, shutdown.clone())
            })
            .collect();
        let dispatch = Dispatch::new(
            Arc::clone(&sealer),
            Arc::clone(&parts.clock),
            Arc::clone(&queue),
            stats.clone(),
            shutdown.clone(),
            by_target(&adapters)?,
        );
        let reader = EntryReader::over(parts.ledger.reader());
        let lists = KnownLists::default();
        let plugins = ListsTold::before(lists.clone(), parts.plugins);
        let core = Core::new((*sealer).clone(), plugins).made_by(config.settings.clone());
        let seat = Arc::new(StateSeat::default());
        let ties = Ties {
            feed: Feed::new(config.feed_max),
            config: Arc::new(config),
            queue: Arc::clone(&queue),
            dispatch,
            stats,
            vital: Vital::default(),
            modes: Modes::default(),
            board: Board::default(),
            clock: Arc::clone(&parts.clock),
            inbox: Inbox::new(&(Arc::clone(&seat) as Arc<dyn State>)),
            in_force: in_force.clone(),
        };
        let inbox = ties.inbox.clone();
        let kit = Kit::new(ties.clone(), parts.ledger, seat, core)?;
        let sequencer = start_sequencer(kit).await?;
        let misreads = Misreads::default();
        let bench = Bench {
            sealer: Arc::clone(&sealer),
            rules: Arc::clone(&rules),
            in_force: in_force.clone(),
            misreads: misreads.clone(),
            pace: DevicePace::new(pace),
            clock: Arc::clone(&parts.clock),
            queue: Arc::clone(&queue),
            inbox: inbox.clone(),
        };
        let (adapters, corridors) = run_adapters(adapters, &bench, &ties.config, &closed);
        let submit = Submit {
            sealer,
            rules,
            in_force,
            clock: parts.clock,
            queue,
            inbox,
            modes: ties.modes.clone(),
            workers: Arc::new(Semaphore::new(ties.config.workers.max(1))),
            operator_workers: Arc::new(Semaphore::new(ties.config.workers.max(1))),
        };
        Ok(RunningHub {
            ties,
            misreads,
            submit,
            reader,
            lists,
            trigger,
            closing,
            adapters,
            corridors,
            sequencer,
        })
    }
}

impl RunningHub {
    /// Puts submissions and operators' words in.
    pub fn submit(&self) -> Submit {
        self.submit.clone()
    }

    /// Committed entries as they come.
    pub fn feed(&self) -> Feed {
        self.ties.feed.clone()
    }

    /// Committed entries as they stand in the journal.
    pub fn reader(&self) -> EntryReader {
        self.reader.clone()
    }

    /// The list of revoked certificates of each authority that the journal told last; it says so once the journal is open.
    pub fn known_lists(&self) -> KnownLists {
        self.lists.clone()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.ties.stats.clone()
    }

    /// What devices said that is not understood, since the start.
    pub fn misreads(&self) -> Misreads {
        self.misreads.clone()
    }

    /// Open orders, dead letters, second tries.
    pub fn outbox(&self) -> Outbox {
        Outbox {
            board: self.ties.board.clone(),
            submit: self.submit.clone(),
            reader: self.reader.clone(),
            clock: Arc::clone(&self.ties.clock),
            dispatch: Arc::clone(&self.ties.dispatch),
        }
    }

    /// What the hub takes at present.
    pub fn modes(&self) -> Modes {
        self.ties.modes.clone()
    }

    /// Whether the core lives. It ends by a defect alone: a disk that fails is a [`Mode`].
    pub fn vital(&self) -> Vital {
        self.ties.vital.clone()
    }

    /// The journal's own counters: batches, syncs, bytes.
    pub fn journal_counters(&self) -> Counters {
        self.ties.board.lock().counters
    }

    /// The last durable entry and its chain hash.
    pub fn durable(&self) -> Position {
        let shown = self.ties.board.lock();
        (shown.number, shown.chain)
    }

    /// By what the age of what the journal holds is told.
    pub fn aging(&self) -> Aging {
        Aging(self.ties.board.clone())
    }

    /// The adapters it has started.
    pub fn adapters(&self) -> Vec<Served> {
        let adapters = self.adapters.iter();
        adapters.map(|adapter| adapter.served.clone()).collect()
    }

    /// The clock that the hub goes by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.ties.clock)
    }

    /// How everything stands.
    pub fn health(&self) -> HubHealth {
        let shown = self.ties.board.lock().clone();
        let mode = self.ties.modes.now();
        let space = shown.space;
        let stalled_ms = stalled_ms(shown.turned_at, Instant::now());
        let dead = self.ties.vital.fault().map(|fault| fault.to_string());
        HubHealth {
            fault: dead.or_else(|| words_of(stalled_ms, mode.words())),
            stalled_ms,
            mode: mode.as_str(),
            clock: ClockHealth::of(self.ties.clock.standing(), &shown),
            spooled: shown.spooled,
            failed_since: match &mode {
                Mode::Emergency { since, .. } => Some(*since),
                _ => None,
            },
            acted: shown.acted,
            held_before: shown.held_before,
            free_bytes: space.map(|space| space.free_bytes),
            used_percent: space.map(|space| space.used_percent()),
            epoch: shown.epoch,
            position: shown.number,
            saved: shown.saved,
            unsaved: shown.unsaved,
            remembered: shown.remembered,
            marked: shown.marked,
            space: space
                .map_or(SpaceLevel::Normal, |space| space.level)
                .as_str(),
            queue: self.ties.queue.len(),
            open_orders: shown.open.len(),
            dead_letters: shown.dead.len(),
            adapters: self.adapters.iter().map(Supervised::health).collect(),
        }
    }

    /// Entries of requests for reports that are not answered yet, oldest first. They outlive a
    /// restart; [`Submit::answer_request`] closes one.
    pub fn report_requests(&self) -> Vec<u64> {
        self.ties.board.lock().requests.keys().copied().collect()
    }

    /// Another listener for the hub's stop.
    pub fn shutdown_listener(&self) -> Shutdown {
        self.trigger.listener()
    }

    /// Stops adapters, commits what waits, saves the state. Returns the core's fault if it had one.
    pub async fn shutdown(self) -> Result<(), Fault> {
        self.shutdown_at().await.map(drop)
    }

    /// As [`RunningHub::shutdown`]; gives the last entry's number and the state hash there, which
    /// are those of a [`crate::watch::replay`] of the journal.
    pub async fn shutdown_at(self) -> Result<Option<(u64, Digest)>, Fault> {
        self.trigger.pull();
        let patience = Duration::from_millis(self.ties.config.stop_ms);
        for adapter in self.adapters {
            adapter.stop(patience).await;
        }
        self.closing.pull();
        for mut corridor in self.corridors {
            if tokio::time::timeout(patience, &mut corridor).await.is_err() {
                corridor.abort();
            }
        }
        self.ties.queue.close();
        let sequencer = self.sequencer;
        let joined = tokio::task::spawn_blocking(move || sequencer.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            return Err(fault(THREAD).log("the sequencer panicked"));
        }
        let ended = self.ties.board.lock().ended;
        match (self.ties.vital.fault(), self.ties.modes.now()) {
            (Some(fault), _) | (None, Mode::Emergency { fault, .. }) => Err(fault),
            (None, _) => Ok(ended),
        }
    }
}

fn by_target(adapters: &[Ready]) -> Result<HashMap<Target, Served>, Fault> {
    let mut by_target: HashMap<Target, Served> = HashMap::new();
    for Ready { served, .. } in adapters {
        for target in &served.definition.targets {
            if let Some(other) = by_target.insert(target.clone(), served.clone()) {
                let (one, two) = (&other.definition.name, &served.definition.name);
                return Err(fault(CONFIGURATION)
                    .at(target.0.clone())
                    .log(format!("served by both {one} and {two}")));
            }
        }
    }
    Ok(by_target)
}

async fn start_sequencer(kit: Kit) -> Result<std::thread::JoinHandle<()>, Fault> {
    let (ready, is_ready) = oneshot::channel();
    let vital = kit.ties.vital.clone();
    let queue = Arc::clone(&kit.ties.queue);
    let thread = std::thread::Builder::new()
        .name("cordon-sequencer".into())
        .spawn(move || {
            // A panic of a plug-in must not look like a quiet hub.
            let alarm = Alarm { vital, queue };
            let first = match Sequencer::open(kit, &Occasion::Start) {
                Ok((sequencer, recovered)) => {
                    tracing::info!(
                        from = recovered.from,
                        stepped = recovered.stepped,
                        took_ms = recovered.took.as_millis(),
                        "the state is restored"
                    );
                    let _ = ready.send(Ok(()));
                    Some(sequencer)
                }
                Err(unopened) if unopened.of_disk => {
                    let emergency =
                        Emergency::enter(unopened.kit, Occasion::LateStart, unopened.fault);
                    let _ = ready.send(Ok(()));
                    emergency.run()
                }
                Err(unopened) => {
                    let _ = ready.send(Err(unopened.fault));
                    None
                }
            };
            keep_running(first);
            drop(alarm);
        })
        .map_err(|error| fault(THREAD).log(format!("sequencer: {error}")))?;
    is_ready
        .await
        .map_err(|_| fault(THREAD).log("the sequencer ended while it started"))??;
    Ok(thread)
}

/// Goes on from journal to journal until the hub stops.
fn keep_running(mut sequencer: Option<Sequencer>) {
    while let Some((kit, fault)) = sequencer.and_then(Sequencer::run) {
        sequencer = Emergency::enter(kit, Occasion::Resume, fault).run();
    }
}

/// Tells everyone when the sequencer's thread panics.
struct Alarm {
    vital: Vital,
    queue: Arc<Queue>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.vital.fail(fault(THREAD).log("the sequencer panicked"));
            self.queue.close();
            self.queue.drain();
        }
    }
}

fn run_adapters(
    adapters: Vec<Ready>,
    bench: &Bench,
    config: &HubConfig,
    closing: &Shutdown,
) -> (Vec<Supervised>, Vec<JoinHandle<()>>) {
    let mut supervised = Vec::new();
    let mut corridors = Vec::new();
    for ready in adapters {
        let source = Source {
            name: ready.served.definition.name.as_str().into(),
            partner: ready.partner.clone(),
            served: Arc::clone(&config.served),
            closing: closing.clone(),
        };
        let (adapter, offers) = ready.run();
        corridors.push(tokio::spawn(worker::run(
            bench.clone(),
            source,
            offers,
            config.workers,
        )));
        supervised.push(adapter);
    }
    (supervised, corridors)
}
