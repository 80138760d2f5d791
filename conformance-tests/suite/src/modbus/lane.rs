//! Driving the lane under examination: reading points, giving pulses, pressing inputs, waiting
//! while the heartbeat goes on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Options;
use super::client::Client;
use super::profile::{Point, Profile, Table};
use crate::Stop;

/// How long a lane may stay away before the next case gives up.
const AWAY_MAX: Duration = Duration::from_secs(6);
/// Time between two looks at the limits.
const LOOK_MS: u64 = 15;
/// Times the boom is told to come down before a case that begins there: a command just after the lock
/// was let go may be taken for one under the lock, and is no subject of the case.
const HOME_TRIES: usize = 3;

/// Where the boom stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Limits {
    pub(super) up: bool,
    pub(super) down: bool,
}

/// Why the limits did not stay as wanted.
pub(super) enum Moved {
    /// They changed to this.
    To(Limits),
    /// They could not be watched to the end: late or lost answers are not a moving boom.
    Lost(Stop),
}

impl Moved {
    /// What the case says about it.
    pub(super) fn says(self, moved: impl FnOnce(Limits) -> String) -> Stop {
        match self {
            Self::To(limits) => Stop::Fail(moved(limits)),
            Self::Lost(stop) => stop,
        }
    }
}

/// The lane under examination.
pub(super) struct Lane<'a> {
    pub(super) address: SocketAddr,
    pub(super) profile: &'a Profile,
    pub(super) options: &'a Options,
    client: Option<Client>,
    /// Whether the heartbeat is written while waiting.
    pub(super) beating: bool,
    beat: u16,
    beat_at: Instant,
}

impl<'a> Lane<'a> {
    pub(super) fn new(address: SocketAddr, profile: &'a Profile, options: &'a Options) -> Self {
        Self {
            address,
            profile,
            options,
            client: None,
            beating: true,
            beat: 0,
            beat_at: Instant::now(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.profile.wire.timeout_ms))
    }

    /// Stated travel time with its margin.
    pub(super) fn travel_ms(&self) -> u64 {
        u64::from(self.profile.barrier.travel_ms) + u64::from(self.profile.barrier.margin_ms)
    }

    /// Time allowed to bring the boom somewhere when the time itself is not the question.
    fn patience_ms(&self) -> u64 {
        self.travel_ms() * 8
    }

    /// A further connection, beside the lane's own.
    pub(super) async fn connect(&self) -> Result<Client, Stop> {
        Ok(Client::connect(self.address, self.options.unit, self.timeout()).await?)
    }

