//! The language of the park as Rust types.
//!
//! Most types are generated from `schemas/xsd` by `cargo xtask codegen`; each carries the meaning,
//! the unit and the Chinese term from the schema. Written by hand are the base types behind them
//! ([`Timestamp`], [`Decimal`], [`Digest`], the identifiers), the validators and code tables of
//! [`codes`], the masking rules of [`mask`] and the park's [`plan`].
//!
//! Floor 1: no IO, no clock, no async, no XML.

pub mod codes;
mod decimal;
mod digest;
mod facet;
mod generated;
mod ids;
pub mod mask;
pub mod name;
pub mod plan;
mod retention;
mod schedule;
mod timestamp;

pub use decimal::{Decimal, DecimalError};
pub use digest::Digest;
pub use facet::{CountFacets, DecimalFacets, FacetError, FacetKind, Pattern, TextFacets};
pub use generated::all::*;
pub use generated::{facets, service};
pub use ids::{DeviceId, GateId, LaneId, MessageId, ParkCode, PartyId, PlateNumber};
pub use retention::Retention;
pub use schedule::Schedule;
pub use timestamp::{Civil, Timestamp, TimestampError};

/// Version of the language this build speaks, for `SchemaVersion`.
pub const SCHEMA_VERSION: &str = "1.0";

/// Namespace of the canonical messages.
pub const NAMESPACE: &str = "urn:cordon:park:1";

/// Namespace of the wrappers of the Web Service.
pub const SERVICE_NAMESPACE: &str = "urn:cordon:service:1";

/// What every generated file imports.
mod imports {
    pub(crate) use std::fmt;
    pub(crate) use std::str::FromStr;

    pub(crate) use serde::{Deserialize, Serialize};

    pub(crate) use crate::decimal::Decimal;
    pub(crate) use crate::digest::Digest;
    pub(crate) use crate::facet::FacetError;
    pub(crate) use crate::generated::all::*;
    pub(crate) use crate::ids::{
        DeviceId, GateId, LaneId, MessageId, ParkCode, PartyId, PlateNumber,
    };
    pub(crate) use crate::retention::Retention;
    pub(crate) use crate::timestamp::Timestamp;
}
