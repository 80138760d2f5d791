//! The bridge door for a plant that has only its own gate system with HTTP and JSON.
//!
//! Three ways, each optional: the plant's system calls our webhook, we poll its list, and we push
//! grants and list entries to it. What comes in is handed to the intake as it is, with the mapping
//! package that reads it; the hub seals it and marks it so. A webhook call is answered 200 only
//! after every event in it is in the journal; a poll moves its cursor only then.
//!
//! `config` is what it is told, `section` what the program may ask of that; `authenticate`, `decode`, `command` and `answer` are pure;
//! `webhook`, `poll` and `push` speak HTTP through `cordon-http`.
//!
//! Floor 3: imports model, contract and http. Holds no key: TLS settings come ready-made.

mod adapter;
mod answer;
mod authenticate;
mod command;
mod config;
mod cursor;
mod decode;
#[doc(hidden)]
pub mod decoders;
mod health;
mod poll;
mod push;
mod secret;
mod section;
mod webhook;

pub use adapter::{EnterpriseAdapter, RunningEnterprise, Tls};
pub use authenticate::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
pub use config::{Config, Poll, Push, TlsFiles, Webhook};
pub use decode::{EVENTS_MAX, decode};
