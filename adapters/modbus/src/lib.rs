//! Lane and barrier over Modbus TCP by profile file.
//!
//! A device profile says where a lane's signals stand and how its barrier behaves; this crate
//! polls the signals, follows the barrier by a state machine, carries out `GateCommand`s and
//! reports `GateStatus` and `DeviceStatus`. See `README.md` for devices, wiring and limits.
//!
//! | file | what | pure |
//! |---|---|---|
//! | `config.rs` | the instance's section of the configuration | yes |
//! | `profile.rs` | the profile file | yes |
//! | `decode.rs` | answers on the wire → signals, debounced | yes |
//! | `passage.rs` | order of loops → vehicles | yes |
//! | `state.rs` | signals and orders → what to do | yes |
//! | `command.rs` | canonical command ⇄ Modbus writes | yes |
//! | `report.rs` | state → canonical messages | yes |
//! | `lane.rs` | one lane: all of the above put together | yes |
//! | `outbox.rs` | reports on their way to the intake | no socket |
//! | `session.rs` | one owner task per bus | the only socket |
//! | `adapter.rs` | the contract's face | no socket |
//!
//! Floor 3: imports the contract and the model.

mod adapter;
pub mod command;
pub mod config;
pub mod decode;
mod lane;
mod outbox;
pub mod passage;
pub mod profile;
mod report;
mod session;
pub mod state;

pub use adapter::ModbusAdapter;
pub use config::{BusConfig, Config, LaneConfig};
pub use profile::Profile;
