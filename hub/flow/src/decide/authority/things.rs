//! What a message names, and where it says so.

use cordon_model::{
    Body, DeviceId, GateId, LaneId, ListSubject, MessageType, OccupancyScope, PartyId, Plate,
    PlateColour, PlateNumber,
};

use super::alarms::is_over;
use super::words::Thing;

/// One name in a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Name<'a> {
    Enterprise(&'a PartyId),
    /// A grant, by the enterprise that answers for it.
    Grant(&'a PartyId),
    /// A plate; without a colour it is every vehicle of the number.
    Vehicle(&'a PlateNumber, Option<PlateColour>),
    Person(&'a str),
    Gate(&'a GateId),
    Lane(&'a LaneId),
    /// `None` is the park as a whole.
    Area(Option<&'a str>),
    Device(&'a DeviceId),
    Gateway(&'a DeviceId),
    Alarm(&'a str),
    /// An alarm that is said to be over.
    Ending(&'a str),
    Actor(&'a PartyId),
}

impl Name<'_> {
    /// Which kind of thing it names.
    pub(crate) fn thing(&self) -> Thing {
        match self {
            Self::Enterprise(_) => Thing::Enterprise,
            Self::Grant(_) => Thing::Grant,
            Self::Vehicle(..) => Thing::Vehicle,
            Self::Person(_) => Thing::Person,
            Self::Gate(_) => Thing::Gate,
            Self::Lane(_) => Thing::Lane,
            Self::Area(_) => Thing::Area,
            Self::Device(_) => Thing::Device,
            Self::Gateway(_) => Thing::Gateway,
            Self::Alarm(_) => Thing::Alarm,
            Self::Ending(_) => Thing::Ending,
            Self::Actor(_) => Thing::Actor,
        }
    }
}

/// A name and the element that holds it.
pub(crate) type Mention<'a> = (&'static str, Name<'a>);

/// The kinds of things a type of message may name and answers for. A passage names plates and
/// persons too, but says nothing about whose they are.
pub(crate) fn named(message_type: MessageType) -> &'static [Thing] {
    use Thing as T;
    match message_type {
        MessageType::VehicleRegistration => &[T::Enterprise, T::Vehicle, T::Gate],
        MessageType::PersonRegistration => {
            &[T::Enterprise, T::Person, T::Vehicle, T::Gate, T::Area]
        }
        MessageType::AccessGrant => &[
            T::Enterprise,
            T::Grant,
            T::Vehicle,
            T::Person,
            T::Gate,
            T::Lane,
            T::Area,
        ],
        MessageType::ListEntry => &[T::Vehicle, T::Person],
        MessageType::PlateCapture | MessageType::GateStatus => &[T::Device, T::Lane, T::Gate],
        MessageType::PassageRecord => &[T::Gate, T::Lane, T::Enterprise],
        MessageType::OnDutyStatus => &[T::Enterprise, T::Person, T::Area],
        MessageType::OccupancySnapshot => &[T::Area],
        MessageType::SensorReadingBatch => &[T::Device, T::Gateway],
        MessageType::DeviceStatus => &[T::Device],
        MessageType::AlarmEvent => &[
            T::Alarm,
            T::Enterprise,
            T::Device,
            T::Gate,
            T::Lane,
            T::Area,
        ],
        MessageType::AlarmUpdate => &[T::Alarm, T::Ending, T::Actor],
        MessageType::EmergencyGateOpen | MessageType::OperatingModeChange => &[T::Gate, T::Actor],
        MessageType::GateCommand => &[T::Gate, T::Lane, T::Device, T::Actor],
        MessageType::PassageDecision
        | MessageType::ReportRequest
        | MessageType::ReportDocument
        | MessageType::Receipt
        | MessageType::Refusal
        | MessageType::AuditEvent => &[],
    }
}

/// Everything a message names, in the order of the schema.
pub(crate) fn mentions(body: &Body) -> Vec<Mention<'_>> {
    let mut out: Vec<Mention<'_>> = Vec::new();
    match body {
        Body::VehicleRegistration(it) => {
            out.push(("Plate", vehicle(&it.plate)));
            out.push(("EnterpriseId", Name::Enterprise(&it.enterprise_id)));
            gates(&mut out, &it.gates);
        }
        Body::PersonRegistration(it) => {
            out.push(("PersonId", Name::Person(&it.person_id)));
            out.push(("EnterpriseId", Name::Enterprise(&it.enterprise_id)));
            gates(&mut out, &it.gates);
            areas(&mut out, &it.areas);
            out.extend(it.plates.iter().map(|plate| ("Plates", vehicle(plate))));
        }
        Body::AccessGrant(it) => {
            out.push(("GrantId", Name::Grant(&it.enterprise_id)));
            out.extend(it.plate.iter().map(|plate| ("Plate", vehicle(plate))));
            let trailer = it.trailer_plate.iter();
            out.extend(trailer.map(|number| ("TrailerPlate", Name::Vehicle(number, None))));
            out.extend(it.person_id.iter().map(|id| ("PersonId", Name::Person(id))));
            out.push(("EnterpriseId", Name::Enterprise(&it.enterprise_id)));
            gates(&mut out, &it.gates);
            out.extend(it.lanes.iter().map(|lane| ("Lanes", Name::Lane(lane))));
            areas(&mut out, &it.areas);
        }
        Body::ListEntry(it) => out.extend(match &it.subject {
            ListSubject::Plate(plate) => Some(("Plate", vehicle(plate))),
            ListSubject::PlateNumber(number) => Some(("PlateNumber", Name::Vehicle(number, None))),
            ListSubject::PersonId(id) => Some(("PersonId", Name::Person(id))),
            // A document number is nobody's registration.
            ListSubject::PersonIdDocument(_) => None,
        }),
        Body::PlateCapture(it) => {
            out.push(("DeviceId", Name::Device(&it.device_id)));
            out.extend(it.gate_id.iter().map(|gate| ("GateId", Name::Gate(gate))));
            out.push(("LaneId", Name::Lane(&it.lane_id)));
        }
        Body::PassageRecord(it) => {
            out.push(("GateId", Name::Gate(&it.gate_id)));
            out.extend(it.lane_id.iter().map(|lane| ("LaneId", Name::Lane(lane))));
            let enterprise = it.enterprise_id.iter();
            out.extend(enterprise.map(|id| ("EnterpriseId", Name::Enterprise(id))));
        }
        Body::GateStatus(it) => {
            out.push(("GateId", Name::Gate(&it.gate_id)));
            out.push(("LaneId", Name::Lane(&it.lane_id)));
            out.push(("DeviceId", Name::Device(&it.device_id)));
        }
        Body::OnDutyStatus(it) => {
            out.push(("EnterpriseId", Name::Enterprise(&it.enterprise_id)));
            out.extend(area(&it.area_id));
            let persons = it.persons.iter();
            out.extend(persons.map(|one| ("Persons", Name::Person(&one.person_id))));
        }
        Body::OccupancySnapshot(it) => {
            let of_park = matches!(it.scope, OccupancyScope::Park | OccupancyScope::District);
            let named = it.area_id.as_deref().filter(|_| !of_park);
            out.push(("AreaId", Name::Area(named)));
        }
        Body::SensorReadingBatch(it) => {
            out.push(("GatewayId", Name::Gateway(&it.gateway_id)));
            let samples = it.samples.iter();
            out.extend(samples.map(|one| ("Samples", Name::Device(&one.device_id))));
        }
        Body::DeviceStatus(it) => out.push(("DeviceId", Name::Device(&it.device_id))),
        Body::AlarmEvent(it) => {
            out.push(("AlarmId", Name::Alarm(&it.alarm_id)));
            let device = it.source_device.iter();
            out.extend(device.map(|id| ("SourceDevice", Name::Device(id))));
            let enterprise = it.enterprise_id.iter();
            out.extend(enterprise.map(|id| ("EnterpriseId", Name::Enterprise(id))));
            out.extend(area(&it.area_id));
            out.extend(it.gate_id.iter().map(|gate| ("GateId", Name::Gate(gate))));
            out.extend(it.lane_id.iter().map(|lane| ("LaneId", Name::Lane(lane))));
        }
        Body::AlarmUpdate(it) => {
            out.push(("AlarmId", Name::Alarm(&it.alarm_id)));
            out.extend(is_over(it.state).then_some(("State", Name::Ending(&it.alarm_id))));
            out.push(("ActorId", Name::Actor(&it.actor_id)));
        }
        Body::EmergencyGateOpen(it) => {
            gates(&mut out, &it.gates);
            out.push(("OrderedBy", Name::Actor(&it.ordered_by)));
        }
        Body::OperatingModeChange(it) => {
            gates(&mut out, &it.gates);
            out.push(("OrderedBy", Name::Actor(&it.ordered_by)));
        }
        Body::GateCommand(it) => {
            out.push(("GateId", Name::Gate(&it.gate_id)));
            out.push(("LaneId", Name::Lane(&it.lane_id)));
            out.push(("DeviceId", Name::Device(&it.device_id)));
            // Without a name the signer orders it.
            let by = it.ordered_by.iter();
            out.extend(by.map(|by| ("OrderedBy", Name::Actor(by))));
        }
        Body::PassageDecision(_)
        | Body::ReportRequest(_)
        | Body::ReportDocument(_)
        | Body::Receipt(_)
        | Body::Refusal(_)
        | Body::AuditEvent(_) => {}
    }
    out
}

fn vehicle(plate: &Plate) -> Name<'_> {
    Name::Vehicle(&plate.number, Some(plate.colour))
}

fn gates<'a>(out: &mut Vec<Mention<'a>>, gates: &'a [GateId]) {
    out.extend(gates.iter().map(|gate| ("Gates", Name::Gate(gate))));
}

fn areas<'a>(out: &mut Vec<Mention<'a>>, areas: &'a [String]) {
    out.extend(areas.iter().map(|area| ("Areas", Name::Area(Some(area)))));
}

fn area(area: &Option<String>) -> Option<Mention<'_>> {
    area.as_deref()
        .map(|area| ("AreaId", Name::Area(Some(area))))
}
