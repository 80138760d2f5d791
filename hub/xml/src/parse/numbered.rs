//! Texts by number, in the order in which they came first.

use std::borrow::Cow;
use std::collections::HashMap;

/// So many are compared with one another, which is cheaper than hashing for as few as honest
/// documents have. More are looked up under a secret of each table: they are the document's.
const COMPARED_MAX: usize = 16;

/// Prefixes or namespace names and their numbers.
pub(super) struct Numbered<'t> {
    few: Vec<Cow<'t, str>>,
    more: HashMap<Cow<'t, str>, u16>,
}

impl<'t> Numbered<'t> {
    /// With these as the first.
    pub(super) fn from_fixed(fixed: [&'static str; 2]) -> Self {
        let mut few = Vec::with_capacity(COMPARED_MAX);
        few.extend(fixed.map(Cow::Borrowed));
        Self {
            few,
            more: HashMap::new(),
        }
    }

    /// How many there are, which is the next number.
    pub(super) fn len(&self) -> usize {
        self.few.len() + self.more.len()
    }

    /// The number of a text; `steps` grows by what finding it cost.
    pub(super) fn get(&self, text: &str, steps: &mut u64) -> Option<u16> {
        let found = self.few.iter().position(|known| is_same(known, text));
        *steps += 1;
        match found {
            Some(index) => Some(index as u16),
            None if self.more.is_empty() => None,
            None => self.more.get(text).copied(),
        }
    }

    /// Gives a text that has none the next number.
    pub(super) fn add(&mut self, text: Cow<'t, str>) -> u16 {
        let number = self.len() as u16;
        if self.few.len() < COMPARED_MAX {
            self.few.push(text);
        } else {
            self.more.insert(text, number);
        }
        number
    }
}

/// Equality that mostly is decided by length and last byte.
fn is_same(known: &str, text: &str) -> bool {
    known.len() == text.len() && known.as_bytes().last() == text.as_bytes().last() && known == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_where_comparing_ends() {
        let mut names = Numbered::from_fixed(["", "xml"]);
        let mut steps = 0;
        for number in 2..200_u16 {
            let text = format!("p{number}");
            assert_eq!(names.get(&text, &mut steps), None);
            assert_eq!(names.add(text.into()), number);
        }
        for number in 2..200_u16 {
            assert_eq!(names.get(&format!("p{number}"), &mut steps), Some(number));
        }
        assert_eq!(names.get("xml", &mut steps), Some(1));
        assert_eq!(
            steps,
            198 + 198 + 1,
            "one step each, however many there are"
        );
        assert_eq!(names.len(), 200);
    }
}
