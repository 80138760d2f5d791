//! The whole state: tables by name, bounded. What follows from them is an index and is not stored.

use cordon_contract::{ClockSteps, Rows, Single, Table};
use cordon_model::{
    BarrierState, DecisionOutcome, DeviceId, Digest, Direction, GateAction, GateId, LaneId,
    MessageId, PartyId, Plate, PlateCapture, PlateNumber, RefusalCode, SubjectKind, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::alarm::About;
use crate::away::Away;
use crate::grants::Grant;
use crate::modes::Modes;
use crate::not_yet::NotYet;
use crate::opened::{Held, Release};
use crate::permit::PermitKey;
use crate::plate::PlateKey;
use crate::registry::Registry;
use crate::times::Times;
use crate::visit::Yard;

/// Openings that may wait on one lane; a ninth capture is not opened for before one has passed.
pub(crate) const OPENINGS_PER_LANE_MAX: usize = 8;
/// Milliseconds in which word of what happened at a barrier may still be on its way.
pub(crate) const GRACE_MS: i64 = 5_000;
/// Alarms remembered so that they are not repeated; the oldest is forgotten.
const QUIET_MAX: usize = 10_000;
/// Changes of mode that may wait for their time.
pub(crate) const MODES_WAITING_MAX: usize = 100;

/// Everything the plug-in remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub registry: Registry,
    pub modes: Modes,
    pub lanes: Table<LaneId, LaneState>,
    pub yard: Yard,
    /// Lanes held open.
    pub held: Table<LaneId, Held>,
    /// What each barrier last said it is.
    pub barriers: Table<DeviceId, BarrierState>,
    /// Barriers whose upper limit alone is on, whatever else their lanes say of them.
    pub up: Table<DeviceId, ()>,
    /// When an alarm was last raised, microseconds, by what it is about.
    pub alarmed: Times<String>,
    /// Unseen entries at second gates: since when, microseconds, and how many, by the gates' enterprise.
    pub unseen: Table<Option<PartyId>, (i64, u32)>,
    /// Lanes whose release was ordered and not confirmed yet, with the release's command.
    pub releasing: Table<LaneId, (MessageId, Held)>,
    /// The newest opening of a lane that came to nothing, until it is released: the lane may confirm it late.
    pub unheld: Table<LaneId, Held>,
    /// The newest release of a lane, until it ends: also where nothing was known to be held.
    pub asked: Table<LaneId, Release>,
    /// The newest release of a lane that was confirmed: the lane may find it undone, and what is older than it
    /// changes nothing.
    pub released: Table<LaneId, Release>,
    /// What a person ordered of one lane whose failure is told nowhere else, until it ends or something newer is
    /// ordered: what it is, its command, and by whom.
    pub by_hand: Table<LaneId, (GateAction, MessageId, PartyId)>,
    /// What people were told of openings that were not carried out, until they are, or are released.
    pub not_yet: Table<LaneId, NotYet>,
    pub told: Single<Told>,
    /// When the hub was away last, by its clock.
    pub away: Single<Away>,
    /// The steps of the clock that are known.
    pub clock_steps: Single<ClockSteps>,
    /// Hour of the last cleaning, counted from the epoch.
    pub cleaned_hour: Single<i64>,
}

