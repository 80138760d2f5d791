//! The reading door: what an adapter observed becomes canonical statements of the hub.

use bytes::Bytes;
use cordon_contract::{Fault, Payload, Reading};
use cordon_model::{Body, DeviceId, MessageId, PartyId, Quality, Timestamp};

use super::refused::{Offender, RefusedDraft};
use super::rules::Corridor;
use super::sealed::{Key, Sealed};
use super::valid::latest;
use crate::decide::authority::Speaker;
use crate::decide::sealer::{Particulars, id_of_parts};
use crate::decide::unheard::Source;
use crate::fault::{ADAPTER_MAY_NOT, STRANGER, TIME_WINDOW, fault, of_wire};
use crate::text::clip;
use crate::watch::misread::Misreads;

/// A mapped reading. Only [`seal_reading`] makes one.
#[derive(Debug)]
pub(crate) struct Mapped {
    body: Body,
    particulars: (MessageId, Timestamp, Timestamp, Option<String>, bool),
    key: Key,
    cause: u64,
    speaker: Speaker,
}

impl Mapped {
    pub(super) fn into_parts(self) -> (Body, Particulars, Key, u64, Speaker) {
        let (id, occurred_at, sent_at, source_ref, test) = self.particulars;
        let particulars = Particulars {
            occurred_at,
            sent_at,
            quality: Quality::Measured,
            source_ref,
            test,
            attested: true,
            ..Particulars::derived(id, occurred_at)
        };
        (self.body, particulars, self.key, self.cause, self.speaker)
    }
}

/// A reading, as far as it is understood.
#[derive(Debug, Default)]
pub(crate) struct SealedReading {
    /// What it says. Nothing at all is lawful: the reading says nothing new.
    pub messages: Vec<Sealed>,
    /// What is left out of it and worth an entry.
    pub missed: Vec<RefusedDraft>,
}

/// Maps and seals a reading, which called its device so. What is not understood is counted for its device. `partner` is
/// the enterprise in whose name the adapter speaks.
pub(crate) fn seal_reading(
    (reading, named): (&Reading, &DeviceId),
    partner: Option<&PartyId>,
    cause: u64,
    misreads: &Misreads,
    corridor: Corridor<'_>,
) -> Result<SealedReading, RefusedDraft> {
    let raw = raw_of(reading);
    let authority = corridor.authority();
    let refuse_as = |fault: Fault, unheard: Option<Source>| {
        let offender = Offender {
            message_id: reading.message_id,
            raw: raw.clone(),
            unheard,
            ..Offender::default()
        };
        let fault = match fault.place().is_empty() {
            true => fault.at(reading.device.as_str().to_owned()),
            false => fault,
        };
        RefusedDraft::new(fault, offender, corridor)
    };
    let refuse = |fault: Fault| refuse_as(fault, None);
    let source = |is_part: bool| source_ref(reading).map(|name| Source { name, is_part });
    let Some(speaker) = Speaker::reading(&reading.device, partner, authority.plan()) else {
        let why = format!("{} speaks for nobody of the plan", reading.device);
        return Err(refuse(fault(STRANGER).log(why)));
    };
    let device = &reading.device;
    let mappings = &corridor.terms.mappings;
    // What is told again, or of a rehearsal, is no news to people.
    let is_news = !reading.initial && !reading.test;
    let said_by = source_ref(reading);
    let note = |fault: &Fault, is_vital: bool| {
        let vital = said_by.as_deref().filter(|_| is_vital);
        misreads.note(device, (fault, vital), &raw, corridor.now)
    };
    let understood = match mappings.map_timed(reading) {
        Ok(understood) => understood,
        Err(fault) => {
            let said = matches!(reading.payload, Payload::Unread { is_lost: false, .. });
            let is_unheard = is_news && !said && mappings.may_alarm(reading);
            let is_first = note(&fault, is_unheard);
            // An adapter may find the same in all that a device says.
            if !is_first && matches!(reading.payload, Payload::Unread { .. }) {
                return Ok(SealedReading::default());
            }
            return Err(refuse_as(fault, source(false).filter(|_| is_unheard)));
        }
    };
    let mut missed = Vec::new();
    for fault in understood.missed {
        let unheard = understood.unheard.as_ref().filter(|_| is_news);
        let is_unheard = unheard.is_some_and(|unheard| {
            (unheard.code(), unheard.place()) == (fault.code(), fault.place())
        });
        if note(&fault, is_unheard) {
            missed.push(refuse_as(fault, source(true).filter(|_| is_unheard)));
        }
    }
    let key = key_of(reading);
    let first = reading.message_id.unwrap_or_else(|| own_id(reading));
    // The hub's time stands in where the source gave none of its own.
    let sent_at = reading.observed_at.unwrap_or(reading.received_at);
    let mut messages = Vec::with_capacity(understood.said.len());
    for (index, mut statement) in understood.said.into_iter().enumerate() {
        own_source(&mut statement.body, (named, &reading.device));
        let message_type = statement.body.message_type();
        if !authority.may_say(&speaker, message_type) {
            let why = format!("{message_type} from {}", reading.device);
            return Err(refuse(fault(ADAPTER_MAY_NOT).log(why)));
        }
        let judged = authority.judge_by_plan(&speaker, &statement.body);
        let judged = judged.and_then(|()| in_time(&statement, partner, corridor));
        if let Err((code, field, why)) = judged {
            let place = format!("{}/{message_type}/{field}", reading.device);
            return Err(refuse(fault(code).at(place).log(why)));
        }
        let id = match index {
            0 => first,
            _ => id_of_parts(&[first.as_bytes(), &index.to_be_bytes()]),
        };
        let mapped = Mapped {
            body: statement.body,
            particulars: (
                id,
                statement.occurred_at,
                sent_at,
                source_ref(reading),
                reading.test,
            ),
            key,
            cause,
            speaker: speaker.clone(),
        };
        messages
            .push(Sealed::of_mapped(mapped, corridor).map_err(|breach| refuse(of_wire(breach)))?);
    }
    Ok(SealedReading { messages, missed })
}

