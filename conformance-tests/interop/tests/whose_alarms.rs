//! Each danger is an alarm of its own, and nobody's many alarms cost another's: through a real broker and
//! the exchange to the page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]
#![allow(dead_code, reason = "the helpers are shared with the other MQTT tests")]

mod mqtt;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon_interop::{Head, Park, change_config, fresh_id, message, message_file, moment, said};
use serde_json::Value;

use mqtt::park::add_sensors;
use mqtt::{Mosquitto, PATIENCE, publish, publisher};

fn subscribed(broker: &Mosquitto) {
    let deadline = Instant::now() + PATIENCE;
    let log = broker.folder().join("log");
    while !std::fs::read_to_string(&log).unwrap().contains("sensors/#") {
        assert!(Instant::now() < deadline, "the hub did not subscribe");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn open(park: &Park) -> Vec<Value> {
    let page = park.json("/api/alarms?limit=1000");
    page["alarms"].as_array().cloned().unwrap_or_default()
}

/// The state of the open alarm whose words contain these.
fn state_of(park: &Park, words: &str) -> Option<String> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let open = open(park);
    let one = open
        .iter()
        .find(|one| text(one, "description").contains(words))?;
    Some(text(one, "state"))
}

/// The second gas was closed as a repeat of the first; when the first was gone the page said CLEARED.
#[test]
fn a_second_gas_of_a_detector_is_an_alarm_and_stays_raised_when_the_first_is_gone() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| add_sensors(data, broker.port()));
    subscribed(&broker);
    let say = |nh3: u32, h2s: u32| {
        let gas = |point: &str, value: u32, limit: u32| {
            format!("{{\"point\":\"{point}\",\"value\":{value},\"unit\":\"ppm\",\"hh\":{limit}}}")
        };
        let payload = format!(
            "{{\"time\":\"{}\",\"values\":[{},{}]}}",
            moment(0),
            gas("nh3", nh3, 50),
            gas("h2s", h2s, 10)
        );
        publish(publisher(broker.port()), "sensors/GW-01/S-02", &payload);
    };
    say(99, 1);
    park.until("the first gas is an alarm", || {
        state_of(&park, "nh3 = ").is_some()
    });
    say(99, 40);
    park.until("the second is one too", || {
        state_of(&park, "h2s = ").as_deref() == Some("RAISED")
    });
    // Normal is believed after ten seconds of it.
    park.until("the first is over", || {
        say(1, 40);
        std::thread::sleep(Duration::from_millis(500));
        state_of(&park, "nh3 = ").as_deref() == Some("CLEARED")
    });
    assert_eq!(state_of(&park, "h2s = ").as_deref(), Some("RAISED"));
}

/// The second fire of a panel was closed as a repeat of the first.
#[test]
fn two_fires_of_one_panel_are_two_alarms() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| add_sensors(data, broker.port()));
    subscribed(&broker);
    for zone in ["zone 1", "zone 2"] {
        let payload = format!(
            "{{\"id\":\"F-{zone}\",\"time\":\"{}\",\"kind\":\"fire\",\"text\":\"fire in {zone}\"}}",
            moment(0)
        );
        let topic = "sensors/GW-01/S-01/alarm";
        publish(publisher(broker.port()), topic, &payload);
    }
    for zone in ["zone 1", "zone 2"] {
        park.until("each fire is shown", || {
            state_of(&park, zone).as_deref() == Some("RAISED")
        });
    }
}

/// A panel that writes its own name before its numbers was taken for one that gives none, and one with a number
/// of its own each second was an alarm to acknowledge each second.
#[test]
fn fires_in_the_same_words_are_one_alarm_that_counts() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| add_sensors(data, broker.port()));
    subscribed(&broker);
    let of = |prefix: &str| {
        let open = open(&park);
        let text = |one: &Value| one["id"].as_str().unwrap_or_default().to_owned();
        let counted = open.iter().filter(|one| text(one).starts_with(prefix));
        counted
            .map(|one| one["repeats"].as_u64().unwrap())
            .collect::<Vec<u64>>()
    };
    for (device, prefix) in [("S-01", "S-01:"), ("S-02", "fire-")] {
        for number in 0..30 {
            let payload = format!(
                "{{\"id\":\"{prefix}{number}\",\"time\":\"{}\",\"kind\":\"fire\",\"text\":\"fire\"}}",
                moment(0)
            );
            let topic = format!("sensors/GW-01/{device}/alarm");
            publish(publisher(broker.port()), &topic, &payload);
        }
        park.until("all are counted in the first", || of(prefix) == [29]);
    }
}