/// What was told of occupancy.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Told {
    /// When it was last told, microseconds.
    pub at_micros: i64,
    /// Whether it changed since.
    pub changed: bool,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            registry: Registry::new(),
            modes: Modes::new(),
            // Before form 2 decisions did not name whose grant it is, before form 4 openings not that the boom fell,
            // before form 5 not their picture, before form 6 decisions not when he came and was seen last, before form 7
            // not whether people know that a rescue vehicle stands there.
            lanes: Table::new("lanes", 7),
            yard: Yard::new(),
            held: Table::new("held", 2),
            barriers: Table::new("barriers", 1),
            up: Table::new("up", 1),
            alarmed: Times::new("alarmed", QUIET_MAX),
            unseen: Table::new("unseen", 1),
            releasing: Table::new("releasing", 2),
            unheld: Table::new("unheld", 2),
            asked: Table::new("asked", 1),
            released: Table::new("released", 1),
            by_hand: Table::new("by_hand", 1),
            not_yet: Table::new("not_yet", 1),
            told: Single::new("told", 1),
            away: Single::new("away", 2),
            clock_steps: Single::new("clock-steps", 1),
            cleaned_hour: Single::new("cleaned", 1),
        }
    }

    /// All its tables, always in this order.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        let mut tables: Vec<&mut dyn Rows> = Vec::new();
        tables.extend(self.registry.tables());
        tables.extend(self.modes.tables());
        tables.extend(self.yard.tables());
        let rest: [&mut dyn Rows; 16] = [
            &mut self.lanes,
            &mut self.held,
            &mut self.barriers,
            &mut self.up,
            self.alarmed.table(),
            &mut self.unseen,
            &mut self.releasing,
            &mut self.unheld,
            &mut self.asked,
            &mut self.released,
            &mut self.by_hand,
            &mut self.not_yet,
            &mut self.told,
            &mut self.away,
            &mut self.clock_steps,
            &mut self.cleaned_hour,
        ];
        tables.extend(rest);
        tables
    }

    /// Notes that occupancy is other than it was told.
    pub(crate) fn occupancy_changed(&mut self) {
        let told = *self.told;
        self.told.set(Told {
            changed: true,
            ..told
        });
    }
}

/// What is remembered of a lane.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct LaneState {
    /// Ordered openings nobody has passed yet, oldest first.
    pub openings: Vec<Opening>,
    /// The last decisions, oldest first.
    pub recent: Vec<Recent>,
    /// When a vehicle last passed on an opening, and which way.
    pub passed: Option<(Timestamp, Direction)>,
    /// When a vehicle last passed at all, and which way.
    pub last_passage: Option<(Timestamp, Direction)>,
    /// When a vehicle last passed on nobody's opening, and which way.
    pub unopened: Option<(Timestamp, Direction)>,
    /// The decision that a vehicle last went through on, and when; `None` when it was on none.
    pub went: Option<(String, Timestamp)>,
    /// Since when a vehicle is on the loops that came onto them and has not left them.
    pub on_loops: Option<Timestamp>,
    /// Its loops have told of a vehicle.
    pub has_loops: bool,
    /// The barrier is up and nobody wants it to be; told once.
    pub up_late: bool,
    /// Its barrier did not say since the start whether it is up or down.
    pub unlooked: bool,
}

impl LaneState {
    /// The opening of this command came to nothing; `None` when none waits for word of it.
    pub(crate) fn fail(&mut self, command: MessageId) -> Option<Opening> {
        let mut openings = self.openings.iter_mut();
        let opening = openings
            .find(|opening| opening.command == command && opening.progress == Progress::Ordered)?;
        opening.progress = Progress::Failed;
        for recent in &mut self.recent {
            recent.over |= recent.decision == opening.decision;
        }
        Some(opening.clone())
    }

    /// Whether a vehicle may stand under the boom that it is up for.
    pub(crate) fn is_under_boom(&self) -> bool {
        let mut openings = self.openings.iter();
        self.on_loops.is_some() && openings.any(|it| it.up.is_some() && !it.is_over())
    }

    /// The lane is not seen: who was let in may go through meanwhile.
    pub(crate) fn lose(&mut self, clock: Timestamp) {
        self.on_loops = None;
        for opening in self.openings.iter_mut().filter(|it| it.up.is_some()) {
            opening.unseen.get_or_insert(clock);
        }
    }

    /// Whoever this was decided on has left the way he came; his opening, if he had one.
    pub(crate) fn leave(&mut self, decision: &str) -> Option<Opening> {
        for recent in self.recent.iter_mut().filter(|it| it.decision == decision) {
            recent.over = true;
            recent.goes();
        }
        let place = self
            .openings
            .iter()
            .position(|it| it.decision == decision)?;
        Some(self.openings.remove(place))
    }

