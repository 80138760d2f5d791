//! Where a journal lies: its folder, and the archive that holds its older segments.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_journal::disk::{Disk, RealDisk};
use cordon_journal::{Reader, tiered};

use super::journal::ending;
use crate::exit::Ending;

/// The folders of a journal that is read.
#[derive(clap::Args, Debug)]
pub struct Place {
    /// The journal's folder
    #[arg(long, default_value = "journal")]
    pub dir: PathBuf,
    /// The folder with the segments that were moved away by `cordon journal archive`
    #[arg(long, value_name = "DIR")]
    pub archive: Option<PathBuf>,
}

impl Place {
    /// The disk on which both are one folder.
    pub fn disk(&self) -> Result<Arc<dyn Disk>, Ending> {
        if let Some(archive) = &self.archive {
            // One that is not there would be read as empty.
            std::fs::read_dir(archive).map_err(|error| Ending::file(archive, &error))?;
        }
        Ok(tiered(
            Arc::new(RealDisk),
            &self.dir,
            self.archive.as_deref(),
        ))
    }

    /// Reads both as one journal.
    pub fn reader(&self) -> Result<Reader, Ending> {
        Reader::open_on(self.disk()?, &self.dir).map_err(|fault| ending(&fault))
    }
}
