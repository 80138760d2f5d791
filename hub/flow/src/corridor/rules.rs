//! What the corridor checks against.

use std::collections::BTreeSet;

use cordon_contract::Fault;
use cordon_model::{GateId, ReportRequest, Timestamp};

use crate::decide::authority::Authority;
use crate::decide::sealer::Sealer;
use crate::decide::terms::Terms;

/// The windows of time and the limits of the corridor.
#[derive(Clone, Debug)]
pub struct CorridorRules {
    /// How far a sender's clock may be ahead of the hub's, milliseconds. Default 5 minutes.
    pub ahead_ms_max: i64,
    /// How old a statement may be when it arrives, milliseconds: a spool may hold it for weeks.
    /// Default 400 days.
    pub age_ms_max: i64,
    /// Most messages in a submission. Default 500, the limit of `SubmitMessages`.
    pub messages_max: usize,
    /// Most raw bytes kept with a refusal. Default 64 KiB.
    pub refused_bytes_max: usize,
    /// Bytes of refused messages of one party's submissions that are kept in a day (UTC); beyond, words, digest and the
    /// first KiB. Default 16 MiB.
    pub refused_bytes_of_party: u64,
    /// Gates with a barrier that an adapter serves: an emergency opening that names none of them is
    /// refused, because recording what nothing carries out would tell a lie. `None` takes all.
    pub openable: Option<BTreeSet<GateId>>,
    /// What is asked of a request for a report that comes now: one that can never be answered with a
    /// report is refused at once, so that who asks learns it. `None` takes all.
    pub asked: Option<AskedRule>,
}

/// Why a request for a report that comes at a time can never be answered with one.
pub type AskedRule = fn(&ReportRequest, Timestamp) -> Result<(), Fault>;

impl Default for CorridorRules {
    fn default() -> Self {
        Self {
            ahead_ms_max: 5 * 60 * 1_000,
            age_ms_max: 400 * 24 * 3_600 * 1_000,
            messages_max: 500,
            refused_bytes_max: 64 * 1_024,
            refused_bytes_of_party: 16 << 20,
            openable: None,
            asked: None,
        }
    }
}

/// Rules, what holds now, the hub's sealer, and the time: what a corridor step may look at.
#[derive(Clone, Copy)]
pub(crate) struct Corridor<'a> {
    pub rules: &'a CorridorRules,
    pub terms: &'a Terms,
    pub sealer: &'a Sealer,
    pub now: Timestamp,
}

impl<'a> Corridor<'a> {
    /// Who may say what, about whose things.
    pub(crate) fn authority(&self) -> &'a Authority {
        &self.terms.authority
    }
}
