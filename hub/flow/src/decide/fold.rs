//! What the flow itself remembers of the journal: epoch, open orders, dead letters, last times.
//!
//! A pure fold over entries, so that a restart and a replay come to the same.

use cordon_contract::{EntryKind, OrderLane, REPORT_ANSWERED, Rows, Single, Table, Target};
use cordon_journal::Record;
use cordon_model::{AuditOutcome, Body, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::ages::Reach;
use crate::decide::authority::Register;
use crate::decide::draft::Draft;
use crate::decide::mark::{Mark, Marked};
use crate::decide::rank::Told;
use crate::decide::sealer::AuditNote;
use crate::decide::settled::{Settled, Times};
use crate::flags;

/// Audit action of a start of the hub; its target holds the epoch.
pub(crate) const START: &str = cordon_contract::HUB_START;
/// What the audit entry of a start says when the door of that run asks the table of authority.
const JUDGED: &str = "authority/1";
/// Audit action of the end of an emergency mode.
pub(crate) const RESUMED: &str = "hub.resumed";
/// Audit action of an order that could not be delivered.
pub const DEAD_LETTER: &str = "order.dead-letter";
/// Audit action of a dead letter sent out again.
pub(crate) const RERUN: &str = "order.rerun";

/// Requests for reports that may be unanswered at once; more are refused until one is answered.
pub const REPORT_REQUESTS_MAX: usize = 100;
/// How many of them may be of one party, so that it leaves others theirs.
pub const REPORT_REQUESTS_OF_ONE_MAX: usize = 25;

/// Audit action that tells of marked entries; its target names the last of them.
pub(crate) const MARKED: &str = "journal.marked";

/// Dead letters kept; beyond it the oldest is only an entry of the journal, and cannot be run again.
pub const DEAD_LETTERS_MAX: usize = 10_000;

/// An order that has no outcome yet.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OpenOrder {
    /// Whom it is for.
    pub target: Target,
    /// Its lane.
    pub lane: OrderLane,
    /// Microseconds since the epoch after which it is expired.
    pub deadline_micros: i64,
    /// True for a gate command, which is never tried twice.
    pub gate_command: bool,
    /// True when it was carried out before it was journaled.
    pub late: bool,
    /// Its place among those of its target.
    pub rank: Told,
}

/// An order that could not be delivered. Never deleted; run again by its number.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeadLetter {
    /// Journal entry of the order.
    pub number: u64,
    /// Whom it was for.
    pub target: String,
    /// Why it could not be delivered.
    pub reason: String,
    /// Microseconds since the epoch when it was given up.
    pub given_up_micros: i64,
}

/// How far the journal has come.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Now {
    /// Fencing epoch: counts the starts of the hub.
    pub epoch: u64,
    /// Time of the last entry, microseconds.
    pub last_time: i64,
    /// Time of the last tick, microseconds.
    pub last_tick: i64,
    /// Entries that are not as this program would write them.
    pub marked: Marked,
    /// The program that writes asks the table of authority; what stands before was never judged.
    pub judged: bool,
}

/// The flow's own state.
#[derive(Debug)]
pub(crate) struct Fold {
    pub now: Single<Now>,
    /// The time that has surely passed.
    pub settled: Single<Settled>,
    /// How long the hub has run since the first entry, whatever any clock showed, microseconds.
    pub ran: Single<i64>,
    /// Orders without an outcome, by number.
    pub open: Table<u64, OpenOrder>,
    /// Dead letters, by the order's number.
    pub dead: Table<u64, DeadLetter>,
    /// Requests for reports that are not answered, and whose they are.
    pub requests: Table<u64, PartyId>,
    /// Whose vehicles, persons and alarms.
    pub register: Register,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            now: Single::new("now", 1),
            settled: Single::new("settled", 2),
            ran: Single::new("ran", 1),
            open: Table::new("open", 1),
            dead: Table::new("dead", 1),
            requests: Table::new("requests", 1),
            register: Register::default(),
        }
    }
}

