//! How much room is left, as a level with stated behaviour.

/// What the room left means.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SpaceLevel {
    /// Enough.
    Normal,
    /// Early warning: the disk has less free than `warn_free_bytes`, more of it is used than
    /// `warn_used_percent`, or the next segment could not be made; everything still works.
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
    /// Free bytes on the disk when last looked at (each time a segment is prepared or refused, and
    /// by [`crate::Journal::look_for_room`]).
    pub free_bytes: u64,
    /// Bytes of the whole disk; 0 when not known.
    pub total_bytes: u64,
    /// Bytes already reserved in the segment being written and those ready behind it.
    pub prepared_bytes: u64,
}

impl Space {
    /// How much of the disk is used, 0 to 100; 0 when its size is not known.
    pub fn used_percent(&self) -> u8 {
        let used = self.total_bytes.saturating_sub(self.free_bytes);
        let percent = u128::from(used) * 100 / u128::from(self.total_bytes.max(1));
        u8::try_from(percent).unwrap_or(100).min(100)
    }
}
