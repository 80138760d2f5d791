//! The outbox as the console sees it: the flow's own orders, and what adapters send by themselves.
//!
//! A scheduled push of a report is no order: nothing decided it, so the flow does not know it. Its
//! adapter keeps what was given up, and says so through the contract; here both are one list.

mod page;

use std::sync::Arc;

use cordon_console::{OutboxPage, PageAsked, SentAgain};
use cordon_contract::{Fault, Running, Undelivered};
use cordon_flow::{Audited, NO_DEAD_LETTER, RunningHub, THREAD};
use cordon_model::{AuditOutcome, PartyId};
use tokio::sync::Semaphore;

use page::{Cut, described, own_line};

/// Pages that are read from the journal at once; who asks for another waits.
const PAGES: usize = 2;

/// Audit actions of a thing that an adapter sends again: asked for, and what came of it.
const ASKED: &str = "letter.rerun";
const TAKEN: &str = "letter.confirmed";
const NOT_TAKEN: &str = "letter.failed";

/// Everything that leaves the house, as far as it has not arrived.
pub struct Letters {
    hub: Arc<RunningHub>,
    operator: PartyId,
    /// Pages that are read from the journal at once.
    pages: Arc<Semaphore>,
}

/// What an adapter gave up, with the name it has in the list.
struct Own {
    id: String,
    source: &'static str,
    adapter: Arc<dyn Running>,
    letter: Undelivered,
}

impl Letters {
    /// `operator` is the party in whose name something is sent again.
    pub fn new(hub: Arc<RunningHub>, operator: PartyId) -> Self {
        Self {
            hub,
            operator,
            pages: Arc::new(Semaphore::new(PAGES)),
        }
    }

    /// How many things adapters gave up of what they send by themselves.
    pub fn own_total(&self) -> usize {
        let adapters = self.hub.adapters().into_iter();
        adapters.map(|it| it.running.undelivered().len()).sum()
    }

    /// By id, so that a page goes on where the last one ended.
    fn own(&self) -> Vec<Own> {
        let mut all = Vec::new();
        for adapter in self.hub.adapters() {
            let definition = &adapter.definition;
            all.extend(adapter.running.undelivered().into_iter().map(|letter| Own {
                id: format!("{}:{}", definition.name, letter.key),
                source: definition.protocol,
                adapter: Arc::clone(&adapter.running),
                letter,
            }));
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all
    }

    /// One page.
    pub async fn page(&self, asked: &PageAsked) -> Result<OutboxPage, Fault> {
        // Held until the reading ends, whoever waits for it.
        let place = Arc::clone(&self.pages)
            .acquire_owned()
            .await
            .map_err(lost)?;
        let outbox = self.hub.outbox();
        let own = self.own().into_iter().map(own_line).collect();
        let cut = Cut::new(asked, outbox.open(), outbox.dead_letters(), own);
        let (open, mut dead_letters) = described((outbox, place), cut.open, cut.dead).await?;
        dead_letters.extend(cut.own);
        let (open_last, last) = (open.last(), dead_letters.last());
        Ok(OutboxPage {
            open_next: open_last.filter(|_| cut.open_more).map(|line| line.number),
            next: last.filter(|_| cut.more).map(|line| line.id.clone()),
            open,
            open_total: cut.open_total,
            dead_letters,
            dead_total: cut.dead_total,
        })
    }

    /// Sends one again. What an adapter sends by itself is recorded before it leaves, and what came
    /// of it afterwards; for an order the flow does both.
    pub async fn rerun(&self, id: &str, who: Option<&str>) -> Result<SentAgain, Fault> {
        let words = who.map(|who| format!("asked by {who}"));
        if let Ok(number) = id.parse() {
            let outbox = self.hub.outbox();
            let receipt = outbox
                .rerun(number, &self.operator, words.as_deref())
                .await?;
            return Ok(SentAgain {
                entry: receipt.number,
                delivered: false,
            });
        }
        let own = self
            .own()
            .into_iter()
            .find(|own| own.id == id)
            .ok_or_else(|| {
                Fault::new(NO_DEAD_LETTER, "there is no dead letter of this name")
                    .remedy("choose one from the list of dead letters")
            })?;
        let (submit, actor) = (self.hub.submit(), self.operator.clone());
        let audited = move |action: &str, outcome, detail| Audited {
            action: action.to_owned(),
            actor: actor.clone(),
            target: Some(own.id.clone()),
            outcome,
            detail,
        };
        // A caller that goes away leaves neither half a call nor a record without its end.
        let sending = tokio::spawn(async move {
            let asked = audited(ASKED, AuditOutcome::Success, words);
            let entry = submit.audit(&asked).await?.number;
            let sent = own.adapter.send_again(&own.letter.key).await;
            let end = match &sent {
                Ok(()) => audited(TAKEN, AuditOutcome::Success, None),
                Err(fault) => audited(NOT_TAKEN, AuditOutcome::Failure, Some(fault.to_string())),
            };
            if let Err(fault) = submit.audit(&end).await {
                tracing::warn!(%fault, "what came of a letter sent again could not be recorded");
            }
            sent.map(|()| entry)
        });
        Ok(SentAgain {
            entry: sending.await.map_err(lost)??,
            delivered: true,
        })
    }
}

fn lost(error: impl std::fmt::Display) -> Fault {
    Fault::new(THREAD, "a thread of the hub ended").log(error.to_string())
}
