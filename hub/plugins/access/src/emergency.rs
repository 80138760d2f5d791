//! One-key opening and operating modes (R046, R124).

use cordon_contract::{Entry, NoRoom, OrderLane, is_planned};
use cordon_model::{
    AlarmCode, AlarmLevel, AuditOutcome, Direction, EmergencyGateOpen, GateAction, GateId, LaneId,
    MessageId, OperatingMode, OperatingModeChange, PartyId, Timestamp,
};

use crate::alarm::{About, Note, Step};
use crate::held::{is_before, ordered_at};
use crate::modes::ModeChange;
use crate::opened::{Held, Opened, Release, Until};
use crate::opening::Command;
use crate::plugin::AccessPlugin;
use crate::state::MODES_WAITING_MAX;

/// Why lanes are held open.
pub(crate) struct Hold<'a> {
    pub order: &'a str,
    pub by: &'a PartyId,
    pub reason: &'a str,
    pub seed: MessageId,
    pub until: Option<Until>,
    pub by_mode: bool,
}

/// Whether a change was meant for later when it was said. The clocks of speaker and hub may differ, and what is for now
/// waits for neither.
fn was_planned(entry: &Entry, change: &OperatingModeChange) -> bool {
    let said = entry.message.as_deref().map(|it| it.header.occurred_at);
    said.is_none_or(|said| is_planned(change, said))
}

/// Whether a change has to wait for its time.
fn waits(entry: &Entry, change: &OperatingModeChange) -> bool {
    was_planned(entry, change) && entry.clock < change.effective_at
}

impl AccessPlugin {
    /// Opens (or gives back) every lane of the gates named, whatever the mode.
    pub(crate) fn on_emergency(&mut self, step: &mut Step<'_>, order: &EmergencyGateOpen) {
        let release = order.release == Some(true);
        let lanes = self.lanes_of(&order.gates, |_| true);
        let named: Vec<&str> = order.gates.iter().map(GateId::as_str).collect();
        let until = self.held_until(step);
        let commands = if release {
            self.give_back(step, &lanes, &order.ordered_by, &order.reason)
        } else {
            self.hold(
                step,
                &lanes,
                &Hold {
                    order: &order.order_id,
                    by: &order.ordered_by,
                    reason: &order.reason,
                    seed: step.entry.message_id,
                    until,
                    by_mode: false,
                },
            )
        };
        step.audit(Note {
            action: if release {
                "access.emergency-release"
            } else {
                "access.emergency-open"
            },
            actor: Some(&order.ordered_by),
            target: &named.join(" "),
            outcome: if commands > 0 {
                AuditOutcome::Success
            } else {
                AuditOutcome::Failure
            },
            detail: &format!(
                "{}: {commands} barriers ordered; {}",
                order.order_id, order.reason
            ),
        });
    }

    /// The lanes of gates with their gate, in the order of the plan; all gates when none is named.
    fn lanes_of(
        &self,
        gates: &[GateId],
        which: impl Fn(&cordon_model::plan::Lane) -> bool,
    ) -> Vec<(GateId, LaneId)> {
        self.plan
            .lanes
            .iter()
            .filter(|lane| gates.is_empty() || gates.contains(&lane.gate))
            .filter(|lane| which(lane))
            .map(|lane| (lane.gate.clone(), lane.id.clone()))
            .collect()
    }

    /// When a lane that is held open from now on is released by itself.
    pub(crate) fn held_until(&self, step: &Step<'_>) -> Option<Until> {
        let open_s = i64::from(self.config.emergency_open_s);
        let (time, clock) = (step.entry.time, step.entry.clock);
        (open_s > 0).then(|| Until {
            time: time.plus_seconds(open_s),
            clock: clock.plus_seconds(open_s),
            since: clock,
        })
    }

    pub(crate) fn hold(
        &mut self,
        step: &mut Step<'_>,
        lanes: &[(GateId, LaneId)],
        hold: &Hold<'_>,
    ) -> usize {
        let mut ordered = 0;
        let at = ordered_at(step.entry);
        for (gate, lane) in lanes {
            let Some(device) = self.barrier_of(lane) else {
                continue;
            };
            let command = self.command(
                step,
                Command {
                    gate,
                    lane,
                    device: &device,
                    action: GateAction::LockOpen,
                    reason: hold.reason,
                    outbox: OrderLane::Emergency,
                    deadline_ms: self.config.emergency_deadline_ms,
                    by: Some(hold.by),
                    decision: Some(hold.order.to_owned()),
                    correlation: Some(hold.order.to_owned()),
                    seed: hold.seed,
                },
            );
            ordered += 1;
            let held = Held {
                order: hold.order.to_owned(),
                by: hold.by.clone(),
                gate: gate.clone(),
                command,
                until: hold.until,
                by_mode: hold.by_mode,
                opened: Opened::ordered(command),
                at,
                found: false,
                before_start: step.entry.of_earlier_run,
                unwanted: false,
            };
            match self.release_since(step.entry, lane, at) {
                Some(release) => self.hold_until_released(lane, release, held),
                None => self.note_held(lane, held),
            }
        }
        ordered
    }

