//! One owner task per bus: connects, polls, answers, backs off.
//!
//! Any error of the link drops the connection; what is asked meanwhile is answered without it. An
//! exception is a proper answer: the connection stays, and the lane it concerns is unknown until
//! it reads again.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, OutcomeKind, Shutdown};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_modbus::{Request, Response};

use crate::bus::{Ask, Bus};
use crate::command;
use crate::lane::Lane;
use crate::line::Line;
use crate::profile::Output;
use crate::state::Task;

/// First wait after a lost connection; it doubles up to the longest.
const BACK_OFF_MS: u64 = 250;
/// Longest wait between two attempts to connect.
const BACK_OFF_MS_MAX: u64 = 10_000;
/// A connection that lasted this long was a good one; the back-off starts anew.
const GOOD_MS: u64 = 5_000;

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The hub stops.
    Stop,
    /// The link is lost, in words.
    Lost(String),
}

impl Bus {
    /// Connects, serves and reconnects until shutdown.
    pub(crate) async fn run(
        mut self,
        mut asks: mpsc::Receiver<Ask>,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) {
        let mut wait_ms = BACK_OFF_MS;
        let mut jitter = clock.now().micros().unsigned_abs();
        loop {
            let connected = tokio::select! {
                biased;
                () = shutdown.wait() => break,
                connected = Line::connect(&self.address, self.timeout()) => connected,
            };
            let text = match connected {
                Ok(mut line) => {
                    let since_ms = self.now_ms();
                    let end = self.serve(&mut line, &mut asks, &*clock, &shutdown).await;
                    drop(line);
                    if self.now_ms().saturating_sub(since_ms) >= GOOD_MS {
                        wait_ms = BACK_OFF_MS;
                    }
                    match end {
                        End::Stop => break,
                        End::Lost(text) => text,
                    }
                }
                Err(text) => text,
            };
            self.lost(&text, clock.now());
            // Between half and one and a half of the wait, so that a power cut does not bring
            // every hub and gateway back in step.
            jitter = jitter
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let pause_ms = wait_ms / 2 + (jitter >> 33) % wait_ms;
            wait_ms = (wait_ms * 2).min(BACK_OFF_MS_MAX);
            if self.idle(pause_ms, &mut asks, &*clock, &shutdown).await {
                break;
            }
        }
        self.stop(&mut asks, clock.now());
    }

    /// Waits disconnected; answers what is asked meanwhile. True when the hub stops.
    async fn idle(
        &mut self,
        pause_ms: u64,
        asks: &mut mpsc::Receiver<Ask>,
        clock: &dyn Clock,
        shutdown: &Shutdown,
    ) -> bool {
        let until = Instant::now() + Duration::from_millis(pause_ms);
        while Instant::now() < until {
            let next = until.min(Instant::now() + Duration::from_millis(50));
            tokio::select! {
                biased;
                () = shutdown.wait() => return true,
                ask = asks.recv() => match ask {
                    Some(ask) => self.answer_offline(ask, clock.now()),
                    None => return true,
                },
                () = tokio::time::sleep_until(next) => {}
            }
            self.expire(clock.now());
            self.publish();
        }
        false
    }

    async fn serve(
        &mut self,
        line: &mut Line,
        asks: &mut mpsc::Receiver<Ask>,
        clock: &dyn Clock,
        shutdown: &Shutdown,
    ) -> End {
        for index in 0..self.lanes.len() {
            if let Err(text) = self.greet(line, index, clock).await {
                return End::Lost(text);
            }
        }
        loop {
            let due_ms = self
                .lanes
                .iter()
                .map(Lane::due_ms)
                .min()
                .unwrap_or(u64::MAX);
            let due = self.started + Duration::from_millis(due_ms.min(self.now_ms() + 1_000));
            let asked = tokio::select! {
                biased;
                () = shutdown.wait() => return End::Stop,
                ask = asks.recv() => match ask {
                    Some(ask) => Some(ask),
                    None => return End::Stop,
                },
                () = tokio::time::sleep_until(due) => None,
            };
            let done = match asked {
                Some(ask) => self.answer(line, ask, clock).await,
                None => self.work(line, clock).await,
            };
            self.expire(clock.now());
            self.publish();
            if let Err(text) = done {
                return End::Lost(text);
            }
        }
    }

