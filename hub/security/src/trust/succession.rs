//! How a reading of a trust folder stands to what the hub went by before: each authority is judged for itself, by the newest
//! of its own lists that is known, and nothing of one holds up another.

use std::collections::BTreeMap;
use std::path::Path;

use cordon_contract::Fault;

use super::list::{CrlState, KnownList, Listed};
use super::memory::Memory;
use super::path::Whose;
use super::snapshot::Snapshot;
use crate::refusal;

/// Serial numbers named where a newer list lacks some.
const BACK_MAX: usize = 10;

/// What becomes of it where a list is older than one that is known, or than one that the journal alone tells of.
const KEPT: &str = "the newer one is kept by the hub and stays in use";
const NOT_THERE: &str =
    "that one is not there, and nobody whom its authority certified is trusted until it is";

/// What the lists of a folder are held to.
#[derive(Clone, Copy)]
pub(super) struct HeldTo<'a> {
    /// The lists themselves.
    pub memory: &'a Memory,
    /// What the journal tells of them.
    pub known: &'a [KnownList],
}

/// Why not all that lies in a folder is gone by; each is the first of its kind.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// A list that is older or gone: the one that is known is in use.
    pub older: Option<Fault>,
    /// A list that is older than the journal tells, and the newer one is not there: whom its authority certified is refused.
    pub barred: Option<Fault>,
}

impl Aside {
    pub(super) fn first(self) -> Option<Fault> {
        self.barred.or(self.older)
    }
}

impl Snapshot {
    /// Chooses the list of each authority: of those that it signed the newest, here or known.
    pub(super) fn choose(&mut self, found: Vec<Listed>, to: HeldTo<'_>, folder: &Path) -> Aside {
        let mut aside = Aside::default();
        let place = folder.display().to_string();
        let mut of_each: BTreeMap<Whose, Choice> = BTreeMap::new();
        for mut list in found {
            self.prove_one(&mut list.state, &mut list.held);
            match list.held.whose() {
                Some(whose) => of_each.entry(whose).or_default().take_found(list),
                None => self.take(list),
            }
        }
        for known in to.memory.lists() {
            let Ok(mut list) = Listed::read(&known.der) else {
                continue;
            };
            self.prove_one(&mut list.state, &mut list.held);
            if let Some(whose) = list.held.whose() {
                of_each.entry(whose).or_default().take_known(list);
            }
        }
        for choice in of_each.into_values() {
            let Some(list) = self.chosen(choice, &place, &mut aside) else {
                continue;
            };
            let against = |known: &KnownList| known.against(&list.state);
            match to.known.iter().find_map(against) {
                None => self.take(list),
                Some(fault) => {
                    let fault = fault.and_log(NOT_THERE).at(place.clone());
                    aside.barred.get_or_insert(fault);
                }
            }
        }
        aside
    }

    /// The list of one authority.
    fn chosen(&self, choice: Choice, place: &str, aside: &mut Aside) -> Option<Listed> {
        let mut tell = |fault: Fault| {
            aside.older.get_or_insert(fault.at(place.to_owned()));
        };
        match (choice.known, choice.found) {
            (Some(known), Some(found)) => match known.state.newer_than(&found.state) {
                Some(fault) => {
                    tell(fault.and_log(KEPT));
                    Some(known)
                }
                None => {
                    self.tell_of(&known.state, &found.state);
                    Some(found)
                }
            },
            (Some(known), None) => {
                let CrlState { number, issuer, .. } = &known.state;
                let words = format_args!("CRL {number} of {issuer} is gone; it stays in use");
                tell(refusal::CRL_ROLLBACK.because(words));
                Some(known)
            }
            (None, Some(found)) => {
                if choice.is_twin {
                    let CrlState { number, issuer, .. } = &found.state;
                    let words = format_args!(
                        "two CRLs {number} of {issuer} lie here; the one that revokes more is in use"
                    );
                    tell(refusal::CRL_ANOTHER.because(words));
                }
                Some(found)
            }
            (None, None) => None,
        }
    }

    fn take(&mut self, list: Listed) {
        self.revoked.extend(list.revoked);
        self.states.push(list.state);
        self.lists.push(list.held);
    }

    /// Goes on with the register in use where the folder's is older, gone or of no use: it says of nobody whether he is trusted.
    pub(super) fn follow_register(&mut self, used: &Self, folder: &Path) -> Option<Fault> {
        let old = used.register.as_ref()?;
        let new = self.register.as_ref();
        if new.is_some_and(|new| new.number >= old.number) {
            return None;
        }
        let words = match new {
            Some(new) => format!(
                "register {}, register {} stays in use",
                new.number, old.number
            ),
            None => format!("register {} is gone; it stays in use", old.number),
        };
        self.register = Some(old.clone());
        let place = folder.display().to_string();
        Some(refusal::REGISTER_ROLLBACK.because(words).at(place))
    }

    /// An authority that was restored from a backup has forgotten whom it revoked since. Whose certificate has ended by its register
    /// may be left out.
    fn tell_of(&self, old: &CrlState, new: &CrlState) {
        if new.digest == old.digest || old.newer_than(new).is_some() {
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
}

/// What there is of one authority's lists.
#[derive(Default)]
struct Choice {
    /// By which this hub went last.
    known: Option<Listed>,
    /// The newest of the folder.
    found: Option<Listed>,
    /// The folder has another one under the number of that.
    is_twin: bool,
}

impl Choice {
    fn take_known(&mut self, list: Listed) {
        let is_newer = |old: &Listed| old.state.place() < list.state.place();
        if self.known.as_ref().is_none_or(is_newer) {
            self.known = Some(list);
        }
    }

    /// Of two under one number nobody can say which is the newer one: that which revokes more.
    fn take_found(&mut self, list: Listed) {
        let order = self.found.as_ref().map(|old| {
            self.is_twin |=
                old.state.place() == list.state.place() && old.state.digest != list.state.digest;
            let weight = |it: &CrlState| (it.place(), it.revoked);
            weight(&old.state).cmp(&weight(&list.state))
        });
        if order.is_none_or(std::cmp::Ordering::is_lt) {
            let is_higher = |old: &Listed| old.state.place() < list.state.place();
            self.is_twin &= !self.found.as_ref().is_some_and(is_higher);
            self.found = Some(list);
        }
    }
}
