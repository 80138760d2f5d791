//! The handle by which services and console put something in.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cordon_contract::{Clock, Fault, REPORT_ANSWERED};
use cordon_model::{AuditOutcome, Body, Digest, MessageId, ParkCode, PartyId};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{Identity, Role};
use cordon_wire::digest_of_bytes;
use tokio::sync::{Semaphore, oneshot};

use crate::corridor::inbox::Inbox;
use crate::corridor::queue::Queue;
use crate::corridor::receipt::{ReceiptData, Refused};
use crate::corridor::work::{OwnWork, RefusalWork, SettingsWork, SubmissionWork, Work};
use crate::corridor::{
    Corridor, CorridorRules, Offender, RefusedDraft, Sealed, SealedSubmission, Verified,
};
use crate::decide::audited::Audited;
use crate::decide::authority::Speaker;
use crate::decide::draft::Draft;
use crate::decide::mode::Modes;
use crate::decide::sealer::{AuditNote, Sealer};
use crate::decide::settings::{ChangedPart, SettingsChange};
use crate::decide::terms::InForce;
use crate::fault::{OWN_MESSAGE, STOPPED, STRANGER, THREAD, UNSETTLED, fault, of_wire};

/// Submissions up to this size go through the corridor where they are: some hundred microseconds,
/// less than handing them to another thread and back costs under load.
const INLINE_BYTES_MAX: usize = 32 * 1_024;

/// Puts signed submissions, operators' words and refusals in. Cheap to clone.
#[derive(Clone)]
pub struct Submit {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) rules: Arc<CorridorRules>,
    pub(crate) in_force: InForce,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) inbox: Inbox,
    pub(crate) modes: Modes,
    /// Corridor workers for submissions.
    pub(crate) workers: Arc<Semaphore>,
    /// Corridor workers kept for operators: an emergency opening waits behind no partner.
    pub(crate) operator_workers: Arc<Semaphore>,
}

impl Submit {
    /// The park's code, for receipts.
    pub fn park(&self) -> &ParkCode {
        self.sealer.park()
    }

    /// The hub's party.
    pub fn hub(&self) -> &PartyId {
        self.sealer.hub()
    }

    /// Whether the plan knows the holder of a good certificate. What such a one says is judged with
    /// each message; this is for those who only ask.
    ///
    /// # Errors
    /// `F030` when it does not.
    pub fn known(&self, caller: &Identity) -> Result<(), Fault> {
        match Speaker::signer(caller, self.in_force.now().authority.plan()) {
            Some(_) => Ok(()),
            None => Err(fault(STRANGER).log(format!("{caller} is not in the plan"))),
        }
    }

    /// Submits every `c:Message` in the body of a verified envelope and waits until each is durable
    /// or refused. The answers stand in the order of the messages. `Err` when the submission as a
    /// whole was refused (it holds no message, or too many), or when the hub is stopping.
    pub async fn submit(
        &self,
        envelope: VerifiedEnvelope,
    ) -> Result<Vec<Result<ReceiptData, Refused>>, Refused> {
        let since = Instant::now();
        let submission = self.seal(envelope).await?;
        match submission {
            Ok(submission) => {
                let (answer, answered) = oneshot::channel();
                self.push(Work::Submission(SubmissionWork {
                    submission,
                    answer,
                    since,
                }))
                .await
                .map_err(Refused::unrecorded)?;
                answered
                    .await
                    .map_err(|_| Refused::unrecorded(fault(UNSETTLED)))
            }
            Err(refused) => Err(self.record(refused).await),
        }
    }

    /// Takes the envelope through the corridor on a worker.
    async fn seal(
        &self,
        envelope: VerifiedEnvelope,
    ) -> Result<Result<SealedSubmission, RefusedDraft>, Refused> {
        let workers = match envelope.identity().role {
            Role::Operator => &self.operator_workers,
            _ => &self.workers,
        };
        let worker = Arc::clone(workers).acquire_owned().await;
        let worker = worker.map_err(|_| Refused::unrecorded(fault(STOPPED)))?;
        let (sealer, rules) = (Arc::clone(&self.sealer), Arc::clone(&self.rules));
        let terms = self.in_force.now();
        let inbox = self.inbox.clone();
        let now = self.clock.now();
        let is_small = envelope.bytes().len() <= INLINE_BYTES_MAX;
        let seal = move || {
            let corridor = Corridor {
                rules: &rules,
                terms: &terms,
                sealer: &sealer,
                now,
            };
            let mut sealed = Verified::from(envelope).seal(corridor);
            if let Ok(submission) = &mut sealed {
                inbox.look(submission.sealed_mut());
            }
            drop(worker);
            sealed
        };
        if is_small {
            return Ok(seal());
        }
        tokio::task::spawn_blocking(seal)
            .await
            .map_err(|error| Refused::unrecorded(fault(THREAD).log(format!("corridor: {error}"))))
    }

    /// Records a refusal from before the corridor: a signature that does not verify, a form that
    /// cannot be read. Returns the fault with the number of its entry.
    pub async fn refuse(&self, fault: Fault, sender: Option<PartyId>, raw: &[u8]) -> Refused {
        let max = self.rules.refused_bytes_max;
        let kept = Bytes::copy_from_slice(raw.get(..max).unwrap_or(raw));
        let is_cut = kept.len() < raw.len();
        self.refuse_remains(fault, sender, (digest_of_bytes(raw), kept, is_cut))
            .await
    }