    /// Ends the holding open. It is ordered even where nothing is known to be held: after a lost
    /// state a barrier may still stand open. What an evacuation holds stays open until that ends.
    pub(crate) fn give_back(
        &mut self,
        step: &mut Step<'_>,
        lanes: &[(GateId, LaneId)],
        by: &PartyId,
        reason: &str,
    ) -> usize {
        let mut ordered = 0;
        let (mut kept, mut lowered) = (Vec::new(), Vec::new());
        let at = ordered_at(step.entry);
        for (gate, lane) in lanes {
            let Some(device) = self.barrier_of(lane) else {
                continue;
            };
            // What acted before it could be written down is told as it was; the orders after it keep their ids.
            if !step.entry.late && self.is_evacuated(lane) {
                step.next_command();
                self.hold_for_mode(lane);
                kept.push((gate, lane));
                continue;
            }
            if self.is_evacuated(lane) {
                lowered.push((gate, lane));
            }
            self.state.unheld.remove(lane);
            self.clear_not_yet(step, lane, "its release is ordered 已下令解除");
            // What acted before it could be written down may be older than the opening.
            let entry = step.entry;
            let is_older = |held: &Held| entry.late && is_before(entry, at, held.at);
            let held = match self.state.held.get(lane).is_some_and(is_older) {
                true => None,
                false => self.state.held.remove(lane),
            };
            let seed = held
                .as_ref()
                .map_or(step.entry.message_id, |held| held.command);
            let order = held.as_ref().map(|held| held.order.clone());
            let release = self.command(
                step,
                Command {
                    gate,
                    lane,
                    device: &device,
                    action: GateAction::Release,
                    reason,
                    outbox: OrderLane::Access,
                    deadline_ms: self.config.emergency_deadline_ms,
                    by: Some(by),
                    decision: order.clone(),
                    correlation: order,
                    seed,
                },
            );
            let mut ends = held;
            if let Some((_, before)) = self.state.releasing.remove(lane) {
                let opened = before.opened.clone();
                ends.get_or_insert(before).opened.and(&opened);
            }
            if let Some(held) = ends {
                self.state.releasing.set(lane.clone(), (release, held));
            }
            let asked = Release {
                command: release,
                at,
            };
            self.state.asked.set(lane.clone(), asked);
            ordered += 1;
        }
        self.tell_kept(step, by, &kept);
        self.tell_lowered(step, &lowered);
        ordered
    }

    /// Whether something that is held open for a time is to be given back, by the journal's time and the clock.
    pub(crate) fn is_held_due(&self, (time, clock): (Timestamp, Timestamp)) -> bool {
        let mut held = self.state.held.values();
        held.any(|held| self.is_hold_over(held, (time, clock)))
    }

    fn is_hold_over(&self, held: &Held, (time, clock): (Timestamp, Timestamp)) -> bool {
        let since = held.until.map_or(i64::MAX, |until| until.since.micros());
        held.is_over(time, clock) && !self.state.away.holds(since, clock.micros())
    }

    /// Openings whose time is over are given back.
    pub(crate) fn held_due(&mut self, step: &mut Step<'_>) {
        let (now, clock) = (step.entry.time, step.entry.clock);
        let over: Vec<(GateId, LaneId, PartyId, String)> = self
            .state
            .held
            .iter()
            .filter(|(_, held)| self.is_hold_over(held, (now, clock)))
            .map(|(lane, held)| {
                (
                    held.gate.clone(),
                    lane.clone(),
                    held.by.clone(),
                    held.order.clone(),
                )
            })
            .collect();
        for (gate, lane, by, order) in over {
            let what = if self.is_evacuated(&lane) {
                self.hold_for_mode(&lane);
                "the time set is over, the evacuation goes on holding the lane open"
            } else {
                self.give_back(step, &[(gate, lane.clone())], &by, "the time set is over");
                "released by itself, the time set is over"
            };
            step.audit(Note {
                action: "access.emergency-release",
                actor: Some(&by),
                target: lane.as_str(),
                outcome: AuditOutcome::Success,
                detail: &format!("{order}: {what}"),
            });
        }
    }

