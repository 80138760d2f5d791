//! House rules as ordinary tests.
//!
//! Each rule is a function from the tree to a list of complaints of the form
//! `file:line: what is wrong, what to do instead`; the tests in `tests/` demand empty lists.

mod floors;
mod inside;
mod sources;

pub use floors::{arrows, floors};
pub use inside::inside;
pub use sources::{Complaint, Source, sources};
