//! A sequencer that does not come back from its work.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use cordon_contract::{Decisions, Entry, EntryKind, Plugin};
use cordon_model::Body;

use crate::park::*;

/// Hangs over an emergency opening until the other end is dropped, as a disk does that does not answer.
struct Hangs(Mutex<Receiver<()>>);

impl Plugin for Hangs {
    fn name(&self) -> &'static str {
        "hangs"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        let body = entry.message.as_deref().map(|it| &it.body);
        if entry.kind == EntryKind::Message && matches!(body, Some(Body::EmergencyGateOpen(_))) {
            let ended = self.0.lock().unwrap().recv();
            assert!(ended.is_err(), "nobody sends");
        }
    }
}

/// It said `ok` for 83 s, and no opening was carried out.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_hangs_says_so_and_that_it_goes_on() {
    let park = Park::new();
    let (goes_on, hangs) = channel();
    let hub = park
        .start_with(vec![Box::new(Hangs(Mutex::new(hangs)))])
        .await;
    assert_eq!(hub.health().fault, None);
    let asked = tokio::spawn({
        let submit = hub.submit();
        async move { submit.internal(emergency(), &hub_id()).await }
    });
    let hung = {
        let mut words = None;
        until("it is told", || {
            words = hub.health().fault;
            words.is_some()
        })
        .await;
        words.unwrap()
    };
    assert!(hung.starts_with("F069: "), "{hung}");
    assert!(hub.health().stalled_ms.is_some());
    drop(goes_on);
    asked.await.unwrap().unwrap();
    until("it goes on", || hub.health().fault.is_none()).await;
    assert_eq!(hub.health().stalled_ms, None);
    hub.shutdown().await.unwrap();
}
