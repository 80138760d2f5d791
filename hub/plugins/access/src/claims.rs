//! Whose words let a vehicle in: each owner's are judged by themselves.
//!
//! What kind a vehicle is, the park's register says, else what the park granted it, else each enterprise for its own
//! grant alone. So nobody's words change how another's grant, exemption or list entry is judged.

use std::cmp::Reverse;

use cordon_model::{
    PartyId, PlateCapture, SubjectKind, Timestamp,
    plan::{Gate, Lane},
};

use crate::grants::Grant;
use crate::lists::OnLists;
use crate::permit::{Permit, Registered};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::subject::{is_hazardous, kind_of, said_by_park};

/// A vehicle at a lane.
#[derive(Clone, Copy)]
pub(crate) struct Sought<'a> {
    pub capture: &'a PlateCapture,
    /// `None` when it was not read.
    pub plate: Option<&'a PlateKey>,
    pub gate: &'a Gate,
    pub lane: &'a Lane,
    pub now: Timestamp,
}

/// What one owner's words say of a vehicle: a grant, or an exemption alone.
#[derive(Clone)]
pub(crate) struct Claim<'a> {
    pub grant: Option<Grant<'a>>,
    /// The registrations that count for it.
    pub registered: Vec<&'a Registered>,
    pub kind: SubjectKind,
    pub exempt: bool,
    /// The park has recorded it as a rescue vehicle, exempt here or not.
    pub rescue: bool,
    /// The plate could be two vehicles, by the same words: no exemption, and no credential.
    pub ambiguous: bool,
}

impl Claim<'_> {
    /// Nobody says anything.
    pub(crate) fn nothing() -> Self {
        Self {
            grant: None,
            registered: Vec::new(),
            kind: SubjectKind::VehOrdinary,
            exempt: false,
            rescue: false,
            ambiguous: false,
        }
    }

    fn exempts_by_class(&self, now: Timestamp) -> bool {
        self.exempt && self.grant.is_some_and(|(_, permit)| permit.exempts(now))
    }
}

/// What counts beside a grant.
struct Words<'a> {
    /// Everybody's registrations.
    registered: Vec<&'a Registered>,
    lists: OnLists,
    /// Whose gate it is; `None` is the park's.
    gate_of: Option<&'a PartyId>,
}

impl AccessPlugin {
    /// What is judged of a vehicle, one after the other until one lets it in; never nothing. First stands a class that
    /// exempts, then what fits best, last the exemption that no grant names.
    pub(crate) fn claims<'a>(&'a self, sought: Sought<'a>, lists: OnLists) -> Vec<Claim<'a>> {
        let registry = &self.state.registry;
        let registered = |plate| registry.registered_as(plate).collect();
        let words = Words {
            registered: sought.plate.map_or_else(Vec::new, registered),
            lists,
            gate_of: self.plan.owner_of_lane(sought.lane),
        };
        let best = self.best_of_each(sought);
        let of_park = best.iter().find(|(owner, _)| owner.is_none());
        let of_park = of_park.map(|(_, (_, permit))| *permit);
        let mut claims: Vec<Claim<'_>> = best
            .iter()
            .map(|(owner, grant)| self.claim(sought, &words, (*owner, Some(*grant)), of_park))
            .collect();
        claims.sort_by_key(|claim| !claim.exempts_by_class(sought.now));
        let is_rescue = words.is_rescue(sought.now);
        // Whoever owns the gate says nothing of the park's rescue vehicles there either.
        let is_carried = best
            .iter()
            .any(|(owner, _)| owner.is_none() || !is_rescue && words.is_carried_by(*owner));
        if !is_carried {
            claims.extend(self.without_grant(sought, words, claims.is_empty()));
        }
        claims
    }

