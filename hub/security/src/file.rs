//! Reading and writing certificate and key files: whole, atomic, keys for the owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use cordon_contract::Fault;

use crate::refusal;

/// Mode of files that hold a private key.
const PRIVATE: u32 = 0o600;
/// Mode of files that anybody may read.
const PUBLIC: u32 = 0o644;
/// Largest certificate, key or CRL file.
const BYTES_MAX: usize = 16 * 1024 * 1024;

pub(crate) fn failure(path: &Path, error: impl std::fmt::Display) -> Fault {
    refusal::FILE
        .because(format_args!("{}: {error}", path.display()))
        .at(path.display().to_string())
}

pub(crate) fn read(path: &Path) -> Result<String, Fault> {
    let size = fs::metadata(path)
        .map_err(|error| failure(path, error))?
        .len();
    check_size(path, usize::try_from(size).unwrap_or(usize::MAX))?;
    fs::read_to_string(path).map_err(|error| failure(path, error))
}

/// Whether a file of so many bytes can be read.
pub(crate) fn check_size(path: &Path, size: usize) -> Result<(), Fault> {
    match size > BYTES_MAX {
        true => Err(failure(path, format_args!("{size} bytes are too many"))),
        false => Ok(()),
    }
}

/// Reads a private key file; warns when others may read it too.
pub(crate) fn read_private(path: &Path) -> Result<String, Fault> {
    let mode = fs::metadata(path)
        .map_err(|error| failure(path, error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "private key can be read by others; chmod 600 it");
    }
    read(path)
}

pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Fault> {
    write(path, text, PRIVATE)
}

pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), Fault> {
    write(path, text, PUBLIC)
}

/// Writes beside the target, syncs, then renames: a reader sees the old file or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Fault> {
    let beside = path.with_extension("new");
    let write_all = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_folder(path)
    };
    write_all().map_err(|error: std::io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => refusal::NO_ROOM
            .because(format_args!("{}: {error}", path.display()))
            .at(path.display().to_string()),
        _ => failure(path, error),
    })
}

pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), Fault> {
    fs::create_dir_all(path).map_err(|error| failure(path, error))
}
