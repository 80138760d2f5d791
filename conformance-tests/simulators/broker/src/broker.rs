//! The broker: its sessions, its retained messages, its listener.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::packet::Message;
use crate::route::matches;
use crate::session::Session;
use crate::{BrokerFault, Settings, connection};

/// What a broker has done since it started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Messages published by clients.
    pub published: u64,
    /// Messages dropped because a queue was full or a QoS 0 subscriber too slow.
    pub dropped: u64,
    /// Messages waiting in all sessions now.
    pub backlog: u64,
}

/// A running broker; dropping it ends it and all its connections.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// The settings.
    pub settings: Settings,
    state: Mutex<State>,
    /// Changed when all connections are to be cut.
    pub cut: watch::Sender<u64>,
    connections: AtomicU64,
    published: AtomicU64,
    dropped: AtomicU64,
}

/// Sessions and retained messages.
#[derive(Debug, Default)]
pub struct State {
    /// By client name.
    pub sessions: HashMap<String, Session>,
    retained: BTreeMap<String, Message>,
}

impl Broker {
    /// Takes the address and begins to serve.
    pub async fn start(settings: Settings) -> Result<Self, BrokerFault> {
        if !settings.address.ip().is_loopback() {
            return Err(BrokerFault::NotLoopback(settings.address));
        }
        let asked = settings.address;
        let bind = |error| BrokerFault::Bind(asked, error);
        let listener = TcpListener::bind(asked).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let shared = Arc::new(Shared {
            settings,
            state: Mutex::new(State::default()),
            cut: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            published: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done.
    pub fn counts(&self) -> Counts {
        let backlog = self
            .shared
            .state()
            .sessions
            .values()
            .map(Session::backlog)
            .sum::<usize>();
        Counts {
            connections: self.shared.connections.load(Ordering::Relaxed),
            published: self.shared.published.load(Ordering::Relaxed),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            backlog: u64::try_from(backlog).unwrap_or(u64::MAX),
        }
    }

    /// Subscriptions of connected clients, so that a rehearsal knows when everyone is there.
    pub fn subscriptions(&self) -> usize {
        self.shared
            .state()
            .sessions
            .values()
            .map(Session::subscribed)
            .sum()
    }

    /// Forgets a session that has no connection.
    pub fn forget(&self, client: &str) {
        let mut state = self.shared.state();
        if state
            .sessions
            .get(client)
            .is_some_and(|session| session.line.is_none())
        {
            state.sessions.remove(client);
        }
    }

    /// Cuts all connections without a word; sessions stay. For rehearsing a lost line.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Err(fault) = connection::run(stream, number, shared).await {
                        tracing::debug!(%peer, %fault, "MQTT connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl Shared {
    /// The state. A panic elsewhere leaves it usable: every change is complete before it is left.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a message to everyone who wants it.
    pub fn publish(&self, message: &Message, from: &str) {
        self.published.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state();
        if message.retain {
            state.retain(message, self.settings.retained_max);
        }
        let mut dropped = 0;
        for (client, session) in &mut state.sessions {
            if !session.offer(message, client == from, self.settings.queue_max) {
                dropped += 1;
            }
        }
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
    }
}

impl State {
    fn retain(&mut self, message: &Message, max: usize) {
        if message.payload.is_empty() {
            self.retained.remove(&message.topic);
        } else if self.retained.len() < max || self.retained.contains_key(&message.topic) {
            self.retained.insert(message.topic.clone(), message.clone());
        }
    }

    /// Retained messages that a filter means.
    pub fn retained(&self, filter: &str) -> Vec<Message> {
        let meant = self
            .retained
            .values()
            .filter(|message| matches(filter, &message.topic));
        meant.cloned().collect()
    }

    /// Forgets sessions whose time is over.
    pub fn expire(&mut self, now: Instant) {
        self.sessions.retain(|_, session| {
            let age = now.saturating_duration_since(session.since);
            session.line.is_some()
                || session.expiry_s == u32::MAX
                || age < Duration::from_secs(u64::from(session.expiry_s))
        });
    }
}
