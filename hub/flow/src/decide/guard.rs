//! The flow's own plug-in: turns refusals that smell of an attack, proposals that wait for the park and
//! entries that cannot be read into alarms, and tells of holes in a sender's count and of statements
//! that came too late.

use crate::decide::authority::{flow_id, settle};
use crate::decide::claims::Claims;
use crate::decide::conduct::{Conduct, is_round, level_at};
use crate::decide::counts::Counts;
use crate::decide::fold::MARKED;
use crate::decide::trouble::Troubles;
use crate::decide::unheard::Unheard;
use crate::fault::{CONTESTED, ID_REUSED, NOT_YOURS, ONLY_PARK, PROPOSED, STRANGER};
use crate::text::{clip, clip_empty};
use cordon_contract::{
    Decisions, Entry, EntryKind, Plugin, Rows, Single, Standing, Table, speaker_of,
};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AuditEvent, AuditOutcome, Body, DeviceId,
    LifeState, ListSubject, Plate, Timestamp,
};

/// Its name among the plug-ins.
pub(crate) const GUARD: &str = "flow.guard";
/// Audit action of a statement that was overtaken by a newer one of its sender, or by the park's word.
pub(crate) const OVERTAKEN: &str = "message.overtaken";
/// Audit action of a hole in a sender's running numbers.
pub(crate) const SENDER_GAP: &str = "sender.gap";
/// Audit action of an order that moved a barrier and stands nowhere.
pub(crate) const UNRECORDED: &str = "order.unrecorded";

/// One alarm for each sender and code in this time; further refusals stay entries.
const QUIET_MICROS: i64 = 60 * 1_000_000;
/// Senders and codes remembered at once; the oldest is forgotten.
const REMEMBERED_MAX: usize = 1_000;

/// Watches refusals. Its alarms are decisions like any other, so that a replay makes them again.
#[derive(Debug)]
pub(crate) struct Guard {
    /// When each sender was last alarmed for each code, microseconds.
    alarmed: Table<(String, String), i64>,
    counts: Counts,
    conduct: Conduct,
    claims: Single<Claims>,
    pub(crate) troubles: Single<Troubles>,
    unheard: Unheard,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            alarmed: Table::new("alarmed", 1),
            counts: Counts::default(),
            conduct: Conduct::default(),
            claims: Single::new("claims", 1),
            troubles: Single::new("troubles", 1),
            unheard: Unheard::default(),
        }
    }
}

impl Guard {
    /// The next one of this code is told at once.
    pub(crate) fn forget_loud(&mut self, sender: &str, code: &str) {
        self.alarmed.remove(&(sender.to_owned(), code.to_owned()));
    }

    pub(crate) fn is_loud(&mut self, sender: &str, code: &str, time: Timestamp) -> bool {
        let key = (sender.to_owned(), code.to_owned());
        if let Some(last) = self.alarmed.get(&key)
            && time.micros().saturating_sub(*last) < QUIET_MICROS
        {
            return false;
        }
        self.alarmed.insert(key, time.micros());
        if self.alarmed.len() > REMEMBERED_MAX {
            let oldest = self
                .alarmed
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.alarmed.remove(&oldest);
            }
        }
        true
    }
}

impl Guard {
    /// Each statement that was overtaken is told; of a sender's holes one in a while.
    fn watch_order(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let hole = self.counts.note(entry);
        // What is said of an alarm waits for no order: such a one was told again elsewhere.
        let body = entry.message.as_deref().map(|message| &message.body);
        let of_alarm = matches!(body, Some(Body::AlarmEvent(_) | Body::AlarmUpdate(_)));
        if entry.overtaken && !of_alarm {
            decisions.emit(overtaken(entry), None);
        }
        let Some((first, last)) = hole else {
            return;
        };
        let sender = entry.sender.as_str();
        if self.is_loud(sender, SENDER_GAP, entry.time) {
            let detail = format!(
                "numbers {first} to {last} of {sender} have not come; entry {} has {}",
                entry.number,
                last.saturating_add(1)
            );
            decisions.emit(noted(entry, SENDER_GAP, sender, detail), None);
        }
    }
}

