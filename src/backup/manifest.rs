//! What a backup says of itself.

use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use serde::{Deserialize, Serialize};

/// The file's name.
const NAME: &str = "backup.json";

/// `backup.json`: written last, so that without it there is no backup.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The program that made it.
    pub program: String,
    /// When, in park time.
    pub taken_at: String,
    /// Whose journal it holds: park and hub.
    pub identity: String,
    /// First entry of the journal in it; 0 for none.
    pub first: u64,
    /// Its last entry.
    pub last: u64,
    /// The chain hash there, in hexadecimal digits.
    pub chain: String,
    /// The name of the configuration in `config`.
    pub config: PathBuf,
    /// What `cordon journal verify` says of the journal; 0 for nothing.
    pub problems: u64,
    /// Files of the configuration that lie in no folder of the backup, or could not be reached.
    pub outside: Vec<PathBuf>,
}

impl Manifest {
    /// That of the backup in `folder`.
    ///
    /// # Errors
    /// `K093` when there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(NAME);
        let text = std::fs::read(&path).map_err(|error| no_backup(&path, &error))?;
        serde_json::from_slice(&text).map_err(|error| no_backup(&path, &error))
    }

    /// Writes it, durable when this returns.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        let (path, draft) = (folder.join(NAME), folder.join(".backup.json"));
        let mut file = std::fs::File::create(&draft)?;
        std::io::Write::write_all(&mut file, &text)?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        std::fs::File::open(folder)?.sync_all()
    }
}

fn no_backup(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("K093", format!("this is no whole backup: {error}"))
        .at(path.display().to_string())
        .remedy("name the folder that `cordon backup` made and that it said is whole")
}
