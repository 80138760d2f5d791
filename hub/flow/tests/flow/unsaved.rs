//! A state whose disk fails beside a good journal: nothing is refused for it, and people are told.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_contract::{Decisions, Entry, Plugin, Rows, Single};
use cordon_flow::{Ledger, Mode, Opened};
use cordon_journal::disk::Disk as _;
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::{
    Changes, Expectation, Held, InboxMark, Journal, LookedUp, Position, Reader, Result, State,
    StateStore, Trouble,
};
use cordon_model::{AlarmCode, AlarmState, Body, MessageId, PartyId};

use crate::park::{Park, Porter, emergency, reading, small, until};

const STATE: &str = "/state.redb";

/// A journal on the real disk, its state on one of its own. While `blind` is set the state cannot be read.
pub struct Beside {
    park: std::path::PathBuf,
    disk: SimDisk,
    blind: Arc<AtomicBool>,
}

impl Beside {
    pub fn new(park: &Park, disk: &SimDisk) -> Arc<Self> {
        disk.create(Path::new(STATE), 0).unwrap();
        Arc::new(Self {
            park: park.journal_dir(),
            disk: disk.clone(),
            blind: Arc::default(),
        })
    }
}

impl Ledger for Beside {
    fn open(&self, _: Option<&Expectation>) -> Result<Opened> {
        let journal = Journal::open(&self.park, small())?;
        let file = self.disk.open(Path::new(STATE), true).unwrap();
        let store = StateStore::open_on(file)?.unwrap();
        store.fit(&journal.reader()?)?;
        let state = Arc::new(Blind(store, Arc::clone(&self.blind)));
        Ok(Opened { journal, state })
    }

    fn reader(&self) -> Reader {
        let disk = Arc::new(cordon_journal::disk::RealDisk);
        Reader::of(disk, &self.park, &*small().identity)
    }
}

/// The store, which can be blind.
struct Blind(StateStore, Arc<AtomicBool>);

impl Blind {
    fn seeing(&self) -> Result<&StateStore> {
        match self.1.load(Ordering::SeqCst) {
            true => Err(cordon_journal::JournalFault::new(
                cordon_journal::FaultKind::State,
                "state",
                "it cannot be read",
            )),
            false => Ok(&self.0),
        }
    }
}

impl State for Blind {
    fn position(&self) -> Result<Position> {
        self.seeing()?.position()
    }
    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>> {
        self.seeing()?.snapshot(namespace)
    }
    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        self.seeing()?.inbox(sender, message_id)
    }
    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        self.seeing()?.look_up(asked)
    }
    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>> {
        self.seeing()?.inbox_since(number, limit)
    }
    fn get(&self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.seeing()?.get(namespace, key)
    }
    fn range(
        &self,
        namespace: &str,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.seeing()?.range(namespace, from, to, limit)
    }
    fn each(&self, take: &mut dyn FnMut(Held<'_>) -> Result<bool>) -> Result<Position> {
        self.seeing()?.each(take)
    }
    fn commit(&self, changes: &Changes) -> Result<()> {
        self.0.commit(changes)
    }
    fn wipe(&self) -> Result<()> {
        self.0.wipe()
    }
    fn trouble(&self) -> Option<Trouble> {
        self.0.trouble()
    }
}

fn id(last: u8) -> Option<MessageId> {
    Some(MessageId::from_bytes([last; 16]))
}

