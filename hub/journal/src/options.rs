//! The journal's options, each with its limit and default.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::expect::Expectation;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::{
    DATA_START, IDENTITY_BYTES_MAX, SEAL_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN,
};
use crate::space::Space;

/// What must stay free behind the very first segment of a journal, bytes.
pub const FIRST_FLOOR_BYTES: u64 = 16 << 20;

/// Called when the space level changes; must return quickly and not call the journal.
pub type OnSpace = Arc<dyn Fn(&Space) + Send + Sync>;

/// How a journal is opened.
#[derive(Clone)]
pub struct Options {
    /// Whose journal this is (park and hub id), at most 64 bytes; the chain begins with it. A
    /// folder made with another identity is refused (`J009`).
    pub identity: String,
    /// Size of a new segment file in bytes; at least 16 KiB. Default 64 MiB. Where the disk has no
    /// room for so much it is halved, down to the largest batch.
    pub segment_bytes: u64,
    /// Segments kept ready ahead of the one being written; at least 1. Default 1.
    pub ahead: usize,
    /// Largest batch on disk in bytes. Default 16 MiB, never more than a segment holds.
    pub batch_bytes_max: usize,
    /// Most records in a batch. Default 16,384.
    pub batch_records_max: usize,
    /// Room kept back for [`crate::Journal::append_urgent`] once no new segment can be had. Default 4 MiB.
    pub reserve_bytes: u64,
    /// Early warning: free disk space below this is [`crate::SpaceLevel::Low`]. Default 2 GiB.
    pub warn_free_bytes: u64,
    /// Early warning as well: more than this share of the disk is used, 0 to 100; 100 is never.
    /// Default 80.
    pub warn_used_percent: u8,
    /// No new segment is made when less than this would stay free: the state store, logs and the
    /// operator need room too. Default 256 MiB. The very first segment needs less, because without
    /// it there is no journal: see [`FIRST_FLOOR_BYTES`].
    pub floor_free_bytes: u64,
    /// Trimmed segment files kept for use again. Default 2.
    pub spares_max: usize,
    /// Records known to be durable (from the state, the witness, a receipt). A journal that ends before
    /// one of them or holds another record there is refused (`J008`), and left as it is.
    pub expect: Vec<Expectation>,
    /// Somebody accepted by name that a last batch which was changed after it was written (`J051`), or went
    /// with the end of its file (`J061`), is given up: it is cut like one that was never finished.
    pub gives_up_changed: bool,
    /// Segments before the one being written that somebody gave up by name, because they are missing, cut short or
    /// another's: opening remembers them and passes over them from then on.
    pub gives_up_segments: Vec<u64>,
    /// The folder that holds older segments of this journal: its readers read them from there.
    pub archive: Option<PathBuf>,
    /// Told when the space level changes.
    pub on_space: Option<OnSpace>,
    /// Prepare segments on a thread of their own. Off only in simulations that must repeat exactly.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            identity: String::new(),
            segment_bytes: 64 << 20,
            ahead: 1,
            batch_bytes_max: 16 << 20,
            batch_records_max: 16_384,
            reserve_bytes: 4 << 20,
            warn_free_bytes: 2 << 30,
            warn_used_percent: 80,
            floor_free_bytes: 256 << 20,
            spares_max: 2,
            expect: Vec::new(),
            gives_up_changed: false,
            gives_up_segments: Vec::new(),
            archive: None,
            on_space: None,
            background: true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("identity", &self.identity)
            .field("segment_bytes", &self.segment_bytes)
            .field("ahead", &self.ahead)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The defaults for the journal named `identity`.
    pub fn new(identity: impl Into<String>) -> Self {
        Self {
            identity: identity.into(),
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let bad = |field: &str, why: String| Err(JournalFault::new(FaultKind::Option, field, why));
        if self.identity.len() > IDENTITY_BYTES_MAX {
            return bad("identity", format!("over {IDENTITY_BYTES_MAX} bytes"));
        }
        if self.segment_bytes < SEGMENT_BYTES_MIN || self.segment_bytes > SEGMENT_BYTES_MAX {
            return bad(
                "segment_bytes",
                format!("must be {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}"),
            );
        }
        if self.ahead == 0 || self.ahead > 64 {
            return bad("ahead", "must be 1 to 64".into());
        }
        if self.batch_records_max == 0 || self.batch_bytes_max == 0 {
            return bad("batch_records_max", "limits must be above 0".into());
        }
        Ok(())
    }

    /// Smallest segment made on a disk without room for one of `segment_bytes`: one that takes
    /// every batch which a segment of full size takes.
    pub(crate) fn segment_bytes_min(&self) -> u64 {
        let least = self.batch_bytes_max as u64 + DATA_START + SEAL_BYTES;
        least.next_multiple_of(1 << 20).min(self.segment_bytes)
    }

    /// Largest batch a new segment takes.
    pub(crate) fn frame_bytes_max(&self) -> u64 {
        let segment = self.segment_bytes - DATA_START - SEAL_BYTES;
        segment.min(self.batch_bytes_max as u64)
    }
}
