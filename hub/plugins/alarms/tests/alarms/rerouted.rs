//! Routes that change while alarms are open: what is told from then on goes by those of then.

use std::collections::{BTreeMap, BTreeSet};

use cordon_alarms::Config;
use cordon_contract::{Decision, Decisions, EntryKind, HUB_START, Plugin as _};
use cordon_model::AlarmState::{Acknowledged, Cleared, Closed, Raised};
use cordon_model::{AlarmCode, AlarmLevel, Body};

use crate::hub::{Hub, audits, plugin, updates};

/// All red and orange alarms to one receiver, and after the deadline to another.
fn routes(declared: &str, first: &str, then: &str) -> String {
    format!(
        "receivers = [{declared}]\n[acknowledge]\nred = 60\n[route]\nreceivers = [\"console\"]\n\
        [[route.route]]\nname = \"grave\"\nmatch = {{ level = \"ORANGE\" }}\n\
        receivers = [\"{first}\"]\nescalate = [{{ receivers = [\"{then}\"] }}]\n"
    )
}

const ALL: &str = "\"console\", \"duty\", \"leader\", \"director\", \"deputy\"";
/// As [`ALL`] when the duty room is taken out.
const LEFT: &str = "\"console\", \"leader\", \"director\", \"deputy\"";

fn leak(hub: &mut Hub, id: &str) {
    hub.detect(
        id,
        &format!("GAS-{id}"),
        AlarmCode::CargoLeak,
        AlarmLevel::Red,
    );
}

/// Receivers and alarms of what was ordered since the last call.
fn told(hub: &mut Hub) -> Vec<(String, String)> {
    let notices = hub.notices().into_iter();
    let mut told: Vec<_> = notices.map(|notice| (notice.0, notice.1)).collect();
    told.sort();
    told
}

fn pair(receiver: &str, id: &str) -> (String, String) {
    (receiver.to_owned(), id.to_owned())
}

/// A leak of the same code and area was told to the receiver of before alone.
#[test]
fn a_new_alarm_of_a_standing_group_is_told_by_the_routes_of_now() {
    for (declared, is_restart) in [(ALL, false), (LEFT, false), (LEFT, true)] {
        let mut hub = Hub::new(&routes(ALL, "duty", "director"));
        leak(&mut hub, "a-1");
        assert_eq!(told(&mut hub), [pair("duty", "a-1")]);
        hub.outcomes("CONFIRMED");
        hub.reroute(&routes(declared, "leader", "director"));
        if is_restart {
            hub.restart();
            hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
        }
        leak(&mut hub, "a-2");
        assert_eq!(told(&mut hub), [pair("leader", "a-2")]);
        // And of the first, which the new receiver has not heard of: once.
        let said = hub.wait(1);
        let notices = hub.notices();
        assert_eq!(notices.len(), 1, "{said:?}");
        let (receiver, id, state, words) = &notices[0];
        let heard = (receiver.as_str(), id.as_str(), *state);
        assert_eq!(heard, ("leader", "a-1", Raised));
        assert!(
            words.contains("told to you since the routes changed"),
            "{words}"
        );
        hub.wait(30);
        assert!(told(&mut hub).is_empty());
        // Whoever was told hears of the end, if it is a receiver still.
        hub.update("operator-1", "a-1", (Raised, Acknowledged), None);
        let mut expected = vec![pair("leader", "a-1")];
        if declared == ALL {
            expected.insert(0, pair("duty", "a-1"));
        }
        assert_eq!(told(&mut hub), expected);
    }
}

