//! Where pulled reports lie: one file for each version, which is never written over.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;

use super::Lock;
use super::spool::write_durably;

/// Puts a verified report under its name; whether it stood there already.
///
/// # Errors
/// `S085` when other bytes stand there: they stay, and these are kept beside them, for two that are signed are proof
/// of a hub that said two things. `S030` when the folder cannot be used, `S088` when another pull
/// writes into it and does not end.
pub(super) fn file(path: &Path, document: &[u8]) -> Result<bool, Fault> {
    // Two pulls of one report at once would write into each other's file.
    let _alone = path.parent().map(Lock::folder).transpose()?;
    match fs::read(path) {
        Ok(there) if there == document => Ok(true),
        Ok(_) => {
            let beside = beside(path, document);
            write_durably(&beside, document)?;
            Err(another(path, &beside))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            write_durably(path, document).map(|()| false)
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// A name of its own for these bytes, the same each time they are pulled.
fn beside(path: &Path, document: &[u8]) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    let digest = cordon_wire::digest_of_bytes(document);
    name.push(format!(".other-{digest}.xml"));
    path.with_file_name(name)
}

fn another(path: &Path, beside: &Path) -> Fault {
    Fault::new(
        "S085",
        format!(
            "the hub gives other bytes for a version that was pulled before; the file stays, what it gives now is kept in {}",
            beside.display()
        ),
    )
    .at(path.display().to_string())
    .remedy("check both with cordon cert verify: two that are good prove that a signed report was changed, so call the park; a file that is not good was changed here")
}

fn unusable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new("S030", error.to_string())
        .at(path.display().to_string())
        .remedy("check that the folder exists, is writable and has room")
}
