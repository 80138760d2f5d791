//! Duplicate recognition (I4): sender, message id, digest, and the first receipt.
//!
//! What was accepted since the last save is kept in memory, the rest in the state store. The store is
//! asked in the corridor, many messages in one look; the sequencer then only looks into the memory. A
//! look that was made before marks left the memory is told by its position, and made again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cordon_contract::Fault;
use cordon_journal::{Changes, InboxMark, State};
use cordon_model::{Digest, MessageId, PartyId, Timestamp};

use crate::corridor::receipt::ReceiptData;
use crate::corridor::{Key, Sealed};
use crate::decide::draft::Draft;
use crate::fault::{STOPPED, fault, of_journal};
use crate::flags;

type Name = (PartyId, MessageId);

/// What is known of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Never seen.
    New,
    /// The same message, in the batch that is being put together, as this entry.
    Pending(u64),
    /// The same message, durable, with its first receipt.
    Same(Box<ReceiptData>),
    /// The id stands for another message, this entry.
    Other(u64),
}

/// What the state store said of a message before it came to the sequencer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Looked {
    /// It was not asked, or could not answer.
    #[default]
    Not,
    /// What it held when it stood at `position`.
    At {
        position: u64,
        mark: Option<InboxMark>,
    },
}

/// A message accepted since the last save.
struct Fresh {
    name: Name,
    number: u64,
    digest: Digest,
    /// What its receipt warns of.
    marks: u16,
    /// What it is recognised by.
    identity: Digest,
    /// Time and chain hash of its entry; `None` until the entry is durable.
    sealed: Option<(Timestamp, Digest)>,
}

/// Messages accepted lately, by number, oldest first.
#[derive(Default)]
struct Recent {
    /// Where a message lies in `marks`, counted from the first mark of all.
    places: HashMap<Name, u64>,
    marks: VecDeque<Fresh>,
    /// How many marks were dropped from the front.
    gone: u64,
    /// The last number that was dropped; 0 before the first.
    dropped: u64,
    /// The position of the last save, and of the one before. Marks are kept for one save longer than
    /// they must, so that a look made in the corridor is hardly ever too old.
    saved: (u64, u64),
}

/// The inbox: what was accepted lately, above the state store. Clones share it. The store belongs to
/// the sequencer, which lets go of it at its end although clones of this may live on.
#[derive(Clone)]
pub(crate) struct Inbox {
    state: Weak<dyn State>,
    recent: Arc<Mutex<Recent>>,
}

impl Inbox {
    pub(crate) fn new(state: &Arc<dyn State>) -> Self {
        Self {
            state: Arc::downgrade(state),
            recent: Arc::default(),
        }
    }

    /// Begins anew over a state that was opened again, under a journal that ends with `last`. Looks
    /// from before are too old.
    pub(crate) fn forget(&self, last: u64) {
        *self.recent() = Recent {
            dropped: last,
            ..Recent::default()
        };
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the state store what it knows of messages that are on their way to the sequencer, all in
    /// one look. For the threads of the corridor.
    pub(crate) fn look<'a>(&self, sealed: impl Iterator<Item = &'a mut Sealed>) {
        let mut asking: Vec<&mut Sealed> = sealed.filter(|one| one.key() != Key::None).collect();
        if asking.is_empty() {
            return;
        }
        let names: Vec<(&str, [u8; 16])> = asking
            .iter()
            .map(|one| (one.sender().as_str(), *one.message_id().as_bytes()))
            .collect();
        let Some(state) = self.state.upgrade() else {
            return;
        };
        match state.look_up(&names) {
            Ok((position, marks)) => {
                for (one, mark) in asking.iter_mut().zip(marks) {
                    one.looked = Looked::At { position, mark };
                }
            }
            // The sequencer asks again, and says so to the sender when that fails too.
            Err(failure) => tracing::warn!(%failure, "the inbox could not be asked"),
        }
    }

