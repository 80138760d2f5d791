//! What lies in a trust folder, file by file.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::list::Listed;
use super::snapshot::{CHAIN_ALGORITHMS, Snapshot};
use crate::register::{self, Register};
use crate::{file, refusal};

/// How everything in such a file begins.
const PEM_BEGINS: &str = "-----BEGIN ";

/// A folder as it was read.
#[derive(Default)]
pub(super) struct Reading {
    /// Its authorities alone.
    pub snapshot: Snapshot,
    /// The lists, in the order of their files, none of them chosen yet.
    pub found: Vec<Listed>,
    /// Why a file could not be read, of the first: what it holds may be a list, or an authority.
    pub torn: Option<Fault>,
    /// Why the register cannot be used.
    pub no_register: Option<Fault>,
}

impl Reading {
    /// # Errors
    /// `V103` when it is not known which files there are.
    pub(super) fn of(folder: &Path) -> Result<Self, Fault> {
        let mut reading = Self::default();
        for path in files(folder)? {
            let read = file::read(&path).and_then(|text| {
                if text.contains("PRIVATE KEY") {
                    return Ok(());
                }
                let added = reading.add(&text);
                added.map_err(|fault| fault.at(path.display().to_string()))
            });
            if let Err(fault) = read {
                reading.torn.get_or_insert(fault);
            }
        }
        match reading.register(folder) {
            Ok(register) => reading.snapshot.register = register.map(Into::into),
            Err(fault) => reading.no_register = Some(fault),
        }
        Ok(reading)
    }

    /// All of it, or why a part is missing.
    pub(super) fn whole(mut self) -> Result<Self, Fault> {
        match self.torn.take().or_else(|| self.no_register.take()) {
            Some(fault) => Err(fault),
            None => Ok(self),
        }
    }

    /// A folder without a register is fine; one with a register that nobody here signed is not.
    fn register(&self, folder: &Path) -> Result<Option<Register>, Fault> {
        let path = folder.join(register::NAME);
        let is_there = path.try_exists();
        if !is_there.map_err(|error| file::failure(&path, error))? {
            return Ok(None);
        }
        let Snapshot {
            intermediates,
            roots,
            ..
        } = &self.snapshot;
        let issuers = [intermediates.as_slice(), roots.as_slice()].concat();
        let read = Register::verify(&file::read(&path)?, &issuers, CHAIN_ALGORITHMS);
        read.map(Some)
            .map_err(|fault| fault.at(path.display().to_string()))
    }

    /// Takes in what one file holds.
    pub(super) fn add(&mut self, text: &str) -> Result<(), Fault> {
        let broken = |error: &dyn std::fmt::Display| refusal::TRUST.because(error);
        // A power cut while it was copied: what it held is not known, and may be a list.
        if !text.contains(PEM_BEGINS) {
            return Err(broken(&"it is empty or cut: nothing begins in it"));
        }
        for der in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let der = der.map_err(|error| broken(&error))?;
            let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| broken(&error))?;
            if !parsed.is_ca() {
                continue;
            }
            match parsed.issuer() == parsed.subject() {
                true => self.snapshot.add_root(der)?,
                false => self.snapshot.add_intermediate(der),
            }
        }
        for der in CertificateRevocationListDer::pem_slice_iter(text.as_bytes()) {
            let der = der.map_err(|error| broken(&error))?;
            self.found.push(Listed::read(&der)?);
        }
        Ok(())
    }
}

/// The certificate and CRL files of a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| file::failure(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| file::failure(folder, error))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_named_so = matches!(extension, Some("pem" | "crt" | "crl"));
        if is_named_so && !is_folder(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether this is a folder; one that cannot be asked is no reason to pass it over.
fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|known| known.is_dir())
}
