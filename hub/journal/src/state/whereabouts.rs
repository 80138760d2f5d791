//! Whether the paths of state and witness still lead to the files that are open. A file that was removed
//! goes on being written, and no start finds it again.

use std::path::{Path, PathBuf};

use crate::disk::{Disk as _, FileId, RealDisk};

/// The files of a state by their paths, as they were opened.
#[derive(Debug, Default)]
pub(super) struct Whereabouts(Vec<(PathBuf, Option<FileId>)>);

impl Whereabouts {
    /// A file that has just been opened.
    pub(super) fn opened(&mut self, path: &Path) {
        self.0.retain(|(known, _)| known != path);
        self.0.push((path.to_owned(), RealDisk.id(path).ok()));
    }

    /// Paths that lead elsewhere by now, or nowhere.
    pub(super) fn astray(&self) -> Vec<String> {
        let differs = |(path, opened): &&(PathBuf, Option<FileId>)| {
            opened.is_some() && RealDisk.id(path).ok() != *opened
        };
        let astray = self.0.iter().filter(differs);
        astray.map(|(path, _)| path.display().to_string()).collect()
    }
}
