//! The task that keeps a journal by its rules, and says in it what it did.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, Shutdown};
use cordon_flow::{Aging, Audited, Reach, Submit};
use cordon_journal::checkpoint::Checkpoint;
use cordon_journal::{JournalFault, Moved};
use cordon_model::{AuditOutcome, PartyId, Timestamp};
use tokio::sync::oneshot::error::RecvError;

use super::{Keeping, Kept};
use crate::checkpoints::Checkpoints;
use crate::forgetting::{Begun, Due, Ended, Stuck};

/// Rest between two looks for what has become old.
const LOOK: Duration = Duration::from_secs(20);

/// What a thread answered, or that there was none.
type Answered<T> = Result<Result<T, JournalFault>, RecvError>;

struct Keeper {
    keeping: Arc<Keeping>,
    submit: Submit,
    actor: PartyId,
    /// What was to be forgotten last.
    last: Option<(&'static str, u64)>,
}

/// Looks three times a minute until shutdown. What is moved or forgotten is journaled: who asks later where an entry is finds it.
pub async fn keep(
    keeping: Arc<Keeping>,
    (submit, clock, aging): (Submit, Arc<dyn Clock>, Aging),
    actor: PartyId,
    shutdown: Shutdown,
) {
    let mut keeper = Keeper {
        keeping,
        submit,
        actor,
        last: None,
    };
    loop {
        keeper.says_what_went_by_hand().await;
        // Before the first entry of this run nobody knows how old anything is.
        if let Some(reach) = aging.reach() {
            let goes_on = tokio::select! {
                () = shutdown.wait() => return,
                goes_on = keeper.next(clock.now(), reach) => goes_on,
            };
            if goes_on {
                continue;
            }
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Does all that is due now, and no more.
#[cfg(test)]
pub async fn keep_now(
    keeping: Arc<Keeping>,
    (submit, clock, aging): (Submit, Arc<dyn Clock>, Aging),
    actor: PartyId,
) {
    let mut keeper = Keeper {
        keeping,
        submit,
        actor,
        last: None,
    };
    while let Some(reach) = aging.reach()
        && keeper.next(clock.now(), reach).await
    {}
}

impl Keeper {
    /// Does the next that is due. Whether there may be more.
    async fn next(&mut self, now: Timestamp, reach: Reach) -> bool {
        let next = self.keeping.ask(move |it| it.next(now, reach)).await;
        match self.done(next).flatten() {
            Some(Kept::Checkpoint(made)) => self.named(&made, reach.settled).await,
            Some(Kept::Packed(packed)) => {
                tracing::info!(?packed, "a segment is packed");
                true
            }
            Some(Kept::Moved(moved)) => {
                self.tell(&archived(moved, &self.keeping, &self.actor))
                    .await;
                true
            }
            // What is due again at once did not go, whatever came of it: no round without rest.
            Some(Kept::ToForget(due)) => {
                let is_next = self.last.replace(due.what()) != Some(due.what());
                self.forgets(due).await && is_next
            }
            None => false,
        }
    }

    /// Journals what was forgotten while no hub ran.
    async fn says_what_went_by_hand(&self) {
        let actor = self.actor.clone();
        let owed = self.keeping.ask(move |it| it.notes.owed(&actor)).await;
        let owed = self.done(owed).unwrap_or_default();
        for (said, left) in owed.iter().zip((0..owed.len()).rev()) {
            let is_told = self.tell(said).await;
            if !is_told || !self.noted(self.keeping.notes.told(left == 0)) {
                return;
            }
        }
    }

    /// Names a checkpoint in the journal; only then it is one.
    async fn named(&self, made: &Checkpoint, settled: Timestamp) -> bool {
        let said = Checkpoints::named(made, settled, &self.actor);
        let is_named = self.tell(&said).await;
        if !is_named {
            self.keeping.checkpoints().drop_unnamed(made);
        }
        is_named
    }

    /// Forgets what is due. It is said before it goes, and only when it can: nobody finds a body missing that no entry speaks of, and no entry
    /// speaks of what stays. What cannot go is told and passed over.
    async fn forgets(&mut self, due: Due) -> bool {
        let begun = self.keeping.ask(move |it| it.begin(due)).await;
        let ready = match self.done(begun) {
            Some(Begun::Ready(ready)) => ready,
            Some(Begun::Nothing) => return true,
            Some(Begun::Stuck(stuck)) => return self.stays(due, &stuck).await,
            None => return false,
        };
        let forgetting = &self.keeping.forgetting;
        let said = forgetting.said(due, &ready.told, &self.actor);
        if ready.is_to_say && !(self.tell(&said).await && self.noted(forgetting.note_said(due))) {
            return false;
        }
        let ended = self.keeping.ask(move |it| it.end(ready)).await;
        match self.done(ended).flatten() {
            Some(Ended::Gone { is_to_say }) => !is_to_say || self.tell(&said).await,
            Some(Ended::Stuck(stuck)) => self.stays(due, &stuck).await,
            None => false,
        }
    }

    /// Tells of what cannot go, once for each segment. What comes behind goes on.
    async fn stays(&self, due: Due, stuck: &Stuck) -> bool {
        let forgetting = &self.keeping.forgetting;
        let said = forgetting.not_said(due, &stuck.fault, &self.actor);
        !stuck.is_to_say || self.tell(&said).await && self.noted(forgetting.note_failed(due))
    }

    fn noted(&self, noted: Result<(), JournalFault>) -> bool {
        noted
            .inspect_err(|fault| self.keeping.failed(fault))
            .is_ok()
    }

    /// What came of something, if it was done; else the log says why it was not.
    fn done<T>(&self, answered: Answered<T>) -> Option<T> {
        match answered {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(fault)) => self.keeping.failed(&fault),
            Err(_) => tracing::error!("no thread keeps the journal by its rules"),
        }
        None
    }

    async fn tell(&self, said: &Audited) -> bool {
        let told = self.submit.audit(said).await;
        if let Err(fault) = &told {
            tracing::warn!(%fault, action = said.action, "this could not be recorded");
        }
        told.is_ok()
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
