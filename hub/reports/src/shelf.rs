//! The signed files: `RPT-01/<report id>/v1.xml`, never changed, each with a `v1.json` beside it
//! that lists it. The index is made of these at every start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_model::service::ReportEntry;
use cordon_model::{Digest, ReportDocument};
use cordon_wire::{digest_of_bytes, read_report_document};
use cordon_xml::{Document, Limits};
use serde::{Deserialize, Serialize};

use crate::document::content;
use crate::fault;
use crate::standard::built;

/// One version as it is listed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// As regulators see it.
    pub(crate) entry: ReportEntry,
    /// Digest of what it says, the same for a version that says the same.
    pub(crate) content: Digest,
    /// Whether the journal has an entry that it was built.
    pub(crate) recorded: bool,
}

/// All versions by report id.
pub(crate) struct Shelf {
    dir: PathBuf,
    reports: BTreeMap<String, BTreeMap<u32, Kept>>,
    /// Versions that cannot be listed, and why.
    damaged: BTreeMap<(String, u32), Fault>,
    /// How often what is listed has changed.
    changes: u64,
}

/// So long another builder is waited for.
const OTHERS_IN: Duration = Duration::from_secs(5);
/// How often it is looked whether it is done.
const LOOK: Duration = Duration::from_millis(20);

impl Shelf {
    /// Reads what is in `dir`, which is made if need be.
    pub(crate) fn open(dir: &Path) -> Result<Self, Fault> {
        let mut shelf = Self {
            dir: dir.to_owned(),
            reports: BTreeMap::new(),
            damaged: BTreeMap::new(),
            changes: 0,
        };
        for report in built() {
            let folder = dir.join(report.as_str());
            fs::create_dir_all(&folder).map_err(|error| fault::file(&folder, &error))?;
        }
        shelf.look_again()?;
        Ok(shelf)
    }

    /// Takes up what another program has built since. A folder that cannot be listed hides no other; the
    /// first fault is given.
    pub(crate) fn look_again(&mut self) -> Result<(), Fault> {
        let mut looked = Ok(());
        for report in built() {
            let found = self.look_into(&self.dir.join(report.as_str()));
            looked = looked.and(found);
        }
        looked
    }

    fn look_into(&mut self, folder: &Path) -> Result<(), Fault> {
        let mut looked = Ok(());
        for id in names(folder)? {
            let of_report = folder.join(&id);
            // Somebody's notes beside the reports are none.
            if fs::metadata(&of_report).is_ok_and(|found| !found.is_dir()) {
                continue;
            }
            let found = self.look(&of_report, &id);
            looked = looked.and(found);
        }
        looked
    }

    /// Tries to write where reports are built, and takes it back. It is asked before the next is due.
    pub(crate) fn try_out(&self) -> Result<(), Fault> {
        let folders = built().map(|report| self.dir.join(report.as_str()));
        for folder in folders.chain([self.dir.clone()]) {
            let trial = folder.join(format!(".trial-{}", std::process::id()));
            let tried = File::create(&trial).and_then(|_| fs::remove_file(&trial));
            tried.map_err(|error| fault::file(&folder, &error))?;
        }
        Ok(())
    }

    /// Versions that cannot be listed, and why.
    pub(crate) fn damaged(&self) -> &BTreeMap<(String, u32), Fault> {
        &self.damaged
    }

    /// Looks again at one report: another program may have built a version.
    pub(crate) fn refresh(&mut self, report: &str, id: &str) -> Result<(), Fault> {
        let folder = self.dir.join(report).join(id);
        if folder.is_dir() {
            self.look(&folder, id)?;
        }
        Ok(())
    }