    /// The lane's own connection.
    pub(super) async fn client(&mut self) -> Result<&mut Client, Stop> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.connect().await?,
        };
        Ok(self.client.insert(client))
    }

    pub(super) fn hang_up(&mut self) {
        self.client = None;
    }

    /// Before each case: a new connection that answers, heartbeat on, nothing pressed.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        self.beating = true;
        let since = Instant::now();
        loop {
            self.hang_up();
            let answer = self.limits().await;
            match answer {
                Ok(_) => break,
                Err(stop) if since.elapsed() > AWAY_MAX => return Err(stop),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        for (name, coil) in &self.profile.stimulus {
            if name != "power_cycle" {
                self.beat().await?;
                let address = self.profile.address(*coil);
                self.client().await?.write_coil(address, false).await?;
            }
        }
        Ok(())
    }

    fn input(&self, name: &str) -> Result<&'a Point, Stop> {
        self.profile
            .inputs
            .get(name)
            .ok_or_else(|| Stop::skip(format!("the profile names no input {name}")))
    }

    fn output(&self, name: &str) -> Result<&'a Point, Stop> {
        self.profile
            .outputs
            .get(name)
            .ok_or_else(|| Stop::skip(format!("the profile names no output {name}")))
    }

    async fn point(&mut self, point: &Point) -> Result<bool, Stop> {
        self.beat().await?;
        let address = self.profile.address(point.address);
        let function = point.table.read_function();
        let client = self.client().await?;
        let level = if point.table.is_bits() {
            client
                .read_bits(function, address, 1)
                .await?
                .first()
                .copied()
        } else {
            let word = client
                .read_words(function, address, 1)
                .await?
                .first()
                .copied();
            word.map(|word| word >> point.bit & 1 == 1)
        };
        Ok(level.unwrap_or(false) != (point.polarity == "inverted"))
    }

    /// Reads an input.
    pub(super) async fn reads(&mut self, name: &str) -> Result<bool, Stop> {
        let point = self.input(name)?;
        self.point(point).await
    }

    /// Reads an output back.
    pub(super) async fn shows(&mut self, name: &str) -> Result<bool, Stop> {
        let point = self.output(name)?;
        self.point(point).await
    }

    pub(super) async fn limits(&mut self) -> Result<Limits, Stop> {
        let up = self.reads("up_limit").await?;
        let down = self.reads("down_limit").await?;
        Ok(Limits { up, down })
    }

    /// Switches an output.
    pub(super) async fn switch(&mut self, name: &str, on: bool) -> Result<(), Stop> {
        self.beat().await?;
        let point = self.output(name)?;
        let address = self.profile.address(point.address);
        let level = on != (point.polarity == "inverted");
        if point.table == Table::Coil {
            return self.client().await?.write_coil(address, level).await;
        }
        let client = self.client().await?;
        let word = client
            .read_words(3, address, 1)
            .await?
            .first()
            .copied()
            .unwrap_or(0);
        let mask = 1_u16.checked_shl(u32::from(point.bit)).unwrap_or(0);
        let word = if level { word | mask } else { word & !mask };
        client.write_word(address, word).await
    }

    /// Gives a pulse and resets it. Returns when it began.
    pub(super) async fn pulse(&mut self, name: &str) -> Result<Instant, Stop> {
        self.switch(name, true).await?;
        let began = Instant::now();
        self.pause(u64::from(self.profile.barrier.pulse_ms)).await?;
        self.switch(name, false).await?;
        Ok(began)
    }

    /// Writes the heartbeat when it is due.
    async fn beat(&mut self) -> Result<(), Stop> {
        let Some(heartbeat) = &self.profile.heartbeat else {
            return Ok(());
        };
        let due = self.beat == 0
            || self.beat_at.elapsed() >= Duration::from_millis(u64::from(heartbeat.interval_ms));
        if !self.beating || !due {
            return Ok(());
        }
        self.beat = self.beat.checked_add(1).unwrap_or(1);
        self.beat_at = Instant::now();
        let (register, beat) = (self.profile.address(heartbeat.register), self.beat);
        self.client().await?.write_word(register, beat).await
    }

    /// Waits while the heartbeat goes on.
    pub(super) async fn pause(&mut self, ms: u64) -> Result<(), Stop> {
        let until = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < until {
            self.beat().await?;
            let left = until.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(Duration::from_millis(LOOK_MS))).await;
        }
        Ok(())
    }

    /// Looks at the limits until they are as wanted; `None` when they were not in time. Both
    /// limits at once are a failure whenever they are seen.
    pub(super) async fn until(
        &mut self,
        ms: u64,
        wanted: impl Fn(Limits) -> bool + Send + Sync,
    ) -> Result<Option<Instant>, Stop> {
        let until = Instant::now() + Duration::from_millis(ms);
        loop {
            let limits = self.limits().await?;
            if limits.up && limits.down {
                return Err(Stop::fail("both limits were on at once"));
            }
            if wanted(limits) {
                return Ok(Some(Instant::now()));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            self.pause(LOOK_MS).await?;
        }
    }

    /// Watches for a time that the limits stay as wanted; otherwise says what they did.
    pub(super) async fn stays(
        &mut self,
        ms: u64,
        wanted: impl Fn(Limits) -> bool + Send + Sync,
    ) -> Result<(), Moved> {
        match self.until(ms, |limits| !wanted(limits)).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(self.limits().await.map_or_else(Moved::Lost, Moved::To)),
            Err(stop) => Err(Moved::Lost(stop)),
        }
    }

    /// Brings the boom down, nothing locked, before a case that begins there.
    pub(super) async fn home(&mut self) -> Result<(), Stop> {
        if self.profile.outputs.contains_key("lock_open") {
            self.switch("lock_open", false).await?;
        }
        if self.limits().await?.down {
            return Ok(());
        }
        for _ in 0..HOME_TRIES {
            if !self.profile.outputs.contains_key("lower") {
                let ask = "Close the barrier by its own means, then confirm.";
                self.operator(ask, "the profile names no output lower")
                    .await?;
            } else {
                self.pulse("lower").await?;
            }
            let down = self.until(self.patience_ms(), |limits| limits.down).await?;
            if down.is_some() {
                return Ok(());
            }
        }
        Err(Stop::fail("the boom did not come down before the case"))
    }

    /// Brings the boom up before a case that begins there.
    pub(super) async fn raised(&mut self) -> Result<(), Stop> {
        if self.limits().await?.up {
            return Ok(());
        }
        self.pulse("raise").await?;
        self.until(self.patience_ms(), |limits| limits.up)
            .await?
            .map(|_| ())
            .ok_or_else(|| Stop::fail("the boom did not come up before the case"))
    }

    /// Waits for the lower limit without judging the time.
    pub(super) async fn comes_down(&mut self) -> Result<bool, Stop> {
        let arrived = self.until(self.patience_ms(), |limits| limits.down).await?;
        Ok(arrived.is_some())
    }

    /// Waits for the upper limit without judging the time.
    pub(super) async fn comes_up(&mut self) -> Result<bool, Stop> {
        let arrived = self.until(self.patience_ms(), |limits| limits.up).await?;
        Ok(arrived.is_some())
    }

    /// Whether an input can be pressed without a person.
    pub(super) fn can_press(&self, name: &str) -> bool {
        self.profile.stimulus.contains_key(name)
    }

    /// Presses or lets go of an input, by its rehearsal coil or by asking the operator, and makes
    /// sure that it shows.
    pub(super) async fn press(&mut self, name: &str, on: bool) -> Result<(), Stop> {
        let point = self.input(name)?;
        if let Some(coil) = self.profile.stimulus.get(name) {
            let coil = self.profile.address(*coil);
            self.client().await?.write_coil(coil, on).await?;
        } else {
            let words = if on {
                "Make it come on and keep it on"
            } else {
                "Let it go off"
            };
            let ask = format!("Input {name}: {words}, then confirm.");
            self.operator(&ask, "the profile names no rehearsal coil for it")
                .await?;
        }
        let until = Instant::now() + self.timeout();
        while self.point(point).await? != on {
            if Instant::now() >= until {
                let word = if on { "come on" } else { "go off" };
                return Err(Stop::fail(format!(
                    "the input {name} did not {word} when pressed"
                )));
            }
            self.pause(LOOK_MS).await?;
        }
        Ok(())
    }

    /// Asks the operator to do something; not applicable when there is none.
    pub(super) async fn operator(&mut self, ask: &str, otherwise: &str) -> Result<(), Stop> {
        let Some(operator) = &self.options.operator else {
            return Err(Stop::skip(format!(
                "{otherwise} and no operator is present"
            )));
        };
        if operator(ask.to_owned()).await {
            self.beat().await
        } else {
            Err(Stop::skip("the operator declined"))
        }
    }
}
