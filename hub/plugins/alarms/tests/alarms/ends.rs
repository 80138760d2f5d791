//! Which alarm the end of one ends: none that it may not mean.

use cordon_alarms::Config;
use cordon_contract::EntryKind;
use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmState::*, Body};

use crate::hub::{Hub, audits};
use crate::over::{BOTH, DUTY, Who, all, close, end, event, nameless, red, say};

/// What people closed, what burns, and the end of what people closed.
const ENDS: [(&str, &str, &str); 29] = [
    ("1层泵房火警", "-1层泵房火警", "1层泵房恢复"),
    ("FLOOR 1 FIRE", "FLOOR -1 FIRE", "FLOOR 1 normal"),
    ("L1 FIRE", "L1+ FIRE", "L1 normal"),
    ("1号罐火警", "1、2号罐火警", "1号罐恢复"),
    ("ZONE 1 FIRE", "ZONE 1, ZONE 2 FIRE", "ZONE 1 normal"),
    ("2号罐火警", "1号罐温度报警", "2号罐报警恢复"),
    (
        "ZONE 2 FIRE",
        "ZONE 1 smoke detector alarm",
        "ZONE 2 smoke detector reset",
    ),
    (
        "Heat Hall B",
        "Fire alarm Hall A",
        "Hall B fire alarm reset",
    ),
    ("2#泵房火警", "1#罐区火警报警", "2#泵房报警解除"),
    ("1:02:04 FIRE", "1:02:03 FIRE", "Restore 1.02.04"),
    ("ZONE 2 FIRE", "ZONE 1 FIRE", "ZONE2 NORMAL"),
    ("ZONE 2 FIRE", "ZONE 1 FIRE", "ZONE 02 NORMAL"),
    ("2号罐火警", "1号罐火警", "二号罐恢复"),
    ("L1-D02 FIRE", "L1-D01 FIRE", "L1-D02: FIRE RESTORED"),
    (
        "loop 2 detector 1 FIRE",
        "loop 1 detector 2 FIRE",
        "loop 2 detector 1 restored",
    ),
    ("区域2温度: 72", "区域1温度: 71", "区域2 恢复"),
    ("FIRE Z2", "FIRE Z1", "RESTORE Z2"),
    ("32%液碱罐 火警", "50%液碱罐 火警", "32%液碱罐 恢复"),
    ("98%硫酸罐泄漏", "93%硫酸罐泄漏", "98%硫酸罐泄漏 解除"),
    (
        "2.5 MPa hydrogen vessel",
        "1.6 MPa hydrogen vessel",
        "2.5 MPa hydrogen vessel normal",
    ),
    ("-18℃冷库 火警", "-25℃冷库 火警", "-18℃冷库 恢复"),
    ("乙罐火警", "甲罐火警", "乙罐恢复"),
    ("north hall", "south hall", "north hall normal"),
    ("school", "boiler", "all quiet in school"),
    ("2号泵 火警", "1号罐2号泵 火警", "2号泵 恢复"),
    ("3号罐火警", "1、2号罐火警", "1号罐恢复"),
    ("hall", "hall north", "hall normal"),
    // Names that end, or begin, as an end may.
    (
        "Sulphur recovery FIRE",
        "Sulphur FIRE",
        "Sulphur recovery normal",
    ),
    ("静电消除火警", "静电火警", "静电消除恢复"),
];
/// The same, where the end may be of either: only what was told tells.
const EITHER: [(&str, &str, &str); 8] = [
    ("Sulphur recovery FIRE", "Sulphur FIRE", "Sulphur recovery"),
    ("Hall 2 off FIRE", "Hall 2 FIRE", "Hall 2 off"),
    (
        "正常照明配电间火警",
        "照明配电间火警",
        "恢复：正常照明配电间",
    ),
    ("应急恢复火警", "应急火警", "应急恢复正常"),
    ("ZONE 1 all FIRE", "ZONE 1 FIRE", "ZONE 1 all clear"),
    (
        "Condensate return FIRE",
        "Condensate FIRE",
        "Condensate return to normal",
    ),
    ("3号罐已火警", "3号罐火警", "3号罐已恢复"),
    (
        "Reset butane tank FIRE",
        "butane tank FIRE",
        "Reset butane tank",
    ),
];

fn raised(hub: &Hub) -> Vec<String> {
    let all = all(hub, Raised).into_iter();
    all.map(|(_, words)| words).collect()
}

/// Ordinary words weighed more than the number of the tank, and what was in its words was ended by the end of another.
#[test]
fn an_end_that_tells_of_another_place_ends_nothing() {
    for who in BOTH {
        for (over, burning, ending) in ENDS.into_iter().chain(EITHER) {
            for is_long in [false, true] {
                let prefix = if is_long {
                    "某某化工有限公司一号厂区".repeat(18)
                } else {
                    String::new()
                };
                let words = |words: &str| format!("{prefix} {words}");
                let mut hub = Hub::new(DUTY);
                red(&mut hub, who, "t", &words(over));
                close(&mut hub, "t");
                hub.wait(1);
                red(&mut hub, who, "t", &words(burning));
                hub.restart();
                end(&mut hub, who, "t", &words(ending));
                let left = raised(&hub);
                assert_eq!(left.len(), 1, "{who:?} {burning}: {ending}");
                assert!(left[0].contains("not which"), "{left:?}");
                end(&mut hub, who, "t", &words(burning));
                assert!(raised(&hub).is_empty(), "its own words: {burning}");
            }
        }
    }
}