fn overtaken(entry: &Entry) -> Body {
    let why = match entry.standing {
        Standing::Overruled => "the park has spoken on this grant, and its word stands".to_owned(),
        _ => format!(
            "{} has said something newer about the same subject",
            entry.sender
        ),
    };
    let detail = format!("entry {} changes nothing: {why}", entry.number);
    noted(entry, OVERTAKEN, &entry.label, detail)
}

fn noted(entry: &Entry, action: &str, target: &str, detail: String) -> Body {
    Body::AuditEvent(AuditEvent {
        action: action.to_owned(),
        actor_id: entry.sender.clone(),
        target: clip(target, 200),
        outcome: AuditOutcome::Failure,
        detail: clip(&detail, 2_000),
        at: entry.time,
    })
}

/// What is known of a partner who takes many vehicles and persons at once for his own.
const CLAIMS: &str = "claims";

/// The audit of a revoked certificate that was shown at a door.
const REVOKED_TRIED: &str = "door.certificate-revoked";

/// The alarm a refusal code calls for.
fn alarm(code: &str) -> Option<(AlarmCode, AlarmLevel)> {
    match code {
        ID_REUSED | "V011" => Some((AlarmCode::Replay, AlarmLevel::Orange)),
        "V003" | "V004" | "V005" | "V006" | "V007" => {
            Some((AlarmCode::SignatureInvalid, AlarmLevel::Orange))
        }
        CONTESTED => Some((AlarmCode::NotEntitled, AlarmLevel::Yellow)),
        STRANGER | NOT_YOURS | ONLY_PARK => Some((AlarmCode::NotEntitled, AlarmLevel::Blue)),
        PROPOSED | CLAIMS => Some((AlarmCode::NotEntitled, AlarmLevel::Blue)),
        "V012" | "V013" => Some((AlarmCode::CertExpired, AlarmLevel::Yellow)),
        _ => None,
    }
}

/// What somebody did.
struct Deed {
    who: String,
    /// The code it is known by.
    code: String,
    words: String,
    /// What the park's word would settle.
    waits: Option<String>,
    vehicle: Option<Plate>,
}

/// `None` for what is of no concern here.
fn told(entry: &Entry) -> Option<Deed> {
    let message = entry.message.as_deref()?;
    match (entry.kind, &message.body) {
        (EntryKind::Refused, Body::Refusal(refusal)) => {
            let who = entry.sender.as_str().to_owned();
            let code = entry.label.clone();
            let words = format!("{code} refused a message of {who}: {}", refusal.detail);
            Some(Deed {
                who,
                code,
                words,
                waits: message.header.correlation_id.clone(),
                vehicle: None,
            })
        }
        (EntryKind::Message, body) if entry.standing == Standing::Proposal => {
            let who = speaker_of(message).to_owned();
            let what = body.message_type();
            let words = format!(
                "待园区确认 / {what} of {who} waits for the park's word (entry {})",
                entry.number
            );
            Some(Deed {
                who,
                code: PROPOSED.to_owned(),
                words,
                waits: settle::about(body),
                vehicle: vehicle(body),
            })
        }
        _ => None,
    }
}

/// The vehicle that waits, so that alarms about two are told apart.
fn vehicle(body: &Body) -> Option<Plate> {
    match body {
        Body::VehicleRegistration(it) => Some(it.plate.clone()),
        Body::ListEntry(it) => match &it.subject {
            ListSubject::Plate(plate) => Some(plate.clone()),
            _ => None,
        },
        _ => None,
    }
}

