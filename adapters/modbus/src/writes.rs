//! What the state machine asked for, written to the controller one by one.

use std::time::Duration;

use cordon_contract::{Clock, OutcomeKind};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::bus::Bus;
use crate::command;
use crate::line::{Broken, GRACE_WRITE, Line, Manners, Silence};
use crate::profile::Output;
use crate::report::About;
use crate::state::Task;

/// A write that the controller answered with an exception.
struct Refusal {
    text: String,
    /// Whether it will never take this write: the boom cannot be raised.
    for_good: bool,
}

impl Bus {
    /// One call to the unit of a lane. A gateway that says its unit does not answer speaks for the
    /// unit, so this is silence too, over a connection that stays good.
    pub(crate) async fn call(
        &mut self,
        line: &mut Line<'_>,
        unit: u8,
        request: Request<'_>,
        manners: Manners,
    ) -> Result<Result<Response, ExceptionCode>, Broken> {
        self.press(line, unit).await?;
        if self.units.pays(unit) || self.units.is_greeted_slowly(unit) {
            self.let_others_go(line, unit).await?;
        }
        // What yields does so itself.
        if manners == Manners::Insists {
            self.let_emergencies_go(line, unit).await?;
        }
        self.ask_now(line, unit, request, manners).await
    }

    /// The heartbeats that would come too late after a question to this unit go before it, but for an emergency. Each
    /// lane has one such between two other questions, so that it is looked at as well. A quick unit waits for none of a
    /// slow one's.
    async fn press(&mut self, line: &mut Line<'_>, unit: u8) -> Result<(), Broken> {
        if line.inbox.urgent_waits() || self.awaits_lock(Some(unit)) {
            return Ok(());
        }
        for index in 0..self.lanes.len() {
            let cost_ms = match self.units.answers(unit) {
                true => self.units.cost_ms(unit),
                false => u64::try_from(self.patience(unit).as_millis()).unwrap_or(u64::MAX),
            };
            let until_ms = self.now_ms().saturating_add(cost_ms);
            let press_ms = self.press_ms(index);
            let Some(lane) = self.lanes.get(index) else {
                break;
            };
            let is_theirs = self.units.goes_before(unit, lane.config.unit);
            if lane.greeted && press_ms <= until_ms && !is_theirs {
                match self.beat_pressed(line, index).await {
                    // The emergency goes first; what is to be written after it is not lost with a heartbeat.
                    Err(Broken::Deferred) => return Ok(()),
                    done => done?,
                }
            }
        }
        let asked = self.lanes.iter_mut();
        for lane in asked.filter(|lane| lane.config.unit == unit) {
            lane.was_asked();
        }
        Ok(())
    }

    /// When a heartbeat of the lane goes before all else. For a unit that makes others wait and is so slow that a question
    /// and its rest between two heartbeats are too much, it never does: its lane would not be looked at any more.
    pub(crate) fn press_ms(&self, index: usize) -> u64 {
        let Some(lane) = self.lanes.get(index) else {
            return u64::MAX;
        };
        let unit = lane.config.unit;
        let heartbeat = lane.profile.heartbeat.as_ref();
        let watchdog_ms = heartbeat.map_or(0, |it| u64::from(it.timeout_ms));
        let is_too_slow = self.units.cost_ms(unit).saturating_mul(5) / 2 > watchdog_ms;
        match is_too_slow && self.units.pays(unit) {
            true => u64::MAX,
            false => lane.press_ms(),
        }
    }