    /// By the clock: when the boom was up and down for its openings, since when the lane was not seen, and when a vehicle
    /// went through last.
    pub(crate) fn times(&self) -> impl Iterator<Item = Timestamp> {
        let openings = self.openings.iter();
        let openings = openings.flat_map(|it| [it.up, it.fell, it.unseen]);
        let went = self.went.as_ref().map(|(_, at)| *at);
        let passed = [self.last_passage, self.unopened].into_iter().flatten();
        let passed = passed.map(|(at, _)| at);
        openings.flatten().chain(went).chain(passed)
    }

    /// The clock was set back to this time: what was seen up to now by the one before is just over.
    pub(crate) fn set_back(&mut self, clock: Timestamp, just: Timestamp) {
        let is_ahead = |seen: Timestamp| seen > clock;
        for opening in &mut self.openings {
            let Opening {
                up, fell, unseen, ..
            } = opening;
            for seen in [up, fell, unseen].into_iter().flatten() {
                if is_ahead(*seen) {
                    *seen = just;
                }
            }
        }
        self.went.take_if(|(_, at)| is_ahead(*at));
        let passages = [&mut self.last_passage, &mut self.unopened];
        for (at, _) in passages.into_iter().flatten() {
            if is_ahead(*at) {
                *at = just;
            }
        }
    }

    /// The boom is down again: who has not gone through waits before it, and the next capture is decided anew.
    pub(crate) fn fall(&mut self, at: Timestamp) {
        for opening in self.openings.iter_mut().filter(|it| it.falls(at)) {
            opening.fell = Some(at);
            for recent in &mut self.recent {
                recent.over |= recent.decision == opening.decision;
            }
        }
    }
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
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Opening {
    pub decision: String,
    pub command: MessageId,
    pub gate: GateId,
    pub area: Option<String>,
    pub device: DeviceId,
    pub direction: Direction,
    /// It is judged again for who stands behind another.
    pub capture: PlateCapture,
    pub ordered_at: Timestamp,
    pub deadline: Timestamp,
    pub progress: Progress,
    /// When the boom was up for it.
    pub up: Option<Timestamp>,
    /// When the boom was down again.
    pub fell: Option<Timestamp>,
    /// It was told that nobody had gone through before the boom fell.
    pub fall_told: bool,
    /// Since when the hub did not see the lane for a while, by the clock: its vehicle may have gone through meanwhile.
    pub unseen: Option<Timestamp>,
    pub subject: Seen,
    pub grant: Option<String>,
    pub visit: String,
}

impl Opening {
    /// What an alarm on it is about.
    pub(crate) fn about<'a>(&'a self, lane: &'a LaneId, text: String) -> About<'a> {
        About {
            device: Some(&self.device),
            gate: Some(&self.gate),
            lane: Some(lane),
            area: self.area.as_deref(),
            subject: Some(&self.subject),
            correlation: Some(self.visit.clone()),
            text,
            ..About::default()
        }
    }

    /// A rescue vehicle's: what becomes of it is told each time.
    pub(crate) fn is_rescue(&self) -> bool {
        self.subject.is_rescue()
    }

    /// Whether a boom that is down at this time has fallen since it was up for this opening.
    pub(crate) fn falls(&self, at: Timestamp) -> bool {
        self.fell.is_none() && self.up.is_some_and(|up| up < at)
    }

    /// Whether nobody may use it any more, or needs to wait for it.
    pub(crate) fn is_over(&self) -> bool {
        self.progress == Progress::Failed || self.fell.is_some()
    }

    /// Whether the boom was up for it at this time.
    pub(crate) fn is_up(&self, at: Timestamp) -> bool {
        self.up.is_some_and(|up| up <= at) && self.fell.is_none_or(|fell| at <= fell)
    }

