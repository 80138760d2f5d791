//! Sealed segments that are kept packed: the same bytes in chunks of zstd, each readable by itself, so that whoever
//! reads a segment reads a packed one without knowing. Layout in `docs/design/journal.md` §3.5.

mod check;
mod file;
mod forget;
mod head;
mod old;
mod packer;
mod passed;

pub use forget::{Aged, Draft, Forgetter, Forgetting, Forgotten};
pub use old::Old;
pub use packer::{Packed, Packer};
pub use passed::Passed;

pub(crate) use check::{begin_after, begin_of, checked};
pub(crate) use file::PackedFile;
use packer::write_packed;

/// How the file of a packed segment ends.
pub(crate) const SUFFIX: &str = ".segz";

/// `00000001.segz`
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:08}{SUFFIX}")
}
