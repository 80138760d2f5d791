//! What can go wrong in a simulator.

/// A simulator that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PartnerFault {
    /// The address cannot be taken.
    #[error("cannot listen: {0}")]
    Bind(#[from] std::io::Error),
}
