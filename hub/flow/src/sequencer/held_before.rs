//! Which barriers are held open, as far as it is known without plug-ins: by the orders that hold and release, and by
//! what came of them. It follows what the access plug-in makes of the same: held until a release is confirmed,
//! not held when all its openings failed.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, NOTHING_SENT, OutcomeKind};
use cordon_journal::Record;
use cordon_model::{
    Body, CommandOutcome, DeviceId, GateAction, GateStatus, MessageId, MessageType, Timestamp,
};

use crate::decide::batch::{Batch, Line};
use crate::decide::draft::Draft;
use crate::decide::outcome::command_outcome;
use crate::flags;
use crate::sequencer::kit::{Acting, leads, opening_of};
use crate::sequencer::recall::is_act;

/// Openings of a barrier whose outcome is awaited at once; beyond, it counts as held.
const AWAITED_MAX: usize = 16;

/// An opening and a target, as the spool names an order.
type Spooled = (String, String);

/// Takes in orders and outcomes, oldest first, and tells what is held.
#[derive(Debug, Default)]
pub(crate) struct HeldFold {
    barriers: BTreeMap<DeviceId, Barrier>,
    /// The orders to barriers, by their number in the journal.
    numbered: BTreeMap<u64, (DeviceId, MessageId)>,
    /// The same that follow from an emergency opening, as the spool names them.
    spooled: BTreeMap<Spooled, (DeviceId, MessageId)>,
    /// Emergency openings and releases of the journal, by number.
    openings: BTreeMap<u64, MessageId>,
    /// What was known when this run began.
    at_start: BTreeMap<DeviceId, bool>,
}

#[derive(Debug, Default)]
struct Barrier {
    /// When the newest order was given.
    ordered_at: Option<Timestamp>,
    held: Option<Opened>,
    /// The release that is under way, and what it ends.
    releasing: Option<(MessageId, Option<Opened>)>,
    is_released: bool,
    /// When that was.
    released_at: Option<Timestamp>,
    /// It was found held, and nobody here had ordered that.
    is_found: bool,
    /// The opening that failed last: it may be confirmed all the same.
    failed: Option<MessageId>,
}

/// Openings that hold a barrier.
#[derive(Debug, Default)]
struct Opened {
    /// One was carried out, or nobody can say that it was not.
    is_locked: bool,
    awaited: Vec<MessageId>,
}

impl Opened {
    fn locked() -> Self {
        Self {
            is_locked: true,
            awaited: Vec::new(),
        }
    }

    fn and(&mut self, other: Self) {
        self.is_locked |= other.is_locked;
        self.awaited.extend(other.awaited);
        self.is_locked |= self.awaited.len() > AWAITED_MAX;
        if self.is_locked {
            self.awaited.clear();
        }
    }

    /// True when this was the last opening that could hold the barrier, and failed as well.
    fn ends_with(&mut self, command: MessageId, outcome: CommandOutcome) -> bool {
        let Some(at) = self.awaited.iter().position(|id| *id == command) else {
            return false;
        };
        match outcome {
            CommandOutcome::Accepted => {}
            CommandOutcome::Failed => {
                self.awaited.swap_remove(at);
            }
            CommandOutcome::Confirmed | CommandOutcome::Expired | CommandOutcome::Refused => {
                *self = Self::locked();
            }
        }
        !self.is_locked && self.awaited.is_empty()
    }
}

impl Barrier {
    fn hold(&mut self, opened: Opened) {
        match &mut self.held {
            Some(held) => held.and(opened),
            None => self.held = Some(opened),
        }
    }

    fn ordered(&mut self, command: MessageId, action: GateAction, at: Timestamp) {
        self.ordered_at = Some(at);
        self.failed = None;
        self.is_found = false;
        if action == GateAction::LockOpen {
            return self.hold(Opened {
                is_locked: false,
                awaited: vec![command],
            });
        }
        let before = self.releasing.take().and_then(|(_, opened)| opened);
        let mut ends = self.held.take();
        match (&mut ends, before) {
            (Some(ends), Some(before)) => ends.and(before),
            (None, before) => ends = before,
            (Some(_), None) => {}
        }
        self.releasing = Some((command, ends));
    }

