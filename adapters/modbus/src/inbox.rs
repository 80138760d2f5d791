//! What others ask of the owner of a bus. Emergency openings have a door of their own and come
//! first, whatever is under way.

use std::collections::VecDeque;

use cordon_contract::{Order, Outcome, Probe};
use tokio::sync::{mpsc, oneshot};

use crate::command::Command;

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
    /// An everyday ask that is next, or made way for one.
    put_back: Option<Ask>,
}

impl Inbox {
    pub(crate) fn new(everyday: mpsc::Receiver<Ask>, urgent: mpsc::Receiver<Ask>) -> Self {
        Self {
            everyday,
            urgent,
            kept: VecDeque::new(),
            put_back: None,
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
        if self.put_back.is_some() || !self.kept.is_empty() {
            return true;
        }
        tokio::select! {
            biased;
            Some(ask) = self.urgent.recv() => self.kept.push_back(ask),
            ask = self.everyday.recv() => match ask {
                Some(ask) => self.put_back = Some(ask),
                None => return false,
            },
        }
        true
    }

    /// What was asked: emergency openings first, and among them those of units that answer.
    pub(crate) fn next(&mut self, answers: impl Fn(u8) -> bool) -> Option<Ask> {
        self.look();
        let place = self
            .kept
            .iter()
            .position(|ask| ask.unit().is_some_and(&answers))
            .unwrap_or(0);
        self.kept.remove(place).or_else(|| self.put_back.take())
    }

    /// Gives an everyday ask back, to be taken next.
    pub(crate) fn put_back(&mut self, ask: Ask) {
        self.put_back = Some(ask);
    }

    /// Nobody asks any more; what was asked already.
    pub(crate) fn close(&mut self) -> Vec<Ask> {
        self.everyday.close();
        self.urgent.close();
        self.look();
        let mut left: Vec<Ask> = self.kept.drain(..).chain(self.put_back.take()).collect();
        while let Ok(ask) = self.everyday.try_recv() {
            left.push(ask);
        }
        left
    }
}
