//! Tells the story on the terminal: decisions, commands, passages, alarms, reports.

use cordon_contract::{Entry, EntryKind};
use cordon_flow::{Feed, FeedItem};
use cordon_model::{
    AlarmUpdate, BarrierState, Body, DecisionOutcome, GateStatus, PassageDecision, PassageRecord,
    Timestamp,
};

/// Tells what comes until the hub stops.
pub async fn tell(feed: Feed, quiet: bool) {
    let mut entries = feed.subscribe();
    while let Some(item) = entries.next().await {
        if let (FeedItem::Entry(committed), false) = (item, quiet)
            && let Some(words) = words(&committed.entry)
        {
            say(committed.entry.time, &words);
        }
    }
}

/// One line with the park's time.
pub fn say(at: Timestamp, words: &str) {
    let local = at.at_offset(Timestamp::PARK_OFFSET_MINUTES).to_string();
    let clock = local.get(11..19).unwrap_or_default();
    tell!("{clock}  {words}");
}

/// What an entry is worth telling, if anything.
fn words(entry: &Entry) -> Option<String> {
    let message = entry.message.as_ref()?;
    match (&entry.kind, &message.body) {
        (EntryKind::Refused, _) => Some(format!(
            "refused   a message of {} ({}); the refusal is entry {}",
            entry.sender, entry.label, entry.number
        )),
        (_, Body::PassageDecision(decision)) => Some(decided(decision)),
        (_, Body::PassageRecord(passage)) => Some(passed(passage)),
        (_, Body::GateStatus(status)) => gate(status),
        (_, Body::AlarmEvent(alarm)) if entry.kind == EntryKind::Message => Some(format!(
            "alarm     {} {}: {}",
            alarm.alarm_level.as_str(),
            alarm.alarm_code.as_str(),
            alarm.description
        )),
        (_, Body::AlarmUpdate(update)) if entry.kind == EntryKind::Message => updated(update),
        (_, Body::EmergencyGateOpen(order)) => Some(format!(
            "EMERGENCY {} {}: {}",
            if order.release == Some(true) {
                "ends at"
            } else {
                "opens"
            },
            order
                .gates
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            order.reason
        )),
        _ => None,
    }
}

fn plate(plate: Option<&cordon_model::Plate>) -> String {
    plate.map_or_else(
        || "nobody known".to_owned(),
        |plate| plate.number.to_string(),
    )
}

fn decided(decision: &PassageDecision) -> String {
    let rule = decision
        .rules
        .first()
        .map(|rule| format!("rule {} (clause {})", rule.rule_id, rule.clause))
        .unwrap_or_default();
    let lane = &decision.lane_id;
    let who = plate(decision.plate.as_ref());
    match decision.outcome {
        DecisionOutcome::Open => format!("open      {who} on {lane}: {rule}"),
        DecisionOutcome::Manual => format!("manual    {who} on {lane}: {rule}"),
        DecisionOutcome::Refuse => format!(
            "refuse    {who} on {lane}: {} by {rule}",
            decision.refusal_code.map_or("", |code| code.as_str())
        ),
    }
}

fn passed(passage: &PassageRecord) -> String {
    format!(
        "passage   {} {} at {}: {}",
        plate(passage.plate.as_ref()),
        passage.direction.as_str(),
        passage
            .lane_id
            .as_ref()
            .map_or_else(|| passage.gate_id.to_string(), ToString::to_string),
        passage.result.as_str()
    )
}

fn gate(status: &GateStatus) -> Option<String> {
    let outcome = status.command_outcome?;
    let state = if status.barrier_state == BarrierState::Open {
        ", the upper limit says open"
    } else {
        ""
    };
    Some(format!(
        "barrier   {}: command {}{state}",
        status.lane_id,
        outcome.as_str()
    ))
}

fn updated(update: &AlarmUpdate) -> Option<String> {
    let level = update.escalation_level.filter(|level| *level > 0);
    match (level, &update.receiver) {
        (Some(level), Some(receiver)) => Some(format!(
            "escalated alarm {} to level {level}: {receiver} is told",
            update.alarm_id
        )),
        (Some(_), None) => None,
        (None, _) if update.state != update.previous => Some(format!(
            "alarm     {} is now {}",
            update.alarm_id,
            update.state.as_str()
        )),
        (None, _) => None,
    }
}
