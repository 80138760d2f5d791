//! What is known of vehicles beforehand: grants, registrations, list entries.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{ListKind, PartyId, PlateNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::permit::{ListKey, Listed, Permit, PermitKey, Registered};
use crate::plate::{PlateKey, is_ambiguous, matching};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The three files. Their indexes are rebuilt after a restore and are no part of the snapshot.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Registry {
    permits: BTreeMap<PermitKey, Permit>,
    registered: BTreeMap<PlateKey, Registered>,
    lists: BTreeMap<ListKey, Listed>,
    #[serde(skip)]
    by_plate: BTreeMap<PlateKey, BTreeSet<PermitKey>>,
    #[serde(skip)]
    by_end: BTreeSet<(i64, PermitKey)>,
    #[serde(skip)]
    by_number: BTreeMap<PlateNumber, BTreeSet<ListKey>>,
}

impl Registry {
    /// Rebuilds the indexes.
    pub(crate) fn index(&mut self) {
        self.by_plate.clear();
        self.by_end.clear();
        self.by_number.clear();
        for (key, permit) in &self.permits {
            self.by_plate
                .entry(permit.plate.clone())
                .or_default()
                .insert(key.clone());
            self.by_end.insert((permit.to.micros(), key.clone()));
        }
        for (key, listed) in &self.lists {
            self.by_number
                .entry(listed.number.clone())
                .or_default()
                .insert(key.clone());
        }
    }

    /// Takes a grant in; the same key replaces. False when there is no room: grants that have
    /// ended give way, others never do.
    pub(crate) fn grant(
        &mut self,
        key: PermitKey,
        permit: Permit,
        max: usize,
        now: Timestamp,
    ) -> bool {
        self.drop_permit(&key);
        if self.permits.len() >= max {
            match self.by_end.first().cloned() {
                Some((end, oldest)) if end < now.micros() => self.drop_permit(&oldest),
                _ => return false,
            }
        }
        self.by_plate
            .entry(permit.plate.clone())
            .or_default()
            .insert(key.clone());
        self.by_end.insert((permit.to.micros(), key.clone()));
        self.permits.insert(key, permit);
        true
    }

    /// Forgets a grant.
    pub(crate) fn drop_permit(&mut self, key: &PermitKey) {
        let Some(old) = self.permits.remove(key) else {
            return;
        };
        self.by_end.remove(&(old.to.micros(), key.clone()));
        if let Some(keys) = self.by_plate.get_mut(&old.plate) {
            keys.remove(key);
            if keys.is_empty() {
                self.by_plate.remove(&old.plate);
            }
        }
    }

    /// Whether the park's own registration holds, which an owner who says it again does not replace; what
    /// the flow lets the owner end ends.
    pub(crate) fn is_parks(&self, plate: &PlateKey, said: &Registered, now: Timestamp) -> bool {
        let known = self.registered.get(plate);
        let stands = known.is_some_and(|known| known.by_park && known.active && now <= known.to);
        stands && said.active && !said.by_park
    }

    /// Takes a registration in; false when there is no room.
    pub(crate) fn register(&mut self, plate: PlateKey, vehicle: Registered, max: usize) -> bool {
        if self.registered.len() >= max && !self.registered.contains_key(&plate) {
            return false;
        }
        self.registered.insert(plate, vehicle);
        true
    }

    /// Takes a list entry in; the same key replaces. False when there is no room.
    pub(crate) fn list(&mut self, key: ListKey, listed: Listed, max: usize) -> bool {
        self.drop_listed(&key);
        if self.lists.len() >= max {
            return false;
        }
        self.by_number
            .entry(listed.number.clone())
            .or_default()
            .insert(key.clone());
        self.lists.insert(key, listed);
        true
    }

    fn drop_listed(&mut self, key: &ListKey) {
        let Some(old) = self.lists.remove(key) else {
            return;
        };
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
        while let Some((end, key)) = self.by_end.first().cloned()
            && end < since
        {
            self.drop_permit(&key);
        }
        self.registered
            .retain(|_, vehicle| vehicle.to.micros() >= since);
        let ended: Vec<ListKey> = self
            .lists
            .iter()
            .filter(|(_, listed)| listed.to.is_some_and(|to| to.micros() < since))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &ended {
            self.drop_listed(key);
        }
    }

    /// The grants that can be this vehicle's.
    pub(crate) fn permits_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = (&'a PermitKey, &'a Permit)> {
        matching(&self.by_plate, plate)
            .flat_map(|(_, keys)| keys)
            .filter_map(|key| self.permits.get_key_value(key))
    }

    /// The registrations that can be this vehicle's.
    pub(crate) fn registered_as<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a Registered> {
        matching(&self.registered, plate).map(|(_, vehicle)| vehicle)
    }

    /// Whether a plate whose colour is not known could be more than one vehicle.
    pub(crate) fn is_ambiguous(&self, plate: &PlateKey) -> bool {
        let granted = matching(&self.by_plate, plate).map(|(key, _)| key);
        let registered = matching(&self.registered, plate).map(|(key, _)| key);
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
