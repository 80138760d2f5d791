//! Mapping packages: turns a reading into canonical statements.
//!
//! A package is a folder `mappings/vendor/model/version`: `mapping.toml` says what it is,
//! `points.toml` holds typed rules, `tests/` golden cases. [`Mappings::load`] checks every rule
//! against the canonical language before anything runs; [`check`] runs the golden cases as well.
//! At run time a reading is decoded without floating point, its fields are put into the order of
//! the schema, and the strict reader of `cordon-wire` has the last word.
//!
//! Floor 3. Pure: no clock, no network; files are read only at load. `docs/reference/mapping.md`
//! describes the format.

mod catalogue;
mod engine;
mod exact;
mod golden;
mod json;
mod mappings;
mod moment;
mod package;
mod rule;
mod shown;
mod source;
mod text;
mod topic;
mod tree;

pub use engine::{Input, MappingEngine};
pub use golden::{CaseResult, bless, check, test};
pub use json::{Json, JsonFault};
pub use mappings::Mappings;
pub use package::Package;
pub use rule::{Mapped, Understood};
pub use shown::mapped as show;
pub use text::Format;
pub use topic::TopicFilter;
