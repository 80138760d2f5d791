//! Lane and barrier over Modbus TCP by profile file.
//!
//! A device profile says where a lane's signals stand and how its barrier behaves; this crate
//! polls the signals, follows the barrier by a state machine, carries out `GateCommand`s and
//! reports `GateStatus` and `DeviceStatus`. See `README.md` for devices, wiring and limits.
//!
//! | file | what | pure |
//! |---|---|---|
//! | `config.rs` | the instance's section of the configuration | yes |
//! | `profile/` | the profile file: its form, its map of signals, its check | yes |
//! | `decode.rs` | answers on the wire → signals, debounced | yes |
//! | `passage.rs` | order of loops → vehicles | yes |
//! | `state/` | signals and orders → what to do | yes |
//! | `command.rs` | canonical command ⇄ Modbus writes | yes |
//! | `report.rs` | state → canonical messages | yes |
//! | `lane.rs` | one lane: all of the above put together | yes |
//! | `outbox.rs` | reports on their way to the intake | no socket |
//! | `units.rs` | which units behind a connection answer | yes |
//! | `inbox.rs` | what others ask of the owner of a bus | no socket |
//! | `bus.rs` | one bus: its lanes and the orders under way | no socket |
//! | `keeper.rs` | starts the owner of a bus again when it fails | no socket |
//! | `session.rs` | one owner task per bus | through `line.rs` |
//! | `turns.rs` | what goes before a question to a slow unit | through `line.rs` |
//! | `probe.rs` | touching every lane, changing nothing | through `line.rs` |
//! | `writes.rs` | what the state asks for, written | through `line.rs` |
//! | `lock.rs` | the lock as it is read back | through `line.rs` |
//! | `line.rs` | the connection and its calls | the only socket |
//! | `stream.rs` | how the connection ended | under `line.rs` |
//! | `section.rs` | the table as the program asks it | no socket |
//! | `adapter.rs` | the contract's face | no socket |
//!
//! Floor 3: imports the contract and the model.

mod adapter;
mod bus;
mod closing;
pub mod command;
pub mod config;
pub mod decode;
mod inbox;
mod keeper;
mod lane;
mod line;
mod lock;
mod outbox;
pub mod passage;
mod probe;
pub mod profile;
mod report;
mod section;
mod session;
pub mod state;
mod stream;
mod turns;
mod units;
mod writes;

pub use adapter::{ModbusAdapter, RunningModbus};
pub use config::{BusConfig, Config, LaneConfig};
pub use profile::Profile;
