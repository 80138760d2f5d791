//! Tables of plug-ins: a save writes the rows that changed, and a plug-in that is new or of another form steps the
//! journal alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Rows, Table};
use cordon_flow::{RunningHub, replay};
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::{State, StateStore};
use cordon_model::{Body, MessageId};

use crate::park::{Park, Porter, reading, until};
use crate::unsaved::Beside;

/// Counts what was read, by message, in a table of this form; and its steps, where the test sees them.
struct Tally {
    read: Table<MessageId, u64>,
    steps: Arc<AtomicU64>,
}

fn tally(form: u16) -> (Arc<AtomicU64>, Box<dyn Plugin>) {
    let steps = Arc::new(AtomicU64::new(0));
    let tally = Tally {
        read: Table::new("read", form),
        steps: Arc::clone(&steps),
    };
    (steps, Box::new(tally))
}

impl Plugin for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        self.steps.fetch_add(1, Ordering::SeqCst);
        let body = entry.message.as_deref().map(|message| &message.body);
        if entry.kind == EntryKind::Message && matches!(body, Some(Body::DeviceStatus(_))) {
            self.read.insert(entry.message_id, entry.number);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.read]
    }
}

fn id(number: u64) -> MessageId {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::from_bytes(bytes)
}

async fn offer(park: &Park, numbers: std::ops::RangeInclusive<u64>) {
    let intake = park.intake();
    for number in numbers {
        let taken = intake
            .offer(reading("CAM-1", "plain", Some(id(number))))
            .await;
        taken.unwrap();
    }
}

/// Rows of the plug-in in the store.
fn rows(park: &Park) -> usize {
    let (store, rebuild) = StateStore::open(park.state_file()).unwrap();
    assert_eq!(rebuild, None);
    let rows = store.range("plugin.tally.read", &[], &[], usize::MAX);
    rows.unwrap().len()
}

async fn ends_as_it_replays(park: &Park, hub: RunningHub, form: u16) -> u64 {
    let ended = hub.shutdown_at().await.unwrap().unwrap();
    let plugins = vec![
        Box::new(Porter::default()) as Box<dyn Plugin>,
        tally(form).1,
    ];
    let report = replay(park.journal_dir(), plugins, None).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!((report.number, report.state_hash), ended);
    ended.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_is_new_or_of_another_form_steps_the_journal_alone() {
    let park = Park::new();
    let hub = park.start().await;
    offer(&park, 1..=20).await;
    hub.shutdown().await.unwrap();
    // New, in front of one that is known.
    let (steps, plugin) = tally(1);
    let hub = park
        .start_with(vec![plugin, Box::new(Porter::default())])
        .await;
    assert!(steps.load(Ordering::SeqCst) >= 21, "all that came before");
    offer(&park, 21..=30).await;
    hub.shutdown().await.unwrap();
    assert_eq!(rows(&park), 30);
    // As it was: nothing is stepped but what is new.
    let (steps, plugin) = tally(1);
    let hub = park
        .start_with(vec![Box::new(Porter::default()), plugin])
        .await;
    assert!(steps.load(Ordering::SeqCst) < 10);
    let last = ends_as_it_replays(&park, hub, 1).await;
    // Of another form; its rows of the old one are not left behind.
    let (steps, plugin) = tally(2);
    let hub = park
        .start_with(vec![Box::new(Porter::default()), plugin])
        .await;
    assert!(steps.load(Ordering::SeqCst) >= last);
    offer(&park, 31..=31).await;
    ends_as_it_replays(&park, hub, 2).await;
    assert_eq!(rows(&park), 31);
    // Gone: so are its rows.
    let hub = park.start().await;
    hub.shutdown().await.unwrap();
    assert_eq!(rows(&park), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_save_that_failed_come_with_the_next() {
    let mut park = Park::new();
    park.config.save_ms = 50;
    let disk = SimDisk::new(3);
    let ledger = Beside::new(&park, &disk);
    let (_, plugin) = tally(1);
    let plugins = vec![Box::new(Porter::default()) as Box<dyn Plugin>, plugin];
    let hub = park.start_over(ledger.clone(), plugins).await.unwrap();
    offer(&park, 1..=5).await;
    until("it is saved", || hub.health().saved > 5).await;
    disk.set_broken(true);
    for number in 6..=10 {
        offer(&park, number..=number).await;
        until("that is told", || hub.health().unsaved.is_some()).await;
    }
    disk.set_broken(false);
    offer(&park, 11..=11).await;
    let last = hub.health().position;
    until("it is saved again", || hub.health().saved >= last).await;
    hub.shutdown().await.unwrap();
    let (steps, plugin) = tally(1);
    let plugins = vec![Box::new(Porter::default()) as Box<dyn Plugin>, plugin];
    let hub = park.start_over(ledger, plugins).await.unwrap();
    let stepped = steps.load(Ordering::SeqCst);
    assert!(
        stepped < 11,
        "{stepped} steps: it went on from what is stored"
    );
    ends_as_it_replays(&park, hub, 1).await;
}
