//! One client's session: what it wants, what waits for it, what is under way to it.

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::packet::{Message, Version, deliver};
use crate::route::matches;

/// The connection a session has at the moment.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which connection; a later one has a higher number.
    pub number: u64,
    /// Which protocol it speaks.
    pub version: Version,
    /// Where packets for it go.
    pub outbox: mpsc::Sender<Bytes>,
    /// QoS 1 messages it takes at once.
    pub receive_max: usize,
}

#[derive(Debug)]
struct Subscription {
    filter: String,
    qos: u8,
    no_local: bool,
    as_published: bool,
}

#[derive(Debug)]
struct Waiting {
    message: Message,
    retain: bool,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    subscriptions: Vec<Subscription>,
    queue: VecDeque<Waiting>,
    underway: VecDeque<(u16, Waiting)>,
    last_id: u16,
    /// Ids of QoS 2 messages from the client whose release has not come yet.
    pub unreleased: HashSet<u16>,
    /// Its connection, when it has one.
    pub line: Option<Line>,
    /// Seconds it outlives its connection.
    pub expiry_s: u32,
    /// When its connection ended.
    pub since: Instant,
    /// What to publish when it is lost.
    pub will: Option<Message>,
}

impl Session {
    /// An empty session.
    pub fn new() -> Self {
        Self {
            subscriptions: Vec::new(),
            queue: VecDeque::new(),
            underway: VecDeque::new(),
            last_id: 0,
            unreleased: HashSet::new(),
            line: None,
            expiry_s: 0,
            since: Instant::now(),
            will: None,
        }
    }

    /// Adds or replaces a subscription; `true` when it is new.
    pub fn subscribe(&mut self, filter: &str, options: u8) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions
            .retain(|subscription| subscription.filter != filter);
        let new = before == self.subscriptions.len();
        self.subscriptions.push(Subscription {
            filter: filter.to_owned(),
            qos: (options & 0x03).min(1),
            no_local: options & 0x04 != 0,
            as_published: options & 0x08 != 0,
        });
        new
    }

    /// Removes a subscription; `false` when there was none.
    pub fn unsubscribe(&mut self, filter: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions
            .retain(|subscription| subscription.filter != filter);
        before != self.subscriptions.len()
    }

    /// Offers a live message. `own` when this session published it. `false` when it was dropped.
    pub fn offer(&mut self, message: &Message, own: bool, queue_max: usize) -> bool {
        let meant = self.subscriptions.iter().filter(|subscription| {
            matches(&subscription.filter, &message.topic) && !(own && subscription.no_local)
        });
        let best = meant.max_by_key(|subscription| subscription.qos);
        let Some(subscription) = best else {
            return true;
        };
        let qos = subscription.qos.min(message.qos);
        let retain = subscription.as_published && message.retain;
        self.push(message.clone(), qos, retain, queue_max)
    }

    /// Offers a retained message to a fresh subscription.
    pub fn offer_retained(&mut self, message: &Message, qos: u8, queue_max: usize) -> bool {
        self.push(message.clone(), qos.min(message.qos), true, queue_max)
    }

    fn push(&mut self, mut message: Message, qos: u8, retain: bool, queue_max: usize) -> bool {
        message.qos = qos;
        if qos == 0 {
            return self.line.as_ref().is_some_and(|line| {
                line.outbox
                    .try_send(deliver(line.version, &message, 0, retain, false))
                    .is_ok()
            });
        }
        if self.queue.len() >= queue_max {
            return false;
        }
        self.queue.push_back(Waiting { message, retain });
        self.pump();
        true
    }

    /// Sends what waits, as long as the client takes it.
    pub fn pump(&mut self) {
        let Some(line) = self.line.clone() else {
            return;
        };
        while self.underway.len() < line.receive_max && !self.queue.is_empty() {
            let Ok(place) = line.outbox.try_reserve() else {
                return;
            };
            let id = self.free_id();
            let Some(waiting) = self.queue.pop_front() else {
                return;
            };
            place.send(deliver(
                line.version,
                &waiting.message,
                id,
                waiting.retain,
                false,
            ));
            self.underway.push_back((id, waiting));
        }
    }

    /// The client took a message over.
    pub fn acknowledged(&mut self, id: u16) {
        self.underway.retain(|(underway, _)| *underway != id);
        self.pump();
    }

    /// A connection takes the session up: what was under way is sent again, marked as a duplicate.
    pub fn resume(&mut self, line: Line) {
        while self.underway.len() > line.receive_max {
            if let Some((_, waiting)) = self.underway.pop_back() {
                self.queue.push_front(waiting);
            }
        }
        for (id, waiting) in &self.underway {
            let bytes = deliver(line.version, &waiting.message, *id, waiting.retain, true);
            // The outbox of a fresh line has room for all that can be under way.
            let _ = line.outbox.try_send(bytes);
        }
        self.line = Some(line);
        self.pump();
    }

    /// Messages that are not acknowledged yet.
    pub fn backlog(&self) -> usize {
        self.queue.len() + self.underway.len()
    }

    /// Subscriptions, as long as the client is connected.
    pub fn subscribed(&self) -> usize {
        if self.line.is_some() {
            self.subscriptions.len()
        } else {
            0
        }
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.underway.iter().any(|(id, _)| *id == self.last_id) {
                return self.last_id;
            }
        }
    }
}
