//! The park's certificate authority in one folder.
//!
//! ```text
//! root.pem  issuing.pem           certificates, for everybody
//! root.crl.pem  issuing.crl.pem   revocation lists, for everybody
//! root.key.pem  issuing.key.pem   private keys, mode 0600; root.key.pem may be taken away
//! register.json                   what was issued and what became of it, signed, for everybody
//! index.jsonl                     every issue, revocation and CRL, append-only
//! issued/SERIAL.pem               what was issued
//! ```
//!
//! The folder can be given to [`crate::TrustStore::load`] as it is: private keys and `issued/` are
//! not looked into there.

mod authority;
mod bundle;
mod index;
mod inspect;
mod profile;
mod request;
mod taken_over;

pub use authority::{Authority, CaSettings, IssueRequest, Issued, KeySource, Reason, Record};
pub use bundle::Bundle;
pub use index::{Issue, State, Unrecorded};
pub use inspect::{Inspection, inspect_file};
pub use profile::{KeyAlgorithm, Profile};
pub(crate) use request::public_key;
