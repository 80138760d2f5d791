//! Taking in grants, registrations and list entries: whose word counts for what.

use cordon_model::{
    AccessGrant, AuditOutcome, LifeState, ListEntry, ListKind, PartyId, VehicleRegistration,
};

use crate::alarm::{Note, Step};
use crate::permit::{ListKey, Listed, Permit, PermitKey, Registered};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;

impl AccessPlugin {
    /// Whether a sender is one of the enterprises of the plan.
    pub(crate) fn is_enterprise(&self, sender: &PartyId) -> bool {
        self.plan
            .enterprises
            .iter()
            .any(|enterprise| enterprise.id == *sender)
    }

    /// Whether the park itself says it: signed by no enterprise, and no reading of a partner's
    /// system that the hub only attests.
    fn is_park_word(&self, step: &Step<'_>) -> bool {
        let attested = step
            .entry
            .message
            .as_ref()
            .is_some_and(|message| message.header.attested_by.is_some());
        !attested && !self.is_enterprise(&step.entry.sender)
    }

    pub(crate) fn on_grant(&mut self, step: &mut Step<'_>, grant: &AccessGrant) {
        let sender = &step.entry.sender;
        if self.is_enterprise(sender) && grant.enterprise_id != *sender {
            refused(
                step,
                "access.grant-not-taken",
                &grant.grant_id,
                "an enterprise grants for itself alone",
            );
            return;
        }
        let key = PermitKey {
            enterprise: grant.enterprise_id.clone(),
            id: grant.grant_id.clone(),
        };
        let Some(permit) = Permit::of(grant, self.is_park_word(step)) else {
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
        let sender = &step.entry.sender;
        if self.is_enterprise(sender) && registration.enterprise_id != *sender {
            refused(
                step,
                "access.registration-not-taken",
                &registration.registration_id,
                "an enterprise registers for itself alone",
            );
            return;
        }
        let vehicle = Registered::of(registration, self.is_park_word(step));
        let plate = PlateKey::of(&registration.plate);
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

    /// Black lists are taken from everybody who may send them; a white list exempts from booking
    /// and is the park's alone.
    pub(crate) fn on_list_entry(&mut self, step: &mut Step<'_>, entry: &ListEntry) {
        if entry.list_kind == ListKind::White
            && entry.state == LifeState::Active
            && !self.is_park_word(step)
        {
            refused(
                step,
                "access.list-entry-not-taken",
                &entry.entry_id,
                "only the park itself keeps a white list",
            );
            return;
        }
        let Some(listed) = Listed::of(entry) else {
            return;
        };
        let sender = &step.entry.sender;
        let key = ListKey {
            owner: self.is_enterprise(sender).then(|| sender.clone()),
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

fn refused(step: &mut Step<'_>, action: &str, target: &str, detail: &str) {
    step.audit(Note {
        action,
        actor: None,
        target,
        outcome: AuditOutcome::Denied,
        detail,
    });
}
