//! What the hub shows of itself, and its journal as others read it.

pub(crate) mod board;
pub(crate) mod entry_reader;
pub(crate) mod examine;
pub(crate) mod feed;
pub(crate) mod health;
pub(crate) mod histogram;
pub(crate) mod in_order;
pub(crate) mod lists_held;
pub(crate) mod lists_told;
pub(crate) mod misread;
pub(crate) mod replay;
pub(crate) mod settings_at;
pub(crate) mod stats;
pub(crate) mod vital;
