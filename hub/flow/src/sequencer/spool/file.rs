//! The spool's file: its lines, how it is read and written whole, and on which disk it lies.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_journal::disk::{Disk as _, RealDisk, modes, patience};

use super::SpoolLine;
use crate::sequencer::startup::late_draft;

/// Files with lines that cannot be read that are kept at most, each under a name of its own.
const DAMAGED_MAX: u32 = 100;

/// Which file the spool is, and how long: another one may have taken its name.
pub(super) type FileMark = (u64, u64, u64);

/// The lines that are whole, and how many are not.
pub(super) fn lines_of(bytes: &[u8]) -> (Vec<SpoolLine>, u64) {
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut damaged = 0;
    let mut whole = Vec::new();
    for text in lines.filter(|line| !line.is_empty()) {
        match line_of(text) {
            Ok(line) => whole.push(line),
            Err(why) => {
                damaged += 1;
                let line = String::from_utf8_lossy(text);
                tracing::warn!(why, %line, "a torn line of the emergency spool was left out");
            }
        }
    }
    (whole, damaged)
}

/// A line that can be journaled.
fn line_of(text: &[u8]) -> Result<SpoolLine, String> {
    let line: SpoolLine = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if let SpoolLine::Opening { sender, xml, .. } = &line {
        late_draft(sender, xml).map_err(|fault| fault.to_string())?;
    }
    Ok(line)
}

/// A line as it stands in the file. What an earlier, unfinished write left behind ends at the first byte.
pub(super) fn put_line(text: &mut Vec<u8>, line: &SpoolLine) -> io::Result<()> {
    text.push(b'\n');
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}

pub(super) fn write_whole(path: &Path, text: &[u8]) -> io::Result<FileMark> {
    let (at, text) = (path.to_owned(), text.to_vec());
    patience::run(path, move || {
        let mut options = OpenOptions::new();
        let mut file = modes::open_new(options.write(true).truncate(true), &at)?;
        file.write_all(&text)?;
        file.sync_all()?;
        file.metadata().map(|found| mark(&found))
    })
}

/// Adds text to the end of the file at `path`, or makes it: on the disk, and closed, when this returns. Says as well
/// what the file was before, as far as it came to that.
pub(super) fn add(path: &Path, text: Vec<u8>) -> (Option<FileMark>, io::Result<FileMark>) {
    let at = path.to_owned();
    let before = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&before);
    let guarded = |seen: &Mutex<Option<FileMark>>, found| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, found)
    };
    let added = patience::run(path, move || {
        if let Some(parent) = at.parent() {
            modes::make_dir(parent)?;
        }
        let mut file = modes::open_new(OpenOptions::new().append(true), &at)?;
        let found = mark(&file.metadata()?);
        guarded(&seen, Some(found));
        file.write_all(&text)?;
        file.sync_all()?;
        if found.2 == 0 {
            File::open(folder_of(&at))?.sync_all()?;
        }
        file.metadata().map(|found| mark(&found))
    });
    (guarded(&before, None), added)
}

/// Copies the file to a name that nothing has yet.
pub(super) fn keep(path: &Path) -> io::Result<PathBuf> {
    let free = patience::ask(path, |path| {
        let mut names = (1..=DAMAGED_MAX).map(|number| named(path, &format!(".damaged-{number}")));
        Ok(names.find(|name| std::fs::symlink_metadata(name).is_err()))
    })?;
    let at = free.ok_or_else(|| io::Error::other("too many are kept already"))?;
    write_whole(&at, &read_file(path)?.1)?;
    sync_folder(&at)?;
    Ok(at)
}

pub(super) fn named(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Makes names in the file's folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    RealDisk.sync_dir(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// What stands in a file, and which file that is, as far as it was read.
pub(super) fn read_file(path: &Path) -> io::Result<(Option<FileMark>, Vec<u8>)> {
    let at = path.to_owned();
    patience::read(path, move || {
        let mut file = File::open(&at)?;
        let (disk, inode, _) = mark(&file.metadata()?);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((Some((disk, inode, bytes.len() as u64)), bytes))
    })
}

pub(super) fn mark(found: &Metadata) -> FileMark {
    (found.dev(), found.ino(), found.len())
}

/// What stands at the spool's place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sight {
    /// The file, when there is one.
    pub mark: Option<FileMark>,
    /// Over how many mounts the way to its folder leads.
    pub mounts: usize,
}

/// Looks there; on a share that is gone this does not return.
pub(super) fn look(path: &Path) -> Sight {
    Sight {
        mark: std::fs::metadata(path).ok().map(|found| mark(&found)),
        mounts: mounts_on(path),
    }
}

/// Looks there, and waits for no disk longer than it may take.
pub(super) fn see(path: &Path) -> io::Result<Sight> {
    patience::ask(path, |path| Ok(look(path)))
}

/// Over how many mounts the way to the folder of a file leads, or to the nearest one there is above it.
/// A disk that is unmounted is one less, be its number given to another one meanwhile.
pub(super) fn mounts_on(path: &Path) -> usize {
    let mut above = path.ancestors().skip(1).map(|above| {
        let is_here = above.as_os_str().is_empty();
        std::fs::canonicalize(if is_here { Path::new(".") } else { above })
    });
    let Some(folder) = above.find_map(Result::ok) else {
        return 0;
    };
    let found = folder.ancestors().filter_map(|it| it.metadata().ok());
    let mut disks: Vec<u64> = found.map(|found| found.dev()).collect();
    disks.dedup();
    disks.len().saturating_sub(1)
}
