//! Free text on its way into a message: cut to length, without characters XML cannot carry.

/// `text` without control characters, cut to `max` characters; `None` when nothing is left.
pub(crate) fn clip(text: &str, max: usize) -> Option<String> {
    let clean = clip_empty(text, max);
    (!clean.is_empty()).then_some(clean)
}

/// As [`clip`], for elements that may be empty.
pub(crate) fn clip_empty(text: &str, max: usize) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .filter(|letter| !matches!(letter, '\u{FFFE}' | '\u{FFFF}'))
        .take(max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_characters_and_cleaned() {
        assert_eq!(clip("园区\u{0}\n闸", 4).as_deref(), Some("园区  "));
        assert_eq!(clip("", 4), None);
    }
}
