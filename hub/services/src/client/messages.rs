//! Pulling journal entries from a hub that is not believed: every answer is held to what was asked,
//! to its own records, and to what the hub has signed before.

use std::path::Path;

use cordon_contract::Fault;
use cordon_journal::{Hash, Position, chain};
use cordon_model::service::GetMessages;
use cordon_model::{Digest, ParkCode, PartyId, Timestamp};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;

use super::checkpoint::keep_proof;
use super::link::{payload, refusal, stale};
use super::page::{self, Asked, PulledEntry};
use super::pins::Pins;
use super::{Checkpoint, Link, LinkError};
use crate::lawful::lawful;

/// Entries asked for in one request.
const PAGE: u32 = 1_000;

/// What to pull.
#[derive(Clone, Debug, Default)]
pub struct MessagesWanted {
    /// The last entry known already and its chain hash; none begins at the checkpoint, or at 1.
    pub after: Option<Position>,
    /// Entries at most; none takes all there are.
    pub limit: Option<u64>,
}

/// What a pull came to.
#[derive(Clone, Debug)]
pub struct PulledMessages {
    /// Entries that were verified and handed on.
    pub entries: u64,
    /// What is known of the hub's journal now; to be kept for the next pull.
    pub checkpoint: Checkpoint,
}

/// A puller with what it knows of one hub.
struct Puller<'a> {
    link: &'a Link,
    /// What was known before, with the file beside which proofs are kept.
    known: Option<Checkpoint>,
    file: &'a Path,
    /// Positions the hub has vouched for with its signature and that are still to come.
    pinned: Pins,
    /// Whose answers these are, from the checkpoint or the first answer.
    who: Option<(ParkCode, PartyId)>,
    /// The newest head signed, and the statement that says it.
    head: Position,
    statement: Vec<u8>,
    /// No answer that is made before this is new.
    answered_at: Timestamp,
}

/// Pulls what is `wanted` and hands it to `take` answer by answer, each verified before. `file` is
/// where the checkpoint lies between two pulls; proofs of a contradiction are kept beside it.
///
/// # Errors
/// `S034` and `S070` to `S076` when the hub cannot be believed; nothing of that answer was handed on.
pub async fn pull_messages(
    link: &Link,
    wanted: &MessagesWanted,
    file: &Path,
    mut take: impl FnMut(&[PulledEntry]) -> Result<(), Fault>,
) -> Result<PulledMessages, LinkError> {
    let known = Checkpoint::read_if_there(file).map_err(LinkError::Untrusted)?;
    let mut puller = Puller {
        link,
        pinned: known
            .as_ref()
            .map(Checkpoint::positions)
            .unwrap_or_default()
            .into_iter()
            .collect(),
        head: known.as_ref().map_or((0, [0; 32]), Checkpoint::head),
        who: known
            .as_ref()
            .map(|known| (known.park.clone(), known.hub.clone())),
        statement: Vec::new(),
        answered_at: known.as_ref().map_or(Timestamp::from_micros(0), |known| {
            known.answered_at.min(link.now())
        }),
        known,
        file,
    };
    let mut at = puller.begin(wanted)?;
    let mut left = wanted.limit.unwrap_or(u64::MAX);
    let mut entries = 0;
    while left > 0 {
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let (pulled, more) = puller.ask(&mut at, limit).await?;
        take(&pulled).map_err(LinkError::Untrusted)?;
        let count = pulled.len() as u64;
        entries += count;
        left -= count.min(left);
        if !more {
            break;
        }
    }
    let checkpoint = puller.end(at).await?;
    Ok(PulledMessages {
        entries,
        checkpoint,
    })
}

