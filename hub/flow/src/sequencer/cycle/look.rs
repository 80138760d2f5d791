//! What the sequencer looks at every few seconds, and what it takes by that.

use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_journal::{SpaceLevel, State as _};

use super::Sequencer;
use crate::decide::mode::Mode;
use crate::fault::of_journal;
use crate::sequencer::astray::Unsaved;

/// How often a full disk is looked at again, and one with room.
const LOOK_FULL: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(5);

impl Sequencer {
    /// What is taken now, by the room on the disk. A journal that lies no longer where its path leads
    /// ends this, also when nothing is there to be written.
    pub(super) fn mode(&mut self) -> Result<Mode, Fault> {
        let full = self.journal.space().level == SpaceLevel::Full;
        let due = if full { LOOK_FULL } else { LOOK };
        if self.looked_at.elapsed() >= due {
            self.looked_at = Instant::now();
            self.look_at_disk(full)?;
            self.journal.look_for_room();
            self.look_beside()?;
            if self.journal.space().level != SpaceLevel::Full {
                self.take_up_spool()?;
            }
        }
        let space = self.journal.space();
        Ok(match space.level {
            SpaceLevel::Full => Mode::Full {
                last_part: space.prepared_bytes <= self.journal.reserve_bytes() / 4,
            },
            SpaceLevel::Low | SpaceLevel::Normal => self.mode_by_memory(),
        })
    }

    /// Looks whether the journal lies where its path leads; where nothing was written since the last look, whether the
    /// disk takes anything. A disk that fails beside an idle hub is seen before somebody needs it.
    fn look_at_disk(&mut self, is_full: bool) -> Result<(), Fault> {
        let last = self.journal.last();
        let is_idle = std::mem::replace(&mut self.looked_last, last) == last;
        let looked = match is_idle && !is_full {
            true => self.journal.touch(),
            false => self.journal.look_in_place(),
        };
        looked.map_err(|failure| of_journal(&failure))
    }

    /// What is taken by the messages that are remembered in memory alone, because the state is not saved.
    fn mode_by_memory(&self) -> Mode {
        let most = self.kit.ties.config.unsaved_max;
        let waiting = self.inbox.waiting();
        match waiting >= most {
            true => Mode::Unsaved {
                last_part: waiting >= most.saturating_add(most / 5),
            },
            false => Mode::Normal,
        }
    }

    /// Looks at state and witness.
    pub(super) fn look_beside(&mut self) -> Result<(), Fault> {
        self.astray = self.kit.seat.astray();
        let trouble = self.kit.seat.trouble();
        if trouble.is_some() {
            // One that cannot even be read knows no message again: it is opened anew with the journal.
            let readable = self.kit.seat.position();
            readable.map_err(|failure| of_journal(&failure))?;
        }
        // A disk without room that is the journal's too is told as that.
        let is_well = self.journal.space().level == SpaceLevel::Normal;
        let told = trouble.filter(|trouble| is_well || !trouble.is_of_room);
        let of_disk = told.map(|trouble| Unsaved::by_disk(&trouble.why));
        let other = || self.saver.trouble().map(|why| Unsaved::otherwise(&why));
        self.unsaved = of_disk.or_else(other);
        self.show_condition();
        Ok(())
    }

    fn show_condition(&self) {
        let mut shown = self.kit.ties.board.lock();
        shown.space = Some(self.journal.space());
        shown.remembered = self.inbox.waiting();
        let unsaved = self.unsaved.as_ref();
        shown.unsaved = unsaved.map(|unsaved| unsaved.why.clone());
    }
}
