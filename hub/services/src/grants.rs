//! Grants as enterprises may ask for them: a fold over committed entries.
//!
//! Kept is what access control keeps, by the same rule and within the same limits, so that what a query
//! shows is what acts at the gates.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cordon_contract::{Entry, Pot, Standing, Term};
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
        if let Some(Body::AccessGrant(grant)) = entry.message.as_ref().map(|message| &message.body)
            && !entry.overtaken
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
        self.forget(&key);
        let owner = match entry.standing {
            Standing::Park => None,
            _ => Some(grant.enterprise_id.clone()),
        };
        if self.pot.of(owner.as_ref()) >= self.pot.part(owner.as_ref()) {
            match self.pot.over(owner.as_ref(), entry.time) {
                Some(spared) => self.forget(&spared),
                None => return,
            }
        }
        let bytes = match postcard::to_stdvec(grant) {
            Ok(bytes) => bytes.into_boxed_slice(),
            Err(error) => {
                return tracing::error!(%error, "a grant cannot be kept for queries");
            }
        };
        let term = Term::new(grant.state != LifeState::Withdrawn, Some(grant.valid_to));
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

    /// 200,000 were kept of all together and nothing of them gave way.
    #[test]
    fn the_grants_of_one_leave_room_for_those_of_others_and_what_is_over_gives_way() {
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
        assert_eq!(shown(&grants, "E-2"), ["a", "c", "f"]);
        assert_eq!(shown(&grants, "E-1"), ["e"]);
        // What is read once more from the journal changes nothing.
        grants.apply(&entry(5, "E-1", "z", Standing::Own, 9));
        assert_eq!((shown(&grants, "E-1").len(), grants.number()), (1, 6));
    }
}