impl Plugin for Guard {
    fn name(&self) -> &'static str {
        GUARD
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        match entry.kind {
            EntryKind::Message => {
                self.watch_order(entry, decisions);
                self.watch_settled(entry, decisions);
                self.alarmed(entry, decisions);
                if let Some(message) = entry.message.as_deref() {
                    self.unheard.taken(entry, message, decisions);
                }
            }
            EntryKind::Refused => {
                self.counts.refused(entry);
                self.unheard.refused(entry, decisions);
                self.alarmed(entry, decisions);
            }
            // What the hub itself says of its journal is no decision, so nothing caused it.
            EntryKind::Audit if entry.label == MARKED && entry.cause == 0 => {
                marked(entry, decisions);
            }
            EntryKind::Audit if entry.label == UNRECORDED && entry.cause == 0 => {
                unrecorded(entry, decisions);
            }
            EntryKind::Audit if entry.label == REVOKED_TRIED => shown(entry, decisions),
            EntryKind::Audit => self.own_trouble(entry, decisions),
            EntryKind::Tick => self.unheard.ticked(entry, decisions),
            _ => {}
        }
    }

    fn is_due(&self, time: Timestamp, _clock: Timestamp) -> bool {
        self.unheard.is_due(time)
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        let mut tables: Vec<&mut dyn Rows> = vec![
            &mut self.alarmed,
            self.counts.table(),
            self.conduct.table(),
            &mut self.claims,
            &mut self.troubles,
        ];
        tables.extend(self.unheard.tables());
        tables
    }
}

impl Guard {
    /// One alarm in a while for each sender and code; about conduct one while it is open.
    fn alarmed(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(deed) = told(entry).or_else(|| self.claimed(entry)) else {
            return;
        };
        let Some(kind) = alarm(&deed.code) else {
            return;
        };
        let is_loud = self.is_loud(&deed.who, &deed.code, entry.time);
        let key = (deed.who.clone(), deed.code.clone());
        let of_conduct = kind.0 == AlarmCode::NotEntitled;
        let open = match of_conduct {
            true => self.conduct.counted(&key),
            false => None,
        };
        if is_loud || open.as_ref().is_some_and(|(_, count)| is_round(*count)) {
            let mut event = AlarmEvent {
                enterprise_id: cordon_model::PartyId::new(deed.who.as_str()).ok(),
                subject: deed.vehicle,
                ..event(entry, kind, &deed.words)
            };
            match open {
                Some((open, count)) => {
                    event.alarm_id = open;
                    // Whoever loads his own vehicles into a new hub does it by the hundred.
                    if deed.code != CLAIMS {
                        let words = &deed.words;
                        let words = format!("至此 {count} 次 / {count} so far, the last: {words}");
                        event.description = clip_empty(&words, 2_000);
                        event.alarm_level = level_at(count, kind.1);
                    }
                    // One cause more is counted in the alarm, which shows the newest.
                    event.cause_ref = Some(entry.message_id);
                }
                None if of_conduct => self.conduct.raised(key.clone(), entry.number),
                None => {}
            }
            decisions.emit(Body::AlarmEvent(event), None);
        }
        if of_conduct {
            self.conduct.waits(&key, deed.waits);
        }
    }

    /// Many vehicles or persons that a partner takes for his own, by his word alone.
    fn claimed(&mut self, entry: &Entry) -> Option<Deed> {
        let message = entry.message.as_deref()?;
        let is_own_word = entry.kind == EntryKind::Message && entry.standing == Standing::Own;
        if !is_own_word || entry.overtaken || message.header.test {
            return None;
        }
        let state = match &message.body {
            Body::VehicleRegistration(it) => it.state,
            Body::PersonRegistration(it) => it.state,
            _ => return None,
        };
        if state == LifeState::Withdrawn {
            return None;
        }
        let who = speaker_of(message).to_owned();
        let count = self.claims.count(&who, entry.time)?;
        let words = format!(
            "一小时内 {count} 次，仅凭其自述 / {who} has registered vehicles and persons {count} times within an \
             hour, by its own word alone"
        );
        Some(Deed {
            who,
            code: CLAIMS.to_owned(),
            words,
            waits: None,
            vehicle: None,
        })
    }

