//! Which lists of revoked certificates the hub went by at each entry, as the journal itself tells.
//!
//! A hub reads its trust folder once a minute, and clocks go wrong: whether a certificate counted when its holder was heard
//! is decided by the list that the hub held then, not by a date on a newer one.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::EntryKind;
use cordon_model::{AuditOutcome, Body, Digest, Message, PartyId, Timestamp};
use cordon_security::{Certificate, CrlState, ListOf, Withdrawn, issuer_as_told};

use crate::decide::audited::Audited;
use crate::flags;

/// Audit action of a list of revoked certificates that is in use from this entry on.
pub(crate) const LIST_IN_USE: &str = "trust.list";

/// Certificates that an entry names; of more, those that were revoked last.
const NAMED_MAX: usize = 40;
/// A list that is published is read within so long: the trust folder is read each minute, and half a minute is for what was
/// on its way. It decides where the journal tells of no list.
const UNREAD_MICROS: i64 = 90_000_000;
/// Stands for nobody.
const NONE: &str = "none";

/// The entry that tells that a list is in use; `before` is the list of the same authority that was told last in this run.
pub fn list_in_use(hub: &PartyId, before: Option<&CrlState>, list: &CrlState) -> Audited {
    let known: BTreeSet<&str> = before.map_or_else(BTreeSet::new, serials);
    let now = serials(list);
    // What was lifted is told by telling all that is left.
    let is_whole = before.is_none() || known.iter().any(|serial| !now.contains(serial));
    let is_told = |one: &&Withdrawn| is_whole || !known.contains(one.serial.as_str());
    let mut told: Vec<&Withdrawn> = list.withdrawn.iter().filter(is_told).collect();
    told.sort_by_key(|one| std::cmp::Reverse(one.at));
    let older = told.get(NAMED_MAX).map(|one| one.at.micros().to_string());
    told.truncate(NAMED_MAX);
    let named: Vec<&str> = told.iter().map(|one| one.serial.as_str()).collect();
    let named = match named.is_empty() {
        true => NONE.to_owned(),
        false => named.join(","),
    };
    let target = format!(
        "list:{};made:{};whole:{};older:{};sha256:{};of:{}",
        list.number,
        list.this_update.micros(),
        if is_whole { "yes" } else { "no" },
        older.as_deref().unwrap_or(NONE),
        list.digest,
        list.mark()
    );
    let detail = format!("revoked {named}; by {}", issuer_as_told(&list.issuer));
    Audited {
        action: LIST_IN_USE.to_owned(),
        actor: hub.clone(),
        target: Some(target),
        outcome: AuditOutcome::Success,
        detail: Some(detail),
    }
}

fn serials(list: &CrlState) -> BTreeSet<&str> {
    let withdrawn = list.withdrawn.iter();
    withdrawn.map(|one| one.serial.as_str()).collect()
}

/// A field of an entry's target.
fn field<'a>(target: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = target.split(';').filter_map(|field| field.split_once(':'));
    fields.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What an entry tells of the list itself.
pub(crate) struct Told<'a> {
    /// The name of its authority, cut.
    pub by: &'a str,
    /// By what the authority is told from others; older programs did not say it.
    pub mark: Option<&'a str>,
    pub number: u64,
    pub made: Timestamp,
    pub digest: Digest,
}

impl<'a> Told<'a> {
    pub(crate) fn read(target: &'a str, detail: &'a str) -> Option<Self> {
        let (_, by) = detail.split_once("; by ")?;
        Some(Self {
            by,
            mark: field(target, "of"),
            number: field(target, "list")?.parse().ok()?,
            made: Timestamp::from_micros(field(target, "made")?.parse().ok()?),
            digest: field(target, "sha256")?.parse().ok()?,
        })
    }
}

/// The lists that the hub went by, for whoever reads all entries in their order. By the name of the authority and its mark, which
/// is empty where an entry does not prove whose list it was.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ListsHeld(BTreeMap<String, BTreeMap<String, Held>>);

/// What the list of one authority held.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Held {
    serials: BTreeSet<String>,
    /// It held more that were not named, none of them revoked later than this.
    older: Option<Timestamp>,
}

