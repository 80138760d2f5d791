//! An order that waits in the outbox.

use cordon_contract::Order;

use super::rank::Rank;

/// An order with its place, and how its tries went.
#[derive(Debug)]
pub(crate) struct Held {
    pub order: Order,
    pub rank: Rank,
    /// How often it failed at a target that took another then. What fails while nothing is taken says
    /// nothing of the order.
    pub strikes: u32,
    /// What its last try came to.
    pub why: String,
}

impl Held {
    pub(crate) fn new(order: Order, rank: Rank) -> Self {
        Self {
            order,
            rank,
            strikes: 0,
            why: String::new(),
        }
    }
}
