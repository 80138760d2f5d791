//! Other settings while the hub runs: whole, at one entry, for plug-ins and door alike, and nothing is lost over it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_contract::EntryKind;
use cordon_flow::{
    Authority, AuthoritySettings, CONFIGURATION, ChangedPart, DISK_FAILED, EntryReader, Mode, Part,
    ReceiptData, Refused, RunningHub, STRANGER, SettingsChange, SettingsLabel, StoredEntry,
    UNSETTLED, replay_under, settings_at,
};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::plan::ParkPlan;
use cordon_model::{Body, MessageId, ParkCode};
use cordon_security::Role;

use crate::failure::SimLedger;
use crate::park::{Park, hub_id, plan, reading, small};
use crate::partner::Ca;
use crate::settings::{Today, decisions, offer, replayed, settings, start, text, today};
use crate::signed::grant;

fn change_to(today: &Today, plan: ParkPlan) -> SettingsChange {
    let settings = AuthoritySettings::default();
    SettingsChange {
        maker: today.maker(),
        plugins: today.plugins(),
        authority: Authority::new(Arc::new(plan), hub_id(), settings).unwrap(),
        mappings: Arc::default(),
    }
}

async fn change(hub: &RunningHub, today: &Today) -> Vec<ChangedPart> {
    let change = change_to(today, plan());
    hub.submit().change_settings(change).await.unwrap()
}

