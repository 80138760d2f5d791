//! Work that a disk may hold for ever: on threads of its own, which nobody who has other things to do waits for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cordon_contract::Fault;
use tokio::sync::oneshot;

use crate::fault;

/// So long a stored report is waited for.
const READ_IN: Duration = Duration::from_secs(10);
/// Readings under way at most: of those that hang none is waited for any more.
const READS_MAX: usize = 8;

/// Has work done on a thread of its own. The end of the program does not wait for one that hangs.
///
/// # Errors
/// `S047` when there is no thread, or the work broke off.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (answer, answered) = oneshot::channel();
    spawn(move || {
        // Nobody waits when the hub has ended.
        let _ = answer.send(work());
    })?;
    answered.await.map_err(|error| fault::thread(&error))
}

/// Readings that are waited for with a bound.
#[derive(Debug, Default)]
pub(crate) struct Reads(Arc<AtomicUsize>);

impl Reads {
    /// What the work comes to, if it does so in time.
    ///
    /// # Errors
    /// `S084` when it does not, or too many hang already, `S047`, and those of the work.
    pub(crate) fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.wait(READ_IN, work)
    }

    fn wait<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = Place::take(&self.0).ok_or_else(fault::hangs)?;
        let (answer, answered) = mpsc::sync_channel(1);
        spawn(move || {
            let read = work();
            drop(place);
            // Who waited may have given up.
            let _ = answer.send(read);
        })?;
        answered
            .recv_timeout(patience)
            .map_err(|_| fault::hangs())?
    }
}

/// One of the readings under way.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(of: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(of));
        (of.fetch_add(1, Ordering::SeqCst) < READS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let thread = std::thread::Builder::new().name("reports".to_owned());
    let spawned = thread.spawn(work);
    spawned.map(drop).map_err(|error| fault::thread(&error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_hangs_is_not_waited_for_and_a_few_hang_at_most() {
        let reads = Reads::default();
        let (ends, end) = mpsc::channel::<()>();
        let end = Arc::new(std::sync::Mutex::new(end));
        let hang = || {
            let end = Arc::clone(&end);
            move || {
                let _ = end.lock().unwrap().recv();
                Ok(())
            }
        };
        let soon = Duration::from_millis(1);
        for _ in 0..READS_MAX + 3 {
            assert_eq!(reads.wait(soon, hang()).unwrap_err().code(), "S084");
        }
        assert_eq!(reads.0.load(Ordering::SeqCst), READS_MAX);
        drop(ends);
        while reads.0.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(reads.within(|| Ok(7)).unwrap(), 7);
    }
}