/// After the first was acknowledged the group stood as well, and the one who was gone was told of the second.
#[test]
fn an_acknowledged_alarm_keeps_no_group_with_a_receiver_that_is_gone() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.update("operator-1", "a-1", (Raised, Acknowledged), None);
    hub.notices();
    hub.reroute(&routes(LEFT, "leader", "director"));
    let said = hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    assert!(said.is_empty(), "{said:?}");
    hub.wait(5);
    assert!(told(&mut hub).is_empty(), "somebody has it in hand");
    leak(&mut hub, "a-2");
    let notices = hub.notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].0, "leader");
    assert!(notices[0].3.contains("told before: GAS-a-1"), "{notices:?}");
    // What counts as told before is told again with the group, by the route of now.
    hub.update("operator-1", "a-1", (Acknowledged, Cleared), None);
    assert!(
        told(&mut hub).is_empty(),
        "who was told of it is no receiver any more"
    );
}

/// A further fire raised what had been acknowledged before the routes changed, and nobody was told: whoever had been
/// told was no receiver any more, and the others wait for the end of the window.
#[test]
fn what_is_raised_again_within_the_window_is_told_to_those_of_now() {
    for (declared, is_restart) in [(ALL, false), (LEFT, false), (LEFT, true)] {
        let mut hub = Hub::new(&routes(ALL, "duty", "director"));
        let smoke = |hub: &mut Hub, id: &str| {
            hub.detect(id, "GAS-01", AlarmCode::CargoLeak, AlarmLevel::Red);
        };
        smoke(&mut hub, "a-1");
        hub.wait(2);
        smoke(&mut hub, "a-2");
        hub.wait(2);
        hub.update("operator-1", "a-1", (Raised, Acknowledged), None);
        hub.notices();
        hub.reroute(&routes(declared, "leader", "director"));
        if is_restart {
            hub.restart();
        }
        hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
        hub.wait(2);
        assert!(told(&mut hub).is_empty(), "somebody has it in hand");
        smoke(&mut hub, "a-3");
        hub.wait(1);
        assert_eq!(told(&mut hub), [pair("leader", "a-1")], "{declared}");
        hub.wait(60);
        assert!(!told(&mut hub).is_empty(), "what more there was");
    }
}

#[test]
fn escalations_go_to_those_and_at_the_time_that_the_routes_of_now_say() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.wait(30);
    hub.notices();
    hub.reroute(&routes(ALL, "duty", "deputy"));
    assert!(updates(&hub.wait(29)).is_empty());
    assert!(told(&mut hub).is_empty(), "its receiver is the same");
    let said = hub.wait(1);
    assert_eq!(updates(&said), [("a-1".into(), Raised, None, Some(1))]);
    assert_eq!(told(&mut hub), [pair("deputy", "a-1"), pair("duty", "a-1")]);
    // That step is over: who has its place now is told of the alarm, once, and nobody twice.
    hub.reroute(&routes(LEFT, "leader", "director"));
    hub.wait(1);
    assert_eq!(
        told(&mut hub),
        [pair("director", "a-1"), pair("leader", "a-1")]
    );
    hub.wait(600);
    assert!(told(&mut hub).is_empty());
    // A deadline that is shorter now, and over, is missed now.
    let slow = routes(ALL, "duty", "director").replace("red = 60", "red = 600");
    let mut hub = Hub::new(&slow);
    leak(&mut hub, "a-1");
    hub.wait(100);
    hub.notices();
    hub.reroute(&routes(ALL, "duty", "director"));
    let said = hub.wait(1);
    assert_eq!(updates(&said), [("a-1".into(), Raised, None, Some(1))]);
    assert_eq!(
        told(&mut hub),
        [pair("director", "a-1"), pair("duty", "a-1")]
    );
    hub.reroute(&slow);
    hub.wait(700);
    assert!(told(&mut hub).is_empty(), "that step was taken");
}

#[test]
fn repeats_go_by_the_routes_of_now() {
    let often =
        |to: &str| routes(ALL, to, "director").replace("[route]\n", "[route]\nrepeat_s = 20\n");
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.notices();
    hub.reroute(&often("duty"));
    hub.wait(20);
    assert_eq!(told(&mut hub), [pair("duty", "a-1")]);
    hub.reroute(&often("leader"));
    hub.wait(1);
    assert_eq!(told(&mut hub), [pair("leader", "a-1")]);
    hub.wait(19);
    assert_eq!(told(&mut hub), [pair("leader", "a-1")]);
}

