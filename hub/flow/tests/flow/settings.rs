//! Settings are entries: what decides stands in the journal before it decides, a start, a replay and whoever asks use
//! what held then.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{Decisions, Entry, EntryKind, Fault, Plugin, Rows, Table};
use cordon_flow::{
    EntryReader, Made, Maker, Part, ReplayReport, RunningHub, SETTINGS_UNUSABLE, SettingsLabel,
    StoredEntry, Unusable, replay_under, settings_at,
};
use cordon_model::{
    Body, DecisionOutcome, Digest, Direction, GateId, LaneId, MessageId, OperatingMode,
    PassageDecision, RuleRef, SubjectKind,
};

use crate::park::{Park, Porter, reading};

/// Opens for everybody under the rule that its settings name, and counts how often it did under each: what it keeps
/// outlives every change, and the rule it was first asked under is kept for ever.
struct Keeper {
    name: &'static str,
    rule: String,
    opened: Table<String, u64>,
    first: Table<u8, String>,
}

impl Keeper {
    fn new(name: &'static str, rule: &str) -> Self {
        Self {
            name,
            rule: rule.to_owned(),
            opened: Table::new("opened", 1),
            first: Table::new("first", 1),
        }
    }
}

impl Plugin for Keeper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        assert_ne!(entry.kind, EntryKind::Settings, "no plug-in sees those");
        let body = entry.message.as_deref().map(|message| &message.body);
        if entry.kind != EntryKind::Message || !matches!(body, Some(Body::DeviceStatus(_))) {
            return;
        }
        *self.opened.or_default(self.rule.clone()) += 1;
        let rule = &self.rule;
        self.first.or_insert_with(1, || rule.clone());
        if self.name == "keeper" {
            decisions.emit(decision(entry, rule, self.opened.values().sum()), None);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.opened, &mut self.first]
    }
}

pub fn decision(entry: &Entry, rule: &str, count: u64) -> Body {
    Body::PassageDecision(PassageDecision {
        decision_id: format!("D-{count}"),
        gate_id: GateId::new("G1").unwrap(),
        lane_id: LaneId::new("G1-L1").unwrap(),
        direction: Direction::In,
        subject_kind: SubjectKind::VehCommuter,
        plate: None,
        trailer_plate: None,
        person_id: None,
        capture_ref: entry.message_id,
        outcome: DecisionOutcome::Open,
        refusal_code: None,
        rules: vec![RuleRef {
            rule_id: rule.to_owned(),
            code: "OPEN".into(),
            clause: "5.2.3".into(),
        }],
        rule_set_digest: Digest([7; 32]),
        settings_entry: None,
        grant_id: None,
        operating_mode: OperatingMode::Normal,
        decided_at: entry.time,
    })
}

/// A configuration of two parts and a program.
#[derive(Clone)]
pub struct Today {
    pub parts: Vec<Part>,
    /// Whether there is a second keeper.
    pub two: bool,
    /// Whether the program knows rules of the old form, which begin with `old.`.
    pub knows_old: bool,
}

pub fn today(version: &str, rule: &str) -> Today {
    Today {
        parts: vec![
            Part::new("program", 1, version.to_owned()),
            Part::new("rule", 1, rule.to_owned()),
            Part::new("plan", 1, "north"),
        ],
        two: false,
        knows_old: false,
    }
}

impl Today {
    fn rule(&self) -> String {
        text(&self.parts[1])
    }

    pub fn maker(&self) -> Arc<dyn Maker> {
        Arc::new(self.clone())
    }

    pub fn plugins(&self) -> Vec<Box<dyn Plugin>> {
        self.make(&BTreeMap::new()).unwrap().plugins
    }
}

pub fn text(part: &Part) -> String {
    String::from_utf8(part.body.to_vec()).unwrap()
}

impl Maker for Today {
    fn today(&self) -> &[Part] {
        &self.parts
    }

    fn make(&self, parts: &BTreeMap<&str, &Part>) -> Result<Made, Fault> {
        let held = parts.get("rule").map(|part| text(part));
        let is_old = held.as_ref().is_some_and(|rule| rule.starts_with("old."));
        let is_old = is_old && !self.knows_old;
        let rule = held.filter(|_| !is_old).unwrap_or_else(|| self.rule());
        let mut plugins: Vec<Box<dyn Plugin>> = vec![
            Box::new(Porter::default()),
            Box::new(Keeper::new("keeper", &rule)),
        ];
        if self.two {
            plugins.push(Box::new(Keeper::new("second", &rule)));
        }
        let unusable = Unusable {
            name: "rule".into(),
            why: Fault::new(SETTINGS_UNUSABLE, "rules of an older form"),
        };
        Ok(Made {
            plugins,
            unusable: Vec::from_iter(is_old.then_some(unusable)),
        })
    }
}

pub async fn start(park: &mut Park, today: &Today) -> RunningHub {
    park.config.settings = Some(today.maker());
    // A day that is not the same twice.
    park.clock.advance_ms(60_000);
    park.start_with(today.plugins()).await
}

