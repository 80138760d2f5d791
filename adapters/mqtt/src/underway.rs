//! What was offered and is not answered yet, with the acknowledgements that wait for the answer.
//!
//! The broker may send a message again while its first delivery waits for a slow disk. Such a repeat is
//! offered no second time, and each that must be acknowledged takes one of a limited number of places:
//! when they are taken, the socket is not read, as for new messages. At QoS 0 nothing is acknowledged,
//! so a repeat leaves nothing behind.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordon_model::MessageId;
use rumqttc::ManualAck;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The place of one repeat.
pub type Repeat = OwnedSemaphorePermit;

/// What a delivery is.
pub enum Noted {
    /// The first of its message: to be offered.
    First,
    /// A repeat that took its place.
    Waits,
    /// A repeat that needs no acknowledgement, or has its place already.
    Needless(Repeat),
}

/// One acknowledgement, to be sent on its own connection.
struct Due {
    epoch: u64,
    packet: u16,
    ack: ManualAck,
    /// Held until the message is answered.
    _place: Option<Repeat>,
}

/// The messages on their way.
pub struct Underway {
    held: Mutex<HashMap<MessageId, Vec<Due>>>,
    repeats: Arc<Semaphore>,
}

impl Underway {
    /// Nothing is under way; `room` repeats may wait.
    pub fn new(room: usize) -> Self {
        Self {
            held: Mutex::default(),
            repeats: Arc::new(Semaphore::new(room)),
        }
    }

    /// A place for a repeat, if one is free.
    pub fn try_place(&self) -> Option<Repeat> {
        Arc::clone(&self.repeats).try_acquire_owned().ok()
    }

    /// The same; waits until one is.
    pub async fn place(&self) -> Option<Repeat> {
        Arc::clone(&self.repeats).acquire_owned().await.ok()
    }

    /// Whether a message of this identity is under way.
    pub fn holds(&self, id: &MessageId) -> bool {
        self.lock().contains_key(id)
    }

    /// Notes a delivery: the connection it came on, its packet id there, and its acknowledgement.
    pub fn note(
        &self,
        id: MessageId,
        (epoch, packet): (u64, u16),
        ack: Option<ManualAck>,
        place: Repeat,
    ) -> Noted {
        let due = |ack, place| Due {
            epoch,
            packet,
            ack,
            _place: place,
        };
        match self.lock().entry(id) {
            Entry::Vacant(free) => {
                free.insert(ack.map(|ack| due(ack, None)).into_iter().collect());
                Noted::First
            }
            Entry::Occupied(mut known) => {
                let dues = known.get_mut();
                // Those of a connection that is gone are never acknowledged.
                dues.retain(|known| known.epoch == epoch);
                let is_known = dues.iter().any(|known| known.packet == packet);
                match ack.filter(|_| !is_known) {
                    Some(ack) => {
                        dues.push(due(ack, Some(place)));
                        Noted::Waits
                    }
                    None => Noted::Needless(place),
                }
            }
        }
    }

    /// Takes out an answered message: the acknowledgements it waited for that belong to the connection
    /// `epoch`.
    pub fn answered(&self, id: &MessageId, epoch: u64) -> Vec<ManualAck> {
        let dues = self.lock().remove(id).unwrap_or_default();
        dues.into_iter()
            .filter(|due| due.epoch == epoch)
            .map(|due| due.ack)
            .collect()
    }

    /// True when every message was answered.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MessageId, Vec<Due>>> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use rumqttc::{PubAck, QoS};

    use super::*;

    const ROOM: usize = 4;

    fn ack(qos: QoS, packet: u16) -> Option<ManualAck> {
        let ack = ManualAck::PubAck(PubAck::new(packet, None));
        (qos != QoS::AtMostOnce).then_some(ack)
    }

    /// How many deliveries are taken before the socket is no longer read.
    fn read(
        underway: &Underway,
        id: MessageId,
        qos: QoS,
        packets: impl Iterator<Item = u16>,
    ) -> usize {
        let mut taken = 0;
        for packet in packets {
            let Some(place) = underway.try_place() else {
                break;
            };
            underway.note(id, (1, packet), ack(qos, packet), place);
            taken += 1;
        }
        taken
    }

    fn dues(underway: &Underway) -> usize {
        underway.lock().values().map(Vec::len).sum()
    }

    #[test]
    fn repeats_that_must_be_acknowledged_stop_the_reading_when_their_places_are_taken() {
        let underway = Underway::new(ROOM);
        let id = MessageId::random();
        let taken = read(&underway, id, QoS::AtLeastOnce, 1..=10_000);
        assert_eq!(taken, 1 + ROOM, "the first and a repeat for each place");
        assert_eq!(underway.answered(&id, 1).len(), 1 + ROOM);
        assert!(underway.is_empty());
        let again = read(&underway, id, QoS::AtLeastOnce, 1..=10_000);
        assert_eq!(again, 1 + ROOM, "the answer gave the places back");
    }

    #[test]
    fn a_repeat_takes_no_second_place_and_at_qos_0_none() {
        let underway = Underway::new(ROOM);
        let id = MessageId::random();
        let same = std::iter::repeat_n(7, 10_000);
        assert_eq!(read(&underway, id, QoS::AtLeastOnce, same), 10_000);
        assert_eq!(dues(&underway), 1);
        let id = MessageId::random();
        let none = std::iter::repeat_n(0, 10_000);
        assert_eq!(read(&underway, id, QoS::AtMostOnce, none), 10_000);
        assert_eq!(dues(&underway), 1, "that of QoS 1");
        assert_eq!(underway.repeats.available_permits(), ROOM);
    }

    #[test]
    fn repeats_of_a_connection_that_is_gone_are_not_acknowledged_and_hold_no_place() {
        let underway = Underway::new(ROOM);
        let id = MessageId::random();
        read(&underway, id, QoS::AtLeastOnce, 1..=4);
        let place = underway.try_place().unwrap();
        underway.note(id, (3, 1), ack(QoS::AtLeastOnce, 1), place);
        assert_eq!(underway.repeats.available_permits(), ROOM - 1);
        assert_eq!(underway.answered(&id, 3).len(), 1);
    }
}
