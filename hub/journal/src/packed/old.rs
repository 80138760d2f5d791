//! Which records are old.

/// So old that a segment whose records all are may be packed, moved or let go: recorded before a time, or up to an entry,
/// whatever time that carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Old {
    /// Microseconds since 1970.
    pub before: i64,
    /// The last entry; 0 for none.
    pub up_to: u64,
}

impl Old {
    /// Whether all records of a segment are, when the first behind it has this number and time.
    pub fn is(self, (first, time): (u64, i64)) -> bool {
        time <= self.before || first <= self.up_to.saturating_add(1)
    }
}

impl From<i64> for Old {
    fn from(before: i64) -> Self {
        Self { before, up_to: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Old;

    #[test]
    fn a_segment_is_old_by_either() {
        let old = Old {
            before: 100,
            up_to: 7,
        };
        assert!(old.is((50, 100)) && !old.is((50, 101)));
        assert!(old.is((8, 900)) && !old.is((9, 900)));
        assert!(!Old::from(100).is((2, 101)));
    }
}
