//! One owner task per camera: connects, subscribes, pulls, renews, backs off, says goodbye.
//!
//! The next batch is pulled only after every offer of the last one was answered: pulling is what
//! acknowledges in this protocol. Only a SOAP fault means that a subscription is gone; after a
//! time-out or a cut the same one is pulled again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{IntakeError, Link, LinkState, Reading};
use tokio::time::Instant;

use crate::board::{Board, Remark};
use crate::config::CameraConfig;
use crate::decode::{self, Notification, Operation};
use crate::line::{Line, Part, To, random};
use crate::login::Account;
use crate::operation;
use crate::probe;
use crate::salvage::{Salvaged, Wreck, salvage, unheard};
use crate::soap::Answer;
use crate::states;
use crate::told::Telling;
use crate::topics::{Gate, Verdict};
use crate::trouble::{Trouble, pause};

/// Messages asked for at once; halved when an answer is too large.
const LIMIT: u32 = 100;
/// Bad exchanges in a row that are forgiven before the camera counts as lost.
const FORGIVEN: u32 = 3;
/// Subscriptions in a row that ended before anything could be pulled.
const FRUITLESS: u32 = 3;
/// Between two pulls when the camera floods.
const BREATH: Duration = Duration::from_millis(20);
/// How long goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// A session that lasted this long was a good one; the back-off starts anew.
const GOOD: Duration = Duration::from_secs(10);
/// The topic that tells a lost picture.
const SIGNAL_LOSS: &str = "tns1:VideoSource/SignalLoss";
const PLATE_TOPIC: &str = "RuleEngine/Recognition/LicensePlate";

/// A subscription of ours.
struct Subscription {
    url: String,
    references: String,
    /// When it ends by the camera's own times.
    ends: Instant,
    life: Duration,
    pulled: bool,
    /// The first pull met "unknown" once; some cameras need a moment.
    forgiven: bool,
    renewable: bool,
}

impl Subscription {
    fn to(&self) -> To<'_> {
        To {
            url: &self.url,
            references: &self.references,
        }
    }

    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    fn lives(&mut self, life_ms: Option<i64>) {
        if let Some(ms) = life_ms.and_then(|ms| u64::try_from(ms).ok()) {
            // Cameras that never end a subscription tell times far away.
            self.ends = Instant::now() + Duration::from_millis(ms.min(86_400_000));
        }
    }
}

/// The life with one camera.
pub(crate) struct Session {
    config: Arc<CameraConfig>,
    board: Arc<Board>,
    link: Link,
    line: Line,
    events: String,
    subscription: Option<Subscription>,
    gate: Gate,
    limit: u32,
    misses: u32,
    fruitless: u32,
    filter: bool,
    zone_told: Option<i64>,
    telling: Telling,
}

impl Session {
    /// A session that was not begun yet.
    pub(crate) fn new(
        config: Arc<CameraConfig>,
        board: Arc<Board>,
        tls: Option<Arc<rustls::ClientConfig>>,
        link: Link,
    ) -> Result<Self, Trouble> {
        let stop = Some(link.shutdown.clone());
        let line = Line::new(&config, tls, Arc::clone(&link.clock), stop)?;
        Ok(Self {
            gate: Gate::new(&config.topics),
            config,
            board,
            link,
            line,
            events: String::new(),
            subscription: None,
            limit: LIMIT,
            misses: 0,
            fruitless: 0,
            filter: true,
            zone_told: None,
            telling: Telling::default(),
        })
    }

