//! What moved a barrier while the journal could not be written, and does not stand in it now that it is written again:
//! people are told, for the barrier stands as nobody's record says.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, Fault};
use cordon_model::{AuditOutcome, Body, DeviceId, GateAction, GateCommand, MessageId, Timestamp};

use crate::decide::batch::{Batch, Line};
use crate::decide::draft::Draft;
use crate::decide::guard::UNRECORDED;
use crate::decide::precedence::raises;
use crate::decide::sealer::AuditNote;
use crate::fault::of_wire;
use crate::sequencer::Sequencer;
use crate::sequencer::kit::Kit;

/// What people are to do.
const LOOK: &str = "the barrier may stand as it was ordered: look 日志不可写时已执行且未能记录的指令,道闸可能仍处于该状态,请查看";

/// The newest such order of each barrier of the plan.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded {
    orders: BTreeMap<DeviceId, (GateAction, String)>,
    /// Timers have run since the journal is written again: what a plan orders was ordered again by then.
    has_ticked: bool,
}

impl Unrecorded {
    pub(crate) fn note(&mut self, device: DeviceId, action: GateAction, words: String) {
        self.orders.insert(device, (action, words));
    }

    /// Timers have to run first.
    pub(crate) fn wait(&mut self) {
        self.has_ticked = false;
    }

    /// Whether something is told once timers have run.
    pub(crate) fn waits(&self) -> bool {
        !self.has_ticked && !self.orders.is_empty()
    }

    /// The same was ordered again, and is recorded.
    fn is_ordered(&mut self, command: &GateCommand) {
        let same = |(action, _): &(GateAction, String)| *action == command.action;
        if self.orders.get(&command.device_id).is_some_and(same) {
            self.orders.remove(&command.device_id);
        }
    }

    /// Takes in what is durable now.
    pub(crate) fn committed(&mut self, line: &Line) {
        let body = line.draft.message.as_deref().map(|message| &message.body);
        match (line.draft.kind, body) {
            (EntryKind::Tick, _) => self.has_ticked = true,
            (EntryKind::Order, Some(Body::GateCommand(command))) => self.is_ordered(command),
            (EntryKind::Audit, Some(Body::AuditEvent(audit))) if audit.action == UNRECORDED => {
                let told = audit.target.as_deref().map(DeviceId::new);
                if let Some(Ok(device)) = told {
                    self.orders.remove(&device);
                }
            }
            _ => {}
        }
    }
}

/// What people are told of one order.
pub(crate) fn words(command: &GateCommand) -> String {
    let by = match &command.ordered_by {
        Some(by) => format!(", ordered by {by},"),
        None => String::new(),
    };
    format!(
        "{} of barrier {} at lane {}{by} acted while the journal could not be written, and nothing of it is recorded; {LOOK}",
        command.action, command.device_id, command.lane_id
    )
}

impl Kit {
    /// Notes what an opening of an earlier run moved whose id stands for another message.
    pub(crate) fn note_earlier(&mut self, draft: &Draft, targets: &[String], first: u64) {
        let raises = draft.message.as_deref().is_some_and(|it| raises(&it.body));
        let action = match raises {
            true => GateAction::LockOpen,
            false => GateAction::Release,
        };
        let devices = targets.iter().filter_map(|it| it.strip_prefix("device:"));
        for device in devices.filter_map(|it| DeviceId::new(it).ok()) {
            let words = format!(
                "{action} of barrier {device}, ordered by {}, acted in an earlier run while the journal could not be written, under the id of entry {first}, and nothing of it is recorded; {LOOK}",
                draft.sender
            );
            self.unrecorded.note(device, action, words);
        }
    }

    /// Notes which of the orders that acted have no number now. What came to nothing is not among them.
    pub(crate) fn find_unrecorded(&mut self) {
        self.unrecorded.wait();
        let mut over = Vec::new();
        for (acted_as, acted) in self.acted.iter_mut() {
            if let Some(command) = acted.command() {
                match acted.number {
                    Some(_) => self.unrecorded.is_ordered(command),
                    None if acted.is_failed => {}
                    None => {
                        let (device, words) = (command.device_id.clone(), words(command));
                        self.unrecorded.note(device, command.action, words);
                    }
                }
            }
            if acted.is_over || acted.number.is_none() {
                over.push(*acted_as);
            }
        }
        for acted_as in over {
            self.acted.remove(&acted_as);
        }
    }
}

impl Sequencer {
    /// Tells what stands nowhere, once timers have run, or where they stand still.
    pub(crate) fn admit_unrecorded(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        has_room: bool,
    ) -> Result<(), Fault> {
        if has_room && !self.kit.unrecorded.has_ticked {
            return Ok(());
        }
        let hub = self.kit.core.sealer().hub().clone();
        for (device, (_, words)) in self.kit.unrecorded.orders.clone() {
            tracing::error!("{words}");
            let note = AuditNote {
                action: UNRECORDED,
                actor: &hub,
                target: Some(device.as_str()),
                outcome: AuditOutcome::Failure,
                detail: Some(&words),
            };
            let sealer = self.kit.core.sealer();
            let audit = sealer.audit(MessageId::random(), time, note);
            self.kit.core.admit(batch, audit.map_err(of_wire)?);
        }
        Ok(())
    }
}
