//! The shared secret of a webhook, from a file.

use std::fmt;
use std::path::Path;

use aws_lc_rs::hmac;
use cordon_contract::Fault;

const BYTES_MIN: usize = 16;

/// The key of a webhook's signature; never shown.
#[derive(Clone)]
pub struct Secret(pub(crate) hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Makes a key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Reads the first line of a file.
    pub(crate) fn read(file: &Path) -> Result<Self, Fault> {
        let line = first_line(file)?;
        if line.len() < BYTES_MIN {
            return Err(unusable("the secret has fewer than 16 letters", file));
        }
        Ok(Self::new(line.as_bytes()))
    }
}

/// The first line of a file with a secret or password.
pub(crate) fn first_line(file: &Path) -> Result<String, Fault> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| unusable(&format!("it cannot be read: {error}"), file))?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(unusable("its first line is empty", file));
    }
    Ok(line.to_owned())
}

fn unusable(detail: &str, file: &Path) -> Fault {
    Fault::new("K072", format!("a secret file is not usable: {detail}"))
        .at(file.display().to_string())
        .remedy("write the secret on the first line; only the hub may read it")
}
