//! Grants that are kept, and which of them can be a vehicle's.

use std::sync::Arc;

use cordon_contract::{NoRoom, Passed, Pot, Rows, Share, Steps, Table, Taken, Term};
use cordon_model::{ClassLetter, PartyId, PlateColour, PlateNumber, Timestamp};

use crate::config::AccessConfig;
use crate::ends::Ends;
use crate::permit::{Permit, PermitKey};
use crate::plate::PlateKey;
use crate::registry::full;
use crate::shares::Shares;
use crate::subject::is_hazardous;

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
    /// By number, in whatever colour: a capture without a colour looks at all of them. The park's words in an
    /// enterprise's room stand apart (`true`): they are looked at as the park's.
    of_vehicle: Shares<(PlateNumber, bool), Arc<PermitKey>>,
    /// Ends of those in force, by plate and whose word it is.
    standing: Ends<(PlateKey, Option<PartyId>)>,
    /// Ends of what the park granted as dangerous and did not take back.
    tankers: Ends<PlateKey>,
    /// Ends of the park's exemptions in force.
    exemptions: Ends<PlateKey>,
}

/// A grant with its identity.
pub(crate) type Grant<'a> = (&'a PermitKey, &'a Permit);

impl Grants {
    pub(crate) fn new() -> Self {
        Self {
            // Before form 2 rows named gates in no order, and other ones gave way; before form 3 the park's word on
            // an enterprise's grant took the park's room.
            rows: Table::new("permits", 3),
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

    /// Whether this grant would be kept. What ends one is always taken, whoever ends it: it takes no room. Nor does the
    /// park's word on what an enterprise granted.
    pub(crate) fn has_room(
        &self,
        key: &PermitKey,
        permit: &Permit,
        now: Passed,
    ) -> Result<(), NoRoom> {
        if permit.term().is_over(now.clock) {
            return Ok(());
        }
        let known = self.rows.get(key);
        let permit = &permit.clone().beside(key, known);
        if permit.in_enterprises_room {
            return Ok(());
        }
        let owner = permit.owner(key);
        let replaces = known.is_some_and(|known| known.owner(key) == owner);
        let is_of_vehicle =
            replaces && known.is_some_and(|known| known.number() == permit.number());
        let number = permit.number().filter(|_| !is_of_vehicle);
        self.index.has_room(number, owner, replaces, now)
    }

    /// Takes a grant in; the same key replaces. Whether it is kept: what is over and finds no place is not, and the
    /// grant that it replaced is over with it.
    pub(crate) fn take(&mut self, key: PermitKey, permit: Permit, now: Passed) -> bool {
        let known = self.rows.get(&key);
        let permit = permit.beside(&key, known);
        if known == Some(&permit) {
            return true;
        }
        let (owner, term) = (permit.owner(&key), permit.term());
        // Nothing of it would act, now or later.
        if permit.in_enterprises_room && known.is_none() {
            let number = permit.number();
            if self.index.has_room(number, owner, false, now).is_err() {
                return false;
            }
        }
        let replaces = known.is_some_and(|known| known.owner(&key) == owner);
        let is_of_vehicle =
            replaces && known.is_some_and(|known| known.number() == permit.number());
        self.drop(&key);
        if let Some(number) = permit.number()
            && !is_of_vehicle
        {
            let taken = self
                .index
                .taken_of_vehicle(number, owner, (term, now.clock));
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

    /// What each says of this vehicle; `None` is the park, which may come more than once. Of each what ends last comes
    /// first, behind it what was taken back.
    pub(crate) fn of<'a>(
        &'a self,
        plate: &'a PlateKey,
        steps: &'a Steps,
    ) -> impl Iterator<Item = (Option<&'a PartyId>, impl Iterator<Item = Grant<'a>>)> {
        self.shares_of(plate).map(|(is_parks, owner, share)| {
            let keys = share.latest().inspect(|_| steps.one());
            let grants = keys.filter_map(|key| self.grant(key));
            let grants = grants.filter(|(_, permit)| permit.may_be(plate));
            (owner.filter(|_| !is_parks), grants)
        })
    }

    /// The grants of this vehicle that have this id: of one enterprise, or of all where it is not known.
    pub(crate) fn with_id<'a>(
        &'a self,
        plate: &'a PlateKey,
        (host, id): (Option<&PartyId>, &'a str),
        steps: &'a Steps,
    ) -> Vec<&'a Permit> {
        let of_host = |host: &PartyId| {
            let (enterprise, id) = (host.clone(), id.to_owned());
            let known = self.rows.get(&PermitKey { enterprise, id });
            known.filter(|permit| permit.may_be(plate))
        };
        if host.is_some() {
            return host.and_then(of_host).into_iter().collect();
        }
        let mut found = Vec::new();
        for (is_parks, owner, share) in self.shares_of(plate) {
            match owner {
                // The park's may be of any enterprise.
                None => {
                    let keys = share.latest().inspect(|_| steps.one());
                    let rows = keys.filter(|key| key.id == id);
                    let rows = rows.filter_map(|key| self.rows.get(&**key));
                    found.extend(rows.filter(|permit| permit.may_be(plate)));
                }
                Some(enterprise) => {
                    let known = of_host(enterprise);
                    let is_there =
                        |permit: &&Permit| permit.is_parks_in_anothers_room() == is_parks;
                    let in_theirs = known.filter(|it| !it.by_park || it.in_enterprises_room);
                    found.extend(in_theirs.filter(is_there));
                }
            }
        }
        found
    }

    /// The known colours of this number of which a grant by this owner's word is in force, now or from a later time on.
    pub(crate) fn colours_of(
        &self,
        number: &PlateNumber,
        owner: Option<&PartyId>,
        now: Timestamp,
    ) -> impl Iterator<Item = PlateColour> {
        let standing = move |colour: &PlateColour| {
            let plate = PlateKey {
                number: number.clone(),
                colour: *colour,
            };
            self.index.standing.any((plate, owner.cloned()), now)
        };
        PlateColour::ALL.iter().copied().filter(standing)
    }

    /// Whether the park has granted this vehicle as one of dangerous goods or waste, and has not taken it back.
    pub(crate) fn is_parks_tanker(&self, plate: &PlateKey, now: Timestamp) -> bool {
        is_among(&self.index.tankers, plate, now)
    }

    /// Whether the park has granted this vehicle class X, and that is not over.
    pub(crate) fn has_exemption(&self, plate: &PlateKey, now: Timestamp) -> bool {
        is_among(&self.index.exemptions, plate, now)
    }

    /// Whether it is the park's word on an enterprise's own grant, in whose room it is kept; `None` is the park.
    fn shares_of<'a>(
        &'a self,
        plate: &'a PlateKey,
    ) -> impl Iterator<Item = (bool, Option<&'a PartyId>, &'a Share<Arc<PermitKey>>)> {
        let shares = self.index.of_vehicle.from((plate.number.clone(), false));
        shares
            .take_while(|((number, _), ..)| *number == plate.number)
            .map(|((_, is_parks), owner, share)| (*is_parks, owner, share))
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
            standing: Ends::default(),
            tankers: Ends::default(),
            exemptions: Ends::default(),
        }
    }