    /// Whose turn it was of those that wait: first for whom the boom was up, then who may have gone through unseen, for
    /// whom it fell a moment before, for whom it has yet to rise, for whom it fell long before, and for whom it never
    /// rose.
    pub(crate) fn turn(&self, at: Timestamp) -> u8 {
        match (self.progress, self.fell) {
            (Progress::Failed, _) => 5,
            _ if self.is_up(at) => u8::from(self.unseen.is_some()),
            (_, Some(_)) if self.lets_through(at) => 2,
            (_, None) => 3,
            (_, Some(_)) => 4,
        }
    }

    /// Whether a vehicle that was through at this time was let through by it. A boom falls behind who went through, and
    /// word of that may overtake word of him.
    pub(crate) fn lets_through(&self, at: Timestamp) -> bool {
        self.progress != Progress::Failed && self.fell.is_none_or(|fell| at <= fell)
    }
}

/// The vehicle as a capture showed it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Seen {
    /// `None` when the plate was not read.
    pub plate: Option<PlateKey>,
    pub trailer: Option<PlateNumber>,
    pub person: Option<String>,
    pub kind: SubjectKind,
    /// It may be a rescue vehicle, whatever the camera takes it for and however badly it was read.
    pub rescue: bool,
    pub capture: MessageId,
    pub image: Option<String>,
    pub image_digest: Option<Digest>,
}

impl Seen {
    pub(crate) fn plate(&self) -> Option<Plate> {
        self.plate.as_ref().map(PlateKey::plate)
    }

    /// Whether it is, or may be, a rescue vehicle.
    pub(crate) fn is_rescue(&self) -> bool {
        self.rescue || self.kind == SubjectKind::VehEmergency
    }

    /// Its number, in words.
    pub(crate) fn number(&self) -> &str {
        let plate = self.plate.as_ref();
        plate.map_or("UNREAD", |plate| plate.number.as_str())
    }
}

/// The grant of a decision, as it was then: a word on it may take it away before the vehicle is through.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Founded {
    pub key: PermitKey,
    /// Its end.
    pub to: Timestamp,
    pub max_stay_minutes: Option<u32>,
}

impl Founded {
    /// On a grant as it is now.
    pub(crate) fn on((key, permit): Grant<'_>) -> Self {
        Self {
            key: key.clone(),
            to: permit.to,
            max_stay_minutes: permit.max_stay_minutes,
        }
    }

    /// When whoever entered on it becomes an overstay.
    pub(crate) fn due(&self, entered: Timestamp) -> Timestamp {
        stay_end(entered, self.to, self.max_stay_minutes)
    }
}

/// The end of a stay: that of the grant, or the longest stay if it is over earlier.
pub(crate) fn stay_end(entered: Timestamp, to: Timestamp, minutes: Option<u32>) -> Timestamp {
    let stay = minutes.map(|minutes| entered.plus_seconds(i64::from(minutes) * 60));
    stay.map_or(to, |stay| stay.min(to))
}

impl Recent {
    /// The vehicle is not there any more. Two whose plates were not read are not told apart: one may be left.
    pub(crate) fn goes(&mut self) {
        let may_be_two = self.is_unread() && self.seen > self.came;
        self.gone = !may_be_two;
        self.came = self.seen;
    }

    /// Whether its plate was not read, and it was not let in.
    pub(crate) fn is_unread(&self) -> bool {
        self.subject.plate.is_none() && self.outcome != DecisionOutcome::Open
    }
}

/// A decision, remembered to know the same arrival again and to name who went through unasked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Recent {
    pub decision: String,
    pub at: Timestamp,
    pub direction: Direction,
    pub outcome: DecisionOutcome,
    pub code: Option<RefusalCode>,
    /// The grant it is founded on.
    pub grant: Option<Founded>,
    /// The opening came to nothing: the next capture is decided anew.
    pub over: bool,
    /// The vehicle has left the way it came.
    pub gone: bool,
    /// He came last to a lane that is full.
    pub crowded: bool,
    /// When he was first decided where he stands.
    pub came: Timestamp,
    /// When he was seen there last.
    pub seen: Timestamp,
    /// When it went through.
    pub through: Option<Timestamp>,
    /// Of a rescue vehicle: people know that it stands there.
    pub told: bool,
    pub subject: Seen,
}