/// What a plant says has the time that it might have in a message that it signs, and so has every statement
/// of which the newest holds: one of next year would hold until then, whatever is said meanwhile. An alarm, a
/// value and the state of a device are heard whatever their clock shows.
fn in_time(
    statement: &cordon_mapping::Mapped,
    partner: Option<&PartyId>,
    corridor: Corridor<'_>,
) -> Result<(), (&'static str, &'static str, String)> {
    let is_judged = match &statement.body {
        Body::AlarmEvent(_) | Body::SensorReadingBatch(_) | Body::DeviceStatus(_) => false,
        Body::AccessGrant(_)
        | Body::ListEntry(_)
        | Body::VehicleRegistration(_)
        | Body::PersonRegistration(_)
        | Body::OnDutyStatus(_) => true,
        _ => partner.is_some(),
    };
    let (at, latest) = (statement.occurred_at, latest(corridor));
    match is_judged && at > latest {
        true => Err((TIME_WINDOW, "OccurredAt", format!("{at} is after {latest}"))),
        false => Ok(()),
    }
}

/// An alarm of a device whose name is written out is that device's: as another's it would be refused, and it is kept.
fn own_source(body: &mut Body, (named, own): (&DeviceId, &DeviceId)) {
    if let Body::AlarmEvent(event) = body
        && event.source_device.as_ref() == Some(named)
    {
        event.source_device = Some(own.clone());
    }
}

fn key_of(reading: &Reading) -> Key {
    match (reading.message_id, reading.observed_at) {
        (None, _) => Key::None,
        (Some(_), Some(_)) => Key::Exact,
        (Some(_), None) => Key::HubTimed,
    }
}

/// An id for a reading that has none: from device, time and what was said.
fn own_id(reading: &Reading) -> MessageId {
    let at = reading
        .observed_at
        .unwrap_or(reading.received_at)
        .micros()
        .to_be_bytes();
    let received = reading.received_at.micros().to_be_bytes();
    let said = match reading.raw.is_empty() {
        false => reading.raw.to_vec(),
        true => format!("{:?}", reading.payload).into_bytes(),
    };
    id_of_parts(&[reading.device.as_str().as_bytes(), &at, &received, &said])
}

/// The device, and the source's own id word for word where it gave one.
fn source_ref(reading: &Reading) -> Option<String> {
    let text = match &reading.source_ref {
        Some(own) => format!("{}/{own}", reading.device),
        None => reading.device.as_str().to_owned(),
    };
    clip(&text, 200)
}

fn raw_of(reading: &Reading) -> Bytes {
    match &reading.payload {
        _ if !reading.raw.is_empty() => reading.raw.clone(),
        Payload::Json { document, .. } => document.clone(),
        payload => Bytes::from(format!("{payload:?}")),
    }
}
