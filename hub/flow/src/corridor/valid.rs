//! The second step of the signed door: form, sender, park, times and right of one message.

use cordon_model::plan::ParkPlan;
use cordon_model::{
    Body, DeviceKind, Digest, GateAction, GateCommand, Header, Message, ReportRequest, Timestamp,
};
use cordon_security::Identity;
use cordon_wire::{message_digest, read_message};
use cordon_xml::Node;

use super::rules::Corridor;
use crate::decide::authority::Speaker;
use crate::fault::{
    ACT_LATE, GATE_UNREACHED, ORDER_IMPOSSIBLE, OTHER_PARK, ROLE_MAY_NOT, SENDER_NOT_SIGNER,
    STRANGER, TIME_WINDOW, fault, of_wire,
};
use cordon_contract::Fault;

/// A message whose form and claims were checked against its signer.
#[derive(Debug)]
pub(crate) struct Valid {
    message: Message,
    digest: Digest,
    speaker: Speaker,
}

/// A message that is not valid, with as much of its head as could be read.
#[derive(Debug)]
pub(crate) struct Invalid {
    pub fault: Fault,
    pub message: Option<Message>,
    pub digest: Digest,
}

impl Valid {
    /// Checks one `c:Message` of a verified envelope.
    pub(super) fn check(
        node: Node<'_>,
        signer: &Identity,
        corridor: Corridor<'_>,
    ) -> Result<Self, Box<Invalid>> {
        let digest = message_digest(node);
        let message = match read_message(node) {
            Ok(message) => message,
            Err(breach) => {
                return Err(Box::new(Invalid {
                    fault: of_wire(breach),
                    message: None,
                    digest,
                }));
            }
        };
        let judged = claims(&message.header, signer, corridor)
            .map_err(|(code, field, detail)| (code, format!("c:Header/c:{field}"), detail))
            .and_then(|speaker| {
                let body = &message.body;
                let lawful = corridor.authority().judge_by_plan(&speaker, body);
                lawful
                    .and_then(|()| reached(body, corridor))
                    .map(|()| speaker)
                    .map_err(|(code, field, detail)| {
                        let place = format!("c:Body/c:{}/c:{field}", body.message_type());
                        (code, place, detail)
                    })
            });
        let asked = match (&judged, &message.body) {
            (Ok(_), Body::ReportRequest(request)) => askable(request, corridor),
            _ => Ok(()),
        };
        if let Err(fault) = asked {
            return Err(Box::new(Invalid {
                fault: fault.at(format!("{}/c:Body/c:ReportRequest", node.path())),
                message: Some(message),
                digest,
            }));
        }
        match judged {
            Ok(speaker) => Ok(Self {
                message,
                digest,
                speaker,
            }),
            Err((code, place, detail)) => Err(Box::new(Invalid {
                fault: fault(code)
                    .at(format!("{}/{place}", node.path()))
                    .log(detail),
                message: Some(message),
                digest,
            })),
        }
    }

    pub(super) fn into_parts(self) -> (Message, Digest, Speaker) {
        (self.message, self.digest, self.speaker)
    }
}

pub(crate) type Claim<T> = Result<T, (&'static str, &'static str, String)>;

fn claims(header: &Header, signer: &Identity, corridor: Corridor<'_>) -> Claim<Speaker> {
    if header.sender_id != signer.id {
        let detail = format!("signed by {}, says to be {}", signer.id, header.sender_id);
        return Err((SENDER_NOT_SIGNER, "SenderId", detail));
    }
    // Who attests speaks for somebody else, whom `SourceRef` then names: the hub alone does, for
    // readings it took itself.
    if let Some(other) = &header.attested_by {
        let detail = format!("signed by {}, says to be attested by {other}", signer.id);
        return Err((SENDER_NOT_SIGNER, "AttestedBy", detail));
    }
    let Some(speaker) = Speaker::signer(signer, corridor.authority().plan()) else {
        let detail = format!("{} {} is not in the plan", signer.role, signer.id);
        return Err((STRANGER, "SenderId", detail));
    };
    if !corridor.authority().may_say(&speaker, header.message_type) {
        let detail = format!("a {} may not send {}", signer.role, header.message_type);
        return Err((ROLE_MAY_NOT, "MessageType", detail));
    }
    if header.park_code != *corridor.sealer.park() || signer.park != *corridor.sealer.park() {
        let detail = format!(
            "this is {}, the message is for {}",
            corridor.sealer.park(),
            header.park_code
        );
        return Err((OTHER_PARK, "ParkCode", detail));
    }
    times(header, corridor).map(|()| speaker)
}

