//! Which versions were given, as the journal tells: a file can be removed, its number is never another's.

use std::collections::BTreeMap;

use cordon_contract::{Entry, EntryKind};
use cordon_model::{AuditEvent, Body, Digest};
use serde::{Deserialize, Serialize};

/// Written for each version that was built.
pub(crate) const BUILT: &str = "report.built";
/// Reports whose highest version is known; the ones built longest ago are let go of. More than the spans that can
/// be asked for of all reports within the days that figures are held.
const REPORTS_MAX: usize = 100_000;
/// So many are let go of at once.
const ROOM: usize = REPORTS_MAX / 10;

/// The highest version of a report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Last {
    pub(crate) version: u32,
    /// Of its bytes; `None` when the entry does not say.
    pub(crate) digest: Option<Digest>,
    /// The entry that tells it.
    entry: u64,
}

/// Highest versions by report id.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Given {
    last: BTreeMap<String, Last>,
}

impl Given {
    /// Takes an entry into account.
    pub(crate) fn step(&mut self, entry: &Entry) {
        let message = entry.message.as_deref().map(|message| &message.body);
        let (EntryKind::Audit, Some(Body::AuditEvent(event))) = (entry.kind, message) else {
            return;
        };
        if event.action != BUILT {
            return;
        }
        if let Some((id, version)) = event.target.as_deref().and_then(named) {
            let last = Last {
                version,
                digest: digest(event),
                entry: entry.number,
            };
            let known = self.last.entry(id.to_owned()).or_insert(last);
            if known.version <= version {
                *known = last;
            }
            self.make_room();
        }
    }

    /// What was given of a report; `None` when nothing was.
    pub(crate) fn of(&self, id: &str) -> Option<Last> {
        self.last.get(id).copied()
    }

    fn make_room(&mut self) {
        if self.last.len() <= REPORTS_MAX {
            return;
        }
        let mut told: Vec<u64> = self.last.values().map(|last| last.entry).collect();
        let (_, until, _) = told.select_nth_unstable(ROOM);
        let until = *until;
        self.last.retain(|_, last| last.entry >= until);
    }
}

/// Report and version of a target such as `RPT-01.JS-1.2026-03-31 v2`.
fn named(target: &str) -> Option<(&str, u32)> {
    let (id, version) = target.rsplit_once(" v")?;
    Some((id, version.parse().ok()?))
}

/// `digest` is the first word of the detail, the digest itself the second.
fn digest(event: &AuditEvent) -> Option<Digest> {
    let said = event.detail.as_deref()?.strip_prefix("digest ")?;
    said.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_stands_and_the_longest_ago_goes() {
        let digest = Digest([7; 32]);
        assert_eq!(
            named("RPT-01.JS-1.2026-03-31 v12"),
            Some(("RPT-01.JS-1.2026-03-31", 12))
        );
        assert_eq!(named("RPT-01"), None);
        let mut given = Given::default();
        for entry in 0..=REPORTS_MAX as u64 {
            let last = Last {
                version: 1,
                digest: Some(digest),
                entry,
            };
            given.last.insert(format!("R-{entry}"), last);
        }
        given.make_room();
        assert_eq!(given.last.len(), REPORTS_MAX + 1 - ROOM);
        assert!(given.of("R-0").is_none() && given.of("R-100000").is_some());
    }
}
