//! Readings of the virtual camera through the shipped package, and the package's golden cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod park;

use std::path::Path;

use cordon_mapping::Mappings;
use cordon_model::{AlarmCode, Body, Direction, PlateColour, SubjectKind};
use cordon_sim_camera::{Event, Plate};
use park::{Park, camera, topic};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings")
}

#[test]
fn golden_cases_of_the_package_come_out_as_written() {
    let mappings = Mappings::load(&folder()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let results = cordon_mapping::test(&mappings);
    let ours: Vec<_> = results
        .iter()
        .filter(|result| result.package == "onvif/camera/1")
        .collect();
    assert!(ours.len() >= 20);
    let faults: Vec<_> = ours
        .iter()
        .filter_map(|result| result.fault.as_ref())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_camera_sees_becomes_canonical() {
    let camera = camera(|_| {}).await;
    let more = "lane = \"L-01\"\ngate = \"G-01\"\ndirection = \"IN\"\narea = \"AREA-2\"\n\
                [[camera.input]]\ntoken = \"input-1\"\nalarm = \"HELP_CALL\"\nlevel = \"RED\"";
    let mut park = Park::start(&camera, more);
    let came = park.until_seen("ready", || camera.emit(Event::line_crossed("ready", 1)));
    assert!(came.await);
    let plate = Plate {
        number: "苏A12345".to_owned(),
        likelihood_percent: 97,
        color: "blue".to_owned(),
        vehicle: "truck".to_owned(),
        direction: "out".to_owned(),
    };
    camera.emit(Event::field_intrusion("Yard", 8, true));
    camera.emit(Event::loitering("Tank", 9, "2026-11-24T02:00:00Z"));
    camera.emit(Event::licence_plate("Gate", plate));
    camera.emit(Event::tamper(true));
    camera.emit(Event::motion(true));
    camera.emit(Event::signal_loss(true));
    camera.emit(Event::digital_input("input-1", true));
    camera.emit(Event::digital_input("input-2", true));
    let last =
        |reading: &cordon_contract::Reading| park::point(reading, "source.InputToken") == "input-2";
    assert!(park.until_said(last).await.is_some());
    let mappings = Mappings::load(&folder()).unwrap();
    let mut alarms = Vec::new();
    let mut captures = Vec::new();
    for reading in park.said() {
        let bodies = mappings
            .map(&reading)
            .unwrap_or_else(|fault| panic!("{fault} {reading:?}"));
        if topic(&reading) == "tns1:VideoSource/MotionAlarm" {
            assert!(bodies.is_empty());
        }
        for body in bodies {
            match body {
                Body::AlarmEvent(alarm) if alarm.area_id.as_deref() == Some("AREA-2") => {
                    alarms.push(alarm.alarm_code);
                }
                Body::PlateCapture(capture) => captures.push(capture),
                _ => {}
            }
        }
    }
    for code in [
        AlarmCode::LineCrossing,
        AlarmCode::PerimeterIntrusion,
        AlarmCode::IllegalStay,
        AlarmCode::DeviceTamper,
    ] {
        assert!(alarms.contains(&code), "{code:?} is missing in {alarms:?}");
    }
    assert_eq!(
        alarms
            .iter()
            .filter(|code| **code == AlarmCode::HelpCall)
            .count(),
        1,
        "only the configured input is an alarm"
    );
    let [capture] = captures.as_slice() else {
        panic!("one plate: {captures:?}");
    };
    assert_eq!(capture.lane_id.as_str(), "L-01");
    assert_eq!(capture.plate_number.as_str(), "苏A12345");
    assert_eq!(capture.plate_colour, PlateColour::Blue);
    assert_eq!(capture.subject_kind, Some(SubjectKind::VehFreight));
    assert_eq!(capture.direction, Direction::In, "the lane's word counts");
    assert_eq!(capture.confidence.unwrap().to_string(), "0.97");
    assert!(
        park.health().reason.contains("no picture"),
        "{:?}",
        park.health()
    );
    park.stop().await;
}
