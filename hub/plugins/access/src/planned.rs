//! Changes of mode that were planned, when their time has come.

use cordon_model::{AlarmCode, AlarmLevel, AuditOutcome, GateId, OperatingMode, Timestamp};

use crate::alarm::{About, Note, Step};
use crate::held::ordered_at;
use crate::modes::ModeChange;
use crate::plugin::AccessPlugin;

/// Changes that an alarm names.
const NAMED_MAX: usize = 3;
/// A planned evacuation whose time is longer ago does not begin: nobody waits for it any more.
const BEGINS_WITHIN_S: i64 = 120;

impl AccessPlugin {
    /// Changes whose time has come, the earliest first.
    pub(crate) fn modes_due(&mut self, step: &mut Step<'_>) {
        let due = self.state.modes.due(step.entry.clock, *self.state.away);
        self.come_due_all(step, &due);
    }

    /// A person's word of the moment comes after all plans whose time has come.
    pub(crate) fn modes_due_before(&mut self, step: &mut Step<'_>) {
        let due = self.state.modes.all_due(step.entry.clock);
        self.come_due_all(step, &due);
    }

    /// Tells of changes that came due while the hub was away and wait until its clock has stood: whoever planned them
    /// believes that they hold.
    pub(crate) fn tell_waiting(&self, step: &mut Step<'_>) {
        let away = *self.state.away;
        let Some(ends) = away.waits_until(step.entry.clock.micros()) else {
            return;
        };
        let waiting: Vec<&ModeChange> = self.state.modes.held_back(away).collect();
        let named = waiting.iter().take(NAMED_MAX).map(|change| {
            let place = match change.gates.is_empty() {
                true => "the park".to_owned(),
                false => change
                    .gates
                    .iter()
                    .map(GateId::as_str)
                    .collect::<Vec<_>>()
                    .join(" "),
            };
            // An evacuation of longer ago does not begin any more.
            let at = change.at.micros();
            let is_past = change.mode == OperatingMode::Evacuation && away.begins(at) == at;
            let past = if is_past {
                ", which does not begin then"
            } else {
                ""
            };
            format!(
                "{} to {} at {place}, due {}{past}",
                change.id, change.mode, change.at
            )
        });
        let named = named.collect::<Vec<_>>().join("; ");
        if named.is_empty() {
            return;
        }
        let urgent = [OperatingMode::Emergency, OperatingMode::Evacuation];
        let level = match waiting.iter().any(|change| urgent.contains(&change.mode)) {
            true => AlarmLevel::Orange,
            false => AlarmLevel::Yellow,
        };
        let until = Timestamp::from_micros(ends);
        let about = About {
            gate: waiting.first().and_then(|change| change.gates.first()),
            text: format!(
                "planned changes of mode came due while the hub was away and wait until {until}, when its clock has stood ({}: {named}); order them if they are to hold now 计划的模式变更在停机期间到期,待时钟稳定后生效,如需立即生效请下令",
                waiting.len()
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, level, about);
    }

    fn come_due_all(&mut self, step: &mut Step<'_>, due: &[ModeChange]) {
        let mut rest = due;
        while let Some((change, later)) = rest.split_first() {
            self.come_due(step, change, later);
            rest = later;
        }
    }

    /// A change whose time has come, with those after it whose time has come too.
    pub(crate) fn come_due(
        &mut self,
        step: &mut Step<'_>,
        change: &ModeChange,
        later: &[ModeChange],
    ) {
        let Some(why) = self.is_past(step, change, later) else {
            return self.switch(step, change);
        };
        let place = self.place_of(&change.gates);
        let text = format!(
            "planned evacuation {} did not begin: {why} 计划的疏散未开始,时间已过",
            change.id
        );
        let detail = format!("{}: it did not begin, {why}", change.id);
        self.tell_overtaken(step, change, (place.first(), &detail, text));
    }

    /// Why a planned evacuation does not begin that comes due late, because the hub was away or its disk had failed.
    fn is_past(
        &self,
        step: &Step<'_>,
        change: &ModeChange,
        later: &[ModeChange],
    ) -> Option<&'static str> {
        let evacuation = OperatingMode::Evacuation;
        if !change.planned || change.mode != evacuation {
            return None;
        }
        // What acted before it could be written down was in time when it acted.
        let begins = self.state.away.begins(change.at.micros());
        let begins = Timestamp::from_micros(begins.max(change.at.micros()));
        if ordered_at(step.entry) > begins.plus_seconds(BEGINS_WITHIN_S) {
            return Some("its time was more than 120 s ago");
        }
        let place = self.place_of(&change.gates);
        let ends = |gate: &GateId| {
            later.iter().any(|it| {
                let is_there = it.gates.is_empty() || it.gates.contains(gate);
                it.mode != evacuation && it.at > change.at && is_there
            })
        };
        (!place.is_empty() && place.iter().all(ends)).then_some("its planned end has come as well")
    }

    /// A plan meets an evacuation, which it does not end.
    pub(crate) fn tell_spared(&self, step: &mut Step<'_>, change: &ModeChange, spared: &[GateId]) {
        let named: Vec<&str> = spared.iter().map(GateId::as_str).collect();
        let named = named.join(" ");
        let detail = format!(
            "{}: {named} is evacuated, which a plan does not end",
            change.id
        );
        let text = format!(
            "planned change of mode {} to {} was not carried out at {named}: the evacuation goes on until somebody ends it 计划的模式变更未执行,疏散持续至有人下令结束",
            change.id, change.mode
        );
        self.tell_overtaken(step, change, (spared.first(), &detail, text));
    }

    /// Whoever planned a change believes that it is carried out, and hears where it is not.
    fn tell_overtaken(
        &self,
        step: &mut Step<'_>,
        change: &ModeChange,
        (gate, detail, text): (Option<&GateId>, &str, String),
    ) {
        step.audit(Note {
            action: "access.mode-overtaken",
            actor: Some(&change.by),
            target: change.mode.as_str(),
            outcome: AuditOutcome::Denied,
            detail,
        });
        let about = About {
            gate,
            text,
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Yellow, about);
    }
}
