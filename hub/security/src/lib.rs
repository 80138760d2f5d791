//! Trust: who is it, may it, is it fresh, and was it changed on the way.
//!
//! - [`ca`] is the park's certificate authority: root and issuing CA, one certificate profile per
//!   [`Role`], revocation and CRLs, all in one folder.
//! - [`TrustStore`] answers whether a certificate is good now; TLS and messages ask the same store.
//! - [`wsse`] signs and verifies SOAP messages under one fixed WS-Security profile. A
//!   [`wsse::VerifiedEnvelope`] owns the document it verified and has private fields, so nothing
//!   can stand between the check and the use.
//! - [`xmldsig`] signs and verifies stand-alone documents: reports, conformance results.
//! - [`tls`] builds rustls configurations for the exchange port and for clients.
//!
//! Private keys are read here and nowhere else in the house. Every refusal is a
//! [`cordon_contract::Fault`]; `docs/reference/ws-security.md` lists the codes.
//!
//! Floor 3: imports xml, model and contract.

mod algorithm;
pub mod ca;
mod calendar;
mod certificate;
#[doc(hidden)]
pub mod decoders;
mod file;
mod identity;
mod instant;
mod names;
mod refusal;
mod register;
mod replay;
mod signature;
mod signer;
pub mod tls;
mod trust;
pub mod wsse;
pub mod xmldsig;

pub use algorithm::Algorithm;
pub use calendar::{Due, Paper};
pub use certificate::Certificate;
pub use identity::{Identity, Role};
pub use refusal::{REFUSALS, Refusal};
pub use register::{Register, Standing};
pub use replay::ReplayGuard;
pub use signer::Signer;
pub use trust::{
    CertificateStatus, CrlState, Dated, JudgedBy, KnownList, LIST_OVER, ListOf, Own, TrustStore,
    Usage, Withdrawn, is_no_trust_folder, issuer_as_told,
};