impl ListsHeld {
    /// Takes in what an entry tells.
    pub(crate) fn take(&mut self, (kind, bits): (EntryKind, u16), message: &Message) {
        if kind != EntryKind::Audit || bits & flags::DECIDED != 0 {
            return;
        }
        let Body::AuditEvent(event) = &message.body else {
            return;
        };
        if event.action == LIST_IN_USE
            && let (Some(target), Some(detail)) = (&event.target, &event.detail)
        {
            // One that says it otherwise tells nothing.
            let _ = self.told(target, detail);
        }
    }

    fn told(&mut self, target: &str, detail: &str) -> Option<()> {
        let (named, by) = detail.strip_prefix("revoked ")?.split_once("; by ")?;
        let older = field(target, "older")?
            .parse()
            .ok()
            .map(Timestamp::from_micros);
        let is_whole = field(target, "whole")? == "yes";
        let mark = field(target, "of").filter(|mark| *mark != ListOf::UNPROVEN);
        let named_so = self.0.entry(by.to_owned()).or_default();
        if let Some(mark) = mark.filter(|mark| !named_so.contains_key(*mark)) {
            // Older programs told no mark: what they told was of the first that has one.
            let before = named_so.remove("").unwrap_or_default();
            named_so.insert(mark.to_owned(), before);
        }
        let held = named_so
            .entry(mark.unwrap_or_default().to_owned())
            .or_default();
        if is_whole {
            *held = Held::default();
        }
        let named = named.split(',').filter(|serial| *serial != NONE);
        held.serials.extend(named.map(str::to_owned));
        held.older = held.older.max(older);
        Some(())
    }

    /// Whether a certificate counted for the hub at an entry that it made when its clock showed `clock`; by the newest list at
    /// hand it is revoked from `revoked` on.
    pub(crate) fn judge(
        &self,
        certificate: &Certificate,
        revoked: Option<Timestamp>,
        clock: Timestamp,
    ) -> Heard {
        let serial = certificate.serial();
        let named_so = self.0.get(&issuer_as_told(certificate.issuer()));
        let lists = named_so.map(|lists| of_key(lists, certificate.issued_by()));
        let lists = lists.unwrap_or_default();
        if lists.iter().any(|held| held.names(serial, revoked)) {
            return Heard::Revoked(format!(
                "the certificate is revoked: serial {serial}, on the list that the hub held"
            ));
        }
        let Some(revoked) = revoked.filter(|revoked| clock >= *revoked) else {
            return Heard::Good;
        };
        let is_in_time = clock.micros().saturating_sub(revoked.micros()) < UNREAD_MICROS;
        let words = |why| format!("serial {serial} is revoked as of {revoked}, {why}");
        match lists.first() {
            Some(_) => Heard::Unread(words("by a list that the hub had not read yet")),
            None if is_in_time => Heard::Unread(words(
                "so little before that the hub may not have read the list yet",
            )),
            None => Heard::Revoked(words("and the journal tells of no list that the hub held")),
        }
    }
}

/// The list of the key that issued a certificate; where no entry tells of that key, all of its issuer's name: which one was its
/// authority's, nobody can say.
fn of_key<'a>(lists: &'a BTreeMap<String, Held>, key: &str) -> Vec<&'a Held> {
    match lists.get(key) {
        Some(held) => vec![held],
        None => lists.values().collect(),
    }
}

impl Held {
    /// Whether it named a certificate, which is revoked from `at` on by the newest list at hand.
    fn names(&self, serial: &str, at: Option<Timestamp>) -> bool {
        let older = self.older.zip(at);
        self.serials.contains(serial) || older.is_some_and(|(older, at)| at <= older)
    }
}

