//! Whether the paths of state and witness still lead to the files that are open. A file that was removed
//! goes on being written, and no start finds it again.

use std::path::{Path, PathBuf};

use crate::disk::{Disk as _, FileId, RealDisk};

/// A path, and the file to which it led.
type Known = (PathBuf, Option<FileId>);

/// The files of a state by their paths, as they were opened.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    files: Vec<Known>,
    /// Those that led elsewhere and were put right, until somebody asked.
    put_back: Vec<PathBuf>,
}

impl Whereabouts {
    /// A file that has just been opened.
    pub(super) fn opened(&mut self, path: &Path, file: Option<FileId>) {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), file));
    }

    /// A file that was written to its path again: that it was gone is told all the same.
    pub(super) fn put_back(&mut self, path: &Path) {
        self.put_back.retain(|known| known != path);
        self.put_back.push(path.to_owned());
    }

    /// All files, and those that were put right since this was asked last.
    pub(super) fn known(&mut self) -> (Vec<Known>, Vec<PathBuf>) {
        (self.files.clone(), std::mem::take(&mut self.put_back))
    }
}

/// Paths that lead elsewhere by now, or nowhere, or did so since this was asked last.
pub(super) fn astray(files: &[Known], put_back: Vec<PathBuf>) -> Vec<String> {
    let differs = |(path, opened): &&Known| opened.is_some() && RealDisk.id(path).ok() != *opened;
    let mut astray = put_back;
    for (path, _) in files.iter().filter(differs) {
        if !astray.contains(path) {
            astray.push(path.clone());
        }
    }
    let names = astray.iter().map(|path| path.display().to_string());
    names.collect()
}
