//! One owner task per bus: connects, polls, writes, backs off. The only file with a socket.
//!
//! A late reply would be taken for the answer to a later question, so every call has a time-out,
//! calls are never pipelined, and any error of the link drops the connection. An exception is a
//! proper answer: the connection stays, and the lane it concerns is unknown until it reads again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, LinkState, Order, Outcome, OutcomeKind, Probe, Shutdown};
use cordon_model::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::adapter::Board;
use crate::command::{self, Command};
use crate::decode::Signals;
use crate::lane::Lane;
use crate::outbox::Outbox;
use crate::profile::Output;
use crate::report::About;
use crate::state::{Action, Task};

/// First wait after a lost connection; it doubles up to the longest.
const BACK_OFF_MS: u64 = 250;
/// Longest wait between two attempts to connect.
const BACK_OFF_MS_MAX: u64 = 10_000;
/// A connection that lasted this long was a good one; the back-off starts anew.
const GOOD_MS: u64 = 5_000;
/// Outcomes remembered, to answer a repeated order with its first outcome.
const REMEMBERED: usize = 256;

/// What others ask of the owner.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Carry out an order.
    Order {
        order: Order,
        command: Command,
        reply: oneshot::Sender<Outcome>,
    },
    /// Touch every lane and say what was found.
    Probe { reply: oneshot::Sender<Vec<Probe>> },
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The hub stops.
    Stop,
    /// The link is lost, in words.
    Lost(String),
}

/// A connection with its rules.
struct Line {
    context: Context,
    timeout: Duration,
}

impl Line {
    async fn connect(address: &str, timeout: Duration) -> Result<Self, String> {
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_| format!("{address} does not answer to a connection"))?
            .map_err(|error| format!("{address}: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            context: tcp::attach(stream),
            timeout,
        })
    }

    /// One call. An `Err` means that the connection must be dropped.
    async fn call(
        &mut self,
        unit: u8,
        request: Request<'_>,
    ) -> Result<Result<Response, ExceptionCode>, String> {
        self.context.set_slave(Slave(unit));
        match tokio::time::timeout(self.timeout, self.context.call(request)).await {
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis())),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// The signals of a lane, or the exception it answers with.
    async fn poll(&mut self, lane: &Lane) -> Result<Result<Signals, String>, String> {
        let mut answers = Vec::with_capacity(lane.plan.reads().len());
        for read in lane.plan.reads() {
            match self.call(lane.config.unit, read.request()).await? {
                Ok(answer) => answers.push(answer),
                Err(exception) => {
                    let text = format!(
                        "{exception} at the read of {} {:?} from {}",
                        read.count, read.table, read.address
                    );
                    return Ok(Err(text));
                }
            }
        }
        lane.plan
            .decode(&answers)
            .map(Ok)
            .map_err(|error| error.to_string())
    }
}

/// One bus and everything on it.
pub(crate) struct Bus {
    pub(crate) address: String,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) board: Arc<Board>,
    recent: VecDeque<(u64, Outcome)>,
    epoch: u64,
    started: Instant,
}

