//! What a receiver's post keeps of its single addresses: what they are owed, what they did not get, and who
//! fails. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordon_model::Timestamp;

use crate::config::Mail;
use crate::mail::{Letter, masked};

/// Dead letters of one receiver's addresses; beyond them the oldest goes.
const DEAD_MAX: usize = 1_000;
/// Addresses that are named in a text.
const NAMED_MAX: usize = 3;

/// One mail that an address has not got yet.
#[derive(Clone)]
pub(crate) struct Owed {
    pub letter: Arc<Letter>,
    pub deadline: Timestamp,
    pub why: String,
}

/// One mail that an address did not get.
pub(crate) struct Dead {
    pub owed: Owed,
    pub since: Timestamp,
}

/// Where what is kept stands: by urgency and number of the order.
pub(crate) type Lane = BTreeMap<(u8, u64), Owed>;

/// What is known of the addresses of one receiver.
#[derive(Default)]
pub(crate) struct Kept {
    /// By address. A lane that is there has a task that works on it.
    pub lanes: BTreeMap<usize, Lane>,
    /// Addresses that put off what nobody took; empty when somebody was told since.
    pub suspects: BTreeSet<usize>,
    /// The server is silent to a mail for several, and nobody was told since.
    pub apart: bool,
    /// By number of the order and address.
    pub dead: BTreeMap<(u64, usize), Dead>,
    /// Addresses that did not get the last mail meant for them, with the reason, and whether it was given up.
    pub failing: BTreeMap<usize, (String, bool)>,
}

impl Kept {
    pub(crate) fn has_given_up(&self, index: usize) -> bool {
        self.failing
            .get(&index)
            .is_some_and(|(_, given_up)| *given_up)
    }

    pub(crate) fn give_up(&mut self, index: usize, owed: Owed, since: Timestamp) {
        tracing::warn!(
            order = owed.letter.number,
            why = owed.why,
            "one address did not get a mail"
        );
        self.failing.insert(index, (owed.why.clone(), true));
        let place = (owed.letter.number, index);
        self.dead.insert(place, Dead { owed, since });
        if self.dead.len() > DEAD_MAX {
            self.dead.pop_first();
        }
    }

    /// Which addresses fail, of those that count.
    pub(crate) fn words(&self, mail: &Mail, counts: impl Fn(bool) -> bool) -> Option<String> {
        let failing = self
            .failing
            .iter()
            .filter(|(_, (_, given_up))| counts(*given_up));
        let failing: Vec<_> = failing.collect();
        if failing.is_empty() {
            return None;
        }
        let named = failing.iter().take(NAMED_MAX).map(|(index, (why, _))| {
            let address = mail.to.get(**index).and_then(|it| it.parse().ok());
            let address: Option<lettre::message::Mailbox> = address;
            let name = address.map(|it| masked(&it.email)).unwrap_or_default();
            format!("{name}: {why}")
        });
        let named: Vec<String> = named.collect();
        let (count, all) = (failing.len(), mail.to.len());
        Some(format!(
            "{count} of {all} addresses not reached: {}",
            named.join("; ")
        ))
    }
}

/// The first of these addresses, masked, each with what is said of it.
pub(crate) fn list(letter: &Letter, which: &[(usize, String)]) -> String {
    let named = which.iter().take(NAMED_MAX).map(|(index, why)| {
        let address = letter.to.get(*index).map(masked).unwrap_or_default();
        format!("{address}: {why}")
    });
    let named: Vec<String> = named.collect();
    named.join("; ")
}

/// A server's words without the address that they often repeat.
pub(crate) fn hidden(letter: &Letter, index: usize, why: &str) -> String {
    match letter.to.get(index) {
        Some(address) => why.replace(AsRef::<str>::as_ref(address), &masked(address)),
        None => why.to_owned(),
    }
}
