//! A part of the settings, and who makes plug-ins of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use cordon_contract::{Fault, Plugin};
use cordon_model::Digest;
use cordon_wire::digest_of_bytes;

use crate::fault::{CONFIGURATION, fault};

/// Most bytes of one part; a plan of 20,000 devices takes a half.
pub const PART_BYTES_MAX: usize = 4 << 20;
/// Most bytes of all parts together: a first start writes them in one batch.
pub const PARTS_BYTES_MAX: usize = 8 << 20;
/// Most parts, those of plug-ins that are gone included.
pub const PARTS_MAX: usize = 64;
/// Longest name of a part, bytes.
const NAME_BYTES_MAX: usize = 48;
/// How the part of a plug-in begins that runs only where the configuration has a section for it.
pub const PLUGINS: &str = "plugins.";
/// What such a part says where it does not run.
const NOTHING: &[u8] = b"null";

/// A part of the settings as it stands in the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// Its name: `plan`, `rules`, `routes`. Never renamed.
    pub name: String,
    /// The form of its bytes: another when they cannot be read as before.
    pub form: u16,
    /// What it says, in the form.
    pub body: Bytes,
}

impl Part {
    /// A part of this name and form.
    pub fn new(name: &str, form: u16, body: impl Into<Bytes>) -> Self {
        Self {
            name: name.to_owned(),
            form,
            body: body.into(),
        }
    }

    /// What says that the plug-in of a part `plugins.NAME` does not run.
    pub fn nothing(name: &str, form: u16) -> Self {
        Self::new(name, form, NOTHING)
    }

    /// Whether it says that its plug-in does not run.
    pub fn is_nothing(&self) -> bool {
        self.name.starts_with(PLUGINS) && self.body == NOTHING
    }

    /// What holds while the journal says nothing of the part: what the configuration says today. A plug-in that need
    /// not run does not run before an entry says so, else what was written without it would be another past with it.
    pub(crate) fn unsaid(&self) -> Self {
        match self.name.starts_with(PLUGINS) {
            true => Self::nothing(&self.name, self.form),
            false => self.clone(),
        }
    }

    /// By what it is told from another of its name.
    pub fn digest(&self) -> Digest {
        digest_of_bytes(&self.body)
    }

    /// What is wrong with these parts as such; empty when they can be written.
    pub fn check(parts: &[Self]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |name: &str, why: String| {
            let place = format!("settings: {name}");
            faults.push(fault(CONFIGURATION).at(place).log(why));
        };
        for part in parts {
            let is_name = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
            };
            let name = part.name.as_str();
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_name) {
                bad(
                    name,
                    "a part's name has 1 to 48 small letters and digits".to_owned(),
                );
            }
            if part.body.len() > PART_BYTES_MAX {
                let size = part.body.len();
                bad(name, format!("{size} bytes, over {PART_BYTES_MAX}"));
            }
        }
        let all: usize = parts.iter().map(|part| part.body.len()).sum();
        if all > PARTS_BYTES_MAX {
            bad("all parts", format!("{all} bytes, over {PARTS_BYTES_MAX}"));
        }
        if parts.len() > PARTS_MAX {
            let count = parts.len();
            bad("all parts", format!("{count}, over {PARTS_MAX}"));
        }
        faults
    }
}

/// A part that this program cannot use, and why.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// Its name.
    pub name: String,
    /// Why it cannot be used.
    pub why: Fault,
}

/// What is made of settings.
pub struct Made {
    /// Plug-ins that remember nothing, in the order they are stepped.
    pub plugins: Vec<Box<dyn Plugin>>,
    /// Parts that this program cannot use. In the place of each stands what the configuration says today.
    pub unusable: Vec<Unusable>,
}

/// Makes plug-ins of settings: of those of today, and of those that held when an entry was written.
pub trait Maker: Send + Sync + 'static {
    /// What the configuration says today, every part of it, always in the same order.
    fn today(&self) -> &[Part];

    /// Plug-ins by these parts, by name, always the same in the same order: [`Absent`](super::Absent) stands for one that
    /// does not run. A part that is not there or cannot be used is today's in its place; of a part [`PLUGINS`] that is not
    /// there nothing runs. The same parts give the same plug-ins.
    ///
    /// # Errors
    /// When no plug-ins can be made at all; those there are stay.
    fn make(&self, parts: &BTreeMap<&str, &Part>) -> Result<Made, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_limits_that_are_said() {
        assert!(Part::check(&[Part::new("access.rules", 1, "{}")]).is_empty());
        let longest = format!("{PLUGINS}{}", "jt808-".repeat(7).trim_end_matches('8'));
        assert!(Part::check(&[Part::nothing(&longest[..48], 1)]).is_empty());
        let large = vec![b' '; PART_BYTES_MAX];
        let all: Vec<Part> = ["one", "two", "three"]
            .map(|name| Part::new(name, 1, large.clone()))
            .into();
        let faults = Part::check(&all);
        assert_eq!(faults.len(), 1, "each fits, all together do not");
        assert!(faults[0].place().contains("all parts"));
        let faults = Part::check(&[Part::new("Plan", 1, vec![0; PART_BYTES_MAX + 1])]);
        assert_eq!(faults.len(), 2);
    }
}
