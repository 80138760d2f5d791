//! One process at a time: a spool is given to and sent by one, and what a pull writes is written by one. The lock is the
//! system's own, so it ends with its process, however that ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_contract::Fault;

/// Pause before a lock that another process holds is tried again.
const PAUSE: Duration = Duration::from_millis(50);
/// So long a pull waits for another one that writes the same.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(10);

/// Holds something for one process; given up when dropped, or when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a file that stands for something, made where it is missing.
    pub(super) fn beside(
        path: &Path,
        patience: Duration,
        busy: impl Fn() -> Fault,
    ) -> Result<Self, Fault> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| unusable(path, &error))?;
        Self::of(file, path, patience, busy)
    }

    /// Waits so long for whoever holds it, and then says what `busy` says.
    fn of(
        file: File,
        path: &Path,
        patience: Duration,
        busy: impl Fn() -> Fault,
    ) -> Result<Self, Fault> {
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(fs::TryLockError::Error(error)) => {
                    // Some shares know no locks: there two commands at once are on their own.
                    tracing::warn!(file = %path.display(), %error, "it cannot be locked");
                    return Ok(Self { _file: file });
                }
                Err(fs::TryLockError::WouldBlock) if waited >= patience => return Err(busy()),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
            waited += PAUSE;
        }
    }

    /// Keeps other pulls from a list that this one adds to. A list that is no file, such as a terminal, is not locked.
    ///
    /// # Errors
    /// `S088` when another process holds it for ten seconds, `S030` when it cannot be used.
    pub fn list(path: &Path) -> Result<Option<Self>, Fault> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| unusable(path, &error))?;
        match file.metadata().is_ok_and(|meta| meta.is_file()) {
            true => Self::of(file, path, OUTPUT_PATIENCE, || busy(path)).map(Some),
            false => Ok(None),
        }
    }

    /// The same of a file that is exchanged whole each time, so that the lock stands beside it.
    ///
    /// # Errors
    /// As [`Lock::list`].
    pub fn exchanged(path: &Path) -> Result<Self, Fault> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        Self::beside(&PathBuf::from(beside), OUTPUT_PATIENCE, || busy(path))
    }

    /// The same of a folder, made where it is missing.
    ///
    /// # Errors
    /// As [`Lock::list`].
    pub fn folder(path: &Path) -> Result<Self, Fault> {
        // A bare name lies in the folder at hand.
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        let opened = fs::create_dir_all(path).and_then(|()| File::open(path));
        let file = opened.map_err(|error| unusable(path, &error))?;
        Self::of(file, path, OUTPUT_PATIENCE, || busy(path))
    }
}

fn busy(path: &Path) -> Fault {
    Fault::new("S088", "another pull writes there and does not end")
        .at(path.display().to_string())
        .remedy("wait for the other command to end, or give each an output of its own")
}

fn unusable(path: &Path, error: &io::Error) -> Fault {
    Fault::new("S030", format!("cannot be used: {error}"))
        .at(path.display().to_string())
        .remedy("check that the folder exists, is writable and has room")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_a_list_that_is_no_file_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let busy = || Fault::new("S086", "busy");
        let first = Lock::beside(&path, Duration::ZERO, busy).unwrap();
        let fault = Lock::beside(&path, Duration::from_millis(100), busy).unwrap_err();
        assert_eq!(fault.code(), "S086");
        drop(first);
        Lock::beside(&path, Duration::ZERO, busy).unwrap();
        assert!(Lock::list(Path::new("/dev/null")).unwrap().is_none());
        let of_folder = Lock::folder(folder.path()).unwrap();
        let again = File::open(folder.path()).unwrap();
        assert!(Lock::of(again, &path, Duration::ZERO, busy).is_err());
        drop(of_folder);
    }
}
