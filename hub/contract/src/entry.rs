//! One committed (or about to be committed) line of the journal as plug-ins and readers see it.

use std::sync::Arc;

use cordon_model::{
    Body, Digest, GateAction, Message, MessageId, OperatingMode, OperatingModeChange, PartyId,
    Timestamp,
};

use crate::Passed;

/// What an entry is. The numbers are stored in the journal and never change.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum EntryKind {
    /// The bytes of a signed submission as the sender made them; its messages follow.
    Submission = 1,
    /// A canonical message: part of a submission, or sealed by the hub.
    Message = 2,
    /// A message that was refused, with the refusal.
    Refused = 3,
    /// An order for the outbox.
    Order = 4,
    /// What came of an order.
    Outcome = 5,
    /// The passing of time; the only clock a plug-in has.
    Tick = 6,
    /// Something the house did that an auditor wants to see.
    Audit = 7,
    /// A part of the settings that holds from here on. The flow itself takes it in; plug-ins are made again of
    /// what it says and do not see it.
    Settings = 8,
}

impl EntryKind {
    /// The stored number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// From the stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Submission,
            2 => Self::Message,
            3 => Self::Refused,
            4 => Self::Order,
            5 => Self::Outcome,
            6 => Self::Tick,
            7 => Self::Audit,
            8 => Self::Settings,
            _ => return None,
        })
    }
}

/// On whose word a message stands, as the door judged it when it was taken in. It is stored with the
/// entry, so that it does not change with the plan.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Standing {
    /// The speaker's word about his own things.
    #[default]
    Own,
    /// The park's word: an operator's.
    Park,
    /// A proposal that waits for the park's word.
    Proposal,
    /// The speaker's word about his own things, on which the park has spoken: its word stands. Such an
    /// entry is always `overtaken`.
    Overruled,
}

/// Label of the audit entry that says that the program was started.
pub const HUB_START: &str = "hub.start";
/// Label of the audit entry that says that the hub's clock was set: what it showed jumped. It comes before all that is
/// written by what it shows now.
pub const CLOCK_SET: &str = "clock.set";

/// In the words of an outcome EXPIRED whose order reached no device: nothing of it can take effect.
pub const NOTHING_SENT: &str = "nothing of it had been sent";

/// What stands before the words of one alarm where the flow's flood alarm tells them.
pub const COUNTED_HERE: &str = "counted here: ";

/// What stands for the words of an alarm that came without any.
pub const NO_TEXT: &str = "无说明 / no text that can be read";

/// Audit action of an open alarm that had to give way: nobody shows it any more. Its target is the alarm.
pub const ALARM_FORGOTTEN: &str = "alarm.forgotten";

/// Most alarms of the park that may be open at once, and most of all its partners together. Whoever shows
/// alarms shows no more, and whoever knows their raisers knows as many, so that each that is shown can be
/// acknowledged.
pub const ALARMS_OPEN_MAX: usize = 10_000;

/// Label of the audit entry that says what came of a request for a report, which is its cause.
pub const REPORT_ANSWERED: &str = "report.answered";

/// Who says a message: the device or partner it was read from, where the hub only attests it, else
/// the sender.
pub fn speaker_of(message: &Message) -> &str {
    let header = &message.header;
    let source = header
        .source_ref
        .as_deref()
        .filter(|_| header.attested_by.is_some());
    // The corridor writes the device first, and no device's name holds a slash.
    source
        .and_then(|source| source.split('/').next())
        .unwrap_or_else(|| header.sender_id.as_str())
}

/// A change of mode that takes effect no later than this after it was said is for now, milliseconds: one of the two times
/// may be of whole seconds.
const MODE_NOW_MS: i64 = 2_000;

/// Whether a change of mode that was said at this time is meant for later.
pub fn is_planned(change: &OperatingModeChange, said: Timestamp) -> bool {
    said.plus_ms(MODE_NOW_MS) < change.effective_at
}

/// Whether a message orders what acts even when the disk fails (invariant I2): an emergency opening or its release, an
/// evacuation of now, a lane held open by hand.
pub fn is_emergency(message: &Message) -> bool {
    match &message.body {
        Body::EmergencyGateOpen(_) => true,
        Body::GateCommand(order) => order.action == GateAction::LockOpen,
        Body::OperatingModeChange(change) => {
            change.mode == OperatingMode::Evacuation
                && !is_planned(change, message.header.occurred_at)
        }
        _ => false,
    }
}

/// What stands in a message's stored label between its type and when it acted, microseconds since 1970, if that was
/// before it could be journaled: `EmergencyGateOpen;acted=1795905731826472`.
pub const ACTED: &str = ";acted=";

/// The message type in the stored label of a message.
pub fn type_in_label(label: &str) -> &str {
    label.split_once(ACTED).map_or(label, |(name, _)| name)
}

/// The name that is made for an event whose device gives it none: it says no more than the device and the
/// instant.
pub fn made_name(device: &str, at: Timestamp) -> String {
    format!("{device}:{}", at.micros())
}

/// Whether a name was made for what this message says happened then: its device gave none. The mapping takes the instant of the reading,
/// whatever time its words give.
pub fn is_made_name(message: &Message, occurred_at: Timestamp, name: &str) -> bool {
    let header = &message.header;
    let times = [occurred_at, header.occurred_at, header.sent_at];
    let mut made = times
        .into_iter()
        .map(|at| made_name(speaker_of(message), at));
    made.any(|made| name.contains(&made))
}

/// One entry. Cheap to clone: the message is shared.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the journal, counted from 1 without holes.
    pub number: u64,
    /// The hub's time when the entry was numbered; never earlier than the entry before.
    pub time: Timestamp,
    /// What the hub's clock showed then: earlier than `time` while the journal is ahead of it, and it may
    /// go back. People's times (a deadline, a validity, when something takes effect) are compared with
    /// it, what is counted from an entry with `time`. Only who is stepped over the whole journal is told
    /// it; in an entry that is read by itself it is `time`.
    pub clock: Timestamp,
    /// The time that has surely passed, never more than `clock`: a clock that is wrong for a moment, at a start above
    /// all, does not move it. By it alone anything is forgotten for good. Told to whom `clock` is told.
    pub settled: Timestamp,
    /// What it is.
    pub kind: EntryKind,
    /// Who said it.
    pub sender: PartyId,
    /// The sender's message id.
    pub message_id: MessageId,
    /// SHA-256 of the message's exclusive canonical form.
    pub digest: Digest,
    /// The entry that caused this one, 0 when none did.
    pub cause: u64,
    /// The order's target or other short label, empty when it has none.
    pub label: String,
    /// The message; `None` for `Submission`, `Tick` and `Settings`.
    pub message: Option<Arc<Message>>,
    /// True when its sender has said something newer about the same subject already: it is kept and
    /// changes nothing. Plug-ins are not stepped over it; whoever folds entries by himself passes it
    /// over.
    pub overtaken: bool,
    /// True when it acted before it could be written down, or follows from such a thing: the journal may hold what
    /// happened since.
    pub late: bool,
    /// What the hub's clock showed when it acted, where it acted before it could be written down.
    pub acted_at: Option<Timestamp>,
    /// True when it acted in an earlier run of the program than the one that wrote it down.
    pub of_earlier_run: bool,
    /// On whose word it stands.
    pub standing: Standing,
}

impl Entry {
    /// What has passed by the clock, and surely.
    pub fn passed(&self) -> Passed {
        Passed {
            clock: self.clock,
            settled: self.settled,
        }
    }
}
