//! The ledger in memory, and its file. The file is written on a thread of its own and no lock is held over it: a disk
//! that does not answer holds up who wants to know that a change is durable, and nobody who asks how things stand.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{DISK_ANSWERS_IN, Fault, aside, aside_within, begin_aside, disk_hangs};
use tokio::sync::oneshot;

use crate::ledger::Ledger;

/// Keeps the ledger. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    file: PathBuf,
    patience: Duration,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    /// Or why there is none: without it nobody knows what was pushed already, and nothing is.
    ledger: Result<Ledger, Fault>,
    /// The ledger's count of changes when it was last written.
    on_disk: u64,
    /// Since when the file is being written.
    writing: Option<Instant>,
    /// Who wants to know when what stands now is durable.
    askers: Vec<oneshot::Sender<Result<(), Fault>>>,
}

impl Keeper {
    /// Reads the ledger; a missing file is an empty one. One that cannot be read, or whose disk does not answer, is told
    /// by [`Keeper::trouble`].
    pub(crate) fn open(file: &Path) -> Self {
        Self::open_within(DISK_ANSWERS_IN, file)
    }

    fn open_within(patience: Duration, file: &Path) -> Self {
        let path = file.to_owned();
        let read = aside_within(patience, move || read(&path));
        let read = read.unwrap_or_else(|| Err(disk_hangs(file)));
        Self {
            file: file.to_owned(),
            patience,
            kept: Arc::new(Mutex::new(Kept {
                ledger: read,
                on_disk: 0,
                writing: None,
                askers: Vec::new(),
            })),
        }
    }

    /// Tries once more to read what could not be read.
    pub(crate) async fn open_again(&self) {
        let file = self.file.clone();
        if let Some(read) = aside(move || read(&file)).await {
            self.kept().ledger = read;
        }
    }

    /// What the ledger says now.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> Result<T, Fault> {
        let kept = self.kept();
        kept.ledger.as_ref().map(look).map_err(Clone::clone)
    }

    /// Why there is no ledger, or that its disk does not answer.
    pub(crate) fn trouble(&self) -> Option<Fault> {
        let kept = self.kept();
        let since = kept.writing;
        let hangs = since.is_some_and(|since| since.elapsed() > self.patience);
        let hangs = hangs.then(|| disk_hangs(&self.file));
        kept.ledger.as_ref().err().cloned().or(hangs)
    }

    /// Changes the ledger, and waits until the disk has it. The change stands at once, and whatever comes of the
    /// writing: what is not on the disk is written with the next one.
    ///
    /// # Errors
    /// Why there is no ledger, or why it cannot be written.
    pub(crate) async fn change<T>(
        &self,
        change: impl FnOnce(&mut Ledger) -> T,
    ) -> Result<T, Fault> {
        let (came, answered) = {
            let mut kept = self.kept();
            let ledger = kept.ledger.as_mut().map_err(|fault| fault.clone())?;
            let came = change(ledger);
            if ledger.changes() == kept.on_disk {
                return Ok(came);
            }
            let (asker, answered) = oneshot::channel();
            kept.askers.retain(|asker| !asker.is_closed());
            kept.askers.push(asker);
            self.write(&mut kept);
            (came, answered)
        };
        let written = answered.await;
        let written = written.unwrap_or_else(|_| Err(broken(&self.file, "no thread to write it")));
        written.map(|()| came)
    }

    /// The same for one who has other things to do: waits no longer than a disk in good health takes.
    ///
    /// # Errors
    /// As [`Keeper::change`], and when the disk does not answer.
    pub(crate) async fn change_within<T>(
        &self,
        patience: Duration,
        change: impl FnOnce(&mut Ledger) -> T,
    ) -> Result<T, Fault> {
        let changed = tokio::time::timeout(patience.min(self.patience), self.change(change));
        changed
            .await
            .unwrap_or_else(|_| Err(disk_hangs(&self.file)))
    }

    /// Has a thread write what stands, if none does.
    fn write(&self, kept: &mut Kept) {
        if kept.writing.is_some() {
            return;
        }
        let keeper = self.clone();
        match begin_aside(move || while keeper.write_once() {}) {
            Ok(()) => kept.writing = Some(Instant::now()),
            Err(_) => kept.askers.clear(),
        }
    }

    /// Writes what stands for those who ask; whether there were any.
    fn write_once(&self) -> bool {
        let (ledger, askers) = {
            let mut kept = self.kept();
            let askers = std::mem::take(&mut kept.askers);
            let ledger = kept.ledger.as_ref().ok().filter(|_| !askers.is_empty());
            let ledger = ledger.cloned();
            kept.writing = ledger.is_some().then(Instant::now);
            let Some(ledger) = ledger else {
                return false;
            };
            (ledger, askers)
        };
        let written = write(&self.file, &ledger);
        if written.is_ok() {
            self.kept().on_disk = ledger.changes();
        }
        for asker in askers {
            // It may have gone.
            let _ = asker.send(written.clone());
        }
        true
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> Result<Ledger, Fault> {
    match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| broken(file, &error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ledger::default()),
        Err(error) => Err(broken(file, &error.to_string())),
    }
}

