//! Operating modes (R124): which gate is in which, and the changes that wait for their time.

use cordon_contract::{Rows, Single, Table};
use cordon_model::{GateId, MessageId, OperatingMode, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::away::Away;

/// The modes of park and gates.
#[derive(Debug)]
pub(crate) struct Modes {
    pub park: Single<Option<OperatingMode>>,
    pub gates: Table<GateId, OperatingMode>,
    /// Changes whose time has not come, by that time, microseconds, and the entry that said them.
    pub waiting: Table<(i64, u64), ModeChange>,
}

/// A change of mode.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ModeChange {
    pub id: String,
    pub mode: OperatingMode,
    pub gates: Vec<GateId>,
    pub by: PartyId,
    pub at: Timestamp,
    /// The message that ordered it; ids of its commands are made from it.
    pub message_id: MessageId,
    /// It was meant for later when it was said.
    pub planned: bool,
}

impl Modes {
    pub(crate) fn new() -> Self {
        Self {
            park: Single::new("park", 1),
            gates: Table::new("gates", 1),
            waiting: Table::new("waiting", 1),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 3] {
        [&mut self.park, &mut self.gates, &mut self.waiting]
    }

    /// Takes out the changes whose time has come, the earliest first: those of an absence wait, until one that has come
    /// since makes an end of waiting.
    pub(crate) fn due(&mut self, now: Timestamp, away: Away) -> Vec<ModeChange> {
        self.until(self.due_until(now, away))
    }

    /// The same, also of those that wait.
    pub(crate) fn all_due(&mut self, now: Timestamp) -> Vec<ModeChange> {
        self.until(Some(now.micros()))
    }

    fn until(&mut self, until: Option<i64>) -> Vec<ModeChange> {
        let mut due = Vec::new();
        while let Some((key, _)) = self.waiting.first_key_value()
            && until.is_some_and(|until| key.0 <= until)
            && let Some((_, change)) = self.waiting.pop_first()
        {
            due.push(change);
        }
        due
    }

    /// Whether the time of a change has come.
    pub(crate) fn is_due(&self, now: Timestamp, away: Away) -> bool {
        self.due_until(now, away).is_some()
    }

    /// Up to when all that waits is due. One of the end of an absence waits with those before it, if there are: by a clock
    /// that was wrong it would draw them all.
    fn due_until(&self, now: Timestamp, away: Away) -> Option<i64> {
        let [before, end, since] = away.due(now.micros());
        let waits = self.is_any_in((before.1, end.0));
        if self.is_any_in(since) || !waits && self.is_any_in(end) {
            return Some(now.micros());
        }
        self.is_any_in(before).then_some(before.1)
    }

    /// Those that came due in an absence and are not carried out until the clock has stood.
    pub(crate) fn held_back(&self, away: Away) -> impl Iterator<Item = &ModeChange> {
        let (after, until) = away.span();
        let due = self.waiting.range((after, u64::MAX)..);
        let due = due.take_while(move |((at, _), _)| *at <= until);
        due.map(|(_, change)| change)
    }

    fn is_any_in(&self, (after, until): (i64, i64)) -> bool {
        let mut due = self.waiting.range((after, u64::MAX)..);
        due.next().is_some_and(|((at, _), _)| *at <= until)
    }

    /// The mode of a gate: its own, else the park's, else normal.
    pub(crate) fn of(&self, gate: &GateId) -> OperatingMode {
        self.gates
            .get(gate)
            .or(self.park.as_ref())
            .copied()
            .unwrap_or(OperatingMode::Normal)
    }

    /// Whether a change may take effect at a gate: a plan ends no evacuation, only a person's word of the moment does.
    pub(crate) fn may_change(&self, gate: &GateId, change: &ModeChange) -> bool {
        let evacuation = OperatingMode::Evacuation;
        !change.planned || change.mode == evacuation || self.of(gate) != evacuation
    }

    /// Takes in a change for `place`; `spared` are the gates of its place that stay evacuated, and `all` those of the
    /// plan.
    pub(crate) fn take(
        &mut self,
        change: &ModeChange,
        place: &[GateId],
        spared: &[GateId],
        all: &[GateId],
    ) {
        let evacuated = Some(OperatingMode::Evacuation);
        // A park that goes on being evacuated is not in another mode.
        let goes_on = !spared.is_empty() && *self.park == evacuated;
        if change.gates.is_empty() && !goes_on {
            self.park.set(Some(change.mode));
            self.gates.retain(|gate, _| spared.contains(gate));
            for gate in spared {
                self.gates.set(gate.clone(), OperatingMode::Evacuation);
            }
        } else {
            for gate in place {
                self.gates.set(gate.clone(), change.mode);
            }
        }
        let is_evacuated = |gate: &GateId| self.of(gate) == OperatingMode::Evacuation;
        if *self.park == evacuated && !all.iter().any(is_evacuated) {
            self.park.set(Some(change.mode));
        }
    }
}
