//! Which alarm the end of one ends: none that it may not mean.

use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmState::*};

use crate::hub::Hub;
use crate::over::{BOTH, DUTY, Who, all, close, end, event, nameless, red, restart, say};

/// What people closed, what burns, and the end of what people closed.
const ENDS: [(&str, &str, &str); 27] = [
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
    // What a name of its own makes sure.
    ("hall", "hall north", "hall normal"),
];

fn raised(hub: &Hub) -> Vec<String> {
    let all = all(hub, Raised).into_iter();
    all.map(|(_, words)| words).collect()
}

/// Ordinary words weighed more than the number of the tank, and what was in its words was ended by the end of another.
#[test]
fn an_end_that_tells_of_another_place_ends_nothing() {
    for who in BOTH {
        for (over, burning, ending) in ENDS {
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
                restart(&mut hub);
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
        let is_sure = burning == "hall north";
        assert_eq!(raised(&hub).is_empty(), is_sure, "{burning}: {ending}");
        let mut hub = Hub::new(DUTY);
        nameless(&mut hub, over, Raised);
        let (id, _) = all(&hub, Raised).remove(0);
        close(&mut hub, &id);
        nameless(&mut hub, burning, Raised);
        nameless(&mut hub, ending, Cleared);
        assert_eq!(raised(&hub).len(), 1, "nameless {burning}: {ending}");
    }
}

/// Where nothing else was told, a number that the alarm does not have is another place all the same.
#[test]
fn an_end_that_tells_of_a_place_that_was_never_told_ends_nothing() {
    for who in BOTH {
        for (_, burning, ending) in &ENDS[..17] {
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
            if !words.ends_with("ZONE 1 FIRE") {
                close(&mut hub, &id);
            }
        }
        restart(&mut hub);
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
            ("ZONE 3 FIRE", "all quiet in zone 3"),
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
        let words = "[此前另报 / said before: ZONE 9 FIRE; ZONE 8 FIRE] ZONE 10 FIRE";
        assert_eq!(counting, [(2, words)], "{who:?}");
    }
}
