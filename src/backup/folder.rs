//! Copying folders of configuration and data.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use cordon_contract::Fault;

/// Files copied at most, against a folder that was named by mistake.
const FILES_MAX: usize = 100_000;
/// Folders within each other at most.
const DEPTH_MAX: usize = 32;

/// Copies what stands in `from` and is wanted; each file durable. `wants` is asked of the paths below `from`. How many
/// files there were. Links are followed; what is neither file nor folder is left out.
pub fn copy_folder(from: &Path, to: &Path, wants: &dyn Fn(&Path) -> bool) -> io::Result<usize> {
    let mut files = 0;
    copy_within(from, to, wants, (&mut files, 0))?;
    Ok(files)
}

fn copy_within(
    from: &Path,
    to: &Path,
    wants: &dyn Fn(&Path) -> bool,
    (files, depth): (&mut usize, usize),
) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(too_much(from, "folders within each other"));
    }
    make_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| wants(&path)) else {
            continue;
        };
        let target = to.join(name);
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            // Gone since it was listed, or a link to nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            copy_within(&path, &target, wants, (files, depth + 1))?;
        } else if about.is_file() {
            *files += 1;
            if *files > FILES_MAX {
                return Err(too_much(from, "files"));
            }
            copy_file(&path, &target, about.mode())?;
        }
    }
    File::open(to)?.sync_all()
}

/// A file with the permissions of the one it is copied from.
fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(mode & 0o777);
    let mut target = options.open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

/// A folder for its owner alone: it may hold keys.
fn make_dir(dir: &Path) -> io::Result<()> {
    match dir.is_dir() {
        true => Ok(()),
        false => fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir),
    }
}

fn too_much(place: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{}: too many {what}", place.display()))
}

/// Makes the folder, which must not hold anything yet.
///
/// # Errors
/// `K092` when it does, or cannot be made.
pub fn require_empty(dir: &Path) -> Result<(), Fault> {
    let is_empty = || -> io::Result<bool> {
        make_dir(dir)?;
        Ok(fs::read_dir(dir)?.next().is_none())
    };
    let words = match is_empty() {
        Ok(true) => return Ok(()),
        Ok(false) => "the folder is not empty".to_owned(),
        Err(error) => format!("the folder cannot be made: {error}"),
    };
    Err(Fault::new("K092", words)
        .at(dir.display().to_string())
        .remedy("name one that is not there yet; what is in the way is evidence, move it away and keep it"))
}