    /// Whether one more of an owner's can be kept: of this number, unless it is one already, and beside all he has,
    /// unless it replaces one.
    fn has_room(
        &self,
        number: Option<&PlateNumber>,
        owner: Option<&PartyId>,
        replaces: bool,
        now: Passed,
    ) -> Result<(), NoRoom> {
        if let Some(number) = number {
            let parks = self.parks_in_room_of(number, owner);
            let subject = (number.clone(), false);
            if !self.of_vehicle.has_room(&subject, owner, parks, now.clock) {
                let most = self.of_vehicle.most();
                return Err(full("access.grants_of_vehicle_max", most));
            }
        }
        match replaces || self.pot.has_room(owner, now) {
            true => Ok(()),
            false => Err(full("access.grants_max", self.pot.part(owner))),
        }
    }

    fn taken_of_vehicle(
        &self,
        number: &PlateNumber,
        owner: Option<&PartyId>,
        when: (Term, Timestamp),
    ) -> Taken<Arc<PermitKey>> {
        let parks = self.parks_in_room_of(number, owner);
        let subject = (number.clone(), false);
        self.of_vehicle.taken(&subject, owner, parks, when)
    }

    /// How many of an owner's grants of a vehicle stand by the park's word.
    fn parks_in_room_of(&self, number: &PlateNumber, owner: Option<&PartyId>) -> usize {
        let subject = (number.clone(), true);
        self.of_vehicle.not_taken_back(&subject, owner)
    }

    fn put(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.put(owner, term, Arc::clone(key));
        let Some(plate) = &permit.plate else {
            return;
        };
        let subject = (plate.number.clone(), permit.is_parks_in_anothers_room());
        self.of_vehicle.put(&subject, owner, term, Arc::clone(key));
        if permit.active {
            let speaker = permit.speaker(key).cloned();
            self.standing.put((plate.clone(), speaker), permit.to);
        }
        if is_parks_tanker(permit) {
            self.tankers.put(plate.clone(), permit.to);
        }
        if is_parks_exemption(permit) {
            self.exemptions.put(plate.clone(), permit.to);
        }
    }

    fn remove(&mut self, key: &Arc<PermitKey>, permit: &Permit) {
        let (owner, term) = (permit.owner(key), permit.term());
        self.pot.remove(owner, term, Arc::clone(key));
        let Some(plate) = &permit.plate else {
            return;
        };
        let subject = (plate.number.clone(), permit.is_parks_in_anothers_room());
        self.of_vehicle
            .remove(&subject, owner, term, Arc::clone(key));
        if permit.active {
            let speaker = permit.speaker(key).cloned();
            self.standing.remove((plate.clone(), speaker), permit.to);
        }
        if is_parks_tanker(permit) {
            self.tankers.remove(plate.clone(), permit.to);
        }
        if is_parks_exemption(permit) {
            self.exemptions.remove(plate.clone(), permit.to);
        }
    }
}

/// Whether one of these can be this vehicle's and is not over.
fn is_among(ends: &Ends<PlateKey>, plate: &PlateKey, now: Timestamp) -> bool {
    let key = |colour: &PlateColour| PlateKey {
        number: plate.number.clone(),
        colour: *colour,
    };
    let mut keys = PlateColour::ALL.iter().map(key);
    keys.any(|key| key.may_be(plate) && ends.any(key, now))
}

fn is_parks_exemption(permit: &Permit) -> bool {
    permit.by_park && permit.active && permit.class == ClassLetter::X
}

fn is_parks_tanker(permit: &Permit) -> bool {
    permit.by_park && !permit.withdrawn && is_hazardous(permit.kind)
}