    fn ended(&mut self, command: MessageId, outcome: CommandOutcome, at: Timestamp) {
        let is_it = |(release, _): &mut (MessageId, Option<Opened>)| *release == command;
        if outcome != CommandOutcome::Accepted
            && let Some((_, opened)) = self.releasing.take_if(is_it)
        {
            match opened {
                _ if outcome == CommandOutcome::Confirmed => {
                    self.is_released = true;
                    self.released_at = Some(at);
                }
                Some(opened) => self.hold(opened),
                None => {}
            }
        }
        let failed = |held: &mut Opened| held.ends_with(command, outcome);
        if self.held.take_if(failed).is_some() {
            self.failed = Some(command);
        } else if outcome == CommandOutcome::Confirmed && self.failed == Some(command) {
            self.failed = None;
            self.hold(Opened::locked());
        }
    }

    /// Its lock was found on, and nobody here had ordered that.
    fn found_held(&mut self, at: Timestamp) {
        if self.released_at.is_some_and(|released| at < released) {
            return;
        }
        self.is_found |= self.held.is_none() && self.releasing.is_none();
        match (&mut self.held, &mut self.releasing) {
            (None, Some((_, Some(ends)))) => ends.and(Opened::locked()),
            _ => self.hold(Opened::locked()),
        }
    }

    /// Its lock is off again without a release.
    fn let_go(&mut self) {
        if self.is_found {
            self.held = None;
            self.is_found = false;
        }
    }

    fn is_held(&self) -> Option<bool> {
        let releasing = self.releasing.as_ref();
        let holds = self.held.is_some() || releasing.is_some_and(|(_, ends)| ends.is_some());
        (holds || self.is_released).then_some(holds)
    }
}

impl HeldFold {
    /// Whether a barrier was held open when this run began, as far as that is still so; one of which nothing is
    /// known is not there. What was lost with the memory of an earlier run nobody knows, so that nobody ordered
    /// anything is never concluded.
    pub(crate) fn shown(&self) -> BTreeMap<DeviceId, bool> {
        let mut shown = self.at_start.clone();
        shown.retain(|id, was| self.barriers.get(id).and_then(Barrier::is_held) == Some(*was));
        shown
    }

    /// All that was before is taken in: what comes now is of this run.
    pub(crate) fn begin_run(&mut self) {
        let barriers = self.barriers.iter();
        let known = barriers.filter_map(|(id, barrier)| Some((id.clone(), barrier.is_held()?)));
        self.at_start = known.collect();
    }

    /// Takes in the orders of a batch that acted in this run.
    pub(crate) fn take_acting(&mut self, batch: &Batch, acting: &Acting) {
        if !self.at_start.is_empty() {
            let targets: Vec<String> = acting.values().flatten().cloned().collect();
            self.take_spooled((batch, 0), batch.time(), Some(&targets));
        }
    }

    /// Something newer could not be read: what was held is so as far as anybody knows, and of nothing can be
    /// said that it is not.
    pub(crate) fn blind(&mut self) {
        self.barriers
            .retain(|_, barrier| barrier.is_held() == Some(true));
        for barrier in self.barriers.values_mut() {
            barrier.is_released = false;
        }
    }

    /// Whether a record may say something of what is held. Most do not, and are not read.
    pub(crate) fn is_told_by(&self, record: &Record) -> bool {
        let holds = |word: &[u8]| record.body.windows(word.len()).any(|part| part == word);
        match EntryKind::from_number(record.kind) {
            Some(EntryKind::Order) => {
                record.label.starts_with("device:") && (holds(b"LOCK_OPEN") || holds(b"RELEASE"))
            }
            Some(EntryKind::Outcome) => self.numbered.contains_key(&record.cause),
            Some(EntryKind::Message) if record.label == MessageType::GateStatus.as_str() => {
                record.body.is_empty() || holds(b"CommandOutcome")
            }
            Some(EntryKind::Message) => is_act(&record.label),
            _ => false,
        }
    }

