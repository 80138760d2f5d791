//! Whether the spool of emergency openings can be written, asked before it is needed: what acts while the disk
//! of the journal fails would stand in memory alone.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use cordon_alarms::OpenAlarms;
use cordon_contract::{Fault, Shutdown};
use cordon_flow::RunningHub;
use cordon_model::{AlarmLevel, PartyId};
use tokio::sync::oneshot;

use crate::alarm::Lasting;

/// The code of a spool that nothing can be written to.
const CODE: &str = "K098";
/// How often it is tried.
const LOOK: Duration = Duration::from_secs(10);
/// A disk that takes longer hangs.
const ANSWERS_IN: Duration = Duration::from_secs(5);
/// How the names of its alarms begin.
const ALARM: &str = "spool-unwritable";

/// Tries what the spool will do, and takes it back: nothing is left of it.
pub fn try_out(spool: &Path) -> io::Result<()> {
    match OpenOptions::new().append(true).open(spool) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = match spool.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = spool.file_name().unwrap_or_default().to_string_lossy();
    let name = format!(".{name}.trial-{}", std::process::id());
    if folder.is_dir() {
        let trial = folder.join(name);
        // Of a process of this number that ended in between.
        let _ = std::fs::remove_file(&trial);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&trial)?;
        return gone(std::fs::remove_file(&trial));
    }
    // The folder is made when it is needed, in the nearest one that is there.
    let above = folder.ancestors().skip(1).find(|above| above.is_dir());
    let trial = above.unwrap_or(Path::new(".")).join(name);
    let _ = std::fs::remove_dir(&trial);
    std::fs::create_dir(&trial)?;
    gone(std::fs::remove_dir(&trial))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What is said of a spool that cannot be written.
pub fn unwritable(spool: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        CODE,
        format!("the spool of emergency openings cannot be written: {error}"),
    )
    .at(format!("hub.spool: {}", spool.display()))
    .remedy("let the hub's account write its folder, and its service too (ReadWritePaths=); until then what acts while the journal's disk fails is kept in memory alone")
}

/// The spool of a running hub, looked at again and again.
pub struct SpoolWatch {
    spool: PathBuf,
    words: Mutex<Option<String>>,
}

impl SpoolWatch {
    /// Watches this file.
    pub fn new(spool: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            spool,
            words: Mutex::default(),
        })
    }

    /// Why it cannot be written; none while it can.
    pub fn words(&self) -> Option<String> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }

    /// Takes over what a look found; says it in the log when it is news.
    fn found(&self, found: Result<(), Fault>) -> Option<String> {
        let words = found.err().map(|fault| fault.to_string());
        let mut held = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        match &words {
            Some(words) if held.is_none() => tracing::error!("{words}"),
            None if held.is_some() => tracing::info!("the emergency spool can be written again"),
            _ => {}
        }
        held.clone_from(&words);
        words
    }

    /// Tries it on a thread of its own, which a disk that hangs keeps: the end of the program does not wait for it.
    fn ask(&self) -> oneshot::Receiver<Result<(), Fault>> {
        let (answer, asked) = oneshot::channel();
        let spool = self.spool.clone();
        let asking = move || {
            let tried = try_out(&spool).map_err(|error| unwritable(&spool, &error));
            // Nobody waits when the hub has ended.
            let _ = answer.send(tried);
        };
        // Without a thread nothing is answered, which is told like a disk that hangs.
        let _ = std::thread::Builder::new()
            .name("spool-trial".to_owned())
            .spawn(asking);
        asked
    }

    /// The next answer, or that there is none; `asked` stays where the disk hangs, so that one thread waits for it.
    async fn look(
        &self,
        asked: &mut Option<oneshot::Receiver<Result<(), Fault>>>,
    ) -> Option<String> {
        let mut asking = asked.take().unwrap_or_else(|| self.ask());
        let found = match tokio::time::timeout(ANSWERS_IN, &mut asking).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(unwritable(&self.spool, &"it could not be tried")),
            Err(_) => {
                *asked = Some(asking);
                Err(unwritable(&self.spool, &"its disk does not answer"))
            }
        };
        self.found(found)
    }
}

/// Looks at the spool until shutdown, and raises and ends the alarm about it.
pub async fn watch(
    spool: Arc<SpoolWatch>,
    (hub, open): (Weak<RunningHub>, OpenAlarms),
    actor: PartyId,
    shutdown: Shutdown,
) {
    let over = "the emergency spool can be written";
    let mut alarm = Lasting::new(ALARM.to_owned(), AlarmLevel::Orange, over);
    let mut asked = None;
    loop {
        let words = spool.look(&mut asked).await;
        // The hub is let go of between two looks, so that it can end.
        let Some(running) = hub.upgrade() else { return };
        let told = alarm.tell(words.as_deref(), (&running, &open), &actor);
        if let Err(fault) = told.await {
            tracing::warn!(%fault, "the spool's alarm could not be said");
        }
        drop(running);
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_finds_what_the_spool_would_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let left = || std::fs::read_dir(folder.path()).unwrap().count();
        // The folder is there, or will be made.
        try_out(&folder.path().join("emergency")).unwrap();
        try_out(&folder.path().join("a/b/emergency")).unwrap();
        assert_eq!(left(), 0);
        let spool = folder.path().join("emergency");
        std::fs::write(&spool, "line\n").unwrap();
        try_out(&spool).unwrap();
        assert_eq!(std::fs::read_to_string(&spool).unwrap(), "line\n");
        assert_eq!(left(), 1);
        // Whoever one is: nothing can be made there.
        assert!(try_out(Path::new("/proc/nowhere/emergency")).is_err());
        assert!(try_out(folder.path()).is_err());
    }
}
