//! Grants that are kept, and which of them can be a vehicle's.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{NoRoom, Pot, Rows, Share, Steps, Table, Taken};
use cordon_model::{PartyId, PlateNumber, Timestamp};

use crate::config::AccessConfig;
use crate::permit::{Permit, PermitKey};
use crate::plate::{PlateKey, matching};
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
    /// By number, in whatever colour: a capture without a colour looks at all of them.
    of_vehicle: Shares<PlateNumber, Arc<PermitKey>>,
    /// How many there are of each plate.
    plates: BTreeMap<PlateKey, usize>,
}

/// A grant with its identity.
pub(crate) type Grant<'a> = (&'a PermitKey, &'a Permit);

impl Grants {
    pub(crate) fn new() -> Self {
        Self {
            // Before form 2 rows named gates in no order, and other ones gave way.
            rows: Table::new("permits", 2),
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
        let is_of_vehicle =
            replaces && known.is_some_and(|known| known.number() == permit.number());
        if let Some(number) = permit.number()
            && !is_of_vehicle
            && !index.of_vehicle.has_room(number, owner, now)
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
        let is_of_vehicle =
            replaces && known.is_some_and(|known| known.number() == permit.number());
        self.drop(&key);
        if let Some(number) = permit.number()
            && !is_of_vehicle
        {
            let taken = self.index.of_vehicle.taken(number, owner, term, now);
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
        self.shares_of(plate).map(|(owner, share)| {
            let keys = share.latest().inspect(|_| steps.one());
            let grants = keys.filter_map(|key| self.grant(key));
            (owner, grants.filter(|(_, permit)| permit.may_be(plate)))
        })
    }

    /// The first grant of this vehicle that has this id, whoever made it.
    pub(crate) fn with_id<'a>(
        &'a self,
        plate: &'a PlateKey,
        id: &str,
        steps: &'a Steps,
    ) -> Option<&'a Permit> {
        let rank = |(key, permit): &Grant<'a>| (permit.plate.as_ref(), *key);
        let found = self
            .shares_of(plate)
            .filter_map(|(owner, share)| match owner {
                // The park's may be of any enterprise.
                None => {
                    let keys = share.latest().inspect(|_| steps.one());
                    let grants = keys.filter(|key| key.id == id);
                    let grants = grants.filter_map(|key| self.grant(key));
                    let grants = grants.filter(|(_, permit)| permit.may_be(plate));
                    grants.min_by_key(rank)
                }
                Some(enterprise) => {
                    let (enterprise, id) = (enterprise.clone(), id.to_owned());
                    let known = self.grant(&PermitKey { enterprise, id });
                    known.filter(|(key, permit)| permit.owner(key) == owner && permit.may_be(plate))
                }
            });
        found.min_by_key(rank).map(|(_, permit)| permit)
    }

    /// Plates with grants that can be this vehicle.
    pub(crate) fn plates_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = &'a PlateKey> {
        let plates = self.index.plates.range(plate.in_any_colour());
        matching(plates, plate).map(|(plate, _)| plate)
    }

    fn shares_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = (Option<&'a PartyId>, &'a Share<Arc<PermitKey>>)> {
        let shares = self.index.of_vehicle.from(plate.number.clone());
        shares
            .take_while(|(number, ..)| **number == plate.number)
            .map(|(_, owner, share)| (owner, share))
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
            plates: BTreeMap::new(),
        }
    }

    fn put(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.put(owner, term, Arc::clone(key));
        if let Some(plate) = &permit.plate {
            self.of_vehicle
                .put(&plate.number, owner, term, Arc::clone(key));
            *self.plates.entry(plate.clone()).or_default() += 1;
        }
    }

    fn remove(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.remove(owner, term, Arc::clone(key));
        if let Some(plate) = &permit.plate {
            self.of_vehicle
                .remove(&plate.number, owner, term, Arc::clone(key));
            if let Some(many) = self.plates.get_mut(plate) {
                *many = many.saturating_sub(1);
                if *many == 0 {
                    self.plates.remove(plate);
                }
            }
        }
    }
}
