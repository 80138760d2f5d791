//! A demo park's configuration as entries: no secret in them, and what was decided by it explained and replayed after
//! it changed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod idle;
mod plugins;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use cordon_contract::{
    Adapter, BoxFuture, Clock, Definition, DeviceHealth, Intake, Link, ManualClock, Order, Outcome,
    OutcomeKind, Payload, Probe, Reading as Read, Running,
};
use cordon_flow::{
    Authority, EntryReader, Hub, HubConfig, HubParts, OpenedOnce, RunningHub, replay_under,
    settings_at,
};
use cordon_journal::{Journal, Options, StateStore};
use cordon_model::{
    AlarmCode, AlarmLevel, Body, Direction, PassageDecision, PlateCapture, PlateColour, Timestamp,
};

use super::*;
use crate::plugins::settings;
use crate::prepare::{self, Extent, Ports};

/// A prepared park with all its doors, and its configuration.
fn prepared(root: &Path) -> (PathBuf, ParkConfig) {
    let made = prepare::folder(root, Ports::new(Some(21_000)), Extent::Full);
    let file = made.ok().unwrap();
    let config = ParkConfig::read(&file).unwrap();
    (file, config)
}

fn today(config: &ParkConfig) -> Arc<ParkSettings> {
    let mappings = Mappings::load(config.hub.mappings.as_ref().unwrap()).unwrap();
    settings(config, &mappings).unwrap()
}

fn texts(settings: &ParkSettings) -> BTreeMap<String, String> {
    let parts = settings.today().iter();
    let text = |part: &Part| String::from_utf8(part.body.to_vec()).unwrap();
    parts.map(|part| (part.name.clone(), text(part))).collect()
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all
}

#[test]
fn no_secret_no_key_no_address_and_no_path_is_in_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (file, config) = prepared(folder.path());
    let texts = texts(&today(&config));
    let all: String = texts.values().cloned().collect();
    let mut secrets = 0;
    for secret in files(&folder.path().join("secrets")) {
        for line in std::fs::read_to_string(secret).unwrap().lines() {
            for word in line.split(':').filter(|word| word.len() > 20) {
                assert!(!all.contains(word), "a secret");
                secrets += 1;
            }
        }
    }
    for key in files(&folder.path().join("certs")) {
        let text = std::fs::read_to_string(&key).unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| line.len() == 64 && !line.starts_with('-'));
        for line in lines {
            assert!(!all.contains(line), "{}", key.display());
            secrets += 1;
        }
    }
    assert!(secrets > 50, "{secrets} are no proof");
    let text = std::fs::read_to_string(&file).unwrap();
    let values = text.lines().filter_map(|line| line.split_once(" = "));
    let is_outside = |key: &str| {
        [
            "address",
            "listen",
            "url",
            "broker",
            "user",
            "password",
            "_file",
            "certificate",
            "key",
        ]
        .iter()
        .any(|word| key.trim().ends_with(word))
    };
    let mut outside = 0;
    for (key, value) in values.filter(|(key, _)| is_outside(key)) {
        let value = value.split(" #").next().unwrap().trim().trim_matches('"');
        if value.len() > 6 {
            assert!(!all.contains(value), "{key} = {value}");
            outside += 1;
        }
    }
    assert!(outside > 10, "{outside} are no proof");
    let root = folder.path().display().to_string();
    for word in [root.as_str(), "127.0.0.1", "BEGIN", "secrets/", "http"] {
        assert!(!all.contains(word), "{word}");
    }
}

#[test]
fn what_decides_is_a_part_and_what_does_not_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (file, mut config) = prepared(folder.path());
    let before = texts(&today(&config));
    let names: Vec<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "access",
            "alarms",
            "authority",
            "dispatch",
            "mappings",
            "plan",
            "plugins.tally",
            "program",
            "routes",
            "rules"
        ]
    );
    // Another address, another folder of data, another pace of ticks.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("127.0.0.1", "127.0.0.2")).unwrap();
    let mut other = ParkConfig::read(&file).unwrap();
    other.hub.data = folder.path().join("elsewhere");
    other.hub.tick_ms = 500;
    assert_eq!(texts(&today(&other)), before);
    let changed = |config: &ParkConfig| {
        let after = texts(&today(config)).into_iter();
        let other = after.filter(|(name, text)| before[name] != *text);
        other.map(|(name, _)| name).collect::<Vec<String>>()
    };
    config.plan.capacity = Some(7);
    assert_eq!(changed(&config), ["plan"]);
    config.access.tailgate_s += 1;
    config.alarms.flood_s += 1;
    config.authority.grant_ahead_days_max += 1;
    assert_eq!(changed(&config), ["access", "alarms", "authority", "plan"]);
    config.alarms.routes = None;
    config.adapters.0.clear();
    assert_eq!(
        changed(&config),
        [
            "access",
            "alarms",
            "authority",
            "dispatch",
            "plan",
            "routes"
        ]
    );
}

