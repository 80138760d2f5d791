//! A trust folder that cannot be used as it is: files that are torn, missing or not for the hub to read, a disk that fails or does
//! not answer. Nobody is trusted by what is not known, and the hub is up for its gates all the same.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_contract::{DISK_ANSWERS_IN, Fault, aside_within, disk_hangs};
use cordon_model::Timestamp;

use super::list::Listed;
use super::memory::Memory;
use super::reading::{Reading, files};
use super::snapshot::{Revocation, Snapshot};
use super::succession::{Aside, HeldTo};
use super::{CrlState, KnownList, TrustStore, kept};
use crate::{Certificate, file};

/// What kept the folder, or a part of it, from being used.
#[derive(Clone, Debug)]
struct Why {
    fault: Fault,
    /// How often in a row.
    times: u32,
    /// All else that lies there is in use.
    is_partial: bool,
}

/// Why the folder is not in use as it lies there.
#[derive(Debug, Default)]
pub(super) struct Unread(Mutex<Option<Why>>);

impl Unread {
    pub(super) fn note(&self, fault: Option<&Fault>, is_partial: bool) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = held.as_ref().map_or(0, |why| why.times);
        let known = held.as_ref().map(|why| &why.fault);
        // Read every few seconds, said once.
        match fault.filter(|fault| known != Some(fault)) {
            Some(fault) if is_partial => {
                tracing::warn!(%fault, "a part of the trust folder cannot be used as it is; all else that lies there is in use; it is read again every few seconds");
            }
            Some(fault) => {
                tracing::warn!(%fault, "the trust folder cannot be used as it is; until it can, what was read before stays in force; it is read again every few seconds");
            }
            None if fault.is_none() && known.is_some() => {
                tracing::info!("the trust folder can be read again");
            }
            None => {}
        }
        *held = fault.map(|fault| Why {
            fault: fault.clone(),
            times: times.saturating_add(1),
            is_partial,
        });
    }

    /// What a start found, which is no file that is just being copied.
    fn begin(&self, fault: Fault, is_partial: bool) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Why {
            fault,
            times: 2,
            is_partial,
        });
    }

    fn get(&self) -> Option<Why> {
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
        // Whoever starts by it says what is wrong.
        match store.read_whole() {
            Ok((fresh, aside)) => {
                store.take_up(fresh);
                if let Some(fault) = aside {
                    store.unread.begin(fault, true);
                }
            }
            Err(fault) => store.unread.begin(fault, false),
        }
        store
    }

    /// The lists that earlier runs kept.
    fn remember_kept(&self) {
        if let Some(kept) = self.own.as_ref().and_then(|own| own.kept.as_deref()) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            if memory.is_empty() {
                *memory = Memory::of(kept::read(kept));
            }
        }
    }

    /// The folder as a start goes by it, which takes no part for the whole, and why that is not by all that lies there.
    pub(super) fn read_whole(&self) -> Result<(Snapshot, Option<Fault>), Fault> {
        self.remember_kept();
        let reading = Reading::of(&self.folder)?.whole()?;
        self.settle(reading.snapshot, reading.found)
    }

    /// The folder as a running hub goes on by it. What one file holds that cannot be read is not known: whoever was an authority
    /// stays one until it can.
    pub(super) fn read_on(&self) -> Result<(Snapshot, Option<Fault>), Fault> {
        let Reading {
            mut snapshot,
            found,
            torn,
            no_register,
        } = Reading::of(&self.folder)?;
        let used = self.snapshot.load();
        if torn.is_some() {
            snapshot.add_authorities(&used)?;
        }
        let register = snapshot.follow_register(&used, &self.folder);
        let (snapshot, aside) = self.settle(snapshot, found)?;
        let why = torn.or(aside).or(no_register).or(register);
        Ok((snapshot, why))
    }

    fn settle(
        &self,
        mut fresh: Snapshot,
        found: Vec<Listed>,
    ) -> Result<(Snapshot, Option<Fault>), Fault> {
        fresh.suffices(&found, self.revocation, &self.folder)?;
        let aside = {
            let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let to = HeldTo {
                memory: &memory,
                known: &known,
            };
            fresh.choose(found, to, &self.folder)
        };
        self.knows_its_own(&fresh, &aside)?;
        Ok((fresh, aside.first()))
    }

    fn knows_its_own(&self, fresh: &Snapshot, aside: &Aside) -> Result<(), Fault> {
        let own = self.own.as_ref();
        let known = own.map_or(Ok(()), |own| fresh.knows_of(own, &self.folder));
        known.map_err(|fault| aside.barred.clone().unwrap_or(fault))
    }

    /// A store of a folder whose disk does not answer.
    pub fn hanging(folder: &Path, own: Option<Own>) -> Self {
        let store = Self::empty(folder, own);
        store.unread.begin(disk_hangs(folder), false);
        store
    }

    fn empty(folder: &Path, own: Option<Own>) -> Self {
        Self::of(folder, Revocation::Required, (Snapshot::default(), own))
    }

    /// Goes by no list older than these from now on, which the journal tells of. Where it does and the newer one is not kept, nobody
    /// whom that authority certified is trusted, nobody at all where it certified the hub: whom that one revoked is not known.
    pub fn hold_to(&self, lists: Vec<KnownList>) {
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let read = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            *known = lists;
            self.snapshot.load().held_to(&known, &self.folder)
        };
        let (fresh, fault) = match read {
            Ok((_, Aside { barred: None, .. })) => return,
            Ok((fresh, aside)) => match self.knows_its_own(&fresh, &aside) {
                Ok(()) => (fresh, aside.first()),
                Err(fault) => (Snapshot::default(), Some(fault)),
            },
            Err(fault) => (Snapshot::default(), Some(fault)),
        };
        if let Some(fault) = fault {
            tracing::error!(%fault, "the journal tells of a newer list of revoked certificates; nobody whom its authority certified is trusted until it is there");
            self.unread.begin(fault, !fresh.is_empty());
        }
        self.former.take(|| self.snapshot.swap(Arc::new(fresh)));
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
            self.unread.note(Some(&disk_hangs(&self.folder)), false);
        }
    }

    /// Why the folder, or a part of it, is not in use as it lies there. The first time in a row is none: files are being copied.
    pub fn trouble(&self) -> Option<Fault> {
        let why = self.unread.get()?;
        (why.times > 1 || self.is_shut()).then_some(why.fault)
    }

    /// Whether the trouble is one of a part: all else that lies in the folder is in use.
    pub fn is_partial(&self) -> bool {
        !self.is_shut() && self.unread.get().is_some_and(|why| why.is_partial)
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
    let mut found = Reading::default();
    for path in paths {
        match file::read(&path) {
            // What is wrong with a torn one is told; what stands before the tear counts.
            Ok(text) => drop(found.add(&text)),
            Err(_) => return false,
        }
    }
    found.snapshot.is_empty()
}