    /// What the park has said settles what waited for it; what people ended is not counted in any more.
    fn watch_settled(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let Some(message) = entry.message.as_deref() else {
            return;
        };
        if let Body::AlarmUpdate(update) = &message.body {
            // What changes nothing may bear the name of an alarm of the hub's and mean another.
            if entry.overtaken {
                return;
            }
            // After people have settled it the next one is told at once. The hub ends by itself what it
            // counts under another, which goes on.
            self.troubles.stepped(update);
            self.unheard.stepped(update);
            let ended = self.conduct.stepped(update);
            if let Some(deed) = ended.filter(|_| entry.standing == Standing::Park) {
                self.alarmed.remove(&deed);
            }
            return;
        }
        if entry.standing != Standing::Park || entry.overtaken || message.header.test {
            return;
        }
        let Some(thing) = settle::about(&message.body) else {
            return;
        };
        for (deed, alarm_id) in self.conduct.settled(&thing) {
            let Some(kind) = alarm(&deed.1) else {
                continue;
            };
            let words = format!(
                "园区已答复 / settled by the park's word, entry {}",
                entry.number
            );
            let over = AlarmEvent {
                alarm_id,
                state: AlarmState::Cleared,
                enterprise_id: cordon_model::PartyId::new(deed.0.as_str()).ok(),
                ..event(entry, kind, &words)
            };
            decisions.emit(Body::AlarmEvent(over), None);
            // The next one is told at once.
            self.alarmed.remove(&deed);
        }
    }
}

/// Entries of the journal are not as this program would write them: red tape when all were read, a
/// hole in what the hub knows when not.
fn marked(entry: &Entry, decisions: &mut Decisions) {
    let Some(Body::AuditEvent(audit)) = entry.message.as_deref().map(|message| &message.body)
    else {
        return;
    };
    let level = match audit.outcome {
        AuditOutcome::Failure => AlarmLevel::Orange,
        _ => AlarmLevel::Yellow,
    };
    let detail = audit.detail.as_deref().unwrap_or_default();
    let event = event(entry, (AlarmCode::SchemaInvalid, level), detail);
    decisions.emit(Body::AlarmEvent(event), None);
}

/// A revoked certificate was shown at a door. Its audit comes once an hour for each address.
fn shown(entry: &Entry, decisions: &mut Decisions) {
    let Some(Body::AuditEvent(audit)) = entry.message.as_deref().map(|message| &message.body)
    else {
        return;
    };
    let detail = format!(
        "a revoked certificate was shown from {}: {}",
        audit.target.as_deref().unwrap_or_default(),
        audit.detail.as_deref().unwrap_or_default()
    );
    let event = event(entry, (AlarmCode::CertExpired, AlarmLevel::Orange), &detail);
    decisions.emit(Body::AlarmEvent(event), None);
}

/// An alarm of the hub itself about an entry.
pub(crate) fn event(
    entry: &Entry,
    (alarm_code, alarm_level): (AlarmCode, AlarmLevel),
    description: &str,
) -> AlarmEvent {
    AlarmEvent {
        alarm_id: flow_id(entry.number),
        alarm_code,
        alarm_level,
        state: AlarmState::Raised,
        occurred_at: entry.time,
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
        description: clip_empty(description, 2_000),
    }
}

/// The alarm about one barrier.
fn unrecorded(entry: &Entry, decisions: &mut Decisions) {
    let Some(Body::AuditEvent(audit)) = entry.message.as_deref().map(|message| &message.body)
    else {
        return;
    };
    let detail = audit.detail.as_deref().unwrap_or_default();
    let device = audit.target.as_deref().map(DeviceId::new);
    let mut event = event(entry, (AlarmCode::GateFault, AlarmLevel::Red), detail);
    event.source_device = device.and_then(Result::ok);
    decisions.emit(Body::AlarmEvent(event), None);
}