    /// Takes in a record of the journal.
    pub(crate) fn take(&mut self, record: &Record, draft: &Draft) {
        let Some(message) = draft.message.as_deref().filter(|it| !it.header.test) else {
            return;
        };
        let said = draft.kind != EntryKind::Message || draft.flags & flags::IDLE == 0;
        match &message.body {
            _ if draft.kind == EntryKind::Message && leads(message) => {
                self.openings.insert(record.number, draft.message_id);
            }
            Body::GateCommand(_) if draft.kind == EntryKind::Order => {
                let opening = self.openings.get(&record.cause);
                let opening = opening.map(ToString::to_string);
                let at = Timestamp::from_micros(record.time_micros);
                let order = self.ordered(draft, at, Some(record.number));
                if let (Some(opening), Some(order)) = (opening, order) {
                    self.spooled.insert((opening, draft.label.clone()), order);
                }
            }
            Body::GateStatus(status) if said => self.status(status),
            _ => {}
        }
    }

    /// Whether an opening of the spool stands in the journal, with its orders.
    pub(crate) fn knows(&self, opening: MessageId) -> bool {
        self.openings.values().any(|known| *known == opening)
    }

    /// Takes in what an opening of the spool led to, that acted at `at` on these targets; on all when the spool does
    /// not name them. What the journal has a newer order of is not changed by it.
    pub(crate) fn take_spooled(
        &mut self,
        (batch, from): (&Batch, usize),
        at: Timestamp,
        acted: Option<&[String]>,
    ) {
        for line in batch.lines().iter().skip(from) {
            let target = &line.draft.label;
            let has_acted = acted.is_none_or(|acted| acted.contains(target));
            if line.draft.kind == EntryKind::Order
                && has_acted
                && let Some(order) = self.ordered(&line.draft, at, None)
            {
                self.name(batch, line, order);
            }
        }
    }

    fn name(&mut self, batch: &Batch, line: &Line, order: (DeviceId, MessageId)) {
        if let Some(opening) = opening_of(batch, line) {
            let target = line.draft.label.clone();
            self.spooled.insert((opening.to_string(), target), order);
        }
    }

    /// Takes in what came of an order of the spool.
    pub(crate) fn end_spooled(
        &mut self,
        opening: &str,
        target: &str,
        (kind, detail, at): (OutcomeKind, &str, Timestamp),
    ) {
        let key = (opening.to_owned(), target.to_owned());
        let order = match kind {
            OutcomeKind::Accepted => self.spooled.get(&key).cloned(),
            _ => self.spooled.remove(&key),
        };
        if let Some((device, command)) = order
            && let Some(barrier) = self.barriers.get_mut(&device)
        {
            barrier.ended(command, if_sent(command_outcome(kind), Some(detail)), at);
            return;
        }
        let outcome = if_sent(command_outcome(kind), Some(detail));
        let device = target.strip_prefix("device:").map(DeviceId::new);
        if let Some(Ok(device)) = device
            && outcome != CommandOutcome::Failed
        {
            self.doubt(&device, at);
        }
    }

    /// A barrier did something under an order that nobody knows: that it is not held cannot be said any more, unless
    /// it was ordered otherwise since.
    fn doubt(&mut self, device: &DeviceId, at: Timestamp) {
        let is_since = |barrier: &Barrier| barrier.ordered_at.is_some_and(|it| it > at);
        let barrier = self.barriers.get(device);
        if barrier.is_some_and(|it| it.is_held() == Some(false) && !is_since(it)) {
            self.barriers.remove(device);
        }
    }

