//! What a limit kept from being taken up. It is folded and counted, and said by name: nothing is left
//! out in silence.

use cordon_contract::{Decisions, Entry, Owner};
use cordon_model::{AlarmCode, AlarmEvent, AuditOutcome, Body, DeviceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::detect::RAISED_MAX;
use crate::plugin::AlarmPlugin;
use crate::state::UNDERWAY_MAX;

/// Milliseconds between two audit entries about one limit.
const SAID_EVERY_MS: i64 = 60_000;
/// Audit action: a limit was reached, and so many were not taken up.
const LIMIT_REACHED: &str = "alarm.limit-reached";

/// A limit of what is remembered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Limit {
    /// Silent devices.
    Devices,
    /// Measuring points in alarm.
    Points,
    /// Notices whose outcome is awaited.
    Notices,
}

/// A limit, and whose room it is; `None` for what all share.
pub(crate) type Whose = (Limit, Option<Owner>);

/// What one limit kept out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Missed {
    /// So many since it was said last.
    unsaid: u64,
    /// So many in all.
    total: u64,
    /// The last of them.
    name: String,
    /// The device it is about.
    device: Option<DeviceId>,
    /// The worst that was not raised.
    code: Option<AlarmCode>,
    /// When it was said last.
    said: Option<Timestamp>,
    /// The alarm that stands for them all.
    alarm: Option<String>,
}

impl Limit {
    const fn words(self) -> &'static str {
        match self {
            Self::Devices => "离线设备已达上限 / silent devices are at their limit",
            Self::Points => "报警测点已达上限 / measuring points in alarm are at their limit",
            Self::Notices => "待回执通知已达上限 / notices under way are at their limit",
        }
    }
}

impl AlarmPlugin {
    /// Counts what a limit keeps out; the next tick says so.
    pub(crate) fn miss(
        &mut self,
        limit: Whose,
        name: String,
        about: Option<(DeviceId, AlarmCode)>,
    ) {
        let (device, code) = about.unzip();
        let missed = self.state.missed.or_default(limit);
        missed.unsaid = missed.unsaid.saturating_add(1);
        missed.total = missed.total.saturating_add(1);
        missed.name = name;
        missed.device = device;
        let codes = missed.code.into_iter().chain(code);
        missed.code = codes.min_by_key(|code| self.config.level(*code));
    }

    /// Says what limits kept out, at most once a minute for each, and that there is room again.
    pub(crate) fn say_missed(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let all: Vec<Whose> = self.state.missed.keys().cloned().collect();
        for (index, whose) in all.into_iter().enumerate() {
            let quiet = |said| self.now.ms_since(said) >= SAID_EVERY_MS;
            let missed = self.state.missed.get(&whose);
            let Some(missed) = missed.filter(|missed| missed.said.is_none_or(quiet)) else {
                continue;
            };
            if missed.unsaid > 0 {
                let mut missed = missed.clone();
                self.say(entry, &whose, RAISED_MAX + index, &mut missed, decisions);
                self.state.missed.set(whose, missed);
            } else if self.has_room(&whose) {
                let missed = self.state.missed.remove(&whose);
                if let Some(alarm) = missed.and_then(|missed| missed.alarm) {
                    let words = "又有余量 / there is room again";
                    self.clear(entry, &alarm, words, decisions);
                }
            }
        }
    }

    /// One audit entry, and one alarm for all that were not raised; a worse one lets it rise.
    fn say(
        &mut self,
        entry: &Entry,
        whose: &Whose,
        index: usize,
        missed: &mut Missed,
        decisions: &mut Decisions,
    ) {
        let (limit, owner) = whose;
        let named = owner.as_ref().map(|owner| format!(" ({owner})"));
        let words = format!(
            "{}{}: {}; 未受理 {total} 次，最近 {name} / {total} not taken up, the last {name}",
            limit.words(),
            named.unwrap_or_default(),
            self.limit(whose),
            total = missed.total,
            name = missed.name
        );
        let outcome = AuditOutcome::Failure;
        self.audit(
            entry,
            LIMIT_REACHED,
            &missed.name,
            outcome,
            &words,
            decisions,
        );
        missed.unsaid = 0;
        missed.said = Some(self.now);
        let (Some(code), Some(device)) = (missed.code, &missed.device) else {
            return;
        };
        let mut event = self.own(entry, index, code, device, &words);
        if let Some(alarm) = missed.alarm.take().filter(|id| self.state.is_active(id)) {
            event.alarm_id = alarm;
        }
        missed.alarm = Some(event.alarm_id.clone());
        let event = AlarmEvent {
            source_device: None,
            enterprise_id: match owner {
                Some(Owner::Partner(id)) => Some(id.clone()),
                _ => None,
            },
            // One more is counted in it, and it is told again when somebody had seen it.
            cause_ref: Some(entry.message_id),
            area_id: None,
            lane_id: None,
            ..event
        };
        decisions.emit(Body::AlarmEvent(event), None);
    }

    fn limit(&self, (limit, owner): &Whose) -> usize {
        match (limit, owner) {
            (Limit::Notices, _) => UNDERWAY_MAX,
            (_, Some(Owner::Partner(_) | Owner::Unplanned)) => self.share(),
            _ => self.config.open_max,
        }
    }

    fn has_room(&self, whose: &Whose) -> bool {
        match whose {
            (Limit::Devices, _) => self.state.outages.unplanned() < self.share(),
            (Limit::Points, owner) => {
                let owner = owner.as_ref();
                owner.is_none_or(|owner| self.has_room_for_point(owner))
            }
            (Limit::Notices, _) => self.state.underway.len() < UNDERWAY_MAX,
        }
    }
}