/// Every message was refused with J020 until the disk worked, and nobody was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_whose_disk_fails_refuses_nothing_and_is_told() {
    let mut park = Park::new();
    park.config.save_ms = 50;
    let disk = SimDisk::new(3);
    let hub = park
        .start_over(Beside::new(&park, &disk), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    let intake = park.intake();
    let offer = |last: u8| intake.offer(reading("CAM-1", "plain", id(last)));
    let first = offer(1).await.unwrap();
    until("the first is stored", || hub.health().saved >= first.number).await;
    disk.set_broken(true);
    let second = offer(2).await.unwrap();
    until("the health says so", || hub.health().unsaved.is_some()).await;
    // The entry that says so.
    offer(3).await.unwrap();
    assert_eq!(hub.modes().now(), Mode::Normal);
    assert_eq!(
        offer(1).await.unwrap().number,
        first.number,
        "known from the file"
    );
    assert_eq!(
        offer(2).await.unwrap().number,
        second.number,
        "known from memory"
    );
    disk.set_broken(false);
    offer(4).await.unwrap();
    until("it is saved again", || {
        let health = hub.health();
        health.unsaved.is_none() && health.saved >= second.number
    })
    .await;
    offer(5).await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let stored: Vec<_> = reader.read_from(1).unwrap().map(|it| it.unwrap()).collect();
    let count = |label: &str| stored.iter().filter(|it| it.entry.label == label).count();
    let told = ["state.unsaved", "state.saved", "hub.resumed"].map(count);
    assert_eq!(told, [1, 1, 0]);
    let alarms = stored.iter().filter_map(|it| {
        match it.entry.message.as_deref().map(|message| &message.body) {
            Some(Body::AlarmEvent(it)) if it.alarm_code == AlarmCode::StorageFail => Some(it),
            _ => None,
        }
    });
    let told: Vec<_> = alarms.map(|it| (it.alarm_id.as_str(), it.state)).collect();
    let ids: std::collections::BTreeSet<_> = told.iter().map(|(id, _)| *id).collect();
    let states: Vec<_> = told.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [AlarmState::Raised, AlarmState::Cleared]);
    assert_eq!(ids.len(), 1, "the hub ends its own alarm: {told:?}");
}

/// Remembers more than a state may hold, while it is told to.
struct Glutton(Arc<AtomicBool>, Single<Vec<u8>>);

impl Plugin for Glutton {
    fn name(&self) -> &'static str {
        "glutton"
    }
    fn step(&mut self, _: &Entry, _: &mut Decisions) {
        let bytes = if self.0.load(Ordering::SeqCst) {
            65 << 20
        } else {
            1
        };
        self.1.set(vec![0; bytes]);
    }
    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.1]
    }
}

/// It was told in the log alone, once: the health said ok, and each start stepped more again.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_too_large_to_be_saved_is_told_and_a_start_does_without() {
    let mut park = Park::new();
    park.config.save_ms = 50;
    let too_large = Arc::new(AtomicBool::new(false));
    let plugins = || -> Vec<Box<dyn Plugin>> {
        vec![
            Box::new(Porter::default()),
            Box::new(Glutton(Arc::clone(&too_large), Single::new("fat", 1))),
        ]
    };
    let disk = SimDisk::new(8);
    let ledger = Beside::new(&park, &disk);
    let hub = park.start_over(ledger.clone(), plugins()).await.unwrap();
    too_large.store(true, Ordering::SeqCst);
    park.intake()
        .offer(reading("CAM-1", "plain", id(1)))
        .await
        .unwrap();
    until("the health says so", || hub.health().unsaved.is_some()).await;
    let why = hub.health().unsaved.unwrap();
    assert!(why.contains("plugin.glutton"), "{why}");
    assert_eq!(hub.modes().now(), Mode::Normal);
    // The entry that says so.
    park.intake()
        .offer(reading("CAM-1", "plain", id(2)))
        .await
        .unwrap();
    let reader = hub.reader();
    let told = |label: &str| {
        let stored = reader.read_from(1).unwrap().map(|it| it.unwrap());
        stored.filter(|it| it.entry.label == label).count()
    };
    until("it is told", || told("state.unsaved") == 1).await;
    hub.shutdown().await.unwrap();
    let hub = park.start_over(ledger, plugins()).await.unwrap();
    too_large.store(false, Ordering::SeqCst);
    park.intake()
        .offer(reading("CAM-1", "plain", id(3)))
        .await
        .unwrap();
    until("it is saved", || hub.health().unsaved.is_none()).await;
    hub.shutdown().await.unwrap();
}