/// So it is where the other was told under another name, or without any.
#[test]
fn an_end_under_a_name_that_tells_of_another_place_ends_nothing() {
    for (over, burning, ending) in ENDS {
        let mut hub = Hub::new(DUTY);
        red(&mut hub, Who::Panel, "n2", over);
        close(&mut hub, "n2");
        red(&mut hub, Who::Panel, "n1", burning);
        end(&mut hub, Who::Panel, "n1", ending);
        assert_eq!(raised(&hub).len(), 1, "{burning}: {ending}");
        let mut hub = Hub::new(DUTY);
        nameless(&mut hub, over, Raised);
        let (id, _) = all(&hub, Raised).remove(0);
        close(&mut hub, &id);
        nameless(&mut hub, burning, Raised);
        nameless(&mut hub, ending, Cleared);
        assert_eq!(raised(&hub).len(), 1, "nameless {burning}: {ending}");
    }
}

/// Where nothing else was told, other words are another place all the same.
#[test]
fn an_end_that_tells_of_a_place_that_was_never_told_ends_nothing() {
    for who in BOTH {
        for (_, burning, ending) in &ENDS {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "t", burning);
            end(&mut hub, who, "t", ending);
            assert_eq!(raised(&hub).len(), 1, "{who:?} {burning}: {ending}");
        }
    }
}

/// The ninth text was counted in the eighth alarm, and only the newest there was compared; so were the newest twenty
/// of those that were over.
#[test]
fn the_end_of_what_was_counted_or_is_long_over_ends_no_other() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        for zone in 1..=10 {
            red(&mut hub, who, "n", &format!("ZONE {zone} FIRE"));
        }
        for (id, words) in all(&hub, Raised) {
            if words != "ZONE 1 FIRE" {
                close(&mut hub, &id);
            }
        }
        hub.restart();
        for words in [
            "ZONE 9 FIRE",
            "ZONE 9 normal",
            "ZONE 10 normal",
            "ZONE 4 normal",
        ] {
            end(&mut hub, who, "n", words);
            assert_eq!(raised(&hub).len(), 1, "{who:?} {words}");
        }
        end(&mut hub, who, "n", "ZONE 1 normal");
        assert!(raised(&hub).is_empty(), "{who:?}");
        for zone in 30..52 {
            red(&mut hub, who, "o", &format!("ZONE {zone} FIRE"));
            let (id, _) = all(&hub, Raised).remove(0);
            close(&mut hub, &id);
        }
        red(&mut hub, who, "o", "ZONE 1 FIRE");
        for zone in 30..52 {
            end(&mut hub, who, "o", &format!("ZONE {zone} normal"));
        }
        assert_eq!(raised(&hub).len(), 1, "{who:?}");
    }
}

/// A device with a name for each point ends it in words of its own.
#[test]
fn an_end_in_other_words_ends_what_its_name_alone_was_told_of() {
    for who in BOTH {
        for (told, ending) in [
            ("Gas high", "Gas normal"),
            ("温度过高", "温度恢复正常"),
            ("ZONE 3 FIRE", "zone 3 is normal"),
            ("NH3:40ppm", "NH3:5ppm"),
            ("NH3:40ppm", "NH3 normal"),
            ("smoke", "over"),
        ] {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "p1", told);
            end(&mut hub, who, "p1", ending);
            assert!(raised(&hub).is_empty(), "{who:?} {told}: {ending}");
        }
        // Beside other points, if it says nothing of another place.
        for (told, ending) in [
            ("Gas high", "Gas normal"),
            ("2号罐火警", "2号罐火警解除"),
            ("FIRE ZONE 2", "ZONE 2: FIRE reset"),
        ] {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "p1", told);
            red(&mut hub, who, "p2", "ZONE 9 boiler");
            end(&mut hub, who, "p1", ending);
            assert_eq!(raised(&hub), ["ZONE 9 boiler"], "{who:?} {told}");
            end(&mut hub, who, "p2", "normal");
            assert_eq!(raised(&hub).len(), 1, "it says no place: {who:?} {told}");
            end(&mut hub, who, "p2", "ZONE 9 boiler normal");
            assert!(raised(&hub).is_empty(), "{who:?} {told}");
        }
    }
}

