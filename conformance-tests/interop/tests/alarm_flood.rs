//! Many alarms of one partner, and a name that two partners use, from outside the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_interop::{Head, Park, change_config, fresh_id, message, message_file, moment, said};
use serde_json::Value;

fn say(park: &Park, sender: &str, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(Head::of(sender), &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

/// Sends one message, which is taken.
fn tell(park: &Park, sender: &str, kind: &str, fields: &str) {
    let words = said(&park.submit(sender, &[say(park, sender, kind, fields)]));
    assert!(words.contains("accepted 1"), "{words}");
}

fn alarm(id: &str, enterprise: &str, device: &str, level: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>{level}</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt><c:SourceDevice>{device}</c:SourceDevice>\
         <c:EnterpriseId>{enterprise}</c:EnterpriseId><c:Description>fire of {enterprise}</c:Description>",
        moment(0)
    )
}

fn acknowledged(id: &str, actor: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:State>ACKNOWLEDGED</c:State><c:Previous>RAISED</c:Previous>\
         <c:ActorId>{actor}</c:ActorId><c:UpdatedAt>{}</c:UpdatedAt>",
        moment(0)
    )
}

/// How many receipts below the folder warn with this code; the signed answers they came in are not
/// counted beside them.
fn receipts_with(folder: &Path, code: &str) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("signed") {
            continue;
        }
        if path.is_dir() {
            count += receipts_with(&path, code);
        } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains(code)) {
            count += 1;
        }
    }
    count
}

/// 500 red alarms of one enterprise from devices that nobody knows filled the page and pushed out what
/// was open of others.
#[test]
fn a_partners_flood_is_one_alarm_that_counts_and_others_keep_their_place() {
    let park = Park::start();
    let own = alarm("PLANT-1", "enterprise-1", "D-1", "BLUE");
    tell(&park, "enterprise-1", "AlarmEvent", &own);
    let flood: Vec<PathBuf> = (0..500)
        .map(|number| {
            let device = format!("NO-{number}");
            let fields = alarm(&format!("Z-{number}"), "enterprise-2", &device, "RED");
            say(&park, "enterprise-2", "AlarmEvent", &fields)
        })
        .collect();
    let words = said(&park.submit("enterprise-2", &flood));
    assert!(words.contains("accepted 500, refused 0"), "{words}");
    let warned = receipts_with(&park.spool("enterprise-2"), "F062");
    assert_eq!(warned, 400, "receipts that say so");
    let open = park.json("/api/alarms?limit=1000");
    let lines = open["alarms"].as_array().unwrap();
    assert_eq!(open["open_alarms"], 102, "100, the flood, the other");
    assert_eq!(lines.len(), 102);
    assert!(lines.iter().any(|line| line["id"] == "PLANT-1"));
    let by_hub = |line: &&Value| line["id"].as_str().unwrap().starts_with("flow-");
    let by_hub: Vec<&Value> = lines.iter().filter(by_hub).collect();
    assert_eq!(by_hub.len(), 1, "{by_hub:?}");
    assert_eq!(by_hub[0]["repeats"], 399, "{by_hub:?}");
    assert_eq!(by_hub[0]["level"], "RED");
    let words = by_hub[0]["description"].as_str().unwrap();
    assert!(words.contains("enterprise-2"), "{words}");
    let metrics = park.get("/metrics").unwrap();
    assert!(metrics.contains("\ncordon_open_alarms 102\n"), "{metrics}");
}

/// Its word about its own alarm reached the other's, or nobody's.
#[test]
fn a_partner_reaches_its_alarm_by_the_name_it_gave_although_another_has_it_too() {
    let park = Park::start();
    for partner in ["enterprise-1", "enterprise-2"] {
        let fields = alarm("AL-0002", partner, "D-1", "YELLOW");
        tell(&park, partner, "AlarmEvent", &fields);
    }
    let fields = acknowledged("AL-0002", "enterprise-2");
    tell(&park, "enterprise-2", "AlarmUpdate", &fields);
    let state_of = |partner: &str| {
        let view = park.view();
        let lines = view["alarms"].as_array()?.iter();
        let words = format!("fire of {partner}");
        let line = lines.clone().find(|line| line["description"] == words)?;
        Some(line["state"].as_str()?.to_owned())
    };
    park.until("its own is acknowledged", || {
        state_of("enterprise-2").as_deref() == Some("ACKNOWLEDGED")
    });
    assert_eq!(state_of("enterprise-1").as_deref(), Some("RAISED"));
}

fn fire(id: &str, state: &str, words: &str) -> String {
    format!(
        "<c:AlarmId>{id}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
         <c:State>{state}</c:State><c:OccurredAt>{}</c:OccurredAt><c:Description>{words}</c:Description>",
        moment(0)
    )
}

