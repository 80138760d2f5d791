//! Grants as enterprises may ask for them: a fold over committed entries.
//!
//! Kept is what access control keeps, by the same rule and within the same limits, so that what a query
//! shows is what acts at the gates.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cordon_contract::{Entry, Pot, Standing, Taken, Term};
use cordon_model::service::QueryGrants;
use cordon_model::{AccessGrant, Body, LifeState, PartyId};

/// Enterprise and grant id.
type Key = (PartyId, String);

/// One grant.
#[derive(Debug)]
struct Kept {
    /// In whose part of the room it is; `None` is the park's.
    owner: Option<PartyId>,
    term: Term,
    /// The grant in postcard: tens of thousands are held, and few are asked for.
    grant: Box<[u8]>,
}

#[derive(Debug)]
struct Book {
    known: BTreeMap<Arc<Key>, Kept>,
    pot: Pot<Arc<Key>>,
    /// The last entry that was taken in.
    number: u64,
}

/// The newest form of every grant, by enterprise and grant id.
#[derive(Debug)]
pub struct Grants {
    book: RwLock<Book>,
}

impl Grants {
    /// No grants yet: as many as `access.grants_max` allows in a park of so many enterprises.
    pub fn within(most: usize, enterprises: usize) -> Self {
        Self {
            book: RwLock::new(Book {
                known: BTreeMap::new(),
                pot: Pot::shared(most, enterprises),
                number: 0,
            }),
        }
    }

    /// The last entry that was taken in; 0 for none.
    pub fn number(&self) -> u64 {
        self.book
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .number
    }

    /// Takes in one committed entry. Entries come in order; one that was taken in already is passed over.
    pub fn apply(&self, entry: &Entry) {
        let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
        if entry.number <= book.number {
            return;
        }
        book.number = entry.number;
        let Some(message) = entry.message.as_deref() else {
            return;
        };
        // What is overtaken or a test changes nothing at a gate.
        if let Body::AccessGrant(grant) = &message.body
            && !entry.overtaken
            && !message.header.test
        {
            book.keep(entry, grant);
        }
    }

    /// Grants of one enterprise in id order, after the asked id, and whether there are more.
    pub fn query(
        &self,
        enterprise: &PartyId,
        asked: &QueryGrants,
        limit: usize,
    ) -> (Vec<AccessGrant>, bool) {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        let after = (enterprise.clone(), asked.after.clone().unwrap_or_default());
        let mut found: Vec<AccessGrant> = book
            .known
            .range::<Key, _>(after.clone()..)
            .filter(|(key, _)| asked.after.is_none() || ***key != after)
            .take_while(|(key, _)| key.0 == *enterprise)
            .filter_map(|(_, kept)| postcard::from_bytes::<AccessGrant>(&kept.grant).ok())
            .filter(|grant| asked.state.is_none_or(|state| grant.state == state))
            .filter(|grant| asked.plate.is_none() || grant.plate == asked.plate)
            .take(limit + 1)
            .collect();
        let more = found.len() > limit;
        found.truncate(limit);
        (found, more)
    }
}

impl Book {
    fn keep(&mut self, entry: &Entry, grant: &AccessGrant) {
        let key = (grant.enterprise_id.clone(), grant.grant_id.clone());
        let owner = match entry.standing {
            Standing::Park => None,
            _ => Some(grant.enterprise_id.clone()),
        };
        let replaces = self.known.get(&key).is_some_and(|it| it.owner == owner);
        self.forget(&key);
        let term = Term::new(grant.state != LifeState::Withdrawn, Some(grant.valid_to));
        if !replaces {
            match self.pot.taken(owner.as_ref(), term, entry.clock) {
                Taken::Beside => {}
                Taken::InsteadOf(spared) => self.forget(&spared),
                Taken::Not => return,
            }
        }
        let bytes = match postcard::to_stdvec(grant) {
            Ok(bytes) => bytes.into_boxed_slice(),
            Err(error) => {
                return tracing::error!(%error, "a grant cannot be kept for queries");
            }
        };
        let key = Arc::new(key);
        self.pot.put(owner.as_ref(), term, Arc::clone(&key));
        let grant = bytes;
        self.known.insert(key, Kept { owner, term, grant });
    }