#[test]
fn parts_are_read_as_they_were_written_and_one_of_another_program_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_, config) = prepared(folder.path());
    let settings = today(&config);
    let parts: BTreeMap<&str, &Part> = settings
        .today()
        .iter()
        .map(|it| (it.name.as_str(), it))
        .collect();
    assert!(settings.make(&parts).unwrap().unusable.is_empty());
    assert_eq!(read::<ParkPlan>(parts["plan"]).unwrap(), config.plan);
    assert_eq!(
        read::<AccessConfig>(parts["access"]).unwrap(),
        config.access
    );
    assert_eq!(
        read::<AuthoritySettings>(parts["authority"]).unwrap(),
        config.authority
    );
    let bad = [
        Part::new("plan", 1, r#"{"code":"JS-DEMO","name":"x","towers":[]}"#),
        Part::new(
            "rules",
            1,
            r#"[["access.cedar","permit (principal, action, resource);"]]"#,
        ),
        Part::new("routes", 2, "null"),
    ];
    for part in &bad {
        let mut parts = parts.clone();
        parts.insert(&part.name, part);
        let unusable = settings.make(&parts).unwrap().unusable;
        assert_eq!(unusable.len(), 1, "{}", part.name);
        assert_eq!(unusable[0].name, part.name);
        let why = &unusable[0].why;
        assert_eq!(
            (why.code(), why.place()),
            ("F095", format!("settings: {}", part.name).as_str())
        );
        assert!(!why.remedy_text().is_empty());
    }
}

#[test]
fn what_is_too_large_to_be_an_entry_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut config) = prepared(folder.path());
    let device = config.plan.devices[0].clone();
    config.plan.devices = vec![device; 60_000];
    let mappings = Mappings::default();
    let faults = settings(&config, &mappings).err().unwrap();
    let told: Vec<(&str, &str)> = faults.iter().map(|it| (it.code(), it.place())).collect();
    assert_eq!(told, [("K103", "settings: plan")]);
}

/// Gives its intake out.
#[derive(Default)]
struct Yard(Mutex<Option<Intake>>);

impl Adapter for Yard {
    fn definition(&self) -> Definition {
        Definition {
            name: "yard".into(),
            protocol: "test",
            targets: Vec::new(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningYard(self, link))
    }
}

/// The same, started.
struct RunningYard(Arc<Yard>, Link);

impl Running for RunningYard {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let Self(yard, link) = self;
            *yard.0.lock().unwrap() = Some(link.intake.clone());
            link.shutdown.wait().await;
            Ok(())
        })
    }

    fn execute(&self, _order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::new(OutcomeKind::Confirmed, "as told") })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { Vec::new() })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }
}

fn capture(number: usize, at: Timestamp) -> Read {
    let body = Body::PlateCapture(PlateCapture {
        device_id: "CAM-02".parse().unwrap(),
        gate_id: None,
        lane_id: "L-02".parse().unwrap(),
        plate_number: format!("苏A100{number:02}").parse().unwrap(),
        plate_colour: PlateColour::Blue,
        plate_class: None,
        plate_text: None,
        subject_kind: None,
        direction: Direction::In,
        captured_at: at,
        confidence: None,
        etag_epc: None,
        trailer_plate: None,
        speed_kmh: None,
        image_ref: None,
        image_digest: None,
    });
    Read {
        device: "CAM-02".parse().unwrap(),
        message_id: None,
        observed_at: Some(at),
        received_at: at,
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Body(Box::new(body)),
        raw: Bytes::from_static(b"a picture"),
    }
}

/// Starts the hub of a configuration with one adapter, whose intake is given.
async fn start(
    root: &Path,
    config: &ParkConfig,
    clock: &ManualClock,
) -> (RunningHub, Intake, Arc<ParkSettings>) {
    let today = today(config);
    let journal = Journal::open(
        root.join("journal"),
        Options {
            floor_free_bytes: 0,
            warn_free_bytes: 0,
            warn_used_percent: 100,
            ..Options::new("JS-DEMO/hub-1")
        },
    );
    let journal = journal.unwrap();
    let (state, _) =
        StateStore::open_for(root.join("state.redb"), &journal.reader().unwrap()).unwrap();
    let plan = Arc::new(config.plan.clone());
    let authority = Authority::new(plan, config.hub.id.clone(), config.authority.clone()).unwrap();
    let mut hub_config = HubConfig::new(authority, root.join("emergency"));
    hub_config.settings = Some(Arc::clone(&today) as _);
    let yard = Arc::new(Yard::default());
    let parts = HubParts {
        ledger: Arc::new(OpenedOnce::new(journal, Arc::new(state)).unwrap()),
        plugins: today.make(&BTreeMap::new()).unwrap().plugins,
        adapters: vec![Arc::clone(&yard) as _],
        mappings: Arc::default(),
        clock: Arc::new(clock.clone()),
    };
    let hub = Hub::start(hub_config, parts).await.unwrap();
    let intake = loop {
        if let Some(intake) = yard.0.lock().unwrap().take() {
            break intake;
        }
        tokio::task::yield_now().await;
    };
    (hub, intake, today)
}

