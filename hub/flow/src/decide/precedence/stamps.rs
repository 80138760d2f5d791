//! What was said of one subject: the newest statements of each author.

use serde::{Deserialize, Serialize};

use super::lean::Lean;
use super::stamp::Stamp;

/// Authors remembered of one subject. Beyond it the one gives way whose newest statement is oldest; those
/// that are left overrule about as much.
const AUTHORS_MAX: usize = 32;

/// What one author said.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Own {
    /// What he says is the newest.
    newest: Stamp,
    /// What is the newest by the time at which it was true at the latest: another than that once his clock was
    /// ahead. It is this one that others go by.
    latest: Stamp,
}

/// The newest statements of each author. Nobody's word takes the place of another's: one that is older than
/// his own newest stays older, whoever spoke in between.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Stamps(Vec<Own>);

impl Stamps {
    /// Whether a statement is older than one of these.
    pub(super) fn overrule(&self, stamp: Stamp, lean: Lean) -> bool {
        let mut all = self.0.iter().flat_map(|own| [own.newest, own.latest]);
        all.any(|known| stamp.is_before(known, lean))
    }

    /// Takes a statement in. What is kept never gets older.
    pub(super) fn note(&mut self, stamp: Stamp) {
        match self
            .0
            .iter_mut()
            .find(|own| own.newest.author == stamp.author)
        {
            Some(own) => {
                if stamp.is_newer_own(own.newest) {
                    own.newest = stamp;
                }
                if stamp.bounded_micros() >= own.latest.bounded_micros() {
                    own.latest = stamp;
                }
            }
            None => self.0.push(Own {
                newest: stamp,
                latest: stamp,
            }),
        }
        if self.0.len() > AUTHORS_MAX {
            let by_age = |(_, own): &(usize, &Own)| own.latest.bounded_micros();
            if let Some((place, _)) = self.0.iter().enumerate().min_by_key(by_age) {
                self.0.remove(place);
            }
        }
    }

    /// When the newest of them says that it was; what orders subjects by age.
    pub(super) fn newest_micros(&self) -> i64 {
        let said = self.0.iter().map(|own| own.newest.said_micros);
        said.max().unwrap_or_default()
    }
}
