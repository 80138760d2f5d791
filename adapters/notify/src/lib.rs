//! Receivers of alarms: signed webhooks, mail, and the console's feed.
//!
//! An order for `receiver:NAME` becomes a `POST` of the canonical message under the hub's XML
//! signature, or a short mail in Chinese and English. `Confirmed` means that the other side took it
//! over (2xx, 250); what failed is tried again by the outbox until the order's deadline.
//!
//! `config` is what it is told, `command`, `letter` and `mail` turn an order into a request or a mail
//! (pure), `session` and `smtp` send them (the only files that talk to the network), `round` gives a mail to
//! whoever of its addresses takes it, `post` and `kept` keep what single addresses are owed, `section` is the table as the
//! program asks it. The hub lends its signature without lending a key.
//!
//! Floor 3: imports model, contract and http.

mod adapter;
mod command;
mod config;
mod kept;
mod letter;
mod mail;
mod post;
mod round;
#[cfg(test)]
mod sample;
mod secret;
mod section;
mod session;
mod smtp;

pub use adapter::NotifyAdapter;
pub use command::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
pub use config::{Config, Console, Mail, Security, TlsFiles, Webhook};
pub use cordon_contract::Seal;
pub use letter::{body, subject};
pub use secret::Secret;
