//! How alarms are raised, and not raised again and again.

use cordon_contract::{Decisions, Entry};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AuditEvent, AuditOutcome, Body, DeviceId,
    EvidenceKind, EvidenceReference, GateId, LaneId, PartyId, RefusalCode,
};

use crate::ids;
use crate::plugin::AccessPlugin;
use crate::state::Seen;
use crate::subject::is_hazardous;

/// One step over one entry: what it decides goes in here.
pub(crate) struct Step<'a> {
    pub entry: &'a Entry,
    out: &'a mut Decisions,
    alarms: usize,
    commands: u16,
}

impl<'a> Step<'a> {
    pub(crate) fn new(entry: &'a Entry, out: &'a mut Decisions) -> Self {
        Self {
            entry,
            out,
            alarms: 0,
            commands: 0,
        }
    }

    /// Says a canonical message.
    pub(crate) fn emit(&mut self, body: Body, correlation: Option<String>) {
        self.out.emit(body, correlation);
    }

    /// Where orders go.
    pub(crate) fn out(&mut self) -> &mut Decisions {
        self.out
    }

    /// The number of the next command decided on this entry.
    pub(crate) fn next_command(&mut self) -> u16 {
        let index = self.commands;
        self.commands = self.commands.saturating_add(1);
        index
    }

    /// How many alarms were raised on this entry.
    pub(crate) fn alarms(&self) -> usize {
        self.alarms
    }

    /// Writes down something an auditor wants to see.
    pub(crate) fn audit(&mut self, note: Note<'_>) {
        let event = AuditEvent {
            action: note.action.to_owned(),
            actor_id: note.actor.unwrap_or(&self.entry.sender).clone(),
            target: clip(note.target, 200),
            outcome: note.outcome,
            detail: clip(note.detail, 2_000),
            at: self.entry.time,
        };
        self.emit(Body::AuditEvent(event), None);
    }
}

/// What an audit entry says.
pub(crate) struct Note<'a> {
    pub action: &'a str,
    /// Who did it; the sender of the entry when `None`.
    pub actor: Option<&'a PartyId>,
    pub target: &'a str,
    pub outcome: AuditOutcome,
    pub detail: &'a str,
}

/// What an alarm is about.
#[derive(Default)]
pub(crate) struct About<'a> {
    pub device: Option<&'a DeviceId>,
    pub gate: Option<&'a GateId>,
    pub lane: Option<&'a LaneId>,
    pub area: Option<&'a str>,
    pub enterprise: Option<&'a PartyId>,
    pub subject: Option<&'a Seen>,
    pub correlation: Option<String>,
    pub text: String,
}

impl AccessPlugin {
    /// Raises an alarm.
    pub(crate) fn alarm(
        &self,
        step: &mut Step<'_>,
        code: AlarmCode,
        level: AlarmLevel,
        about: About<'_>,
    ) {
        let evidence = about.subject.and_then(|subject| {
            subject.image.as_ref().map(|uri| EvidenceReference {
                kind: EvidenceKind::Image,
                uri: uri.clone(),
                digest: subject.image_digest,
                from: None,
                to: None,
            })
        });
        let event = AlarmEvent {
            alarm_id: ids::alarm(step.entry, step.alarms),
            alarm_code: code,
            alarm_level: self.config.levels.get(&code).copied().unwrap_or(level),
            state: AlarmState::Raised,
            occurred_at: step.entry.time,
            source_device: about.device.cloned(),
            subject: about.subject.and_then(Seen::plate),
            person_id: None,
            enterprise_id: about.enterprise.cloned(),
            area_id: about.area.map(str::to_owned),
            gate_id: about.gate.cloned(),
            lane_id: about.lane.cloned(),
            position: None,
            cause_ref: Some(step.entry.message_id).filter(|_| step.entry.message.is_some()),
            evidence: evidence.into_iter().collect(),
            description: clip(&about.text, 2_000).unwrap_or_else(|| code.as_str().to_owned()),
        };
        step.alarms += 1;
        step.emit(Body::AlarmEvent(event), about.correlation);
    }

    /// Whether an alarm with this key was raised a short time ago.
    pub(crate) fn is_quiet(&self, step: &Step<'_>, key: &str) -> bool {
        let last = self.state.alarmed.of(key);
        last.is_some_and(|last| step.entry.time.micros().saturating_sub(last) < self.quiet())
    }

    /// Time in which the same alarm is not raised again, microseconds.
    pub(crate) fn quiet(&self) -> i64 {
        i64::from(self.config.alarm_quiet_s).saturating_mul(1_000_000)
    }

    /// Whether an alarm with this key may be raised now; notes that it is.
    pub(crate) fn is_loud(&mut self, step: &Step<'_>, key: String) -> bool {
        if self.is_quiet(step, &key) {
            return false;
        }
        let now = step.entry.time.micros();
        // What is as old as the time of quiet is too old.
        let since = now.saturating_sub(self.quiet()).saturating_add(1);
        self.state.alarmed.note(key, now, since);
        true
    }
}

/// The alarm a refusal calls for; `None` when the decision itself says enough.
pub(crate) fn of_refusal(code: RefusalCode, subject: &Seen) -> Option<(AlarmCode, AlarmLevel)> {
    let by_cargo = if is_hazardous(subject.kind) {
        AlarmLevel::Yellow
    } else {
        AlarmLevel::Blue
    };
    Some(match code {
        RefusalCode::Blacklist => (AlarmCode::BlacklistHit, AlarmLevel::Orange),
        RefusalCode::NoGrant => (AlarmCode::NoGrant, by_cargo),
        RefusalCode::NotYet => (AlarmCode::TimeWindow, AlarmLevel::Blue),
        RefusalCode::Expired => (AlarmCode::GrantExpired, AlarmLevel::Blue),
        RefusalCode::WrongGate => (AlarmCode::WrongGate, by_cargo),
        RefusalCode::WrongLane => (AlarmCode::WrongLane, by_cargo),
        RefusalCode::AreaDenied => (AlarmCode::AreaDenied, AlarmLevel::Yellow),
        RefusalCode::Capacity => (AlarmCode::CapacityExceeded, AlarmLevel::Blue),
        RefusalCode::DeviceFault => (AlarmCode::GateFault, AlarmLevel::Yellow),
        RefusalCode::ModeClosed
        | RefusalCode::Document
        | RefusalCode::CheckFailed
        | RefusalCode::CredentialMismatch => return None,
    })
}

/// Text that fits the schema; `None` when nothing is left.
pub(crate) fn clip(text: &str, max: usize) -> Option<String> {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(max)
        .collect();
    (!text.trim().is_empty()).then_some(text)
}
