//! All outside systems of a living park over real protocols on loopback, and what happens in it.
//!
//! [`Outside::start`] starts broker, sensors, lanes, cameras, plants and platforms at the given
//! addresses. [`cast`] are the vehicles that come by, each with what it should have on paper;
//! [`STORY`] is the order of events that is played again and again. Imports the simulators and
//! nothing of the house.

pub mod cast;
mod outside;
mod settings;
mod story;

pub use outside::{Outside, OutsideFault};
pub use settings::{CameraSpec, LaneSpec, PlatformSpec, Settings};
pub use story::{STORY, Scene, Way};
