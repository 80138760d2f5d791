//! The outbox as the console sees it: the flow's own orders, and what adapters send by themselves.
//!
//! A scheduled push of a report is no order: nothing decided it, so the flow does not know it. Its
//! adapter keeps what was given up, and says so through the contract; here both are one list.

use std::sync::Arc;

use cordon_console::{LetterLine, OpenLine, OutboxPage, PageAsked, SentAgain};
use cordon_contract::{Adapter, Fault, OrderLane, Undelivered};
use cordon_flow::{
    Audited, DeadLetter, NO_DEAD_LETTER, OpenOrder, OrderNote, Outbox, RunningHub, THREAD,
};
use cordon_model::{AuditOutcome, PartyId, Timestamp};

/// Audit actions of a thing that an adapter sends again: asked for, and what came of it.
const ASKED: &str = "letter.rerun";
const TAKEN: &str = "letter.confirmed";
const NOT_TAKEN: &str = "letter.failed";

/// Everything that leaves the house, as far as it has not arrived.
pub struct Letters {
    hub: Arc<RunningHub>,
    adapters: Vec<Arc<dyn Adapter>>,
    operator: PartyId,
}

/// What an adapter gave up, with the name it has in the list.
struct Own {
    id: String,
    source: &'static str,
    adapter: Arc<dyn Adapter>,
    letter: Undelivered,
}

impl Letters {
    /// `operator` is the party in whose name something is sent again.
    pub fn new(hub: Arc<RunningHub>, adapters: Vec<Arc<dyn Adapter>>, operator: PartyId) -> Self {
        Self {
            hub,
            adapters,
            operator,
        }
    }

    /// How many things adapters gave up of what they send by themselves.
    pub fn own_total(&self) -> usize {
        let counts = self
            .adapters
            .iter()
            .map(|adapter| adapter.undelivered().len());
        counts.sum()
    }

    /// By id, so that a page goes on where the last one ended.
    fn own(&self) -> Vec<Own> {
        let mut all = Vec::new();
        for adapter in &self.adapters {
            let definition = adapter.definition();
            all.extend(adapter.undelivered().into_iter().map(|letter| Own {
                id: format!("{}:{}", definition.name, letter.key),
                source: definition.protocol,
                adapter: Arc::clone(adapter),
                letter,
            }));
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all
    }

    /// One page. Orders come first, by number; an id that is no number stands behind all of them.
    pub async fn page(&self, asked: &PageAsked) -> Result<OutboxPage, Fault> {
        let outbox = self.hub.outbox();
        let (open, dead, own) = (outbox.open(), outbox.dead_letters(), self.own());
        let (open_total, dead_total) = (open.len(), dead.len() + own.len());
        let number = match asked.after.as_deref().map(str::parse::<u64>) {
            None => Some(0),
            Some(number) => number.ok(),
        };
        let behind =
            |id: &str| number.is_some() || asked.after.as_deref().is_some_and(|at| id > at);
        let limit = asked.limit;
        // One more than the page holds shows whether another one follows.
        let open = open
            .into_iter()
            .filter(|(at, _)| asked.open_after.is_none_or(|after| *at > after));
        let mut open: Vec<_> = open.take(limit + 1).collect();
        let dead = dead
            .into_iter()
            .filter(|letter| number.is_some_and(|after| letter.number > after));
        let mut dead: Vec<_> = dead.take(limit + 1).collect();
        let mut own: Vec<LetterLine> = own
            .into_iter()
            .filter(|own| behind(&own.id))
            .take(limit + 1)
            .map(own_line)
            .collect();
        let open_more = open.len() > limit;
        open.truncate(limit);
        let more = dead.len() + own.len() > limit;
        dead.truncate(limit);
        own.truncate(limit - dead.len());
        let (open, mut dead_letters) = described(outbox, open, dead).await?;
        dead_letters.append(&mut own);
        Ok(OutboxPage {
            open_next: open.last().filter(|_| open_more).map(|line| line.number),
            next: dead_letters
                .last()
                .filter(|_| more)
                .map(|line| line.id.clone()),
            open,
            open_total,
            dead_letters,
            dead_total,
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
        let lost = |error: tokio::task::JoinError| {
            Fault::new(THREAD, "a thread of the hub ended").log(error.to_string())
        };
        Ok(SentAgain {
            entry: sending.await.map_err(lost)??,
            delivered: true,
        })
    }
}

/// The lines of orders, with what the journal says of each.
async fn described(
    outbox: Outbox,
    open: Vec<(u64, OpenOrder)>,
    dead: Vec<DeadLetter>,
) -> Result<(Vec<OpenLine>, Vec<LetterLine>), Fault> {
    let look = move || {
        let open = open
            .into_iter()
            .map(|(number, order)| Ok(open_line(number, order, outbox.note(number)?)));
        let open = open.collect::<Result<_, Fault>>()?;
        let dead = dead.into_iter().map(|letter| {
            let note = outbox.note(letter.number)?;
            Ok(letter_line(letter, note))
        });
        Ok((open, dead.collect::<Result<_, Fault>>()?))
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| Fault::new(THREAD, "a thread of the hub ended").log(error.to_string()))?
}

fn open_line(number: u64, order: OpenOrder, note: Option<OrderNote>) -> OpenLine {
    OpenLine {
        number,
        time: note.map(|note| local(note.ordered)),
        target: order.target.0,
        kind: note.map(|note| note.kind.as_str()),
        lane: lane(order.lane),
        deadline: local(Timestamp::from_micros(order.deadline_micros)),
    }
}

fn letter_line(letter: DeadLetter, note: Option<OrderNote>) -> LetterLine {
    LetterLine {
        id: letter.number.to_string(),
        number: Some(letter.number),
        source: "outbox".to_owned(),
        time: local(Timestamp::from_micros(letter.given_up_micros)),
        target: letter.target,
        kind: note.map(|note| note.kind.as_str()),
        reason: letter.reason,
        lane: note.map(|note| lane(note.lane)),
        deadline: note.map(|note| local(note.deadline)),
    }
}

fn own_line(own: Own) -> LetterLine {
    LetterLine {
        id: own.id,
        number: None,
        source: own.source.to_owned(),
        time: local(own.letter.since),
        target: own.letter.target.0,
        kind: Some(own.letter.kind.as_str()),
        reason: own.letter.reason,
        lane: None,
        deadline: None,
    }
}

const fn lane(lane: OrderLane) -> &'static str {
    match lane {
        OrderLane::Emergency => "EMERGENCY",
        OrderLane::Access => "ACCESS",
        OrderLane::Routine => "ROUTINE",
    }
}

/// As the park's clocks show it.
fn local(time: Timestamp) -> Timestamp {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES)
}
