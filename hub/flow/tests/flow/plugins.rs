//! Plug-ins that need not run: they begin with nothing at the entry that says their settings and forget all at the one
//! that says nothing; whoever else runs keeps what he has, and every past is replayed as it was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_contract::{Decisions, Entry, EntryKind, Fault, Plugin, Rows, Table};
use cordon_flow::{
    Absent, Authority, AuthoritySettings, ChangedPart, EntryReader, Made, Maker, PLUGINS, Part,
    ReplayReport, RunningHub, SettingsChange, replay_under,
};
use cordon_journal::{State, StateStore};
use cordon_model::{Body, Digest, MessageId};

use crate::park::{Park, Porter, hub_id, plan};
use crate::settings::{decision, offer, settings, text};

/// Decides on every status of a device, counting from where it began; the steps are seen by the test.
struct Counter {
    name: &'static str,
    word: String,
    seen: Table<MessageId, u64>,
    steps: Arc<AtomicU64>,
}

impl Plugin for Counter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        self.steps.fetch_add(1, Ordering::SeqCst);
        let body = entry.message.as_deref().map(|message| &message.body);
        if entry.kind != EntryKind::Message || !matches!(body, Some(Body::DeviceStatus(_))) {
            return;
        }
        self.seen.insert(entry.message_id, entry.number);
        if self.name == "extra" {
            let count = u64::try_from(self.seen.len()).unwrap();
            decisions.emit(decision(entry, &self.word, count), None);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.seen]
    }
}

/// A program that may know the plug-in `extra`, and a configuration that may have a section for it.
#[derive(Clone)]
struct Program {
    parts: Vec<Part>,
    knows: bool,
    /// The form of its table.
    form: u16,
    extra: Arc<AtomicU64>,
    always: Arc<AtomicU64>,
}

fn extra_part() -> String {
    format!("{PLUGINS}extra")
}

/// The program that knows it, with this word in its section.
fn with(word: Option<&str>) -> Program {
    let extra = match word {
        Some(word) => Part::new(&extra_part(), 1, word.to_owned()),
        None => Part::nothing(&extra_part(), 1),
    };
    Program {
        parts: vec![Part::new("program", 1, "0.1.0"), extra],
        knows: true,
        form: 1,
        extra: Arc::default(),
        always: Arc::default(),
    }
}

/// One that was built without it.
fn without() -> Program {
    let mut program = with(None);
    program.parts.truncate(1);
    program.knows = false;
    program
}

impl Program {
    fn counter(&self, name: &'static str, word: &str) -> Box<dyn Plugin> {
        let (steps, form) = match name {
            "extra" => (&self.extra, self.form),
            _ => (&self.always, 1),
        };
        Box::new(Counter {
            name,
            word: word.to_owned(),
            seen: Table::new("seen", form),
            steps: Arc::clone(steps),
        })
    }

    fn maker(&self) -> Arc<dyn Maker> {
        Arc::new(self.clone())
    }

    fn by(&self, parts: &[Part]) -> Vec<Box<dyn Plugin>> {
        let parts = parts.iter().map(|part| (part.name.as_str(), part));
        self.make(&parts.collect()).unwrap().plugins
    }
}

impl Maker for Program {
    fn today(&self) -> &[Part] {
        &self.parts
    }

    fn make(&self, parts: &BTreeMap<&str, &Part>) -> Result<Made, Fault> {
        let mut plugins: Vec<Box<dyn Plugin>> =
            vec![Box::new(Porter::default()), self.counter("always", "")];
        if self.knows {
            let held = parts.get(extra_part().as_str());
            plugins.push(match held.filter(|part| !part.is_nothing()) {
                Some(part) => self.counter("extra", &text(part)),
                None => Box::new(Absent("extra")),
            });
        }
        Ok(Made {
            plugins,
            unusable: Vec::new(),
        })
    }
}

async fn start(park: &mut Park, program: &Program) -> RunningHub {
    park.config.settings = Some(program.maker());
    park.clock.advance_ms(60_000);
    park.start_with(program.by(&[])).await
}

async fn change(hub: &RunningHub, program: &Program) -> Vec<ChangedPart> {
    let settings = AuthoritySettings::default();
    let change = SettingsChange {
        maker: program.maker(),
        plugins: program.by(&program.parts),
        authority: Authority::new(Arc::new(plan()), hub_id(), settings).unwrap(),
        mappings: Arc::default(),
    };
    hub.submit().change_settings(change).await.unwrap()
}

fn replayed(park: &Park, program: &Program) -> ReplayReport {
    let reader = EntryReader::open(park.journal_dir()).unwrap();
    replay_under(&reader, &program.maker(), None, None, |_| {}).unwrap()
}

/// It is replayed to the same state, whatever the configuration says of the plug-in today.
fn replays(park: &Park, ended: Option<(u64, Digest)>) {
    for word in [None, Some("another")] {
        let report = replayed(park, &with(word));
        assert_eq!(report.first_difference, None, "{word:?}");
        assert_eq!(Some((report.number, report.state_hash)), ended, "{word:?}");
    }
}