/// A yellow one that waits is told to those of now; one that was told is not told anew.
#[test]
fn yellow_ones_that_wait_go_by_the_routes_of_now() {
    let to = |who: &str| {
        format!("receivers = [{ALL}]\n[route]\nreceivers = [\"{who}\"]\ngroup_interval_s = 100\n")
    };
    let mut hub = Hub::new(&to("duty"));
    let yellow = |hub: &mut Hub, id: &str, device: &str| {
        hub.detect(id, device, AlarmCode::UnknownSmoke, AlarmLevel::Yellow);
    };
    yellow(&mut hub, "a-1", "CAM-01");
    hub.wait(5);
    assert_eq!(told(&mut hub), [pair("duty", "a-1")]);
    yellow(&mut hub, "a-2", "GAS-1");
    hub.wait(50);
    hub.reroute(&to("leader"));
    hub.wait(49);
    assert!(told(&mut hub).is_empty());
    hub.wait(1);
    assert_eq!(told(&mut hub), [pair("leader", "a-2")]);
    // An interval that is shorter now holds for what waits already.
    yellow(&mut hub, "a-3", "GAS-2");
    hub.wait(2);
    hub.reroute(&to("deputy").replace("= 100", "= 0"));
    hub.wait(58);
    assert_eq!(told(&mut hub), [pair("deputy", "a-3")]);
}

/// What changes nothing of whom is told tells nobody anything.
#[test]
fn routes_that_name_the_same_tell_nobody_anew() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.notices();
    let same = format!("# another word\n{}", routes(ALL, "duty", "director"));
    hub.reroute(&same.replace("grave", "renamed"));
    let said = hub.wait(10);
    assert!(said.is_empty() && told(&mut hub).is_empty(), "{said:?}");
    leak(&mut hub, "a-2");
    assert_eq!(told(&mut hub), [pair("duty", "a-2")]);
}

/// Fifty a notice, and no alarm twice.
#[test]
fn many_open_alarms_are_told_to_a_new_receiver_in_few_notices() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    for number in 0..260 {
        leak(&mut hub, &format!("a-{number:03}"));
    }
    hub.notices();
    hub.reroute(&routes(LEFT, "leader", "director"));
    let said = hub.wait(1);
    assert_eq!(audits(&said), ["alarm.rerouted"]);
    assert_eq!(hub.orders.len(), 6);
    let mut known = 0;
    for body in hub.outcomes("CONFIRMED") {
        let Body::AlarmUpdate(update) = body else {
            panic!("an update")
        };
        assert_eq!(update.receiver.as_deref(), Some("leader"));
        known += 1;
    }
    assert_eq!(known, 260);
    hub.wait(20);
    assert!(hub.orders.is_empty());
}

#[test]
fn when_the_only_receiver_is_refused_the_next_of_the_escalation_is_told_at_once() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    let said = hub.outcomes("REFUSED");
    let escalated = ("a-1".to_owned(), Raised, None, Some(1));
    assert!(updates(&said).contains(&escalated), "{said:?}");
    let words = hub.notices();
    let to = |who: &str| {
        words
            .iter()
            .find(|notice| notice.0 == who)
            .map(|notice| &notice.3)
    };
    assert!(
        to("director")
            .unwrap()
            .ends_with("escalation 1 at once: RED CARGO_LEAK; words [未能通知 / not told: duty]"),
        "{words:?}"
    );
    // The deadline finds it told already.
    let said = hub.wait(600);
    assert!(
        updates(&said).is_empty() && told(&mut hub).is_empty(),
        "{said:?}"
    );
}

