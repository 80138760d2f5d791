//! What was said of one subject: the newest statement of each author.

use serde::{Deserialize, Serialize};

use super::lean::Lean;
use super::stamp::Stamp;

/// Authors remembered of one subject. Beyond it the one gives way whose newest statement is oldest; those
/// that are left overrule about as much.
const AUTHORS_MAX: usize = 8;

/// The newest statement of each author. Nobody's word takes the place of another's: one that is older than
/// his own newest stays older, whoever spoke in between.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Stamps(Vec<Stamp>);

impl Stamps {
    /// Whether a statement is older than one of these.
    pub(super) fn overrule(&self, stamp: Stamp, lean: Lean) -> bool {
        self.0.iter().any(|known| stamp.is_before(*known, lean))
    }

    /// Takes a statement in. What is kept never gets older.
    pub(super) fn note(&mut self, stamp: Stamp) {
        match self.0.iter_mut().find(|it| it.author == stamp.author) {
            Some(own) if stamp.is_newer_own(*own) => *own = stamp,
            Some(_) => {}
            None => self.0.push(stamp),
        }
        if self.0.len() > AUTHORS_MAX {
            let oldest = self
                .0
                .iter()
                .enumerate()
                .min_by_key(|(_, it)| it.bounded_micros());
            if let Some((place, _)) = oldest {
                self.0.remove(place);
            }
        }
    }

    /// When the newest of them says that it was; what orders subjects by age.
    pub(super) fn newest_micros(&self) -> i64 {
        let said = self.0.iter().map(|it| it.said_micros);
        said.max().unwrap_or_default()
    }
}