/// What it decided: its count, and the word it went by.
fn decided(park: &Park) -> Vec<String> {
    let entries = park.entries().into_iter();
    let decided = entries.filter_map(|stored| match &stored.entry.message.as_deref()?.body {
        Body::PassageDecision(it) => Some(format!("{} {}", it.decision_id, it.rules[0].rule_id)),
        _ => None,
    });
    decided.collect()
}

/// What the journal says of its section, in order.
fn said(park: &Park) -> Vec<String> {
    let settings = settings(park).into_iter();
    let own = settings.filter(|(_, name, _)| *name == extra_part());
    own.map(|(_, _, says)| says).collect()
}

/// Rows of a plug-in in the store.
fn rows(park: &Park, plugin: &str) -> usize {
    let (store, rebuild) = StateStore::open(park.state_file()).unwrap();
    assert_eq!(rebuild, None);
    let rows = store.range(&format!("plugin.{plugin}.seen"), &[], &[], usize::MAX);
    rows.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_where_its_settings_are_said_and_forgets_where_they_are_not() {
    let mut park = Park::new();
    let hub = start(&mut park, &with(None)).await;
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    assert_eq!((said(&park), decided(&park)), (vec![], vec![]));
    // At a start, and nothing of what was before.
    let hub = start(&mut park, &with(Some("a"))).await;
    offer(&park, 2).await;
    hub.shutdown().await.unwrap();
    // It goes on from what is stored.
    let same = with(Some("a"));
    let hub = start(&mut park, &same).await;
    let steps = same.extra.load(Ordering::SeqCst);
    assert!(steps < 5, "{steps} steps");
    offer(&park, 3).await;
    // While the hub runs.
    for (number, word) in [(4, Some("b")), (5, None), (6, Some("c"))] {
        let changed = change(&hub, &with(word)).await;
        assert_eq!(changed.len(), 1, "{word:?}");
        offer(&park, number).await;
    }
    let ended = hub.shutdown_at().await.unwrap();
    assert_eq!(said(&park), ["a", "b", "null", "c"]);
    assert_eq!(decided(&park), ["D-1 a", "D-2 a", "D-3 b", "D-1 c"]);
    assert_eq!((rows(&park, "extra"), rows(&park, "always")), (1, 6));
    replays(&park, ended);
    // And when all is stepped again at a start.
    std::fs::remove_file(park.state_file()).unwrap();
    let hub = start(&mut park, &with(Some("c"))).await;
    offer(&park, 7).await;
    let ended = hub.shutdown_at().await.unwrap();
    assert_eq!(decided(&park).last().unwrap(), "D-2 c");
    replays(&park, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_away_or_added_between_two_starts_it_harms_nobody_else() {
    let mut park = Park::new();
    let hub = start(&mut park, &with(Some("a"))).await;
    for number in 1..=5 {
        offer(&park, number).await;
    }
    hub.shutdown().await.unwrap();
    assert_eq!((rows(&park, "extra"), rows(&park, "always")), (5, 5));
    // The section is gone; then the plug-in is, from the program; then both are there again.
    for (number, program, stored, word) in [
        (6, with(None), 0, "null"),
        (7, with(Some("b")), 1, "b"),
        (8, without(), 0, "null"),
        (9, with(None), 0, "null"),
        (10, with(Some("c")), 1, "c"),
    ] {
        let hub = start(&mut park, &program).await;
        let steps = program.always.load(Ordering::SeqCst);
        assert!(steps < 5, "{word}: {steps} steps of one that was there");
        offer(&park, number).await;
        let ended = hub.shutdown_at().await.unwrap();
        assert_eq!(rows(&park, "extra"), stored, "{word}");
        assert_eq!(rows(&park, "always"), usize::from(number), "{word}");
        assert_eq!(said(&park).last().unwrap(), word);
        replays(&park, ended);
    }
    assert_eq!(said(&park), ["a", "null", "b", "null", "c"]);
    assert_eq!(decided(&park).last().unwrap(), "D-1 c");
    // A program without it cannot step what it decided, and says where that begins.
    let first = replayed(&park, &without()).first_difference.unwrap();
    let begins = settings(&park);
    let begins = begins.iter().find(|(_, name, _)| *name == extra_part());
    assert!(first.number > begins.unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_form_it_steps_alone_what_it_had_seen() {
    let mut park = Park::new();
    let hub = start(&mut park, &with(None)).await;
    offer(&park, 1).await;
    hub.shutdown().await.unwrap();
    let hub = start(&mut park, &with(Some("a"))).await;
    for number in 2..=4 {
        offer(&park, number).await;
    }
    hub.shutdown().await.unwrap();
    let other = Program {
        form: 2,
        ..with(Some("a"))
    };
    let hub = start(&mut park, &other).await;
    assert!(other.extra.load(Ordering::SeqCst) >= 6, "what it had seen");
    assert!(
        other.always.load(Ordering::SeqCst) < 5,
        "and nobody else has"
    );
    offer(&park, 5).await;
    let ended = hub.shutdown_at().await.unwrap();
    assert_eq!(
        decided(&park),
        ["D-1 a", "D-2 a", "D-3 a", "D-4 a"],
        "nothing twice"
    );
    let report = replayed(&park, &other);
    assert_eq!(report.first_difference, None);
    assert_eq!(Some((report.number, report.state_hash)), ended);
}
