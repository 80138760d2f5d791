//! Throw-away secrets, each in a file that only its owner may read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::exit::Ending;

/// Files with one random word each.
const WORDS: [&str; 6] = [
    "mqtt-hub",
    "mqtt-gateways",
    "cameras",
    "plant",
    "platform",
    "board",
];

/// Makes what is missing in the folder `secrets`.
pub fn make(root: &Path) -> Result<(), Ending> {
    let folder = root.join("secrets");
    fs::create_dir_all(&folder).map_err(|error| Ending::file(&folder, &error))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
        .map_err(|error| Ending::file(&folder, &error))?;
    for name in WORDS {
        let file = folder.join(name);
        if !file.exists() {
            // Two random UUIDs hold 244 random bits.
            let word = format!(
                "{}{}",
                uuid::Uuid::new_v4().simple(),
                uuid::Uuid::new_v4().simple()
            );
            write(&file, &word)?;
        }
    }
    let users = folder.join("broker-users");
    if !users.exists() {
        let (hub, gateways) = (
            read(&folder.join("mqtt-hub"))?,
            read(&folder.join("mqtt-gateways"))?,
        );
        write(&users, &format!("hub:{hub}\ngateways:{gateways}\n"))?;
    }
    Ok(())
}

/// The first line of a secret file.
pub fn read(file: &Path) -> Result<String, Ending> {
    let text = fs::read_to_string(file).map_err(|error| Ending::file(file, &error))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn write(file: &Path, text: &str) -> Result<(), Ending> {
    let mut opened = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| Ending::file(file, &error))?;
    opened
        .write_all(text.as_bytes())
        .map_err(|error| Ending::file(file, &error))
}
