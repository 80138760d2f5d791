//! What outlives one opening of the journal: plug-ins, spool, readings that wait, orders that acted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cordon_contract::{CLOCK_SET, EntryKind, Fault, Order, OrderLane, OutcomeKind, is_emergency};
use cordon_journal::{Expectation, Receipts};
use cordon_model::{
    Body, CommandOutcome, Digest, GateCommand, Message, MessageId, OperatingMode,
    OperatingModeChange, PartyId, Timestamp,
};

use crate::corridor::queue::Room;
use crate::corridor::receipt::ReceiptData;
use crate::corridor::work::Work;
use crate::decide::batch::{Batch, Line};
use crate::decide::core::Core;
use crate::decide::entry_time::EntryTime;
use crate::decide::mode::Mode;
use crate::decide::outcome::command_outcome;
use crate::decide::rank::Rank;
use crate::decide::repeats::Repeats;
use crate::flags;
use crate::outbox::Held;
use crate::sequencer::Ties;
use crate::sequencer::alarm_pace::AlarmPace;
use crate::sequencer::answer::refuse;
use crate::sequencer::clock::{ClockTold, Stepped};
use crate::sequencer::emergency::late_receipt;
use crate::sequencer::held_before::{HeldFold, if_sent};
use crate::sequencer::ledger::{Ledger, StateSeat};
use crate::sequencer::refused_room::RefusedRoom;
use crate::sequencer::remembered::Remembered;
use crate::sequencer::room::RoomTold;
use crate::sequencer::spool::Spool;
use crate::sequencer::unrecorded::Unrecorded;
use crate::sequencer::unsettled::Unsettled;
use crate::watch::entry_reader::EntryReader;

/// Bit of an order's number that says: it acted before it had a number of the journal.
const ACTED: u64 = 1 << 52;
/// Orders that acted, and acts that were answered, that are remembered; the oldest are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// An order that acted while the journal could not be written.
#[derive(Clone, Debug)]
pub(crate) struct Acted {
    /// The emergency opening it follows from.
    pub opening: MessageId,
    /// Whom it went to.
    pub target: String,
    /// What it says.
    pub message: Arc<Message>,
    /// Its number in the journal, once it has one.
    pub number: Option<u64>,
    /// What it follows from was journaled late, by an opening of the journal that failed before it was done.
    pub is_admitted: bool,
    /// It has told its outcome.
    pub is_over: bool,
    /// It moved nothing.
    pub is_failed: bool,
}

impl Acted {
    /// What a barrier is to do.
    pub(crate) fn command(&self) -> Option<&GateCommand> {
        match &self.message.body {
            Body::GateCommand(command) => Some(command),
            _ => None,
        }
    }

    /// Takes in what came of it.
    pub(crate) fn ended(&mut self, kind: OutcomeKind, detail: &str) {
        let outcome = if_sent(command_outcome(kind), Some(detail));
        self.is_over = true;
        self.is_failed = outcome == CommandOutcome::Failed;
    }
}

/// A piece of work, with its room in the queue when it came from there.
pub(crate) type Piece = (Work, Option<Room>);

/// Everything the sequencer's thread keeps while journals come and go.
pub(crate) struct Kit {
    pub ties: Ties,
    pub ledger: Arc<dyn Ledger>,
    pub seat: Arc<StateSeat>,
    pub core: Core,
    pub spool: Spool,
    /// Readings that wait until they can be recorded, with their room in the queue.
    pub held: VecDeque<Piece>,
    /// Batches whose sync failed.
    pub unsettled: Vec<Unsettled>,
    /// Orders that acted, by the number they acted under.
    pub acted: Remembered<u64, Acted>,
    /// How many orders acted since the start of the program: each acts under a number of its own, also
    /// one whose batch begins where a failed one did.
    pub acted_count: u64,
    /// What people ordered of gates in this run, with what was answered: without the journal too a repetition
    /// acts no second time, and no id stands for two orders.
    pub acts: Remembered<(PartyId, MessageId), ReceiptData>,
    /// What acted and stands nowhere.
    pub unrecorded: Unrecorded,
    /// What was ordered before this time could not be read.
    pub blind_since: Option<Timestamp>,
    /// Which barriers were held open before a start that could not open its journal.
    pub held_before: HeldFold,
    /// What enterprises said of alarms.
    pub alarm_pace: AlarmPace,
    /// What was refused of parties' submissions.
    pub refused_room: RefusedRoom,
    /// What devices said last of their state.
    pub repeats: Repeats,
    /// How far entries are ahead of the clock, with a journal and without.
    pub entry_time: EntryTime,
    /// By how much the clock was set since the start, when entries got their time last, microseconds.
    pub stepped: i64,
    /// A step of it that is not durable yet.
    pub step: Option<Stepped>,
    /// What was said of the clock.
    pub clock_told: ClockTold,
    /// What was said of the disk.
    pub room_told: RoomTold,
    /// Files beside the journal that were said to be gone.
    pub astray_told: Vec<String>,
    /// Whether it was said that the state is not saved.
    pub unsaved_told: bool,
}

