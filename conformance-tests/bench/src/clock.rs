//! Processor time: what a comparison costs, whoever else is using the machine.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Processor time of this thread while `work` ran.
pub fn thread_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = read(ClockId::ThreadCPUTime);
    let made = work();
    (made, read(ClockId::ThreadCPUTime).saturating_sub(before))
}

/// Time passed and processor time of the whole process.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Time passed.
    pub wall: Duration,
    /// Processor time of all threads.
    pub cpu: Duration,
}

/// A started stop watch.
pub struct Watch {
    wall: Instant,
    cpu: Duration,
}

impl Watch {
    /// Starts.
    pub fn start() -> Self {
        Self {
            cpu: read(ClockId::ProcessCPUTime),
            wall: Instant::now(),
        }
    }

    /// What was spent since the start.
    pub fn stop(&self) -> Spent {
        Spent {
            wall: self.wall.elapsed(),
            cpu: read(ClockId::ProcessCPUTime).saturating_sub(self.cpu),
        }
    }
}