    fn ordered(
        &mut self,
        draft: &Draft,
        at: Timestamp,
        number: Option<u64>,
    ) -> Option<(DeviceId, MessageId)> {
        let Body::GateCommand(order) = &draft.message.as_deref()?.body else {
            return None;
        };
        if !matches!(order.action, GateAction::LockOpen | GateAction::Release) {
            return None;
        }
        let barrier = self.barriers.entry(order.device_id.clone()).or_default();
        if barrier.ordered_at.is_some_and(|newest| at < newest) {
            return None;
        }
        barrier.ordered(order.command_id, order.action, at);
        let named = (order.device_id.clone(), order.command_id);
        if let Some(number) = number {
            self.numbered.insert(number, named.clone());
        }
        Some(named)
    }

    fn status(&mut self, status: &GateStatus) {
        let Some(outcome) = status.command_outcome else {
            return;
        };
        let outcome = if_sent(outcome, status.detail.as_deref());
        match status.command_id {
            Some(command) => {
                if let Some(barrier) = self.barriers.get_mut(&status.device_id) {
                    barrier.ended(command, outcome, status.observed_at);
                }
            }
            None if outcome == CommandOutcome::Confirmed => {
                let barrier = self.barriers.entry(status.device_id.clone()).or_default();
                barrier.found_held(status.observed_at);
            }
            None if outcome == CommandOutcome::Expired => {
                if let Some(barrier) = self.barriers.get_mut(&status.device_id) {
                    barrier.let_go();
                }
            }
            None => {}
        }
    }
}