/// The end of the fire that was counted in the flood alarm ended the one that could still be shown, which burnt on.
#[test]
fn the_end_of_a_fire_that_was_counted_in_the_flood_alarm_ends_no_other() {
    let park = Park::start();
    let many: Vec<PathBuf> = (0..99)
        .map(|number| {
            let device = format!("NO-{number}");
            let fields = alarm(&format!("Y-{number}"), "enterprise-1", &device, "YELLOW");
            say(&park, "enterprise-1", "AlarmEvent", &fields)
        })
        .collect();
    let words = said(&park.submit("enterprise-1", &many));
    assert!(words.contains("accepted 99, refused 0"), "{words}");
    let tell = |id: &str, state: &str, words: &str| {
        let fields = fire(id, state, words);
        tell(&park, "enterprise-1", "AlarmEvent", &fields);
    };
    tell("f1", "RAISED", "左侧仓库火警");
    tell("f2", "RAISED", "右侧仓库火警");
    let of = |name: &str| {
        let open = park.json("/api/alarms?limit=1000");
        let lines = open["alarms"].as_array()?.clone();
        let id = |line: &Value| line["id"].as_str().unwrap_or_default().to_owned();
        lines.into_iter().find(|line| id(line).starts_with(name))
    };
    park.until("the second is counted", || {
        of("flow-").is_some_and(|line| line["level"] == "RED")
    });
    for words in ["右侧仓库火警", "右侧仓库恢复", "恢复正常"] {
        tell("f2", "CLEARED", words);
    }
    // What comes behind the ends: the first in its own name and words.
    park.until("it is said that one is over", || {
        let line = of("f1").unwrap();
        let words = line["description"].as_str().unwrap_or_default();
        assert_eq!(line["state"], "RAISED", "{line}");
        words.contains("not which")
    });
    tell("f1", "CLEARED", "左侧仓库恢复");
    park.until("its own end is its end", || {
        of("f1").is_some_and(|line| line["state"] == "CLEARED")
    });
}

/// A park in which an enterprise may have five alarms open.
fn park_of_five() -> Park {
    Park::start_with(|data| {
        change_config(data, &[], "\n[authority]\nopen_alarms_max = 5\n");
    })
}

/// What was told again at other gates under the name of an open one was a new alarm each, and no limit held.
#[test]
fn one_name_at_many_gates_takes_no_more_than_its_senders_room() {
    let park = park_of_five();
    let at = |gate: usize| {
        let fields = fire("X", "RAISED", "fire here");
        let place = format!("<c:GateId>GX-{gate}</c:GateId><c:Description>");
        fields.replace("<c:Description>", &place)
    };
    for gate in 0..12 {
        tell(&park, "enterprise-1", "AlarmEvent", &at(gate));
    }
    let lines = park.json("/api/alarms?limit=1000")["alarms"].clone();
    let lines = lines.as_array().unwrap();
    let (flood, own): (Vec<&Value>, Vec<&Value>) = lines
        .iter()
        .partition(|line| line["id"].as_str().unwrap().starts_with("flow-"));
    assert_eq!(own.len(), 6, "one beyond the limit: {own:?}");
    assert_eq!(flood.len(), 1, "{flood:?}");
    assert_eq!(flood[0]["level"], "RED");
    assert_eq!(flood[0]["repeats"], 12 - 6 - 1, "{flood:?}");
}

/// A name that is counted in another alarm was open for ever once its author had stepped it.
#[test]
fn what_is_counted_and_stepped_by_its_author_takes_no_room() {
    let park = park_of_five();
    let of_device = |id: &str, number: usize| {
        let fields = fire(id, "RAISED", &format!("HALL {number} FIRE"));
        let device = format!("<c:SourceDevice>DX-{number}</c:SourceDevice><c:Description>");
        fields.replace("<c:Description>", &device)
    };
    let open = || {
        park.json("/api/alarms?limit=1000")["alarms"]
            .as_array()
            .cloned()
    };
    for number in 0..7 {
        let (one, other) = (format!("a{number}"), format!("b{number}"));
        for id in [&one, &other] {
            tell(&park, "enterprise-1", "AlarmEvent", &of_device(id, number));
        }
        let lines = open().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["id"], *one, "told itself");
        for id in [&other, &one] {
            let step = acknowledged(id, "enterprise-1").replace("ACKNOWLEDGED", "CLEARED");
            tell(&park, "enterprise-1", "AlarmUpdate", &step);
        }
        let close = format!("{{\"alarm\":\"{one}\",\"note\":\"put out\"}}");
        park.until("people close it", || {
            let _ = park.post("/api/close", &close);
            open().is_some_and(|lines| lines.is_empty())
        });
    }
}

/// A name that people closed and that burns again, told twice, was open for ever beside the one that it burns under.
#[test]
fn a_name_that_burns_again_and_is_told_twice_takes_the_room_of_one() {
    let park = park_of_five();
    let open = || {
        park.json("/api/alarms?limit=1000")["alarms"]
            .as_array()
            .cloned()
    };
    let closes = |all: usize| {
        park.until("people close it", || {
            for line in open().unwrap_or_default() {
                let id = line["id"].as_str().unwrap_or_default();
                let _ = park.post("/api/acknowledge", &format!("{{\"alarm\":\"{id}\"}}"));
                let close = format!("{{\"alarm\":\"{id}\",\"note\":\"put out\"}}");
                let _ = park.post("/api/close", &close);
            }
            open().is_some_and(|lines| lines.len() == all)
        });
    };
    for number in 0..7 {
        let name = format!("n{number}");
        let tells = || {
            let fields = fire(&name, "RAISED", "HALL FIRE");
            tell(&park, "enterprise-1", "AlarmEvent", &fields);
        };
        tells();
        let lines = open().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["id"], *name, "told itself");
        closes(0);
        tells();
        tells();
        assert_eq!(open().unwrap().len(), 1);
        closes(0);
    }
}
