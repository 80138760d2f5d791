//! The facts a rule may look at, collected before it is asked.

use cordon_contract::SubjectFacts;
use cordon_model::{
    Decimal, Direction, PlateCapture, SubjectKind, Timestamp,
    plan::{Gate, Sight},
};

use crate::claims::{Claim, Sought};
use crate::lists::OnLists;
use crate::permit::{Permit, Registered};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::state::Founded;
use crate::subject::is_hazardous;

/// What was looked up about a vehicle at a lane.
pub(crate) struct LookedUp {
    pub facts: SubjectFacts,
    pub kind: SubjectKind,
    pub grant: Option<Founded>,
    pub person: Option<String>,
    /// A grant in force or a recorded exemption: without either no entry opens (I6).
    pub entitled: bool,
    /// The park has recorded it as a rescue vehicle.
    pub rescue: bool,
}

impl AccessPlugin {
    /// Looks up everything about the vehicle of a capture, as one owner's words have it.
    pub(crate) fn look_up(
        &self,
        sought: Sought<'_>,
        lists: OnLists,
        claim: &Claim<'_>,
    ) -> LookedUp {
        let Sought {
            capture,
            gate,
            lane,
            now,
            ..
        } = sought;
        let (kind, exempt) = (claim.kind, claim.exempt);
        let permit = claim.grant.map(|(_, permit)| permit);
        let (occupancy, capacity) = self.room(sought.plate, gate, kind);
        let place = claim.grant.map(|(key, permit)| {
            let said = (permit.speaker(key), permit);
            self.fits_place(said, sought)
        });
        let facts = SubjectFacts {
            blacklisted: lists.black,
            exempt,
            has_grant: permit.is_some(),
            grant_active: permit.is_some_and(|permit| permit.active),
            valid_from: permit.map(|permit| permit.from),
            valid_to: permit.map(|permit| permit.to),
            grant_covers_gate: place.is_some_and(|[gate, ..]| gate),
            grant_covers_lane: place.is_some_and(|[_, lane, _]| lane),
            area_allowed: place.is_none_or(|[.., area]| area),
            occupancy,
            capacity,
            documents_present: documents(kind, permit),
            checks_passed: checks(kind, permit),
            confidence_percent: capture.confidence.and_then(percent),
            credential_matches: !claim.ambiguous
                && credential(capture, permit, (&claim.registered, now), &lane.sees),
        };
        LookedUp {
            kind,
            grant: claim.grant.map(Founded::on),
            person: permit.and_then(|permit| permit.person.clone()),
            entitled: exempt || permit.is_some_and(|permit| permit.holds(now)),
            rescue: claim.rescue,
            facts,
        }
    }

    /// The tightest of the limits that apply: vehicles that count against it, and the limit.
    /// Vehicles for which an opening is ordered count as inside, so that two lanes cannot give
    /// away the last place twice; the vehicle's own place does not count against itself.
    fn room(&self, plate: Option<&PlateKey>, gate: &Gate, kind: SubjectKind) -> (u32, Option<u32>) {
        let area_capacity = gate
            .area
            .as_deref()
            .and_then(|area| self.plan.area(area))
            .and_then(|area| area.capacity);
        let limits = [
            (None, None, self.plan.capacity),
            (gate.area.clone(), None, area_capacity),
            (None, Some(kind), self.config.kind_max.get(&kind).copied()),
        ];
        let tightest = limits
            .into_iter()
            .filter_map(|(scope, kind, capacity)| {
                let capacity = capacity?;
                let taken = self.taken(plate, scope.as_deref(), kind);
                Some((taken, capacity))
            })
            .min_by_key(|(taken, capacity)| i64::from(*capacity) - i64::from(*taken));
        match tightest {
            Some((taken, capacity)) => (taken, Some(capacity)),
            None => (self.taken(plate, None, None), None),
        }
    }

