//! What one round of the sequencer takes, piece by piece: the most urgent first, a part for each lane behind, and
//! when what is taken must be committed.

use std::time::{Duration, Instant};

use crate::kit::{Kit, Piece};
use crate::mode::Mode;
use crate::queue::{Origin, Pace, Queue};

/// What a round may take while something quick of it waits to be committed.
const BRIEF: Duration = Duration::from_millis(20);
/// What any round may take: who sends something next waits for no more.
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

/// A piece that was drawn.
pub(crate) struct Drawn {
    pub piece: Piece,
    pub pace: Pace,
    /// Whose time it takes.
    pub origin: Origin,
}

/// One round.
pub(crate) struct Round {
    begun: Instant,
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
        let now = Instant::now();
        Self {
            begun: now,
            committed: now,
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

    /// Whether a shelf may give a piece more. A quarter of the pieces is kept for what is behind, and each may give
    /// one however long the round has taken, so that nothing starves another, however urgent.
    fn may(&mut self, shelf: Shelf) -> bool {
        let own = *self.given.of(shelf);
        let ahead = self.given.ahead();
        let ahead_max = self.pieces_max - self.pieces_max / 4;
        let has_part = match shelf {
            Shelf::Emergency => own.pieces < ahead_max,
            Shelf::Quick => ahead < ahead_max,
            Shelf::Held | Shelf::Steady => true,
        };
        let has_time = own.pieces == 0 || self.begun.elapsed() < self.time_max();
        let has_place = ahead + self.given.steady.pieces < self.pieces_max;
        has_part && has_time && has_place && own.bytes < self.bytes_max
    }

    fn time_max(&self) -> Duration {
        match self.is_brief {
            true => BRIEF,
            false => LONG,
        }
    }

    fn note(&mut self, shelf: Shelf, piece: Piece, pace: Pace, origin: Origin) -> Drawn {
        let given = self.given.of(shelf);
        given.pieces += 1;
        given.bytes = given.bytes.saturating_add(piece.0.bytes());
        self.is_brief |= pace < Pace::Steady;
        Drawn {
            piece,
            pace,
            origin,
        }
    }

    /// Whether what was taken is committed before this: it is more urgent, and has waited or would wait for long.
    pub(super) fn is_commit_due(&self, next: &Drawn) -> bool {
        let is_behind = self.urgent.is_some_and(|urgent| urgent < next.pace);
        is_behind && (next.piece.0.is_long() || self.committed.elapsed() >= BRIEF)
    }

    /// Notes that a piece of this pace is in the batch.
    pub(super) fn joined(&mut self, pace: Pace) {
        self.urgent = Some(self.urgent.map_or(pace, |urgent| urgent.min(pace)));
    }

    /// Notes that all that was taken is committed.
    pub(super) fn committed(&mut self) {
        (self.committed, self.urgent) = (Instant::now(), None);
    }
}