/// Writes it whole or not at all.
fn write(file: &Path, ledger: &Ledger) -> Result<(), Fault> {
    let text =
        serde_json::to_vec_pretty(ledger).map_err(|error| broken(file, &error.to_string()))?;
    let beside = file.with_extension("new");
    let written = fs::File::create(&beside).and_then(|mut out| {
        out.write_all(&text)?;
        out.sync_all()
    });
    written
        .and_then(|()| fs::rename(&beside, file))
        .map_err(|error| broken(file, &error.to_string()))
}

fn broken(file: &Path, detail: &str) -> Fault {
    Fault::new("A052", format!("ledger file: {detail}"))
        .at(file.display().to_string())
        .remedy(
            "make the folder writable; put a damaged file back from a backup, what was built since is then pushed, or \
             move it away, the last 31 reports of each kind are then pushed again",
        )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::process::Command;

    use super::*;

    /// A pipe in the file's place: whoever opens it hangs until the other end is open.
    fn hang(path: &Path) {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    async fn until(holds: impl Fn() -> bool) {
        while !holds() {
            tokio::task::yield_now().await;
        }
    }

    /// A runtime of one thread: whoever waits for the disk on it waits with everything else.
    #[tokio::test]
    async fn a_disk_that_hangs_holds_up_who_waits_for_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.json");
        let beside = folder.path().join("ledger.new");
        hang(&beside);
        let keeper = Keeper {
            patience: Duration::from_millis(1),
            ..Keeper::open(&file)
        };
        let other = keeper.clone();
        let waits = tokio::spawn(async move { other.change(|it| it.pushed("A", 1)).await });
        until(|| keeper.trouble().is_some()).await;
        assert_eq!(keeper.trouble().unwrap().code(), "A056");
        // What stands can be asked for and changed; who has no time is told.
        let soon = keeper.change_within(DISK_ANSWERS_IN, |it| it.pushed("B", 1));
        assert_eq!(soon.await.unwrap_err().code(), "A056");
        assert!(!waits.is_finished(), "not durable yet");
        assert_eq!(keeper.look(Ledger::changes), Ok(2));

        // It answers, with a fault: a pipe cannot be synced. Both changes are written with the next.
        let both_ends = fs::OpenOptions::new().read(true).write(true).open(&beside);
        assert_eq!(waits.await.unwrap().unwrap_err().code(), "A052");
        until(|| keeper.kept().writing.is_none()).await;
        assert_eq!(keeper.trouble(), None);
        drop(both_ends.unwrap());
        fs::remove_file(beside).unwrap();
        keeper.change(|_| ()).await.unwrap();
        let read = Keeper::open(&file).look(|it| serde_json::to_string(it).unwrap());
        assert!(read.unwrap().contains(r#""pushed":{"A":1,"B":1}"#));
    }

    #[tokio::test]
    async fn a_ledger_whose_disk_hangs_or_that_is_damaged_is_read_when_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.json");
        hang(&file);
        let keeper = Keeper::open_within(Duration::from_millis(1), &file);
        assert_eq!(keeper.trouble().unwrap().code(), "A056");
        assert_eq!(keeper.look(|_| ()).unwrap_err().code(), "A056");
        assert_eq!(keeper.change(|_| ()).await.unwrap_err().code(), "A056");
        // The one who hangs in it ends.
        fs::OpenOptions::new().write(true).open(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::write(&file, "{").unwrap();
        keeper.open_again().await;
        assert_eq!(keeper.trouble().unwrap().code(), "A052");
        fs::remove_file(&file).unwrap();
        keeper.open_again().await;
        assert_eq!(keeper.trouble(), None);
    }
}
