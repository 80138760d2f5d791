//! One budget of bytes for everything that is on its way through the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

/// Bytes in flight: bodies being read and looked at, answers being made and sent.
///
/// Nobody holds more than a third of it, so that others are served beside; a sixth is kept for those
/// who act in an emergency.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    by_holder: HashMap<Arc<str>, usize>,
}

/// Room in a [`Budget`], given back when dropped.
#[derive(Debug)]
pub struct Room {
    budget: Arc<Budget>,
    holder: Arc<str>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            held: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Most bytes that one holder may have.
    pub fn of_holder_max(&self) -> usize {
        self.bytes_max / 3
    }

    /// Bytes in use now.
    pub fn in_use(&self) -> usize {
        self.lock().bytes
    }

    /// Waits for room, at most so long. More than a holder may have is cut to that, so that it waits
    /// until the holder has nothing else. `is_kept` may use what is kept for emergencies.
    pub async fn take(
        self: &Arc<Self>,
        holder: &Arc<str>,
        bytes: usize,
        is_kept: bool,
        patience: Duration,
    ) -> Option<Room> {
        let bytes = bytes.min(self.of_holder_max());
        let taking = async {
            loop {
                let freed = self.freed.notified();
                if self.try_take(holder, bytes, is_kept) {
                    return;
                }
                freed.await;
            }
        };
        tokio::time::timeout(patience, taking).await.ok()?;
        Some(Room {
            budget: Arc::clone(self),
            holder: Arc::clone(holder),
            bytes,
        })
    }

    fn try_take(&self, holder: &Arc<str>, bytes: usize, is_kept: bool) -> bool {
        let kept = if is_kept { 0 } else { self.bytes_max / 6 };
        let mut held = self.lock();
        let own = held.by_holder.get(holder).copied().unwrap_or_default();
        if held.bytes + bytes + kept > self.bytes_max || own + bytes > self.of_holder_max() {
            return false;
        }
        held.bytes += bytes;
        *held.by_holder.entry(Arc::clone(holder)).or_default() += bytes;
        true
    }

    fn give_back(&self, holder: &Arc<str>, bytes: usize) {
        let mut held = self.lock();
        held.bytes = held.bytes.saturating_sub(bytes);
        if let Some(own) = held.by_holder.get_mut(holder) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                held.by_holder.remove(holder);
            }
        }
        drop(held);
        self.freed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Gives back what is more than `bytes`.
    pub fn shrink(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        self.budget.give_back(&self.holder, surplus);
    }

    /// Bytes that hold this room until the last of them was sent.
    pub fn around(mut self, bytes: Bytes) -> Bytes {
        self.shrink(bytes.len());
        Bytes::from_owner(Filled { bytes, _room: self })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.give_back(&self.holder, self.bytes);
    }
}

/// Bytes with their room.
struct Filled {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn one_holder_leaves_room_for_others_and_all_leave_room_for_emergencies() {
        let budget = Budget::new(600);
        let name = |name: &str| Arc::<str>::from(name);
        let first = budget.take(&name("a"), 200, false, NOW).await.unwrap();
        assert!(budget.take(&name("a"), 1, false, NOW).await.is_none());
        let second = budget.take(&name("b"), 200, false, NOW).await.unwrap();
        let third = budget.take(&name("c"), 100, false, NOW).await.unwrap();
        assert!(
            budget.take(&name("d"), 1, false, NOW).await.is_none(),
            "a sixth is kept"
        );
        let kept = budget
            .take(&name("operator"), 100, true, NOW)
            .await
            .unwrap();
        assert_eq!(budget.in_use(), 600);
        drop((first, second, third, kept));
        assert_eq!(budget.in_use(), 0);
    }

    #[tokio::test]
    async fn room_is_waited_for_and_lasts_until_the_bytes_are_gone() {
        let budget = Budget::new(300);
        let name = Arc::<str>::from("a");
        let room = budget.take(&name, 100, false, NOW).await.unwrap();
        let answer = room.around(Bytes::from_static(b"ten bytes."));
        assert_eq!(budget.in_use(), 10);
        let waiting = budget.take(&name, 100, false, Duration::from_secs(60));
        let (room, ()) = tokio::join!(waiting, async { drop(answer) });
        assert!(room.is_some());
    }
}