impl Bus {
    pub(crate) fn new(
        address: String,
        lanes: Vec<Lane>,
        outbox: Arc<Outbox>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            address,
            lanes,
            outbox,
            board,
            recent: VecDeque::new(),
            epoch: 0,
            started: Instant::now(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn timeout(&self) -> Duration {
        let longest = self
            .lanes
            .iter()
            .map(|lane| lane.profile.wire.timeout_ms)
            .max();
        Duration::from_millis(u64::from(longest.unwrap_or(1_000)))
    }

    /// Touches each lane over a connection of its own; for a bus that is not running.
    pub(crate) async fn probe_alone(&self) -> Vec<Probe> {
        match Line::connect(&self.address, self.timeout()).await {
            Ok(mut line) => self
                .probe(&mut line)
                .await
                .unwrap_or_else(|(probes, _)| probes),
            Err(text) => self
                .lanes
                .iter()
                .map(|lane| probe(lane, Err(text.clone())))
                .collect(),
        }
    }

    async fn probe(&self, line: &mut Line) -> Result<Vec<Probe>, (Vec<Probe>, String)> {
        let mut probes = Vec::new();
        for lane in &self.lanes {
            let asked = Instant::now();
            let found = match line.poll(lane).await {
                Ok(found) => found,
                Err(text) => {
                    probes.push(probe(lane, Err(text.clone())));
                    let untouched = self.lanes.iter().skip(probes.len());
                    let rest: Vec<Probe> = untouched
                        .map(|lane| probe(lane, Err(text.clone())))
                        .collect();
                    probes.extend(rest);
                    return Err((probes, text));
                }
            };
            let ms = asked.elapsed().as_millis();
            let words = found.map(|signals| {
                let on: Vec<String> = signals
                    .iter()
                    .filter(|(_, on)| *on)
                    .map(|(input, _)| format!("{input:?}"))
                    .collect();
                format!("answers in {ms} ms; on: {}", on.join(", "))
            });
            probes.push(probe(lane, words));
        }
        Ok(probes)
    }

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

    /// The link is down: everything is refused except an emergency opening, which waits for the
    /// link until its deadline.
    fn answer_offline(&mut self, ask: Ask, now: Timestamp) {
        let (order, command, reply) = match ask {
            Ask::Order {
                order,
                command,
                reply,
            } => (order, command, reply),
            Ask::Probe { reply } => {
                let probes = self
                    .lanes
                    .iter()
                    .map(|lane| probe(lane, Err(lane.health.reason.clone())));
                let _ = reply.send(probes.collect());
                return;
            }
        };
        let Some((index, reply)) = self.admit(&order, &command, reply, now) else {
            return;
        };
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.take(order.number, command, reply);
        if command.action == Action::LockOpen {
            // The writes it asks for are lost here; the next connect asks for them again.
            let tasks = lane.machine.order(now_ms, command.action, order.number);
            self.finish_all(index, &tasks, now);
        } else {
            let text = "the link is down; nothing was sent";
            self.finish(index, order.number, OutcomeKind::Failed, text, now);
        }
    }

    /// Looks at an order before a device is touched for it. `None` when it was answered here.
    fn admit(
        &mut self,
        order: &Order,
        command: &Command,
        reply: oneshot::Sender<Outcome>,
        now: Timestamp,
    ) -> Option<(usize, oneshot::Sender<Outcome>)> {
        let index = self
            .lanes
            .iter()
            .position(|lane| lane.config.device == *order.target.name());
        let earlier = self
            .recent
            .iter()
            .find(|(number, _)| *number == order.number);
        let answer = if let Some((_, outcome)) = earlier {
            outcome.clone()
        } else if reply.is_closed() || command.deadline <= now {
            Outcome::new(
                OutcomeKind::Expired,
                "its deadline had passed before it was carried out",
            )
        } else if command.epoch < self.epoch {
            let text = format!("epoch {} is older than {}", command.epoch, self.epoch);
            Outcome::new(OutcomeKind::Refused, text)
        } else {
            match index {
                None => Outcome::new(OutcomeKind::Refused, "no such barrier on this bus"),
                Some(index)
                    if self
                        .lanes
                        .get(index)
                        .is_some_and(|lane| lane.carries(order.number)) =>
                {
                    Outcome::new(OutcomeKind::Accepted, "is being carried out already")
                }
                Some(index) => {
                    self.epoch = command.epoch;
                    return Some((index, reply));
                }
            }
        };
        let _ = reply.send(answer);
        None
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

    /// Does what the machine asked for, in order. Once the controller refuses a write of the
    /// batch, nothing later in the batch may claim success.
    async fn carry_out(
        &mut self,
        line: &mut Line,
        index: usize,
        tasks: Vec<Task>,
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let mut refused: Option<String> = None;
        for task in tasks {
            match task {
                Task::Pulse(output) => {
                    let now_ms = self.now_ms();
                    let others = self
                        .lanes
                        .get_mut(index)
                        .map(|lane| lane.pulse(now_ms, output));
                    for other in others.unwrap_or_default() {
                        self.switch(line, index, other, false).await?;
                    }
                    let answer = self.switch(line, index, output, true).await?;
                    refused = answer.or(refused);
                }
                Task::Set(output, on) => {
                    let answer = self.switch(line, index, output, on).await?;
                    let lamp =
                        matches!(output, Output::LampRed | Output::LampGreen | Output::Siren);
                    refused = answer.filter(|_| !lamp).or(refused);
                }
                Task::Finish {
                    ticket,
                    kind,
                    detail,
                } => {
                    let success = matches!(kind, OutcomeKind::Confirmed | OutcomeKind::Accepted);
                    match refused.as_deref().filter(|_| success) {
                        Some(text) => {
                            self.finish(index, ticket, OutcomeKind::Refused, text, clock.now())
                        }
                        None => self.finish(index, ticket, kind, &detail, clock.now()),
                    }
                }
                Task::Seen(sighting) => {
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.tell(clock.now(), &About::Vehicle(sighting), true, false);
                    }
                }
            }
        }
        if let Some(text) = refused
            && let Some(lane) = self.lanes.get_mut(index)
        {
            let tasks = lane.machine.refused(&text);
            self.finish_all(index, &tasks, clock.now());
        }
        Ok(())
    }

    /// Writes one output. `Ok(Some(text))` when the controller refused it.
    async fn switch(
        &mut self,
        line: &mut Line,
        index: usize,
        output: Output,
        on: bool,
    ) -> Result<Option<String>, String> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(None);
        };
        let Some(request) = command::write(&lane.profile, &mut lane.image, output, on) else {
            return Ok(None);
        };
        let unit = lane.config.unit;
        match line.call(unit, request.clone()).await? {
            Ok(answer) if command::acknowledges(&request, &answer) => Ok(None),
            Ok(_) => Err(format!(
                "the answer to the write of {output:?} does not repeat it"
            )),
            Err(exception) => Ok(Some(format!(
                "the controller refused {output:?}: {exception}"
            ))),
        }
    }

