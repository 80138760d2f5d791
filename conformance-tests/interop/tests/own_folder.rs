//! A running hub knows its own journal. Whatever else lies under its path by now (nothing, an empty folder, an
//! older copy) is not taken for it: the hub says so, acts for emergencies, and goes on when its own is back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cordon_contract::type_in_label;
use cordon_interop::{
    FailingPark, Faults, Head, Lane, Park, fresh_id, message, message_file, moment, said,
};
use cordon_journal::{Reader, Record};

const EIO: i32 = 5;
const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;

struct Scene {
    park: Park,
    faults: Faults,
    lane: Lane,
    scratch: tempfile::TempDir,
}

impl Scene {
    /// A healthy park with one lane; the spool lies in the data folder too, or in one of its own.
    fn new(spool: Option<&str>) -> Self {
        let FailingPark {
            park,
            faults,
            lane,
            scratch,
        } = FailingPark::start(spool);
        Self {
            park,
            faults,
            lane,
            scratch,
        }
    }

    fn store(&self) -> PathBuf {
        self.park.data().join("store")
    }

    fn away(&self) -> PathBuf {
        self.park.data().join("away")
    }

    /// One-key opening: acknowledged, carried out, and not to be journaled before the folder is back.
    fn open_late(&self) {
        self.park.until_online("BR-06");
        let answer = self.park.post("/api/emergency-open", OPEN).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"late\":true"), "{answer}");
        self.lane.wait_until_up();
    }

    /// The emergency mode, by a disk that fails under the hub.
    fn fail(&mut self) {
        self.faults.sync(EIO);
        self.open_late();
        self.park.wait_until_health("F060");
        self.confirmed(2);
    }

    /// Waits until so many lines wait to be journaled: each opening, and what came of it.
    fn confirmed(&self, wanted: u64) {
        let waiting = || {
            let metrics = self.park.get("/metrics")?;
            let mut lines = metrics.lines();
            let count = lines.find_map(|line| line.strip_prefix("cordon_emergency_spooled "))?;
            count.parse::<u64>().ok()
        };
        self.park
            .until(&format!("{wanted} lines wait in spool and memory"), || {
                waiting() == Some(wanted)
            });
    }

    /// Waits until the hub says that what lies there is not its journal; panics when it takes it.
    fn wait_until_refused(&mut self) {
        self.park.until("J060 is said, and not `ok`", || {
            let health = self.park.get("/healthz").unwrap_or_default();
            assert!(!health.starts_with("HTTP/1.1 200"), "{}", self.park.log());
            health.contains("J060")
        });
    }

    /// A message of an enterprise; what `submit` says of it.
    fn say(&self) -> String {
        let id = fresh_id();
        let fields = format!(
            "<c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Required>4</c:Required>\
             <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
            moment(0)
        );
        let text = message(Head::of("enterprise-1"), &id, "OnDutyStatus", &fields);
        let file = message_file(self.park.scratch(), &id, &text);
        let spool = self.scratch.path().join(format!("spool-{id}"));
        std::fs::create_dir(&spool).unwrap();
        let mut submit = self.park.client(&["submit"], "enterprise", "enterprise-1");
        submit.args(["--patience-s", "2", "--spool"]).arg(&spool);
        said(&submit.arg(file).output().unwrap())
    }

    /// Everything is well again: one journal, without holes, in which each opening stands once.
    fn ends_well(&mut self, openings: usize) {
        self.park.wait_until_healthy();
        assert!(self.say().contains("accepted 1"), "{}", self.park.log());
        let journal = self.store().join("journal");
        self.park.until(&format!("{openings} openings"), || {
            let labels = labels(&journal);
            let count = |label: &str| labels.get(label).copied().unwrap_or_default();
            count("EmergencyGateOpen") == openings && count("CONFIRMED") == openings
        });
        let labels = labels(&journal);
        assert_eq!(labels.get("hub.start"), Some(&1), "{labels:?}");
        assert_eq!(labels.get("hub.resumed"), Some(&1), "{labels:?}");
        let alarms = self.park.view()["alarms"].to_string();
        assert!(alarms.contains("STORAGE_FAIL"), "people are told: {alarms}");
        assert_eq!(self.park.terminate(), Some(0), "{}", self.park.log());
    }
}

fn records(journal: &Path) -> Vec<Record> {
    let reader = Reader::open(journal).unwrap();
    reader.read_from(1).unwrap().map(Result::unwrap).collect()
}

