//! What is kept of what was said. The entry has the whole: the state holds what people are shown, and marks of what
//! is only compared.

use cordon_model::AlarmEvent;

/// Letters kept of a text that somebody wrote.
pub(crate) const WORDS_MAX: usize = 200;
/// Letters kept of a text that the hub wrote, which may quote another's.
const HUBS_WORDS_MAX: usize = 500;
/// Pictures and clips kept of an alarm, and letters of the address of each.
const EVIDENCE_MAX: usize = 2;
const ADDRESS_CHARS_MAX: usize = 200;
/// At the end of words of which there are more.
const MORE: char = '…';

/// The beginning of a text.
pub(crate) fn kept_words(words: &str, of_hub: bool) -> String {
    let most = if of_hub { HUBS_WORDS_MAX } else { WORDS_MAX };
    match words.char_indices().nth(most) {
        Some(_) => words.chars().take(most).chain([MORE]).collect(),
        None => words.to_owned(),
    }
}

/// Whether these words may have gone on.
pub(crate) fn are_cut(words: &str) -> bool {
    words.ends_with(MORE)
}

/// An event with the beginning of its words, and the first of what it shows.
pub(crate) fn kept(event: &AlarmEvent, of_hub: bool) -> AlarmEvent {
    let mut evidence = event.evidence.clone();
    evidence.retain(|one| one.uri.chars().nth(ADDRESS_CHARS_MAX).is_none());
    evidence.truncate(EVIDENCE_MAX);
    AlarmEvent {
        description: kept_words(&event.description, of_hub),
        evidence,
        ..event.clone()
    }
}
