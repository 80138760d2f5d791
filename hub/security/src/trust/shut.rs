//! A trust folder that cannot be used as it is: files that are torn, missing or not for the hub to read, a disk that fails or does
//! not answer. Nobody is trusted by what is not known, and the hub is up for its gates all the same.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cordon_contract::{Fault, disk_hangs};
use cordon_model::Timestamp;

use super::TrustStore;
use super::snapshot::{Revocation, Snapshot, files};
use crate::{Certificate, file};

/// What kept the folder from being read again, and how often in a row.
#[derive(Debug, Default)]
pub(super) struct Unread(Mutex<Option<(Fault, u32)>>);

impl Unread {
    pub(super) fn note(&self, fault: Option<&Fault>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = held.as_ref().map_or(0, |(_, times)| *times);
        let known = held.as_ref().map(|(fault, _)| fault);
        // Read every few seconds, said once.
        if let Some(fault) = fault.filter(|fault| known != Some(fault)) {
            tracing::warn!(%fault, "the trust folder cannot be used as it is; until it can, what was read before stays in force; it is read again every few seconds");
        } else if fault.is_none() && known.is_some() {
            tracing::info!("the trust folder can be read again");
        }
        *held = fault.map(|fault| (fault.clone(), times.saturating_add(1)));
    }

    fn begin(&self, fault: &Fault) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((fault.clone(), 1));
    }

    fn get(&self) -> Option<(Fault, u32)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

/// The hub's own certificate, by which is seen whether the folder holds its authorities and their lists.
#[derive(Clone, Debug)]
pub struct Own {
    pub(super) der: Vec<u8>,
    pub(super) made: Timestamp,
}

impl Own {
    /// This certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            der: certificate.der().to_vec(),
            made: certificate.not_before(),
        }
    }
}

impl TrustStore {
    /// As [`TrustStore::load`], for a hub of this certificate. Whatever is wrong with the folder, there is a store: it trusts nobody
    /// until a [`TrustStore::reload`] finds the folder whole, and [`TrustStore::trouble`] says why.
    pub fn load_or_shut(folder: &Path, own: Option<Own>) -> Self {
        let read = Snapshot::read(folder, Revocation::Required);
        let whole = read.and_then(|snapshot| match &own {
            Some(own) => snapshot.knows_of(own, folder).map(|()| snapshot),
            None => Ok(snapshot),
        });
        match whole {
            Ok(snapshot) => Self::of(folder, Revocation::Required, (snapshot, own)),
            Err(fault) => Self::shut(folder, own, &fault),
        }
    }

    /// A store of a folder whose disk does not answer.
    pub fn hanging(folder: &Path, own: Option<Own>) -> Self {
        Self::shut(folder, own, &disk_hangs(folder))
    }

    fn shut(folder: &Path, own: Option<Own>, fault: &Fault) -> Self {
        let shut = Self::of(folder, Revocation::Required, (Snapshot::default(), own));
        // Whoever starts by it says it.
        shut.unread.begin(fault);
        shut
    }

    /// Whether it trusts nobody, because it could not be read yet.
    pub fn is_shut(&self) -> bool {
        self.snapshot.load().is_empty()
    }

    /// Whether the last reading came to nothing.
    pub fn is_unread(&self) -> bool {
        self.unread.get().is_some()
    }

    /// Its disk does not answer whoever reads it again.
    pub fn hangs(&self) {
        // It is no file that is being copied: that is said the first time.
        for _ in 0..2 {
            self.unread.note(Some(&disk_hangs(&self.folder)));
        }
    }

    /// Why the folder cannot be read; what was read before stays in use. The first time in a row is none: files are being copied.
    pub fn trouble(&self) -> Option<Fault> {
        let (fault, times) = self.unread.get()?;
        (times > 1 || self.is_shut()).then_some(fault)
    }
}

/// Whether a folder is there that holds, as far as it can be read, no root certificate, or whether none is there: it is not
/// the one that somebody meant.
pub fn is_no_trust_folder(folder: &Path) -> bool {
    let is_missing = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    if let Err(error) = std::fs::read_dir(folder) {
        return is_missing(error.kind());
    }
    let Ok(paths) = files(folder) else {
        return false;
    };
    let mut found = Snapshot::default();
    for path in paths {
        match file::read(&path) {
            // What is wrong with a torn one is told; what stands before the tear counts.
            Ok(text) => drop(found.add(&text)),
            Err(_) => return false,
        }
    }
    found.is_empty()
}
