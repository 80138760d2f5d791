//! What must not wait overtakes what came before it and the rest of one submission; nobody waits for more than one
//! piece of another's.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Rows};
use cordon_flow::RunningHub;
use cordon_model::{Body, PartyId};
use cordon_security::Role;

use crate::park::{Park, emergency, reading, until};
use crate::partner::{Ca, Partner};
use crate::said::alarm;

/// Says when it begins with an alarm or a status, waits to be told to go on, and takes so long.
struct Slow {
    begun: Sender<()>,
    goes_on: Receiver<Duration>,
}

impl Plugin for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        let body = entry.message.as_deref().map(|message| &message.body);
        let is_slow = matches!(body, Some(Body::AlarmEvent(_) | Body::DeviceStatus(_)));
        // The starts and stops of the test's own adapter are no messages.
        if entry.kind == EntryKind::Message && is_slow && self.begun.send(()).is_ok() {
            std::thread::sleep(self.goes_on.recv().unwrap_or_default());
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        Vec::new()
    }
}

/// The slow one, and the two ends by which a test leads it.
pub fn slow() -> (Box<dyn Plugin>, Receiver<()>, Sender<Duration>) {
    let (begun, begins) = channel();
    let (lets_go, goes_on) = channel();
    (Box::new(Slow { begun, goes_on }), begins, lets_go)
}

/// Longer than anything is kept waiting for.
const LONG: Duration = Duration::from_millis(150);

pub fn queued(hub: &RunningHub, count: usize) -> impl Future<Output = ()> {
    until("it waits in the queue", move || hub.health().queue == count)
}

/// An opening that a person orders now.
fn open(hub: &RunningHub) -> tokio::task::JoinHandle<u64> {
    let submit = hub.submit();
    tokio::spawn(async move {
        let operator = PartyId::new("OP-1").unwrap();
        let receipt = submit.internal(emergency(), &operator).await;
        receipt.unwrap().number
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_overtakes_what_came_before_it() {
    let park = Park::new();
    let (plugin, begins, lets_go) = slow();
    let hub = park.start_with(vec![plugin]).await;
    let offer = |reason: &'static str| {
        let intake = park.intake();
        tokio::spawn(async move {
            let accepted = intake.offer(reading("CAM-01", reason, None)).await;
            accepted.unwrap().number
        })
    };
    let first = offer("first");
    begins.recv().unwrap();
    let second = offer("second");
    queued(&hub, 1).await;
    let third = offer("third");
    queued(&hub, 2).await;
    let fourth = offer("fourth");
    queued(&hub, 3).await;
    lets_go.send(Duration::ZERO).unwrap();
    begins.recv().unwrap();
    let opening = open(&hub);
    queued(&hub, 3).await;
    lets_go.send(LONG).unwrap();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let opening = opening.await.unwrap();
    // It waited for what was under way and for none of those that came before it.
    begins.recv().unwrap();
    assert!(!third.is_finished() && !fourth.is_finished());
    lets_go.send(Duration::ZERO).unwrap();
    lets_go.send(Duration::ZERO).unwrap();
    let (third, fourth) = (third.await.unwrap(), fourth.await.unwrap());
    assert!(first < second && second < opening && opening < third && third < fourth);
    hub.shutdown().await.unwrap();
}

/// Codes of what is not taken.
async fn refused(hub: &RunningHub, partner: &Partner, bytes: &[u8]) -> Vec<&'static str> {
    let answers = hub.submit().submit(partner.verified(bytes.to_vec())).await;
    let answers = answers.unwrap().into_iter();
    answers
        .filter_map(|answer| Some(answer.err()?.fault.code()))
        .collect()
}

/// Each of 500 messages may take as long as it likes; together they kept an opening waiting for seconds.
#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_submission_comes_later_when_an_emergency_waits() {
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let (plugin, begins, lets_go) = slow();
    let hub = park.start_with(vec![plugin]).await;
    let events = (0..3).map(|number| {
        let event = alarm(&format!("X-{number}"), Some("ENT-2"));
        crate::partner::message(&two.id, Body::AlarmEvent(event), crate::park::morning())
    });
    let events: Vec<String> = events.collect();
    let bytes = two.signed("", &crate::partner::submission(&events));
    let led = async {
        tokio::task::block_in_place(|| begins.recv()).unwrap();
        let opening = open(&hub);
        queued(&hub, 1).await;
        lets_go.send(LONG).unwrap();
        opening.await.unwrap()
    };
    let (later, _) = tokio::join!(refused(&hub, &two, &bytes), led);
    assert_eq!(later, ["F097", "F097"]);
    for _ in 0..2 {
        lets_go.send(Duration::ZERO).unwrap();
    }
    assert!(refused(&hub, &two, &bytes).await.is_empty());
    hub.shutdown().await.unwrap();
}

/// One partner's work that takes long keeps the sequencer busy; it kept everybody's waiting that came behind it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_more_than_one_piece_of_another_partner() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let (plugin, begins, lets_go) = slow();
    let hub = park.start_with(vec![plugin]).await;
    let says = |partner: &Partner, id: &str| {
        let event = alarm(id, Some(partner.id.as_str()));
        let said = partner.says(vec![Body::AlarmEvent(event)]);
        let submit = hub.submit();
        tokio::spawn(async move {
            let answers = submit.submit(said).await.unwrap();
            answers.into_iter().next().unwrap().unwrap().number
        })
    };
    let first = says(&two, "X-1");
    begins.recv().unwrap();
    let second = says(&two, "X-2");
    queued(&hub, 1).await;
    let third = says(&two, "X-3");
    queued(&hub, 2).await;
    let other = says(&one, "Y-1");
    queued(&hub, 3).await;
    lets_go.send(LONG).unwrap();
    for _ in 0..3 {
        lets_go.send(Duration::ZERO).unwrap();
    }
    let (first, second, third) = (
        first.await.unwrap(),
        second.await.unwrap(),
        third.await.unwrap(),
    );
    let other = other.await.unwrap();
    assert!(first < other && other < second && second < third);
    hub.shutdown().await.unwrap();
}
