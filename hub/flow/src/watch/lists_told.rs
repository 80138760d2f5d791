//! The list of revoked certificates of each authority that the journal told last: by no older one a start may go.
//!
//! A trust folder is copied by others, and a list that was good once stays signed. The journal alone remembers which one the hub
//! went by, so this is state like any other: saved with it, and stepped on from the entries behind it.

use std::sync::{Arc, Mutex, PoisonError};

use cordon_contract::{Decisions, Entry, EntryKind, Plugin, Rows, Table};
use cordon_model::{Body, Digest, Timestamp};
use cordon_security::{KnownList, ListOf};
use serde::{Deserialize, Serialize};

use crate::watch::lists_held::{LIST_IN_USE, Told};

/// Its name among the plug-ins.
const NAME: &str = "flow.lists";
/// Authorities remembered; what is told of more is not, and those that are known stay known.
const AUTHORITIES_MAX: usize = 256;

/// What was told of one list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Row {
    /// The authority's name, as entries have it.
    by: String,
    number: u64,
    made: Timestamp,
    digest: Digest,
}

/// What the journal told last, for whoever asks beside the sequencer. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct KnownLists(Arc<Mutex<Vec<KnownList>>>);

impl KnownLists {
    /// The list of each authority.
    pub fn now(&self) -> Vec<KnownList> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }
}

/// Remembers it. It decides nothing.
#[derive(Debug)]
pub(crate) struct ListsTold {
    /// By the authority: `=` and its mark, or `?` and its name where an older program told of it.
    told: Table<String, Row>,
    shown: KnownLists,
}

impl ListsTold {
    /// As the first of the plug-ins, one that shows what it knows by `shown`.
    pub(crate) fn before(shown: KnownLists, plugins: Vec<Box<dyn Plugin>>) -> Vec<Box<dyn Plugin>> {
        let first = Self {
            told: Table::new("told", 1),
            shown,
        };
        let mut all: Vec<Box<dyn Plugin>> = vec![Box::new(first)];
        all.extend(plugins);
        all
    }

    fn take(&mut self, told: Told<'_>) {
        let unmarked = format!("?{}", told.by);
        let key = match told.mark {
            // Nobody can say whose list that is, and nobody is trusted by it.
            Some(ListOf::UNPROVEN) => return,
            Some(mark) => format!("={mark}"),
            None => unmarked.clone(),
        };
        if self.told.len() >= AUTHORITIES_MAX && !self.told.contains_key(&key) {
            return;
        }
        if key != unmarked {
            self.told.remove(&unmarked);
        }
        let row = Row {
            by: told.by.to_owned(),
            number: told.number,
            made: told.made,
            digest: told.digest,
        };
        self.told.insert(key, row);
        self.show();
    }

    fn show(&self) {
        let known = self.told.iter().map(|(key, row)| KnownList {
            of: match key.strip_prefix('=') {
                Some(mark) => ListOf::Marked(mark.to_owned()),
                None => ListOf::Named(row.by.clone()),
            },
            number: row.number,
            made: row.made,
            digest: row.digest,
        });
        let known = known.collect();
        *self.shown.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

impl Plugin for ListsTold {
    fn name(&self) -> &'static str {
        NAME
    }

    fn step(&mut self, entry: &Entry, _decisions: &mut Decisions) {
        if entry.kind != EntryKind::Audit {
            return;
        }
        let body = entry.message.as_deref().map(|message| &message.body);
        if let Some(Body::AuditEvent(event)) = body
            && event.action == LIST_IN_USE
            && let (Some(target), Some(detail)) = (&event.target, &event.detail)
            && let Some(told) = Told::read(target, detail)
        {
            self.take(told);
        }
    }

    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        false
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.told]
    }

    fn restored(&mut self) {
        self.show();
    }
}

#[cfg(test)]
mod tests {
    use cordon_security::CrlState;

    use super::*;
    use crate::watch::lists_held::list_in_use;
    use crate::watch::lists_held::tests::list;

    fn lists() -> (ListsTold, KnownLists) {
        let shown = KnownLists::default();
        let told = Table::new("told", 1);
        let lists = ListsTold {
            told,
            shown: shown.clone(),
        };
        (lists, shown)
    }

    /// Takes in the entry about a list; an older program's says not whose key it is.
    fn take(lists: &mut ListsTold, list: &CrlState, is_older: bool) {
        let audited = list_in_use(&"HUB-1".parse().unwrap(), None, list);
        let (mut target, detail) = (audited.target.unwrap(), audited.detail.unwrap());
        assert!(target.chars().count() <= 200, "{target}");
        if is_older {
            target.truncate(target.rfind(";of:").unwrap());
        }
        lists.take(Told::read(&target, &detail).unwrap());
    }

    fn numbers(shown: &KnownLists) -> Vec<(ListOf, u64)> {
        let known = shown.now().into_iter();
        known.map(|it| (it.of, it.number)).collect()
    }

    #[test]
    fn the_last_list_of_each_authority_is_known() {
        let (mut lists, shown) = lists();
        let (first, second) = (list(u64::MAX, []), list(4, [1]));
        let mut other = list(2, [5]);
        other.of = "ab".repeat(16);
        for list in [&first, &second, &other] {
            take(&mut lists, list, false);
        }
        let marked = |of: &str| ListOf::Marked(of.to_owned());
        let known = [(marked(&second.of), 4), (marked(&other.of), 2)];
        assert_eq!(numbers(&shown), known);
        let told = &shown.now()[0];
        assert_eq!(
            (told.made, told.digest),
            (second.this_update, second.digest)
        );
        // As a start finds it that goes on from what was stored.
        let kept = lists.kept().unwrap();
        let (mut again, shown) = self::lists();
        again.put_back(&kept).unwrap();
        assert_eq!(numbers(&shown), known);
    }

    #[test]
    fn a_list_that_nobody_signed_is_no_word_of_an_authority() {
        let (mut lists, shown) = lists();
        let mut list = list(9, []);
        list.is_proven = false;
        take(&mut lists, &list, false);
        assert_eq!(numbers(&shown), []);
    }

    #[test]
    fn what_an_older_program_told_holds_until_it_is_told_again() {
        let (mut lists, shown) = lists();
        let list = list(9, []);
        take(&mut lists, &list, true);
        let by = cordon_security::issuer_as_told(&list.issuer);
        assert_eq!(numbers(&shown), [(ListOf::Named(by), 9)]);
        take(&mut lists, &list, false);
        assert_eq!(numbers(&shown), [(ListOf::Marked(list.of.clone()), 9)]);
    }

    #[test]
    fn who_is_known_stays_known_however_many_are_told() {
        let (mut lists, shown) = lists();
        for number in 0..AUTHORITIES_MAX + 5 {
            let mut list = list(1, []);
            list.of = format!("{number:032x}");
            take(&mut lists, &list, false);
        }
        let known = numbers(&shown);
        assert_eq!(known.len(), AUTHORITIES_MAX);
        assert_eq!(known[0].0, ListOf::Marked(format!("{:032x}", 0)));
        take(&mut lists, &list(3, []), false);
        assert_eq!(numbers(&shown).len(), AUTHORITIES_MAX);
    }
}