    /// An emergency opening that a barrier did not carry out.
    pub(crate) fn fail_held(
        &mut self,
        step: &mut Step<'_>,
        lane: &LaneId,
        command: MessageId,
        text: &str,
    ) {
        let Some(held) = self
            .state
            .held
            .get(lane)
            .filter(|held| held.command == command)
            .cloned()
        else {
            return;
        };
        // Barrier and outbox both tell of it; one alarm is enough.
        if !self.is_loud(step, format!("held|{command}")) {
            return;
        }
        let device = self.barrier_of(lane);
        let about = About {
            device: device.as_ref(),
            gate: Some(&held.gate),
            lane: Some(lane),
            correlation: Some(held.order.clone()),
            text: format!(
                "emergency opening {} not carried out 应急开启未执行: {text}",
                held.order
            ),
            ..About::default()
        };
        self.note_not_yet(lane, command, step.next_alarm());
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Red, about);
    }

    /// A change of mode, now or when its time comes.
    pub(crate) fn on_mode_change(&mut self, step: &mut Step<'_>, change: &OperatingModeChange) {
        let waits = waits(step.entry, change);
        let change = ModeChange {
            id: change.change_id.clone(),
            mode: change.mode,
            gates: change.gates.clone(),
            by: change.ordered_by.clone(),
            at: change.effective_at,
            message_id: step.entry.message_id,
            planned: was_planned(step.entry, change),
        };
        if !waits {
            self.modes_due_before(step);
            self.come_due(step, &change, &[]);
        } else if self.state.modes.waiting.len() < MODES_WAITING_MAX {
            let key = (change.at.micros(), step.entry.number);
            self.state.modes.waiting.insert(key, change);
        } else {
            step.audit(Note {
                action: "access.modes-full",
                actor: Some(&change.by),
                target: &change.id,
                outcome: AuditOutcome::Denied,
                detail: "too many changes of mode wait for their time",
            });
        }
    }

    /// Whether a change that is meant for later can wait.
    pub(crate) fn room_for_mode(
        &self,
        entry: &Entry,
        change: &OperatingModeChange,
    ) -> Result<(), NoRoom> {
        match waits(entry, change) && self.state.modes.waiting.len() >= MODES_WAITING_MAX {
            true => Err(NoRoom {
                setting: "docs/reference/access.md",
                part: MODES_WAITING_MAX,
            }),
            false => Ok(()),
        }
    }

    /// Carries out a change whose time has come.
    pub(crate) fn switch(&mut self, step: &mut Step<'_>, change: &ModeChange) {
        let all = self.place_of(&[]);
        let may_change = |gate: &GateId| self.state.modes.may_change(gate, change);
        let place = self.place_of(&change.gates).into_iter();
        let (place, spared): (Vec<GateId>, Vec<GateId>) = place.partition(may_change);
        if !spared.is_empty() {
            self.tell_spared(step, change, &spared);
            if place.is_empty() {
                return;
            }
        }
        self.state.modes.take(change, &place, &spared, &all);
        step.audit(Note {
            action: "access.mode",
            actor: Some(&change.by),
            target: change.mode.as_str(),
            outcome: AuditOutcome::Success,
            detail: &format!("{} takes effect", change.id),
        });
        if self.config.evacuation_opens_exits && !place.is_empty() {
            self.follow_mode(step, change, &place);
        }
    }

    /// The gates of the plan that a change names; all when it names none.
    pub(crate) fn place_of(&self, gates: &[GateId]) -> Vec<GateId> {
        let all = self.plan.gates.iter().map(|gate| &gate.id);
        all.filter(|gate| gates.is_empty() || gates.contains(gate))
            .cloned()
            .collect()
    }

    /// EVACUATION holds the lanes that lead out open; its end gives them back.
    fn follow_mode(&mut self, step: &mut Step<'_>, change: &ModeChange, place: &[GateId]) {
        let out = self.lanes_of(place, |lane| lane.direction == Some(Direction::Out));
        if change.mode == OperatingMode::Evacuation {
            let hold = Hold {
                order: &change.id,
                by: &change.by,
                reason: "evacuation: all exits open",
                seed: change.message_id,
                until: None,
                by_mode: true,
            };
            self.hold(step, &out, &hold);
        } else {
            let held: Vec<(GateId, LaneId)> = out
                .into_iter()
                .filter(|(_, lane)| self.state.held.get(lane).is_some_and(|held| held.by_mode))
                .collect();
            self.give_back(step, &held, &change.by, "the evacuation is over");
        }
    }
}
