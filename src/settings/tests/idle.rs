//! A demo park to which nobody says anything for an hour.

use std::collections::BTreeMap;

use cordon_model::{AccessGrant, ClassLetter, LifeState, PartyId, Plate, SubjectKind};

use super::*;

const ENTRIES_MAX: u64 = 100;
const BYTES_MAX: usize = 1_000_000;
const GRANTS: usize = 200;

fn grant(number: usize, now: Timestamp) -> Body {
    Body::AccessGrant(AccessGrant {
        grant_id: format!("G-{number}"),
        class_letter: ClassLetter::F,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(Plate {
            number: format!("苏H1{number:04}").parse().unwrap(),
            colour: PlateColour::Yellow,
        }),
        trailer_plate: None,
        etag_epc: None,
        person_id: None,
        person_id_document: None,
        enterprise_id: "enterprise-1".parse().unwrap(),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        valid_from: now,
        valid_to: now.plus_seconds(86_400),
        waybill_ref: None,
        manifest_ref: None,
        checks_passed: None,
        max_stay_minutes: None,
        state: LifeState::Active,
    })
}

/// Each device that is away is tried again and again, and says each time what it said before.
fn away(device: &str, at: Timestamp) -> Read {
    Read {
        device: device.parse().unwrap(),
        payload: Payload::Body(Box::new(Body::DeviceStatus(cordon_model::DeviceStatus {
            device_id: device.parse().unwrap(),
            device_kind: cordon_model::DeviceKind::PlateCamera,
            vendor: None,
            model: None,
            firmware: None,
            state: cordon_model::DeviceState::Offline,
            reason: Some("connection refused".to_owned()),
            clock_offset_ms: None,
            since: None,
            observed_at: at,
        }))),
        ..capture(0, at)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_park_writes_at_most_a_hundred_entries_and_a_megabyte_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (_, config) = prepared(root);
    let clock = ManualClock::new(Timestamp::from_micros(1_795_478_400_000_000));
    let (hub, intake, _) = start(root, &config, &clock).await;
    let operator: PartyId = "operator-1".parse().unwrap();
    let submit = hub.submit();
    for number in 0..GRANTS {
        let said = submit.internal(grant(number, clock.now()), &operator);
        said.await.unwrap();
    }
    let cameras = ["CAM-01", "CAM-02", "CAM-03", "CAM-04"];
    let mut before = 0;
    // What came with the grants and with the devices that went is over after some minutes.
    for second in (0..3_600 + 900).step_by(5) {
        if second == 900 {
            (before, _) = hub.durable();
        }
        clock.advance_ms(5_000);
        if second % 60 == 0 {
            for camera in cameras {
                intake.offer(away(camera, clock.now())).await.unwrap();
            }
        }
        // An answer that is no entry: what time brings by now has been looked at.
        submit.state_hash().await.unwrap();
    }
    drop((intake, submit));
    let (after, _) = hub.durable();
    hub.shutdown().await.unwrap();
    let reader = EntryReader::open(root.join("journal")).unwrap();
    let mut labels: BTreeMap<String, u64> = BTreeMap::new();
    let mut bytes = 0;
    for record in reader.journal().read_range(before + 1, after).unwrap() {
        let record = record.unwrap();
        let mut encoded = Vec::new();
        record.to_new().encode_into(&mut encoded).unwrap();
        bytes += encoded.len();
        *labels.entry(record.label).or_default() += 1;
    }
    println!("{} entries, {bytes} bytes: {labels:?}", after - before);
    assert!(after - before <= ENTRIES_MAX, "{labels:?}");
    assert!(bytes <= BYTES_MAX, "{labels:?}");
}