/// What is remembered in memory alone grew for as long as the disk of the state failed.
#[tokio::test(flavor = "multi_thread")]
async fn what_memory_alone_remembers_has_a_limit_and_emergencies_are_above_it() {
    let mut park = Park::new();
    park.config.save_ms = 50;
    park.config.unsaved_max = 10;
    let disk = SimDisk::new(5);
    let hub = park
        .start_over(Beside::new(&park, &disk), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    disk.set_broken(true);
    let intake = park.intake();
    let offered = tokio::spawn(async move {
        let mut last = 0;
        for number in 1..=20 {
            let taken = intake.offer(reading("CAM-1", "plain", id(number))).await;
            last = taken.unwrap().number;
        }
        last
    });
    // What the hub says of its disk is remembered too, so there is no telling which reading is the last.
    let is_unsaved = |mode: &Mode| matches!(mode, Mode::Unsaved { .. });
    hub.modes().until(is_unsaved).await;
    assert!(hub.health().remembered >= 10);
    assert!(hub.health().fault.unwrap().starts_with("F094: "));
    let actor = PartyId::new("OP-1").unwrap();
    let opened = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(opened.number > 0, "the journal takes it");
    until("it opened", || park.yard.orders().len() == 1).await;
    let ticks = || hub.stats().snapshot().entries.get("tick").copied();
    let before = ticks();
    park.clock.advance_ms(2_000);
    until("timers go on", || ticks() > before).await;
    assert!(!offered.is_finished(), "readings wait");
    disk.set_broken(false);
    assert!(offered.await.unwrap() > opened.number);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    until("nothing is remembered in memory alone", || {
        hub.health().remembered <= 1
    })
    .await;
    hub.shutdown().await.unwrap();
}

/// Whether a message was said before is not known then: it waits, and an emergency opening does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_read_is_a_disk_that_fails() {
    let park = Park::new();
    let disk = SimDisk::new(4);
    let ledger = Beside::new(&park, &disk);
    let blind = Arc::clone(&ledger.blind);
    let hub = park
        .start_over(ledger, vec![Box::new(Porter::default())])
        .await
        .unwrap();
    blind.store(true, Ordering::SeqCst);
    let intake = park.intake();
    let waiting = tokio::spawn(async move { intake.offer(reading("CAM-1", "plain", id(1))).await });
    let is_emergency = |mode: &Mode| matches!(mode, Mode::Emergency { .. });
    hub.modes().until(is_emergency).await;
    assert!(hub.health().fault.unwrap().contains("J020"));
    let actor = PartyId::new("OP-1").unwrap();
    hub.submit().internal(emergency(), &actor).await.unwrap();
    until("it opened", || park.yard.orders().len() == 1).await;
    assert!(!waiting.is_finished(), "a reading waits");
    blind.store(false, Ordering::SeqCst);
    waiting.await.unwrap().unwrap();
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    hub.shutdown().await.unwrap();
}

/// It was told nowhere while the journal had its room.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_alone_has_no_room_is_told() {
    let mut park = Park::new();
    park.config.save_ms = 50;
    let disk = SimDisk::new(5);
    let hub = park
        .start_over(Beside::new(&park, &disk), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    let intake = park.intake();
    let offer = |last: u8| intake.offer(reading("CAM-1", "plain", id(last)));
    let first = offer(1).await.unwrap();
    until("the first is stored", || hub.health().saved >= first.number).await;
    disk.set_free(0);
    // A save that finds room within the file is none that fails.
    for last in 2..=200 {
        let number = offer(last).await.unwrap().number;
        until("it is saved, or said not to be", || {
            let health = hub.health();
            health.unsaved.is_some() || health.saved >= number
        })
        .await;
        if hub.health().unsaved.is_some() {
            break;
        }
    }
    assert!(hub.health().unsaved.is_some());
    offer(201).await.unwrap();
    assert_eq!(hub.modes().now(), Mode::Normal);
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let mut stored = reader.read_from(1).unwrap().map(|it| it.unwrap());
    assert!(stored.any(|it| it.entry.label == "state.unsaved"));
}

/// For the first seconds it said plain `ok`.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_state_whose_disk_fails_says_so_at_once() {
    let park = Park::new();
    let disk = SimDisk::new(6);
    let ledger = Beside::new(&park, &disk);
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger.clone(), plugins()).await.unwrap();
    hub.shutdown().await.unwrap();
    disk.set_broken(true);
    let hub = park.start_over(ledger, plugins()).await.unwrap();
    let health = hub.health();
    assert_eq!((health.mode, health.unsaved.is_some()), ("normal", true));
    hub.shutdown().await.unwrap();
}
