//! Access rules as Cedar policies behind [`cordon_contract::AccessRules`].
//!
//! Rules are policies; permits, lists and counters are data that come in the query. The built-in
//! set is `policies/access.cedar`; a park may load its own folder. Loading is strict: what does not
//! fit the schema, or lacks `@id`, `@code`, `@order` or `@clause`, is not taken.
//!
//! Floor 3: the only crate that builds the rule engine.

mod engine;
mod load;

pub use engine::CedarRules;
