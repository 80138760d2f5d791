//! List entries that are kept, and which of them act where.

use std::collections::BTreeSet;
use std::sync::Arc;

use cordon_contract::{NoRoom, Passed, Pot, Rows, Steps, Table, Taken};
use cordon_model::{ListKind, PartyId, PlateNumber, Timestamp};

use crate::config::AccessConfig;
use crate::permit::{ListKey, Listed};
use crate::plate::PlateKey;
use crate::registry::full;
use crate::shares::Shares;

/// The file, and what follows from it.
#[derive(Debug)]
pub(crate) struct Lists {
    rows: Table<Arc<ListKey>, Listed>,
    index: Index,
}

/// Whose part an entry is in, of which vehicle it is, and where it acts.
#[derive(Debug)]
struct Index {
    pot: Pot<Arc<ListKey>>,
    of_subject: Shares<PlateNumber, Arc<ListKey>>,
    /// Entries in force, by their begin in microseconds: those that have not been seen to begin.
    coming: BTreeSet<(i64, Acting)>,
    /// The others in force, in the order in which a gate asks for them.
    acting: BTreeSet<Acting>,
}

/// Number, at whose gates, on which list, until when in microseconds, and which entry.
type Acting = (PlateNumber, Option<PartyId>, ListKind, i64, Arc<ListKey>);

/// What the lists say of a vehicle at a gate.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct OnLists {
    pub black: bool,
    pub white: bool,
}

impl Lists {
    pub(crate) fn new() -> Self {
        Self {
            // Before form 2 other rows gave way.
            rows: Table::new("lists", 2),
            index: Index::within(&AccessConfig::default(), 0),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.rows
    }

    /// Finds again what follows from the file.
    pub(crate) fn index(&mut self, config: &AccessConfig, enterprises: usize) {
        self.index = Index::within(config, enterprises);
        for (key, listed) in &self.rows {
            self.index.put(key, listed);
        }
    }

    /// Whether this entry would be kept. What is over takes nothing away.
    pub(crate) fn has_room(
        &self,
        key: &ListKey,
        listed: &Listed,
        now: Passed,
    ) -> Result<(), NoRoom> {
        if listed.term().is_over(now.clock) {
            return Ok(());
        }
        let (owner, index) = (key.owner.as_ref(), &self.index);
        let known = self.rows.get(key);
        let is_of_subject = known.is_some_and(|known| known.number == listed.number);
        if !is_of_subject
            && !index
                .of_subject
                .has_room(&listed.number, owner, 0, now.clock)
        {
            let most = index.of_subject.most();
            return Err(full("access.list_entries_of_subject_max", most));
        }
        match known.is_some() || index.pot.has_room(owner, now) {
            true => Ok(()),
            false => Err(full("access.list_entries_max", index.pot.part(owner))),
        }
    }

    /// Takes an entry in; the same key replaces.
    pub(crate) fn take(&mut self, key: ListKey, listed: Listed, now: Passed) {
        let known = self.rows.get(&key);
        if known == Some(&listed) {
            return;
        }
        let replaces = known.is_some();
        let is_of_subject = known.is_some_and(|known| known.number == listed.number);
        self.drop(&key);
        let (owner, term) = (key.owner.as_ref(), listed.term());
        if !is_of_subject {
            let of_subject = &self.index.of_subject;
            let taken = of_subject.taken(&listed.number, owner, 0, (term, now.clock));
            if !self.make_place(taken) {
                return;
            }
        }
        // What one holds may be changed, also where a part has become smaller.
        if !replaces {
            let taken = self.index.pot.taken(owner, term, now);
            if !self.make_place(taken) {
                return;
            }
        }
        let key = Arc::new(key);
        self.index.put(&key, &listed);
        self.rows.insert(key, listed);
    }

    /// Lets go of what gives way; whether what comes is kept.
    fn make_place(&mut self, taken: Taken<Arc<ListKey>>) -> bool {
        match taken {
            Taken::Beside => true,
            Taken::InsteadOf(spared) => {
                self.drop(&spared);
                true
            }
            Taken::Not => false,
        }
    }

    fn drop(&mut self, key: &ListKey) {
        if let Some((key, old)) = self.rows.remove_entry(key) {
            self.index.remove(&key, &old);
        }
    }

    /// Entries whose time has come act from now on. Asked before each look at the lists.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        let index = &mut self.index;
        let has_begun = |first: &(i64, Acting)| first.0 <= now.micros();
        while index.coming.first().is_some_and(has_begun)
            && let Some((_, begun)) = index.coming.pop_first()
        {
            index.acting.insert(begun);
        }
    }