fn labels(journal: &Path) -> BTreeMap<String, usize> {
    let mut labels = BTreeMap::new();
    for record in records(journal) {
        // The alarm about the folder is delivered too; what is counted is what came of the barrier's orders.
        let of_others = !String::from_utf8_lossy(&record.body).contains("BR-06");
        if record.label != "CONFIRMED" || !of_others {
            let label = type_in_label(&record.label).to_owned();
            *labels.entry(label).or_default() += 1;
        }
    }
    labels
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, to).unwrap()),
        }
    }
}

/// A disk that is unmounted for repair leaves an empty folder in its place. A journal was founded there, `ok`
/// said, and numbers issued again; of what was acknowledged nothing was in the journal afterwards.
fn over_an_empty_folder(spool: Option<&str>, restart: bool) {
    let mut scene = Scene::new(spool);
    assert!(scene.say().contains("accepted 1"));
    // The witness knows it: a start that finds the disk failing has nothing else to go by.
    let (store, away) = (scene.store(), scene.away());
    scene.park.until("the state is saved", || {
        std::fs::metadata(store.join("witness")).is_ok_and(|file| file.len() > 0)
    });
    scene.fail();
    let mut waiting = 2;
    if restart {
        scene.faults.open(30);
        scene.park.kill();
        scene.lane.restart();
        scene.park.start_again();
        scene.park.wait_until_health("F060");
    }
    std::fs::rename(&store, &away).unwrap();
    std::fs::create_dir(&store).unwrap();
    scene.faults.end();
    scene.wait_until_refused();
    for name in ["journal", "state.redb", "witness"] {
        assert!(!store.join(name).exists(), "{name} was made there");
    }
    scene.open_late();
    waiting += 2;
    scene.confirmed(waiting);
    let words = scene.say();
    assert!(!words.contains("accepted 1"), "{words}");

    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&away, &store).unwrap();
    if restart {
        scene.park.wait_until_healthy();
        let journal = store.join("journal");
        scene.park.until("both openings are journaled", || {
            let labels = labels(&journal);
            labels.get("EmergencyGateOpen") == Some(&2) && labels.get("CONFIRMED") == Some(&2)
        });
        return;
    }
    scene.ends_well(2);
}

#[test]
fn an_empty_folder_in_place_of_a_failed_disk_is_not_the_journal() {
    over_an_empty_folder(Some("spool/emergency"), false);
}

#[test]
fn an_empty_folder_is_not_the_journal_of_a_hub_that_started_on_a_failing_disk() {
    over_an_empty_folder(Some("spool/emergency"), true);
}

/// Lines that had been written into the empty folder were forgotten with it.
#[test]
fn openings_spooled_into_a_folder_that_goes_away_again_are_journaled() {
    over_an_empty_folder(None, false);
}

/// Twenty acknowledged messages were gone and their numbers issued again, and `verify` called it clean.
#[test]
fn an_older_copy_put_in_place_of_a_failed_disk_is_not_the_journal() {
    let mut scene = Scene::new(Some("spool/emergency"));
    let (store, away, older) = (scene.store(), scene.away(), scene.park.data().join("older"));
    copy(&store, &older);
    // Nothing that lies beside it tells: memory alone does.
    for name in ["state.redb", "witness"] {
        let _ = std::fs::remove_file(older.join(name));
    }
    assert!(scene.say().contains("accepted 1"));
    let held = records(&store.join("journal"));
    scene.fail();
    std::fs::rename(&store, &away).unwrap();
    copy(&older, &store);
    let before = records(&store.join("journal")).len();
    scene.faults.end();
    scene.wait_until_refused();
    scene.open_late();
    assert_eq!(records(&store.join("journal")).len(), before, "untouched");

    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&away, &store).unwrap();
    scene.ends_well(2);
    let after = records(&store.join("journal"));
    for (before, after) in held.iter().zip(&after) {
        assert_eq!((before.number, before.chain), (after.number, after.chain));
    }
}

/// Everything is acknowledged into files that nobody finds again, and `/healthz` said `ok`.
fn loses_its_path(lose: impl Fn(&Scene), give_back: impl Fn(&Scene)) {
    loses(lose, "J060", give_back);
}

fn loses(lose: impl Fn(&Scene), told: &str, give_back: impl Fn(&Scene)) {
    let mut scene = Scene::new(Some("spool/emergency"));
    assert!(scene.say().contains("accepted 1"));
    lose(&scene);
    scene.park.wait_until_health(told);
    let words = scene.say();
    assert!(!words.contains("accepted 1"), "{words}");
    let metrics = scene.park.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordon_mode{mode=\"emergency\"} 1"),
        "{metrics}"
    );
    scene.open_late();
    scene.confirmed(2);
    give_back(&scene);
    scene.ends_well(1);
}

