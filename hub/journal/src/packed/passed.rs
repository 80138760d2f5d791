//! What cannot be worked on at present: it is passed over, so that what comes behind goes on, and tried again after a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Why something was passed over, and when.
#[derive(Clone, Debug)]
struct Why {
    words: String,
    since: Instant,
}

/// What is passed over. It holds no more than there are segments.
#[derive(Debug)]
pub struct Passed<K>(BTreeMap<K, Why>);

impl<K> Default for Passed<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Passed<K> {
    /// For how long it is left alone.
    pub const REST: Duration = Duration::from_secs(3_600);

    /// Passes it over from `now` on. Whether that is news: it was not passed over before, or for another reason.
    pub fn pass(&mut self, what: K, words: String, now: Instant) -> bool {
        let before = self.0.get(&what).map(|why| why.words == words);
        self.0.insert(what, Why { words, since: now });
        before != Some(true)
    }

    /// Whether it is left alone at `now`; one whose rest is over may be tried.
    pub fn rests(&self, what: &K, now: Instant) -> bool {
        let why = self.0.get(what);
        why.is_some_and(|why| now.saturating_duration_since(why.since) < Self::REST)
    }

    /// It is passed over no more. Whether it was.
    pub fn clear(&mut self, what: &K) -> bool {
        self.0.remove(what).is_some()
    }

    /// Forgets those of which nothing is left to do.
    pub fn retain(&mut self, mut is_left: impl FnMut(&K) -> bool) {
        self.0.retain(|what, _| is_left(what));
    }

    /// All of them with the reason, also those that are tried again meanwhile.
    pub fn each(&self) -> impl Iterator<Item = (&K, &str)> {
        self.0.iter().map(|(what, why)| (what, why.words.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_tried_again_after_its_rest_and_named_until_it_is_done() {
        let begun = Instant::now();
        let mut passed = Passed::default();
        assert!(passed.pass(3_u64, "damaged".to_owned(), begun));
        assert!(passed.rests(&3, begun) && !passed.rests(&4, begun));
        let later = begun + Passed::<u64>::REST;
        assert!(!passed.rests(&3, later));
        assert_eq!(passed.each().collect::<Vec<_>>(), [(&3, "damaged")]);
        assert!(!passed.pass(3, "damaged".to_owned(), later), "no news");
        assert!(passed.rests(&3, later));
        assert!(passed.pass(3, "not there".to_owned(), later));
        assert!(passed.clear(&3) && !passed.clear(&3));
        assert!(!passed.rests(&3, later));
    }
}
