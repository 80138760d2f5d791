//! The shared secret, from a file.

use std::fmt;
use std::path::Path;

use aws_lc_rs::hmac;
use cordon_contract::Fault;

const BYTES_MIN: usize = 16;

/// The key of both signatures; never shown.
#[derive(Clone)]
pub struct Secret(pub hmac::Key);

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
    pub fn read(file: &Path) -> Result<Self, Fault> {
        let refused = |detail: String| {
            Fault::new("K052", detail)
                .at(file.display().to_string())
                .remedy(
                    "write at least 16 random letters on the first line; only the hub may read it",
                )
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| refused(format!("secret file cannot be read: {error}")))?;
        let line = text.lines().next().unwrap_or_default().trim();
        if line.len() < BYTES_MIN {
            return Err(refused("the secret has fewer than 16 letters".to_owned()));
        }
        Ok(Self::new(line.as_bytes()))
    }
}
