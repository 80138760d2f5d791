//! A trust folder that cannot be used as it is: files that are torn, missing or not for the hub to read, a disk that fails or does
//! not answer. Nobody is trusted by what is not known, and the hub is up for its gates all the same.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_contract::{DISK_ANSWERS_IN, Fault, aside_within, disk_hangs};
use cordon_model::Timestamp;

use super::snapshot::{Revocation, Snapshot, files};
use super::{CrlState, KnownList, TrustStore, kept};
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

    /// What a start found, which is no file that is just being copied.
    fn begin(&self, fault: Fault) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((fault, 2));
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
    /// Where the lists are kept that the hub went by.
    kept: Option<PathBuf>,
}

impl Own {
    /// This certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            der: certificate.der().to_vec(),
            made: certificate.not_before(),
            kept: None,
        }
    }

    /// Of a hub that keeps the lists it goes by in this folder.
    #[must_use]
    pub fn keeping(mut self, folder: PathBuf) -> Self {
        self.kept = Some(folder);
        self
    }
}

impl TrustStore {
    /// As [`TrustStore::load`], for a hub of this certificate. Whatever is wrong with the folder, there is a store: it trusts nobody
    /// until a [`TrustStore::reload`] finds the folder whole, and [`TrustStore::trouble`] says why.
    pub fn load_or_shut(folder: &Path, own: Option<Own>) -> Self {
        let store = Self::empty(folder, own);
        let read = store.read_whole();
        // Whoever starts by it says what is wrong.
        match read.and_then(|(fresh, older)| store.take_up(fresh).map(|()| older)) {
            Ok(None) => {}
            Ok(Some(fault)) | Err(fault) => store.unread.begin(fault),
        }
        store
    }

    /// The folder as a start goes by it, and why that is not by all that lies there.
    pub(super) fn read_whole(&self) -> Result<(Snapshot, Option<Fault>), Fault> {
        let mut fresh = Snapshot::read(&self.folder, self.revocation)?;
        let kept = self.own.as_ref().and_then(|own| own.kept.as_deref());
        let older = kept.and_then(|kept| fresh.go_by(kept::read(kept), &self.folder));
        if let Some(own) = &self.own {
            fresh.knows_of(own, &self.folder)?;
        }
        Ok((fresh, older))
    }

    /// A store of a folder whose disk does not answer.
    pub fn hanging(folder: &Path, own: Option<Own>) -> Self {
        let store = Self::empty(folder, own);
        store.unread.begin(disk_hangs(folder));
        store
    }

    fn empty(folder: &Path, own: Option<Own>) -> Self {
        Self::of(folder, Revocation::Required, (Snapshot::default(), own))
    }

    /// Goes by no list older than these from now on, which the journal tells of. Where it does and the newer one is not kept, nobody
    /// is trusted: whom that one revoked is not known.
    pub fn hold_to(&self, lists: Vec<KnownList>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = lists;
        let Err(fault) = self.snapshot.load().meets(&known, &self.folder) else {
            return;
        };
        tracing::error!(%fault, "the journal tells of a newer list of revoked certificates; nobody is trusted until it is there");
        self.former
            .take(|| self.snapshot.swap(Arc::new(Snapshot::default())));
        self.unread.begin(fault);
    }

    /// Keeps a list that is in use, so that a start goes by no older one; durable when this returns.
    ///
    /// # Errors
    /// `V103` when it cannot be written, `V121` when there is no room.
    pub fn keep(&self, list: &CrlState) -> Result<(), Fault> {
        let kept = self.own.as_ref().and_then(|own| own.kept.as_deref());
        match kept.filter(|_| list.is_proven) {
            Some(folder) => kept::keep(folder, list),
            None => Ok(()),
        }
    }

    /// Keeps the lists of a folder that was just read before it goes by them: killed a moment later, the next start goes by no older
    /// ones. A disk that fails or does not answer keeps no list from being used; who runs the hub tries it again.
    pub(super) fn keep_before_use(&self, fresh: &Snapshot) {
        let Some(folder) = self.own.as_ref().and_then(|own| own.kept.clone()) else {
            return;
        };
        let used = self.snapshot.load();
        let is_new = |list: &&CrlState| {
            list.is_proven && !used.states.iter().any(|it| it.digest == list.digest)
        };
        let lists: Vec<CrlState> = fresh.states.iter().filter(is_new).cloned().collect();
        if lists.is_empty() {
            return;
        }
        let keeping = move || lists.iter().try_for_each(|list| kept::keep(&folder, list));
        match aside_within(DISK_ANSWERS_IN, keeping) {
            Some(Ok(())) => {}
            Some(Err(fault)) => {
                tracing::warn!(%fault, "a newer list of revoked certificates is in use before it could be kept");
            }
            None => tracing::warn!(
                "a newer list of revoked certificates is in use before it could be kept in time"
            ),
        }
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