    /// Lives until shutdown.
    pub(crate) async fn live(&mut self) {
        let mut attempt = 0;
        loop {
            let began = Instant::now();
            let Err(trouble) = self.watch().await;
            if trouble == Trouble::Stop {
                break;
            }
            if began.elapsed() > GOOD {
                attempt = 0;
            }
            let fault = trouble.fault(self.line.address.authority());
            let now = self.line.now();
            // Until it is pulled again nothing it sees is heard, whatever else it answers.
            self.board.link(LinkState::Offline, &fault.to_string(), now);
            let login = Duration::from_secs(u64::from(self.config.login_retry_s));
            let (first, longest) = trouble.pauses(login);
            let wait = pause(first, longest, attempt, chance());
            attempt += 1;
            tracing::warn!(device = %self.config.device, %fault, wait_ms = wait.as_millis(), "camera");
            tokio::select! {
                () = self.link.shutdown.wait() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.goodbye().await;
    }

    async fn watch(&mut self) -> Result<Infallible, Trouble> {
        self.connect().await?;
        self.misses = 0;
        loop {
            if self.subscription.is_none() {
                self.subscribe().await?;
            }
            let now = self.line.now();
            self.board.link(LinkState::Online, "", now);
            match self.turn().await {
                Ok(()) => self.misses = 0,
                Err(Trouble::Gone(text)) => self.gone(text)?,
                Err(Trouble::TooLarge(_)) if self.limit > 1 => self.limit /= 2,
                Err(trouble) if trouble.passes() && self.misses < FORGIVEN => {
                    self.misses += 1;
                    self.board.count(0, 1);
                    tracing::debug!(device = %self.config.device, ?trouble, "a pull failed");
                    tokio::time::sleep(pause(BREATH * 5, BREATH * 50, self.misses, chance())).await;
                }
                Err(trouble) => {
                    // An address that answers no SOAP any more is not worth keeping.
                    if matches!(trouble, Trouble::Answer(_)) {
                        self.subscription = None;
                    }
                    return Err(trouble);
                }
            }
        }
    }

    /// Clock, login, services, nameplate.
    async fn connect(&mut self) -> Result<(), Trouble> {
        let account = self.account().await?;
        self.line.log_in_as(account);
        let offset = self.line.read_clock().await?;
        self.zone_told = offset;
        self.clock(offset);
        let url = self.line.address.device_service();
        let to = To::at(&url);
        let services = match self.line.ask(&operation::services(), to).await {
            Ok(answer) => operation::read_event_service(&answer),
            Err(Trouble::Refused(_)) => None,
            Err(other) => return Err(other),
        };
        let told = match services {
            Some(told) => told,
            None => {
                let answer = self.line.ask(&operation::capabilities(), to).await?;
                operation::read_event_service(&answer).ok_or_else(|| {
                    Trouble::NoEvents("the camera names no event service".to_owned())
                })?
            }
        };
        self.events = self.line.address.service(&told).ok_or_else(|| {
            Trouble::NoEvents(format!("`{told}` is no address of an event service"))
        })?;
        self.nameplate().await?;
        let now = self.line.now();
        let elsewhere = match self.line.address.is_elsewhere(&told) {
            true => "it names another host than the configured one; the configured one is used",
            false => "",
        };
        self.board.remark(Remark::Elsewhere, elsewhere, now);
        self.topics().await
    }

    /// What it says of itself; nothing that it sees hangs on that. A refused login does: it is not tried twice.
    async fn nameplate(&mut self) -> Result<(), Trouble> {
        let url = self.line.address.device_service();
        match self.line.ask(&operation::information(), To::at(&url)).await {
            Ok(answer) => {
                let nameplate = operation::read_nameplate(&answer);
                self.board.nameplate(nameplate, self.line.now());
            }
            Err(trouble @ (Trouble::Stop | Trouble::Login(_))) => return Err(trouble),
            Err(trouble) => {
                tracing::debug!(device = %self.config.device, ?trouble, "it does not say what it is");
            }
        }
        Ok(())
    }

    /// What it claims to tell; only a plate camera must claim something.
    async fn topics(&mut self) -> Result<(), Trouble> {
        let url = self.events.clone();
        let properties = operation::event_properties();
        let topics = match self.line.ask(&properties, To::at(&url)).await {
            Ok(answer) => operation::read_topics(&answer),
            Err(trouble @ (Trouble::Stop | Trouble::Link(_) | Trouble::Login(_))) => {
                return Err(trouble);
            }
            Err(_) => Vec::new(),
        };
        let missing = self.config.lane.is_some()
            && !topics.is_empty()
            && !topics.iter().any(|topic| topic == PLATE_TOPIC);
        let text = if missing {
            "it has a lane and does not claim to read plates"
        } else {
            ""
        };
        self.board.remark(Remark::Topics, text, self.line.now());
        Ok(())
    }

    async fn account(&self) -> Result<Option<Account>, Trouble> {
        probe::account(&self.config).await
    }

    /// The clock as told, and whether it is near enough to be trusted.
    fn clock(&self, offset: Option<i64>) {
        let now = self.line.now();
        self.board.offset(offset, now);
        let limit = i64::from(self.config.clock_trust_s) * 1_000;
        let text = match offset {
            Some(offset) if offset.abs() <= limit => String::new(),
            Some(_) => format!(
                "its clock is more than {} s off; the hub's time is used",
                self.config.clock_trust_s
            ),
            None => "it tells no time; the hub's time is used".to_owned(),
        };
        self.board.remark(Remark::Clock, &text, now);
    }

    fn trusts_clock(&self, offset: Option<i64>) -> bool {
        let limit = i64::from(self.config.clock_trust_s) * 1_000;
        offset.is_some_and(|offset| offset.abs() <= limit)
    }

    async fn subscribe(&mut self) -> Result<(), Trouble> {
        let made = match self.create().await {
            Err(Trouble::Refused(text)) if self.filter && !self.config.filter.is_empty() => {
                self.filter = false;
                let text = format!("it does not take the filter: {text}");
                self.board.remark(Remark::Filter, &text, self.line.now());
                self.create().await?
            }
            other => other?,
        };
        self.subscription = Some(made);
        self.synchronise().await
    }

    async fn create(&mut self) -> Result<Subscription, Trouble> {
        let filter: &[String] = if self.filter {
            &self.config.filter
        } else {
            &[]
        };
        let request = operation::create(filter, self.config.subscription_s);
        let url = self.events.clone();
        let timeout = Duration::from_secs(u64::from(self.config.timeout_s));
        let answer = self.line.tell(&request, To::at(&url), timeout).await?;
        let made = operation::read_made(&answer).map_err(Trouble::Answer)?;
        let url = self
            .line
            .address
            .service(&made.address)
            .ok_or_else(|| Trouble::Answer(format!("`{}` is no address", made.address)))?;
        let asked = i64::from(self.config.subscription_s) * 1_000;
        let life_ms = made.life_ms.unwrap_or(asked).clamp(1_000, 86_400_000);
        let life = Duration::from_millis(u64::try_from(life_ms).unwrap_or(60_000));
        Ok(Subscription {
            url,
            references: made.references,
            ends: Instant::now() + life,
            life,
            pulled: false,
            forgiven: false,
            renewable: true,
        })
    }

    /// Asks for the state of every property; a refusal is no harm.
    async fn synchronise(&mut self) -> Result<(), Trouble> {
        match self.on_subscription(&operation::synchronise()).await {
            Err(trouble @ (Trouble::Stop | Trouble::Link(_))) => Err(trouble),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn on_subscription(
        &mut self,
        request: &crate::soap::Request,
    ) -> Result<Option<Answer>, Trouble> {
        let Some(subscription) = &self.subscription else {
            return Ok(None);
        };
        let timeout = Duration::from_secs(u64::from(self.config.timeout_s));
        let answer = self.line.tell(request, subscription.to(), timeout).await?;
        Ok(Some(answer))
    }

    /// The subscription was not known: once at its first pull that is forgiven.
    fn gone(&mut self, text: String) -> Result<(), Trouble> {
        if let Some(subscription) = &mut self.subscription
            && !subscription.pulled
            && !subscription.forgiven
        {
            subscription.forgiven = true;
            return Ok(());
        }
        self.subscription = None;
        self.fruitless += 1;
        if self.fruitless > FRUITLESS {
            self.fruitless = 0;
            return Err(Trouble::Gone(text));
        }
        Ok(())
    }

    /// Keeps the subscription alive, pulls once, hands in what came.
    async fn turn(&mut self) -> Result<(), Trouble> {
        let Some(life) = self.subscription.as_ref().map(|own| own.life) else {
            return Ok(());
        };
        let wait_s = u64::from(self.config.pull_timeout_s).min((life / 4).as_secs().max(1));
        let margin = (life / 5).max(Duration::from_secs(2 * wait_s));
        self.keep(margin).await?;
        let full = self.pull(wait_s).await?;
        if full {
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    /// Renews when the end is near; a camera that does not renew gets a new subscription before
    /// the old one ends, so that nothing falls between the two.
    async fn keep(&mut self, margin: Duration) -> Result<(), Trouble> {
        let Some(subscription) = &self.subscription else {
            return Ok(());
        };
        if subscription.left() >= margin.min(subscription.life * 9 / 10) {
            return Ok(());
        }
        if subscription.renewable {
            let request = operation::renew(self.config.subscription_s);
            match self.on_subscription(&request).await {
                Ok(answer) => {
                    let life_ms = answer.as_ref().and_then(operation::read_life);
                    if let Some(subscription) = &mut self.subscription {
                        subscription.ends = Instant::now() + subscription.life;
                        subscription.lives(life_ms);
                    }
                    return Ok(());
                }
                Err(Trouble::Refused(text)) => {
                    if let Some(subscription) = &mut self.subscription {
                        subscription.renewable = false;
                    }
                    let text = format!("it does not renew subscriptions: {text}");
                    self.board.remark(Remark::Renewal, &text, self.line.now());
                }
                Err(other) => return Err(other),
            }
        }
        self.replace().await
    }

    async fn replace(&mut self) -> Result<(), Trouble> {
        let mut new = self.create().await?;
        new.renewable = false;
        // What the old one still holds; what both hold is recognised by its identity.
        while self.pull(0).await? {}
        let timeout = Duration::from_secs(u64::from(self.config.timeout_s));
        if let Some(old) = self.subscription.replace(new) {
            let request = operation::unsubscribe();
            let ended = self.line.tell(&request, old.to(), timeout);
            if let Err(Trouble::Stop) = ended.await {
                return Err(Trouble::Stop);
            }
        }
        Ok(())
    }

    /// Pulls once. `true` when as many messages came as were asked for.
    async fn pull(&mut self, wait_s: u64) -> Result<bool, Trouble> {
        let Some(subscription) = &self.subscription else {
            return Ok(false);
        };
        let request = operation::pull(wait_s, self.limit);
        let patience = Duration::from_secs(wait_s + u64::from(self.config.timeout_s));
        let told = self.line.tell(&request, subscription.to(), patience).await;
        let answer = match (told, self.line.take_unread()) {
            (Ok(answer), _) => answer,
            (Err(trouble), Some(part)) => return self.salvage(trouble, part).await,
            (Err(trouble), None) => return Err(trouble),
        };
        self.pulled(operation::read_life(&answer));
        let notifications = decode::notifications(&answer);
        let full = notifications.len() >= usize::try_from(self.limit).unwrap_or(usize::MAX);
        // Slowly, and only while nothing waits: what is too large again is lost.
        if !full && self.limit < LIMIT {
            self.limit += 1;
        }
        let lost = unheard(&answer);
        if lost.count > 0 {
            let saved = Salvaged {
                lost,
                ..Salvaged::default()
            };
            self.tell(&saved, &Trouble::Answer(String::new())).await?;
        } else if !notifications.is_empty() && self.telling.good() {
            self.board.remark(Remark::Unread, "", self.line.now());
        }
        self.hand_in(Some(&answer), &notifications).await?;
        Ok(full)
    }

    fn pulled(&mut self, life_ms: Option<i64>) {
        self.fruitless = 0;
        if let Some(subscription) = &mut self.subscription {
            subscription.pulled = true;
            subscription.lives(life_ms);
        }
    }

    /// An answer that cannot be read, or did not come to its end: its messages are taken one by one as far as
    /// they can be, and the rest is told. The camera handed it over, so nothing of it comes again.
    async fn salvage(&mut self, trouble: Trouble, part: Part) -> Result<bool, Trouble> {
        let fault = trouble.fault(self.line.address.authority());
        let wreck = Wreck {
            bytes: &part.bytes,
            is_whole: part.is_whole,
            is_chinese: part.is_chinese,
            why: fault.log_text(),
        };
        let saved = salvage(wreck, |found| states::harmed(found, &self.config));
        // An answer that was cut off before any message began may have had none.
        let is_cut = matches!(trouble, Trouble::Link(_)) && saved.found == 0;
        if part.status != 200 || is_cut {
            return Err(trouble);
        }
        let is_any = !saved.notifications.is_empty();
        tracing::warn!(
            device = %self.config.device, %fault, bytes = part.bytes.len(), saved = saved.notifications.len(),
            mended = saved.mended.count, lost = saved.lost.count, "an answer that is not as it should be"
        );
        // Before what stands beside it: people are told first that it is not all.
        self.tell(&saved, &trouble).await?;
        self.hand_in(None, &saved.notifications).await?;
        if matches!(trouble, Trouble::TooLarge(_)) && self.limit == 1 {
            // One message alone is too large. It was taken to its end, and should a camera keep it all the same, it
            // goes with its subscription.
            self.subscription = None;
        }
        if is_any && matches!(trouble, Trouble::Answer(_)) {
            self.pulled(None);
            return Ok(false);
        }
        Err(trouble)
    }

    /// Counts, shows and tells what is lost and what was mended.
    async fn tell(&mut self, saved: &Salvaged, trouble: &Trouble) -> Result<(), Trouble> {
        let now = self.line.now();
        self.board.count(0, saved.lost.count);
        let (shown, readings) = self.telling.unread(saved, trouble, &self.config, now);
        self.board.remark(Remark::Unread, &shown, now);
        self.offer(readings).await
    }

    /// Hands in what came; without an answer the offset of its clock is that of before.
    async fn hand_in(
        &mut self,
        answer: Option<&Answer>,
        notifications: &[Notification],
    ) -> Result<(), Trouble> {
        let now = self.line.now();
        let told = answer.and_then(operation::read_now);
        let offset = told.map(|told| told.ms_since(now));
        let offset = match offset {
            Some(offset) => {
                self.compare_clocks(offset);
                Some(offset)
            }
            None => self.board.shown().offset_ms,
        };
        self.clock(offset);
        let trusted = self.trusts_clock(offset);
        let mut readings = Vec::with_capacity(notifications.len());
        let mut dropped = 0;
        for notification in notifications {
            self.picture(notification);
            let odd = self.telling.state(notification, &self.config, now);
            readings.extend(odd);
            match self.gate.judge(notification, now.micros() / 1_000) {
                Verdict::Drop => dropped += 1,
                Verdict::Take => {
                    let reading = decode::reading(notification, &self.config, trusted, now);
                    readings.push(reading);
                }
            }
        }
        self.board.count(0, dropped);
        self.board
            .remark(Remark::States, &self.telling.states(), now);
        self.offer(readings).await
    }

    async fn offer(&self, readings: Vec<Reading>) -> Result<(), Trouble> {
        for result in self.link.intake.offer_all(readings).await {
            match result {
                Ok(_) => self.board.count(1, 0),
                Err(IntakeError::Refused(fault)) => {
                    tracing::warn!(device = %self.config.device, %fault, "event refused");
                    self.board.count(0, 1);
                }
                Err(IntakeError::Closed) => return Err(Trouble::Stop),
            }
        }
        Ok(())
    }

    /// The clock service and the event service may disagree: the field called UTC holds local
    /// time in some cameras.
    fn compare_clocks(&self, events: i64) {
        let text = match self.zone_told {
            Some(told) if (told - events).abs() > 60_000 => {
                "its clock service tells another time than its events; that of the events is used"
            }
            _ => "",
        };
        self.board
            .remark(Remark::ClockService, text, self.line.now());
    }

    fn picture(&self, notification: &Notification) {
        if notification.topic != SIGNAL_LOSS {
            return;
        }
        let source = notification.item("source.Source").unwrap_or("video source");
        let lost =
            notification.is_true("data.State") && notification.operation != Operation::Deleted;
        self.board.picture(source, lost, self.line.now());
    }

    /// Gives the subscription's place back.
    async fn goodbye(&mut self) {
        self.line.ignore_shutdown();
        if let Some(subscription) = self.subscription.take() {
            let request = operation::unsubscribe();
            // A camera that does not answer now ends the subscription by itself later.
            let _ = self.line.tell(&request, subscription.to(), GOODBYE).await;
        }
        let now = self.line.now();
        self.board.link(LinkState::Offline, "stopped", now);
    }
}

fn chance() -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(random()) {
        *to = from;
    }
    u64::from_le_bytes(eight)
}
