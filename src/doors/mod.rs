//! The one explicit list of adapters. What else the program knows of one, it asks of its table.

mod house;
mod kind;
mod shut;
mod tables;

pub use house::House;
pub use kind::Kind;
pub use tables::{Section, Table, Tables};

/// Every kind of adapter, in the order in which they are opened. A new one is a line here.
pub const KINDS: &[Kind] = &[
    Kind::of::<cordon_modbus::Config>(),
    Kind::of::<cordon_mqtt::Config>(),
    Kind::of::<cordon_onvif::Config>(),
    Kind::of::<cordon_enterprise::Config>(),
    Kind::of::<cordon_regulator::Config>(),
    Kind::of::<cordon_notify::Config>(),
];

#[cfg(test)]
mod tests;