/// The end of another area, or of another kind, was the name's end where that alone had been told.
#[test]
fn an_end_with_another_place_in_its_fields_or_of_another_code_ends_nothing() {
    let change = |number: usize, end: &mut AlarmEvent| match number {
        0 => end.area_id = Some("A-GEN".into()),
        1 => end.area_id = Some("made up".into()),
        2 => end.alarm_code = AlarmCode::CargoLeak,
        3 => end.lane_id = Some("L-01".parse().unwrap()),
        4 => end.gate_id = Some("G-01".parse().unwrap()),
        _ => end.person_id = Some("P-1".into()),
    };
    for who in BOTH {
        for number in 0..6 {
            let of = |state: AlarmState, at| AlarmEvent {
                area_id: Some("A-CORE".into()),
                state,
                ..event("v", AlarmLevel::Red, "smoke", at)
            };
            let mut hub = Hub::new(DUTY);
            let told = of(Raised, hub.now);
            say(&mut hub, who, told);
            let mut other = of(Cleared, hub.now);
            change(number, &mut other);
            say(&mut hub, who, other);
            let left = raised(&hub);
            assert_eq!(left.len(), 1, "{who:?} {number}");
            assert!(left[0].contains("not which"), "{left:?}");
            // What it leaves out it does not deny.
            let own = AlarmEvent {
                area_id: None,
                ..of(Cleared, hub.now)
            };
            say(&mut hub, who, own);
            assert!(raised(&hub).is_empty(), "{who:?} {number}");
        }
    }
}

/// All of one submission have one time, and the ninth was counted in the first.
#[test]
fn what_is_beyond_eight_is_counted_in_the_newest_of_one_time() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        for zone in 1..=10 {
            red(&mut hub, who, "n", &format!("ZONE {zone} FIRE"));
        }
        let open = hub.plugin.open_alarms().page(None, 20);
        let counting = open.iter().filter(|one| one.repeats > 0);
        let counting: Vec<_> = counting
            .map(|one| (one.repeats, &*one.description))
            .collect();
        let words = "ZONE 10 FIRE [此前另报 / said before: ZONE 9 FIRE; ZONE 8 FIRE]";
        assert_eq!(counting, [(2, words)], "{who:?}");
    }
}

/// What says no place ended the second fire where people had closed the first, or the flow had counted others.
#[test]
fn an_end_without_a_place_ends_nothing_where_others_were_told() {
    for ending in ["normal", "恢复正常", "", "FIRE over"] {
        for who in BOTH {
            for other in ["n", "m"] {
                let mut hub = Hub::new(DUTY);
                red(&mut hub, who, other, "ZONE 1 FIRE");
                close(&mut hub, other);
                hub.wait(1);
                red(&mut hub, who, "n", "ZONE 2 FIRE");
                hub.restart();
                end(&mut hub, who, "n", ending);
                assert_eq!(raised(&hub).len(), 1, "{who:?} {other} {ending}");
            }
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "n", "ZONE 2 FIRE");
            let flooded = AlarmEvent {
                source_device: matches!(who, Who::Panel).then(|| "GAS-01".parse().unwrap()),
                enterprise_id: matches!(who, Who::Enterprise)
                    .then(|| "enterprise-1".parse().unwrap()),
                ..event(
                    "flow-9",
                    AlarmLevel::Red,
                    "further ones are counted here: RED FIRE ZONE 3 FIRE",
                    hub.now,
                )
            };
            let body = Some(Body::AlarmEvent(flooded));
            hub.step(EntryKind::Message, "HUB-1", body, "", 1);
            hub.restart();
            end(&mut hub, who, "n", ending);
            assert_eq!(raised(&hub).len(), 2, "{who:?} {ending}");
            end(&mut hub, who, "n", "ZONE 2 normal");
            assert_eq!(raised(&hub).len(), 1, "{who:?} {ending}");
        }
        let mut hub = Hub::new(DUTY);
        nameless(&mut hub, "ZONE 1 FIRE", Raised);
        let (id, _) = all(&hub, Raised).remove(0);
        close(&mut hub, &id);
        nameless(&mut hub, "ZONE 2 FIRE", Raised);
        nameless(&mut hub, ending, Cleared);
        assert_eq!(raised(&hub).len(), 1, "nameless {ending}");
    }
}

/// People had closed the alarm of one area, or of one person, and its end was taken for that of another's.
#[test]
fn an_end_that_leaves_out_where_ends_nothing_where_others_were_told() {
    let place = |number: u8, event: AlarmEvent| match number {
        1 => AlarmEvent {
            area_id: Some("A-CORE".into()),
            ..event
        },
        2 => AlarmEvent {
            area_id: Some("A-KEY".into()),
            ..event
        },
        3 => AlarmEvent {
            person_id: Some("P-1".into()),
            ..event
        },
        _ => AlarmEvent {
            person_id: Some("P-2".into()),
            ..event
        },
    };
    for who in BOTH {
        for (closed, burns) in [(1, 2), (3, 4)] {
            for ending in ["smoke", "normal", ""] {
                let mut hub = Hub::new(DUTY);
                let told = event("v", AlarmLevel::Red, "smoke", hub.now);
                say(&mut hub, who, place(closed, told));
                close(&mut hub, "v");
                hub.wait(1);
                let told = event("v", AlarmLevel::Red, "smoke", hub.now);
                say(&mut hub, who, place(burns, told));
                hub.restart();
                end(&mut hub, who, "v", ending);
                assert_eq!(raised(&hub).len(), 1, "{who:?} {closed} {ending}");
                let over = AlarmEvent {
                    state: Cleared,
                    ..event("v", AlarmLevel::Red, "smoke", hub.now)
                };
                say(&mut hub, who, place(burns, over));
                assert!(raised(&hub).is_empty(), "{who:?} {closed} {ending}");
            }
        }
    }
}

