//! A trust folder that the hub may not read, or whose disk fails: nobody is trusted by what is not known, and the hub is up for
//! its gates all the same.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cordon_contract::Fault;

use super::snapshot::{Revocation, Snapshot, files};
use super::{TrustStore, register};
use crate::refusal;

/// Linux's number of an input or output error.
const EIO: i32 = 5;

/// What kept the folder from being read again, and how often in a row.
#[derive(Debug, Default)]
pub(super) struct Unread(Mutex<Option<(Fault, u32)>>);

impl Unread {
    pub(super) fn note(&self, fault: Option<&Fault>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = held.as_ref().map_or(0, |(_, times)| *times);
        *held = fault.map(|fault| (fault.clone(), times.saturating_add(1)));
    }
}

impl TrustStore {
    /// As [`TrustStore::load`]; where a file of the folder is there and may not be read, or its disk fails, the store trusts nobody
    /// until a [`TrustStore::reload`] reads it.
    ///
    /// # Errors
    /// As [`TrustStore::load`] for everything else.
    pub fn load_or_shut(folder: &Path) -> Result<Self, Fault> {
        Self::load(folder).or_else(|fault| {
            if fault.code() != refusal::FILE.code || !is_kept_back(folder) {
                return Err(fault);
            }
            let shut = Self::of(folder, Revocation::Required, Snapshot::default());
            shut.unread.note(Some(&fault));
            Ok(shut)
        })
    }

    /// Whether it trusts nobody, because it could not be read yet.
    pub fn is_shut(&self) -> bool {
        self.snapshot.load().is_empty()
    }

    /// Why the folder cannot be read; what was read before stays in use. The first time in a row is none: files are being copied.
    pub fn trouble(&self) -> Option<Fault> {
        let held = self.unread.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, times) = held.clone()?;
        (times > 1 || self.is_shut()).then_some(fault)
    }
}

/// Whether a file is there that rights or the disk keep from being read.
fn is_kept_back(folder: &Path) -> bool {
    let refused = |error: &std::io::Error| {
        error.kind() == ErrorKind::PermissionDenied || error.raw_os_error() == Some(EIO)
    };
    let Ok(mut paths) = files(folder) else {
        return std::fs::read_dir(folder).is_err_and(|error| refused(&error));
    };
    paths.push(folder.join(register::NAME));
    paths
        .iter()
        .any(|path| File::open(path).is_err_and(|error| refused(&error)))
}
