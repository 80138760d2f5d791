//! What one round of the sequencer takes, piece by piece: the most urgent first, a part for each lane behind, and
//! when what is taken must be committed.

use std::time::{Duration, Instant};

use crate::corridor::queue::{Origin, Pace, Queue};
use crate::decide::mode::Mode;
use crate::sequencer::kit::{Kit, Piece};

/// How long what is quick may wait to be committed while less urgent work goes on.
const BRIEF: Duration = Duration::from_millis(20);
/// What one lane may take of a round, and of one in which nothing is quick: who sends something next waits for no more.
/// It is for each: a lane behind has its time however long those before it took theirs.
const PART: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_millis(100);

/// Where a piece is drawn from, in this order. What is held came before what is queued.
#[derive(Clone, Copy)]
enum Shelf {
    Emergency,
    Held,
    Quick,
    Steady,
}

/// What a shelf gave.
#[derive(Clone, Copy, Default)]
struct Given {
    pieces: usize,
    bytes: usize,
    took: Duration,
}

/// What each shelf gave.
#[derive(Default)]
struct Shelves {
    emergency: Given,
    held: Given,
    quick: Given,
    steady: Given,
}

impl Shelves {
    fn of(&mut self, shelf: Shelf) -> &mut Given {
        match shelf {
            Shelf::Emergency => &mut self.emergency,
            Shelf::Held => &mut self.held,
            Shelf::Quick => &mut self.quick,
            Shelf::Steady => &mut self.steady,
        }
    }

    /// Pieces of all but the last shelf.
    fn ahead(&self) -> usize {
        self.emergency.pieces + self.held.pieces + self.quick.pieces
    }
}

impl From<Pace> for Shelf {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::Emergency => Self::Emergency,
            Pace::Quick => Self::Quick,
            Pace::Steady => Self::Steady,
        }
    }
}

/// Where a piece was drawn.
pub(crate) struct Place {
    pub pace: Pace,
    /// Whose time it takes.
    pub origin: Origin,
    shelf: Shelf,
}

/// A piece that was drawn.
pub(crate) struct Drawn {
    pub piece: Piece,
    pub place: Place,
}

/// One round.
pub(crate) struct Round {
    committed: Instant,
    /// The most urgent that is not committed.
    urgent: Option<Pace>,
    /// Something was quick.
    is_brief: bool,
    pieces_max: usize,
    bytes_max: usize,
    given: Shelves,
}

impl Round {
    /// A round of at most so many pieces, and about so many bytes from each lane.
    pub(crate) fn new(pieces_max: usize, bytes_max: usize) -> Self {
        Self {
            committed: Instant::now(),
            urgent: None,
            is_brief: false,
            pieces_max,
            bytes_max,
            given: Shelves::default(),
        }
    }

    /// The next piece; what is held comes before what came later.
    pub(super) fn draw(&mut self, kit: &mut Kit, mode: &Mode) -> Option<Drawn> {
        if let Some(drawn) = self.pop(&kit.ties.queue, Pace::Emergency) {
            return Some(drawn);
        }
        if self.may(Shelf::Held)
            && let Some(piece) = kit.take_held(mode)
        {
            let (pace, origin) = (Pace::of(&piece.0), piece.0.origin());
            return Some(self.note(Shelf::Held, piece, pace, origin));
        }
        if *mode == Mode::Normal && !kit.held.is_empty() {
            return None;
        }
        let mut behind = [Pace::Quick, Pace::Steady].into_iter();
        behind.find_map(|pace| self.pop(&kit.ties.queue, pace))
    }

    /// The next piece of what is queued.
    pub(crate) fn draw_queued(&mut self, queue: &Queue) -> Option<Drawn> {
        let mut paces = [Pace::Emergency, Pace::Quick, Pace::Steady].into_iter();
        paces.find_map(|pace| self.pop(queue, pace))
    }

    fn pop(&mut self, queue: &Queue, pace: Pace) -> Option<Drawn> {
        if !self.may(pace.into()) {
            return None;
        }
        let (origin, ticket) = queue.pop(pace)?;
        let (work, room) = ticket.split();
        Some(self.note(pace.into(), (work, Some(room)), pace, origin))
    }

