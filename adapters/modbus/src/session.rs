//! One owner task per bus: connects, polls, answers, backs off.
//!
//! One connection, and above it a session for each lane: it begins with a greeting and ends when its
//! unit does not answer, while the others go on. An error of the link ends all of them; what is asked
//! meanwhile is answered without it. An exception is a proper answer: the lane it concerns is unknown
//! until it reads again. Emergency openings go before every look, greeting and pause.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Clock, LinkState, OrderLane, Shutdown};
use tokio::time::Instant;
use tokio_modbus::{Request, Response};

use crate::bus::{Bus, Opening};
use crate::closing;
use crate::command;
use crate::decode::Signals;
use crate::inbox::{Ask, Inbox};
use crate::line::{Broken, Line, Manners, Silence, Wire, open};
use crate::lock::PULSED;
use crate::state::{Action, Task};

/// First wait after a lost connection; it doubles up to the longest.
const BACK_OFF_MS: u64 = 250;
/// Longest wait between two attempts to connect.
const BACK_OFF_MS_MAX: u64 = 10_000;
/// Longest wait, and longest attempt, while an emergency order waits.
const URGENT_MS: u64 = 500;
/// A connection that lasted this long was a good one; the back-off starts anew.
const GOOD_MS: u64 = 5_000;
/// So long a unit that did not answer comes after those that do.
const PASSED_OVER_MS: u64 = 1_000;
/// How often deadlines are looked at while there is no connection.
const LOOK: Duration = Duration::from_millis(50);

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
        inbox: &mut Inbox,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) {
        let mut wait_ms = BACK_OFF_MS;
        let mut jitter = clock.now().micros().unsigned_abs();
        loop {
            let since_ms = self.now_ms();
            let end = match self.connect(inbox, &*clock, &shutdown).await {
                Ok(wire) => {
                    let mut line = Line::new(wire, inbox, Some(&*clock));
                    self.serve(&mut line, &*clock, &shutdown).await
                }
                Err(end) => end,
            };
            let End::Lost(text) = end else { break };
            if self.now_ms().saturating_sub(since_ms) >= GOOD_MS {
                wait_ms = BACK_OFF_MS;
            }
            self.lost(&text, clock.now());
            // Between half and one and a half of the wait, so that a power cut does not bring
            // every hub and gateway back in step.
            jitter = jitter
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let pause_ms = wait_ms / 2 + (jitter >> 33) % wait_ms;
            wait_ms = (wait_ms * 2).min(BACK_OFF_MS_MAX);
            if self.idle(pause_ms, inbox, &*clock, &shutdown).await {
                break;
            }
        }
        self.stop(inbox, clock.now());
    }

    /// How long an attempt to connect, or a pause before it, may last.
    fn hurried(&self, usual: Duration) -> Duration {
        match self.awaits_lock(None) {
            true => usual.min(Duration::from_millis(URGENT_MS)),
            false => usual,
        }
    }

    /// Opens the connection; answers what is asked meanwhile. An emergency order begins the attempt
    /// anew: one that has been waiting for long is answered late, or never.
    async fn connect(
        &mut self,
        inbox: &mut Inbox,
        clock: &dyn Clock,
        shutdown: &Shutdown,
    ) -> Result<Wire, End> {
        let address = self.address.clone();
        let mut opening = Box::pin(open(&address, self.hurried(self.timeout())));
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return Err(End::Stop),
                opened = &mut opening => return opened.map_err(End::Lost),
                there = inbox.comes() => {
                    if !there {
                        return Err(End::Stop);
                    }
                    if self.answer_all_offline(inbox, clock) {
                        opening = Box::pin(open(&address, self.hurried(self.timeout())));
                    }
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            self.expire(clock.now());
            self.publish();
        }
    }

    /// Answers what was asked without a connection. True when an emergency opening was among it.
    fn answer_all_offline(&mut self, inbox: &mut Inbox, clock: &dyn Clock) -> bool {
        let urgent = inbox.urgent_waits();
        while let Some(ask) = inbox.next(|_| 0) {
            self.answer_offline(ask, clock.now());
        }
        urgent
    }

    /// Waits disconnected; answers what is asked meanwhile. An emergency opening ends the pause. True
    /// when the hub stops.
    async fn idle(
        &mut self,
        pause_ms: u64,
        inbox: &mut Inbox,
        clock: &dyn Clock,
        shutdown: &Shutdown,
    ) -> bool {
        let until = Instant::now() + self.hurried(Duration::from_millis(pause_ms));
        while Instant::now() < until {
            let next = until.min(Instant::now() + LOOK);
            let mut urgent = false;
            tokio::select! {
                biased;
                () = shutdown.wait() => return true,
                there = inbox.comes() => {
                    if !there {
                        return true;
                    }
                    urgent = self.answer_all_offline(inbox, clock);
                }
                () = tokio::time::sleep_until(next) => {}
            }
            self.expire(clock.now());
            self.publish();
            if urgent {
                break;
            }
        }
        false
    }

    async fn serve(&mut self, line: &mut Line<'_>, clock: &dyn Clock, shutdown: &Shutdown) -> End {
        loop {
            self.expire(clock.now());
            self.publish();
            let due_ms = (0..self.lanes.len())
                .map(|index| self.due_ms(index))
                .min()
                .unwrap_or(u64::MAX);
            let due = self.started + Duration::from_millis(due_ms.min(self.now_ms() + 1_000));
            tokio::select! {
                biased;
                () = shutdown.wait() => return End::Stop,
                there = line.inbox.comes() => if !there {
                    return End::Stop;
                },
                () = tokio::time::sleep_until(due) => {}
            }
            let units = &self.units;
            let asked = line.inbox.next(|unit| units.rank(unit));
            let done = match asked {
                Some(ask) => self.answer(line, ask, clock).await,
                None => self.work(line, clock).await,
            };
            if let Err(broken) = done
                && let Err(text) = self.mend(line, broken, clock).await
            {
                return End::Lost(text);
            }
        }
    }

    /// When something is due on a lane whose unit may be asked.
    pub(crate) fn due_ms(&self, index: usize) -> u64 {
        self.lanes.get(index).map_or(u64::MAX, |lane| {
            let unit = lane.config.unit;
            let rests = !(lane.greeted && lane.is_followed(self.now_ms()));
            let ask_ms = if rests { self.units.ask_ms(unit) } else { 0 };
            let due_ms = lane.due_ms().max(ask_ms);
            match lane.greeted {
                // A pulse is no longer for its unit being slow, nor is a watchdog.
                true => due_ms.min(lane.pulse_ms()).min(self.press_ms(index)),
                false => due_ms,
            }
        })
    }

    /// After a call without an answer: whose silence it is, and a connection on which no late answer
    /// can come. `Err` when the link is lost for all.
    pub(crate) async fn mend(
        &mut self,
        line: &mut Line<'_>,
        broken: Broken,
        clock: &dyn Clock,
    ) -> Result<(), String> {
        match broken {
            Broken::Deferred => return Ok(()),
            Broken::GivenUp => {}
            Broken::Silent(silence) => {
                self.silenced(&silence, clock.now());
                if !silence.renew {
                    return Ok(());
                }
            }
            Broken::Closed(silence) => self.closed(silence, clock).await?,
            Broken::Lost(text) => return Err(text),
        }
        let patience = match line.inbox.urgent_waits() {
            true => Duration::from_millis(URGENT_MS).min(self.timeout()),
            false => self.hurried(self.timeout()),
        };
        self.renew(line, patience).await
    }

    /// The other side closed the connection when a unit was asked. It is that unit's fault as long as others answer,
    /// the first time too, and the others are asked before it over the next connection; but a gateway that closed at
    /// another one may not be ready yet. When nobody else answers the link is lost.
    async fn closed(&mut self, mut silence: Silence, clock: &dyn Clock) -> Result<(), String> {
        let (unit, now_ms) = (silence.unit, self.now_ms());
        let others_answer = self.units.others_answer(unit);
        if others_answer && self.closings.is_of_gateway(unit, now_ms) {
            if !silence.is_made_again {
                self.unit_lost(&silence, LinkState::Degraded, clock.now());
            }
            tokio::time::sleep(closing::PAUSE).await;
            return Ok(());
        }
        let mut lanes = self.lanes.iter();
        if lanes.any(|lane| lane.config.unit != unit) {
            silence.cost_ms = silence.cost_ms.max(self.closings.blame(unit, now_ms));
            self.silenced(&silence, clock.now());
        }
        match others_answer {
            true => Ok(()),
            false => Err(silence.text),
        }
    }

    /// First touch of a lane in a session: an emergency opening that waits, then the outputs as they
    /// are, then pulses that a cut left standing.
    pub(crate) async fn greet(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let unit = lane.config.unit;
        let looks_first = lane.machine.take_look_first();
        lane.follow(now_ms);
        let tasks = lane.linked(now_ms);
        if looks_first {
            // The boom may be up although the write that raised it was not answered.
            self.poll(line, index, clock).await?;
        }
        let is_opening = !tasks.is_empty();
        if is_opening {
            self.openings.push(Opening {
                unit,
                is_written: false,
            });
        }
        let done = self.carry_out(line, index, tasks, clock).await;
        if is_opening {
            self.openings.pop();
        }
        done?;
        self.read_back(line, index).await?;
        self.look_at_lock(line, index, clock).await?;
        let resets: Vec<Task> = PULSED
            .into_iter()
            .filter(|output| {
                self.lanes
                    .get(index)
                    .is_some_and(|lane| !lane.pulses_now(*output))
            })
            .map(|output| Task::Set(output, false))
            .collect();
        self.carry_out(line, index, resets, clock).await?;
        // A unit whose inputs are not answered is a silent one, whatever else it answers.
        self.poll(line, index, clock).await?;
        self.units.answered(unit);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.greeted = true;
        }
        Ok(())
    }

    /// Reads the output registers back, so that one bit can be changed without the others.
    async fn read_back(&mut self, line: &mut Line<'_>, index: usize) -> Result<(), Broken> {
        let Some(lane) = self.lanes.get(index) else {
            return Ok(());
        };
        let unit = lane.config.unit;
        let registers = command::output_registers(&lane.profile);
        for register in registers {
            let request = Request::ReadHoldingRegisters(register, 1);
            if let Ok(Response::ReadHoldingRegisters(words)) =
                self.call(line, unit, request, Manners::Yields).await?
                && let Some(lane) = self.lanes.get_mut(index)
            {
                lane.image
                    .insert(register, words.first().copied().unwrap_or(0));
            }
        }
        Ok(())
    }

    /// Whatever is due on the lane that waited longest; one with an emergency opening first, and one
    /// that may well answer before one that did not.
    async fn work(&mut self, line: &mut Line<'_>, clock: &dyn Clock) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let most_due = (0..self.lanes.len())
            .filter(|index| self.due_ms(*index) <= now_ms)
            .min_by_key(|index| {
                let lane = self.lanes.get(*index);
                let urgent = lane.is_some_and(|lane| lane.machine.awaits_lock());
                let misses = lane.map_or(0, |lane| self.units.misses(lane.config.unit));
                // On a bus where somebody always has something due, one that did not answer would never be asked again.
                let is_passed_over = self.due_ms(*index).saturating_add(PASSED_OVER_MS) <= now_ms;
                let misses = if is_passed_over { 0 } else { misses };
                // Of slow ones, which rest together, it is the turn of the one that waits longest.
                let own_ms = lane.map_or(0, |lane| lane.due_ms());
                (!urgent, misses, self.due_ms(*index), own_ms)
            });
        let Some(index) = most_due else {
            return Ok(());
        };
        match self.lanes.get(index).is_some_and(|lane| lane.greeted) {
            true => self.turn(line, index, clock).await,
            false => self.greet(line, index, clock).await,
        }
    }

    /// What is due on a lane: the ends of pulses, its heartbeat and its poll. A unit that is slow gets one of them.
    pub(crate) async fn turn(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let over: Vec<Task> = lane
            .pulses_over(now_ms)
            .into_iter()
            .map(|output| Task::Set(output, false))
            .collect();
        self.carry_out(line, index, over, clock).await?;
        let unit = self.lanes.get(index).map(|lane| lane.config.unit);
        let pays = unit.is_some_and(|unit| self.units.pays(unit));
        match unit.filter(|_| pays) {
            Some(unit) => {
                if !self.slow_turn_is_poll(line, (index, unit), clock).await? {
                    return Ok(());
                }
            }
            None => self.beat(line, index).await?,
        }
        let poll = self
            .lanes
            .get_mut(index)
            .is_some_and(|lane| lane.poll_due(now_ms));
        let room = !self.outbox.is_full()
            || self
                .lanes
                .get(index)
                .is_some_and(|lane| lane.machine.is_locked_open() || lane.machine.is_letting_go());
        if poll && room {
            self.poll(line, index, clock).await?;
        }
        Ok(())
    }

    /// What a slow unit's turn is for, done here unless it is the poll. While an order is carried out that is what its turns
    /// are for, and it does not rest; an emergency opening goes before its heartbeat too.
    async fn slow_turn_is_poll(
        &mut self,
        line: &mut Line<'_>,
        (index, unit): (usize, u8),
        clock: &dyn Clock,
    ) -> Result<bool, Broken> {
        let now_ms = self.now_ms();
        let is_pressed = self.press_ms(index) <= now_ms;
        let rests = self.units.ask_ms(unit) > now_ms;
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(false);
        };
        let is_followed = lane.is_followed(now_ms);
        if is_pressed && !(is_followed && lane.machine.awaits_lock()) {
            self.beat_pressed(line, index).await?;
        } else if is_followed {
            if lane.is_poll_due(now_ms) {
                return Ok(true);
            }
            self.beat(line, index).await?;
        } else if rests {
            return Ok(false);
        } else if lane.turn_is_beat(now_ms) {
            self.beat(line, index).await?;
        } else if lane.lock.is_due(now_ms) {
            self.look_seldom(line, index, clock).await?;
        } else {
            return Ok(true);
        }
        Ok(false)
    }

    /// The signals of a lane, or the exception it answers with.
    pub(crate) async fn read(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
    ) -> Result<Result<Signals, String>, Broken> {
        let Some(lane) = self.lanes.get(index) else {
            return Ok(Err("no such lane".to_owned()));
        };
        let unit = lane.config.unit;
        let reads = lane.plan.reads().to_vec();
        let mut answers = Vec::with_capacity(reads.len());
        for read in reads {
            match self
                .call(line, unit, read.request(), Manners::Yields)
                .await?
            {
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
        let Some(lane) = self.lanes.get(index) else {
            return Ok(Err("no such lane".to_owned()));
        };
        lane.plan.decode(&answers).map(Ok).map_err(|error| {
            Broken::Silent(Silence {
                unit,
                text: error.to_string(),
                cost_ms: 0,
                renew: true,
                is_made_again: true,
            })
        })
    }

    async fn poll(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let polled = self.read(line, index).await?;
        // The answer may have taken long: nothing is decided for an order that is over.
        self.expire(clock.now());
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
        let look = self.lanes.get(index).is_some_and(|lane| {
            let pays = self.units.pays(lane.config.unit);
            lane.lock_is_due(now_ms) && (!pays || lane.machine.is_letting_go())
        });
        if look {
            self.look_at_lock(line, index, clock).await?;
            self.look_at_pulse(line, index, clock).await?;
        }
        let now_ms = self.now_ms();
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.confirm_late(clock.now());
            lane.link_from_signals(clock.now());
            lane.tell_changes(now_ms, clock.now());
        }
        Ok(())
    }

    pub(crate) async fn answer(
        &mut self,
        line: &mut Line<'_>,
        ask: Ask,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let (urgent, unit, index) = match &ask {
            Ask::Order {
                order,
                command,
                unit,
                ..
            } => {
                let urgent =
                    order.lane == OrderLane::Emergency && command.action == Action::LockOpen;
                let index = self
                    .lanes
                    .iter()
                    .position(|lane| lane.config.device == *order.target.name());
                (urgent, *unit, index)
            }
            Ask::Probe { .. } => return self.answer_probe(line, ask).await,
        };
        if urgent {
            self.units.hurry(unit);
            self.openings.push(Opening {
                unit,
                is_written: false,
            });
            let done = self.begin(line, ask, clock).await;
            self.openings.pop();
            return done;
        } else if self.units.is_silent(unit) || self.waits_for_greeting(index) {
            self.answer_offline(ask, clock.now());
            return Ok(());
        } else if let Some(index) = index {
            // Fresh signals before the decision; this also finds a link that is already dead.
            if let Err(broken) = self.look(line, index, clock).await {
                line.inbox.put_back(ask);
                return Err(broken);
            }
        }
        self.begin(line, ask, clock).await
    }

    /// Whether an emergency opening waits for the first touch of its lane, which would begin with it
    /// whatever was ordered since.
    fn waits_for_greeting(&self, index: Option<usize>) -> bool {
        index
            .and_then(|index| self.lanes.get(index))
            .is_some_and(|lane| !lane.greeted && lane.machine.awaits_lock())
    }

    async fn look(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        match self.lanes.get(index).is_some_and(|lane| lane.greeted) {
            true => self.poll(line, index, clock).await,
            false => self.greet(line, index, clock).await,
        }
    }

    /// Has an order carried out, unless its time is over at this very moment.
    async fn begin(
        &mut self,
        line: &mut Line<'_>,
        ask: Ask,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let Ask::Order {
            order,
            command,
            reply,
            ..
        } = ask
        else {
            return Ok(());
        };
        let Some((index, reply)) = self.admit(&order, &command, reply) else {
            return Ok(());
        };
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        lane.take(order.number, command, reply);
        lane.follow(now_ms);
        let tasks = lane.machine.order(now_ms, command.action, order.number);
        lane.note_taken(&order, command.action, &tasks);
        let greeted = lane.greeted;
        self.carry_out(line, index, tasks, clock).await?;
        match greeted {
            true => self.poll(line, index, clock).await,
            false => Ok(()),
        }
    }

    async fn answer_probe(&mut self, line: &mut Line<'_>, ask: Ask) -> Result<(), Broken> {
        let Ask::Probe { reply } = ask else {
            return Ok(());
        };
        let (probes, end) = self.probe(line).await;
        match end {
            Err(broken @ (Broken::Deferred | Broken::GivenUp)) => {
                line.inbox.put_back(Ask::Probe { reply });
                Err(broken)
            }
            end => {
                let _ = reply.send(probes);
                end
            }
        }
    }
}
