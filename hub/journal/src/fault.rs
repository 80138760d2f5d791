//! The one error type of the journal: a stable `J` code, the place, what happened and the remedy.
//! Codes are listed in `docs/design/journal.md`.

use std::fmt;
use std::io;
use std::path::Path;

use rustix::io::Errno;

/// What kind of trouble; each kind has one stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FaultKind {
    /// `J001`: the operating system refused a read, an open or a listing.
    Io,
    /// `J002`: another process writes this journal or its state.
    Locked,
    /// `J003`: a segment's head is damaged or of a format this program does not know.
    Head,
    /// `J004`: a segment file is missing between two others.
    MissingSegment,
    /// `J005`: a damaged record stands before a good one; never cut.
    BadRecord,
    /// `J006`: a chain hash does not follow from the record before it.
    Chain,
    /// `J007`: a sealed segment does not match its seal.
    Seal,
    /// `J008`: the journal ends before a number known to be durable, or holds another record there.
    Short,
    /// `J009`: the folder belongs to another journal (other park or hub).
    Identity,
    /// `J010`: an earlier write or sync failed; this writer takes nothing more.
    Poisoned,
    /// `J011`: a write or a sync failed now; the writer is poisoned by it.
    Write,
    /// `J012`: no room on the disk; reading goes on.
    DiskFull,
    /// `J013`: the batch or a field of a record is over its limit.
    TooLarge,
    /// `J014`: the record asked for was trimmed away.
    Trimmed,
    /// `J015`: an option has a value the journal cannot work with.
    Option,
    /// `J020`: the state store's engine failed.
    State,
    /// `J021`: a key, namespace or value of the state store is over its limit.
    StateLimit,
    /// `J050`: the first records are gone and no trim is recorded.
    Beginning,
    /// `J051`: the last batch had been written whole and was changed afterwards.
    Changed,
    /// `J058`: a receipt says another message of a record than the record holds.
    Receipt,
    /// `J061`: the file of a segment was cut short, and more than its empty end may be gone.
    Cut,
    /// `J062`: a checkpoint cannot be used.
    Checkpoint,
    /// `J052`: the witness beside the journal cannot be used.
    Witness,
    /// `J060`: the path leads to another journal than the one that is being written, or to none.
    Elsewhere,
}