    /// Makes sure that [`Inbox::verdict_of`] can answer of these: asks the store where the look of the corridor
    /// failed or is too old. A failure is the store's, and of no message.
    pub(crate) fn ask<'a>(
        &self,
        sealed: impl Iterator<Item = &'a mut Sealed>,
    ) -> Result<(), Fault> {
        for one in sealed {
            if one.key() == Key::None || self.is_known(one) {
                continue;
            }
            let name = (one.sender().as_str(), *one.message_id().as_bytes());
            let state = self.state.upgrade().ok_or_else(|| fault(STOPPED))?;
            let (position, marks) = state
                .look_up(&[name])
                .map_err(|failure| of_journal(&failure))?;
            one.looked = Looked::At {
                position,
                mark: marks.into_iter().next().flatten(),
            };
        }
        Ok(())
    }

    /// Whether memory and the corridor's look tell all of a message.
    fn is_known(&self, sealed: &Sealed) -> bool {
        let recent = self.recent();
        let name = (sealed.sender().clone(), sealed.message_id());
        recent.get(&name).is_some()
            || match sealed.looked {
                Looked::At { position, mark } => mark.is_some() || position >= recent.dropped,
                Looked::Not => false,
            }
    }

    /// Looks a message up that the corridor has asked the store for.
    pub(crate) fn verdict_of(&self, sealed: &Sealed) -> Result<Verdict, Fault> {
        let name = (sealed.sender().clone(), sealed.message_id());
        self.judge(name, sealed.identity(), sealed.key(), sealed.looked)
    }

    /// Looks a message up.
    pub(crate) fn verdict(
        &self,
        sender: &PartyId,
        id: MessageId,
        identity: Digest,
        key: Key,
    ) -> Result<Verdict, Fault> {
        self.judge((sender.clone(), id), identity, key, Looked::Not)
    }

    fn judge(
        &self,
        name: Name,
        identity: Digest,
        key: Key,
        looked: Looked,
    ) -> Result<Verdict, Fault> {
        if key == Key::None {
            return Ok(Verdict::New);
        }
        let recent = self.recent();
        if let Some(fresh) = recent.get(&name) {
            let same = [fresh.identity, fresh.digest].contains(&identity);
            return Ok(match fresh.receipt() {
                _ if !same => Verdict::Other(fresh.number),
                Some(receipt) => Verdict::Same(Box::new(receipt)),
                None => Verdict::Pending(fresh.number),
            });
        }
        let dropped = recent.dropped;
        drop(recent);
        let mark = match looked {
            Looked::At { mark, .. } if mark.is_some() => mark,
            Looked::At { position, .. } if position >= dropped => None,
            _ => self.stored_mark(&name)?,
        };
        Ok(match mark {
            None => Verdict::New,
            Some(mark) if [mark.identity, mark.digest].contains(&identity.0) => {
                Verdict::Same(Box::new(receipt_of(name, mark)))
            }
            Some(mark) => Verdict::Other(mark.number),
        })
    }

    /// The receipt of a message, from what was accepted lately or from the state store; never from the
    /// journal.
    pub(crate) fn receipt(
        &self,
        sender: &PartyId,
        id: MessageId,
    ) -> Result<Option<ReceiptData>, Fault> {
        let name = (sender.clone(), id);
        // What leaves the memory is in the store by then, so the memory is asked first.
        if let Some(receipt) = self.recent().get(&name).and_then(Fresh::receipt) {
            return Ok(Some(receipt));
        }
        Ok(self.stored_mark(&name)?.map(|mark| receipt_of(name, mark)))
    }

    fn stored_mark(&self, name: &Name) -> Result<Option<InboxMark>, Fault> {
        let state = self.state.upgrade().ok_or_else(|| fault(STOPPED))?;
        state
            .inbox(name.0.as_str(), name.1.as_bytes())
            .map_err(|failure| of_journal(&failure))
    }

    /// Notes an accepted message. Numbers never fall from one call to the next.
    pub(crate) fn note(&self, draft: &Draft, identity: Digest, number: u64) {
        self.recent().push(Fresh {
            name: (draft.sender.clone(), draft.message_id),
            number,
            digest: draft.digest,
            marks: flags::warned(draft.kind, draft.flags),
            identity,
            sealed: None,
        });
    }

    /// Notes a message that stands in the journal already.
    pub(crate) fn note_durable(&self, sender: PartyId, id: MessageId, mark: InboxMark) {
        self.recent().push(Fresh {
            name: (sender, id),
            number: mark.number,
            digest: Digest(mark.digest),
            marks: mark.marks,
            identity: Digest(mark.identity),
            sealed: Some((Timestamp::from_micros(mark.time_micros), Digest(mark.chain))),
        });
    }

    /// Completes the marks of a batch that is durable now.
    pub(crate) fn seal(&self, receipts: &[(u64, [u8; 32])], time: Timestamp) {
        let Some((base, _)) = receipts.first() else {
            return;
        };
        let mut recent = self.recent();
        for fresh in recent.marks.iter_mut().rev() {
            if fresh.number < *base {
                break;
            }
            let place = usize::try_from(fresh.number - base).unwrap_or(usize::MAX);
            fresh.sealed = receipts.get(place).map(|(_, chain)| (time, Digest(*chain)));
        }
    }

    /// How many marks wait to be stored.
    pub(crate) fn waiting(&self) -> usize {
        let recent = self.recent();
        recent.marks.len() - recent.first_unsaved()
    }

    /// Adds every mark that is not stored to a commit of the state.
    pub(crate) fn fill(&self, changes: &mut Changes) {
        let recent = self.recent();
        for fresh in recent.marks.range(recent.first_unsaved()..) {
            if let Some((time, chain)) = fresh.sealed {
                let mark = InboxMark {
                    number: fresh.number,
                    time_micros: time.micros(),
                    marks: fresh.marks,
                    digest: fresh.digest.0,
                    identity: fresh.identity.0,
                    chain: chain.0,
                };
                changes.inbox(fresh.name.0.as_str(), *fresh.name.1.as_bytes(), mark);
            }
        }
    }

    /// Says how far the store is; marks it had at the save before are forgotten here.
    pub(crate) fn stored(&self, position: u64) {
        let mut recent = self.recent();
        if position <= recent.saved.0 {
            return;
        }
        recent.saved = (position, recent.saved.0);
        let keep_from = recent.saved.1;
        recent.drop_to(keep_from);
    }
}

