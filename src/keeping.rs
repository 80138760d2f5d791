//! What a running hub does with old segments of its journal: packs them, and moves them to the archive.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordon_contract::{Clock, Shutdown};
use cordon_flow::{Audited, Submit};
use cordon_journal::{Archiver, Journal, JournalFault, Moved, Packed, Packer};
use cordon_model::{AuditOutcome, PartyId, Timestamp};
use tokio::sync::oneshot;

use crate::config::RetentionSection;

/// Rest between two looks for what has become old.
const LOOK: Duration = Duration::from_secs(60);
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Packs and moves the segments of whichever journal the hub writes now.
pub struct Keeping {
    pack_days: u16,
    archive: Option<PathBuf>,
    archive_days: u16,
    /// Of the journal that was opened last; who works is not waited for by who opens another.
    hands: Mutex<Option<Arc<Mutex<Hands>>>>,
    /// What was said last, which is not said again.
    said: Mutex<Option<String>>,
}

/// What works on the journal that is open.
struct Hands {
    packer: Packer,
    archiver: Option<Archiver>,
}

/// One segment that was taken care of.
enum Kept {
    Packed(Packed),
    Moved(Moved),
}

impl Keeping {
    /// By these rules, on no journal yet.
    pub fn by(rules: &RetentionSection) -> Arc<Self> {
        Arc::new(Self {
            pack_days: rules.pack_days,
            archive: rules.archive.clone(),
            archive_days: rules.archive_days,
            hands: Mutex::default(),
            said: Mutex::default(),
        })
    }

    /// The folder that older segments are moved to.
    pub fn archive(&self) -> Option<PathBuf> {
        self.archive.clone()
    }

    /// The hub writes this journal from now on.
    pub fn takes(&self, journal: &Journal) {
        let hands = Hands {
            packer: journal.packer(),
            archiver: self.archive.as_deref().map(|it| journal.archiver(it)),
        };
        let hands = Some(Arc::new(Mutex::new(hands)));
        *self.hands.lock().unwrap_or_else(PoisonError::into_inner) = hands;
    }

    fn hands(&self) -> Option<Arc<Mutex<Hands>>> {
        let hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.clone()
    }

    /// The next segment that is old enough by this clock; `None` when there is none.
    fn next(&self, now: Timestamp) -> Result<Option<Kept>, JournalFault> {
        let Some(hands) = self.hands() else {
            return Ok(None);
        };
        let mut hands = hands.lock().unwrap_or_else(PoisonError::into_inner);
        let before = |days: u16| now.plus_ms(-i64::from(days) * DAY_MS).micros();
        let packed = hands.packer.pack_next(before(self.pack_days));
        if let Ok(Some(packed)) = packed {
            return Ok(Some(Kept::Packed(packed)));
        }
        // What cannot be packed, for want of room perhaps, keeps nothing from the archive that is.
        let archiver = hands.archiver.as_mut();
        let moved = archiver.map(|it| it.archive_next(before(self.archive_days)));
        match moved.transpose()?.flatten() {
            Some(moved) => Ok(Some(Kept::Moved(moved))),
            None => packed.map(|_| None),
        }
    }

    /// Does the next on a thread of its own: the end of the program does not wait for an archive that hangs. What is half
    /// there then is no segment.
    fn ask(
        self: &Arc<Self>,
        now: Timestamp,
    ) -> oneshot::Receiver<Result<Option<Kept>, JournalFault>> {
        let (answer, asked) = oneshot::channel();
        let keeping = Arc::clone(self);
        let work = move || {
            // Nobody waits when the hub has ended.
            let _ = answer.send(keeping.next(now));
        };
        // Without a thread nothing is answered, which is told.
        let _ = std::thread::Builder::new()
            .name("journal-keeping".to_owned())
            .spawn(work);
        asked
    }

    /// Says in the log why nothing is packed or moved, once for each reason.
    fn failed(&self, fault: &JournalFault) {
        let words = fault.to_string();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.as_ref() != Some(&words) {
            tracing::error!(%fault, "old segments of the journal stay where they are");
            *said = Some(words);
        }
    }
}

/// Looks each minute until shutdown. What is moved is journaled: who asks later where an entry lies finds it.
pub async fn keep(
    keeping: Arc<Keeping>,
    (submit, clock): (Submit, Arc<dyn Clock>),
    actor: PartyId,
    shutdown: Shutdown,
) {
    loop {
        let next = keeping.ask(clock.now());
        let kept = tokio::select! {
            () = shutdown.wait() => return,
            next = next => next,
        };
        match kept {
            Ok(Ok(Some(Kept::Packed(packed)))) => {
                tracing::info!(?packed, "a segment is packed");
                continue;
            }
            Ok(Ok(Some(Kept::Moved(moved)))) => {
                if let Err(fault) = submit.audit(&archived(moved, &keeping, &actor)).await {
                    tracing::warn!(%fault, "a move to the archive could not be recorded");
                }
                continue;
            }
            Ok(Ok(None)) => {}
            Ok(Err(fault)) => keeping.failed(&fault),
            Err(_) => tracing::error!("no thread looks for old segments"),
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn archived(moved: Moved, keeping: &Keeping, actor: &PartyId) -> Audited {
    let Moved {
        number,
        first,
        last,
        bytes,
    } = moved;
    let archive = keeping.archive.as_ref();
    let place = archive.map_or_else(String::new, |it| it.display().to_string());
    Audited {
        action: "journal.archived".to_owned(),
        actor: actor.clone(),
        target: Some(format!("segment {number}")),
        outcome: AuditOutcome::Success,
        detail: Some(format!(
            "entries {first} to {last}, {bytes} bytes, moved to {place}: older than {} days",
            keeping.archive_days
        )),
    }
}