    /// First touch of a lane on a new connection: pulses that a cut left standing are reset.
    async fn greet(
        &mut self,
        line: &mut Line,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        for register in command::output_registers(&lane.profile) {
            let request = Request::ReadHoldingRegisters(register, 1);
            if let Ok(Response::ReadHoldingRegisters(words)) =
                line.call(lane.config.unit, request).await?
            {
                lane.image
                    .insert(register, words.first().copied().unwrap_or(0));
            }
        }
        let tasks = lane.linked();
        let mut resets: Vec<Task> = [Output::Raise, Output::Lower, Output::Stop]
            .map(|output| Task::Set(output, false))
            .into();
        resets.extend(tasks);
        self.carry_out(line, index, resets, clock).await?;
        self.poll(line, index, clock).await
    }

    /// Whatever is due on the lane that waited longest.
    async fn work(&mut self, line: &mut Line, clock: &dyn Clock) -> Result<(), String> {
        let most_due = self
            .lanes
            .iter()
            .enumerate()
            .min_by_key(|(_, lane)| lane.due_ms());
        let Some(index) = most_due.map(|(index, _)| index) else {
            return Ok(());
        };
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let over: Vec<Task> = lane
            .pulses_over(now_ms)
            .into_iter()
            .map(|output| Task::Set(output, false))
            .collect();
        let beat = lane.beat_due(now_ms);
        let unit = lane.config.unit;
        self.carry_out(line, index, over, clock).await?;
        if let Some((register, value)) = beat {
            // A refused heartbeat shows in the controller's watchdog, not here.
            if let Err(exception) = line
                .call(unit, Request::WriteSingleRegister(register, value))
                .await?
            {
                tracing::debug!(address = %self.address, unit, %exception, "heartbeat refused");
            }
        }
        let poll = self
            .lanes
            .get_mut(index)
            .is_some_and(|lane| lane.poll_due(now_ms));
        let room = !self.outbox.is_full()
            || self
                .lanes
                .get(index)
                .is_some_and(|lane| lane.machine.is_locked_open());
        if poll && room {
            self.poll(line, index, clock).await?;
        }
        Ok(())
    }

    async fn poll(
        &mut self,
        line: &mut Line,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let Some(lane) = self.lanes.get(index) else {
            return Ok(());
        };
        let polled = line.poll(lane).await?;
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let tasks = match polled {
            Ok(signals) => lane.see(now_ms, &signals),
            Err(exception) => lane.machine.lose(&exception),
        };
        self.carry_out(line, index, tasks, clock).await?;
        let now_ms = self.now_ms();
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.link_from_signals(clock.now());
            lane.tell_changes(now_ms, clock.now());
        }
        Ok(())
    }

    async fn answer(&mut self, line: &mut Line, ask: Ask, clock: &dyn Clock) -> Result<(), String> {
        let (order, command, reply) = match ask {
            Ask::Order {
                order,
                command,
                reply,
            } => (order, command, reply),
            Ask::Probe { reply } => {
                let (probes, end) = match self.probe(line).await {
                    Ok(probes) => (probes, Ok(())),
                    Err((probes, text)) => (probes, Err(text)),
                };
                let _ = reply.send(probes);
                return end;
            }
        };
        let Some((index, reply)) = self.admit(&order, &command, reply, clock.now()) else {
            return Ok(());
        };
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.take(order.number, command, reply);
        }
        // Fresh signals before the decision; this also finds a link that is already dead.
        self.poll(line, index, clock).await?;
        if command.deadline <= clock.now() {
            let text = "its deadline passed before it was carried out";
            self.finish(index, order.number, OutcomeKind::Expired, text, clock.now());
            return Ok(());
        }
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let tasks = lane.machine.order(now_ms, command.action, order.number);
        self.carry_out(line, index, tasks, clock).await?;
        self.poll(line, index, clock).await
    }
}