/// A fire of the panel S-01.
fn panel_fire(port: u16, id: &str, kind: &str, words: &str) {
    let now = moment(0);
    let payload =
        format!("{{\"id\":\"{id}\",\"time\":\"{now}\",\"kind\":\"{kind}\",\"text\":\"{words}\"}}");
    publish(publisher(port), "sensors/GW-01/S-01/alarm", &payload);
}

fn acknowledge(park: &Park, id: &str) {
    let json = format!("{{\"alarm\":\"{id}\"}}");
    let answer = park.post("/api/acknowledge", &json).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A third fire in the words of two that people had acknowledged was told to nobody, ever; and a fire under the
/// name of one that was active was swallowed whatever its words.
#[test]
fn a_further_fire_is_raised_and_told_after_people_acknowledged_and_under_a_name_that_is_in_use() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| {
        add_sensors(data, broker.port());
        change_config(data, &[], "\n[alarms]\nflood_s = 4\n");
    });
    subscribed(&broker);
    let repeats = |words: &str| {
        let open = open(&park);
        let one = open.iter().find(|one| {
            one["description"]
                .as_str()
                .unwrap_or_default()
                .contains(words)
        });
        one.map(|one| one["repeats"].as_u64().unwrap())
    };
    let is = |words: &str, state: &str| state_of(&park, words).as_deref() == Some(state);
    for (count, id) in [(0, "a"), (1, "b")] {
        panel_fire(broker.port(), id, "fire", "smoke in the hall");
        park.until("it is counted", || repeats("smoke in") == Some(count));
    }
    for (count, id) in [(2, "c"), (3, "d")] {
        acknowledge(&park, "a");
        park.until("it is acknowledged", || is("smoke in", "ACKNOWLEDGED"));
        panel_fire(broker.port(), id, "fire", "smoke in the hall");
        park.until("it is raised again", || {
            is("smoke in", "RAISED") && repeats("smoke in") == Some(count)
        });
    }
    park.until("people are told of the newest", || {
        let told = "counted in it] smoke in the hall [";
        park.bodies().contains(told)
    });
    // One name for another place, and for another one after somebody has seen the first.
    panel_fire(broker.port(), "s1", "fire", "ZONE 1");
    park.until("the first is shown", || is("ZONE 1", "RAISED"));
    panel_fire(broker.port(), "s1", "fire", "ZONE 7 other place");
    park.until("another place is another alarm", || is("ZONE 7", "RAISED"));
    acknowledge(&park, "s1");
    park.until("the first is acknowledged", || is("ZONE 1", "ACKNOWLEDGED"));
    panel_fire(broker.port(), "s1", "fire", "ZONE 9");
    park.until("so is the next", || is("ZONE 9", "RAISED"));
    assert!(is("ZONE 1", "ACKNOWLEDGED") && is("ZONE 7", "RAISED"));
}

