//! What an alarm is told again as: under the hub's own name, or in the flood alarm of its author.

use cordon_contract::{COUNTED_HERE, Decisions, Entry, is_made_name, speaker_of};
use cordon_model::{AlarmEvent, AlarmState, AlarmUpdate, Body, Message, PartyId};

use crate::decide::authority::{Register, is_over};
use crate::decide::beyond_pace::{UNPLANNED, is_beyond};
use crate::flags;
use crate::text::clip_empty;

/// Tells again what an entry with these flags said of an alarm. The register has taken the entry in.
pub(crate) fn tell(entry: &Entry, bits: u16, register: &Register, decisions: &mut Decisions) {
    let Some(message) = entry.message.as_deref() else {
        return;
    };
    if bits & flags::FLOODED != 0 {
        count(entry, message, register, decisions);
    } else if bits & flags::NAMESAKE != 0 {
        rename(entry, message, register, decisions);
    }
}

/// Under the hub's own name, for whoever gave it another's.
fn rename(entry: &Entry, message: &Message, register: &Register, decisions: &mut Decisions) {
    let own = |called: &str| {
        let id = register.alarms.own_id(speaker_of(message), called);
        id.map(str::to_owned)
    };
    let (body, called) = match &message.body {
        Body::AlarmEvent(event) => {
            // People may have closed the one of this name, and another that was told under it burns: the end
            // means that one then, which is found by the name that the hub gave.
            let was = || {
                let alarms = &register.alarms;
                let id = alarms.was_id(speaker_of(message), &event.alarm_id);
                id.filter(|_| is_over(event.state)).map(str::to_owned)
            };
            let Some(alarm_id) = own(&event.alarm_id).or_else(was) else {
                return;
            };
            let again = AlarmEvent {
                alarm_id,
                cause_ref: Some(entry.message_id),
                ..event.clone()
            };
            (Body::AlarmEvent(again), &event.alarm_id)
        }
        Body::AlarmUpdate(update) => {
            let Some(alarm_id) = own(&update.alarm_id) else {
                return;
            };
            let again = AlarmUpdate {
                alarm_id,
                ..update.clone()
            };
            (Body::AlarmUpdate(again), &update.alarm_id)
        }
        _ => return,
    };
    decisions.tell_again(body, called.clone());
}

/// In one flood alarm, which counts it, rises to its level and shows where it is. It is the hub's: its
/// author does not end it. The name that he gave goes along: it is of this one too.
fn count(entry: &Entry, message: &Message, register: &Register, decisions: &mut Decisions) {
    let speaker = speaker_of(message);
    let (Body::AlarmEvent(event), Some(alarm_id)) = (&message.body, register.alarms.flood(speaker))
    else {
        return;
    };
    let what = match is_beyond(&event.description) {
        true => "alarms",
        false => "open alarms",
    };
    let words = format!(
        "报警过多，{speaker} 后续报警计入此条 / too many {what} of {speaker}, further ones are {COUNTED_HERE}{} {} {}",
        event.alarm_level, event.alarm_code, event.description
    );
    // A device speaks of itself, an enterprise of devices it may invent.
    let device = event.source_device.clone();
    let device = device.filter(|device| speaker == UNPLANNED || device.as_str() == speaker);
    let partner = match device {
        _ if speaker == UNPLANNED => None,
        Some(_) => event.enterprise_id.clone(),
        None => PartyId::new(speaker).ok(),
    };
    let flood = AlarmEvent {
        alarm_id,
        state: AlarmState::Raised,
        occurred_at: entry.time,
        source_device: device,
        subject: None,
        person_id: None,
        enterprise_id: partner,
        cause_ref: Some(entry.message_id),
        evidence: Vec::new(),
        description: clip_empty(&words, 2_000),
        ..event.clone()
    };
    // A name that was made for what was read without one is nobody's. Whether what is counted says the same again as an alarm of its name,
    // only all that both say could tell, and of that the flood alarm keeps the newest alone.
    let name = &event.alarm_id;
    let is_read = message.header.attested_by.is_some();
    let is_given = !is_read || !is_made_name(message, event.occurred_at, name);
    decisions.emit(Body::AlarmEvent(flood), is_given.then(|| name.clone()));
}