    /// The same for whoever has only the digest of what was refused, its beginning, and whether that
    /// is not all.
    pub async fn refuse_remains(
        &self,
        fault: Fault,
        sender: Option<PartyId>,
        (digest, kept, is_cut): (Digest, Bytes, bool),
    ) -> Refused {
        let offender = Offender {
            sender,
            digest: Some(digest),
            raw: kept,
            is_cut,
            ..Offender::default()
        };
        let terms = self.in_force.now();
        let corridor = Corridor {
            rules: &self.rules,
            terms: &terms,
            sealer: &self.sealer,
            now: self.clock.now(),
        };
        self.record(RefusedDraft::new(fault, offender, corridor))
            .await
    }

    async fn record(&self, refused: RefusedDraft) -> Refused {
        let fault = refused.fault().clone();
        let (answer, answered) = oneshot::channel();
        match self
            .push(Work::Refusal(RefusalWork { refused, answer }))
            .await
        {
            Ok(()) => answered
                .await
                .unwrap_or_else(|_| Refused::unrecorded(fault)),
            Err(_) => Refused::unrecorded(fault),
        }
    }

    /// Says something in the hub's name for an actor (an operator's emergency opening, the
    /// acknowledgement of an alarm, a change of mode, a built report), with an audit entry beside it.
    /// Returns when both are durable, or with `late` set when an emergency opening acted although
    /// the journal has failed.
    pub async fn internal(&self, body: Body, actor: &PartyId) -> Result<ReceiptData, Fault> {
        let now = self.clock.now();
        let message_type = body.message_type();
        let sealed = Sealed::own(&self.sealer, body, now, 0).map_err(of_wire)?;
        let note = AuditNote {
            action: "message.internal",
            actor,
            target: Some(message_type.as_str()),
            outcome: AuditOutcome::Success,
            detail: None,
        };
        let audit = self
            .sealer
            .audit(MessageId::random(), now, note)
            .map_err(of_wire)?;
        self.own(vec![sealed.into_draft(), audit]).await
    }

    /// Records an audit entry.
    pub async fn audit(&self, audited: &Audited) -> Result<ReceiptData, Fault> {
        let note = AuditNote {
            action: &audited.action,
            actor: &audited.actor,
            target: audited.target.as_deref(),
            outcome: audited.outcome,
            detail: audited.detail.as_deref(),
        };
        let draft = self
            .sealer
            .audit(MessageId::random(), self.clock.now(), note)
            .map_err(of_wire)?;
        self.own(vec![draft]).await
    }

    /// Records what came of a request for a report, entry `request`; it is open no longer.
    pub async fn answer_request(
        &self,
        request: u64,
        report: &str,
        outcome: AuditOutcome,
        detail: &str,
    ) -> Result<ReceiptData, Fault> {
        let note = AuditNote {
            action: REPORT_ANSWERED,
            actor: self.sealer.hub(),
            target: Some(report),
            outcome,
            detail: Some(detail),
        };
        let mut draft = self
            .sealer
            .audit(MessageId::random(), self.clock.now(), note)
            .map_err(of_wire)?;
        draft.cause = request;
        self.own(vec![draft]).await
    }

    /// Commits drafts together and returns the receipt of the first.
    pub(crate) async fn own(&self, drafts: Vec<Draft>) -> Result<ReceiptData, Fault> {
        let (answer, answered) = oneshot::channel();
        self.push(Work::Own(OwnWork {
            drafts,
            closes: None,
            answer: Some(answer),
            since: Instant::now(),
        }))
        .await?;
        let receipts = answered.await.map_err(|_| fault(UNSETTLED))??;
        receipts
            .into_iter()
            .next()
            .ok_or_else(|| fault(OWN_MESSAGE))
    }

    /// The first receipt of an accepted message; `None` when no such message is remembered. Costs a
    /// look-up in memory or in the state store, which may block on the disk; the journal is not read.
    pub fn receipt_of(
        &self,
        sender: &PartyId,
        id: MessageId,
    ) -> Result<Option<ReceiptData>, Fault> {
        self.inbox.receipt(sender, id)
    }

    /// Lets other settings hold from the next entry on, all of them or none, and gives the parts that are others than
    /// before. Nothing that waits is lost over it, and adapters notice nothing.
    ///
    /// # Errors
    /// Those of before hold: `F014` when these are too large or another hub's, `F008`, `F060` or `F094` when the disk
    /// does not take them, `F007` when the hub stops. `F061` when nobody knows; a start finds out.
    pub async fn change_settings(&self, change: SettingsChange) -> Result<Vec<ChangedPart>, Fault> {
        change.check(self.hub(), self.park())?;
        let (answer, answered) = oneshot::channel();
        let change = Box::new(change);
        self.push(Work::Settings(SettingsWork { change, answer }))
            .await?;
        answered.await.map_err(|_| fault(UNSETTLED))?
    }

    /// SHA-256 over all plug-in snapshots, open orders, dead letters and the position it stands for.
    pub async fn state_hash(&self) -> Result<(u64, Digest), Fault> {
        let (answer, answered) = oneshot::channel();
        self.push(Work::StateHash(answer)).await?;
        answered.await.map_err(|_| fault(STOPPED))?
    }

    /// Puts work into the queue, or says at once why it is not taken: whoever waits here for an
    /// answer is not left waiting until a disk is mended.
    async fn push(&self, work: Work) -> Result<(), Fault> {
        let weight = work.weight();
        if let Some(fault) = self.modes.refuses(weight) {
            return Err(fault);
        }
        let work = match self.queue.try_push(work).map_err(|_| fault(STOPPED))? {
            Ok(()) => return Ok(()),
            Err(work) => work,
        };
        tokio::select! {
            biased;
            fault = self.modes.refuse(weight) => Err(fault),
            pushed = self.queue.push(work) => pushed.map_err(|_| fault(STOPPED)),
        }
    }
}
