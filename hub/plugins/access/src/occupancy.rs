//! How many are inside, told at intervals; who stays longer than granted.

use cordon_model::{
    AlarmCode, AlarmLevel, Body, OccupancyCount, OccupancyScope, OccupancySnapshot, SubjectKind,
    Timestamp,
};

use crate::alarm::{About, Step};
use crate::permit::Permit;
use crate::plugin::AccessPlugin;
use crate::state::{Seen, Told, stay_end};
use crate::visit::{Scope, Visit};

/// Overstays told on one tick; the rest follows on the next.
const OVERSTAYS_PER_TICK: usize = 100;

impl AccessPlugin {
    /// When a visit becomes an overstay: end of the window, or of the longest stay if earlier. Where it is not known
    /// whose grant it is on, the earliest of those that have its id; one in force goes before one that is not. And whether
    /// it is of one in force.
    pub(crate) fn due(&self, visit: &Visit) -> Option<(Timestamp, bool)> {
        let (plate, id) = (visit.plate.as_ref()?, visit.grant.as_deref()?);
        let registry = &self.state.registry;
        let grant = (visit.host.as_ref(), id);
        let known = registry.grants.with_id(plate, grant, &registry.steps);
        let end = |permit: &&Permit| stay_end(visit.entered, permit.to, permit.max_stay_minutes);
        let in_force = known.iter().filter(|permit| permit.active);
        let in_force = in_force.map(end).min().map(|due| (due, true));
        in_force.or_else(|| Some((known.iter().map(end).min()?, false)))
    }

    /// Raises OVERSTAY once for each visit that is over its time (R032), and for each later time that it was given since.
    pub(crate) fn overstays(&mut self, step: &mut Step<'_>) {
        for _ in 0..OVERSTAYS_PER_TICK {
            let Some(visit) = self.state.yard.overstay(step.entry.clock, *self.state.away) else {
                return;
            };
            let seen = Seen {
                plate: visit.plate.clone(),
                trailer: None,
                person: None,
                kind: visit.kind,
                rescue: false,
                capture: step.entry.message_id,
                image: None,
                image_digest: None,
            };
            let level = if crate::subject::is_hazardous(visit.kind) {
                AlarmLevel::Orange
            } else {
                AlarmLevel::Yellow
            };
            let about = About {
                gate: Some(&visit.gate),
                area: visit.area.as_deref(),
                subject: Some(&seen),
                correlation: Some(visit.id.clone()),
                text: told(&visit),
                ..About::default()
            };
            self.alarm(step, AlarmCode::Overstay, level, about);
        }
    }

    /// Whether occupancy is to be told.
    pub(crate) fn is_occupancy_due(&self, now: Timestamp) -> bool {
        let wait_s = if self.state.told.changed {
            self.config.snapshot_change_s.min(self.config.snapshot_s)
        } else {
            self.config.snapshot_s
        };
        let since = now.micros().saturating_sub(self.state.told.at_micros);
        since >= i64::from(wait_s) * 1_000_000
    }

    /// Tells occupancy when it is time.
    pub(crate) fn tell_occupancy(&mut self, step: &mut Step<'_>) {
        if !self.is_occupancy_due(step.entry.time) {
            return;
        }
        let now = step.entry.time.micros();
        *self.state.told = Told {
            at_micros: now,
            changed: false,
        };
        let plan = self.plan.clone();
        step.emit(self.snapshot_of(None, plan.capacity, step), None);
        for area in &plan.areas {
            let body = self.snapshot_of(Some(area.id.clone()), area.capacity, step);
            step.emit(body, None);
        }
    }

    fn snapshot_of(&self, scope: Scope, capacity: Option<u32>, step: &Step<'_>) -> Body {
        let limits = |kind: SubjectKind| {
            let of_kind = scope
                .is_none()
                .then(|| self.config.kind_max.get(&kind).copied())
                .flatten();
            of_kind.or(capacity)
        };
        let counts = self
            .state
            .yard
            .counts_of(&scope)
            .map(|(kind, count)| OccupancyCount {
                subject_kind: kind,
                inside: count.inside,
                entered_today: count.entered_today,
                left_today: count.left_today,
                capacity: limits(kind),
            })
            .collect();
        Body::OccupancySnapshot(OccupancySnapshot {
            scope: if scope.is_some() {
                OccupancyScope::Area
            } else {
                OccupancyScope::Park
            },
            counts,
            area_id: scope,
            observed_at: step.entry.time,
        })
    }
}

fn told(visit: &Visit) -> String {
    format!(
        "stays longer than granted 超时停留: entered {} at {}, grant {}",
        visit.entered,
        visit.gate,
        visit.grant.as_deref().unwrap_or("none")
    )
}
