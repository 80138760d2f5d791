//! What a holder gets: a folder with certificate, chain, root and, if the CA made it, the key.

use std::path::Path;

use cordon_contract::Fault;

use super::Issued;
use crate::file;

/// Names of the files in a holder's folder, the same for every role.
#[derive(Clone, Copy, Debug)]
pub struct Bundle;

impl Bundle {
    /// The holder's certificate alone.
    pub const CERTIFICATE: &'static str = "certificate.pem";
    /// The holder's certificate, then the issuing CA's: what TLS and signers load.
    pub const CHAIN: &'static str = "chain.pem";
    /// The private key, mode 0600; absent when the holder made it.
    pub const KEY: &'static str = "key.pem";
    /// The park's root certificate.
    pub const ROOT: &'static str = "root.pem";

    /// Writes the files of `issued` into `folder`, which is made if need be.
    ///
    /// # Errors
    /// `V103` when a file cannot be written.
    pub fn write(issued: &Issued, folder: &Path) -> Result<(), Fault> {
        file::make_folder(folder)?;
        if let Some(key) = &issued.key_pem {
            file::write_private(&folder.join(Self::KEY), key)?;
        }
        file::write_public(&folder.join(Self::CERTIFICATE), &issued.certificate_pem)?;
        file::write_public(&folder.join(Self::CHAIN), &issued.chain_pem)?;
        file::write_public(&folder.join(Self::ROOT), &issued.root_pem)
    }
}