/// The end of an alarm that nobody knew ended the newest like one.
#[test]
fn an_end_that_can_mean_two_alarms_ends_none_and_the_page_says_so() {
    let park = Park::start();
    let say = |id: &str, state: &str, words: &str| {
        let now = moment(0);
        let fields = format!(
            "<c:AlarmId>{id}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
             <c:State>{state}</c:State><c:OccurredAt>{now}</c:OccurredAt>\
             <c:Description>{words}</c:Description>"
        );
        let file = fresh_id();
        let text = message(Head::of("enterprise-1"), &file, "AlarmEvent", &fields);
        let file = message_file(park.scratch(), &file, &text);
        let words = said(&park.submit("enterprise-1", &[file]));
        assert!(words.contains("accepted 1, refused 0"), "{words}");
    };
    say("F1", "RAISED", "tank 1");
    say("F2", "RAISED", "tank 2");
    say("F0", "CLEARED", "tank 0");
    park.until("the page says that it is not known which is over", || {
        let open = open(&park);
        let marked = open.iter().filter(|one| {
            let said = one["description"].as_str().unwrap_or_default();
            said.starts_with("tank") && said.ends_with("and not which]") && one["state"] == "RAISED"
        });
        marked.count() == 2
    });
    say("F2", "CLEARED", "tank 2");
    park.until("what is named is over", || {
        state_of(&park, "tank 2").as_deref() == Some("CLEARED")
    });
    assert_eq!(state_of(&park, "tank 1").as_deref(), Some("RAISED"));
}

/// A message about nothing but a name costs its publisher nothing.
fn flood(port: u16, messages: impl Iterator<Item = (String, String)>) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // CONNECT: MQTT 3.1.1, clean session, client id `f`.
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01f";
    socket.write_all(connect).unwrap();
    let mut acknowledged = [0; 4];
    socket.read_exact(&mut acknowledged).unwrap();
    for (topic, payload) in messages {
        let mut rest = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
        rest.extend(topic.bytes().chain(payload.bytes()));
        // PUBLISH, at most once; the length in two groups of seven bits.
        let low = u8::try_from(rest.len() % 128).unwrap() | 0x80;
        let high = u8::try_from(rest.len() / 128).unwrap();
        socket.write_all(&[0x30, low, high]).unwrap();
        socket.write_all(&rest).unwrap();
    }
    socket.write_all(b"\xe0\x00").unwrap();
}

fn alarm(id: &str, level: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:AlarmCode>DEVICE_TAMPER</c:AlarmCode><c:AlarmLevel>{level}</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt><c:Description>{id} of old</c:Description>",
        moment(0)
    )
}

/// Room for 100, so that few messages fill it.
fn small(data: &Path, port: u16) {
    add_sensors(data, port);
    change_config(data, &[], "\n[alarms]\nopen_max = 100\n");
    std::fs::create_dir_all(data.parent().unwrap().join("spools/operator-1")).unwrap();
}

/// What the park's operator says of two alarms.
fn old_alarms(park: &Park) {
    for (id, level) in [("OLD-R", "RED"), ("OLD-Y", "YELLOW")] {
        let name = fresh_id();
        let text = message(
            Head::of("operator-1"),
            &name,
            "AlarmEvent",
            &alarm(id, level),
        );
        let file = message_file(park.scratch(), &name, &text);
        let mut submit = park.client(&["submit"], "park", "operator-1");
        let submit = submit.arg("--spool").arg(park.spool("operator-1"));
        let words = said(&submit.arg(file).output().unwrap());
        assert!(words.contains("accepted 1"), "{words}");
    }
}

fn are_open(park: &Park, ids: &[&str]) -> bool {
    let open = open(park);
    ids.iter().all(|id| open.iter().any(|one| one["id"] == *id))
}

/// Each made-up name had a room of its own in effect: what was open of the park gave way.
#[test]
fn alarms_of_made_up_names_push_out_nobody_elses() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| small(data, broker.port()));
    subscribed(&broker);
    old_alarms(&park);
    let fire = |number: usize| {
        let (name, now) = (format!("FX{number:04}"), moment(0));
        let fields = format!(
            "\"id\":\"FX-{number}\",\"time\":\"{now}\",\"kind\":\"fire\",\"text\":\"flood {number}\""
        );
        (
            format!("sensors/GW-01/{name}/alarm"),
            format!("{{{fields},\"area\":\"Z{number}\"}}"),
        )
    };
    flood(broker.port(), (0..300).map(fire));
    park.until("the last of the flood is there", || {
        park.entries().matches("FX-").count() >= 300 || state_of(&park, "flood 299").is_some()
    });
    assert!(are_open(&park, &["OLD-R", "OLD-Y"]), "{:?}", open(&park));
}

