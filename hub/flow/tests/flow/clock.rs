//! A wall clock that jumps: timers and orders count the time that elapsed.

use std::sync::{Arc, Mutex};

use cordon_contract::{
    Adapter, CLOCK_SET, Clock, ClockStanding, ClockSteps, Entry, EntryKind, STEADY_MICROS,
    SteadyHand,
};
use cordon_flow::{Hub, HubParts, OpenedOnce, RunningHub, replay_over};
use cordon_journal::StateStore;
use cordon_mapping::Mappings;
use cordon_model::{AlarmCode, Body, Timestamp};

use crate::park::{BARRIER, NEVER, Park, Porter, morning, reading, until};

const S: i64 = 1_000_000;
const DAY: i64 = 86_400 * S;

/// Two clocks that a test moves, read through the arithmetic of the program's own.
#[derive(Clone)]
struct Pair(Arc<Mutex<(i64, i64, SteadyHand)>>);

impl Pair {
    /// The wall clock shows so much more than the morning.
    fn new(ahead: i64) -> Self {
        let wall = morning().micros() + ahead;
        Self(Arc::new(Mutex::new((wall, 0, SteadyHand::new(wall, 0)))))
    }

    /// So much time elapses on both.
    fn elapse(&self, micros: i64) {
        let mut pair = self.0.lock().unwrap();
        pair.0 += micros;
        pair.1 += micros;
    }

    /// The wall clock alone is moved.
    fn jump(&self, micros: i64) {
        self.0.lock().unwrap().0 += micros;
    }
}

impl Clock for Pair {
    fn now(&self) -> Timestamp {
        let mut pair = self.0.lock().unwrap();
        let (wall, monotonic) = (pair.0, pair.1);
        Timestamp::from_micros(pair.2.read(wall, monotonic))
    }

    fn standing(&self) -> ClockStanding {
        self.0.lock().unwrap().2.standing()
    }
}

async fn start(park: &Park, pair: &Pair) -> RunningHub {
    let journal = park.journal();
    let reader = journal.reader().unwrap();
    let (state, _) = StateStore::open_for(park.state_file(), &reader).unwrap();
    let parts = HubParts {
        ledger: Arc::new(OpenedOnce::new(journal, Arc::new(state)).unwrap()),
        plugins: vec![Box::new(Porter::default())],
        adapters: vec![Arc::clone(&park.yard) as Arc<dyn Adapter>],
        mappings: Arc::new(Mappings::default()),
        clock: Arc::new(pair.clone()),
    };
    let hub = Hub::start(park.config.clone(), parts).await.unwrap();
    until("the adapter has its intake", || {
        park.yard.intake.lock().unwrap().is_some()
    })
    .await;
    hub
}

fn ticks(hub: &RunningHub) -> u64 {
    let entries = hub.stats().snapshot().entries;
    entries.get("tick").copied().unwrap_or_default()
}

/// Ten seconds elapse, one after another, and each gives a tick.
async fn ten_ticks(hub: &RunningHub, pair: &Pair) {
    for _ in 0..10 {
        let before = ticks(hub);
        pair.elapse(S + S / 4);
        until("a tick", || ticks(hub) > before).await;
    }
}