    fn look(&mut self, folder: &Path, id: &str) -> Result<(), Fault> {
        let names = names(folder)?;
        let version_of = |name: &String| {
            let number = name.strip_prefix('v')?.strip_suffix(".xml")?;
            number.parse::<u32>().ok()
        };
        let versions: BTreeSet<u32> = names.iter().filter_map(version_of).collect();
        // What was taken away is not damaged any more.
        self.damaged
            .retain(|(of, version), _| of != id || versions.contains(version));
        for version in versions {
            let known = self.reports.get(id);
            if known.is_some_and(|versions| versions.contains_key(&version)) {
                continue;
            }
            match listed(folder, version) {
                Ok(kept) => {
                    self.damaged.remove(&(id.to_owned(), version));
                    let versions = self.reports.entry(id.to_owned()).or_default();
                    versions.insert(version, kept);
                    self.changes += 1;
                }
                // One damaged file must not hide the others; its version is not used again.
                Err(fault) => {
                    self.damaged.insert((id.to_owned(), version), fault);
                }
            }
        }
        Ok(())
    }

    /// How often what is listed has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Everything that is listed, as regulators see it.
    pub(crate) fn entries(&self) -> Vec<ReportEntry> {
        self.all().map(|kept| kept.entry.clone()).collect()
    }

    /// Everything that is listed.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Kept> {
        self.reports.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn newest(&self, id: &str) -> Option<&Kept> {
        self.reports.get(id)?.last_key_value().map(|(_, kept)| kept)
    }

    pub(crate) fn find(&self, id: &str, version: u32) -> Option<&Kept> {
        self.reports.get(id)?.get(&version)
    }

    /// The signed bytes; refused when they are not those that were listed.
    pub(crate) fn bytes(&self, kept: &Kept) -> Result<Vec<u8>, Fault> {
        stored(&self.dir, &kept.entry)
    }

    /// The first version from `first` on that no file has; a damaged file keeps its number.
    pub(crate) fn next_version(&self, report: &str, id: &str, first: u32) -> Result<u32, Fault> {
        let folder = self.dir.join(report).join(id);
        let newest = self.newest(id).map_or(0, |kept| kept.entry.version);
        let mut version = newest.saturating_add(1).max(first);
        while folder.join(format!("v{version}.xml")).exists() {
            version += 1;
        }
        Ok(version)
    }

    /// Stores a version: the signed file first, then its listing.
    pub(crate) fn put(&mut self, kept: Kept, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.path(&kept.entry, "xml");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| fault::file(folder, &error))?;
            sync_folder(folder)?;
        }
        write_durably(&path, bytes)?;
        self.list(kept)
    }

    /// Notes that the journal knows of a version.
    pub(crate) fn recorded(&mut self, id: &str, version: u32) -> Result<(), Fault> {
        let Some(kept) = self.find(id, version) else {
            return Ok(());
        };
        let kept = Kept {
            recorded: true,
            ..kept.clone()
        };
        self.list(kept)
    }

    fn list(&mut self, kept: Kept) -> Result<(), Fault> {
        let path = self.path(&kept.entry, "json");
        let json = serde_json::to_vec(&kept).map_err(|error| fault::file(&path, &error))?;
        write_durably(&path, &json)?;
        let versions = self.reports.entry(kept.entry.report_id.clone());
        versions.or_default().insert(kept.entry.version, kept);
        self.changes += 1;
        Ok(())
    }

    /// Takes a version off the shelf.
    pub(crate) fn remove(&mut self, entry: &ReportEntry) -> Result<(), Fault> {
        for extension in ["xml", "json"] {
            let path = self.path(entry, extension);
            if path.exists() {
                fs::remove_file(&path).map_err(|error| fault::file(&path, &error))?;
            }
        }
        self.changes += 1;
        if let Some(versions) = self.reports.get_mut(&entry.report_id) {
            versions.remove(&entry.version);
            if versions.is_empty() {
                self.reports.remove(&entry.report_id);
            }
        }
        Ok(())
    }

    fn path(&self, entry: &ReportEntry, extension: &str) -> PathBuf {
        path(&self.dir, entry, extension)
    }
}

fn path(dir: &Path, entry: &ReportEntry, extension: &str) -> PathBuf {
    let folder = dir.join(entry.report_type.as_str());
    folder
        .join(&entry.report_id)
        .join(format!("v{}.{extension}", entry.version))
}

