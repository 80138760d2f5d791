//! Everyday messages of the park, filled with the time of the run.

use cordon_model::{
    AccessGrant, Body, Decimal, DeviceId, Header, LaneId, Message, MessageId, ParkCode, PartyId,
    Plate, PlateCapture, PlateColour, Sample, SampleQuality, SensorReadingBatch, Timestamp,
};

use crate::Outcome;

const GRANT: &[u8] = include_bytes!("../../../schemas/examples/valid/access-grant.xml");
const CAPTURE: &[u8] = include_bytes!("../../../schemas/examples/valid/plate-capture.xml");

/// The park of every benchmark.
pub fn park_code() -> Outcome<ParkCode> {
    Ok(ParkCode::new("JS-320700-01")?)
}

/// A message of `sender` that nobody has seen yet: the grant of the schema's examples, for the
/// day of the run.
pub fn grant(sender: &PartyId, now: Timestamp) -> Outcome<Message> {
    let example = cordon_wire::parse_message(GRANT)?;
    let Body::AccessGrant(grant) = example.body else {
        return Err("the example is no grant".into());
    };
    let header = Header {
        message_id: MessageId::random(),
        sender_id: sender.clone(),
        occurred_at: now,
        sent_at: now,
        ..example.header
    };
    let body = Body::AccessGrant(AccessGrant {
        valid_from: now.plus_seconds(-3_600),
        valid_to: now.plus_seconds(36_000),
        enterprise_id: sender.clone(),
        ..grant
    });
    Ok(Message { header, body })
}

/// The `number`th of a million dangerous goods vehicles.
pub fn plate(number: usize) -> Outcome<Plate> {
    const LETTERS: &[u8; 11] = b"HABCDEFGJKL";
    let letter = LETTERS.get(number / 100_000).ok_or("no such plate")?;
    Ok(Plate {
        number: format!("苏{}{:05}", char::from(*letter), number % 100_000).parse()?,
        colour: PlateColour::Yellow,
    })
}

/// A grant for one vehicle at every gate.
pub fn grant_for(plate: Plate, sender: &PartyId, now: Timestamp) -> Outcome<Message> {
    let mut message = grant(sender, now)?;
    if let Body::AccessGrant(grant) = &mut message.body {
        grant.grant_id = format!("GR-{}", message.header.message_id);
        grant.plate = Some(plate);
        grant.trailer_plate = None;
        grant.etag_epc = None;
        grant.gates.clear();
        grant.lanes.clear();
        grant.areas.clear();
    }
    Ok(message)
}

/// What a camera says when the vehicle stands at the lane.
pub fn capture(camera: DeviceId, lane: LaneId, plate: Plate, now: Timestamp) -> Outcome<Body> {
    let example = cordon_wire::parse_message(CAPTURE)?;
    let Body::PlateCapture(capture) = example.body else {
        return Err("the example is no capture".into());
    };
    Ok(Body::PlateCapture(PlateCapture {
        device_id: camera,
        gate_id: None,
        lane_id: lane,
        plate_number: plate.number,
        plate_colour: plate.colour,
        trailer_plate: None,
        captured_at: now,
        ..capture
    }))
}

/// One second's samples of a gateway.
pub fn samples(gateway: &DeviceId, count: usize, now: Timestamp) -> Outcome<Body> {
    let value: Decimal = "12.50".parse()?;
    let samples = (0..count)
        .map(|number| {
            Ok(Sample {
                device_id: DeviceId::new(format!("GAS-{number:03}"))?,
                point: "nh3/ppm".to_owned(),
                value,
                unit: "ppm".to_owned(),
                quality: SampleQuality::Good,
                observed_at: now,
                thresholds: None,
            })
        })
        .collect::<Outcome<_>>()?;
    Ok(Body::SensorReadingBatch(SensorReadingBatch {
        gateway_id: gateway.clone(),
        samples,
    }))
}
