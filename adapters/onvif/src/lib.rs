//! ONVIF cameras: pull-point events, device status, clock.
//!
//! A thin client on the house's own HTTP and XML rooms: reads the camera's clock, logs in by HTTP
//! Digest or WS-UsernameToken, subscribes to events with a pull point, keeps the subscription
//! alive, and hands every event to the intake. See `README.md` for devices, limits and quirks.
//!
//! | file | what | pure |
//! |---|---|---|
//! | `config.rs` | the instance's section of the configuration | yes |
//! | `address.rs` | where requests may go | yes |
//! | `soap.rs` | envelopes, written and read | yes |
//! | `login.rs` | digest and token | yes |
//! | `times.rs` | times as cameras write them | yes |
//! | `operation.rs` | requests, and what is read out of answers | yes |
//! | `decode.rs` | notification → reading | yes |
//! | `states.rs` | words for true and false, and which input is meant | yes |
//! | `cut.rs`, `mend.rs`, `salvage.rs` | what can be saved of an answer that is no XML | yes |
//! | `told.rs` | what is not understood, as it is told | yes |
//! | `unread.rs` | how long a camera is shown as not understood | yes |
//! | `topics.rs` | which topics may be dropped | yes |
//! | `trouble.rs` | kinds of failure, and how long to wait | yes |
//! | `board.rs` | what operators see | no socket |
//! | `report.rs` | state → `DeviceStatus` | no socket |
//! | `line.rs` | one exchange with its login | the socket |
//! | `probe.rs` | login as configured, a look at a camera | through `line.rs` |
//! | `session.rs` | one owner task per camera | through `line.rs` |
//! | `section.rs` | the table as the program asks it | no socket |
//! | `adapter.rs` | the contract's face | no socket |
//!
//! Floor 3: imports the contract, the model, HTTP and XML.

mod adapter;
pub mod address;
mod board;
mod config;
mod cut;
pub mod decode;
#[doc(hidden)]
pub mod decoders;
mod line;
mod login;
mod mend;
mod operation;
mod probe;
mod report;
mod salvage;
mod section;
mod session;
mod soap;
mod states;
mod times;
mod told;
mod topics;
mod trouble;
mod unread;

pub use adapter::OnvifAdapter;
pub use config::{Auth, CameraConfig, Config, InputConfig};
pub use decode::{Notification, Operation, decode};
