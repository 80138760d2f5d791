//! What is known of vehicles beforehand: grants, registrations, list entries.
//!
//! Each of the three files is a [`Pot`]: the park has room of its own, and no enterprise takes another's. The
//! door asks for room; what it let in is kept whatever the limits are by now.

use cordon_contract::{NoRoom, Passed, Pot, Rows, Steps, Table, Taken};
use cordon_model::{PartyId, PlateColour, Timestamp};

use crate::config::AccessConfig;
use crate::grants::Grants;
use crate::lists::Lists;
use crate::permit::Registered;
use crate::plate::{PlateKey, is_ambiguous, matching};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The three files, and indexes that follow from them.
#[derive(Debug)]
pub(crate) struct Registry {
    pub grants: Grants,
    pub lists: Lists,
    registered: Table<PlateKey, Registered>,
    registered_pot: Pot<PlateKey>,
    /// Grants and list entries looked at one by one.
    pub steps: Steps,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            grants: Grants::new(),
            lists: Lists::new(),
            registered: Table::new("registered", 1),
            registered_pot: Pot::default(),
            steps: Steps::default(),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 3] {
        [
            self.grants.table(),
            &mut self.registered,
            self.lists.table(),
        ]
    }

    /// Rebuilds the indexes, with the limits of the configuration in a park of so many enterprises.
    pub(crate) fn index(&mut self, config: &AccessConfig, enterprises: usize) {
        self.grants.index(config, enterprises);
        self.lists.index(config, enterprises);
        self.registered_pot = Pot::shared(config.registrations_max, enterprises);
        for (plate, vehicle) in &self.registered {
            let owner = vehicle.owner.as_ref();
            self.registered_pot
                .put(owner, vehicle.term(), plate.clone());
        }
    }

    /// Whether the park's own registration holds, which an owner who says it again does not replace; what
    /// the flow lets the owner end ends.
    pub(crate) fn is_parks(&self, plate: &PlateKey, said: &Registered, now: Timestamp) -> bool {
        let known = self.registered.get(plate);
        let stands = known.is_some_and(|known| known.by_park() && known.active && now <= known.to);
        stands && said.active && !said.by_park()
    }

    /// Whether this registration would be kept.
    pub(crate) fn has_room_for_vehicle(
        &self,
        plate: &PlateKey,
        vehicle: &Registered,
        now: Passed,
    ) -> Result<(), NoRoom> {
        let owner = vehicle.owner.as_ref();
        let known = self.registered.get(plate);
        let replaces = known.is_some_and(|known| known.owner.as_ref() == owner);
        if replaces || vehicle.term().is_over(now.clock) || self.registered_pot.has_room(owner, now)
        {
            return Ok(());
        }
        let part = self.registered_pot.part(owner);
        Err(full("access.registrations_max", part))
    }

    /// Takes a registration in; one of the same plate is replaced.
    pub(crate) fn register(&mut self, plate: PlateKey, vehicle: Registered, now: Passed) {
        let known = self.registered.get(&plate);
        if known == Some(&vehicle) {
            return;
        }
        let replaces = known.is_some_and(|known| known.owner == vehicle.owner);
        self.drop_vehicle(&plate);
        let owner = vehicle.owner.as_ref();
        if !replaces {
            match self.registered_pot.taken(owner, vehicle.term(), now) {
                Taken::Beside => {}
                Taken::InsteadOf(spared) => self.drop_vehicle(&spared),
                Taken::Not => return,
            }
        }
        self.registered_pot
            .put(owner, vehicle.term(), plate.clone());
        self.registered.insert(plate, vehicle);
    }

    fn drop_vehicle(&mut self, plate: &PlateKey) {
        if let Some(old) = self.registered.remove(plate) {
            let owner = old.owner.as_ref();
            self.registered_pot.remove(owner, old.term(), plate.clone());
        }
    }

    /// Forgets what ended more than this many days before what has surely passed.
    pub(crate) fn clean(&mut self, now: Timestamp, memory_days: u32) {
        let since = now
            .micros()
            .saturating_sub(MICROS_PER_DAY.saturating_mul(i64::from(memory_days)));
        self.grants.forget(since);
        self.lists.forget(since);
        while let Some(plate) = self.registered_pot.ended_before(since) {
            self.drop_vehicle(&plate);
        }
    }

    /// The registrations that can be this vehicle's.
    pub(crate) fn registered_as<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a Registered> {
        matching(self.registered.range(plate.in_any_colour()), plate).map(|(_, vehicle)| vehicle)
    }

    /// Whether a plate whose colour was not seen could be more than one vehicle, by what this owner (`None` is the
    /// park) says of it that stands, and by the park's register. What another says makes nobody's plate uncertain.
    pub(crate) fn is_ambiguous(
        &self,
        plate: &PlateKey,
        owner: Option<&PartyId>,
        now: Timestamp,
    ) -> bool {
        if plate.colour != PlateColour::Other {
            return false;
        }
        let granted = self.grants.colours_of(&plate.number, owner, now);
        let counts =
            |vehicle: &Registered| vehicle.active && now <= vehicle.to && vehicle.is_of(owner);
        let registered = self.registered.range(plate.in_any_colour());
        let registered = registered.filter(|(_, vehicle)| counts(vehicle));
        is_ambiguous(granted.chain(registered.map(|(key, _)| key.colour)))
    }
}

/// Refused for this setting, which leaves so many.
pub(crate) fn full(setting: &'static str, part: usize) -> NoRoom {
    NoRoom { setting, part }
}
