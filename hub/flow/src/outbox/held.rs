//! An order that waits in the outbox.

use cordon_contract::Order;

use crate::decide::rank::Rank;

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
    /// It was ordered before this run, or before the disk failed: whether it was tried then nobody knows.
    pub is_of_before: bool,
}

impl Held {
    pub(crate) fn new(order: Order, rank: Rank) -> Self {
        Self {
            order,
            rank,
            strikes: 0,
            why: String::new(),
            is_of_before: false,
        }
    }

    /// One that may have been tried before.
    pub(crate) fn of_before(order: Order, rank: Rank) -> Self {
        Self {
            is_of_before: true,
            ..Self::new(order, rank)
        }
    }
}