    /// Whether a shelf may give a piece more. A quarter of the pieces is kept for each lane behind, and each may give
    /// one however long the round has taken, so that nothing starves another, however urgent.
    fn may(&mut self, shelf: Shelf) -> bool {
        let own = *self.given.of(shelf);
        let ahead = self.given.ahead();
        let quarter = self.pieces_max / 4;
        let has_part = match shelf {
            Shelf::Emergency => own.pieces < self.pieces_max - 2 * quarter,
            Shelf::Quick => ahead < self.pieces_max - quarter,
            Shelf::Held | Shelf::Steady => true,
        };
        let time_max = match self.is_brief {
            true => PART,
            false => LONG,
        };
        let has_time = own.pieces == 0 || own.took < time_max;
        let has_place = ahead + self.given.steady.pieces < self.pieces_max;
        has_part && has_time && has_place && own.bytes < self.bytes_max
    }

    fn note(&mut self, shelf: Shelf, piece: Piece, pace: Pace, origin: Origin) -> Drawn {
        let given = self.given.of(shelf);
        given.pieces += 1;
        given.bytes = given.bytes.saturating_add(piece.0.bytes());
        self.is_brief |= pace < Pace::Steady;
        let place = Place {
            pace,
            origin,
            shelf,
        };
        Drawn { piece, place }
    }

    /// Whether what was taken is committed before this: it is more urgent, and has waited or would wait for long.
    pub(super) fn is_commit_due(&self, next: &Drawn) -> bool {
        let is_behind = self.urgent.is_some_and(|urgent| urgent < next.place.pace);
        is_behind && (next.piece.0.is_long() || self.committed.elapsed() >= BRIEF)
    }

    /// Notes that a piece is in the batch, and what it took.
    pub(super) fn joined(&mut self, of: &Place, took: Duration) {
        self.urgent = Some(self.urgent.map_or(of.pace, |urgent| urgent.min(of.pace)));
        let given = self.given.of(of.shelf);
        given.took = given.took.saturating_add(took);
    }

    /// Notes that all that was taken is committed.
    pub(super) fn committed(&mut self) {
        (self.committed, self.urgent) = (Instant::now(), None);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::corridor::queue::tests::{opening, refusal};
    use crate::corridor::work::Work;

    const MANY: usize = 100;

    /// Many of each lane.
    fn queue() -> Queue {
        let queue = Queue::new(MANY, 1 << 20);
        for _ in 0..MANY {
            let quick = Work::StateHash(oneshot::channel().0);
            for work in [opening(), quick, refusal()] {
                assert!(matches!(queue.try_push(work), Ok(Ok(()))));
            }
        }
        queue
    }

    /// How many of each lane a round of eight takes, each taking so long.
    fn taken(took: Duration) -> [usize; 3] {
        let (queue, mut round) = (queue(), Round::new(8, 1 << 20));
        let mut taken = [0; 3];
        while let Some(drawn) = round.draw_queued(&queue) {
            taken[drawn.place.pace as usize] += 1;
            round.joined(&drawn.place, took);
        }
        taken
    }

    /// As many emergencies as a round may hold left captures and alarms nothing of it.
    #[test]
    fn every_lane_has_its_part_of_pieces_and_of_time() {
        assert_eq!(taken(Duration::ZERO), [4, 2, 2]);
        assert_eq!(taken(PART / 2), [2, 2, 2]);
        assert_eq!(taken(LONG), [1, 1, 1]);
    }

    #[test]
    fn what_is_urgent_is_committed_before_what_is_not_once_it_has_waited() {
        let (queue, mut round) = (queue(), Round::new(8, 1 << 20));
        let first = round.draw_queued(&queue).unwrap();
        round.joined(&first.place, Duration::ZERO);
        let (origin, ticket) = queue.pop(Pace::Steady).unwrap();
        let piece = (ticket.split().0, None);
        let steady = round.note(Shelf::Steady, piece, Pace::Steady, origin);
        round.committed = Instant::now().checked_sub(BRIEF).unwrap();
        assert!(round.is_commit_due(&steady));
        let next = round.draw_queued(&queue).unwrap();
        assert!(!round.is_commit_due(&next), "it is as urgent");
        round.committed();
        assert!(!round.is_commit_due(&steady), "nothing waits");
    }
}
