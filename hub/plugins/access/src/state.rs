//! The whole state: serialisable, ordered, bounded.

use std::collections::BTreeMap;

use cordon_model::{
    BarrierState, CommandOutcome, DecisionOutcome, DeviceId, Digest, Direction, GateAction, GateId,
    LaneId, MessageId, OperatingMode, PartyId, Plate, PlateNumber, RefusalCode, SubjectKind,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::plate::PlateKey;
use crate::registry::Registry;
use crate::visit::Yard;

/// Openings that may wait on one lane; a ninth capture is not opened for before one has passed.
pub(crate) const OPENINGS_PER_LANE_MAX: usize = 8;
/// Alarms remembered so that they are not repeated; the oldest is forgotten.
pub(crate) const QUIET_MAX: usize = 10_000;
/// Changes of mode that may wait for their time.
pub(crate) const MODES_WAITING_MAX: usize = 100;

/// Everything the plug-in remembers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct State {
    pub registry: Registry,
    pub modes: Modes,
    pub lanes: BTreeMap<LaneId, LaneState>,
    pub yard: Yard,
    /// Lanes held open.
    pub held: BTreeMap<LaneId, Held>,
    /// What each barrier last said it is.
    pub barriers: BTreeMap<DeviceId, BarrierState>,
    /// When an alarm was last raised, microseconds, by what it is about.
    pub alarmed: BTreeMap<String, i64>,
    /// Unseen entries at second gates: since when, microseconds, and how many, by the gates' enterprise.
    pub unseen: BTreeMap<Option<PartyId>, (i64, u32)>,
    /// When occupancy was last told, microseconds.
    pub told_micros: i64,
    /// Whether occupancy changed since.
    pub changed: bool,
    /// Hour of the last cleaning, counted from the epoch.
    pub cleaned_hour: i64,
    /// Lanes whose release was ordered and not confirmed yet, with the release's command.
    pub releasing: BTreeMap<LaneId, (MessageId, Held)>,
    /// The newest opening of a lane that came to nothing, until it is released: the lane may confirm it late.
    pub unheld: BTreeMap<LaneId, Held>,
    /// The newest release of a lane, until it ends: also where nothing was known to be held.
    pub asked: BTreeMap<LaneId, Release>,
    /// The newest release of a lane that was confirmed: the lane may find it undone, and what is older than it
    /// changes nothing.
    pub released: BTreeMap<LaneId, Release>,
    /// What a person ordered of one lane whose failure is told nowhere else, until it ends or something newer is
    /// ordered: what it is, its command, and by whom.
    pub by_hand: BTreeMap<LaneId, (GateAction, MessageId, PartyId)>,
}

/// Operating modes (R124).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Modes {
    pub park: Option<OperatingMode>,
    pub gates: BTreeMap<GateId, OperatingMode>,
    /// Changes whose time has not come, in order of arrival.
    pub waiting: Vec<ModeChange>,
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
        let goes_on = !spared.is_empty() && self.park == evacuated;
        if change.gates.is_empty() && !goes_on {
            self.park = Some(change.mode);
            self.gates.clear();
            let spared = spared.iter().cloned();
            self.gates
                .extend(spared.map(|gate| (gate, OperatingMode::Evacuation)));
        } else {
            let changed = place.iter().map(|gate| (gate.clone(), change.mode));
            self.gates.extend(changed);
        }
        let is_evacuated = |gate: &GateId| self.of(gate) == OperatingMode::Evacuation;
        if self.park == evacuated && !all.iter().any(is_evacuated) {
            self.park = Some(change.mode);
        }
    }
}

/// What is remembered of a lane.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct LaneState {
    /// Ordered openings nobody has passed yet, oldest first.
    pub openings: Vec<Opening>,
    /// The last decisions, oldest first.
    pub recent: Vec<Recent>,
    /// When a vehicle last passed on an opening, and which way.
    pub passed: Option<(Timestamp, Direction)>,
    /// When a vehicle last passed at all, and which way.
    pub last_passage: Option<(Timestamp, Direction)>,
    /// The barrier is up and nobody wants it to be; told once.
    pub up_late: bool,
    /// Its barrier did not say since the start whether it is up or down.
    pub unlooked: bool,
}

/// How far an opening has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Progress {
    /// Ordered.
    Ordered,
    /// The limit input says that the barrier is up (I7).
    Confirmed,
    /// Expired, refused or failed: nobody may use it, also when the barrier goes up late.
    Failed,
}

/// From the decision to the passage.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Opening {
    pub decision: String,
    pub command: MessageId,
    pub gate: GateId,
    pub area: Option<String>,
    pub device: DeviceId,
    pub direction: Direction,
    pub ordered_at: Timestamp,
    pub deadline: Timestamp,
    pub progress: Progress,
    pub subject: Seen,
    pub grant: Option<String>,
    pub visit: String,
}