/// Each plate that passed an enterprise's own gate was an orange alarm of the park's.
#[test]
fn what_a_plants_passages_set_off_pushes_out_nothing_of_the_parks() {
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| {
        small(data, broker.port());
        let gate = "\n[[plan.gates]]\nid = \"E2-G\"\nname = \"second\"\nclass = \"ORDINARY\"\nowner = \"enterprise-2\"\n";
        change_config(data, &[], gate);
    });
    old_alarms(&park);
    let passages: Vec<PathBuf> = (0..300)
        .map(|number| {
            let fields = format!(
                "<c:PassageId>PS-{number}</c:PassageId><c:GateId>E2-G</c:GateId><c:Tier>PARK</c:Tier>\
                 <c:Direction>IN</c:Direction><c:SubjectKind>VEH_ORDINARY</c:SubjectKind>\
                 <c:Plate><c:Number>苏J{number:05}</c:Number><c:Colour>BLUE</c:Colour></c:Plate>\
                 <c:Result>PASSED</c:Result><c:PassedAt>{}</c:PassedAt>",
                moment(0)
            );
            let name = fresh_id();
            let text = message(Head::of("enterprise-2"), &name, "PassageRecord", &fields);
            message_file(park.scratch(), &name, &text)
        })
        .collect();
    let words = said(&park.submit("enterprise-2", &passages));
    assert!(words.contains("accepted 300"), "{words}");
    assert!(are_open(&park, &["OLD-R", "OLD-Y"]), "{:?}", open(&park));
    let by_plant = open(&park);
    let count = by_plant
        .iter()
        .filter(|one| one["code"] == "UNSEEN_ENTRY")
        .count();
    assert!((2..=101).contains(&count), "{count} of 300");
}

/// 800 fires a second of one planned device, or of made-up names, made another's fire wait up to 36 s, and
/// each of them was some entries for good.
#[test]
fn another_devices_fire_waits_for_no_flood_and_a_flood_is_counted() {
    const FLOOD: usize = 4_000;
    let broker = Mosquitto::start("allow_anonymous true", |_| {});
    let park = Park::start_with(|data| {
        add_sensors(data, broker.port());
        change_config(data, &[], "\n[authority]\ndevice_alarms_a_minute = 1\n");
    });
    subscribed(&broker);
    let before = park.view()["entries"].as_u64().unwrap();
    for (round, name) in ["S-02", "made-up"].into_iter().enumerate() {
        let fire = |number: usize| {
            let device = match name {
                "S-02" => name.to_owned(),
                _ => format!("FX{number:05}"),
            };
            let (id, now) = (format!("{name}-{number}"), moment(0));
            let topic = format!("sensors/GW-01/{device}/alarm");
            let said = format!("\"kind\":\"fire\",\"text\":\"flood {name} {number:05}\"");
            (
                topic,
                format!("{{\"id\":\"{id}\",\"time\":\"{now}\",{said}}}"),
            )
        };
        let own = (
            "sensors/GW-01/S-01/alarm".to_owned(),
            format!(
                "{{\"id\":\"OWN-{round}\",\"time\":\"{}\",\"kind\":\"fire\",\"text\":\"own fire {round}\"}}",
                moment(0)
            ),
        );
        // In one row, as a broker gives them: the fire comes last.
        flood(broker.port(), (0..FLOOD).map(fire).chain([own]));
        park.until("another's fire is shown", || {
            state_of(&park, &format!("own fire {round}")).as_deref() == Some("RAISED")
        });
        park.until("the flood is counted in one alarm", || {
            state_of(&park, "beyond its pace were counted").as_deref() == Some("RAISED")
        });
    }
    // Twenty of each were kept one by one; more than counted in one alarm each is nothing.
    let entries = park.view()["entries"].as_u64().unwrap() - before;
    assert!(entries < 600, "{entries} entries of {} fires", 2 * FLOOD);
    let flow = |one: &&Value| one["id"].as_str().unwrap_or_default().starts_with("flow-");
    assert_eq!(
        open(&park).iter().filter(flow).count(),
        2,
        "{:?}",
        open(&park)
    );
}
