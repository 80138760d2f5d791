//! Grants that are kept, and which of them can be a vehicle's.

use std::sync::Arc;

use cordon_contract::{NoRoom, Pot, Rows, Share, Steps, Table, Taken};
use cordon_model::{PartyId, Timestamp};

use crate::config::AccessConfig;
use crate::permit::{Permit, PermitKey};
use crate::plate::PlateKey;
use crate::registry::full;
use crate::shares::Shares;

/// The file, and what follows from it. Keys are shared: a park may hold hundreds of thousands of grants.
#[derive(Debug)]
pub(crate) struct Grants {
    rows: Table<Arc<PermitKey>, Permit>,
    index: Index,
}

/// Whose part a grant is in, and of which vehicle it is.
#[derive(Debug)]
struct Index {
    pot: Pot<Arc<PermitKey>>,
    of_vehicle: Shares<PlateKey, Arc<PermitKey>>,
}

/// A grant with its identity.
pub(crate) type Grant<'a> = (&'a PermitKey, &'a Permit);

impl Grants {
    pub(crate) fn new() -> Self {
        Self {
            rows: Table::new("permits", 1),
            index: Index::within(&AccessConfig::default(), 0),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.rows
    }

    /// Finds again what follows from the file.
    pub(crate) fn index(&mut self, config: &AccessConfig, enterprises: usize) {
        self.index = Index::within(config, enterprises);
        for (key, permit) in &self.rows {
            self.index.put(key, permit);
        }
    }

    /// Whether this grant would be kept. What ends one is always taken, whoever ends it: it takes no room.
    pub(crate) fn has_room(
        &self,
        key: &PermitKey,
        permit: &Permit,
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        if permit.term().is_over(now) {
            return Ok(());
        }
        let (owner, index) = (permit.owner(key), &self.index);
        let known = self.rows.get(key);
        let replaces = known.is_some_and(|known| known.owner(key) == owner);
        let is_of_vehicle = replaces && known.is_some_and(|known| known.plate == permit.plate);
        if let Some(plate) = &permit.plate
            && !is_of_vehicle
            && !index.of_vehicle.has_room(plate, owner, now)
        {
            let most = index.of_vehicle.most();
            return Err(full("access.grants_of_vehicle_max", most));
        }
        match replaces || index.pot.has_room(owner, now) {
            true => Ok(()),
            false => Err(full("access.grants_max", index.pot.part(owner))),
        }
    }

    /// Takes a grant in; the same key replaces. Whether it is kept: what is over and finds no place is not, and the
    /// grant that it replaced is over with it.
    pub(crate) fn take(&mut self, key: PermitKey, permit: Permit, now: Timestamp) -> bool {
        let known = self.rows.get(&key);
        if known == Some(&permit) {
            return true;
        }
        let (owner, term) = (permit.owner(&key), permit.term());
        let replaces = known.is_some_and(|known| known.owner(&key) == owner);
        let is_of_vehicle = replaces && known.is_some_and(|known| known.plate == permit.plate);
        self.drop(&key);
        if let Some(plate) = &permit.plate
            && !is_of_vehicle
        {
            let taken = self.index.of_vehicle.taken(plate, owner, term, now);
            if !self.make_place(taken) {
                return false;
            }
        }
        // What one holds may be changed, also where a part has become smaller.
        if !replaces {
            let taken = self.index.pot.taken(owner, term, now);
            if !self.make_place(taken) {
                return false;
            }
        }
        let key = Arc::new(key);
        self.index.put(&key, &permit);
        self.rows.insert(key, permit);
        true
    }

    /// Lets go of what gives way; whether what comes is kept.
    fn make_place(&mut self, taken: Taken<Arc<PermitKey>>) -> bool {
        match taken {
            Taken::Beside => true,
            Taken::InsteadOf(spared) => {
                self.drop(&spared);
                true
            }
            Taken::Not => false,
        }
    }

    fn drop(&mut self, key: &PermitKey) {
        if let Some((key, old)) = self.rows.remove_entry(key) {
            self.index.remove(&key, &old);
        }
    }

    /// Forgets what ended before a time.
    pub(crate) fn forget(&mut self, before_micros: i64) {
        while let Some(key) = self.index.pot.ended_before(before_micros) {
            self.drop(&key);
        }
    }

    /// What each keeps of this vehicle; `None` is the park. Of each what ends last comes first, behind it what was
    /// taken back.
    pub(crate) fn of<'a>(
        &'a self,
        plate: &'a PlateKey,
        steps: &'a Steps,
    ) -> impl Iterator<Item = (Option<&'a PartyId>, impl Iterator<Item = Grant<'a>>)> {
        self.shares_of(plate).map(|(_, owner, share)| {
            let keys = share.latest().inspect(|_| steps.one());
            (owner, keys.filter_map(|key| self.grant(key)))
        })
    }

    /// The first grant of this vehicle that has this id, whoever made it.
    pub(crate) fn with_id<'a>(
        &'a self,
        plate: &'a PlateKey,
        id: &str,
        steps: &'a Steps,
    ) -> Option<&'a Permit> {
        let found = self.shares_of(plate).filter_map(|(plate, owner, share)| {
            let grant = match owner {
                // The park's may be of any enterprise.
                None => {
                    let keys = share.latest().inspect(|_| steps.one());
                    let key = keys.filter(|key| key.id == id).min();
                    key.and_then(|key| self.grant(key))
                }
                Some(enterprise) => {
                    let (enterprise, id) = (enterprise.clone(), id.to_owned());
                    let known = self.grant(&PermitKey { enterprise, id });
                    known.filter(|(key, permit)| {
                        permit.owner(key) == owner && permit.plate.as_ref() == Some(plate)
                    })
                }
            };
            grant.map(|grant| (plate, grant))
        });
        let first = found.min_by_key(|(plate, (key, _))| (*plate, *key));
        first.map(|(_, (_, permit))| permit)
    }

    /// Plates with grants that can be this vehicle.
    pub(crate) fn plates_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a PlateKey> {
        self.shares_of(plate).map(|(plate, ..)| plate)
    }

    fn shares_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = (&'a PlateKey, Option<&'a PartyId>, &'a Share<Arc<PermitKey>>)> {
        let shares = self
            .index
            .of_vehicle
            .from(plate.in_any_colour().start().clone());
        shares
            .take_while(|(found, ..)| found.number == plate.number)
            .filter(|(found, ..)| found.may_be(plate))
    }

    fn grant(&self, key: &PermitKey) -> Option<Grant<'_>> {
        let (key, permit) = self.rows.get_key_value(key)?;
        Some((&**key, permit))
    }
}

impl Index {
    fn within(config: &AccessConfig, enterprises: usize) -> Self {
        Self {
            pot: Pot::shared(config.grants_max, enterprises),
            of_vehicle: Shares::of_at_most(config.grants_of_vehicle_max),
        }
    }

    fn put(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.put(owner, term, Arc::clone(key));
        if let Some(plate) = &permit.plate {
            self.of_vehicle.put(plate, owner, term, Arc::clone(key));
        }
    }

    fn remove(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.remove(owner, term, Arc::clone(key));
        if let Some(plate) = &permit.plate {
            self.of_vehicle.remove(plate, owner, term, Arc::clone(key));
        }
    }
}
