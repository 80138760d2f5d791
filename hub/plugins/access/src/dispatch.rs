//! Sends approved grants and list entries to the enterprises' own gate systems (R028, R029).

use std::collections::BTreeSet;

use cordon_contract::{
    Decisions, Entry, EntryKind, OrderLane, Plugin, Standing, Target, speaker_of,
};
use cordon_model::{Body, PartyId, Timestamp};

/// A day: the outbox tries that long before the order is a dead letter.
const WITHIN_S: i64 = 86_400;

/// Orders every grant to the gate system of the enterprise visited, and every list entry of the park to
/// all of them; another's acts at his own gates and goes to his own gate system alone. It has no state: what was ordered stands in the journal, and the outbox sees to delivery.
#[derive(Clone, Debug, Default)]
pub struct GrantDispatch {
    partners: BTreeSet<PartyId>,
}

impl GrantDispatch {
    /// A dispatch to the gate systems of these enterprises.
    pub fn new(partners: impl IntoIterator<Item = PartyId>) -> Self {
        Self {
            partners: partners.into_iter().collect(),
        }
    }
}

impl Plugin for GrantDispatch {
    fn name(&self) -> &'static str {
        "access.dispatch"
    }

    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        false
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let (EntryKind::Message, Some(message)) = (entry.kind, &entry.message) else {
            return;
        };
        let told: Vec<&PartyId> = match &message.body {
            // A grant that a gate system itself reported is known to it.
            Body::AccessGrant(grant) if message.header.attested_by.is_none() => self
                .partners
                .get(&grant.enterprise_id)
                .into_iter()
                .collect(),
            Body::ListEntry(_) if entry.standing == Standing::Park => {
                self.partners.iter().collect()
            }
            // An entry that a gate system itself reported is known to it.
            Body::ListEntry(_) if message.header.attested_by.is_none() => {
                let own = |partner: &&PartyId| partner.as_str() == speaker_of(message);
                self.partners.iter().filter(own).collect()
            }
            _ => return,
        };
        for partner in told {
            decisions.order(
                Target::partner(partner.as_str()),
                OrderLane::Routine,
                entry.time.plus_seconds(WITHIN_S),
                message.body.clone(),
                message.header.correlation_id.clone(),
            );
        }
    }
}