    fn forget(&mut self, key: &Key) {
        if let Some((key, kept)) = self.known.remove_entry(key) {
            self.pot.remove(kept.owner.as_ref(), kept.term, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use cordon_contract::EntryKind;
    use cordon_model::{Digest, MessageId, Timestamp};

    use super::*;

    /// A grant of an enterprise as entry `number`, one second each.
    fn entry(number: u64, enterprise: &str, id: &str, standing: Standing, ends: i64) -> Entry {
        let file = format!(
            "{}/../../schemas/examples/valid/access-grant-visitor.xml",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut message = cordon_wire::parse_message(&std::fs::read(file).unwrap()).unwrap();
        if let Body::AccessGrant(grant) = &mut message.body {
            grant.enterprise_id = PartyId::new(enterprise).unwrap();
            grant.grant_id = id.to_owned();
            grant.valid_to = Timestamp::from_micros(ends * 1_000_000);
        }
        Entry {
            number,
            time: Timestamp::from_micros(1_000_000),
            clock: Timestamp::from_micros(1_000_000),
            kind: EntryKind::Message,
            sender: message.header.sender_id.clone(),
            message_id: MessageId::from_bytes([1; 16]),
            digest: Digest([0; 32]),
            cause: 0,
            label: String::new(),
            message: Some(Arc::new(message)),
            overtaken: false,
            late: false,
            acted_at: None,
            of_earlier_run: false,
            standing,
        }
    }

    fn shown(grants: &Grants, enterprise: &str) -> Vec<String> {
        let asked = QueryGrants {
            enterprise_id: None,
            plate: None,
            state: None,
            after: None,
            limit: None,
        };
        let (found, more) = grants.query(&PartyId::new(enterprise).unwrap(), &asked, 10);
        assert!(!more);
        found.into_iter().map(|grant| grant.grant_id).collect()
    }

    /// What stands was taken in by the door, under whatever limits it had then, and acts at the gates.
    #[test]
    fn what_stands_is_shown_beyond_a_part_and_what_is_over_gives_way() {
        let grants = Grants::within(4, 2);
        let told = [
            (1, "E-2", "a", Standing::Own, 9),
            (2, "E-2", "b", Standing::Own, 0),
            (3, "E-2", "c", Standing::Own, 9),
            (4, "E-2", "d", Standing::Own, 9),
            (5, "E-1", "e", Standing::Own, 9),
            (6, "E-2", "f", Standing::Park, 9),
        ];
        for (number, enterprise, id, standing, ends) in told {
            grants.apply(&entry(number, enterprise, id, standing, ends));
        }
        assert_eq!(shown(&grants, "E-2"), ["a", "c", "d", "f"]);
        assert_eq!(shown(&grants, "E-1"), ["e"]);
        // What is read once more from the journal changes nothing.
        grants.apply(&entry(5, "E-1", "z", Standing::Own, 9));
        assert_eq!((shown(&grants, "E-1").len(), grants.number()), (1, 6));
    }

    /// A conformance run's grants were shown as if they opened something.
    #[test]
    fn a_grant_of_a_test_is_not_shown() {
        let grants = Grants::within(4, 2);
        grants.apply(&entry(1, "E-1", "real", Standing::Own, 9));
        let mut tried = entry(2, "E-1", "tried", Standing::Own, 9);
        let mut withdrawn = entry(3, "E-1", "real", Standing::Own, 9);
        for entry in [&mut tried, &mut withdrawn] {
            let message = Arc::make_mut(entry.message.as_mut().unwrap());
            message.header.test = true;
            if let Body::AccessGrant(grant) = &mut message.body {
                grant.state = LifeState::Withdrawn;
            }
            grants.apply(entry);
        }
        assert_eq!(shown(&grants, "E-1"), ["real"]);
    }

    /// While the journal is ahead of the clock, gates compare what people say with the clock.
    #[test]
    fn what_is_over_is_over_by_the_clock_as_at_the_gates() {
        let grants = Grants::within(2, 2);
        grants.apply(&entry(1, "E-1", "a", Standing::Own, 5));
        let mut ahead = entry(2, "E-1", "b", Standing::Own, 99);
        ahead.time = Timestamp::from_micros(50_000_000);
        grants.apply(&ahead);
        assert_eq!(shown(&grants, "E-1"), ["a", "b"]);
    }
}
