//! A plant's own gate system and a provincial platform, over HTTP on loopback.
//!
//! [`Plant`] sends webhooks (signed with the shared secret), serves a list for polling, and takes
//! grants. [`Platform`] takes signed reports. What goes wrong is a named setting, and the plant's
//! events follow a seed. Written from the documented interfaces (`docs/reference`); the crate
//! imports nothing of the house.

mod events;
mod fault;
mod http1;
mod plant;
mod platform;
mod time;

pub use fault::PartnerFault;
pub use plant::{Plant, PlantCounts, PlantFaults, PlantSettings};
pub use platform::{Platform, PlatformFaults, Push};
