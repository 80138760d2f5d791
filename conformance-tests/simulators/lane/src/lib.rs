//! A lane with barrier behind a Modbus TCP server, for tests, demonstrations and rehearsals.
//!
//! Written from the Modbus application protocol (V1.1b3) and the Modbus TCP guide (V1.0b), not
//! from any adapter of the house: the framing in `frame.rs` is its own, so that it can also speak
//! wrongly on request. Every fault is a named setting ([`LaneFault`]), random ones are seeded.
//!
//! ```no_run
//! # async fn rehearse() -> Result<(), cordon_sim_lane::LaneError> {
//! use cordon_sim_lane::{Lane, LaneFault, LaneSettings, Vehicle};
//!
//! let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
//! let lane = Lane::start(LaneSettings::default(), address).await?;
//! lane.vehicle(Vehicle::passing(300))?;
//! lane.fault(LaneFault::StuckBoom);
//! println!("{} {:?}", lane.addr(), lane.state());
//! # Ok(()) }
//! ```
//!
//! The parts: `plant.rs` is the physical lane (boom, loops, lamps) and the small controller in
//! front of it, pure over a millisecond clock; `vehicle.rs` the traffic; `registers.rs` the
//! register map; `frame.rs` bytes; `server.rs` the sockets.

mod controller;
mod fault;
mod frame;
mod plant;
mod registers;
mod seed;
mod server;
mod settings;
mod vehicle;

pub use fault::LaneFault;
pub use plant::{Motion, PlantState};
pub use registers::{Input, MAP, Output, Place, STIMULUS};
pub use server::{Lane, LaneError, LaneHandle, LaneState};
pub use settings::{LaneSettings, SafeState};
pub use vehicle::Vehicle;
