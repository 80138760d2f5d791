//! An entry before it has a number: what becomes a record of the journal and an entry for plug-ins.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{ACTED, Entry, EntryKind, OrderLane, Standing, Target, is_emergency};
use cordon_journal::{BodyForm, NewRecord};
use cordon_model::{Body, Digest, GateAction, Message, MessageId, PartyId, Timestamp};

use crate::decide::mode::Weight;
use crate::flags;

/// Longest target name of an order, bytes; the rest of the label holds its deadline.
pub(crate) const TARGET_BYTES_MAX: usize = 110;

const UNTIL: &str = ";until=";

/// When a message acted that was journaled later, by its stored label.
pub(crate) fn acted_at(label: &str) -> Option<Timestamp> {
    let (_, micros) = label.split_once(ACTED)?;
    micros.parse().ok().map(Timestamp::from_micros)
}

/// Where an order goes, how fast and until when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Slip {
    pub target: Target,
    pub lane: OrderLane,
    pub deadline: Timestamp,
}

impl Slip {
    /// The label an order is stored under: `device:BR-01;until=MICROSECONDS`.
    pub(crate) fn label(&self) -> String {
        format!("{}{UNTIL}{}", self.target.0, self.deadline.micros())
    }

    /// Reads what [`Slip::label`] and the flags hold.
    pub(crate) fn read(label: &str, bits: u16) -> Option<Self> {
        let (target, until) = label.rsplit_once(UNTIL)?;
        Some(Self {
            target: Target(target.to_owned()),
            lane: flags::lane_of(bits),
            deadline: Timestamp::from_micros(until.parse().ok()?),
        })
    }
}

/// An entry without number and time.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub kind: EntryKind,
    pub part: u16,
    pub flags: u16,
    pub cause: u64,
    pub sender: PartyId,
    pub message_id: MessageId,
    pub digest: Digest,
    /// Label as plug-ins see it; an order's stored label comes from its slip.
    pub label: String,
    pub body: Bytes,
    pub message: Option<Arc<Message>>,
    pub slip: Option<Slip>,
    /// When it acted, if that was before it was journaled.
    pub acted_at: Option<Timestamp>,
}

impl Draft {
    /// A draft of `kind` without any content.
    pub(crate) fn bare(kind: EntryKind, sender: PartyId) -> Self {
        Self {
            kind,
            part: 0,
            flags: 0,
            cause: 0,
            sender,
            message_id: MessageId::from_bytes([0; 16]),
            digest: Digest([0; 32]),
            label: String::new(),
            body: Bytes::new(),
            message: None,
            slip: None,
            acted_at: None,
        }
    }

    fn stored_label(&self) -> String {
        match (&self.slip, self.acted_at) {
            (Some(slip), _) => slip.label(),
            (None, Some(at)) => format!("{}{ACTED}{}", self.label, at.micros()),
            (None, None) => self.label.clone(),
        }
    }

    /// The record to append.
    pub(crate) fn record(&self, time: Timestamp) -> NewRecord {
        NewRecord {
            time_micros: time.micros(),
            kind: self.kind.number(),
            part: self.part,
            flags: self.flags,
            cause: self.cause,
            message_id: *self.message_id.as_bytes(),
            sender: self.sender.as_str().to_owned(),
            label: self.stored_label(),
            digest: self.digest.0,
            body: self.body.clone(),
            form: BodyForm::Whole,
        }
    }

    /// The entry plug-ins see.
    pub(crate) fn entry(&self, number: u64, time: Timestamp) -> Entry {
        Entry {
            number,
            time,
            clock: time,
            settled: time,
            kind: self.kind,
            sender: self.sender.clone(),
            message_id: self.message_id,
            digest: self.digest,
            cause: self.cause,
            label: self.label.clone(),
            message: self.message.clone(),
            overtaken: self.kind == EntryKind::Message && self.flags & flags::IDLE != 0,
            late: self.flags & flags::LATE != 0,
            acted_at: self.acted_at,
            of_earlier_run: self.kind == EntryKind::Message && self.flags & flags::EARLIER_RUN != 0,
            standing: self.standing(),
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        if self.flags & flags::PROPOSAL != 0 {
            Standing::Proposal
        } else if self.flags & flags::PARK != 0 {
            Standing::Park
        } else if self.flags & flags::PARK_STANDS != 0 && self.kind == EntryKind::Message {
            Standing::Overruled
        } else {
            Standing::Own
        }
    }

    /// True for what acts even when the disk fails.
    pub(crate) fn is_emergency(&self) -> bool {
        self.kind == EntryKind::Message && self.message.as_deref().is_some_and(is_emergency)
    }

    /// True for what a person orders of gates: not to be carried out when the asker has given it up.
    pub(crate) fn is_act(&self) -> bool {
        self.kind == EntryKind::Message
            && matches!(
                self.message.as_deref().map(|message| &message.body),
                Some(
                    Body::EmergencyGateOpen(_)
                        | Body::GateCommand(_)
                        | Body::OperatingModeChange(_)
                )
            )
    }

    /// In which modes it is taken.
    pub(crate) fn weight(&self) -> Weight {
        match self.message.as_deref().map(|message| &message.body) {
            _ if self.is_emergency() => Weight::Emergency,
            Some(Body::GateCommand(order)) if order.action == GateAction::Release => {
                Weight::Release
            }
            Some(Body::AlarmEvent(_) | Body::AlarmUpdate(_)) => Weight::Alarm,
            _ => Weight::Everyday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_survives_its_label_and_flags() {
        let slip = Slip {
            target: Target::device("BR;until=7"),
            lane: OrderLane::Emergency,
            deadline: Timestamp::from_micros(-12),
        };
        let back = Slip::read(&slip.label(), flags::lane_bits(slip.lane)).unwrap();
        assert_eq!(back, slip);
        assert!(Slip::read("device:BR-01", 0).is_none());
    }
}