#[test]
fn a_data_folder_that_is_renamed_under_a_healthy_hub_ends_the_acknowledging() {
    loses_its_path(
        |scene| std::fs::rename(scene.store(), scene.away()).unwrap(),
        |scene| std::fs::rename(scene.away(), scene.store()).unwrap(),
    );
}

#[test]
fn a_journal_folder_that_is_renamed_under_a_healthy_hub_ends_the_acknowledging() {
    let journal = |scene: &Scene| scene.store().join("journal");
    loses_its_path(
        |scene| std::fs::rename(journal(scene), scene.away()).unwrap(),
        |scene| std::fs::rename(scene.away(), journal(scene)).unwrap(),
    );
}

/// The files are gone for good; a copy that was made while the hub stood still holds all it knows.
#[test]
fn journal_files_that_are_removed_under_a_healthy_hub_end_the_acknowledging() {
    let journal = |scene: &Scene| scene.store().join("journal");
    loses_its_path(
        |scene| {
            copy(&journal(scene), &scene.away());
            std::fs::rename(journal(scene), scene.store().join("lost")).unwrap();
            std::fs::create_dir(journal(scene)).unwrap();
        },
        |scene| {
            let lost = scene.store().join("lost");
            std::fs::remove_dir_all(scene.away()).unwrap();
            copy(&lost, &journal(scene));
        },
    );
}

/// The next start noticed it; until then all went on, into a file with a hole.
#[test]
fn a_journal_file_that_is_cut_under_a_healthy_hub_ends_the_acknowledging() {
    let segment = |scene: &Scene| scene.store().join("journal/00000001.seg");
    let signal = |scene: &Scene, which: &str| {
        let pid = scene.park.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([which, &pid])
            .status();
        assert!(sent.unwrap().success());
    };
    loses(
        |scene| {
            // What is kept is all that stood there.
            signal(scene, "-STOP");
            std::fs::copy(segment(scene), scene.away()).unwrap();
            let file = std::fs::OpenOptions::new().write(true).open(segment(scene));
            file.unwrap().set_len(8192).unwrap();
            signal(scene, "-CONT");
        },
        "J061",
        |scene| {
            let whole = scene.store().join("whole");
            std::fs::copy(scene.away(), &whole).unwrap();
            std::fs::rename(whole, segment(scene)).unwrap();
        },
    );
}

/// The hub's alarms about its files that stand raised.
fn raised(park: &Park) -> usize {
    let view = park.view();
    let alarms = view["alarms"].as_array().cloned().unwrap_or_default();
    let stands = alarms
        .iter()
        .filter(|alarm| alarm["code"] == "STORAGE_FAIL" && alarm["state"] == "RAISED");
    stands.count()
}

/// Its alarm stood for good, over a restart too that had made the state anew.
#[test]
fn the_alarm_of_a_lost_state_ends_when_it_is_in_its_place() {
    let mut scene = Scene::new(Some("spool/emergency"));
    let state = scene.store().join("state.redb");
    let lose = |scene: &Scene| {
        std::fs::rename(&state, scene.away()).unwrap();
        scene
            .park
            .until("it is missed", || raised(&scene.park) == 1);
    };
    lose(&scene);
    std::fs::rename(scene.away(), &state).unwrap();
    scene.park.until("it is over", || raised(&scene.park) == 0);
    // At once, although the last one was told a moment ago.
    lose(&scene);
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
    scene.park.start_again();
    scene.park.wait_until_healthy();
    scene.park.until("it is over", || raised(&scene.park) == 0);
}

/// It was noticed at the next start, or not at all: with both gone a rollback is not known.
#[test]
fn a_state_or_a_witness_that_is_removed_under_a_healthy_hub_is_an_alarm() {
    let scene = Scene::new(Some("spool/emergency"));
    assert!(scene.say().contains("accepted 1"));
    let journal = scene.store().join("journal");
    for (count, name) in [(1, "witness"), (2, "state.redb")] {
        std::fs::rename(scene.store().join(name), scene.away()).unwrap();
        scene.park.until(&format!("{name} is missed"), || {
            let told = labels(&journal).get("state.astray").copied();
            told == Some(count)
                && scene
                    .park
                    .log()
                    .contains(&format!("store/{name}; put the file"))
        });
        let alarms = scene.park.view()["alarms"].to_string();
        assert!(alarms.contains("STORAGE_FAIL"), "people are told: {alarms}");
        assert!(scene.say().contains("accepted 1"), "{}", scene.park.log());
        std::fs::rename(scene.away(), scene.store().join(name)).unwrap();
        scene.park.until(&format!("{name} is seen again"), || {
            labels(&journal).get("state.in-place").copied() == Some(count)
        });
    }
}
