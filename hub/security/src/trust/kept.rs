//! The lists that a hub went by last, kept beside its data. An older list in the trust folder stays signed and lets in again whom the
//! newer one revoked; what is kept holds instead. It proves itself by its signature: whoever writes here can take one away, and then
//! the journal says that one is missing.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;

use super::list::{CrlState, Listed};
use crate::{file, refusal};

/// How the files end; the rest of a name is the authority's mark.
const ENDING: &str = ".crl.pem";
/// Lists kept at most. Of more authorities the journal alone remembers them.
const KEPT_MAX: usize = 64;

/// Those that can be read; one that cannot is said, and is none.
pub(super) fn read(folder: &Path) -> Vec<Listed> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_kept(path)).take(KEPT_MAX).collect();
    paths.sort();
    let mut kept = Vec::new();
    for path in paths {
        match read_one(&path) {
            Ok(list) => kept.push(list),
            Err(fault) => {
                tracing::error!(%fault, "a list of revoked certificates that was kept cannot be used; the journal still tells which one this hub went by");
            }
        }
    }
    kept
}

fn read_one(path: &Path) -> Result<Listed, Fault> {
    let text = file::read(path)?;
    let broken = |error: &dyn std::fmt::Display| {
        let fault = refusal::TRUST.because(error);
        fault
            .at(path.display().to_string())
            .remedy("nothing: it is written again by the next list that is in use")
    };
    let der = CertificateRevocationListDer::from_pem_slice(text.as_bytes());
    let der = der.map_err(|error| broken(&error))?;
    Listed::read(&der).map_err(|fault| broken(&fault.log_text()))
}

/// Keeps this list in the place of the one before; durable when this returns.
pub(super) fn keep(folder: &Path, list: &CrlState) -> Result<(), Fault> {
    let path = path_of(folder, list);
    let text = pem(&list.der);
    if file::read(&path).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    file::check_size(&path, text.len())?;
    if !folder.is_dir() {
        file::make_folder(folder)?;
        file::sync_folder(folder).map_err(|error| file::failure(folder, error))?;
    }
    let entries = std::fs::read_dir(folder).map_err(|error| file::failure(folder, error))?;
    let others = entries.flatten().map(|entry| entry.path());
    let count = others.filter(|it| is_kept(it) && *it != path).count();
    if count >= KEPT_MAX {
        let words = format_args!("{KEPT_MAX} lists are kept here, which is the most");
        let fault = file::failure(folder, words);
        return Err(fault.remedy("remove those of authorities that are in use no more"));
    }
    file::write_public(&path, &text)
}

fn path_of(folder: &Path, list: &CrlState) -> PathBuf {
    folder.join(format!("{}{ENDING}", list.of))
}

fn is_kept(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(ENDING))
}

fn pem(der: &[u8]) -> String {
    let mut text = "-----BEGIN X509 CRL-----\n".to_owned();
    for line in der.chunks(48) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END X509 CRL-----\n");
    text
}