/// All of them were RAISED until people ended them.
#[test]
fn of_several_places_under_one_name_an_end_ends_its_own() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        for zone in 1..=3 {
            red(&mut hub, who, "n", &format!("ZONE {zone} FIRE"));
            hub.wait(1);
        }
        end(&mut hub, who, "n", "normal");
        end(&mut hub, who, "n", "ZONE 4 normal");
        assert_eq!(raised(&hub).len(), 3, "{who:?}");
        for zone in [2, 3, 1] {
            end(&mut hub, who, "n", &format!("ZONE {zone} normal"));
            let left = raised(&hub);
            let words = format!("ZONE {zone} FIRE");
            assert!(!left.iter().any(|it| it.starts_with(&words)), "{left:?}");
        }
        assert!(raised(&hub).is_empty(), "{who:?}");
    }
}

/// The end of what the flow had counted in another alarm was taken for that of the only one which this plug-in knew.
#[test]
fn the_end_of_a_name_that_nobody_knows_ends_nothing() {
    for who in BOTH {
        for ending in ["west store FIRE", "normal", "", "east store FIRE"] {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "f1", "east store FIRE");
            end(&mut hub, who, "f2", ending);
            let left = raised(&hub);
            assert_eq!(left.len(), 1, "{who:?} {ending}");
            assert!(left[0].contains("not which"), "{left:?}");
        }
    }
    let mut hub = Hub::new(DUTY);
    nameless(&mut hub, "east store FIRE", Raised);
    end(&mut hub, Who::Panel, "f2", "east store FIRE");
    assert_eq!(raised(&hub).len(), 1, "it was told without a name");
    nameless(&mut hub, "west store FIRE", Cleared);
    assert_eq!(raised(&hub).len(), 1, "of another place");
    nameless(&mut hub, "east store normal", Cleared);
    assert!(raised(&hub).is_empty());
}

/// A panel that leaves one step for the next ends the milder one: that ended the fire.
#[test]
fn the_end_of_a_milder_step_ends_no_worse_one() {
    use AlarmCode::{Fire, SensorH, SensorHh};
    use AlarmLevel::{Orange, Red, Yellow};
    for who in BOTH {
        for (before, now) in [
            ((Fire, Orange), (Fire, Red)),
            ((SensorH, Orange), (SensorHh, Orange)),
            ((SensorH, Yellow), (SensorHh, Orange)),
        ] {
            for rises in [true, false] {
                let mut hub = Hub::new(DUTY);
                let tell = |(code, level), state, hub: &mut Hub| {
                    hub.wait(1);
                    let event = AlarmEvent {
                        alarm_code: code,
                        state,
                        ..event("n", level, "L1-D02 boiler", hub.now)
                    };
                    say(hub, who, event);
                    raised(hub).len()
                };
                if rises {
                    tell(before, Raised, &mut hub);
                }
                assert_eq!(tell(now, Raised, &mut hub), 1);
                assert_eq!(tell(before, Cleared, &mut hub), 1, "{who:?} {before:?}");
                assert!(raised(&hub)[0].contains("not which"));
                assert_eq!(tell(now, Cleared, &mut hub), 0, "{who:?} {now:?}");
            }
        }
    }
}

/// The number of a host behind a time was taken for its seconds, and the number of a detector for a value: two fires
/// were one alarm.
#[test]
fn a_number_behind_a_time_or_a_unit_is_another_place() {
    for who in BOTH {
        for (one, other, ending) in [
            (
                "2026年11月29日02时30分01号主机02回路003号点火警",
                "2026年11月29日02时31分02号主机02回路003号点火警",
                "2026年11月29日02时35分02号主机02回路003号点恢复",
            ),
            (
                "2026-11-29 02:30:01#罐火警",
                "2026-11-29 02:31:02#罐火警",
                "2026-11-29 02:33:02#罐恢复",
            ),
            (
                "Detector No 1 %LEL high alarm",
                "Detector No 2 %LEL high alarm",
                "Detector No 2 %LEL normal",
            ),
            (
                "NH3 100ppm探头泄漏",
                "NH3 200ppm探头泄漏",
                "NH3 200ppm探头恢复",
            ),
        ] {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "n", one);
            hub.update("operator-1", "n", (Raised, Acknowledged), None);
            hub.told();
            red(&mut hub, who, "n", other);
            assert_eq!((hub.told().len(), raised(&hub).len()), (1, 1), "{one}");
            let (id, _) = all(&hub, Raised).remove(0);
            close(&mut hub, &id);
            end(&mut hub, who, "n", ending);
            assert_eq!(all(&hub, Acknowledged).len(), 1, "{ending}");
        }
    }
}

