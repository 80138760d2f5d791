//! The task that keeps a journal by its rules, and says in it what it did.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, Shutdown};
use cordon_flow::{Audited, Submit};
use cordon_journal::checkpoint::Checkpoint;
use cordon_journal::{JournalFault, Moved};
use cordon_model::{AuditOutcome, PartyId, Timestamp};
use tokio::sync::oneshot::error::RecvError;

use super::{Keeping, Kept};
use crate::checkpoints::Checkpoints;
use crate::forgetting::Due;

/// Rest between two looks for what has become old.
const LOOK: Duration = Duration::from_secs(20);

/// What a thread answered, or that there was none.
type Answered<T> = Result<Result<T, JournalFault>, RecvError>;

struct Keeper {
    keeping: Arc<Keeping>,
    submit: Submit,
    actor: PartyId,
    /// What was said to be forgotten and is not yet; it is not said again.
    said: Option<Due>,
}

/// Looks three times a minute until shutdown. What is moved or forgotten is journaled: who asks later where an entry is finds it.
pub async fn keep(
    keeping: Arc<Keeping>,
    (submit, clock): (Submit, Arc<dyn Clock>),
    actor: PartyId,
    shutdown: Shutdown,
) {
    let mut keeper = Keeper {
        keeping,
        submit,
        actor,
        said: None,
    };
    loop {
        let now = clock.now();
        let goes_on = tokio::select! {
            () = shutdown.wait() => return,
            goes_on = keeper.next(now) => goes_on,
        };
        if goes_on {
            continue;
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Keeper {
    /// Does the next that is due. Whether there may be more.
    async fn next(&mut self, now: Timestamp) -> bool {
        let next = self.keeping.ask(move |it| it.next(now)).await;
        match self.done(next).flatten() {
            Some(Kept::Checkpoint(made)) => self.named(&made).await,
            Some(Kept::Packed(packed)) => {
                tracing::info!(?packed, "a segment is packed");
                true
            }
            Some(Kept::Moved(moved)) => {
                self.tell(&archived(moved, &self.keeping, &self.actor))
                    .await;
                true
            }
            Some(Kept::ToForget(due)) => self.forgets(due).await,
            None => false,
        }
    }

    /// Names a checkpoint in the journal; only then it is one.
    async fn named(&self, made: &Checkpoint) -> bool {
        let is_named = self.tell(&Checkpoints::named(made, &self.actor)).await;
        if !is_named {
            self.keeping.checkpoints().drop_unnamed(made);
        }
        is_named
    }

    /// Forgets what is due. It is said before: nobody finds a body missing that no entry speaks of.
    async fn forgets(&mut self, due: Due) -> bool {
        if self.said != Some(due) {
            let said = self.keeping.forgetting.said(due, &self.actor);
            if !self.tell(&said).await {
                return false;
            }
            self.said = Some(due);
        }
        let forgot = self.keeping.ask(move |it| it.forget(due)).await;
        let is_done = self.done(forgot).is_some();
        if is_done {
            self.said = None;
        }
        is_done
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
