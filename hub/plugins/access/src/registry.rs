//! What is known of vehicles beforehand: grants, registrations, list entries.
//!
//! Each of the three files is a [`Pot`]: the park has room of its own, and no enterprise takes another's. The
//! door asks for room; what it let in is kept whatever the limits are by now.

use cordon_contract::{NoRoom, Passed, Pot, Rows, Steps, Table, Taken};
use cordon_model::{PartyId, PlateColour, PlateNumber, Timestamp};

use crate::config::AccessConfig;
use crate::grants::Grants;
use crate::lists::Lists;
use crate::permit::Registered;
use crate::plate::{PlateKey, is_ambiguous};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A registration's identity: the vehicle, and whose word it is; `None` is the park's. What one says of a vehicle
/// replaces nobody else's word, but for the park's, which replaces all.
type VehicleKey = (PlateKey, Option<PartyId>);

/// The three files, and indexes that follow from them.
#[derive(Debug)]
pub(crate) struct Registry {
    pub grants: Grants,
    pub lists: Lists,
    registered: Table<VehicleKey, Registered>,
    registered_pot: Pot<VehicleKey>,
    /// Grants and list entries looked at one by one.
    pub steps: Steps,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            grants: Grants::new(),
            lists: Lists::new(),
            // Before form 2 what anybody said of a vehicle replaced what the park had said before.
            registered: Table::new("registered", 2),
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
        for (key, vehicle) in &self.registered {
            self.registered_pot
                .put(key.1.as_ref(), vehicle.term(), key.clone());
        }
    }

    /// Whether the park's own registration holds, which an owner who says it again does not replace; what
    /// the flow lets the owner end ends.
    pub(crate) fn is_parks(&self, plate: &PlateKey, said: &Registered, now: Timestamp) -> bool {
        said.active && !said.by_park() && self.standing_by_park(plate, now).is_some()
    }

    fn standing_by_park(&self, plate: &PlateKey, now: Timestamp) -> Option<&Registered> {
        let known = self.registered.get(&(plate.clone(), None));
        known.filter(|known| known.active && now <= known.to)
    }

    /// Whether this registration would be kept.
    pub(crate) fn has_room_for_vehicle(
        &self,
        plate: &PlateKey,
        vehicle: &Registered,
        now: Passed,
    ) -> Result<(), NoRoom> {
        let owner = vehicle.owner.as_ref();
        let replaces = self
            .registered
            .contains_key(&(plate.clone(), owner.cloned()));
        if replaces || vehicle.term().is_over(now.clock) || self.registered_pot.has_room(owner, now)
        {
            return Ok(());
        }
        let part = self.registered_pot.part(owner);
        Err(full("access.registrations_max", part))
    }

    /// Takes a registration in; one of the same vehicle by the same is replaced. The park's word replaces everybody's;
    /// what an owner takes back or rests of what the park registered for him rests.
    pub(crate) fn register(&mut self, plate: PlateKey, vehicle: Registered, now: Passed) {
        if vehicle.by_park() {
            self.drop_others(&plate);
        } else if let Some(parks) = self.standing_by_park(&plate, now.clock)
            && !vehicle.active
        {
            let rested = Registered {
                active: false,
                withdrawn: vehicle.withdrawn,
                ..parks.clone()
            };
            self.put((plate.clone(), None), rested, now);
        }
        self.put((plate, vehicle.owner.clone()), vehicle, now);
    }

    fn put(&mut self, key: VehicleKey, vehicle: Registered, now: Passed) {
        let known = self.registered.get(&key);
        if known == Some(&vehicle) {
            return;
        }
        let replaces = known.is_some();
        self.drop_vehicle(&key);
        let owner = vehicle.owner.as_ref();
        if !replaces {
            match self.registered_pot.taken(owner, vehicle.term(), now) {
                Taken::Beside => {}
                Taken::InsteadOf(spared) => self.drop_vehicle(&spared),
                Taken::Not => return,
            }
        }
        self.registered_pot.put(owner, vehicle.term(), key.clone());
        self.registered.insert(key, vehicle);
    }

    /// Lets go of what enterprises said of a vehicle.
    fn drop_others(&mut self, plate: &PlateKey) {
        let of_plate = self.registered.range((plate.clone(), None)..);
        let others: Vec<VehicleKey> = of_plate
            .map(|(key, _)| key)
            .take_while(|(known, _)| known == plate)
            .filter(|(_, owner)| owner.is_some())
            .cloned()
            .collect();
        for key in &others {
            self.drop_vehicle(key);
        }
    }

    fn drop_vehicle(&mut self, key: &VehicleKey) {
        if let Some(old) = self.registered.remove(key) {
            self.registered_pot
                .remove(key.1.as_ref(), old.term(), key.clone());
        }
    }

    /// Forgets what ended more than this many days before what has surely passed.
    pub(crate) fn clean(&mut self, now: Timestamp, memory_days: u32) {
        let since = now
            .micros()
            .saturating_sub(MICROS_PER_DAY.saturating_mul(i64::from(memory_days)));
        self.grants.forget(since);
        self.lists.forget(since);
        while let Some(key) = self.registered_pot.ended_before(since) {
            self.drop_vehicle(&key);
        }
    }

    /// The registrations that can be this vehicle's.
    pub(crate) fn registered_as<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a Registered> {
        self.registered_in_any_colour(&plate.number)
            .filter(|(found, _)| found.may_be(plate))
            .map(|(_, vehicle)| vehicle)
    }

    pub(crate) fn registered_in_any_colour<'a>(
        &'a self,
        number: &'a PlateNumber,
    ) -> impl Iterator<Item = (&'a PlateKey, &'a Registered)> {
        let rows = self.registered.range((PlateKey::first_of(number), None)..);
        rows.map(|((plate, _), vehicle)| (plate, vehicle))
            .take_while(|(plate, _)| plate.number == *number)
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
        let registered = self.registered_in_any_colour(&plate.number);
        let registered = registered.filter(|(_, vehicle)| counts(vehicle));
        is_ambiguous(granted.chain(registered.map(|(key, _)| key.colour)))
    }
}

/// Refused for this setting, which leaves so many.
pub(crate) fn full(setting: &'static str, part: usize) -> NoRoom {
    NoRoom { setting, part }
}
