//! Taking in grants, registrations and list entries. The door has seen to it that who says it may.

use cordon_contract::{Standing, speaker_of};
use cordon_model::{AccessGrant, AuditOutcome, ListEntry, PartyId, VehicleRegistration};

use crate::alarm::{Note, Step};
use crate::permit::{ListKey, Listed, Permit, PermitKey, Registered};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    pub(crate) fn on_grant(&mut self, step: &mut Step<'_>, grant: &AccessGrant) {
        let key = PermitKey {
            enterprise: grant.enterprise_id.clone(),
            id: grant.grant_id.clone(),
        };
        let Some(permit) = Permit::of(grant, is_park_word(step)) else {
            self.state.registry.drop_permit(&key);
            return;
        };
        let plate = permit.plate.clone();
        let now = step.entry.time;
        let max = self.config.grants_max;
        if !self.state.registry.grant(key, permit, max, now) {
            refused(
                step,
                "access.grant-not-taken",
                &grant.grant_id,
                "there are as many grants as may be held; raise access.grants_max",
            );
            return;
        }
        self.renew_visit(&plate, &grant.grant_id);
    }

    /// A longer window lengthens the stay of a vehicle that is in already.
    fn renew_visit(&mut self, plate: &PlateKey, grant: &str) {
        let Some(number) = self.state.yard.number_of(plate) else {
            return;
        };
        let Some(visit) = self
            .state
            .yard
            .visit(number)
            .filter(|visit| visit.grant.as_deref() == Some(grant))
        else {
            return;
        };
        let due = self.due(visit.plate.as_ref(), Some(grant), visit.entered);
        self.state.yard.set_due(number, due);
    }

    pub(crate) fn on_registration(
        &mut self,
        step: &mut Step<'_>,
        registration: &VehicleRegistration,
    ) {
        // What waits for the park's word changes nothing.
        if step.entry.standing == Standing::Proposal {
            return;
        }
        let vehicle = Registered::of(registration, is_park_word(step));
        let plate = PlateKey::of(&registration.plate);
        if self
            .state
            .registry
            .is_parks(&plate, &vehicle, step.entry.time)
        {
            return;
        }
        let max = self.config.registrations_max;
        if !self.state.registry.register(plate, vehicle, max) {
            refused(
                step,
                "access.registration-not-taken",
                &registration.registration_id,
                "there are as many registrations as may be held; raise access.registrations_max",
            );
        }
    }

    /// The park's entries act everywhere, anybody else's at his own gates.
    pub(crate) fn on_list_entry(&mut self, step: &mut Step<'_>, entry: &ListEntry) {
        let owner = match is_park_word(step) {
            true => None,
            false => Some(speaker(step)),
        };
        let Some(listed) = Listed::of(entry, owner.clone()) else {
            return;
        };
        let key = ListKey {
            owner,
            id: entry.entry_id.clone(),
        };
        let max = self.config.list_entries_max;
        if !self.state.registry.list(key, listed, max) {
            refused(
                step,
                "access.list-entry-not-taken",
                &entry.entry_id,
                "there are as many list entries as may be held; raise access.list_entries_max",
            );
        }
    }
}

/// Whether the park itself says it, as the door noted when it took it in.
fn is_park_word(step: &Step<'_>) -> bool {
    step.entry.standing == Standing::Park
}

/// Who says it: the sender, or the plant whose gate system was read.
fn speaker(step: &Step<'_>) -> PartyId {
    let message = step.entry.message.as_deref();
    message
        .and_then(|message| PartyId::new(speaker_of(message)).ok())
        .unwrap_or_else(|| step.entry.sender.clone())
}

fn refused(step: &mut Step<'_>, action: &str, target: &str, detail: &str) {
    step.audit(Note {
        action,
        actor: None,
        target,
        outcome: AuditOutcome::Denied,
        detail,
    });
}