/// The signed bytes below `dir`; refused when they are not those that were listed.
pub(crate) fn stored(dir: &Path, entry: &ReportEntry) -> Result<Vec<u8>, Fault> {
    let path = path(dir, entry, "xml");
    let bytes = fs::read(&path).map_err(|error| fault::file(&path, &error))?;
    let digest = digest_of_bytes(&bytes);
    if digest == entry.digest {
        return Ok(bytes);
    }
    let (path, listed) = (path.display(), entry.digest);
    Err(fault::damaged(format!(
        "{path} has digest {digest}, listed is {listed}"
    )))
}

/// Keeps other builders in `dir` out until the file is dropped. One that is stopped is not waited for.
pub(crate) fn alone(dir: &Path) -> Result<File, Fault> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    let opened = options.create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|error| fault::file(&path, &error))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < OTHERS_IN => {
                std::thread::sleep(LOOK);
            }
            Err(TryLockError::WouldBlock) => return Err(fault::kept_out(&path)),
            Err(TryLockError::Error(error)) => return Err(fault::file(&path, &error)),
        }
    }
}

/// The listing of a version; made from the file itself when a crash left none.
fn listed(folder: &Path, version: u32) -> Result<Kept, Fault> {
    let beside = folder.join(format!("v{version}.json"));
    let known = fs::read(&beside).ok();
    if let Some(kept) = known.and_then(|json| serde_json::from_slice::<Kept>(&json).ok()) {
        return Ok(kept);
    }
    let path = folder.join(format!("v{version}.xml"));
    let bytes = fs::read(&path).map_err(|error| fault::file(&path, &error))?;
    let kept = found(bytes, &path.display())?;
    let json = serde_json::to_vec(&kept).map_err(|error| fault::file(&beside, &error))?;
    write_durably(&beside, &json)?;
    Ok(kept)
}

/// How the bytes of a stored report are listed; `place` names them in a fault.
pub(crate) fn found(bytes: Vec<u8>, place: &dyn std::fmt::Display) -> Result<Kept, Fault> {
    let damaged = |error: &dyn std::fmt::Display| fault::damaged(format!("{place}: {error}"));
    let document = Document::parse(bytes, &Limits::default()).map_err(|error| damaged(&error))?;
    let report = read_report_document(document.root()).map_err(|error| damaged(&error))?;
    kept(&report, document.bytes())
}

/// How a signed document is listed.
pub(crate) fn kept(report: &ReportDocument, bytes: &[u8]) -> Result<Kept, Fault> {
    Ok(Kept {
        entry: ReportEntry {
            report_id: report.report_id.clone(),
            report_type: report.report_type,
            version: report.version,
            park_code: report.park_code.clone(),
            period: report.period.clone(),
            generated_at: report.generated_at,
            entry_number: report.journal_position.entry_number,
            digest: digest_of_bytes(bytes),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        content: content(report).map_err(fault::unlawful)?,
        recorded: false,
    })
}

/// Why reports could not be served from `dir` as it is; none where a start would make it. Changes nothing.
pub fn unlistable(dir: &Path) -> Option<Fault> {
    let is_there = |folder: &Path| match fs::symlink_metadata(folder) {
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        Ok(_) => true,
    };
    if !is_there(dir) {
        return None;
    }
    let listed = |folder: PathBuf| {
        let ids = match is_there(&folder) {
            true => names(&folder)?,
            false => Vec::new(),
        };
        let folders = ids.iter().map(|id| folder.join(id));
        let mut folders = folders.filter(|it| !fs::metadata(it).is_ok_and(|found| !found.is_dir()));
        folders.try_for_each(|of_report| names(&of_report).map(drop))
    };
    let mut folders = built().map(|report| dir.join(report.as_str()));
    let listed = names(dir).and_then(|_| folders.try_for_each(listed));
    listed.err()
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Fault> {
    let entries = fs::read_dir(folder).map_err(|error| fault::file(folder, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fault::file(folder, &error))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Writes beside the target, syncs, renames, syncs the folder: whole or not there.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error: std::io::Error| fault::file(path, &error))?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(folder: &Path) -> Result<(), Fault> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| fault::file(folder, &error))
}