impl Puller<'_> {
    /// Where to begin, with the chain hash there.
    fn begin(&self, wanted: &MessagesWanted) -> Result<Position, LinkError> {
        let known = self.known.as_ref().map(Checkpoint::verified);
        match (wanted.after, known) {
            (Some(after), _) if after.0 > 0 => Ok(after),
            (None, Some(known)) if known.0 > 0 => Ok(known),
            // Who writes the journal is known once an answer says so.
            _ => Ok((0, [0; 32])),
        }
    }

    /// One answer, verified; moves `at` to its end. True when there is more.
    async fn ask(
        &mut self,
        at: &mut Position,
        limit: u32,
    ) -> Result<(Vec<PulledEntry>, bool), LinkError> {
        let ask = GetMessages {
            after: at.0,
            limit: Some(limit),
            message_type: Vec::new(),
            wait_seconds: None,
            with_original: None,
        };
        let request = wire::write_get_messages(&ask).map_err(|it| untrusted(lawful(it)))?;
        let answer = self.link.exchange(&request).await?;
        self.newer(&answer)?;
        self.same_hub(&answer)?;
        if let Some(refused) = refusal(&answer) {
            return Err(self.refused(at.0, refused, &answer));
        }
        if at.0 == 0 {
            at.1 = genesis(&answer);
        }
        let page = wire::read_get_messages_response(payload(&answer)?)
            .map_err(|it| untrusted(lawful(it)))?;
        if page.previous_chain_hash.0 != at.1 && self.has_signed(*at) {
            let words = format!(
                "entry {} is another one than the hub had signed for: a fork",
                at.0
            );
            return Err(self.contradicted("S072", words, &answer));
        }
        let asked = Asked { after: *at, limit };
        let more = page.more;
        let (pulled, head) = page::check(page, asked).map_err(LinkError::Untrusted)?;
        self.agrees(&pulled, head, &answer)?;
        if let Some(last) = pulled.last() {
            *at = (last.entry.number, last.entry.chain_hash.0);
        }
        if more && pulled.is_empty() {
            return Err(untrusted(page::unfit(format!(
                "no entry after {} although the newest is {}",
                at.0, head.0
            ))));
        }
        self.head = head;
        // It was made when it came, at the latest: one that is dated ahead, as far as the skew allows, would make
        // every honest one after it an old one until then.
        self.answered_at = answer.created().min(self.link.now());
        self.statement = answer.into_bytes();
        Ok((pulled, more))
    }

    /// Whether the hub itself has told this position, now or to an earlier pull.
    fn has_signed(&self, at: Position) -> bool {
        let earlier = |known: &Checkpoint| known.positions().contains(&at);
        at.0 > 0 && (!self.statement.is_empty() || self.known.as_ref().is_some_and(earlier))
    }

    /// An answer is made after every answer taken before.
    fn newer(&self, answer: &VerifiedEnvelope) -> Result<(), LinkError> {
        match answer.created() >= self.answered_at {
            true => Ok(()),
            false => Err(untrusted(stale(answer.created(), self.answered_at))),
        }
    }

    /// All answers come from one hub of one park, and a checkpoint belongs to it.
    fn same_hub(&mut self, answer: &VerifiedEnvelope) -> Result<(), LinkError> {
        let identity = answer.identity();
        let (park, hub) = self
            .who
            .get_or_insert_with(|| (identity.park.clone(), identity.id.clone()));
        if (&identity.park, &identity.id) == (&*park, &*hub) {
            return Ok(());
        }
        Err(untrusted(
            Fault::new(
                "S076",
                format!(
                    "{} of {} answers, expected is {hub} of {park}",
                    identity.id, identity.park
                ),
            )
            .at(self.file.display().to_string())
            .remedy("use a checkpoint file for each hub"),
        ))
    }

    /// A refused question; when the hub no longer has what it signed to have, that is a rollback.
    fn refused(&self, after: u64, refused: LinkError, answer: &VerifiedEnvelope) -> LinkError {
        match refused {
            LinkError::Refused(fault)
                if self.known.is_some() && after > 0 && fault.peer_text().starts_with("S013") =>
            {
                let words = format!("the hub no longer has entry {after}, which it had signed for");
                self.contradicted("S073", words, answer)
            }
            other => other,
        }
    }

    /// Holds an answer to every position the hub has signed before.
    fn agrees(
        &mut self,
        pulled: &[PulledEntry],
        head: Position,
        answer: &VerifiedEnvelope,
    ) -> Result<(), LinkError> {
        if head.0 < self.head.0 {
            let words = format!(
                "the hub's newest entry is {}, it had signed for {}",
                head.0, self.head.0
            );
            return Err(self.contradicted("S073", words, answer));
        }
        let seen = pulled
            .iter()
            .map(|one| (one.entry.number, one.entry.chain_hash.0))
            .chain([head]);
        if let Some(number) = self.pinned.differs(seen) {
            let words =
                format!("entry {number} is another one than the hub had signed for: a fork");
            return Err(self.contradicted("S072", words, answer));
        }
        self.pinned.add(head);
        if let Some(last) = pulled.last() {
            self.pinned.forget_before(last.entry.number);
        }
        Ok(())
    }

    /// The hub said one thing and then another: both statements are kept.
    fn contradicted(
        &self,
        code: &'static str,
        words: String,
        answer: &VerifiedEnvelope,
    ) -> LinkError {
        let earlier = match (&self.statement, &self.known) {
            (statement, _) if !statement.is_empty() => Ok(statement.clone()),
            (_, Some(known)) => known.statement(),
            (_, None) => Ok(Vec::new()),
        };
        let kept = earlier
            .and_then(|earlier| keep_proof(self.file, &earlier, answer.bytes(), self.link.now()));
        let fault = Fault::new(code, words);
        let fault = match kept {
            Ok([earlier, later]) => fault.at(earlier.display().to_string()).remedy(format!(
                "both signed statements are kept, the later one is {}; call the park",
                later.display()
            )),
            Err(failed) => fault.remedy(format!("the proof could not be kept: {failed}")),
        };
        LinkError::Untrusted(fault)
    }

    /// Asks once more for nothing but the head: the small signed statement that is kept.
    async fn end(mut self, at: Position) -> Result<Checkpoint, LinkError> {
        let mut here = at;
        self.ask(&mut here, 1).await?;
        let (park, hub) = self
            .who
            .take()
            .ok_or_else(|| untrusted(page::unfit("no answer came".to_owned())))?;
        let statement = std::mem::take(&mut self.statement);
        Ok(Checkpoint {
            park,
            hub,
            number: at.0,
            chain: Digest(at.1),
            head: self.head.0,
            head_chain: Digest(self.head.1),
            answered_at: self.answered_at,
            statement: String::new(),
        }
        .with_statement(&statement))
    }
}

/// The chain hash before entry 1: it names the park and the hub, so that a journal of another park
/// does not pass.
fn genesis(answer: &VerifiedEnvelope) -> Hash {
    let who = answer.identity();
    chain::genesis(&format!("{}/{}", who.park, who.id))
}

fn untrusted(fault: Fault) -> LinkError {
    LinkError::Untrusted(fault)
}
