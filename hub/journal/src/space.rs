//! How much room is left, as a level with stated behaviour.

/// What the room left means.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SpaceLevel {
    /// Enough.
    Normal,
    /// Early warning: the disk has less free than `warn_free_bytes`, or the next segment could not
    /// be made; everything still works.
    Low,
    /// Ordinary batches are refused (`J012`); urgent ones use the reserve; reading goes on.
    Full,
}

impl SpaceLevel {
    /// `normal`, `low` or `full`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Full => "full",
        }
    }
}

/// The room left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Space {
    /// The level.
    pub level: SpaceLevel,
    /// Free bytes on the disk when last looked at (each time a segment is prepared or refused).
    pub free_bytes: u64,
    /// Bytes already reserved in the segment being written and those ready behind it.
    pub prepared_bytes: u64,
}
