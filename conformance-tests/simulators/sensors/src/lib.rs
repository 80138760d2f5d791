//! Field sensors that publish over MQTT 5.
//!
//! A fleet is a gateway with a number of seeded sensors: gas, temperature, pressure, wind and a
//! perimeter fence. Same seed, same values, same faults. Every fault of the field is a named
//! setting, so that a vendor or a park can rehearse it: see [`Faults`]. The payloads follow the
//! plain JSON proposed in `docs/reference/mapping.md`; the crate imports nothing of the house.

mod faults;
mod fleet;
mod sensor;
mod settings;
mod time;

pub use faults::Faults;
pub use fleet::{Fleet, FleetCounts, FleetFault};
pub use sensor::{Sensor, SensorKind};
pub use settings::Settings;
