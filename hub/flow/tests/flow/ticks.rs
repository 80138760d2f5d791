//! A tick is written when a plug-in has something to do, and once a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_contract::{Decisions, Entry, Plugin};
use cordon_flow::RunningHub;
use cordon_model::Timestamp;

use crate::park::{Park, reading};

/// Has something to do while it is told so.
struct Timer(Arc<AtomicBool>);

impl Plugin for Timer {
    fn name(&self) -> &'static str {
        "timer"
    }

    fn step(&mut self, _: &Entry, _: &mut Decisions) {}

    fn is_due(&self, _: Timestamp, _: Timestamp) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How many ticks there are once another reading stands.
async fn ticks(park: &Park, hub: &RunningHub) -> u64 {
    let taken = park.intake().offer(reading("CAM-1", "plain", None)).await;
    taken.unwrap();
    let entries = hub.stats().snapshot().entries;
    entries.get("tick").copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_hub_writes_a_tick_a_minute_and_what_is_due_one_a_second() {
    let park = Park::new();
    let due = Arc::new(AtomicBool::new(false));
    let hub = park
        .start_with(vec![Box::new(Timer(Arc::clone(&due)))])
        .await;
    let first = ticks(&park, &hub).await;
    assert_eq!(first, 1, "what came due while it was away");
    for _ in 0..59 {
        park.clock.advance_ms(1_000);
        assert_eq!(ticks(&park, &hub).await, first);
    }
    park.clock.advance_ms(1_000);
    assert_eq!(ticks(&park, &hub).await, first + 1);
    due.store(true, Ordering::SeqCst);
    for second in 1..=5 {
        park.clock.advance_ms(1_000);
        assert_eq!(ticks(&park, &hub).await, first + 1 + second);
    }
    hub.shutdown().await.unwrap();
}