impl Kit {
    pub(crate) fn new(
        ties: Ties,
        ledger: Arc<dyn Ledger>,
        seat: Arc<StateSeat>,
        core: Core,
    ) -> Result<Self, Fault> {
        let mut spool = Spool::new(ties.config.emergency_spool.clone());
        // What an earlier run left is counted from the first moment, journal or not.
        spool.read();
        Ok(Self {
            spool,
            ties,
            ledger,
            seat,
            core,
            held: VecDeque::new(),
            unsettled: Vec::new(),
            acted: Remembered::new(REMEMBERED_MAX),
            acted_count: 0,
            acts: Remembered::new(REMEMBERED_MAX),
            unrecorded: Unrecorded::default(),
            blind_since: None,
            held_before: HeldFold::default(),
            alarm_pace: AlarmPace::default(),
            refused_room: RefusedRoom::default(),
            repeats: Repeats::default(),
            entry_time: EntryTime::default(),
            stepped: 0,
            step: None,
            clock_told: ClockTold::default(),
            room_told: RoomTold::default(),
            astray_told: Vec::new(),
            unsaved_told: false,
        })
    }

    /// The last record that this hub made durable since it started.
    pub(crate) fn own(&self) -> Option<Expectation> {
        let shown = self.ties.board.lock();
        (shown.number > 0).then(|| Expectation {
            number: shown.number,
            chain: Some(shown.chain),
            source: "this hub, which wrote it,".to_owned(),
        })
    }

    /// Whether something is held that this mode takes.
    pub(crate) fn has_held(&self, mode: &Mode) -> bool {
        let mut held = self.held.iter();
        held.any(|(work, _)| mode.refuses(work.weight()).is_none())
    }

    /// The first of what is held that this mode takes.
    pub(crate) fn take_held(&mut self, mode: &Mode) -> Option<Piece> {
        let takes = |(work, _): &Piece| mode.refuses(work.weight()).is_none();
        let place = self.held.iter().position(takes)?;
        self.held.remove(place)
    }

    /// Refuses what is not taken now. A reading waits instead: its adapter cannot be told "later".
    pub(crate) fn put_off(&mut self, piece: Piece, why: &Fault) {
        match piece {
            (Work::Reading(_), _) => self.held.push_back(piece),
            (work, _) => refuse(work, why),
        }
    }

    /// What was in batches whose sync failed comes before everything that was held since.
    pub(crate) fn take_again(&mut self, reader: &EntryReader) {
        let failed = self.unsettled.drain(..);
        let mut first: VecDeque<Piece> = failed
            .flat_map(|unsettled| unsettled.into_work(reader))
            .map(|work| (work, None))
            .collect();
        first.append(&mut self.held);
        self.held = first;
    }

    /// Lets an order act before it is durable, under a number that no entry of the journal has.
    pub(crate) fn act(&mut self, order: Order, opening: MessageId) {
        let mut order = self.by_steady(order);
        self.acted_count += 1;
        order.number = ACTED | self.acted_count;
        let acted = Acted {
            opening,
            target: order.target.0.clone(),
            message: Arc::clone(&order.message),
            number: None,
            is_admitted: false,
            is_over: false,
            is_failed: false,
        };
        self.acted.insert(order.number, acted);
        let held = Held::new(order, Rank::default());
        self.ties.dispatch.release(held);
    }

    /// Remembers what an act was answered with.
    pub(crate) fn note_act(&mut self, receipt: ReceiptData) {
        let key = (receipt.sender.clone(), receipt.message_id);
        self.acts.insert(key, receipt);
    }

