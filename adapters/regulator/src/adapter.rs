//! The adapter as the hub sees it: opened, and then running.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Order, Outcome,
    OutcomeKind, Probe, ReportSource, Running, SignedReport, Target, Undelivered,
};
use cordon_http::{Client, ClientOptions};
use cordon_model::{MessageType, Timestamp};
use tokio::sync::Notify;

use crate::config::Config;
use crate::keeper::Keeper;
use crate::ledger::{DeadLetter, Ledger};
use crate::pusher::Pusher;
use crate::session;

/// Longest wait for one answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often a ledger that cannot be read is tried.
const LEDGER_AGAIN: Duration = Duration::from_secs(2);
/// So long the end of the program waits for a change of the ledger that is being written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// One provincial platform, opened.
pub struct RegulatorAdapter {
    pub(crate) config: Config,
    token: Option<String>,
    pub(crate) source: Arc<dyn ReportSource>,
    pub(crate) client: Client,
    pub(crate) keeper: Keeper,
}

/// One provincial platform, started.
pub struct RunningRegulator {
    pub(crate) adapter: Arc<RegulatorAdapter>,
    health: Mutex<DeviceHealth>,
    pub(crate) link: Link,
}

impl RegulatorAdapter {
    /// Makes an adapter after looking at its configuration and reading token and ledger. One whose ledger
    /// cannot be read rests until it can: the park's gates do not wait for it.
    pub fn new(
        config: Config,
        source: Arc<dyn ReportSource>,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        let token = config.token_file.as_ref().map(|file| {
            std::fs::read_to_string(file)
                .map(|text| text.lines().next().unwrap_or_default().trim().to_owned())
                .map_err(|error| {
                    Fault::new("K062", format!("token file cannot be read: {error}"))
                        .at(file.display().to_string())
                        .remedy("write the token on the first line; only the hub may read it")
                })
        });
        let token = token.transpose().unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            client: Client::new(ClientOptions {
                tls,
                ..ClientOptions::default()
            }),
            keeper: Keeper::open(&config.ledger_file),
            config,
            token,
            source,
        })
    }

    /// Ready to run.
    pub fn ready(self: Arc<Self>, link: Link) -> RunningRegulator {
        let health = DeviceHealth {
            device: self.config.platform.clone(),
            state: LinkState::Starting,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        };
        RunningRegulator {
            adapter: self,
            health: Mutex::new(health),
            link,
        }
    }
}

impl RunningRegulator {
    /// Reports that the platform did not take, oldest first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let letters = self.keeper().look(|known| known.dead_letters().to_vec());
        letters.unwrap_or_default()
    }

    /// Waits until the ledger can be read; whether it can, or the hub stops.
    async fn until_ledger(&self) -> bool {
        let name = &self.adapter.config.name;
        let mut rested = false;
        while let Err(fault) = self.require_ledger() {
            if !std::mem::replace(&mut rested, true) {
                tracing::error!(adapter = %name, %fault, "nothing is pushed before the ledger can be read");
                self.show(LinkState::Degraded, fault.to_string());
            }
            let again = async {
                tokio::time::sleep(LEDGER_AGAIN).await;
                self.keeper().open_again().await;
            };
            tokio::select! {
                () = self.link.shutdown.wait() => return false,
                () = again => {}
            }
        }
        if rested {
            tracing::info!(adapter = %name, "the ledger can be read; reports are pushed again");
            self.show(LinkState::Starting, String::new());
        }
        true
    }

    /// What is due begins to wait when it is due, whatever is being tried at that moment.
    async fn serve(&self) -> Result<(), Fault> {
        if !self.until_ledger().await {
            return Ok(());
        }
        let (shutdown, first) = (&self.link.shutdown, Notify::new());
        let notes = async {
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.note_what_is_due(&first) => {}
            }
        };
        // Nothing is tried before it is known what waits behind it.
        let pushes = async {
            tokio::select! {
                () = shutdown.wait() => {}
                () = first.notified() => Pusher::new(self).run().await,
            }
        };
        tokio::join!(notes, pushes);
        Ok(())
    }

    /// Sends a report once, and shows what came of it.
    pub(crate) async fn push(&self, report: &SignedReport, patience: Duration) -> Outcome {
        let outcome = session::push(
            &self.adapter.client,
            report,
            &self.adapter.config.url,
            self.adapter.token.as_deref(),
            patience,
        )
        .await;
        match outcome.kind {
            OutcomeKind::Confirmed => self.show(LinkState::Online, String::new()),
            OutcomeKind::Failed => self.show(LinkState::Offline, outcome.detail.clone()),
            _ => self.show(LinkState::Degraded, outcome.detail.clone()),
        }
        outcome
    }

    /// Changes the ledger and waits until the disk has it, at the end of the program only for a moment.
    pub(crate) async fn note<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> Result<T, Fault> {
        let ends = async {
            self.link.shutdown.wait().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            // The change is made before anything else is looked at.
            biased;
            noted = self.keeper().change(change) => noted,
            () = ends => Err(cordon_contract::disk_hangs(&self.adapter.config.ledger_file)),
        }
    }

    pub(crate) fn require_ledger(&self) -> Result<(), Fault> {
        self.keeper().look(|_| ())
    }

    pub(crate) fn keeper(&self) -> &Keeper {
        &self.adapter.keeper
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.link.clock.now()
    }

    pub(crate) fn show(&self, state: LinkState, reason: String) {
        let now = self.now();
        let mut health = self.health();
        if health.state != state {
            health.since = now;
        }
        health.state = state;
        health.reason = reason;
    }

    pub(crate) fn health(&self) -> MutexGuard<'_, DeviceHealth> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Adapter for RegulatorAdapter {
    fn definition(&self) -> Definition {
        Definition {
            name: self.config.name.clone(),
            protocol: "regulator-push",
            targets: vec![Target::partner(self.config.platform.as_str())],
        }
    }

    fn trouble(&self) -> Option<Fault> {
        self.keeper.trouble()
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(self.ready(link))
    }
}

impl Running for RunningRegulator {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.serve())
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.deliver(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { vec![self.touch().await] })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        vec![RunningRegulator::health(self).clone()]
    }

    fn trouble(&self) -> Option<Fault> {
        self.keeper().trouble()
    }

    fn undelivered(&self) -> Vec<Undelivered> {
        let target = Target::partner(self.adapter.config.platform.as_str());
        let listed = |letter: DeadLetter| Undelivered {
            key: letter.key(),
            target: target.clone(),
            kind: MessageType::ReportDocument,
            since: letter.since,
            reason: letter.reason,
        };
        self.dead_letters().into_iter().map(listed).collect()
    }

    fn send_again<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.again(key))
    }
}
