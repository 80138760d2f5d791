//! The label of a `Settings` entry: `plan/1;why=start;before=12`.

use std::fmt;

use crate::decide::settings::Part;

const WHY: &str = ";why=";
const BEFORE: &str = ";before=";

/// What the label of a `Settings` entry says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingsLabel {
    /// The part's name.
    pub name: String,
    /// The form of its bytes.
    pub form: u16,
    /// On which occasion it was written: `start`.
    pub why: String,
    /// The `Settings` entry before this one, of whatever part; 0 for none. So whoever asks what held at an entry
    /// goes from one to the other and reads nothing between.
    pub before: u64,
}

impl SettingsLabel {
    pub(crate) fn of(part: &Part, why: &str, before: u64) -> Self {
        Self {
            name: part.name.clone(),
            form: part.form,
            why: why.to_owned(),
            before,
        }
    }

    /// Reads a label; `None` when it is no such label.
    pub fn read(label: &str) -> Option<Self> {
        let (head, before) = label.rsplit_once(BEFORE)?;
        let (head, why) = head.rsplit_once(WHY)?;
        let (name, form) = head.rsplit_once('/')?;
        Some(Self {
            name: name.to_owned(),
            form: form.parse().ok()?,
            why: why.to_owned(),
            before: before.parse().ok()?,
        })
    }
}

impl fmt::Display for SettingsLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}{WHY}{}{BEFORE}{}",
            self.name, self.form, self.why, self.before
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_as_it_was_written() {
        let part = Part::new("plan", 3, "{}");
        let label = SettingsLabel::of(&part, "start", 12);
        assert_eq!(label.to_string(), "plan/3;why=start;before=12");
        assert_eq!(SettingsLabel::read(&label.to_string()), Some(label));
        for odd in ["", "plan", "plan/1;why=start", "plan/x;why=start;before=1"] {
            assert_eq!(SettingsLabel::read(odd), None, "{odd}");
        }
    }
}
