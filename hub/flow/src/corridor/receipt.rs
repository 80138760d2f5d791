//! What a sender is answered with.

use cordon_contract::Fault;
use cordon_model::{Digest, MessageId, ParkCode, PartyId, Receipt, Timestamp, Warning};

use crate::fault::{
    FLOODED, GRANT_CLASS, GRANT_EARLY, GRANT_LONG, GRANT_OVER, GRANT_PLACE, NAMESAKE, OVERTAKEN,
    PARK_STANDS, PROPOSED, fault,
};
use crate::flags;

/// Everything a signed receipt says. The same message gives the same data for ever: it is kept with the
/// inbox mark, which is made of the journal's own record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceiptData {
    /// The journal entry that holds the message; 0 when `late`.
    pub number: u64,
    /// Who sent it.
    pub sender: PartyId,
    /// Its id.
    pub message_id: MessageId,
    /// SHA-256 of its exclusive canonical form.
    pub digest: Digest,
    /// The chain hash up to and including the entry.
    pub chain: Digest,
    /// The entry's time.
    pub received_at: Timestamp,
    /// True when the message was known already and this is its first receipt again.
    pub duplicate: bool,
    /// True for an emergency opening that was carried out although the journal has failed; it is
    /// journaled at the next start.
    pub late: bool,
    /// The entry's marks that a receipt warns of, of [`flags::WARNED`].
    pub marks: u16,
}

/// The warnings that an entry's marks stand for: the same for ever, because the marks are stored.
pub fn warnings(marks: u16) -> Vec<Warning> {
    let all = [
        (flags::PROPOSAL, PROPOSED),
        (flags::WARN_PLACE, GRANT_PLACE),
        (flags::WARN_OVER, GRANT_OVER),
        (flags::WARN_LONG, GRANT_LONG),
        (flags::OVERTAKEN, OVERTAKEN),
        (flags::PARK_STANDS, PARK_STANDS),
        (flags::NAMESAKE, NAMESAKE),
        (flags::FLOODED, FLOODED),
        (flags::WARN_EARLY, GRANT_EARLY),
        (flags::WARN_CLASS, GRANT_CLASS),
    ];
    all.into_iter()
        .filter(|(mark, _)| marks & mark != 0)
        .map(|(_, code)| {
            let fault = fault(code);
            Warning {
                code: code.to_owned(),
                text: format!("{}; {}", fault.peer_text(), fault.remedy_text()),
            }
        })
        .collect()
}

impl ReceiptData {
    /// The canonical receipt. `duplicate` is no part of it: a repetition gets the same bytes.
    pub fn receipt(&self, park: &ParkCode) -> Receipt {
        Receipt {
            message_id: self.message_id,
            sender_id: self.sender.clone(),
            park_code: park.clone(),
            entry_number: self.number,
            digest: self.digest,
            chain_hash: self.chain,
            received_at: self.received_at,
            warning: warnings(self.marks),
        }
    }
}

/// A refusal and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Why.
    pub fault: Fault,
    /// The journal entry that holds the refusal; `None` when nothing could be recorded.
    pub number: Option<u64>,
}

impl Refused {
    /// A refusal that could not be recorded.
    pub(crate) fn unrecorded(fault: Fault) -> Self {
        Self {
            fault,
            number: None,
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for Refused {}