    /// Takes in what is durable now.
    pub(crate) fn note_committed(&mut self, batch: &Batch, receipts: &Receipts) {
        for (line, (number, chain)) in batch.lines().iter().zip(receipts) {
            self.unrecorded.committed(line);
            if line.draft.kind == EntryKind::Audit && line.entry.label == CLOCK_SET {
                self.step = None;
            }
            let draft = &line.draft;
            if draft.is_act() && draft.flags & flags::KEYED != 0 {
                self.note_act(ReceiptData {
                    number: *number,
                    chain: Digest(*chain),
                    duplicate: true,
                    late: false,
                    marks: flags::warned(draft.kind, draft.flags),
                    ..late_receipt(line)
                });
            }
        }
    }

    /// Gives an order that acted its number of the journal. False when it did not act in this run
    /// of the program, or has told its outcome.
    pub(crate) fn numbered(&mut self, opening: MessageId, target: &str, number: u64) -> bool {
        let dispatch = Arc::clone(&self.ties.dispatch);
        let of = |acted: &Acted| acted.opening == opening && acted.target == target;
        let found = self.acted.iter_mut().find(|(acted_as, acted)| {
            acted.number.is_none() && of(acted) && dispatch.has(**acted_as)
        });
        let is_found = found.is_some();
        if let Some((_, acted)) = found {
            acted.number = Some(number);
        }
        is_found
    }

    /// What acted for this opening is being journaled late.
    pub(crate) fn note_admitted(&mut self, opening: MessageId) {
        let of = |acted: &&mut Acted| acted.opening == opening;
        for acted in self.acted.iter_mut().map(|(_, acted)| acted).filter(of) {
            acted.is_admitted = true;
        }
    }

    /// An opening stands in the journal as this number: what acted for it does too, if it was journaled late.
    pub(crate) fn note_known(&mut self, opening: MessageId, number: u64) {
        let of = |acted: &&mut Acted| acted.opening == opening && acted.is_admitted;
        for acted in self.acted.iter_mut().map(|(_, acted)| acted).filter(of) {
            acted.number.get_or_insert(number);
        }
    }

    /// An order stands in the journal that acted, and is no longer under way.
    pub(crate) fn stands(&mut self, opening: Option<MessageId>, target: &str, number: u64) {
        let of = |acted: &Acted| Some(acted.opening) == opening && acted.target == target;
        let mut acted = self.acted.iter_mut().map(|(_, acted)| acted);
        if let Some(acted) = acted.find(|it| it.number.is_none() && of(it)) {
            acted.number = Some(number);
        }
    }
}

/// True for a number under which an order acted.
pub(crate) fn is_acted(number: u64) -> bool {
    number & ACTED != 0
}

/// Targets of the orders that act at once, by the opening they follow from.
pub(crate) type Acting = BTreeMap<MessageId, Vec<String>>;

/// What an order follows from, if it acts even when the journal has failed: every order to a barrier that
/// an emergency leads to, a release as well; itself, if it is an emergency order that nobody said in this batch (of a
/// plan, or of a lane that is found undone).
pub(crate) fn acting_for(batch: &Batch, line: &Line, order: &Order) -> Option<MessageId> {
    let to_barrier = matches!(order.message.body, Body::GateCommand(_));
    match opening_of(batch, line) {
        Some(opening) if to_barrier => Some(opening),
        _ if order.lane == OrderLane::Emergency => Some(line.draft.message_id),
        _ => None,
    }
}

/// Whether orders that follow from what is said act even when the journal has failed. A planned evacuation that comes
/// after its time is one of now; before it, nothing follows from it but from the tick that finds it due.
pub(crate) fn leads(message: &Message) -> bool {
    let is_evacuation = |change: &OperatingModeChange| change.mode == OperatingMode::Evacuation;
    is_emergency(message)
        || matches!(&message.body, Body::OperatingModeChange(change) if is_evacuation(change))
}

/// The same of a line of a batch.
pub(crate) fn is_led_by(line: &Line) -> bool {
    line.draft.kind == EntryKind::Message && line.draft.message.as_deref().is_some_and(leads)
}

/// The emergency that a line of a batch follows from.
pub(crate) fn opening_of(batch: &Batch, line: &Line) -> Option<MessageId> {
    let mut line = line;
    loop {
        if is_led_by(line) {
            return Some(line.draft.message_id);
        }
        let before = line.draft.cause.checked_sub(batch.base())?;
        let cause = batch.line(usize::try_from(before).ok()?)?;
        // A cause stands before what it causes.
        if cause.entry.number >= line.entry.number {
            return None;
        }
        line = cause;
    }
}
