//! What others ask of the owner of a bus. Emergency openings have a door of their own and come
//! first, whatever is under way. What waits here and is contradicted by a newer order is answered
//! without the owner: it is never begun.

use std::collections::VecDeque;
use std::time::Instant;

use cordon_contract::{Order, Outcome, Probe, Target};
use tokio::sync::{mpsc, oneshot};

use crate::bus::overtaken;
use crate::command::Command;
use crate::state::Action;

/// Everyday asks taken from their door at a time; more wait in it.
const WAITING_MAX: usize = 64;

/// What others ask of the owner.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Carry out an order.
    Order {
        order: Order,
        command: Command,
        /// The unit that the barrier is behind.
        unit: u8,
        reply: oneshot::Sender<Outcome>,
    },
    /// Touch every lane and say what was found.
    Probe { reply: oneshot::Sender<Vec<Probe>> },
}

impl Ask {
    /// What an order is for, its turn and what it wants.
    fn what(&self) -> Option<(Target, u64, Action)> {
        match self {
            Self::Order { order, command, .. } => {
                Some((order.target.clone(), order.turn, command.action))
            }
            Self::Probe { .. } => None,
        }
    }

    /// Whether somebody still waits for it in its time.
    fn is_wanted(&self, now: Instant) -> bool {
        match self {
            Self::Order { command, reply, .. } => now < command.until && !reply.is_closed(),
            Self::Probe { .. } => true,
        }
    }

    fn unit(&self) -> Option<u8> {
        match self {
            Self::Order { unit, .. } => Some(*unit),
            Self::Probe { .. } => None,
        }
    }
}

/// The owner's end of both doors.
#[derive(Debug)]
pub(crate) struct Inbox {
    everyday: mpsc::Receiver<Ask>,
    urgent: mpsc::Receiver<Ask>,
    /// Emergency openings that came while a call was under way.
    kept: VecDeque<Ask>,
    /// Everyday asks that came, the next one first; at most [`WAITING_MAX`].
    waiting: VecDeque<Ask>,
}

impl Inbox {
    pub(crate) fn new(everyday: mpsc::Receiver<Ask>, urgent: mpsc::Receiver<Ask>) -> Self {
        Self {
            everyday,
            urgent,
            kept: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    /// An inbox that nobody writes to.
    pub(crate) fn none() -> Self {
        Self::new(mpsc::channel(1).1, mpsc::channel(1).1)
    }

    fn look(&mut self) {
        while let Ok(ask) = self.urgent.try_recv() {
            self.kept.push_back(ask);
        }
        while self.waiting.len() < WAITING_MAX
            && let Ok(ask) = self.everyday.try_recv()
        {
            self.waiting.push_back(ask);
        }
    }

    /// Answers what a newer order contradicts.
    fn drop_overtaken(&mut self) {
        if self.kept.len() + self.waiting.len() < 2 {
            return;
        }
        let orders = self.kept.iter().chain(&self.waiting);
        let now = Instant::now();
        let standing: Vec<(Target, u64, Action)> = orders
            .filter(|ask| ask.is_wanted(now))
            .filter_map(Ask::what)
            .collect();
        let is_overtaken = |ask: &Ask| {
            ask.what().is_some_and(|(target, turn, action)| {
                standing
                    .iter()
                    .any(|(of, newer, other)| *of == target && *newer > turn && other.ends(action))
            })
        };
        for queue in [&mut self.kept, &mut self.waiting] {
            let (over, left): (Vec<Ask>, Vec<Ask>) = queue.drain(..).partition(&is_overtaken);
            queue.extend(left);
            for ask in over {
                if let Ask::Order { reply, .. } = ask {
                    let _ = reply.send(overtaken());
                }
            }
        }
    }

    /// Whether an emergency opening waits.
    pub(crate) fn urgent_waits(&mut self) -> bool {
        self.look();
        !self.kept.is_empty()
    }

    /// Whether one waits for another unit than this.
    pub(crate) fn urgent_waits_for_other(&mut self, unit: u8) -> bool {
        self.look();
        self.kept.iter().any(|ask| ask.unit() != Some(unit))
    }

    /// Returns when an emergency opening has come. It stays here.
    pub(crate) async fn urgent_comes(&mut self) {
        match self.urgent.recv().await {
            Some(ask) => self.kept.push_back(ask),
            None => std::future::pending().await,
        }
    }

    /// Returns when something was asked, which [`Self::next`] then gives. False when nobody can ask
    /// any more.
    pub(crate) async fn comes(&mut self) -> bool {
        if !self.waiting.is_empty() || !self.kept.is_empty() {
            return true;
        }
        tokio::select! {
            biased;
            Some(ask) = self.urgent.recv() => self.kept.push_back(ask),
            ask = self.everyday.recv() => match ask {
                Some(ask) => self.waiting.push_back(ask),
                None => return false,
            },
        }
        true
    }

    /// What was asked: emergency openings first, and among them those of the lowest rank.
    pub(crate) fn next(&mut self, rank: impl Fn(u8) -> u64) -> Option<Ask> {
        self.look();
        self.drop_overtaken();
        let ranks = self.kept.iter().map(|ask| ask.unit().map_or(0, &rank));
        let first = ranks.enumerate().min_by_key(|(_, rank)| *rank);
        let place = first.map_or(0, |(place, _)| place);
        self.kept.remove(place).or_else(|| self.waiting.pop_front())
    }

    /// The emergency opening of the lowest rank; none for a unit without a rank.
    pub(crate) fn next_urgent(&mut self, rank: impl Fn(u8) -> Option<u64>) -> Option<Ask> {
        self.look();
        self.drop_overtaken();
        let asks = self.kept.iter().enumerate();
        let ranked = asks.filter_map(|(place, ask)| Some((rank(ask.unit()?)?, place)));
        let (_, place) = ranked.min()?;
        self.kept.remove(place)
    }

    /// The next order for one of these units, emergency openings first.
    pub(crate) fn next_of(&mut self, is_one: impl Fn(u8) -> bool) -> Option<Ask> {
        self.look();
        self.drop_overtaken();
        let queues = [&mut self.kept, &mut self.waiting];
        queues.into_iter().find_map(|queue| {
            let mut asks = queue.iter();
            let place = asks.position(|ask| ask.unit().is_some_and(&is_one))?;
            queue.remove(place)
        })
    }

    /// Gives an everyday ask back, to be taken next.
    pub(crate) fn put_back(&mut self, ask: Ask) {
        self.waiting.push_front(ask);
    }

    /// Nobody asks any more; what was asked already.
    pub(crate) fn close(&mut self) -> Vec<Ask> {
        self.everyday.close();
        self.urgent.close();
        self.look();
        let mut left: Vec<Ask> = self.kept.drain(..).chain(self.waiting.drain(..)).collect();
        while let Ok(ask) = self.everyday.try_recv() {
            left.push(ask);
        }
        left
    }
}
