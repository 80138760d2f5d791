//! What is known of vehicles beforehand: grants, registrations, list entries.
//!
//! Each of the three files is a [`Pot`]: the park has room of its own, and no enterprise takes another's. The
//! door asks for room; what it let in is kept whatever the limits are by now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordon_contract::{NoRoom, Pot, Rows, Table, Taken};
use cordon_model::{ListKind, PartyId, PlateNumber, Timestamp};

use crate::config::AccessConfig;
use crate::permit::{ListKey, Listed, Permit, PermitKey, Registered};
use crate::plate::{PlateKey, is_ambiguous, matching};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The three files, and indexes that follow from them. Keys of grants are shared with those: a park may hold
/// hundreds of thousands of them.
#[derive(Debug)]
pub(crate) struct Registry {
    permits: Table<Arc<PermitKey>, Permit>,
    registered: Table<PlateKey, Registered>,
    lists: Table<ListKey, Listed>,
    by_plate: BTreeMap<PlateKey, BTreeSet<Arc<PermitKey>>>,
    /// Grants of one vehicle that each may keep.
    of_vehicle_max: usize,
    by_number: BTreeMap<PlateNumber, BTreeSet<ListKey>>,
    permit_pot: Pot<Arc<PermitKey>>,
    registered_pot: Pot<PlateKey>,
    list_pot: Pot<ListKey>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            permits: Table::new("permits", 1),
            registered: Table::new("registered", 1),
            lists: Table::new("lists", 1),
            by_plate: BTreeMap::new(),
            of_vehicle_max: 0,
            by_number: BTreeMap::new(),
            permit_pot: Pot::default(),
            registered_pot: Pot::default(),
            list_pot: Pot::default(),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn Rows; 3] {
        [&mut self.permits, &mut self.registered, &mut self.lists]
    }

    /// Rebuilds the indexes, with the limits of the configuration in a park of so many enterprises.
    pub(crate) fn index(&mut self, config: &AccessConfig, enterprises: usize) {
        self.by_plate.clear();
        self.by_number.clear();
        self.of_vehicle_max = config.grants_of_vehicle_max;
        self.permit_pot = Pot::shared(config.grants_max, enterprises);
        self.registered_pot = Pot::shared(config.registrations_max, enterprises);
        self.list_pot = Pot::shared(config.list_entries_max, enterprises);
        for (key, permit) in &self.permits {
            if let Some(plate) = &permit.plate {
                let keys = self.by_plate.entry(plate.clone()).or_default();
                keys.insert(Arc::clone(key));
            }
            let owner = permit.owner(key);
            self.permit_pot.put(owner, permit.term(), Arc::clone(key));
        }
        for (plate, vehicle) in &self.registered {
            let owner = vehicle.owner.as_ref();
            self.registered_pot
                .put(owner, vehicle.term(), plate.clone());
        }
        for (key, listed) in &self.lists {
            let keys = self.by_number.entry(listed.number.clone()).or_default();
            keys.insert(key.clone());
            self.list_pot
                .put(key.owner.as_ref(), listed.term(), key.clone());
        }
    }

    /// Whether this grant would be kept.
    pub(crate) fn has_room_for_grant(
        &self,
        key: &PermitKey,
        permit: &Permit,
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        let owner = permit.owner(key);
        let known = self.permits.get(key);
        let replaces = known.is_some_and(|known| known.owner(key) == owner);
        // What ends one is always taken, whoever ends it.
        if known.is_some() && permit.term().is_over(now) {
            return Ok(());
        }
        let is_of_vehicle = known.is_some_and(|known| known.plate == permit.plate);
        let most = self.of_vehicle_max;
        if !(replaces && is_of_vehicle) && self.of_vehicle(permit, owner) >= most {
            return Err(full("access.grants_of_vehicle_max", most));
        }
        if replaces || permit.term().is_over(now) {
            return Ok(());
        }
        match self.permit_pot.has_room(owner, now) {
            true => Ok(()),
            false => Err(full("access.grants_max", self.permit_pot.part(owner))),
        }
    }

    /// How many grants for the vehicle of this one are kept of its owner.
    fn of_vehicle(&self, permit: &Permit, owner: Option<&PartyId>) -> usize {
        let keys = permit
            .plate
            .as_ref()
            .and_then(|plate| self.by_plate.get(plate));
        let kept = keys.into_iter().flatten();
        let kept = kept.filter(|key| {
            self.permits
                .get(*key)
                .is_some_and(|it| it.owner(key) == owner)
        });
        kept.count()
    }

    /// Takes a grant in; the same key replaces.
    pub(crate) fn grant(&mut self, key: PermitKey, permit: Permit, now: Timestamp) {
        let known = self.permits.get(&key);
        if known == Some(&permit) {
            return;
        }
        let replaces = known.is_some_and(|known| known.owner(&key) == permit.owner(&key));
        self.drop_permit(&key);
        // What one holds may be changed, also where a part has become smaller.
        if !replaces {
            let owner = permit.owner(&key);
            match self.permit_pot.taken(owner, permit.term(), now) {
                Taken::Beside => {}
                Taken::InsteadOf(spared) => self.drop_permit(&spared),
                Taken::Not => return,
            }
        }
        let key = Arc::new(key);
        if let Some(plate) = &permit.plate {
            let keys = self.by_plate.entry(plate.clone()).or_default();
            keys.insert(Arc::clone(&key));
        }
        let owner = permit.owner(&key);
        self.permit_pot.put(owner, permit.term(), Arc::clone(&key));
        self.permits.insert(key, permit);
    }

    fn drop_permit(&mut self, key: &PermitKey) {
        let Some((key, old)) = self.permits.remove_entry(key) else {
            return;
        };
        self.permit_pot
            .remove(old.owner(&key), old.term(), Arc::clone(&key));
        let Some(plate) = &old.plate else {
            return;
        };
        if let Some(keys) = self.by_plate.get_mut(plate) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_plate.remove(plate);
            }
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
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        let owner = vehicle.owner.as_ref();
        let known = self.registered.get(plate);
        let replaces = known.is_some_and(|known| known.owner.as_ref() == owner);
        if replaces || vehicle.term().is_over(now) || self.registered_pot.has_room(owner, now) {
            return Ok(());
        }
        let part = self.registered_pot.part(owner);
        Err(full("access.registrations_max", part))
    }

    /// Takes a registration in; one of the same plate is replaced.
    pub(crate) fn register(&mut self, plate: PlateKey, vehicle: Registered, now: Timestamp) {
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

    /// Whether this list entry would be kept.
    pub(crate) fn has_room_for_entry(
        &self,
        key: &ListKey,
        listed: &Listed,
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        let owner = key.owner.as_ref();
        let replaces = self.lists.contains_key(key);
        if replaces || listed.term().is_over(now) || self.list_pot.has_room(owner, now) {
            return Ok(());
        }
        Err(full("access.list_entries_max", self.list_pot.part(owner)))
    }

    /// Takes a list entry in; the same key replaces.
    pub(crate) fn list(&mut self, key: ListKey, listed: Listed, now: Timestamp) {
        let known = self.lists.get(&key);
        if known == Some(&listed) {
            return;
        }
        let replaces = known.is_some();
        self.drop_listed(&key);
        let owner = key.owner.as_ref();
        if !replaces {
            match self.list_pot.taken(owner, listed.term(), now) {
                Taken::Beside => {}
                Taken::InsteadOf(spared) => self.drop_listed(&spared),
                Taken::Not => return,
            }
        }
        let keys = self.by_number.entry(listed.number.clone()).or_default();
        keys.insert(key.clone());
        self.list_pot.put(owner, listed.term(), key.clone());
        self.lists.insert(key, listed);
    }

    fn drop_listed(&mut self, key: &ListKey) {
        let Some(old) = self.lists.remove(key) else {
            return;
        };
        self.list_pot
            .remove(key.owner.as_ref(), old.term(), key.clone());
        if let Some(keys) = self.by_number.get_mut(&old.number) {
            keys.remove(key);
            if keys.is_empty() {
                self.by_number.remove(&old.number);
            }
        }
    }

    /// Forgets what ended more than this many days ago.
    pub(crate) fn clean(&mut self, now: Timestamp, memory_days: u32) {
        let since = now
            .micros()
            .saturating_sub(MICROS_PER_DAY.saturating_mul(i64::from(memory_days)));
        while let Some(key) = self.permit_pot.ended_before(since) {
            self.drop_permit(&key);
        }
        while let Some(plate) = self.registered_pot.ended_before(since) {
            self.drop_vehicle(&plate);
        }
        while let Some(key) = self.list_pot.ended_before(since) {
            self.drop_listed(&key);
        }
    }

    /// The grants that can be this vehicle's.
    pub(crate) fn permits_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = (&'a PermitKey, &'a Permit)> {
        matching(self.by_plate.range(plate.in_any_colour()), plate)
            .flat_map(|(_, keys)| keys)
            .filter_map(|key| self.permits.get_key_value(key))
            .map(|(key, permit)| (&**key, permit))
    }

    /// The registrations that can be this vehicle's.
    pub(crate) fn registered_as<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a Registered> {
        matching(self.registered.range(plate.in_any_colour()), plate).map(|(_, vehicle)| vehicle)
    }

    /// Whether a plate whose colour is not known could be more than one vehicle.
    pub(crate) fn is_ambiguous(&self, plate: &PlateKey) -> bool {
        let granted =
            matching(self.by_plate.range(plate.in_any_colour()), plate).map(|(key, _)| key);
        let registered =
            matching(self.registered.range(plate.in_any_colour()), plate).map(|(key, _)| key);
        is_ambiguous(granted.chain(registered))
    }

    /// Whether the vehicle is on a list of this kind that acts at a gate of this owner.
    pub(crate) fn is_listed(
        &self,
        list: ListKind,
        plate: &PlateKey,
        owner: Option<&PartyId>,
        now: Timestamp,
    ) -> bool {
        self.by_number
            .get(&plate.number)
            .into_iter()
            .flatten()
            .filter_map(|key| self.lists.get(key))
            .filter(|listed| listed.acts_at(owner))
            .any(|listed| match list {
                ListKind::Black => listed.bars(plate, now),
                ListKind::White => listed.frees(plate, now),
            })
    }
}

fn full(setting: &'static str, part: usize) -> NoRoom {
    NoRoom { setting, part }
}