    /// What is said without a grant: by every registration, and by those alone that count for an exemption. Beside
    /// grants an exemption alone is something.
    fn without_grant<'a>(
        &'a self,
        sought: Sought<'a>,
        words: Words<'a>,
        is_alone: bool,
    ) -> Vec<Claim<'a>> {
        let owner = words.gate_of.filter(|_| !words.is_rescue(sought.now));
        let counting = self.claim(sought, &words, (owner, None), None);
        let captured = sought.capture.subject_kind;
        let kind = kind_of(None, None, &words.registered, captured, sought.now);
        let of_all = Claim {
            kind,
            exempt: counting.exempt && !is_hazardous(kind),
            registered: words.registered,
            ..counting.clone()
        };
        let mut claims = vec![of_all, counting];
        let mut is_first = is_alone;
        claims.retain(|claim| std::mem::take(&mut is_first) || claim.exempt);
        claims
    }

    fn claim<'a>(
        &'a self,
        sought: Sought<'a>,
        words: &Words<'a>,
        (owner, grant): (Option<&'a PartyId>, Option<Grant<'a>>),
        of_park: Option<&Permit>,
    ) -> Claim<'a> {
        let now = sought.now;
        let permit = grant.map(|(_, permit)| permit);
        let registry = &self.state.registry;
        let registered = words.registered.iter().copied();
        let registered: Vec<&Registered> = registered.filter(|it| it.is_of(owner)).collect();
        let said = grant
            .filter(|_| owner.is_some())
            .and_then(|_| said_by_park(&registered, of_park, now));
        let captured = sought.capture.subject_kind;
        let kind = |permit| kind_of(said, permit, &registered, captured, now);
        // What is over is no reason against an exemption.
        let standing = kind(permit.filter(|permit| now <= permit.to));
        let ambiguous = sought
            .plate
            .is_some_and(|plate| registry.is_ambiguous(plate, owner, now));
        let is_freed = words.lists.white || words.is_rescue(now);
        let exempt = (grant.is_none() || words.is_carried_by(owner)) && is_freed
            || permit.is_some_and(|permit| permit.exempts(now) && self.covers(permit, sought));
        let exempt = exempt && !ambiguous && !is_hazardous(standing);
        let by_class = |permit: Option<&Permit>| permit.is_some_and(|permit| permit.exempts(now));
        // Who is exempt is in on no grant that is over.
        let is_named = |(_, permit): &Grant<'_>| !exempt || permit.holds(now);
        Claim {
            grant: grant.filter(is_named),
            kind: if exempt { standing } else { kind(permit) },
            exempt,
            rescue: words.is_rescue(now) || by_class(permit) || by_class(of_park),
            ambiguous,
            registered,
        }
    }

    /// The grant that fits best of each that somebody answers for, the park or an enterprise that is still in the plan;
    /// what fits best first. Where the park says that it is a tanker, nobody's grant for something else is one.
    fn best_of_each<'a>(&'a self, sought: Sought<'a>) -> Vec<(Option<&'a PartyId>, Grant<'a>)> {
        let Some(plate) = sought.plate else {
            return Vec::new();
        };
        let (now, grants) = (sought.now, &self.state.registry.grants);
        let fits = |owner, permit: &Permit| self.fitness((owner, permit), sought);
        let answers = |owner: Option<&PartyId>| {
            owner.is_none_or(|owner| self.plan.enterprise(owner).is_some())
        };
        let of_each = grants.of(plate, &self.state.registry.steps);
        let mut best: Vec<(Option<&PartyId>, Grant<'_>)> = of_each
            .filter(|(owner, _)| answers(*owner))
            .filter_map(|(owner, grants)| {
                let best = best_of_one(grants, now, |permit| fits(owner, permit))?;
                Some((owner, best))
            })
            .collect();
        if grants.is_parks_tanker(plate, now) {
            best.retain(|(owner, (_, permit))| owner.is_none() || is_hazardous(permit.kind));
        }
        best.sort_by_key(|(owner, (key, permit))| Reverse((fits(*owner, permit), permit.to, *key)));
        // The park's words stand in several rooms.
        let mut is_parks_seen = false;
        best.retain(|(owner, _)| owner.is_some() || !std::mem::replace(&mut is_parks_seen, true));
        if let Some(exemption) = self.exemption(sought, plate) {
            best.retain(|(owner, _)| owner.is_some());
            best.insert(0, (None, exemption));
        }
        best
    }

    /// The class X of the park that counts here, whatever else the park has granted: what ends last.
    fn exemption<'a>(&'a self, sought: Sought<'a>, plate: &'a PlateKey) -> Option<Grant<'a>> {
        let registry = &self.state.registry;
        if !registry.grants.has_exemption(plate, sought.now) {
            return None;
        }
        let of_park = registry.grants.of(plate, &registry.steps);
        let of_park = of_park.filter(|(owner, _)| owner.is_none());
        let exempting = of_park
            .flat_map(|(_, grants)| grants)
            .filter(|(_, permit)| permit.exempts(sought.now) && self.covers(permit, sought));
        exempting.max_by_key(|(key, permit)| (permit.to, *key))
    }

    /// How well somebody's grant fits: the best one is judged, so that a refusal names what is nearest.
    fn fitness(&self, (owner, permit): Said<'_>, sought: Sought<'_>) -> Fitness {
        let [active, holds, lasts] = fits_time(permit, sought.now);
        let [gate, lane, area] = self.fits_place((owner, permit), sought);
        [active, holds, lasts, gate, lane, area]
    }

    /// Whether somebody's grant is good for this gate, lane and area. An enterprise grants at the park's and its own:
    /// what it may not name it does not reach by naming nothing.
    pub(crate) fn fits_place(&self, (owner, permit): Said<'_>, sought: Sought<'_>) -> [bool; 3] {
        let Sought { gate, lane, .. } = sought;
        let area = gate.area.as_deref();
        let area_of = area.and_then(|area| self.plan.area(area)?.owner.as_ref());
        let is_free = |of: Option<&PartyId>| owner.is_none() || of.is_none() || of == owner;
        [
            permit.covers_gate(&gate.id) && is_free(gate.owner.as_ref()),
            permit.covers_lane(&lane.id) && is_free(self.plan.owner_of_lane(lane)),
            permit.covers_area(area) && is_free(area_of),
        ]
    }

    /// The same of a grant of the park.
    fn covers(&self, permit: &Permit, sought: Sought<'_>) -> bool {
        self.fits_place((None, permit), sought) == [true; 3]
    }
}