/// One run of the hub under a configuration: a vehicle without a grant comes. Gives the last entry and the state.
async fn run(
    root: &Path,
    config: &ParkConfig,
    clock: &ManualClock,
    number: usize,
) -> (u64, Digest) {
    let (hub, intake, today) = start(root, config, clock).await;
    intake.offer(capture(number, clock.now())).await.unwrap();
    drop(intake);
    // Whoever shows the alarms has one handle, whichever plug-in keeps them by now.
    assert!(today.open_alarms().total() > 0);
    hub.shutdown_at().await.unwrap().unwrap()
}

/// The rules of a week: the built-in ones, whose rule on vehicles without a grant has the week in its name and another
/// text in each.
fn rules_of_week(week: usize) -> String {
    let built_in = CedarRules::built_in().map_err(|_| ()).unwrap();
    let text = built_in.files()[0]
        .1
        .replace("\"grant.none\"", &format!("\"grant.none-{week}\""));
    let more = format!("when {{ context.occupancy < {} }}", 1_000 + week);
    text.replacen(
        "(!context.hasGrant || !context.grantActive) };",
        &format!("(!context.hasGrant || !context.grantActive) }} {more};"),
        1,
    )
}

/// Ten changes of plan, rules, routes and settings of plug-ins; every other run ended hard, before its state was saved.
#[tokio::test(flavor = "multi_thread")]
async fn last_weeks_decision_is_explained_and_replayed_by_last_weeks_rules() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (_, mut config) = prepared(root);
    let (rules, state) = (root.join("rules"), root.join("state.redb"));
    std::fs::create_dir(&rules).unwrap();
    config.rules = Some(rules.clone());
    let clock = ManualClock::new(Timestamp::from_micros(1_795_478_400_000_000));
    let mut ended = None;
    for week in 0..=10 {
        std::fs::write(rules.join("access.cedar"), rules_of_week(week)).unwrap();
        config.plan.capacity = Some(50 + u32::try_from(week).unwrap());
        let level = if week % 2 == 0 {
            AlarmLevel::Red
        } else {
            AlarmLevel::Blue
        };
        config.access.levels = BTreeMap::from([(AlarmCode::NoGrant, level)]);
        config.alarms.flood_s = 60 + u32::try_from(week).unwrap();
        if week == 6 {
            config.alarms.routes = None;
        }
        let before = std::fs::read(&state).ok().filter(|_| week % 2 == 1);
        ended = Some(run(root, &config, &clock, week).await);
        if let Some(before) = before {
            std::fs::write(&state, before).unwrap();
        }
        clock.advance_ms(7 * 86_400_000);
    }
    let reader = EntryReader::open(root.join("journal")).unwrap();
    let maker: Arc<dyn Maker> = today(&config);
    let report = replay_under(&reader, &maker, None, None, |_| {}).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(ended, Some((report.number, report.state_hash)));
    let decisions = decisions(&reader);
    assert_eq!(decisions.len(), 11);
    for (week, (number, decision)) in decisions.iter().enumerate() {
        let id = format!("grant.none-{week}");
        assert_eq!(decision.rules[0].rule_id, id);
        let held = settings_at(&reader, *number).unwrap();
        let named = held.values().map(|held| held.number).max();
        assert_eq!(decision.settings_entry, named);
        let text = rules_then(decision, &held).unwrap().rule(&id).unwrap();
        assert!(text.contains(&format!("< {}", 1_000 + week)), "{text}");
        let plan: ParkPlan = read(&held["plan"].part).unwrap();
        assert_eq!(plan.capacity, Some(50 + u32::try_from(week).unwrap()));
    }
}

fn decisions(reader: &EntryReader) -> Vec<(u64, PassageDecision)> {
    let entries = reader.read_from(1).unwrap().map(Result::unwrap);
    let decisions = entries.filter_map(|stored| match &stored.entry.message.as_deref()?.body {
        Body::PassageDecision(decision) => Some((stored.entry.number, decision.clone())),
        _ => None,
    });
    decisions.collect()
}