/// Of a long text the beginning alone is kept: the ninth of one time and one beginning was counted and never told.
#[test]
fn a_further_long_text_is_told_at_once() {
    for who in BOTH {
        let mut hub = Hub::new(DUTY);
        let at = hub.now;
        let words = |zone: u8| format!("{} {zone}", "某某化工有限公司一号厂区".repeat(18));
        let tell = |hub: &mut Hub, zone| {
            let told = event("L", AlarmLevel::Red, &words(zone), at);
            say(hub, who, told);
        };
        for zone in 1..=8 {
            tell(&mut hub, zone);
        }
        for zone in 9..=12 {
            for (id, _) in all(&hub, Raised) {
                hub.update("operator-1", &id, (Raised, Acknowledged), None);
            }
            tell(&mut hub, zone);
            assert_eq!(all(&hub, Raised).len(), 1, "{who:?} {zone}");
        }
    }
}

/// The name that the mapping makes was taken for the device's where its words give a time of their own.
#[test]
fn what_has_a_time_of_its_own_and_no_name_is_told_without_one() {
    let mut hub = Hub::new(DUTY);
    hub.behind_s = 3;
    let mut tell = |words: &str, state: AlarmState| {
        hub.wait(1);
        let id = format!("{}:00c0ffee", cordon_contract::made_name("GAS-01", hub.now));
        let event = AlarmEvent {
            state,
            ..event(&id, AlarmLevel::Red, words, hub.now.plus_seconds(-3))
        };
        say(&mut hub, Who::Panel, event);
        raised(&hub).len()
    };
    assert_eq!(tell("２＃罐火警", Raised), 1);
    assert_eq!(tell("2#罐恢复", Cleared), 0);
    for number in 0..40 {
        assert_eq!(tell(&format!("smoke {number}"), Raised), 8.min(number + 1));
    }
}

/// Floors that the plan does not name were one place: the second fire was counted in the first, and ended with it.
#[test]
fn an_area_that_the_plan_does_not_know_tells_two_fires_apart() {
    for who in BOTH {
        for id in ["", "n"] {
            let mut hub = Hub::new(DUTY);
            let tell = |hub: &mut Hub, area: &str, state: AlarmState| {
                hub.wait(1);
                let made = cordon_contract::made_name("GAS-01", hub.now);
                let id = if id.is_empty() { &made } else { id };
                let event = AlarmEvent {
                    state,
                    area_id: Some(area.to_owned()),
                    ..event(id, AlarmLevel::Red, "smoke detector FIRE", hub.now)
                };
                say(hub, who, event);
            };
            for (count, area) in ["3F", "5F", "7F"].into_iter().enumerate() {
                tell(&mut hub, area, Raised);
                tell(&mut hub, area, Raised);
                let burn = all(&hub, Raised).len();
                let one_each = matches!((who, id), (Who::Panel, _) | (_, "n"));
                assert!(
                    !one_each || burn == count + 1,
                    "{who:?} {id} {area}: {burn}"
                );
            }
            let before = all(&hub, Raised).len();
            hub.restart();
            tell(&mut hub, "3F", Cleared);
            let open = hub.plugin.open_alarms().page(None, 100);
            let burns = |area: &str| {
                let of = open.iter().filter(|it| it.place == area);
                of.filter(|it| it.state == Raised).count()
            };
            assert!(burns("5F") > 0 && burns("7F") > 0, "{who:?} {id}");
            let one_each = matches!((who, id), (Who::Panel, _) | (_, "n"));
            assert!(!one_each || (burns("3F"), all(&hub, Raised).len()) == (0, before - 1));
        }
    }
}

/// What an alarm says that came without words was taken for the place of one that had some.
#[test]
fn an_end_without_words_ends_what_its_source_told_of_alone() {
    for who in BOTH {
        for (one, other) in [("ZONE 1 FIRE", None), ("ZONE 1 FIRE", Some("ZONE 2 FIRE"))] {
            let mut hub = Hub::new(DUTY);
            red(&mut hub, who, "n", one);
            if let Some(other) = other {
                red(&mut hub, who, "n", other);
            }
            end(&mut hub, who, "n", cordon_contract::NO_TEXT);
            let ended = all(&hub, Cleared).len();
            assert_eq!(ended, usize::from(other.is_none()), "{who:?} {other:?}");
        }
    }
}

/// A partner's word that one of his alarms goes on was taken for the first of that name: "ZONE 2 is out" ended zone 1.
#[test]
fn a_step_under_a_name_that_several_alarms_have_is_of_none() {
    let mut hub = Hub::new(DUTY);
    red(&mut hub, Who::Enterprise, "E1", "ZONE 1 FIRE");
    red(&mut hub, Who::Enterprise, "E1", "ZONE 2 FIRE");
    let two = all(&hub, Raised);
    assert_eq!(two.len(), 2);
    for to in [Acknowledged, Cleared, Rejected] {
        let said = hub.update("enterprise-1", "E1", (Raised, to), Some("ZONE 2 is out"));
        assert!(
            audits(&said).iter().any(|it| it.contains("step-refused")),
            "{to}: {said:?}"
        );
        assert_eq!(all(&hub, Raised), two, "{to}");
    }
    // By the name that the page shows it is sure, and people's word always is.
    let (second, _) = two.iter().find(|(id, _)| id != "E1").unwrap();
    hub.update("enterprise-1", second, (Raised, Cleared), Some("out"));
    assert_eq!(all(&hub, Raised).len(), 1);
    hub.update("operator-1", "E1", (Raised, Acknowledged), None);
    assert_eq!(all(&hub, Acknowledged).len(), 1);
}