impl Words<'_> {
    /// Whether a grant of this owner is judged with the exemptions of this gate: the park's, and at its own gate its own.
    fn is_carried_by(&self, owner: Option<&PartyId>) -> bool {
        owner.is_none() || owner == self.gate_of
    }

    /// Whether the park has registered it as a rescue vehicle.
    fn is_rescue(&self, now: Timestamp) -> bool {
        self.registered.iter().any(|vehicle| vehicle.exempts(now))
    }
}

/// The best of grants that come with what ends last first: behind one that fits in everything none is better.
fn best_of_one<'a>(
    grants: impl Iterator<Item = Grant<'a>>,
    now: Timestamp,
    fits: impl Fn(&Permit) -> Fitness,
) -> Option<Grant<'a>> {
    let mut best: Option<(Fitness, Grant<'_>)> = None;
    for (key, permit) in grants {
        // Where it is for is not looked up when its time alone is worse.
        let time = fits_time(permit, now);
        if best.is_some_and(|(fit, _)| time < [fit[0], fit[1], fit[2]]) {
            continue;
        }
        let fit = fits(permit);
        if fit == [true; 6] {
            return Some((key, permit));
        }
        let rank = (fit, permit.to, key);
        if best.is_none_or(|(fit, (key, permit))| (fit, permit.to, key) < rank) {
            best = Some((fit, (key, permit)));
        }
    }
    best.map(|(_, grant)| grant)
}

/// A grant, and whose word it is; `None` is the park's.
type Said<'a> = (Option<&'a PartyId>, &'a Permit);

/// What a grant fits in, by weight.
type Fitness = [bool; 6];

/// The part of a fitness that is cheap and weighs most.
fn fits_time(permit: &Permit, now: Timestamp) -> [bool; 3] {
    [permit.active, permit.holds(now), now <= permit.to]
}