/// How a certificate stood when its holder was heard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// It counted.
    Good,
    /// It is revoked as of before, and the hub could not know.
    Unread(String),
    /// It counted no more.
    Revoked(String),
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    pub(crate) fn list(number: u64, withdrawn: impl IntoIterator<Item = i64>) -> CrlState {
        let withdrawn = withdrawn.into_iter().map(|second| Withdrawn {
            serial: format!("{second:032x}"),
            at: at(second),
        });
        let withdrawn: Vec<Withdrawn> = withdrawn.collect();
        CrlState {
            issuer: "CN=Park \u{56ed}; by\\, O=A".to_owned(),
            number,
            next_update: None,
            revoked: withdrawn.len(),
            this_update: at(1),
            digest: cordon_model::Digest([7; 32]),
            withdrawn: withdrawn.into(),
            of: "0f".repeat(16),
            is_proven: true,
            der: [].into(),
        }
    }

    /// What the entries of one list after the other tell.
    fn held(lists: &[CrlState]) -> Held {
        let (mut all, mut before) = (ListsHeld::default(), None);
        for list in lists {
            let audited = list_in_use(&"HUB-1".parse().unwrap(), before, list);
            let (target, detail) = (audited.target.unwrap(), audited.detail.unwrap());
            assert!(target.chars().count() <= 200, "{target}");
            assert!(detail.chars().count() <= 2_000, "{detail}");
            all.told(&target, &detail).unwrap();
            before = Some(list);
        }
        let issuer = issuer_as_told(&lists[0].issuer);
        of_key(&all.0[&issuer], &lists[0].of)[0].clone()
    }

    fn names(held: &Held, second: i64) -> bool {
        held.names(&format!("{second:032x}"), Some(at(second)))
    }

    #[test]
    fn a_list_names_what_it_held_and_what_was_added_and_lifted() {
        let grown = held(&[list(1, []), list(2, [5]), list(3, [5, 9])]);
        assert!(names(&grown, 5) && names(&grown, 9) && !names(&grown, 7));
        let lifted = held(&[list(1, [5, 9]), list(2, [9])]);
        assert!(!names(&lifted, 5) && names(&lifted, 9));
        // One that is revoked as of before, by a list that came later, was not on this one.
        assert!(!names(&held(&[list(1, [9])]), 5));
    }

    /// Told whole at a start, the list of one put out what the other had told.
    #[test]
    fn two_of_one_name_are_held_beside_each_other() {
        let mut all = ListsHeld::default();
        let (old, new) = (list(3, [5]), list(1, [9]));
        let key = "1e".repeat(16);
        let unmarked = "list:2;made:1;whole:yes;older:none";
        all.told(unmarked, "revoked 77; by CN=Park \u{56ed}; by\\, O=A")
            .unwrap();
        for one in [
            &old,
            &CrlState {
                of: key.clone(),
                ..new
            },
        ] {
            let audited = list_in_use(&"HUB-1".parse().unwrap(), None, one);
            let (target, detail) = (audited.target.unwrap(), audited.detail.unwrap());
            all.told(&target, &detail).unwrap();
        }
        let lists = &all.0[&issuer_as_told(&old.issuer)];
        assert_eq!(lists.len(), 2, "{lists:?}");
        let names = |key: &str, second| of_key(lists, key).iter().any(|it| names(it, second));
        assert!(names(&old.of, 5) && !names(&old.of, 9));
        assert!(names(&key, 9) && !names(&key, 5));
        assert!(names("of no entry", 5) && names("of no entry", 9));
    }

    #[test]
    fn of_a_long_list_the_newest_are_named_and_the_rest_goes_by_its_time() {
        let long = held(&[list(1, 1..=1_000)]);
        assert_eq!(long.serials.len(), NAMED_MAX);
        assert!((1..=1_000).all(|second| names(&long, second)));
        assert!(!names(&long, 1_001));
        let longer = held(&[list(1, 1..=1_000), list(2, 1..=1_003)]);
        assert!(names(&longer, 1_002) && !names(&longer, 1_004));
    }

    #[test]
    fn what_is_told_otherwise_tells_nothing() {
        let mut lists = ListsHeld::default();
        for (target, detail) in [
            ("", ""),
            ("list:1", "revoked none; by A"),
            ("older:none", "revoked none; by A"),
            ("older:none;whole:yes", "revoked none"),
        ] {
            assert_eq!(lists.told(target, detail), None, "{target} {detail}");
        }
    }
}