/// The end of one of two that were counted together ended both.
#[test]
fn a_step_that_ends_one_of_those_counted_together_ends_none() {
    let mut hub = Hub::new(DUTY);
    for id in ["f1", "f2"] {
        let told = AlarmEvent {
            source_device: Some("GAS-01".parse().unwrap()),
            ..event(id, AlarmLevel::Red, "FIRE", hub.now)
        };
        let body = Some(Body::AlarmEvent(told));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    }
    assert_eq!(all(&hub, Raised).len(), 1);
    hub.update("enterprise-1", "f1", (Raised, Cleared), Some("out"));
    assert_eq!(all(&hub, Raised).len(), 1);
    hub.update("enterprise-1", "f1", (Raised, Acknowledged), None);
    assert_eq!(all(&hub, Acknowledged).len(), 1, "seen is seen");
}

/// He said the end as an event and as a step, and the step ended what burned on.
#[test]
fn a_step_after_the_end_of_another_of_that_name_ends_none() {
    let mut hub = Hub::new(DUTY);
    red(&mut hub, Who::Enterprise, "E1", "ZONE 1 FIRE");
    red(&mut hub, Who::Enterprise, "E1", "ZONE 2 FIRE");
    end(&mut hub, Who::Enterprise, "E1", "ZONE 2 FIRE");
    assert_eq!(all(&hub, Raised).len(), 1);
    hub.update(
        "enterprise-1",
        "E1",
        (Raised, Cleared),
        Some("ZONE 2 is out"),
    );
    assert_eq!(all(&hub, Raised).len(), 1);
    // Once people have closed the other he may still say its end late.
    let (other, _) = all(&hub, Cleared).remove(0);
    hub.update("operator-1", &other, (Cleared, Closed), Some("looked"));
    for to in [Cleared, Rejected, Acknowledged] {
        let said = hub.update("enterprise-1", "E1", (Raised, to), Some("ZONE 2 is out"));
        let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
        assert!(is_refused && all(&hub, Raised).len() == 1, "{to}: {said:?}");
    }
    end(&mut hub, Who::Enterprise, "E1", "ZONE 1 FIRE");
    assert_eq!(all(&hub, Raised).len(), 0);
    // What is counted together is over with the last, by events and by steps alike.
    let told = |id: &str, state: AlarmState, hub: &mut Hub| {
        let told = AlarmEvent {
            source_device: Some("GAS-01".parse().unwrap()),
            state,
            ..event(id, AlarmLevel::Red, "FIRE", hub.now)
        };
        let body = Some(Body::AlarmEvent(told));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    };
    let mut hub = Hub::new(DUTY);
    told("h1", Raised, &mut hub);
    told("h2", Raised, &mut hub);
    told("h1", Cleared, &mut hub);
    hub.update("enterprise-1", "h1", (Raised, Cleared), Some("out"));
    assert_eq!(all(&hub, Raised).len(), 1, "h2 burns");
    hub.update("enterprise-1", "h2", (Raised, Cleared), Some("out"));
    assert_eq!(all(&hub, Raised).len(), 0);
}

/// A step that had been refused, said again after he had stepped the other by its name on the page, was taken for the one
/// that burned.
#[test]
fn a_step_that_was_refused_stays_refused_whatever_became_of_the_other() {
    for to in [Cleared, Rejected] {
        for (seen, closed_max) in [(false, 1_000), (true, 1_000), (false, 0), (true, 0)] {
            let config = Config {
                closed_max,
                ..Config::default()
            };
            let mut hub = Hub::with(DUTY, config);
            red(&mut hub, Who::Enterprise, "E1", "ZONE 1 FIRE");
            red(&mut hub, Who::Enterprise, "E1", "ZONE 2 FIRE");
            let is = if seen { Acknowledged } else { Raised };
            let two = all(&hub, Raised);
            for (id, _) in two.iter().filter(|_| seen) {
                hub.update("operator-1", id, (Raised, Acknowledged), None);
            }
            let (second, _) = two.iter().find(|(id, _)| id != "E1").unwrap();
            hub.update("enterprise-1", "E1", (is, to), Some("ZONE 2 was a test"));
            hub.update("enterprise-1", second, (is, to), Some("ZONE 2 was a test"));
            assert_eq!(all(&hub, is).len(), 1, "{to} {seen}");
            hub.restart();
            let said = hub.update("enterprise-1", "E1", (is, to), Some("ZONE 2 was a test"));
            let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
            assert!(is_refused, "{to} {seen}: {said:?}");
            assert_eq!(all(&hub, is).len(), 1, "zone 1 burns: {to} {seen}");
        }
    }
}

