//! What is said of a span of time, and grants: what makes no sense is refused or warned of, by rule.

use cordon_model::{AccessGrant, Body, ClassLetter, LifeState, Plate, SubjectKind};

use super::Unlawful;
use super::order::{Order, is_hazardous};
use super::settings::{HazmatGrants, Reaction};
use super::words::Whose;
use crate::fault::{
    CONTESTED, GRANT_CLASS, GRANT_EARLY, GRANT_LONG, GRANT_OVER, GRANT_PLACE, NOT_REGISTERED,
    ONLY_PARK, WINDOW,
};
use crate::flags;

impl Order<'_> {
    /// What holds from a time on does not end before it; what is over already is warned of.
    pub(super) fn window(&self, body: &Body) -> Result<u16, Unlawful> {
        let (state, from, to) = match body {
            Body::VehicleRegistration(it) => (it.state, it.valid_from, Some(it.valid_to)),
            Body::PersonRegistration(it) => (it.state, it.valid_from, Some(it.valid_to)),
            Body::ListEntry(it) => (it.state, it.valid_from, it.valid_to),
            Body::AccessGrant(it) => (it.state, it.valid_from, Some(it.valid_to)),
            _ => return Ok(0),
        };
        let Some(to) = to.filter(|_| state == LifeState::Active) else {
            return Ok(0);
        };
        if to < from {
            return Err((WINDOW, "ValidTo", format!("from {from} to {to}")));
        }
        let is_grant = matches!(body, Body::AccessGrant(_));
        if to >= self.now {
            return Ok(0);
        }
        let why = (GRANT_OVER, "ValidTo", format!("it ended at {to}"));
        match is_grant {
            true => react(self.authority.settings.ended_grant, flags::WARN_OVER, why),
            false => Ok(flags::WARN_OVER),
        }
    }

    /// Grants that make no sense are refused or warned of, by rule; what ends one is always taken.
    pub(super) fn grant(&self, it: &AccessGrant) -> Result<u16, Unlawful> {
        if it.state != LifeState::Active {
            return Ok(0);
        }
        let settings = &self.authority.settings;
        let mut warnings = 0;
        if let Some((field, name)) = self.missing_place(it) {
            let why = (GRANT_PLACE, field, format!("there is no {name}"));
            warnings |= react(settings.unknown_place, flags::WARN_PLACE, why)?;
        }
        let most = settings.days_max(it.class_letter);
        if it.valid_to > it.valid_from.plus_seconds(i64::from(most) * 86_400) {
            let detail = format!("class {} allows {most} days", it.class_letter);
            let why = (GRANT_LONG, "ValidTo", detail);
            warnings |= react(settings.long_grant, flags::WARN_LONG, why)?;
        }
        let ahead = settings.grant_ahead_days_max;
        if it.valid_from > self.now.plus_seconds(i64::from(ahead) * 86_400) {
            let detail = format!("grants begin {ahead} days ahead at most");
            let why = (GRANT_EARLY, "ValidFrom", detail);
            warnings |= react(settings.early_grant, flags::WARN_EARLY, why)?;
        }
        if let Some((field, names)) = self.unfit_place(it) {
            let detail = format!("none of {names} is for {}", it.subject_kind);
            let why = (GRANT_CLASS, field, detail);
            warnings |= react(settings.unfit_gate, flags::WARN_CLASS, why)?;
        }
        self.parks_to_grant(it)?;
        self.other_colour(it)?;
        self.hazmat(it)?;
        Ok(warnings)
    }

    /// An exemption is the park's to give, and who is a rescue vehicle the park's to say.
    fn parks_to_grant(&self, it: &AccessGrant) -> Result<(), Unlawful> {
        let field = match (it.class_letter, it.subject_kind) {
            (ClassLetter::X, _) => "ClassLetter",
            (_, SubjectKind::VehEmergency) => "SubjectKind",
            _ => return Ok(()),
        };
        if !self.speaker.is_enterprise() {
            return Ok(());
        }
        let detail = format!(
            "class {} for {} by {}",
            it.class_letter, it.subject_kind, self.speaker.id
        );
        Err((ONLY_PARK, field, detail))
    }

    /// Gates or lanes of a grant, when it names some and none is for vehicles of its kind.
    fn unfit_place(&self, it: &AccessGrant) -> Option<(&'static str, String)> {
        let plan = self.authority.plan();
        let kind = it.subject_kind;
        if !kind.as_str().starts_with("VEH_") {
            return None;
        }
        let gate = |id| plan.gate(id).is_none_or(|gate| gate.is_for(kind));
        if !it.gates.is_empty() && !it.gates.iter().any(gate) {
            let names: Vec<&str> = it.gates.iter().map(|id| id.as_str()).collect();
            return Some(("Gates", names.join(", ")));
        }
        let lane = |id| {
            let known = plan.lane(id);
            known.is_none_or(|lane| lane.kinds.is_empty() || lane.kinds.contains(&kind))
        };
        if it.lanes.is_empty() || it.lanes.iter().any(lane) {
            return None;
        }
        let names: Vec<&str> = it.lanes.iter().map(|id| id.as_str()).collect();
        Some(("Lanes", names.join(", ")))
    }

    /// A second colour beside a vehicle that the park registered would make its number ambiguous.
    fn other_colour(&self, it: &AccessGrant) -> Result<(), Unlawful> {
        let Some(plate) = it.plate.as_ref().filter(|_| self.speaker.is_enterprise()) else {
            return Ok(());
        };
        let known = self.vehicles(&plate.number, Some(plate.colour)).next();
        let number_is_parks = self.of_vehicle(&plate.number, None) == Whose::Park;
        if known.is_some() || !number_is_parks {
            return Ok(());
        }
        let detail = "the park has registered this number in another colour";
        Err((CONTESTED, "Plate", detail.to_owned()))
    }

    fn missing_place(&self, it: &AccessGrant) -> Option<(&'static str, String)> {
        let plan = self.authority.plan();
        let gate = it.gates.iter().find(|id| plan.gate(id).is_none());
        let lane = it.lanes.iter().find(|id| plan.lane(id).is_none());
        let area = it.areas.iter().find(|id| plan.area(id).is_none());
        gate.map(|id| ("Gates", format!("gate {id}")))
            .or_else(|| lane.map(|id| ("Lanes", format!("lane {id}"))))
            .or_else(|| area.map(|id| ("Areas", format!("area {id}"))))
    }

    /// Dangerous goods come on vehicles the park has seen and registered for that.
    fn hazmat(&self, it: &AccessGrant) -> Result<(), Unlawful> {
        let hazardous = matches!(it.class_letter, ClassLetter::H | ClassLetter::W)
            || is_hazardous(it.subject_kind);
        let bound = self.authority.settings.hazmat_grants == HazmatGrants::Registered;
        if !self.speaker.is_enterprise() || !hazardous || !bound {
            return Ok(());
        }
        let registered = |plate: &Plate| {
            self.vehicles(&plate.number, Some(plate.colour))
                .any(|known| known.claim.by_park && is_hazardous(known.kind))
        };
        let detail = match &it.plate {
            Some(plate) if registered(plate) => return Ok(()),
            Some(_) => "the park has not registered the vehicle for dangerous goods or waste",
            // A tag says no plate, so nobody can tell whether the park has seen the vehicle.
            None => {
                "a grant for dangerous goods or waste names the registered vehicle by its plate"
            }
        };
        Err((NOT_REGISTERED, "Plate", detail.to_owned()))
    }
}

fn react(reaction: Reaction, flag: u16, why: Unlawful) -> Result<u16, Unlawful> {
    match reaction {
        Reaction::Warn => Ok(flag),
        Reaction::Refuse => Err(why),
    }
}