/// The vehicle as a capture showed it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Seen {
    /// `None` when the plate was not read.
    pub plate: Option<PlateKey>,
    pub trailer: Option<PlateNumber>,
    pub person: Option<String>,
    pub kind: SubjectKind,
    pub capture: MessageId,
    pub image: Option<String>,
    pub image_digest: Option<Digest>,
}

impl Seen {
    pub(crate) fn plate(&self) -> Option<Plate> {
        self.plate.as_ref().map(PlateKey::plate)
    }
}

/// A decision, remembered to know the same arrival again and to name who went through unasked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Recent {
    pub decision: String,
    pub at: Timestamp,
    pub direction: Direction,
    pub outcome: DecisionOutcome,
    pub code: Option<RefusalCode>,
    /// The opening came to nothing: the next capture is decided anew.
    pub over: bool,
    /// The vehicle has left the way it came.
    pub gone: bool,
    pub subject: Seen,
}

/// A lane that is held open.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Held {
    /// The emergency order or change of mode.
    pub order: String,
    pub by: PartyId,
    pub gate: GateId,
    pub command: MessageId,
    /// When it is released by itself.
    pub until: Option<Timestamp>,
    /// True when a mode holds it and the end of the mode gives it back.
    pub by_mode: bool,
    pub opened: Opened,
    /// When it was ordered, or seen.
    pub at: Timestamp,
    /// It was found open, and nobody here has ordered it.
    pub found: bool,
    /// It was opened before the program started: who serves the lane knows nothing of it.
    pub before_start: bool,
    /// Its release was ordered last, and came to nothing.
    pub unwanted: bool,
}

/// The release of a lane.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Release {
    pub command: MessageId,
    /// When it was ordered; when it was done, once that is known.
    pub at: Timestamp,
}

/// Openings of one lane whose outcome is waited for at once; one more counts as carried out. As many that have ended
/// are remembered.
const OPENINGS_MAX: usize = 16;

/// What is known of all the openings of a lane since its last release: the newest may come to nothing
/// while an earlier one has locked the boom open, and each may be confirmed late.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Opened {
    /// One was carried out, or nobody can say that it was not.
    locked: bool,
    /// The lane said so.
    confirmed: bool,
    /// Those whose outcome is not known yet, oldest first.
    awaited: Vec<MessageId>,
    /// Those that ended unconfirmed, oldest first: the lane may say otherwise later.
    ended: Vec<MessageId>,
}

impl Opened {
    pub fn ordered(command: MessageId) -> Self {
        Self {
            awaited: vec![command],
            ..Self::default()
        }
    }

    /// An opening that the lane confirmed.
    pub fn confirmed() -> Self {
        Self {
            locked: true,
            confirmed: true,
            ..Self::default()
        }
    }

    /// Takes in the openings of `other`.
    pub fn and(&mut self, other: &Self) {
        self.locked |= other.locked;
        self.confirmed |= other.confirmed;
        self.awaited.extend(&other.awaited);
        self.ended.extend(&other.ended);
        if self.awaited.len() > OPENINGS_MAX {
            self.locked = true;
            let over = self.awaited.len() - OPENINGS_MAX;
            self.ended.extend(self.awaited.drain(..over));
        }
        self.shorten();
    }

    /// Forgets what tells nothing more, and the oldest of too many.
    fn shorten(&mut self) {
        if self.confirmed {
            self.awaited.clear();
            self.ended.clear();
        }
        let over = self.ended.len().saturating_sub(OPENINGS_MAX);
        self.ended.drain(..over);
    }

    /// Whether the lane confirmed an opening.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether it is known of all what came of them.
    pub fn is_settled(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Whether an order is one of those that ended unconfirmed.
    pub fn has_ended(&self, command: MessageId) -> bool {
        self.ended.contains(&command)
    }

    /// Takes in what came of an order; true when it was the last opening that could hold the lane, and
    /// came to nothing as well.
    pub fn ends_with(&mut self, command: MessageId, outcome: CommandOutcome) -> bool {
        let at = self.awaited.iter().position(|id| *id == command);
        if outcome == CommandOutcome::Accepted || at.is_none() && !self.has_ended(command) {
            return false;
        }
        if outcome == CommandOutcome::Confirmed {
            self.locked = true;
            self.confirmed = true;
        } else if let Some(at) = at {
            self.locked |= outcome != CommandOutcome::Failed;
            self.ended.push(self.awaited.remove(at));
        }
        self.shorten();
        at.is_some() && !self.locked && self.awaited.is_empty()
    }
}