/// Two panels count alike, and people closed one: the end of what burned at the other was taken and lost.
#[test]
fn a_step_that_ends_nothing_is_refused() {
    let mut hub = Hub::new(DUTY);
    let tell = |hub: &mut Hub, device: &str, id: &str, text: &str| {
        let told = AlarmEvent {
            source_device: Some(device.parse().unwrap()),
            ..event(id, AlarmLevel::Red, text, hub.now)
        };
        let body = Some(Body::AlarmEvent(told));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    };
    for id in ["z-1", "z-2"] {
        tell(&mut hub, "GAS-01", id, "TANK FIRE");
    }
    let (tank, _) = all(&hub, Raised).remove(0);
    for (from, to) in [(Raised, Acknowledged), (Acknowledged, Closed)] {
        hub.update("operator-1", &tank, (from, to), Some("looked"));
    }
    tell(&mut hub, "DX-2", "w-1", "WEST FIRE");
    for to in [Cleared, Rejected] {
        let said = hub.update("enterprise-1", "z-2", (Raised, to), Some("z-2 is out"));
        let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
        assert!(is_refused, "{to}: {said:?}");
        assert_eq!(all(&hub, Raised).len(), 1, "{to}");
    }
}

/// Of more names than an alarm keeps the last was taken for the other alarm that bore it too.
#[test]
fn a_step_under_a_name_beyond_those_that_are_kept_ends_no_other() {
    let mut hub = Hub::new(DUTY);
    let tell = |hub: &mut Hub, device: &str, id: &str, text: &str| {
        let told = AlarmEvent {
            source_device: Some(device.parse().unwrap()),
            ..event(id, AlarmLevel::Red, text, hub.now)
        };
        let body = Some(Body::AlarmEvent(told));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    };
    for number in 1..=52 {
        tell(&mut hub, "GAS-01", &format!("f{number}"), "YARD FIRE");
    }
    tell(&mut hub, "DX-2", "f52", "SILO FIRE");
    assert_eq!(all(&hub, Raised).len(), 2);
    let said = hub.update(
        "enterprise-1",
        "f52",
        (Raised, Cleared),
        Some("YARD f52 is out"),
    );
    let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
    assert!(is_refused && all(&hub, Raised).len() == 2, "{said:?}");
}

/// What was over was ended once more, and what burned under that name went on: taken, and not carried out.
#[test]
fn a_step_under_a_name_of_what_is_over_is_refused() {
    let mut hub = Hub::new(DUTY);
    let tell = |hub: &mut Hub, id: &str, state: AlarmState| {
        let told = AlarmEvent {
            source_device: Some("GAS-01".parse().unwrap()),
            state,
            ..event(id, AlarmLevel::Red, "TANK FIRE", hub.now)
        };
        let body = Some(Body::AlarmEvent(told));
        hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
    };
    for state in [Raised, Cleared] {
        for id in ["z-1", "z-2"] {
            tell(&mut hub, id, state);
        }
    }
    assert_eq!(all(&hub, Raised).len(), 0);
    for to in [Cleared, Rejected] {
        let said = hub.update("enterprise-1", "z-2", (Raised, to), Some("z-2 is out"));
        let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
        assert!(is_refused, "{to}: {said:?}");
    }
}

/// A name that was free again bore the next fire: the late end of the first ended that.
#[test]
fn a_step_under_a_name_that_another_bore_before_is_refused_however_long_that_is_forgotten() {
    let config = Config {
        closed_max: 0,
        ..Config::default()
    };
    let mut hub = Hub::with(DUTY, config);
    red(&mut hub, Who::Enterprise, "E1", "ZONE 1 FIRE");
    for (from, to) in [(Raised, Acknowledged), (Acknowledged, Closed)] {
        hub.update("operator-1", "E1", (from, to), Some("looked"));
    }
    red(&mut hub, Who::Enterprise, "E1", "ZONE 2 FIRE");
    assert_eq!(all(&hub, Raised).len(), 1);
    hub.restart();
    for to in [Acknowledged, Cleared, Rejected] {
        let said = hub.update("enterprise-1", "E1", (Raised, to), Some("ZONE 1 is out"));
        let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
        assert!(is_refused && all(&hub, Raised).len() == 1, "{to}: {said:?}");
    }
    // A first and only name is sure.
    red(&mut hub, Who::Enterprise, "E2", "ZONE 3 FIRE");
    hub.update("enterprise-1", "E2", (Raised, Acknowledged), None);
    hub.update("enterprise-1", "E2", (Acknowledged, Cleared), Some("out"));
    assert_eq!(all(&hub, Cleared).len(), 1);
}

