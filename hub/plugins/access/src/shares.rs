//! What each keeps of one vehicle: each passage looks at it, so it has an end, and the count needs no look.

use std::collections::BTreeMap;

use cordon_contract::{Share, Taken, Term};
use cordon_model::{PartyId, Timestamp};

/// What is kept of each subject, the shares of its owners side by side; the park is the owner `None`. Found again
/// from what is kept, never saved. As with [`cordon_contract::Pot`] the door alone refuses.
///
/// What was taken back gives way at once. What merely ended never does: a clock that runs a day ahead ends what stands,
/// and a black entry that gave way by it would be missing when the clock is right again. It stays until it is forgotten
/// ([`crate::registry::Registry::clean`]); as much of it as may stand is kept beside what stands, then the door refuses.
#[derive(Debug)]
pub(crate) struct Shares<S, K> {
    most: usize,
    kept: BTreeMap<(S, Option<PartyId>), Share<K>>,
}

impl<S, K> Shares<S, K> {
    /// None yet; so many are kept of one subject and one owner.
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self {
            most,
            kept: BTreeMap::new(),
        }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }
}

impl<S: Clone + Ord, K: Clone + Ord> Shares<S, K> {
    /// Whether one more of this subject can be kept of this owner, who keeps so many elsewhere.
    pub(crate) fn has_room(
        &self,
        subject: &S,
        owner: Option<&PartyId>,
        elsewhere: usize,
        now: Timestamp,
    ) -> bool {
        let most = self.most.saturating_sub(elsewhere);
        let share = self.kept.get(&(subject.clone(), owner.cloned()));
        share.map_or(most > 0, |share| {
            let kept = share.not_taken_back().saturating_add(elsewhere);
            kept < self.most.saturating_mul(2) && share.has_room(most, now)
        })
    }

    /// How many of this subject the owner has that were not taken back.
    pub(crate) fn not_taken_back(&self, subject: &S, owner: Option<&PartyId>) -> usize {
        let share = self.kept.get(&(subject.clone(), owner.cloned()));
        share.map_or(0, Share::not_taken_back)
    }

    /// How a fold takes in one more of this subject and owner, who keeps so many elsewhere.
    pub(crate) fn taken(
        &self,
        subject: &S,
        owner: Option<&PartyId>,
        elsewhere: usize,
        (term, now): (Term, Timestamp),
    ) -> Taken<K> {
        let most = self.most.saturating_sub(elsewhere);
        let share = self.kept.get(&(subject.clone(), owner.cloned()));
        let Some(share) = share.filter(|share| share.len() >= most) else {
            return Taken::Beside;
        };
        match share.taken_back() {
            Some(back) => Taken::InsteadOf(back),
            None if term.is_over(now) => Taken::Not,
            None => Taken::Beside,
        }
    }

    /// Notes what is kept now.
    pub(crate) fn put(&mut self, subject: &S, owner: Option<&PartyId>, term: Term, key: K) {
        let share = self.kept.entry((subject.clone(), owner.cloned()));
        share.or_default().put(term, key);
    }

    /// Notes that it is kept no more.
    pub(crate) fn remove(&mut self, subject: &S, owner: Option<&PartyId>, term: Term, key: K) {
        let place = (subject.clone(), owner.cloned());
        let Some(share) = self.kept.get_mut(&place) else {
            return;
        };
        share.remove(term, key);
        if share.is_empty() {
            self.kept.remove(&place);
        }
    }

    /// The shares from this subject on, in order.
    pub(crate) fn from(
        &self,
        subject: S,
    ) -> impl Iterator<Item = (&S, Option<&PartyId>, &Share<K>)> {
        let shares = self.kept.range((subject, None)..);
        shares.map(|((subject, owner), share)| (subject, owner.as_ref(), share))
    }
}
