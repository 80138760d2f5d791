//! Alarms that the program raises in the hub's name.

use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Timestamp};

/// Longest description in characters, as the schema has it.
const DESCRIPTION_MAX: usize = 2_000;

/// An alarm about the hub itself: no place, no subject, only words.
pub fn of_hub(
    alarm_id: String,
    kind: (AlarmCode, AlarmLevel),
    words: &str,
    now: Timestamp,
) -> AlarmEvent {
    let (alarm_code, alarm_level) = kind;
    AlarmEvent {
        alarm_id,
        alarm_code,
        alarm_level,
        state: AlarmState::Raised,
        occurred_at: now,
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: None,
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: words.chars().take(DESCRIPTION_MAX).collect(),
    }
}
