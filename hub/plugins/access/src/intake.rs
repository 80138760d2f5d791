//! Taking in grants, registrations and list entries. The door has seen to it that who says it may.

use cordon_contract::{Entry, NoRoom, Standing, speaker_of};
use cordon_model::{AccessGrant, Body, ListEntry, PartyId, Timestamp, VehicleRegistration};

use crate::alarm::Step;
use crate::permit::{ListKey, Listed, Permit, PermitKey, Registered};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::visit::Visit;

impl AccessPlugin {
    /// Whether what a message says of vehicles beforehand would be kept.
    pub(crate) fn room_for(&self, entry: &Entry, body: &Body) -> Result<(), NoRoom> {
        let registry = &self.state.registry;
        match body {
            Body::AccessGrant(grant) => {
                let (key, permit) = granted(entry, grant);
                registry.grants.has_room(&key, &permit, entry.passed())
            }
            Body::VehicleRegistration(registration) if !is_proposal(entry) => {
                let (plate, vehicle) = registered(entry, registration);
                match registry.is_parks(&plate, &vehicle, entry.clock) {
                    true => Ok(()),
                    false => registry.has_room_for_vehicle(&plate, &vehicle, entry.passed()),
                }
            }
            Body::ListEntry(said) => match listed(entry, said) {
                Some((key, listed)) => registry.lists.has_room(&key, &listed, entry.passed()),
                None => Ok(()),
            },
            Body::OperatingModeChange(change) => self.room_for_mode(entry, change),
            _ => Ok(()),
        }
    }

    pub(crate) fn on_grant(&mut self, step: &mut Step<'_>, grant: &AccessGrant) {
        let (key, permit) = granted(step.entry, grant);
        let (plate, is_active) = (permit.plate.clone(), permit.active);
        let grants = &mut self.state.registry.grants;
        let is_kept = grants.take(key.clone(), permit, step.entry.passed());
        // What is not kept changes no visit.
        if let Some(plate) = plate.filter(|_| is_kept) {
            self.renew_visit(&plate, &key, is_active, step.entry.clock);
        }
    }

    /// A longer window lengthens the stay of a vehicle that is in already. What takes a grant away, or rests it, never
    /// does; nor is told again that it is over what is over by the new time too.
    fn renew_visit(&mut self, plate: &PlateKey, key: &PermitKey, is_active: bool, now: Timestamp) {
        let yard = &self.state.yard;
        let Some(number) = yard.number_of(plate) else {
            return;
        };
        let is_on = |visit: &&Visit| {
            let is_host = |host: &PartyId| *host == key.enterprise;
            visit.grant.as_ref() == Some(&key.id) && visit.host.as_ref().is_none_or(is_host)
        };
        let Some(visit) = yard.visit(number).filter(is_on) else {
            return;
        };
        // A grant that is kept no more takes no stay's end away.
        let Some((due, _)) = self.due(visit) else {
            return;
        };
        let due = match visit.due {
            Some(known) if !is_active => due.min(known),
            _ => due,
        };
        if !visit.told || is_active && due >= now {
            self.state.yard.set_due(number, Some(due));
        }
    }

    pub(crate) fn on_registration(
        &mut self,
        step: &mut Step<'_>,
        registration: &VehicleRegistration,
    ) {
        // What waits for the park's word changes nothing.
        if is_proposal(step.entry) {
            return;
        }
        let (plate, vehicle) = registered(step.entry, registration);
        if self
            .state
            .registry
            .is_parks(&plate, &vehicle, step.entry.clock)
        {
            return;
        }
        let passed = step.entry.passed();
        self.state.registry.register(plate, vehicle, passed);
    }

    /// The park's entries act everywhere, anybody else's at his own gates.
    pub(crate) fn on_list_entry(&mut self, step: &mut Step<'_>, entry: &ListEntry) {
        let Some((key, listed)) = listed(step.entry, entry) else {
            return;
        };
        let lists = &mut self.state.registry.lists;
        lists.take(key, listed, step.entry.passed());
    }
}

/// A grant as it is kept.
fn granted(entry: &Entry, grant: &AccessGrant) -> (PermitKey, Permit) {
    let key = PermitKey {
        enterprise: grant.enterprise_id.clone(),
        id: grant.grant_id.clone(),
    };
    (key, Permit::of(grant, is_park_word(entry)))
}

/// A registration as it is kept.
fn registered(entry: &Entry, registration: &VehicleRegistration) -> (PlateKey, Registered) {
    let vehicle = Registered::of(registration, is_park_word(entry));
    (PlateKey::of(&registration.plate), vehicle)
}

/// A list entry as it is kept; `None` when it is about a person.
fn listed(entry: &Entry, said: &ListEntry) -> Option<(ListKey, Listed)> {
    let owner = (!is_park_word(entry)).then(|| speaker(entry));
    let listed = Listed::of(said, owner.clone())?;
    let id = said.entry_id.clone();
    Some((ListKey { owner, id }, listed))
}

/// Whether the park itself says it, as the door noted when it took it in.
fn is_park_word(entry: &Entry) -> bool {
    entry.standing == Standing::Park
}

fn is_proposal(entry: &Entry) -> bool {
    entry.standing == Standing::Proposal
}

/// Who says it: the sender, or the plant whose gate system was read.
fn speaker(entry: &Entry) -> PartyId {
    let message = entry.message.as_deref();
    message
        .and_then(|message| PartyId::new(speaker_of(message)).ok())
        .unwrap_or_else(|| entry.sender.clone())
}
