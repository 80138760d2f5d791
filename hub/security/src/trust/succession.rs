//! How one reading of a trust folder stands to the one before: whose list goes on, and which folder is refused.

use cordon_contract::Fault;

use super::list::{CrlState, KnownList, Listed};
use super::snapshot::Snapshot;
use crate::refusal;

/// Lists remembered of authorities that were taken out; of more the oldest is forgotten.
const LEFT_MAX: usize = 64;
/// Serial numbers named where a newer list lacks some.
const BACK_MAX: usize = 10;

impl Snapshot {
    /// Goes by the lists that were kept, where the folder has older ones of the same authorities. Gives why, of the first. One
    /// that no authority of the folder signed holds nothing.
    pub(super) fn go_by(&mut self, kept: Vec<Listed>, folder: &std::path::Path) -> Option<Fault> {
        let mut why = None;
        for mut listed in kept {
            let Some(index) = self.place_of(&listed.state) else {
                continue;
            };
            self.prove_one(&mut listed.state, &mut listed.held);
            let given = self.states.get(index);
            if let Some(given) = given.filter(|_| listed.state.is_proven) {
                self.tell_of(&listed.state, given);
            }
            let against = given.and_then(|given| listed.state.known().against(given));
            if let (Some(fault), true) = (against, listed.state.is_proven) {
                let is_kept = "the newer one is kept by the hub and stays in use";
                let fault = Fault::new(fault.code(), fault.peer_text())
                    .log(format!("{}; {is_kept}", fault.log_text()))
                    .at(folder.display().to_string())
                    .remedy(fault.remedy_text());
                why.get_or_insert(fault);
                self.revoked.extend(listed.revoked);
                self.exchange(index, listed.state, listed.held);
            }
        }
        why
    }

    /// The same of the lists in use, under a running hub: one that is older or gone keeps no other authority's newer one from being
    /// used. What an authority gave out that lies here no more holds nothing.
    pub(super) fn go_on_from(&mut self, used: &Self, folder: &std::path::Path) -> Option<Fault> {
        let proven = used
            .left
            .iter()
            .chain(used.states.iter().filter(|old| old.is_proven));
        let lists: Vec<Listed> = proven
            .filter_map(|old| Listed::read(&old.der).ok())
            .collect();
        let (here, gone): (Vec<Listed>, Vec<Listed>) = lists
            .into_iter()
            .partition(|old| self.place_of(&old.state).is_some());
        let mut why = self.go_by(here, folder);
        for mut old in gone {
            self.prove_one(&mut old.state, &mut old.held);
            if !old.state.is_proven {
                self.left.retain(|it| it.of != old.state.of);
                self.left.push(old.state);
                continue;
            }
            let words = format!(
                "CRL {} of {} is gone; it stays in use",
                old.state.number, old.state.issuer
            );
            let fault = refusal::CRL_ROLLBACK.because(words);
            why.get_or_insert(fault.at(folder.display().to_string()));
            self.revoked.extend(old.revoked);
            self.states.push(old.state);
            self.lists.push(old.held);
        }
        let over = self.left.len().saturating_sub(LEFT_MAX);
        self.left.drain(..over);
        why
    }

    /// Says of newer lists whom they revoke no more.
    pub(super) fn tell_who_is_back(&self, used: &[CrlState]) {
        for old in used.iter().filter(|old| old.is_proven) {
            if let Some(new) = self.states.iter().find(|new| new.of == old.of) {
                self.tell_of(old, new);
            }
        }
    }

    /// An authority that was restored from a backup has forgotten whom it revoked since. Whose certificate has ended by its register
    /// may be left out.
    fn tell_of(&self, old: &CrlState, new: &CrlState) {
        if new.digest == old.digest || old.known().against(new).is_some() {
            return;
        }
        let back = old.lacking(new, |serial| {
            let register = self.register.as_ref();
            register.is_some_and(|it| it.has_ended(serial, new.this_update))
        });
        if !back.is_empty() {
            let (count, serials) = (back.len(), back.get(..BACK_MAX).unwrap_or(&back).join(", "));
            tracing::warn!(
                issuer = new.issuer,
                old = old.number,
                new = new.number,
                count,
                serials,
                "a newer list of revoked certificates no longer names some whom the one before it revoked: they are trusted again. Where the CA was restored from a backup, give it the one before by `cordon cert crl --with` from lists-in-use, or revoke them again"
            );
        }
    }

    /// Whether no list that nobody here signed, and no register, is older than that in use.
    pub(super) fn follows(&self, used: &Self, folder: &std::path::Path) -> Result<(), Fault> {
        for old in used.states.iter().filter(|old| !old.is_proven) {
            // Nobody can say whose one is that no authority of the folder signed, but by its name.
            let mut its = self.states.iter().filter(|new| new.issuer == old.issuer);
            if let Some(fault) = its.clone().find_map(|new| old.known().against(new)) {
                return Err(fault.at(folder.display().to_string()));
            }
            if !its.any(|new| new.number >= old.number) {
                let detail = format_args!("CRL {} of {} is gone", old.number, old.issuer);
                return Err(refusal::CRL_ROLLBACK.because(detail));
            }
        }
        if let Some(old) = &used.register {
            let new = self.register.as_ref();
            if new.is_none_or(|new| new.number < old.number) {
                let detail = format_args!("register {} is gone", old.number);
                return Err(refusal::REGISTER_ROLLBACK.because(detail));
            }
        }
        Ok(())
    }

    /// Whether no list of it is older than one that the hub went by.
    pub(super) fn meets(&self, known: &[KnownList], folder: &std::path::Path) -> Result<(), Fault> {
        let against = |known: &KnownList| self.states.iter().find_map(|it| known.against(it));
        match known.iter().find_map(against) {
            Some(fault) => Err(fault.at(folder.display().to_string())),
            None => Ok(()),
        }
    }
}
