//! Grants as enterprises may ask for them: a fold over committed entries.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use cordon_contract::Entry;
use cordon_model::service::QueryGrants;
use cordon_model::{AccessGrant, Body, LifeState, PartyId};

/// Grants kept per park; the oldest withdrawn ones leave first.
const GRANTS_MAX: usize = 200_000;

/// The newest form of every grant, by enterprise and grant id.
#[derive(Debug, Default)]
pub struct Grants {
    known: RwLock<BTreeMap<(String, String), AccessGrant>>,
}

impl Grants {
    /// Takes in one committed entry.
    pub fn apply(&self, entry: &Entry) {
        let Some(Body::AccessGrant(grant)) = entry.message.as_ref().map(|message| &message.body)
        else {
            return;
        };
        if entry.overtaken {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(
            (grant.enterprise_id.to_string(), grant.grant_id.clone()),
            grant.clone(),
        );
        if known.len() > GRANTS_MAX {
            let gone = known
                .iter()
                .find(|(_, grant)| grant.state == LifeState::Withdrawn);
            if let Some(key) = gone.map(|(key, _)| key.clone()) {
                known.remove(&key);
            }
        }
    }

    /// Grants of one enterprise in id order, after the asked id, and whether there are more.
    pub fn query(
        &self,
        enterprise: &PartyId,
        asked: &QueryGrants,
        limit: usize,
    ) -> (Vec<AccessGrant>, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let after = (
            enterprise.to_string(),
            asked.after.clone().unwrap_or_default(),
        );
        let mut found: Vec<AccessGrant> = known
            .range(after.clone()..)
            .filter(|(key, _)| asked.after.is_none() || **key != after)
            .take_while(|((owner, _), _)| owner == enterprise.as_str())
            .map(|(_, grant)| grant)
            .filter(|grant| asked.state.is_none_or(|state| grant.state == state))
            .filter(|grant| asked.plate.is_none() || grant.plate == asked.plate)
            .take(limit + 1)
            .cloned()
            .collect();
        let more = found.len() > limit;
        found.truncate(limit);
        (found, more)
    }
}