/// What orders something of gates names a gate that something can open, and a barrier that can do it:
/// recording what nothing carries out would tell a lie.
fn reached(body: &Body, corridor: Corridor<'_>) -> Claim<()> {
    let openable = corridor.rules.openable.as_ref();
    let opens = |gate| openable.is_none_or(|openable| openable.contains(gate));
    match body {
        Body::EmergencyGateOpen(order) if !order.gates.iter().any(opens) => {
            let gates: Vec<&str> = order.gates.iter().map(|gate| gate.as_str()).collect();
            let detail = format!("no adapter serves a barrier of {}", gates.join(", "));
            Err((GATE_UNREACHED, "Gates", detail))
        }
        Body::GateCommand(order) => {
            possible(order, corridor.authority().plan(), corridor.now)?;
            match opens(&order.gate_id) {
                true => Ok(()),
                false => {
                    let detail = format!("no adapter serves a barrier of {}", order.gate_id);
                    Err((GATE_UNREACHED, "GateId", detail))
                }
            }
        }
        _ => Ok(()),
    }
}

/// Whether there can be such a report.
fn askable(request: &ReportRequest, corridor: Corridor<'_>) -> Result<(), Fault> {
    let asked = corridor.rules.asked;
    asked.map_or(Ok(()), |asked| asked(request, corridor.now))
}

/// Whether the barrier exists and does such a thing by hand, and there is time left for it.
pub(crate) fn possible(order: &GateCommand, plan: &ParkPlan, now: Timestamp) -> Claim<()> {
    let (gate, lane, device) = (&order.gate_id, &order.lane_id, &order.device_id);
    if plan.gate_of(lane).is_none_or(|known| known.id != *gate) {
        let detail = format!("lane {lane} is no lane of gate {gate}");
        return Err((ORDER_IMPOSSIBLE, "LaneId", detail));
    }
    let mut barriers = plan.devices_on(lane, DeviceKind::Barrier);
    if barriers.next().is_none_or(|barrier| barrier.id != *device) {
        let detail = format!("{device} is not the barrier of lane {lane}");
        return Err((ORDER_IMPOSSIBLE, "DeviceId", detail));
    }
    if order.action == GateAction::Open {
        let detail = "an opening takes a grant, an exemption or an emergency order";
        return Err((ORDER_IMPOSSIBLE, "Action", detail.to_owned()));
    }
    if order.deadline <= now {
        let detail = format!("its deadline was {}", order.deadline);
        return Err((ACT_LATE, "Deadline", detail));
    }
    Ok(())
}

/// The latest time that a statement may have, by whatever door it comes.
pub(super) fn latest(corridor: Corridor<'_>) -> Timestamp {
    corridor.now.plus_ms(corridor.rules.ahead_ms_max)
}

fn times(header: &Header, corridor: Corridor<'_>) -> Claim<()> {
    let latest = latest(corridor);
    let earliest = corridor.now.plus_ms(-corridor.rules.age_ms_max);
    let late = |at: Timestamp| at > latest || at < earliest;
    let detail = |at: Timestamp| format!("{at} is outside {earliest} to {latest}");
    if late(header.sent_at) {
        return Err((TIME_WINDOW, "SentAt", detail(header.sent_at)));
    }
    if late(header.occurred_at) {
        return Err((TIME_WINDOW, "OccurredAt", detail(header.occurred_at)));
    }
    if header.occurred_at > header.sent_at.plus_ms(corridor.rules.ahead_ms_max) {
        let detail = format!(
            "occurred at {}, sent at {}",
            header.occurred_at, header.sent_at
        );
        return Err((TIME_WINDOW, "OccurredAt", detail));
    }
    Ok(())
}