pub async fn offer(park: &Park, number: u8) {
    let id = Some(MessageId::from_bytes([number; 16]));
    let taken = park.intake().offer(reading("CAM-01", "plain", id)).await;
    taken.unwrap();
}

pub fn replayed(park: &Park, today: &Today) -> ReplayReport {
    let reader = EntryReader::open(park.journal_dir()).unwrap();
    replay_under(&reader, &today.maker(), None, None, |_| {}).unwrap()
}

/// The `Settings` entries: number, part, and what it says.
pub fn settings(park: &Park) -> Vec<(u64, String, String)> {
    let entries = park.entries().into_iter();
    let settings = entries.filter(|stored| stored.entry.kind == EntryKind::Settings);
    let told = settings.map(|stored| {
        let label = SettingsLabel::read(&stored.entry.label).unwrap();
        let says = String::from_utf8(stored.record.body.to_vec()).unwrap();
        (stored.entry.number, label.name, says)
    });
    told.collect()
}

/// The decisions at gates: number, rule, and the entry of settings that they name.
pub fn decisions(entries: &[StoredEntry]) -> Vec<(u64, String, Option<u64>)> {
    let told = entries
        .iter()
        .filter_map(|stored| match &stored.entry.message.as_deref()?.body {
            Body::PassageDecision(decision) => Some((
                stored.entry.number,
                decision.rules[0].rule_id.clone(),
                decision.settings_entry,
            )),
            _ => None,
        });
    told.collect()
}