impl Recent {
    fn get(&self, name: &Name) -> Option<&Fresh> {
        let place = self.places.get(name)?.checked_sub(self.gone)?;
        self.marks.get(usize::try_from(place).ok()?)
    }

    fn push(&mut self, fresh: Fresh) {
        let place = self.gone + self.marks.len() as u64;
        self.places.insert(fresh.name.clone(), place);
        self.marks.push_back(fresh);
    }

    /// Where the marks begin that no save holds.
    fn first_unsaved(&self) -> usize {
        let saved = self.saved.0;
        self.marks.partition_point(|fresh| fresh.number <= saved)
    }

    fn drop_to(&mut self, number: u64) {
        while self
            .marks
            .front()
            .is_some_and(|fresh| fresh.number <= number)
        {
            let Some(fresh) = self.marks.pop_front() else {
                break;
            };
            // An id may stand for a later entry too, once its first one was forgotten.
            if self.places.get(&fresh.name) == Some(&self.gone) {
                self.places.remove(&fresh.name);
            }
            self.gone += 1;
            self.dropped = fresh.number;
        }
    }
}

impl Fresh {
    fn receipt(&self) -> Option<ReceiptData> {
        let (received_at, chain) = self.sealed?;
        Some(ReceiptData {
            number: self.number,
            sender: self.name.0.clone(),
            message_id: self.name.1,
            digest: self.digest,
            chain,
            received_at,
            duplicate: true,
            late: false,
            marks: self.marks,
        })
    }
}

/// The first receipt again, as the store keeps it.
fn receipt_of((sender, message_id): Name, mark: InboxMark) -> ReceiptData {
    ReceiptData {
        number: mark.number,
        sender,
        message_id,
        digest: Digest(mark.digest),
        chain: Digest(mark.chain),
        received_at: Timestamp::from_micros(mark.time_micros),
        duplicate: true,
        late: false,
        marks: mark.marks,
    }
}

#[cfg(test)]
mod tests {
    use cordon_journal::StateStore;

    use super::*;

    fn digest() -> Digest {
        Digest([7; 32])
    }

    fn name() -> Name {
        (
            PartyId::new("ENT-1").unwrap(),
            MessageId::from_bytes([1; 16]),
        )
    }

    fn drafted(id: u8) -> Draft {
        Draft {
            message_id: MessageId::from_bytes([id; 16]),
            digest: digest(),
            ..Draft::bare(cordon_contract::EntryKind::Message, name().0)
        }
    }

    /// A look made before the mark left the memory must not make a second message of a repetition.
    #[test]
    fn a_look_that_is_too_old_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = StateStore::open(dir.path().join("state.redb")).unwrap();
        let state: Arc<dyn State> = Arc::new(store);
        let inbox = Inbox::new(&state);
        let early = Looked::At {
            position: 0,
            mark: None,
        };
        let judged = |looked| inbox.judge(name(), digest(), Key::Exact, looked).unwrap();
        assert_eq!(judged(early), Verdict::New);
        inbox.note(&drafted(1), digest(), 5);
        assert_eq!(judged(early), Verdict::Pending(5));
        inbox.seal(&[(5, [9; 32])], Timestamp::from_micros(3));
        let Verdict::Same(first) = judged(early) else {
            panic!("the receipt is known as soon as the entry is durable")
        };
        for position in [5, 6, 7] {
            let mut changes = Changes::at(position, [0; 32]);
            inbox.fill(&mut changes);
            state.commit(&changes).unwrap();
            inbox.stored(position);
            assert_eq!(judged(early), Verdict::Same(first.clone()), "{position}");
        }
        assert!(inbox.recent().marks.is_empty(), "the store has it by now");
        let other = inbox.judge(name(), Digest([8; 32]), Key::Exact, early);
        assert_eq!(other.unwrap(), Verdict::Other(5));
        assert_eq!(inbox.receipt(&name().0, name().1).unwrap(), Some(*first));
    }

    #[test]
    fn a_save_takes_each_mark_once_and_memory_keeps_it_for_one_save_more() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = StateStore::open(dir.path().join("state.redb")).unwrap();
        let state: Arc<dyn State> = Arc::new(store);
        let inbox = Inbox::new(&state);
        for number in 1..=3_u8 {
            inbox.note(&drafted(number), digest(), u64::from(number));
            inbox.seal(&[(u64::from(number), [0; 32])], Timestamp::from_micros(0));
        }
        let filled = || {
            let mut changes = Changes::at(9, [0; 32]);
            inbox.fill(&mut changes);
            changes.len()
        };
        assert_eq!((filled(), inbox.waiting()), (3, 3));
        inbox.stored(2);
        assert_eq!((filled(), inbox.waiting()), (1, 1));
        assert_eq!(inbox.recent().marks.len(), 3);
        inbox.stored(3);
        assert_eq!((filled(), inbox.waiting()), (0, 0));
        assert_eq!(inbox.recent().marks.len(), 1);
    }
}