/// The reading whose id has this number.
fn told(number: u32) -> cordon_contract::Reading {
    let mut id = [7; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    reading("CAM-01", "plain", Some(MessageId::from_bytes(id)))
}

/// The rules that settings name, by the entry from which on they hold.
fn rule_at(reader: &EntryReader, number: u64) -> String {
    text(&settings_at(reader, number).unwrap()["rule"].part)
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_go_on_while_settings_change_and_each_is_made_by_one_of_them() {
    let mut park = Park::new();
    let hub = start(&mut park, &today("0.1.0", "rule-0")).await;
    let ends = Arc::new(AtomicBool::new(false));
    let offerers = (0..3_u32).map(|offerer| {
        let (intake, ends) = (park.intake(), Arc::clone(&ends));
        tokio::spawn(async move {
            let mut count = 0;
            while !ends.load(Ordering::SeqCst) {
                let taken = intake.offer(told(offerer * 1_000_000 + count)).await;
                taken.unwrap();
                count += 1;
            }
            count
        })
    });
    let offerers: Vec<_> = offerers.collect();
    // Something is decided under the first.
    crate::park::until("it goes on", || hub.durable().0 > 20).await;
    for number in 1..=20 {
        let seen = hub.durable().0;
        let changed = change(&hub, &today("0.1.0", &format!("rule-{number}"))).await;
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].name, "rule");
        assert!(changed[0].number > seen);
        // Something is decided under each.
        crate::park::until("it goes on", || hub.durable().0 > changed[0].number + 20).await;
    }
    ends.store(true, Ordering::SeqCst);
    let mut offered = 0;
    for offerer in offerers {
        offered += offerer.await.unwrap();
    }
    let ended = hub.shutdown_at().await.unwrap();
    let told = decisions(&park.entries());
    assert_eq!(
        told.len(),
        usize::try_from(offered).unwrap(),
        "none is lost"
    );
    let reader = EntryReader::open(park.journal_dir()).unwrap();
    let mut rules: Vec<&str> = Vec::new();
    for (_, rule, named) in &told {
        assert_eq!(
            rule_at(&reader, named.unwrap()),
            *rule,
            "the rule that it names"
        );
        if rules.last() != Some(&rule.as_str()) {
            rules.push(rule);
        }
    }
    assert_eq!(rules.len(), 21, "each held once: {rules:?}");
    // What the plug-ins knew went along: the decisions are counted through.
    let ids = park.entries().into_iter();
    let ids: Vec<String> = ids
        .filter_map(|stored| match &stored.entry.message.as_deref()?.body {
            Body::PassageDecision(decision) => Some(decision.decision_id.clone()),
            _ => None,
        })
        .collect();
    let counted: Vec<String> = (1..=told.len())
        .map(|number| format!("D-{number}"))
        .collect();
    assert_eq!(ids, counted);
    let report = replayed(&park, &today("0.1.0", "another"));
    assert_eq!(report.first_difference, None);
    assert_eq!(Some((report.number, report.state_hash)), ended);
    let labels = park.entries().into_iter();
    let labels: Vec<SettingsLabel> = labels
        .filter_map(|stored| SettingsLabel::read(&stored.entry.label))
        .collect();
    let why: Vec<&str> = labels.iter().skip(3).map(|it| it.why.as_str()).collect();
    assert_eq!(why, ["reload"; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_write_nothing_and_what_is_anothers_is_refused() {
    let mut park = Park::new();
    let same = today("0.1.0", "same");
    let hub = start(&mut park, &same).await;
    assert_eq!(change(&hub, &same).await, []);
    let mut large = same.clone();
    large.parts[1] = Part::new("rule", 1, vec![b' '; (4 << 20) + 1]);
    let elsewhere = ParkPlan {
        code: ParkCode::new("JS-320700-02").unwrap(),
        ..plan()
    };
    for bad in [change_to(&large, plan()), change_to(&same, elsewhere)] {
        let refused = hub.submit().change_settings(bad).await.unwrap_err();
        assert_eq!(refused.code(), CONFIGURATION);
    }
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    assert_eq!(settings(&park).len(), 3);
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Killed when the entries were durable, and the plug-ins of before had stepped what came before them.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_ends_between_entries_and_step_begins_with_what_the_journal_says() {
    let mut park = Park::new();
    let hub = start(&mut park, &today("0.1.0", "old")).await;
    offer(&park, 1).await;
    let changed = change(&hub, &today("0.1.0", "new")).await;
    let mut killed = Park::new();
    copied(&park.journal_dir(), &killed.journal_dir());
    std::fs::copy(park.state_file(), killed.state_file()).unwrap();
    offer(&park, 2).await;
    hub.shutdown().await.unwrap();
    let hub = start(&mut killed, &today("0.1.0", "new")).await;
    offer(&killed, 2).await;
    let ended = hub.shutdown_at().await.unwrap();
    for park in [&park, &killed] {
        assert_eq!(settings(park).len(), 4, "nothing is written twice");
        let told = decisions(&park.entries());
        let rules: Vec<&str> = told.iter().map(|(_, rule, _)| rule.as_str()).collect();
        assert_eq!(rules, ["old", "new"]);
        assert_eq!(told[1].2, Some(changed[0].number));
    }
    let report = replayed(&killed, &today("0.1.0", "another"));
    assert_eq!(report.first_difference, None);
    assert_eq!(Some((report.number, report.state_hash)), ended);
}

fn is_emergency(mode: &Mode) -> bool {
    matches!(mode, Mode::Emergency { .. })
}

/// The rule by which something is decided now.
async fn rule_of_now(hub: &RunningHub, park: &Park, number: u32) -> String {
    let intake = park.intake();
    intake.offer(told(number)).await.unwrap();
    let reader = hub.reader();
    let stored: Vec<StoredEntry> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    decisions(&stored).last().unwrap().1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_changes_nothing_and_the_hub_goes_on_by_what_held() {
    let mut park = Park::new();
    let (old, new) = (today("0.1.0", "old"), today("0.1.0", "new"));
    park.config.settings = Some(old.maker());
    let disk = SimDisk::new(3);
    let ledger = SimLedger::new(&disk, &park, small());
    let hub = park.start_over(ledger, old.plugins()).await.unwrap();
    assert_eq!(rule_of_now(&hub, &park, 1).await, "old");
    // The disk fails under the change itself, and is found failing by the next one.
    disk.set_broken(true);
    let refused = hub.submit().change_settings(change_to(&new, plan())).await;
    let code = refused.unwrap_err().code();
    assert!(
        code.starts_with('J') || code == DISK_FAILED || code == UNSETTLED,
        "{code}"
    );
    hub.modes().until(is_emergency).await;
    let refused = hub.submit().change_settings(change_to(&new, plan())).await;
    assert_eq!(refused.unwrap_err().code(), DISK_FAILED);
    disk.set_broken(false);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    assert_eq!(rule_of_now(&hub, &park, 2).await, "old", "as it was");
    change(&hub, &new).await;
    assert_eq!(rule_of_now(&hub, &park, 3).await, "new");
    let reader = hub.reader();
    let ended = hub.shutdown_at().await.unwrap();
    let report = replay_under(&reader, &new.maker(), None, None, |_| {}).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(Some((report.number, report.state_hash)), ended);
}

fn codes(answers: Vec<Result<ReceiptData, Refused>>) -> Vec<Option<&'static str>> {
    let codes = answers.into_iter();
    codes.map(|it| it.err().map(|it| it.fault.code())).collect()
}

/// The plan with the first enterprise, or without it.
fn plan_with(is_there: bool) -> ParkPlan {
    let mut plan = plan();
    if !is_there {
        let is_its = |owner: &Option<cordon_model::PartyId>| {
            owner
                .as_ref()
                .is_some_and(|owner| owner.as_str() == "ENT-1")
        };
        plan.enterprises.retain(|it| it.id.as_str() != "ENT-1");
        plan.gates.retain(|it| !is_its(&it.owner));
        plan.lanes.retain(|it| it.gate.as_str() != "ENT-1-G1");
        plan.areas.retain(|it| !is_its(&it.owner));
        plan.devices.retain(|it| it.id.as_str() != "ENT-1-CAM-1");
    }
    plan
}

fn today_with(is_there: bool) -> Today {
    let mut today = today("0.1.0", "rule");
    let says = if is_there { "with" } else { "without" };
    today.parts[2] = Part::new("plan", 1, says);
    today
}

/// What an enterprise says is taken as long as the plan knows it, and what was judged by the plan of before is judged
/// again: nothing of it stands behind the entry that takes it out of the plan.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_door_goes_by_the_plan_that_holds_at_each_entry() {
    let mut park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let hub = Arc::new(start(&mut park, &today_with(true)).await);
    let ent = ca.partner("ENT-1", Role::Enterprise);
    let body = cordon_wire::parse_message(grant(1).as_bytes())
        .unwrap()
        .body;
    let ent = Arc::new(ent);
    let ends = Arc::new(AtomicBool::new(false));
    let speakers = (0..3).map(|_| {
        let (hub, ent) = (Arc::clone(&hub), Arc::clone(&ent));
        let (body, ends) = (body.clone(), Arc::clone(&ends));
        tokio::spawn(async move {
            let mut said = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                let envelope = ent.says(vec![body.clone()]);
                said.extend(codes(hub.submit().submit(envelope).await.unwrap()));
            }
            said
        })
    });
    let speakers: Vec<_> = speakers.collect();
    let changes = (0..24).map(|round| {
        let is_there = round % 2 == 1;
        change_to(&today_with(is_there), plan_with(is_there))
    });
    let changes: Vec<SettingsChange> = changes.collect();
    for change in changes {
        let changed = hub.submit().change_settings(change).await.unwrap();
        let seen = changed[0].number + 12;
        crate::park::until("it goes on", || hub.durable().0 > seen).await;
    }
    ends.store(true, Ordering::SeqCst);
    let mut refused = 0;
    for speaker in speakers {
        let said = speaker.await.unwrap();
        let is_lawful = |code: &Option<&str>| [None, Some(STRANGER)].contains(code);
        assert!(said.iter().all(is_lawful), "{said:?}");
        refused += said.iter().filter(|code| code.is_some()).count();
    }
    // One that comes after the answer is judged by what was answered.
    let envelope = ent.envelope(&[grant(98)]);
    assert_eq!(codes(hub.submit().submit(envelope).await.unwrap()), [None]);
    let change = change_to(&today_with(false), plan_with(false));
    hub.submit().change_settings(change).await.unwrap();
    let envelope = ent.envelope(&[grant(99)]);
    let answers = hub.submit().submit(envelope).await.unwrap();
    assert_eq!(codes(answers), [Some(STRANGER)]);
    println!("{refused} said by nobody of the plan");
    let reader = hub.reader();
    let Ok(hub) = Arc::try_unwrap(hub) else {
        panic!("nobody else holds the hub");
    };
    hub.shutdown().await.unwrap();
    let entries = park.entries().into_iter();
    let grants = entries.filter(|stored| {
        stored.entry.kind == EntryKind::Message && stored.entry.label == "AccessGrant"
    });
    let mut taken = 0;
    for stored in grants {
        let held = settings_at(&reader, stored.entry.number).unwrap();
        assert_eq!(
            text(&held["plan"].part),
            "with",
            "entry {}",
            stored.entry.number
        );
        taken += 1;
    }
    assert!(taken > 0);
}
