//! Files of an adapter's own: a disk may hold whoever waits for it for ever, and a thread of the runtime that waits
//! takes the gates' time with it. So they are read and written on threads of their own.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::Fault;

/// A disk that takes longer than this for a small file is said not to answer.
pub const DISK_ANSWERS_IN: Duration = Duration::from_secs(5);

/// Has work done on a thread of its own. It goes on when nobody waits any more, and the end of the program does not
/// wait for it. None when there is no thread, or the work broke off.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answered) = oneshot::channel();
    begin_aside(move || {
        // Who waited may be gone.
        let _ = answer.send(work());
    })
    .ok()?;
    answered.await.ok()
}

/// The same for a start, which has no runtime and no time: what it comes to, if it does so in time.
pub fn aside_within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, answered) = mpsc::sync_channel(1);
    begin_aside(move || {
        // Who waited may have given up.
        let _ = answer.send(work());
    })
    .ok()?;
    answered.recv_timeout(patience).ok()
}

/// Begins work that nobody waits for.
///
/// # Errors
/// When there is no thread.
pub fn begin_aside(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("file".to_owned());
    thread.spawn(work).map(drop)
}

/// What is said of a file whose disk does not answer.
pub fn disk_hangs(file: &Path) -> Fault {
    Fault::new("A056", "the disk of this file does not answer")
        .at(file.display().to_string())
        .remedy("look at the disk or share; it goes on by itself when it answers")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::{aside, aside_within};

    /// On a runtime of one thread nothing else would go on.
    #[tokio::test]
    async fn what_hangs_holds_up_nobody_else() {
        let (end, ends) = mpsc::channel::<()>();
        let hanging = tokio::spawn(aside(move || ends.recv().is_err()));
        assert_eq!(aside(|| 7).await, Some(7));
        assert!(!hanging.is_finished());
        let (other_end, ends) = mpsc::channel::<()>();
        let soon = aside_within(Duration::from_millis(1), move || ends.recv().is_err());
        assert_eq!(soon, None);
        drop(other_end);
        drop(end);
        assert_eq!(hanging.await.unwrap(), Some(true));
    }
}