impl FaultKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 24] = [
        Self::Io,
        Self::Locked,
        Self::Head,
        Self::MissingSegment,
        Self::BadRecord,
        Self::Chain,
        Self::Seal,
        Self::Short,
        Self::Identity,
        Self::Poisoned,
        Self::Write,
        Self::DiskFull,
        Self::TooLarge,
        Self::Trimmed,
        Self::Option,
        Self::State,
        Self::StateLimit,
        Self::Beginning,
        Self::Changed,
        Self::Receipt,
        Self::Cut,
        Self::Checkpoint,
        Self::Witness,
        Self::Elsewhere,
    ];

    /// The stable code, such as `J005`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Io => "J001",
            Self::Locked => "J002",
            Self::Head => "J003",
            Self::MissingSegment => "J004",
            Self::BadRecord => "J005",
            Self::Chain => "J006",
            Self::Seal => "J007",
            Self::Short => "J008",
            Self::Identity => "J009",
            Self::Poisoned => "J010",
            Self::Write => "J011",
            Self::DiskFull => "J012",
            Self::TooLarge => "J013",
            Self::Trimmed => "J014",
            Self::Option => "J015",
            Self::State => "J020",
            Self::StateLimit => "J021",
            Self::Beginning => "J050",
            Self::Changed => "J051",
            Self::Receipt => "J058",
            Self::Cut => "J061",
            Self::Checkpoint => "J062",
            Self::Witness => "J052",
            Self::Elsewhere => "J060",
        }
    }

    /// What an operator does about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Io => "check that the folder exists, is readable and its disk is healthy",
            Self::Locked => "stop the other hub or point this one at another folder",
            Self::Head => {
                "restore the segment from a backup, or open it with the program version that wrote it"
            }
            Self::MissingSegment => {
                "restore the missing file from a backup; do not rename the others; only when there is none, give it up by name: cordon journal accept"
            }
            Self::BadRecord => {
                "the disk or a hand changed durable bytes: stop, copy the folder, restore this segment from a backup or replica"
            }
            Self::Chain | Self::Seal => {
                "the segment was altered after it was written: keep the folder as evidence and restore from a backup or replica"
            }
            Self::Short => {
                "keep the folder as evidence and restore the newest backup or replica; only when there is none, accept what is left by name: cordon journal accept"
            }
            Self::Identity => "give each park and hub its own journal folder",
            Self::Poisoned | Self::Write => {
                "check the disk, then restart the hub: opening verifies the tail and goes on from the last durable batch"
            }
            Self::DiskFull => "free disk space or trim old segments; appending resumes by itself",
            Self::TooLarge => "split the batch or shorten the field",
            Self::Trimmed => "start from the first number still kept, or ask the archive",
            Self::Option => "correct the option",
            Self::State => {
                "restart the hub and leave the state file where it is; should it come again, report it with the log"
            }
            Self::StateLimit => {
                "of a plug-in (`plugin.alarms`): close what is open there, the state is saved again by itself; else shorten the key or split the value"
            }
            Self::Beginning => {
                "restore the missing segments from a backup: only a hub trims old segments, and records it; when there is none, give them up by name: cordon journal accept"
            }
            Self::Changed | Self::Cut => {
                "keep a copy of the folder as evidence and restore this segment from a backup or replica; only when there is none, accept the batches that are whole by name: cordon journal accept"
            }
            Self::Receipt => {
                "keep the folder and the signed answer as evidence: the hub signed both; ask the park where the receipt's message is"
            }
            Self::Checkpoint => {
                "mount the archive, or restore it from a backup; while the older segments are kept, or another checkpoint, nothing is lost without it"
            }
            Self::Witness => {
                "restore the file; when it is lost for good, compare the journal with receipts, then remove the file"
            }
            Self::Elsewhere => {
                "put the folder back: mount its disk, undo the renaming; the hub goes on by itself. Only when it is lost, stop the hub, restore the newest backup and, before the start, compare it with the receipts and checkpoints that others hold: what came after the backup is lost, and its numbers would be issued again"
            }
        }
    }

    /// The word for what is wrong, used in the one-line text.
    fn words(self) -> &'static str {
        match self {
            Self::Io => "input or output failed",
            Self::Locked => "the journal is in use",
            Self::Head => "bad segment head",
            Self::MissingSegment => "a segment is missing",
            Self::BadRecord => "a bad record before a good one",
            Self::Chain => "the hash chain is broken",
            Self::Seal => "the seal does not match",
            Self::Short => "durable records are missing",
            Self::Identity => "another journal's folder",
            Self::Poisoned => "the journal stopped after an earlier failure",
            Self::Write => "writing failed",
            Self::DiskFull => "the disk is full",
            Self::TooLarge => "over a limit",
            Self::Trimmed => "the record was trimmed",
            Self::Option => "bad option",
            Self::State => "the state store failed",
            Self::StateLimit => "over a limit of the state store",
            Self::Beginning => "the beginning of the journal is missing",
            Self::Changed => "the last batch was changed after it was written",
            Self::Receipt => "a receipt says another message of a record than it holds",
            Self::Cut => "a segment's file was cut short",
            Self::Checkpoint => "a checkpoint cannot be used",
            Self::Witness => "the witness beside the journal cannot be used",
            Self::Elsewhere => "the folder does not hold the journal that this hub writes",
        }
    }
}

/// A failure of the journal or the state store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JournalFault {
    kind: FaultKind,
    place: String,
    detail: String,
    /// The operating system's error number behind it.
    errno: Option<i32>,
    /// The file itself is damaged.
    is_damage: bool,
}

/// Error numbers by which a disk says that it is broken, full, read-only or gone, or that a file on it is not for the
/// hub's account: whoever mends that mends it under the running hub, and until then gates are opened for people.
const DISK_ERRNOS: [Errno; 13] = [
    Errno::IO,
    Errno::NXIO,
    Errno::NODEV,
    Errno::NOSPC,
    Errno::ROFS,
    Errno::DQUOT,
    Errno::STALE,
    Errno::REMOTEIO,
    Errno::TIMEDOUT,
    Errno::NOMEDIUM,
    Errno::UCLEAN,
    Errno::ACCESS,
    Errno::PERM,
];

