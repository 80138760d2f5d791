//! Old segments in another folder, on a disk that may be large and slow: moved there packed, read from there by whoever
//! is told of it, brought back when they are wanted here.

mod mover;
mod tiered;

pub use mover::{Archiver, Moved};
pub use tiered::{Tiered, tiered};
