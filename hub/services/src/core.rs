//! What the services ask of the hub. `cordon-flow` answers it; tests answer it themselves.

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{BoxFuture, Fault};
use cordon_http::Attempt;
use cordon_journal::{Position, Record};
use cordon_model::service::{QueryGrants, ReportEntry};
use cordon_model::{AccessGrant, MessageId, PartyId, Receipt};
use cordon_security::Identity;
use cordon_security::wsse::VerifiedEnvelope;

use crate::Remains;

/// A refused message: why, and the number of its entry, when it could be written.
pub type Refused = (Fault, Option<u64>);

/// The originals of the entries that one question looks at. Reads the disk: ask on a blocking thread.
pub trait Originals {
    /// The bytes that an entry's digest stands for: the signed bytes of a submission, the canonical
    /// form of a message; `None` for what has none. Each submission is parsed once for all of its
    /// messages that come after one another.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn of(&mut self, record: &Record) -> Result<Option<Bytes>, Fault>;

    /// Bytes that were read and parsed for it so far, beside those of the records themselves.
    fn bytes(&self) -> usize;
}

/// The hub behind the services.
pub trait Core: Send + Sync + 'static {
    /// Whether the plan knows a caller, whose certificate is good; asked before any question of his is
    /// looked at.
    ///
    /// # Errors
    /// Why nothing is answered to him.
    fn known(&self, caller: &Identity) -> Result<(), Fault>;

    /// Takes a verified submission and answers each of its messages, in order, once all are
    /// durable or refused. A submission that is refused as a whole is recorded too.
    fn submit(
        &self,
        call: VerifiedEnvelope,
    ) -> BoxFuture<'_, Result<Vec<Result<Receipt, Refused>>, Refused>>;

    /// Records a refused request; the number of the entry, when it could be written.
    fn refuse<'a>(
        &'a self,
        remains: Remains,
        caller: &'a Identity,
        fault: &'a Fault,
    ) -> BoxFuture<'a, Option<u64>>;

    /// Is told of an attempt that ended before a request could be looked at.
    fn attempted(&self, attempt: &Attempt) {
        tracing::info!(peer = %attempt.peer, cause = attempt.cause.as_str(), "{}", attempt.detail);
    }

    /// The receipt of an accepted message.
    fn receipt<'a>(
        &'a self,
        sender: &'a PartyId,
        id: &'a MessageId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, Fault>>;

    /// At most `limit` grants of one enterprise as they act at the gates, by id, as far as they were asked for, and
    /// whether there are more. All that is durable when it is asked is in it.
    fn grants<'a>(
        &'a self,
        enterprise: &'a PartyId,
        asked: &'a QueryGrants,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<AccessGrant>, bool), Fault>>;

    /// The originals of records that come in their order.
    fn originals(&self) -> Box<dyn Originals>;

    /// Waits until an entry after `number` is durable, or for so long.
    fn wait_beyond(&self, number: u64, wait: Duration) -> BoxFuture<'_, ()>;

    /// The last durable entry and its chain hash. A reader may see one that is not durable yet.
    fn durable(&self) -> Position;

    /// Records that somebody was given a report.
    fn pulled<'a>(&'a self, who: &'a PartyId, report: &'a str, version: u32) -> BoxFuture<'a, ()>;

    /// The reports that have been built.
    fn reports(&self) -> Result<Vec<ReportEntry>, Fault>;

    /// The bytes of a built report.
    fn report(&self, id: &str, version: u32) -> Result<Vec<u8>, Fault>;
}