/// Before this, a journal could be replayed only under the settings of today: the first decision of another day was a
/// difference (F013).
#[tokio::test(flavor = "multi_thread")]
async fn ten_changes_with_kills_between_are_replayed_as_they_were_decided() {
    let mut park = Park::new();
    let mut kept = None;
    let mut ended = None;
    for change in 0_u8..=10 {
        let version = if change < 5 { "0.1.0" } else { "0.2.0" };
        let today = today(version, &format!("rule-{change}"));
        // Killed before its state was saved: the next start steps the end of the journal again, under what held
        // there, with the state of some run before. Once in a while there is none at all.
        match (change % 3, kept.take()) {
            (1, _) => {}
            (_, Some(state)) => std::fs::write(park.state_file(), state).unwrap(),
            (_, None) => drop(std::fs::remove_file(park.state_file())),
        }
        let before = std::fs::read(park.state_file()).ok();
        let hub = start(&mut park, &today).await;
        offer(&park, change * 2 + 1).await;
        offer(&park, change * 2 + 2).await;
        ended = hub.shutdown_at().await.unwrap();
        kept = before.filter(|_| change % 4 != 3);
    }
    let told = decisions(&park.entries());
    assert_eq!(told.len(), 22);
    let changes = settings(&park);
    // All three at first, then the rule ten times and the program once.
    assert_eq!(changes.len(), 3 + 10 + 1);
    for (index, (number, rule, named)) in told.iter().enumerate() {
        assert_eq!(*rule, format!("rule-{}", index / 2), "decided by what held");
        let before = changes.iter().rev();
        let last = before
            .map(|(change, _, _)| *change)
            .find(|change| change < number);
        assert_eq!(*named, last);
    }
    // Under the settings of the last day, of the first, and of none of them.
    for rule in ["rule-10", "rule-0", "another"] {
        let report = replayed(&park, &today("0.3.0", rule));
        assert_eq!(report.first_difference, None, "{rule}");
        assert_eq!(report.compared, 22);
        assert_eq!(Some((report.number, report.state_hash)), ended, "{rule}");
        assert_eq!((report.unsettled, report.settings.len()), (0, 14));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_the_same_settings_writes_none_and_they_come_before_anything_else() {
    let mut park = Park::new();
    let same = today("0.1.0", "same");
    let hub = start(&mut park, &same).await;
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    let written = settings(&park);
    let parts: Vec<(u64, &str)> = (written.iter())
        .map(|(number, part, _)| (*number, part.as_str()))
        .collect();
    assert_eq!(parts, [(1, "program"), (2, "rule"), (3, "plan")]);
    let labels: Vec<String> = park
        .entries()
        .iter()
        .take(4)
        .map(|it| it.entry.label.clone())
        .collect();
    assert_eq!(
        labels,
        [
            "program/1;why=start;before=0",
            "rule/1;why=start;before=1",
            "plan/1;why=start;before=2",
            "hub.start"
        ]
    );
    for without_state in [false, true] {
        if without_state {
            std::fs::remove_file(park.state_file()).unwrap();
        }
        let hub = start(&mut park, &same).await;
        offer(&park, if without_state { 3 } else { 2 }).await;
        hub.shutdown().await.unwrap();
        assert_eq!(settings(&park), written, "nothing is written twice");
    }
    let named: Vec<_> = decisions(&park.entries())
        .into_iter()
        .map(|(_, _, named)| named)
        .collect();
    assert_eq!(named, [Some(3); 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_from_before_there_were_any_gets_all_and_says_where_there_are_none() {
    let mut park = Park::new();
    let old = today("0.1.0", "old-days");
    let hub = park.start_with(old.plugins()).await;
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    let last = park.entries().last().unwrap().entry.number;
    assert_eq!(replayed(&park, &old).unsettled, last);
    let hub = start(&mut park, &old).await;
    offer(&park, 2).await;
    hub.shutdown().await.unwrap();
    let hub = start(&mut park, &today("0.1.0", "new-days")).await;
    offer(&park, 3).await;
    let ended = hub.shutdown_at().await.unwrap();
    assert_eq!(settings(&park).len(), 4);
    let told = decisions(&park.entries());
    assert_eq!(told[0].2, None, "there was nothing to name");
    // What stands before is stepped under the configuration that is given, as ever.
    let report = replayed(&park, &old);
    assert_eq!(
        (report.first_difference.as_ref(), report.unsettled),
        (None, last)
    );
    assert_eq!(Some((report.number, report.state_hash)), ended);
    let report = replayed(&park, &today("0.1.0", "new-days"));
    let first = report.first_difference.unwrap();
    assert_eq!((first.number, first.settings), (told[0].0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_no_longer_parse_are_marked_and_the_start_goes_on_with_those_of_today() {
    let mut park = Park::new();
    let hub = start(&mut park, &today("0.1.0", "fine")).await;
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    // The program of then could use them; the one of today cannot, and says so.
    let old = Today {
        knows_old: true,
        ..today("0.1.0", "old.rule")
    };
    let hub = start(&mut park, &old).await;
    offer(&park, 2).await;
    hub.shutdown().await.unwrap();
    let bad = settings(&park).last().unwrap().0;
    let new = today("0.2.0", "new");
    for without_state in [false, true] {
        if without_state {
            std::fs::remove_file(park.state_file()).unwrap();
        }
        let hub = start(&mut park, &new).await;
        offer(&park, if without_state { 4 } else { 3 }).await;
        assert_eq!(hub.health().marked.unreadable, 1, "{without_state}");
        hub.shutdown().await.unwrap();
    }
    let told = decisions(&park.entries());
    assert_eq!(told.last().unwrap().1, "new");
    let changes = settings(&park);
    let last: Vec<&str> = changes
        .iter()
        .rev()
        .take(2)
        .map(|(_, part, _)| part.as_str())
        .collect();
    assert_eq!(
        last,
        ["rule", "program"],
        "written once, at the first start"
    );
    let marked = park
        .entries()
        .into_iter()
        .filter(|stored| stored.entry.label == "journal.marked");
    let words: Vec<String> = marked
        .filter_map(|stored| match &stored.entry.message.as_deref()?.body {
            Body::AuditEvent(event) => event.detail.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(words.len(), 1, "people are told once: {words:?}");
    assert!(
        words[0].contains(&format!("entry {bad} says settings")),
        "{words:?}"
    );
    assert!(words[0].contains("F095"), "{words:?}");
    // A replay says from where it differs, and under which settings.
    let report = replayed(&park, &new);
    assert_eq!(report.marked.len(), 1);
    assert_eq!(
        (report.marked[0].number, report.marked[0].code),
        (bad, SETTINGS_UNUSABLE)
    );
    let first = report.first_difference.unwrap();
    assert_eq!(first.settings, bad);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_is_new_steps_the_past_under_what_held_then() {
    let mut park = Park::new();
    // What holds today held at the very first, too.
    for (number, rule) in [(1, "four"), (2, "two"), (3, "three")] {
        let hub = start(&mut park, &today("0.1.0", rule)).await;
        offer(&park, number).await;
        hub.shutdown().await.unwrap();
    }
    let two = Today {
        two: true,
        ..today("0.1.0", "four")
    };
    let hub = start(&mut park, &two).await;
    offer(&park, 4).await;
    let ended = hub.shutdown_at().await.unwrap();
    // Its tables are those of one that was there from the beginning.
    let report = replayed(&park, &two);
    assert_eq!(report.first_difference, None);
    assert_eq!(Some((report.number, report.state_hash)), ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_told_what_held_at_an_entry() {
    let mut park = Park::new();
    for (number, rule) in [(1, "one"), (2, "two")] {
        let hub = start(&mut park, &today("0.1.0", rule)).await;
        offer(&park, number).await;
        hub.shutdown().await.unwrap();
    }
    let reader = EntryReader::open(park.journal_dir()).unwrap();
    let entries = park.entries();
    let told = decisions(&entries);
    for (decision, rule, named) in &told {
        // Of the decision, which names it, and of the reading before it, which does not.
        let reading = entries
            .iter()
            .find(|stored| stored.entry.number == *decision)
            .unwrap();
        for number in [*decision, reading.entry.cause] {
            let held = settings_at(&reader, number).unwrap();
            assert_eq!(held.len(), 3);
            assert_eq!(text(&held["rule"].part), *rule);
            assert_eq!(text(&held["plan"].part), "north");
            assert_eq!(held.values().map(|it| it.number).max(), *named);
        }
    }
    assert!(settings_at(&reader, 0).unwrap().is_empty());
}