/// What the flow counted in the partner's flood alarm bore the name too: "SOUTH is out" ended NORTH.
#[test]
fn a_step_under_a_name_of_what_the_flow_counts_ends_no_other() {
    for counted_first in [false, true] {
        let mut hub = Hub::new(DUTY);
        hub.led_by = Some("enterprise-1".to_owned());
        let count = |hub: &mut Hub, name: &str| {
            hub.called = Some(name.to_owned());
            let counted = AlarmEvent {
                enterprise_id: Some("enterprise-1".parse().unwrap()),
                ..event("flow-9", AlarmLevel::Red, "RED FIRE SOUTH FIRE", hub.now)
            };
            let body = Some(Body::AlarmEvent(counted));
            hub.step(EntryKind::Message, "HUB-1", body, "", 1);
            hub.called = None;
        };
        count(&mut hub, "z0");
        if counted_first {
            count(&mut hub, "z1");
        }
        red(&mut hub, Who::Enterprise, "z1", "NORTH FIRE");
        red(&mut hub, Who::Enterprise, "z2", "WEST FIRE");
        if !counted_first {
            count(&mut hub, "z1");
        }
        hub.restart();
        for to in [Acknowledged, Cleared, Rejected] {
            let said = hub.update("enterprise-1", "z1", (Raised, to), Some("SOUTH is out"));
            let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
            assert!(is_refused, "{counted_first} {to}: {said:?}");
        }
        assert_eq!(all(&hub, Raised).len(), 3, "{counted_first}");
        hub.update("enterprise-1", "z2", (Raised, Cleared), Some("WEST is out"));
        assert_eq!(all(&hub, Raised).len(), 2, "{counted_first}");
    }
}

/// The flow tells a step again under the name that it gave the alarm: what counts is the name that was said.
#[test]
fn a_step_that_the_flow_tells_again_is_of_the_name_that_was_said() {
    for others in [false, true] {
        let mut hub = Hub::new(DUTY);
        let again = |hub: &mut Hub, said: &str, body: Body| {
            let speech = ("enterprise-1".to_owned(), Some(said.to_owned()));
            hub.told_again(speech, body)
        };
        let told = event("flow-7", AlarmLevel::Red, "NORTH FIRE", hub.now);
        again(&mut hub, "v1", Body::AlarmEvent(told));
        if others {
            let told = event("flow-8", AlarmLevel::Red, "SOUTH FIRE", hub.now);
            again(&mut hub, "v1", Body::AlarmEvent(told));
            hub.update("operator-1", "flow-8", (Raised, Rejected), Some("none"));
        }
        let step = cordon_model::AlarmUpdate {
            alarm_id: "flow-7".to_owned(),
            state: Cleared,
            previous: Raised,
            actor_id: "enterprise-1".parse().unwrap(),
            receiver: None,
            escalation_level: None,
            note: Some("SOUTH is out".to_owned()),
            updated_at: hub.now,
        };
        let said = again(&mut hub, "v1", Body::AlarmUpdate(step));
        let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
        assert_eq!(is_refused, others, "{said:?}");
        assert_eq!(all(&hub, Raised).len(), usize::from(others));
    }
}

/// Where no more names are remembered a name of the hub's that he took for another of his was sure.
#[test]
fn a_step_under_a_name_of_the_hubs_that_is_not_remembered_ends_no_other() {
    let mut hub = Hub::new(DUTY);
    hub.led_by = Some("enterprise-1".to_owned());
    for number in 0..10_000 {
        hub.called = Some(format!("n{number}"));
        let counted = AlarmEvent {
            enterprise_id: Some("enterprise-1".parse().unwrap()),
            ..event("flow-9", AlarmLevel::Yellow, "YELLOW FIRE", hub.now)
        };
        let body = Some(Body::AlarmEvent(counted));
        hub.step(EntryKind::Message, "HUB-1", body, "", 1);
    }
    hub.called = None;
    let again = |hub: &mut Hub, said: &str, id: &str, text: &str| {
        let speech = ("enterprise-1".to_owned(), Some(said.to_owned()));
        let told = event(id, AlarmLevel::Red, text, hub.now);
        hub.told_again(speech, Body::AlarmEvent(told));
    };
    again(&mut hub, "t1", "flow-20", "ZONE 1 FIRE");
    again(&mut hub, "flow-20", "flow-21", "ZONE 2 FIRE");
    for (from, to) in [(Raised, Acknowledged), (Acknowledged, Closed)] {
        hub.update("operator-1", "flow-21", (from, to), Some("looked"));
    }
    let said = hub.update(
        "enterprise-1",
        "flow-20",
        (Raised, Cleared),
        Some("ZONE 2 is out"),
    );
    let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
    assert!(is_refused, "{said:?}");
    assert!(all(&hub, Raised).iter().any(|(id, _)| id == "flow-20"));
}

/// A name that a partner gives and that looks as if it were made was no name: a step under it ended another fire.
#[test]
fn a_name_that_a_partner_signs_is_given_whatever_it_looks_like() {
    let mut hub = Hub::new(DUTY);
    let made = cordon_contract::made_name("enterprise-1", hub.now);
    red(&mut hub, Who::Enterprise, &made, "HALL FIRE");
    red(&mut hub, Who::Enterprise, &made, "WEST FIRE");
    let two = all(&hub, Raised);
    assert_eq!(two.len(), 2);
    let said = hub.update(
        "enterprise-1",
        &made,
        (Raised, Cleared),
        Some("HALL is out"),
    );
    let is_refused = audits(&said).iter().any(|it| it.contains("step-refused"));
    assert!(is_refused && all(&hub, Raised) == two, "{said:?}");
}
