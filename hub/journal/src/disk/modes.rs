//! Permission bits of what the hub keeps: files 0640 and folders 0750, whatever the umask is. Journal,
//! state and spools hold personal data, so nobody but the hub and its group reads them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Bits of a file.
pub const FILE_MODE: u32 = 0o640;
/// Bits of a folder.
pub const FOLDER_MODE: u32 = 0o750;

/// Makes a folder and its parents; one that is there keeps its bits.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        make_dir(parent)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(dir) {
        // The umask may have taken bits away, which the group then lacks.
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(FOLDER_MODE)),
        // Somebody else made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file as `options` say, making it if it is not there.
pub fn open_new(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = options.create(true).open(path)?;
    if is_new {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    }
    Ok(file)
}

/// Sets the bits of a file that another library made.
pub fn set_file(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
}
