//! What the hub says of the room on its disk: once when it gets scarce, once when there is none, once
//! when there is enough again.

use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_journal::SpaceLevel;
use cordon_model::{AuditOutcome, Timestamp};

use crate::decide::batch::Batch;
use crate::decide::trouble::{DISK_LOW, DISK_OUT, DISK_ROOM};
use crate::sequencer::Sequencer;

/// Between two entries that say no worse at least, so that a disk at the edge does not fill itself with them.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What was said of the disk in this run; nothing yet stands for a disk with room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomTold {
    level: SpaceLevel,
    at: Option<Instant>,
}

impl Default for RoomTold {
    fn default() -> Self {
        Self {
            level: SpaceLevel::Normal,
            at: None,
        }
    }
}

/// The action and words of a change; `None` when there is nothing to say.
fn news(told: SpaceLevel, now: SpaceLevel) -> Option<(&'static str, &'static str)> {
    if told == now {
        return None;
    }
    Some(match now {
        SpaceLevel::Low => (DISK_LOW, "the disk of the journal is nearly full"),
        SpaceLevel::Full => (
            DISK_OUT,
            "the disk of the journal is full: only emergency openings and their releases, what came of orders, and alarms while the reserve lasts, of each partner's 60 a minute, are taken",
        ),
        SpaceLevel::Normal => (DISK_ROOM, "the disk of the journal has room again"),
    })
}

fn rank(level: SpaceLevel) -> u8 {
    match level {
        SpaceLevel::Normal => 0,
        SpaceLevel::Low => 1,
        SpaceLevel::Full => 2,
    }
}

impl Sequencer {
    /// Says what changed of the room on the disk.
    pub(crate) fn admit_room(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let level = self.journal.space().level;
        let told = self.kit.room_told;
        // What gets worse is said at once, what gets better when it has lasted.
        let worse = rank(level) > rank(told.level);
        if !worse && told.at.is_some_and(|at| at.elapsed() < SAY_AGAIN) {
            return Ok(());
        }
        let Some(word) = news(told.level, level) else {
            return Ok(());
        };
        self.kit.room_told = RoomTold {
            level,
            at: Some(Instant::now()),
        };
        let outcome = match level {
            SpaceLevel::Normal => AuditOutcome::Success,
            SpaceLevel::Low | SpaceLevel::Full => AuditOutcome::Failure,
        };
        self.say(batch, time, word, outcome)
    }
}

#[cfg(test)]
mod tests {
    use cordon_journal::SpaceLevel::{Full, Low, Normal};

    use super::{DISK_LOW, DISK_OUT, DISK_ROOM, news};

    #[test]
    fn each_change_is_said_once() {
        let said = |told, now| news(told, now).map(|(action, _)| action);
        assert_eq!(said(Normal, Normal), None);
        assert_eq!(said(Normal, Low), Some(DISK_LOW));
        assert_eq!(said(Low, Full), Some(DISK_OUT));
        assert_eq!(said(Full, Full), None);
        assert_eq!(said(Full, Normal), Some(DISK_ROOM));
    }
}