    /// Forgets what ended before a time.
    pub(crate) fn forget(&mut self, before_micros: i64) {
        while let Some(key) = self.index.pot.ended_before(before_micros) {
            self.drop(&key);
        }
    }

    /// What the lists say of a vehicle at a gate of this owner; `None` is the park.
    pub(crate) fn look(
        &self,
        plate: &PlateKey,
        owner: Option<&PartyId>,
        now: Timestamp,
        steps: &Steps,
    ) -> OnLists {
        let acting = |list| {
            let everywhere = self.acting(plate, None, list, now);
            let own = owner.map(|_| self.acting(plate, owner, list, now));
            everywhere
                .chain(own.into_iter().flatten())
                .inspect(|_| steps.one())
        };
        OnLists {
            black: acting(ListKind::Black).any(|listed| listed.bars(plate, now)),
            white: acting(ListKind::White).any(|listed| listed.frees(plate, now)),
        }
    }

    /// Entries of this number on one list that act at the gates of this owner alone, are in force and not over.
    fn acting(
        &self,
        plate: &PlateKey,
        at: Option<&PartyId>,
        list: ListKind,
        now: Timestamp,
    ) -> impl Iterator<Item = &Listed> {
        let first = ListKey {
            owner: None,
            id: String::new(),
        };
        let number = plate.number.clone();
        let place = (number, at.cloned(), list);
        let (number, at, list) = place.clone();
        let from: Acting = (number, at, list, now.micros(), Arc::new(first));
        self.index
            .acting
            .range(from..)
            .take_while(move |it| (&it.0, &it.1, it.2) == (&place.0, &place.1, place.2))
            .filter_map(|it| self.rows.get(&it.4))
    }
}

impl Index {
    fn within(config: &AccessConfig, enterprises: usize) -> Self {
        Self {
            pot: Pot::shared(config.list_entries_max, enterprises),
            of_subject: Shares::of_at_most(config.list_entries_of_subject_max),
            coming: BTreeSet::new(),
            acting: BTreeSet::new(),
        }
    }

    fn put(&mut self, key: &Arc<ListKey>, listed: &Listed) {
        let (owner, term) = (key.owner.as_ref(), listed.term());
        self.pot.put(owner, term, Arc::clone(key));
        self.of_subject
            .put(&listed.number, owner, term, Arc::clone(key));
        if listed.active {
            self.coming
                .insert((listed.from.micros(), acting(key, listed)));
        }
    }

    fn remove(&mut self, key: &Arc<ListKey>, listed: &Listed) {
        let (owner, term) = (key.owner.as_ref(), listed.term());
        self.pot.remove(owner, term, Arc::clone(key));
        self.of_subject
            .remove(&listed.number, owner, term, Arc::clone(key));
        let coming = (listed.from.micros(), acting(key, listed));
        self.coming.remove(&coming);
        self.acting.remove(&coming.1);
    }
}

fn acting(key: &Arc<ListKey>, listed: &Listed) -> Acting {
    let until = listed.term().until_micros;
    let (number, at) = (listed.number.clone(), listed.at.clone());
    (number, at, listed.list, until, Arc::clone(key))
}
