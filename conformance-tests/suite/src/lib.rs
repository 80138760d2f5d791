//! The examination of cameras and gates: numbered cases, verdicts, reports.
//!
//! The same cases run against any address: a vendor's device, the simulators of this house, or a
//! counterpart written by others. What they demand comes from the protocols' standards and from
//! the device's own profile; the suite imports no adapter and reads profiles by a reader of its
//! own, so that it examines the wire and not our code.
//!
//! - [`Case`], [`Verdict`], [`Examination`]: what every suite is made of;
//! - [`papers`]: HTML page, JUnit file, `ConformanceResult`, Declaration of Conformance;
//! - [`modbus`]: barrier lanes over Modbus TCP;
//! - [`onvif`]: cameras over ONVIF.
//!
//! Floor 4.

mod case;
mod document;
mod examination;
mod html;
mod junit;
pub mod modbus;
pub mod onvif;
mod round;

pub use case::{Case, Stop, Verdict};
pub use document::{NAMESPACE, Papers, conformance_result, hex_digest, papers};
pub use examination::{Counts, Examination, Examined, OnCase, Subject};
pub use html::html;
pub use junit::junit;
