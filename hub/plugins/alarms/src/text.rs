//! The text of a notice: the alarm's own words first, then what else is known, as far as there is room. Receivers cut
//! from the end (a mail has 300 letters), so what the alarm itself says never stands behind a list.

use crate::plugin::{TEXT_CHARS_MAX, clip};

/// Letters of the reason that may stand before the words.
const REASON_CHARS_MAX: usize = 200;
/// Letters of the names of one list; how many more there are is a number.
const LIST_CHARS_MAX: usize = 500;
/// Letters of a list beside its head and its names.
const FRAME_CHARS: usize = 40;

/// A text that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Text(String);

impl Text {
    /// The words of an alarm, and before them in short why they are told.
    pub(crate) fn new(reason: &str, words: &str) -> Self {
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        Self(clip(&format!("{reason}{words}")))
    }

    /// What is known beside the words. It is there whole or not at all.
    pub(crate) fn remark(&mut self, remark: &str) {
        let remark = remark.trim_end();
        if !remark.is_empty() && letters(remark) < self.room() {
            self.0.push(' ');
            self.0.push_str(remark);
        }
    }

    /// Names, as many as there is room for, of `total`.
    pub(crate) fn list(
        &mut self,
        head: &str,
        separator: &str,
        names: &[impl AsRef<str>],
        total: usize,
    ) {
        if total == 0 {
            return;
        }
        let room = self.room().saturating_sub(letters(head) + FRAME_CHARS);
        let room = room.min(LIST_CHARS_MAX);
        let mut used = 0;
        let fits = |name: &&str| {
            used += letters(name) + letters(separator);
            used <= room
        };
        let shown = names.iter().map(AsRef::as_ref).take_while(fits);
        let mut shown: Vec<&str> = shown.collect();
        let more = total.saturating_sub(shown.len());
        let counted = format!("另 {more} / and {more} more");
        if more > 0 {
            shown.push(&counted);
        }
        self.remark(&format!("[{head}: {}]", shown.join(separator)));
    }

    fn room(&self) -> usize {
        TEXT_CHARS_MAX.saturating_sub(letters(&self.0))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{TEXT_CHARS_MAX, Text};

    fn said(text: Text) -> String {
        text.into()
    }

    #[test]
    fn words_come_first_and_a_list_that_is_too_long_ends_in_a_number() {
        let mut text = Text::new("[why] ", "smoke in hall 3");
        text.remark("[known] ");
        text.list("none", ", ", &[""; 0], 0);
        text.list("few", ", ", &["a", "b"], 5);
        let few = "[why] smoke in hall 3 [known] [few: a, b, 另 3 / and 3 more]";
        assert_eq!(said(text.clone()), few);
        let names: Vec<String> = (10..65)
            .map(|it| format!("{it}{}", "探".repeat(56)))
            .collect();
        text.list("told before", ", ", &names, names.len());
        let said = said(text);
        let end = format!(", {}, 另 47 / and 47 more]", names[7]);
        assert!(said.starts_with(few) && said.ends_with(&end), "{said}");
    }

    #[test]
    fn what_has_no_room_is_left_out_and_never_cut() {
        let own = "火".repeat(500);
        let mut text = Text::new(&"r".repeat(3_000), &own);
        assert_eq!(
            said(text.clone()).chars().count(),
            700,
            "a reason is bounded"
        );
        for _ in 0..9 {
            text.list("head", ", ", &vec!["n".repeat(58); 9], 9);
            text.remark(&format!("[{}]", "k".repeat(200)));
        }
        let said = said(text);
        assert!(said.contains(&own) && said.ends_with(']'), "{said}");
        assert!((1_700..=TEXT_CHARS_MAX).contains(&said.chars().count()));
    }
}