impl JournalFault {
    /// Makes a fault; `place` is a file, `file+offset`, or a field.
    pub fn new(kind: FaultKind, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            place: place.into(),
            detail: detail.into(),
            errno: None,
            is_damage: false,
        }
    }

    /// The fault with the operating system's error behind it.
    pub(crate) fn caused(mut self, error: &io::Error) -> Self {
        self.errno = match error.kind() {
            io::ErrorKind::StorageFull => Some(Errno::NOSPC.raw_os_error()),
            io::ErrorKind::QuotaExceeded => Some(Errno::DQUOT.raw_os_error()),
            io::ErrorKind::TimedOut => Some(Errno::TIMEDOUT.raw_os_error()),
            _ => error.raw_os_error(),
        };
        self
    }

    /// The fault of a file that is damaged.
    pub(crate) fn damaged(mut self) -> Self {
        self.is_damage = true;
        self
    }

    /// Wraps an operating-system error met while reading or opening `path`.
    pub(crate) fn io(path: &Path, doing: &str, error: &io::Error) -> Self {
        Self::new(
            FaultKind::Io,
            path.display().to_string(),
            format!("{doing}: {error}"),
        )
        .caused(error)
    }

    /// Wraps an operating-system error met while making or writing `path`: no room is `J012`.
    pub(crate) fn write(path: &Path, doing: &str, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FaultKind::DiskFull,
            _ => FaultKind::Write,
        };
        let place = path.display().to_string();
        Self::new(kind, place, format!("{doing}: {error}")).caused(error)
    }

    /// True when the disk is broken, full, read-only or gone, or does not let the hub's account in:
    /// nothing is wrong with the records, and the same call may work later. False for damage, for another's folder and
    /// for what the operator has to put right.
    pub fn is_of_disk(&self) -> bool {
        let says_disk = |number| DISK_ERRNOS.iter().any(|of| of.raw_os_error() == number);
        match self.kind {
            FaultKind::DiskFull | FaultKind::Poisoned | FaultKind::Elsewhere => true,
            FaultKind::Write => self.errno.is_none_or(says_disk),
            FaultKind::Io | FaultKind::State | FaultKind::Witness => {
                self.errno.is_some_and(says_disk)
            }
            _ => false,
        }
    }

    /// True when the disk, or what its user may have of it, is full and nothing else is wrong.
    pub fn is_of_room(&self) -> bool {
        self.kind == FaultKind::DiskFull || self.says(&[Errno::NOSPC, Errno::DQUOT])
    }

    /// True when there is nothing under the path.
    pub(crate) fn is_of_absence(&self) -> bool {
        self.says(&[Errno::NOENT, Errno::NOTDIR])
    }

    /// True when what was asked for is not there, or no more.
    pub(crate) fn has_gone(&self) -> bool {
        self.kind == FaultKind::Trimmed || self.is_of_absence()
    }

    fn says(&self, errnos: &[Errno]) -> bool {
        errnos
            .iter()
            .any(|of| Some(of.raw_os_error()) == self.errno)
    }

    /// What kind of trouble.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The stable code, such as `J005`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// File, `file+offset` or field; an inside detail, for the log and the operator.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What happened, for the log.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        // A state that is whole is not at fault, and a file that is gone helps nobody then.
        match self.kind {
            FaultKind::State if self.is_of_room() => {
                "free some space on the disk of the data folder; the state is saved again by itself"
            }
            FaultKind::State | FaultKind::Io | FaultKind::Write | FaultKind::Witness
                if self.says(&[Errno::ACCESS, Errno::PERM]) =>
            {
                "give the hub's account the right to read and write it (chown, chmod); the hub goes on by itself"
            }
            FaultKind::State if self.is_of_disk() => {
                "see to the disk; the hub goes on by itself when it works again"
            }
            FaultKind::State if self.says(&[Errno::MFILE, Errno::NFILE]) => {
                "let the hub open more files (LimitNOFILE, ulimit -n), then restart it"
            }
            FaultKind::State if self.says(&[Errno::ISDIR, Errno::NXIO, Errno::SPIPE]) => {
                "something else lies in the state file's place: move it away, then start the hub; the state is built from the journal"
            }
            FaultKind::State if self.is_damage => {
                "stop the hub, delete the state file and start it: the state is rebuilt from the journal"
            }
            kind => kind.remedy(),
        }
    }

    /// What happened and where, without code and remedy, for the log and the operator.
    pub fn log_text(&self) -> String {
        format!("{} at {}: {}", self.kind.words(), self.place, self.detail)
    }

    /// The text that may be sent to a peer: no file names, no system errors.
    pub fn peer_text(&self) -> &'static str {
        self.kind.words()
    }
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({})",
            self.code(),
            self.log_text(),
            self.remedy()
        )
    }
}

impl std::error::Error for JournalFault {}

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, JournalFault>;

#[cfg(test)]
mod tests {
    use super::*;

    /// Deleting the state was advised whatever had happened to it.
    #[test]
    fn what_is_advised_of_a_state_fits_the_cause() {
        let fault = || JournalFault::new(FaultKind::State, "state.redb", "it failed");
        let of = |errno: Errno| fault().caused(&io::Error::from_raw_os_error(errno.raw_os_error()));
        for (fault, wanted) in [
            (of(Errno::NOSPC), "free some space"),
            (of(Errno::DQUOT), "free some space"),
            (of(Errno::IO), "see to the disk"),
            (of(Errno::ROFS), "see to the disk"),
            (of(Errno::MFILE), "open more files"),
            (of(Errno::ACCESS), "the right to read and write"),
            (of(Errno::PERM), "goes on by itself"),
            (of(Errno::ISDIR), "move it away"),
            (fault(), "leave the state file where it is"),
            (fault().damaged(), "delete the state file"),
        ] {
            let remedy = fault.remedy();
            assert!(remedy.contains(wanted), "{fault:?}: {remedy}");
            let deletes = remedy.contains("delete");
            assert_eq!(deletes, fault == fault.clone().damaged(), "{fault:?}");
        }
    }
}