    fn finish_all(&mut self, index: usize, tasks: &[Task], now: Timestamp) {
        for task in tasks {
            if let Task::Finish {
                ticket,
                kind,
                detail,
            } = task
            {
                self.finish(index, *ticket, *kind, detail, now);
            }
        }
    }

    fn finish(
        &mut self,
        index: usize,
        ticket: u64,
        kind: OutcomeKind,
        detail: &str,
        now: Timestamp,
    ) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        if let Some(outcome) = lane.finish(ticket, kind, detail, now) {
            self.recent.push_back((ticket, outcome));
            if self.recent.len() > REMEMBERED {
                self.recent.pop_front();
            }
        }
    }

    /// Orders whose deadline has passed are over.
    fn expire(&mut self, now: Timestamp) {
        for index in 0..self.lanes.len() {
            let overdue = self
                .lanes
                .get(index)
                .map(|lane| lane.overdue(now))
                .unwrap_or_default();
            for ticket in overdue {
                let tasks = match self.lanes.get_mut(index) {
                    Some(lane) => lane.machine.expire(ticket),
                    None => Vec::new(),
                };
                self.finish_all(index, &tasks, now);
            }
        }
    }

    /// The link is lost: every order under way is over and nothing is repeated.
    fn lost(&mut self, text: &str, now: Timestamp) {
        tracing::info!(address = %self.address, reason = text, "link lost");
        let now_ms = self.now_ms();
        for index in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get_mut(index) else {
                continue;
            };
            let tasks = lane.machine.lose(&format!("link lost: {text}"));
            self.finish_all(index, &tasks, now);
            let forgotten = self
                .lanes
                .get(index)
                .map(Lane::forgotten)
                .unwrap_or_default();
            for ticket in forgotten {
                let detail = format!("link lost: {text}; it is not replayed");
                self.finish(index, ticket, OutcomeKind::Expired, &detail, now);
            }
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.link_is(LinkState::Offline, text, now);
                lane.tell_changes(now_ms, now);
            }
        }
        self.publish();
    }

    /// The hub stops: whoever still waits is told so.
    fn stop(&mut self, asks: &mut mpsc::Receiver<Ask>, now: Timestamp) {
        asks.close();
        while let Ok(ask) = asks.try_recv() {
            if let Ask::Order { reply, .. } = ask {
                let _ = reply.send(Outcome::new(
                    OutcomeKind::Failed,
                    "the hub is stopping; nothing was sent",
                ));
            }
        }
        self.lost("the hub is stopping", now);
        for index in 0..self.lanes.len() {
            let left = self
                .lanes
                .get(index)
                .map(|lane| lane.overdue(Timestamp::from_micros(i64::MAX)));
            for ticket in left.unwrap_or_default() {
                let text = "the hub is stopping; not confirmed";
                self.finish(index, ticket, OutcomeKind::Expired, text, now);
            }
        }
        self.publish();
    }

    /// Hands reports to the outbox and health to the board.
    fn publish(&mut self) {
        for lane in &mut self.lanes {
            for report in lane.take_reports() {
                if !self.outbox.put(report) {
                    self.board.dropped(&lane.config.device);
                }
            }
            self.board.show(&lane.health);
        }
    }
}

fn probe(lane: &Lane, found: Result<String, String>) -> Probe {
    let (ok, detail) = match found {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    Probe {
        device: lane.config.device.clone(),
        ok,
        detail,
    }
}