    fn taken(
        &self,
        plate: Option<&PlateKey>,
        area: Option<&str>,
        kind: Option<SubjectKind>,
    ) -> u32 {
        let counts = |their_area: Option<&str>, their_kind: SubjectKind| {
            area.is_none_or(|area| their_area == Some(area))
                && kind.is_none_or(|kind| their_kind == kind)
        };
        let yard = &self.state.yard;
        let inside = yard.inside(&area.map(str::to_owned), kind);
        let own = plate
            .and_then(|plate| yard.visit_of(plate))
            .is_some_and(|visit| counts(visit.area.as_deref(), visit.kind));
        let coming = self
            .state
            .lanes
            .values()
            .flat_map(|lane| &lane.openings)
            .filter(|opening| {
                opening.direction == Direction::In
                    && !opening.is_over()
                    && counts(opening.area.as_deref(), opening.subject.kind)
                    && !is_same_or_inside(self, plate, opening.subject.plate.as_ref())
            })
            .count();
        inside
            .saturating_sub(u32::from(own))
            .saturating_add(u32::try_from(coming).unwrap_or(u32::MAX))
    }
}

/// Whether an opening is for this very vehicle, or for one that is counted as inside anyway.
fn is_same_or_inside(
    plugin: &AccessPlugin,
    plate: Option<&PlateKey>,
    other: Option<&PlateKey>,
) -> bool {
    other.is_some_and(|other| {
        plate.is_some_and(|plate| plate.may_be(other))
            || plugin.state.yard.visit_of(other).is_some()
    })
}

/// Waybill for dangerous goods, manifest for hazardous waste (9.1); others need none.
fn documents(kind: SubjectKind, permit: Option<&Permit>) -> bool {
    match kind {
        SubjectKind::VehHazmat => permit.is_some_and(|permit| permit.waybill),
        SubjectKind::VehHazwaste => permit.is_some_and(|permit| permit.manifest),
        _ => true,
    }
}

/// Hazardous vehicles must have passed their checks; others must not have failed them.
fn checks(kind: SubjectKind, permit: Option<&Permit>) -> bool {
    let checks = permit.and_then(|permit| permit.checks);
    if is_hazardous(kind) {
        checks == Some(true)
    } else {
        checks != Some(false)
    }
}

/// What is seen must be what the grant names, and the tag of registrations in force. What is not seen is no mismatch,
/// unless the lane's devices can read it: then it would have been seen.
fn credential(
    capture: &PlateCapture,
    permit: Option<&Permit>,
    (registered, now): (&[&Registered], Timestamp),
    sees: &[Sight],
) -> bool {
    let seen_trailer = capture
        .trailer_plate
        .as_ref()
        .filter(|plate| !plate.is_unread());
    let trailer = permit
        .and_then(|permit| permit.trailer.as_ref())
        .is_none_or(|named| match seen_trailer {
            Some(seen) => seen == named,
            None => !sees.contains(&Sight::Trailer),
        });
    let etag = permit
        .and_then(|permit| permit.etag.as_ref())
        .is_none_or(|named| match &capture.etag_epc {
            Some(seen) => seen == named,
            None => !sees.contains(&Sight::Tag),
        });
    let registered_tag =
        registered
            .iter()
            .filter(|vehicle| vehicle.holds(now))
            .all(|vehicle| match (&vehicle.etag, &capture.etag_epc) {
                (Some(known), Some(seen)) => known == seen,
                _ => true,
            });
    trailer && etag && registered_tag
}

/// A ratio as whole percent, rounded down.
pub(crate) fn percent(ratio: Decimal) -> Option<u8> {
    let hundredfold = ratio.checked_mul(Decimal::from(100)).or_else(|| {
        ratio
            .rescale(6)
            .and_then(|ratio| ratio.checked_mul(Decimal::from(100)))
    })?;
    let whole = 10_i64
        .checked_pow(u32::from(hundredfold.scale()))
        .map(|unit| hundredfold.mantissa() / unit)?;
    u8::try_from(whole.clamp(0, 100)).ok()
}
