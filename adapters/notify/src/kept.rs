//! What is known of the single addresses of a mail receiver: who fails. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{MessageId, Timestamp};

use crate::config::Mail;
use crate::mail::{Letter, masked};

/// Addresses that are named in a text.
const NAMED_MAX: usize = 3;
/// Mails of one address that are known to be under way; as many as the hub keeps.
const OWED_MAX: usize = 10_000;

/// An address that did not get the last mail meant for it.
pub(crate) struct Failing {
    pub why: String,
    pub is_refused: bool,
    /// Until then the mail is tried again.
    pub until: Timestamp,
}

/// What is known of the addresses of one receiver.
#[derive(Default)]
pub(crate) struct Kept {
    /// Addresses that put off what nobody took; empty when somebody was told since.
    pub suspects: BTreeSet<usize>,
    /// The server is silent to a mail for several, and nobody was told since.
    pub apart: bool,
    pub failing: BTreeMap<usize, Failing>,
    /// What is sent to an address by itself: the message, until when.
    owed: BTreeMap<usize, BTreeMap<MessageId, Timestamp>>,
}

impl Kept {
    /// Whether something is sent to it by itself: then it is left out of what the others get, so that it holds
    /// nobody up and hears of all in its order.
    pub(crate) fn is_by_itself(&mut self, index: usize, now: Timestamp) -> bool {
        let Some(owed) = self.owed.get_mut(&index) else {
            return false;
        };
        owed.retain(|_, deadline| *deadline > now);
        !owed.is_empty()
    }

    pub(crate) fn owes(&mut self, index: usize, id: MessageId, deadline: Timestamp) {
        let owed = self.owed.entry(index).or_default();
        if owed.len() < OWED_MAX {
            owed.insert(id, deadline);
        }
    }

    /// It took this, or refused it.
    pub(crate) fn settled(&mut self, index: usize, id: MessageId) {
        if let Some(owed) = self.owed.get_mut(&index) {
            owed.remove(&id);
        }
    }

    /// It did not get a mail that is tried again until then, unless it is refused.
    pub(crate) fn failed(&mut self, index: usize, mut failing: Failing) {
        if let Some(before) = self.failing.get(&index) {
            failing.until = failing.until.min(before.until);
        }
        self.failing.insert(index, failing);
    }

    /// Which addresses fail, of those that count.
    pub(crate) fn words(&self, mail: &Mail, counts: impl Fn(&Failing) -> bool) -> Option<String> {
        let failing = self.failing.iter().filter(|(_, it)| counts(it));
        let failing: Vec<_> = failing.collect();
        if failing.is_empty() {
            return None;
        }
        let named = failing.iter().take(NAMED_MAX).map(|(index, it)| {
            let address = mail.to.get(**index).and_then(|it| it.parse().ok());
            let address: Option<lettre::message::Mailbox> = address;
            let name = address.map(|it| masked(&it.email)).unwrap_or_default();
            format!("{name}: {}", it.why)
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