fn skews(park: &Park) -> usize {
    let is_skew = |body: &Body| matches!(body, Body::AlarmEvent(alarm) if alarm.alarm_code == AlarmCode::ClockSkew);
    let entries = park.entries();
    let bodies = entries
        .iter()
        .filter_map(|stored| stored.entry.message.as_ref());
    bodies.filter(|message| is_skew(&message.body)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_ahead_for_seconds_stops_no_timer_and_prolongs_no_order() {
    let park = Park::new();
    let pair = Pair::new(0);
    let hub = start(&park, &pair).await;
    // Soon after its start it would follow a clock that is put right.
    pair.elapse(STEADY_MICROS);
    ten_ticks(&hub, &pair).await;
    pair.jump(DAY);
    pair.elapse(S);
    until("the jump is told", || hub.health().clock.words.is_some()).await;
    park.yard.answer(BARRIER, NEVER);
    let intake = park.intake();
    intake.offer(reading("CAM-1", "open", None)).await.unwrap();
    until("the order is out", || park.yard.orders().len() == 1).await;
    let deadline = park.yard.orders()[0].deadline;
    let left = deadline.micros() - pair.now().micros();
    assert!(
        (4 * S..=5 * S).contains(&left),
        "5 s as ever, not a day: {left}"
    );
    ten_ticks(&hub, &pair).await;
    pair.jump(-DAY);
    ten_ticks(&hub, &pair).await;
    until("the order is over", || hub.health().open_orders == 0).await;
    assert_eq!(hub.health().clock.words, None);
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    assert_eq!(skews(&park), 1, "one alarm");
    let last = park.entries().last().unwrap().entry.time;
    assert!(
        last <= pair.now(),
        "no entry is ahead of the time that elapsed"
    );
    let report = replay_over(&reader, vec![Box::new(Porter::default())], Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_journal_a_day_ahead_goes_on_and_says_so() {
    let park = Park::new();
    let early = Pair::new(DAY);
    let hub = start(&park, &early).await;
    ten_ticks(&hub, &early).await;
    hub.shutdown().await.unwrap();
    let pair = Pair::new(0);
    let hub = start(&park, &pair).await;
    let clock = hub.health().clock;
    assert!(
        clock.words.is_some() && clock.lead_ms >= DAY / 1_000,
        "{clock:?}"
    );
    ten_ticks(&hub, &pair).await;
    park.yard.answer(BARRIER, NEVER);
    let intake = park.intake();
    intake.offer(reading("CAM-1", "open", None)).await.unwrap();
    until("the order is out", || park.yard.orders().len() == 1).await;
    let left = park.yard.orders()[0].deadline.micros() - pair.now().micros();
    assert!(
        (4 * S..=5 * S).contains(&left),
        "5 s as ever, not a day: {left}"
    );
    ten_ticks(&hub, &pair).await;
    until("the order is over", || hub.health().open_orders == 0).await;
    hub.shutdown().await.unwrap();
    let entries = park.entries();
    assert!(entries.is_sorted_by_key(|stored| stored.entry.time.micros()));
    let of = |kind| {
        entries
            .iter()
            .filter(move |stored| stored.entry.kind == kind)
    };
    let labels = of(EntryKind::Audit).filter(|stored| stored.entry.label == "clock.behind-journal");
    assert_eq!((labels.count(), skews(&park)), (1, 1));
}

/// What was under way was over at the step, and never tried again: an emergency opening too.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_under_way_when_the_clock_is_set_keeps_its_time() {
    for wrong in [-1_200 * S, -DAY, 1_200 * S] {
        let park = Park::new();
        let pair = Pair::new(wrong);
        let hub = start(&park, &pair).await;
        ten_ticks(&hub, &pair).await;
        // The time server puts the clock right; ten seconds later the hub follows it.
        pair.jump(-wrong);
        for _ in 0..9 {
            pair.elapse(S);
            let _ = pair.now();
        }
        park.yard.answer(BARRIER, NEVER);
        let intake = park.intake();
        intake.offer(reading("CAM-1", "open", None)).await.unwrap();
        until("the order is out", || park.yard.orders().len() == 1).await;
        let deadline = park.yard.orders()[0].deadline.micros();
        let left = deadline - pair.steady().micros();
        assert!((4 * S..=5 * S).contains(&left), "{left}");
        pair.elapse(2 * S);
        until("the step", || pair.standing().steps == 1).await;
        ten_ticks(&hub, &pair).await;
        until("it is over", || hub.health().open_orders == 0).await;
        // What is ordered after the step has as much.
        intake.offer(reading("CAM-1", "open", None)).await.unwrap();
        until("another is out", || park.yard.orders().len() == 2).await;
        let left = park.yard.orders()[1].deadline.micros() - pair.steady().micros();
        assert!((4 * S..=5 * S).contains(&left), "{left}");
        ten_ticks(&hub, &pair).await;
        until("both are over", || hub.health().open_orders == 0).await;
        let (number, hash) = hub.submit().state_hash().await.unwrap();
        let reader = hub.reader();
        hub.shutdown().await.unwrap();
        let report = replay_over(&reader, vec![Box::new(Porter::default())], Some(number)).unwrap();
        assert_eq!(report.first_difference, None);
        assert_eq!(report.state_hash, hash);
        step_is_told(&park, wrong);
    }
}

/// The journal says once by how much entry time jumped: nothing where the clock was set back.
fn step_is_told(park: &Park, wrong: i64) {
    let entries = park.entries();
    let is_set = |entry: &Entry| entry.kind == EntryKind::Audit && entry.label == CLOCK_SET;
    let place = entries.iter().position(|stored| is_set(&stored.entry));
    let place = place.unwrap();
    let mut steps = ClockSteps::default();
    let news = entries
        .iter()
        .filter(|stored| steps.pass(&stored.entry).is_some());
    assert_eq!(news.count(), 1);
    let before = entries[place - 1].entry.time;
    let last = entries.last().unwrap().entry.time;
    let elapsed = steps.elapsed_ms(before, last);
    assert!((2_000..40_000).contains(&elapsed), "{wrong}: {elapsed} ms");
    // Each order was waited for as long as it was good for.
    let of = |kind| {
        let entries = entries.iter().map(|stored| &stored.entry);
        entries.filter(move |entry| entry.kind == kind)
    };
    for (order, outcome) in of(EntryKind::Order).zip(of(EntryKind::Outcome)) {
        assert_eq!(outcome.cause, order.number);
        let waited = steps.elapsed_ms(order.time, outcome.time);
        // A clock that is set back takes no more than the time since the last entry from it.
        let least = if wrong > 0 { 3_000 } else { 4_500 };
        assert!((least..8_000).contains(&waited), "{wrong}: {waited} ms");
    }
}