    /// Writes a heartbeat although something else is due.
    pub(crate) async fn beat_pressed(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
    ) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let unit = self.lanes.get(index).map(|lane| lane.config.unit);
        if let Some(unit) = unit.filter(|unit| self.units.pays(*unit)) {
            self.let_others_go(line, unit).await?;
        }
        let lane = self.lanes.get_mut(index);
        let pressed = lane.and_then(|lane| Some((lane.config.unit, lane.beat_pressed(now_ms)?)));
        match pressed {
            Some((unit, request)) => self.write_beat(line, (index, unit), request).await,
            None => Ok(()),
        }
    }

    /// One call, whatever else is due.
    async fn ask_now(
        &mut self,
        line: &mut Line<'_>,
        unit: u8,
        request: Request<'_>,
        manners: Manners,
    ) -> Result<Result<Response, ExceptionCode>, Broken> {
        let mut patience = self.patience(unit);
        let cost = Duration::from_millis(self.units.known_ms(unit));
        // Whoever is usually quick and hangs now, or was not heard yet, may keep an emergency order waiting no longer than if that came later.
        if manners == Manners::Insists
            && cost < GRACE_WRITE / 2
            && line.inbox.urgent_waits_for_other(unit)
        {
            patience = patience.min(GRACE_WRITE);
        }
        let begun = self.now_ms();
        let answer = self.ask(line, unit, request, (patience, manners)).await?;
        let now_ms = self.now_ms();
        self.charge(line, unit, now_ms);
        self.closings.answered(now_ms);
        match answer {
            Err(
                exception @ (ExceptionCode::GatewayPathUnavailable
                | ExceptionCode::GatewayTargetDevice),
            ) => Err(Broken::Silent(Silence {
                unit,
                text: format!("the gateway says: {exception}"),
                cost_ms: self.now_ms().saturating_sub(begun),
                renew: false,
                is_made_again: true,
            })),
            answer => Ok(answer),
        }
    }

    /// A unit pays for its own time: not for a new connection, nor for the end of a question to another that was given up.
    fn charge(&mut self, line: &Line<'_>, unit: u8, now_ms: u64) {
        let (took, is_behind) = line.took();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match is_behind {
            false => self.units.took(unit, now_ms, ms),
            true if self.units.is_unheard(unit) => {}
            true => {
                let known_ms = self.units.known_ms(unit);
                self.units.took(unit, now_ms, ms.min(known_ms));
            }
        }
    }

    /// Does what the machine asked for, in order. Once the controller refuses a write of the
    /// batch, nothing later in the batch may claim success.
    pub(crate) async fn carry_out(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        tasks: Vec<Task>,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let mut refused: Option<Refusal> = None;
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
                    match refused.as_ref().filter(|_| success) {
                        Some(Refusal { text, .. }) => {
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
        if let Some(Refusal { text, for_good }) = refused
            && let Some(lane) = self.lanes.get_mut(index)
        {
            let tasks = lane.machine.refused(&text, for_good);
            self.finish_all(index, &tasks, clock.now());
        }
        Ok(())
    }

    /// Writes one output. `Some` when the controller refused it; the lane remembers that too.
    async fn switch(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        output: Output,
        on: bool,
    ) -> Result<Option<Refusal>, Broken> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(None);
        };
        let Some(request) = command::write(&lane.profile, &mut lane.image, output, on) else {
            return Ok(None);
        };
        let unit = lane.config.unit;
        let answer = self
            .call(line, unit, request.clone(), Manners::Insists)
            .await;
        if output == Output::LockOpen {
            let taken =
                matches!(&answer, Ok(Ok(answer)) if command::acknowledges(&request, answer));
            self.lock_written(index, on, taken, answer.is_err());
        }
        let answer = answer?;
        let mut openings = self.openings.iter_mut();
        if let Some(opening) = openings.find(|opening| opening.unit == unit) {
            opening.is_written = true;
        }
        let refusal = match answer {
            Ok(answer) if command::acknowledges(&request, &answer) => None,
            Ok(_) => {
                return Err(Broken::Silent(Silence {
                    unit,
                    text: format!("the answer to the write of {output:?} does not repeat it"),
                    cost_ms: 0,
                    renew: true,
                    is_made_again: false,
                }));
            }
            Err(exception) => Some(Refusal {
                text: format!(
                    "the controller refused {output:?}: {exception} (exception {})",
                    u8::from(exception)
                ),
                for_good: output == Output::Raise && is_for_good(exception),
            }),
        };
        if let Some(lane) = self.lanes.get_mut(index) {
            let text = refusal.as_ref().map(|refusal| refusal.text.as_str());
            lane.wrote(Some(output), text);
        }
        Ok(refusal)
    }

    /// Notes what became of a write of the lock.
    fn lock_written(&mut self, index: usize, on: bool, is_taken: bool, is_unanswered: bool) {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        match on {
            true if is_unanswered => lane.machine.lock_unanswered(now_ms),
            true => {}
            false if is_taken => lane.machine.lock_let_go(now_ms),
            false => lane.machine.lock_kept(),
        }
    }

    /// Writes a heartbeat when one is due.
    pub(crate) async fn beat(&mut self, line: &mut Line<'_>, index: usize) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let due = self
            .lanes
            .get_mut(index)
            .and_then(|lane| Some((lane.config.unit, lane.beat_due(now_ms)?)));
        let Some((unit, request)) = due else {
            return Ok(());
        };
        if self.units.pays(unit) {
            self.let_others_go(line, unit).await?;
        }
        self.write_beat(line, (index, unit), request).await
    }

    async fn write_beat(
        &mut self,
        line: &mut Line<'_>,
        (index, unit): (usize, u8),
        request: Request<'_>,
    ) -> Result<(), Broken> {
        let answer = self.ask_now(line, unit, request, Manners::Yields).await;
        if matches!(answer, Err(Broken::Deferred | Broken::GivenUp))
            && let Some(lane) = self.lanes.get_mut(index)
        {
            lane.beat_was_put_off();
        }
        let answer = answer?;
        if let Some(lane) = self.lanes.get_mut(index) {
            let refusal = answer.err().map(|exception| {
                format!(
                    "the controller refused the heartbeat: {exception} (exception {})",
                    u8::from(exception)
                )
            });
            lane.wrote(None, refusal.as_deref());
        }
        Ok(())
    }
}

/// Exceptions that speak of the request and not of the moment.
fn is_for_good(exception: ExceptionCode) -> bool {
    matches!(
        exception,
        ExceptionCode::IllegalFunction
            | ExceptionCode::IllegalDataAddress
            | ExceptionCode::IllegalDataValue
    )
}