#[test]
fn when_nobody_is_left_the_page_and_the_audit_say_so() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.outcomes("REFUSED");
    let said = hub.outcomes("REFUSED");
    assert!(
        audits(&said).contains(&"alarm.nobody-told".to_owned()),
        "{said:?}"
    );
    assert_eq!(told(&mut hub), [pair("console", "a-1")]);
    let shown = |hub: &Hub| hub.plugin.open_alarms().page(None, 1).remove(0).description;
    assert!(
        shown(&hub).contains("nobody could be told: director, duty"),
        "{}",
        shown(&hub)
    );
    // Each is tried again at its deadline, and nothing is said twice.
    hub.wait(60);
    assert_eq!(
        hub.orders
            .iter()
            .filter(|(_, to, _)| to == "director")
            .count(),
        1
    );
    assert!(audits(&hub.outcomes("REFUSED")).is_empty());
    // Where the routes name somebody who can be reached, he is told of it.
    hub.reroute(&routes(LEFT, "leader", "deputy"));
    hub.wait(1);
    assert_eq!(
        told(&mut hub),
        [pair("deputy", "a-1"), pair("leader", "a-1")]
    );
}

/// One who was refused is told when he can be reached: the routes name him again, or still.
#[test]
fn who_was_refused_before_the_routes_changed_is_told_after() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    hub.outcomes("REFUSED");
    hub.outcomes("CONFIRMED");
    hub.reroute(&format!(
        "# served again\n{}",
        routes(ALL, "duty", "director")
    ));
    hub.wait(1);
    assert_eq!(told(&mut hub), [pair("duty", "a-1")]);
}

/// A yellow one, one that others were told of, and one that somebody has in hand escalate as they would.
#[test]
fn a_refusal_hurries_nothing_that_somebody_has() {
    let both = routes(ALL, "duty", "director").replace("[\"duty\"]", "[\"duty\", \"leader\"]");
    let mut hub = Hub::new(&both);
    leak(&mut hub, "a-1");
    let orders = std::mem::take(&mut hub.orders);
    let said = hub.step(EntryKind::Outcome, "HUB-1", None, "REFUSED", orders[0].0);
    assert_eq!(updates(&said).len(), 1);
    assert!(hub.orders.is_empty(), "the other may be told yet");
    hub.update("operator-1", "a-1", (Raised, Acknowledged), None);
    hub.orders.clear();
    hub.step(EntryKind::Outcome, "HUB-1", None, "REFUSED", orders[1].0);
    assert!(hub.orders.is_empty());
}

/// Another program saw the entries of an alarm: who would have been told by this one was not, and is at its start.
#[test]
fn what_was_decided_and_never_ordered_is_told_at_the_next_start() {
    let mut hub = Hub::new(&routes(ALL, "duty", "director"));
    leak(&mut hub, "a-1");
    let of_before: Vec<_> = hub
        .entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Order)
        .cloned()
        .collect();
    let mut hub = Hub::new(&routes(ALL, "leader", "director"));
    for entry in of_before {
        hub.plugin.step(&entry, &mut Decisions::default());
        hub.entries.push(entry);
    }
    let kept = hub.plugin.kept().unwrap();
    hub.put_back(&kept);
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    hub.wait(1);
    assert_eq!(told(&mut hub), [pair("leader", "a-1")]);
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    hub.wait(1);
    assert!(told(&mut hub).is_empty());
}