/// An order of which nothing was sent came to nothing, whatever ended it.
pub(crate) fn if_sent(outcome: CommandOutcome, detail: Option<&str>) -> CommandOutcome {
    let unsent = detail.is_some_and(|detail| detail.contains(NOTHING_SENT));
    match outcome {
        CommandOutcome::Expired if unsent => CommandOutcome::Failed,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: MessageId = MessageId::from_bytes([1; 16]);
    const AGAIN: MessageId = MessageId::from_bytes([2; 16]);
    const RELEASE: MessageId = MessageId::from_bytes([3; 16]);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn opened() -> Barrier {
        let mut barrier = Barrier::default();
        barrier.ordered(OPENING, GateAction::LockOpen, at(1));
        barrier
    }

    fn after(mut barrier: Barrier, ends: &[(MessageId, CommandOutcome)]) -> Option<bool> {
        for (command, outcome) in ends {
            barrier.ended(*command, *outcome, at(9));
        }
        barrier.is_held()
    }

    #[test]
    fn a_barrier_is_held_unless_all_its_openings_failed() {
        use CommandOutcome::{Accepted, Confirmed, Expired, Failed};
        assert_eq!(Barrier::default().is_held(), None);
        for held in [&[][..], &[(OPENING, Accepted)], &[(OPENING, Expired)]] {
            assert_eq!(after(opened(), held), Some(true), "{held:?}");
        }
        assert_eq!(after(opened(), &[(OPENING, Failed)]), None);
        let late = [(OPENING, Failed), (OPENING, Confirmed)];
        assert_eq!(after(opened(), &late), Some(true), "late, and up");
        let mut twice = opened();
        twice.ordered(AGAIN, GateAction::LockOpen, at(2));
        assert_eq!(after(twice, &[(OPENING, Failed)]), Some(true));
    }

    #[test]
    fn what_expired_before_anything_was_sent_holds_nothing() {
        let unsent = format!("journaled late: not confirmed; {NOTHING_SENT}; barrier");
        let outcome = |detail| if_sent(CommandOutcome::Expired, detail);
        assert_eq!(outcome(Some(&unsent)), CommandOutcome::Failed);
        assert_eq!(outcome(Some("not confirmed")), CommandOutcome::Expired);
        assert_eq!(outcome(None), CommandOutcome::Expired);
        let confirmed = if_sent(CommandOutcome::Confirmed, Some(&unsent));
        assert_eq!(confirmed, CommandOutcome::Confirmed);
    }

    #[test]
    fn a_barrier_is_held_until_its_release_is_confirmed() {
        use CommandOutcome::{Confirmed, Expired, Failed, Refused};
        let released = || {
            let mut barrier = opened();
            barrier.ended(OPENING, Confirmed, at(1));
            barrier.ordered(RELEASE, GateAction::Release, at(2));
            barrier
        };
        assert_eq!(released().is_held(), Some(true), "not confirmed yet");
        assert_eq!(after(released(), &[(RELEASE, Confirmed)]), Some(false));
        for outcome in [Failed, Expired, Refused] {
            assert_eq!(after(released(), &[(RELEASE, outcome)]), Some(true));
        }
        // Opened again before the release was done.
        let mut again = released();
        again.ordered(AGAIN, GateAction::LockOpen, at(3));
        assert_eq!(after(again, &[(RELEASE, Confirmed)]), Some(true));
        // A release of what nobody knows to be held says what it did, and nothing when it failed.
        let mut unknown = Barrier::default();
        unknown.ordered(RELEASE, GateAction::Release, at(1));
        assert_eq!(unknown.is_held(), None);
        assert_eq!(after(unknown, &[(RELEASE, Failed)]), None);
    }

    /// As in the access plug-in: told late, it is older than the release.
    #[test]
    fn what_was_found_before_a_release_or_is_off_again_holds_nothing() {
        let mut barrier = opened();
        barrier.ordered(RELEASE, GateAction::Release, at(2));
        barrier.ended(RELEASE, CommandOutcome::Confirmed, at(2));
        barrier.found_held(at(1));
        assert_eq!(barrier.is_held(), Some(false), "older");
        barrier.found_held(at(3));
        assert_eq!(barrier.is_held(), Some(true), "newer");
        barrier.let_go();
        assert_eq!(barrier.is_held(), Some(false), "off again");
        let mut ordered = opened();
        ordered.found_held(at(3));
        ordered.let_go();
        assert_eq!(ordered.is_held(), Some(true), "it was ordered");
    }

    /// It was shown as not held, up and locked, with its own confirmation in the spool.
    #[test]
    fn what_is_told_of_an_order_that_nobody_knows_leaves_no_barrier_as_not_held() {
        let shown = |kind, detail, told_at| {
            let mut fold = HeldFold::default();
            for name in ["BR-01", "BR-02"] {
                let mut released = opened();
                released.ordered(RELEASE, GateAction::Release, at(2));
                released.ended(RELEASE, CommandOutcome::Confirmed, at(2));
                fold.barriers.insert(DeviceId::new(name).unwrap(), released);
            }
            fold.end_spooled("nobody's", "device:BR-01", (kind, detail, told_at));
            fold.begin_run();
            fold.shown()
                .into_keys()
                .map(|it| it.to_string())
                .collect::<Vec<_>>()
        };
        for kind in [OutcomeKind::Confirmed, OutcomeKind::Expired] {
            assert_eq!(shown(kind, "", at(3)), ["BR-02"], "{kind:?}");
            assert_eq!(shown(kind, "", at(1)).len(), 2, "ordered otherwise since");
        }
        assert_eq!(
            shown(OutcomeKind::Failed, "", at(3)).len(),
            2,
            "it moved nothing"
        );
        assert_eq!(shown(OutcomeKind::Expired, NOTHING_SENT, at(3)).len(), 2);
    }

    #[test]
    fn what_could_not_be_read_leaves_only_what_is_held() {
        let mut fold = HeldFold::default();
        let id = |name: &str| DeviceId::new(name).unwrap();
        fold.barriers.insert(id("BR-01"), opened());
        let mut released = opened();
        released.ordered(RELEASE, GateAction::Release, at(2));
        released.ended(RELEASE, CommandOutcome::Confirmed, at(2));
        fold.barriers.insert(id("BR-02"), released);
        fold.begin_run();
        assert_eq!(
            fold.shown(),
            [(id("BR-01"), true), (id("BR-02"), false)].into()
        );
        fold.blind();
        fold.begin_run();
        assert_eq!(fold.shown(), [(id("BR-01"), true)].into());
    }
}