impl Fold {
    /// All that is stored.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        let mut all: Vec<&mut dyn Rows> = vec![
            &mut self.now,
            &mut self.settled,
            &mut self.ran,
            &mut self.open,
            &mut self.dead,
            &mut self.requests,
        ];
        all.extend(self.register.tables());
        all
    }

    /// Its tables were filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.register.restored();
    }

    /// Takes in one entry.
    pub(crate) fn apply(&mut self, number: u64, times: Times, draft: &Draft) {
        let time = times.entry;
        self.now.last_time = self.now.last_time.max(time.micros());
        self.settled.note(times);
        *self.ran = self.ran.saturating_add(times.ran);
        self.register.apply(number, times, draft);
        match draft.kind {
            EntryKind::Tick => self.now.last_tick = time.micros(),
            EntryKind::Order => self.opened(number, draft),
            EntryKind::Outcome => {
                self.open.remove(&draft.cause);
            }
            EntryKind::Audit => self.audited(time, draft),
            EntryKind::Message => {
                if let Some(asker) = asker_of_report(draft) {
                    self.requests.insert(number, asker.clone());
                }
            }
            EntryKind::Submission | EntryKind::Refused | EntryKind::Settings => {}
        }
    }

    /// Whether one request for a report more of this party's can be remembered.
    pub(crate) fn has_room_for_request(&self, asker: &str) -> bool {
        let own = self.requests.values().filter(|by| by.as_str() == asker);
        self.requests.len() < REPORT_REQUESTS_MAX && own.count() < REPORT_REQUESTS_OF_ONE_MAX
    }

    /// By what the age of entries is told, at the last one, which has this number.
    pub(crate) fn reach(&self, number: u64, clock: Timestamp) -> Reach {
        Reach {
            number,
            time: Timestamp::from_micros(self.now.last_time),
            settled: self.settled.last(clock),
            ran: *self.ran,
        }
    }

    /// Takes in an entry that cannot be read: its time, and that an outcome closes its order. An
    /// order that nobody can read is not open.
    pub(crate) fn pass_over(&mut self, record: &Record, mark: &Mark) {
        self.now.last_time = self.now.last_time.max(record.time_micros);
        if record.kind == EntryKind::Outcome.number() {
            self.open.remove(&record.cause);
        }
        self.now.marked.count(mark);
    }

    fn opened(&mut self, number: u64, draft: &Draft) {
        if draft.flags & flags::RERUN != 0 {
            self.dead.remove(&draft.cause);
        }
        if let Some(slip) = &draft.slip {
            let message = draft.message.as_deref();
            let rank = message.map(|message| Told::of(message, &self.register));
            let rank = rank.unwrap_or_default();
            let open = OpenOrder {
                target: slip.target.clone(),
                lane: slip.lane,
                deadline_micros: slip.deadline.micros(),
                gate_command: is_gate_command(draft),
                late: draft.flags & flags::LATE != 0,
                rank,
            };
            self.open.insert(number, open);
        }
    }

    fn audited(&mut self, time: Timestamp, draft: &Draft) {
        let Some(Body::AuditEvent(event)) = draft.message.as_deref().map(|message| &message.body)
        else {
            return;
        };
        match event.action.as_str() {
            START if draft.flags & flags::DECIDED == 0 => {
                if let Some(epoch) = event.target.as_deref().and_then(read_epoch) {
                    self.now.epoch = epoch;
                    self.now.judged = event.detail.as_deref() == Some(JUDGED);
                }
            }
            MARKED if draft.flags & flags::DECIDED == 0 => {
                if let Some(last) = event.target.as_deref().and_then(read_entry) {
                    self.now.marked.told = last;
                }
            }
            DEAD_LETTER if draft.flags & flags::DECIDED == 0 => {
                let letter = DeadLetter {
                    number: draft.cause,
                    target: event.target.clone().unwrap_or_default(),
                    reason: event.detail.clone().unwrap_or_default(),
                    given_up_micros: time.micros(),
                };
                self.dead.insert(draft.cause, letter);
                if self.dead.len() > DEAD_LETTERS_MAX {
                    self.dead.pop_first();
                }
            }
            REPORT_ANSWERED if draft.flags & flags::DECIDED == 0 => {
                self.requests.remove(&draft.cause);
            }
            _ => {}
        }
    }
}

/// What the audit entry of a start says.
pub(crate) fn start_note<'a>(hub: &'a PartyId, target: &'a str) -> AuditNote<'a> {
    AuditNote {
        action: START,
        actor: hub,
        target: Some(target),
        outcome: AuditOutcome::Success,
        detail: Some(JUDGED),
    }
}

/// The target of a start's audit entry.
pub(crate) fn epoch_text(epoch: u64) -> String {
    format!("epoch:{epoch}")
}

fn read_epoch(target: &str) -> Option<u64> {
    target.strip_prefix("epoch:")?.parse().ok()
}

/// Who asks for a report and means it.
fn asker_of_report(draft: &Draft) -> Option<&PartyId> {
    let message = draft.message.as_deref()?;
    let is_meant = !message.header.test && matches!(message.body, Body::ReportRequest(_));
    is_meant.then_some(&message.header.sender_id)
}

/// The target of the audit entry that tells of marked entries.
pub(crate) fn entry_text(number: u64) -> String {
    format!("entry:{number}")
}

fn read_entry(target: &str) -> Option<u64> {
    target.strip_prefix("entry:")?.parse().ok()
}

/// True when the draft carries a gate command.
pub(crate) fn is_gate_command(draft: &Draft) -> bool {
    matches!(
        draft.message.as_deref().map(|message| &message.body),
        Some(Body::GateCommand(_))
    )
}
