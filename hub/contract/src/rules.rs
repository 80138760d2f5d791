//! The access rules as a trait, so that only one crate builds the rule engine.

use cordon_model::{
    Digest, Direction, GateClass, GateId, LaneId, OperatingMode, SubjectKind, Timestamp,
};

/// Decides whether a subject may pass. Implementations are pure: same query, same answer.
pub trait AccessRules: Send + Sync + 'static {
    /// Answers one query. An engine error must come back as a denial with code `DEVICE_FAULT`,
    /// never as an open barrier.
    fn decide(&self, query: &AccessQuery) -> RuleAnswer;

    /// Digest of the rule set, stored with every decision.
    fn digest(&self) -> Digest;
}

/// Everything a rule may look at. Counters and lists are data, looked up before the query.
#[derive(Clone, Debug)]
pub struct AccessQuery {
    /// The gate.
    pub gate: GateId,
    /// Its class.
    pub gate_class: GateClass,
    /// The lane.
    pub lane: LaneId,
    /// The direction the lane serves; `None` when it serves both.
    pub lane_direction: Option<Direction>,
    /// The kinds the lane serves; empty means every kind its gate class allows.
    pub lane_kinds: Vec<SubjectKind>,
    /// The direction of travel.
    pub direction: Direction,
    /// What kind of vehicle it is.
    pub kind: SubjectKind,
    /// The operating mode of the gate.
    pub mode: OperatingMode,
    /// The time of the decision.
    pub now: Timestamp,
    /// Facts about the subject and the park.
    pub facts: SubjectFacts,
}

/// Facts looked up before a query.
#[derive(Clone, Debug, Default)]
pub struct SubjectFacts {
    /// On an active black list.
    pub blacklisted: bool,
    /// On an active white list or of an exempt kind (rescue).
    pub exempt: bool,
    /// A grant exists for the subject (whatever its window).
    pub has_grant: bool,
    /// The grant's state is active.
    pub grant_active: bool,
    /// Start of the grant's window.
    pub valid_from: Option<Timestamp>,
    /// End of the grant's window.
    pub valid_to: Option<Timestamp>,
    /// The grant names this gate (or names none).
    pub grant_covers_gate: bool,
    /// The grant names this lane (or names none).
    pub grant_covers_lane: bool,
    /// The grant's areas admit this gate's tier and area.
    pub area_allowed: bool,
    /// Vehicles of the relevant zone or park now in.
    pub occupancy: u32,
    /// How many it may hold; `None` when not limited.
    pub capacity: Option<u32>,
    /// The hazmat waybill or hazwaste manifest is present, or not needed.
    pub documents_present: bool,
    /// The pre-entry checks are passed, or not needed.
    pub checks_passed: bool,
    /// Plate recognition confidence in percent, when the camera gave one.
    pub confidence_percent: Option<u8>,
    /// Trailer, e-tag or person match the grant, or the grant names none.
    pub credential_matches: bool,
}

/// What the rules said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleAnswer {
    /// Whether passage is allowed.
    pub allow: bool,
    /// The rules that determined it, in the order of `standards` §9.3; never empty.
    pub hits: Vec<RuleHit>,
}

/// One determining rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleHit {
    /// The rule's id, `@id` of the policy.
    pub rule: String,
    /// Refusal code (`NO_GRANT`, `WRONG_LANE`, …) or `OPEN` for a permit.
    pub code: String,
    /// Clause of the guideline it carries out.
    pub clause: String,
}