/// Alarms, refusals, acknowledgements and changed routes; with the number of the entry from which each holds.
fn story() -> (Hub, Vec<(u64, String)>) {
    let trees = [
        routes(ALL, "duty", "director"),
        routes(ALL, "leader", "duty"),
        routes(LEFT, "leader", "deputy").replace("red = 60", "red = 20"),
        routes(ALL, "duty", "director").replace("grave", "other"),
    ];
    let mut hub = Hub::new(&trees[0]);
    let mut held = Vec::new();
    for (round, tree) in trees.iter().cycle().take(12).enumerate() {
        hub.reroute(tree);
        held.push((hub.entries.len() as u64 + 1, tree.clone()));
        for number in 0..5 {
            leak(&mut hub, &format!("a-{round}-{number}"));
        }
        let device = format!("CAM-{round}");
        hub.detect(
            &device,
            &device,
            AlarmCode::UnknownSmoke,
            AlarmLevel::Yellow,
        );
        hub.outcomes(["CONFIRMED", "REFUSED", "EXPIRED"][round % 3]);
        if round % 2 == 0 {
            hub.restart();
            hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
        }
        hub.wait(35);
        hub.outcomes(["REFUSED", "CONFIRMED"][round % 2]);
        let id = format!("a-{round}-1");
        hub.update("operator-1", &id, (Raised, Acknowledged), None);
        hub.update("operator-1", &id, (Acknowledged, Closed), Some("done"));
        hub.wait(30);
    }
    (hub, held)
}

#[test]
fn a_replay_over_changed_routes_decides_the_same() {
    let (mut first, held) = story();
    let mut again = plugin(&held[0].1, Config::default());
    let (mut decided, mut made) = (Vec::new(), Vec::new());
    for entry in &first.entries {
        if let Some((_, tree)) = held.iter().find(|(number, _)| *number == entry.number) {
            let kept = again.kept().unwrap();
            again = plugin(tree, Config::default());
            again.put_back(&kept).unwrap();
        }
        if entry.cause != 0 && entry.kind != EntryKind::Outcome {
            made.push(entry.message.as_ref().unwrap().body.clone());
        }
        let mut decisions = Decisions::default();
        again.step(entry, &mut decisions);
        let bodies = decisions.take().into_iter().map(|decision| match decision {
            Decision::Emit { body, .. } | Decision::Order { body, .. } => *body,
        });
        decided.extend(bodies);
    }
    assert!(made.len() > 300, "{}", made.len());
    assert_eq!(decided, made);
    assert_eq!(again.kept().unwrap(), first.plugin.kept().unwrap());
}

/// As an auditor reads it: each red alarm that nobody took up was told, or tried, to all whom the routes of the end
/// name, and nobody who was reached was told a second time.
#[test]
fn no_red_alarm_is_lost_or_told_twice_over_changed_routes() {
    let (mut hub, _) = story();
    hub.outcomes("CONFIRMED");
    let open = hub.plugin.open_alarms().page(None, usize::MAX);
    let reds = open
        .iter()
        .filter(|one| one.level == AlarmLevel::Red && one.state == Raised);
    let reds: Vec<&str> = reds.map(|one| one.id.as_str()).collect();
    assert!(reds.len() > 40, "{reds:?}");
    let mut reached: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut tried: BTreeSet<(&str, &str)> = BTreeSet::new();
    for entry in &hub.entries {
        let body = entry.message.as_ref().map(|message| &message.body);
        let Some(Body::AlarmUpdate(update)) = body.filter(|_| entry.kind == EntryKind::Message)
        else {
            continue;
        };
        let id = update.alarm_id.as_str();
        let missed = update
            .note
            .as_deref()
            .and_then(|note| note.split(": ").nth(1));
        let missed = missed.and_then(|name| name.split(' ').next());
        if let Some(receiver) = &update.receiver {
            tried.insert((id, receiver));
            let first = update.escalation_level.is_none();
            *reached.entry((id, receiver)).or_default() += usize::from(first);
        } else if let Some(receiver) = missed {
            tried.insert((id, receiver));
        }
    }
    for id in reds {
        for receiver in ["duty", "director"] {
            assert!(tried.contains(&(id, receiver)), "{id} {receiver}");
        }
        for receiver in ["duty", "director", "leader", "deputy"] {
            let times = reached.get(&(id, receiver)).copied().unwrap_or_default();
            assert!(times <= 1, "{id} {receiver}: {times}");
        }
    }
}
