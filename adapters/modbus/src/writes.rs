//! What the state machine asked for, written to the controller one by one.

use cordon_contract::{Clock, OutcomeKind};

use crate::bus::Bus;
use crate::command;
use crate::line::Line;
use crate::profile::Output;
use crate::report::About;
use crate::state::Task;

impl Bus {
    /// Does what the machine asked for, in order. Once the controller refuses a write of the
    /// batch, nothing later in the batch may claim success.
    pub(crate) async fn carry_out(
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
}
