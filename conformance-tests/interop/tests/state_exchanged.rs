//! I4 in the program as it is shipped: the file of the state is removed or exchanged while its disk fails. An
//! order that was acknowledged is known when it comes again, and the boom does not rise a second time.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_contract::type_in_label;
use cordon_interop::{
    FailingPark, Faults, Head, Lane, Park, fresh_id, message, message_file, moment, said,
};
use cordon_journal::{Reader, Witness};

const EIO: i32 = 5;
const WARNED: &str = "warning: state: it, or its witness, is not saved";

struct Scene {
    park: Park,
    faults: Faults,
    lane: Lane,
    /// Signed orders so far.
    orders: usize,
    _scratch: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let failing = FailingPark::start_failing(Some("spool/emergency"), "store/state.redb");
        Self {
            park: failing.park,
            faults: failing.faults,
            lane: failing.lane,
            orders: 0,
            _scratch: failing.scratch,
        }
    }

    fn store(&self) -> PathBuf {
        self.park.data().join("store")
    }

    fn state(&self) -> PathBuf {
        self.store().join("state.redb")
    }

    /// A signed opening or release that nobody said before.
    fn order(&mut self, release: bool) -> (String, String) {
        let id = fresh_id();
        let fields = format!(
            "<c:OrderId>EO-{release}</c:OrderId><c:Gates>G-04</c:Gates><c:OrderedBy>operator-1</c:OrderedBy>\
             <c:Reason>fire</c:Reason><c:Release>{release}</c:Release><c:OrderedAt>{}</c:OrderedAt>",
            moment(0)
        );
        let text = message(Head::of("operator-1"), &id, "EmergencyGateOpen", &fields);
        let order = (id, text);
        let told = self.say(&order);
        assert!(told.contains("accepted 1"), "{told}\n{}", self.park.log());
        self.orders += 1;
        order
    }

    fn say(&self, (id, text): &(String, String)) -> String {
        let file = message_file(self.park.scratch(), id, text);
        let mut submit = self.park.client(&["submit"], "park", "operator-1");
        // One of its own: what was answered before would not be sent again.
        let spool = self.park.scratch().join(fresh_id());
        std::fs::create_dir_all(&spool).unwrap();
        said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
    }

    fn labels(&self) -> Vec<String> {
        let reader = Reader::open(self.store().join("journal")).unwrap();
        let records = reader.read_from(1).unwrap();
        records
            .map(|it| type_in_label(&it.unwrap().label).to_owned())
            .collect()
    }

    fn count(&self, label: &str) -> usize {
        self.labels().iter().filter(|it| *it == label).count()
    }

    /// Waits until the state was saved so often that it alone knows what was said so far.
    fn wait_until_forgotten(&self) {
        for _ in 0..3 {
            let end = u64::try_from(self.labels().len()).unwrap();
            self.park.until("the state is saved", || {
                let saved = Witness::read(self.store().join("witness")).unwrap();
                saved.is_some_and(|(number, _)| number >= end)
            });
        }
    }

    fn is_warned(&self) -> bool {
        let text = self.park.get("/healthz");
        text.is_some_and(|text| text.contains(WARNED))
    }

    /// An opening and its release, both carried out and in the state alone; then its disk fails, the file is
    /// exchanged, and the opening comes again when all is well.
    fn comes_again(&mut self, how: &str, is_told_first: bool, exchange: impl Fn(&Path)) {
        let opening = self.order(false);
        self.lane.wait_until_up();
        self.order(true);
        self.park.until("the boom is down", || self.lane.is_down());
        self.wait_until_forgotten();
        let astray = self.count("state.astray");
        self.faults.sync(EIO);
        self.faults.write(EIO);
        self.park.until("the health warns", || self.is_warned());
        exchange(&self.state());
        if is_told_first {
            self.park
                .until("it is told", || self.count("state.astray") > astray);
        }
        self.faults.end();
        self.park.until("it is saved again", || !self.is_warned());
        self.park
            .until("it is told", || self.count("state.astray") > astray);
        self.wait_until_forgotten();
        let told = self.say(&opening);
        assert!(told.contains("accepted 1"), "{how}: {told}");
        assert_eq!(self.count("EmergencyGateOpen"), self.orders, "{how}");
        assert!(self.lane.is_down(), "{how}: the boom rose again");
        assert_eq!(self.count("hub.resumed"), 0, "{how}: nothing was refused");
    }
}

/// A state of another park that stands at some record.
fn of_another_park() -> Vec<u8> {
    let mut park = Park::start();
    let witness = park.data().join("witness");
    park.until("a state is saved", || {
        Witness::read(&witness).is_ok_and(|saved| saved.is_some())
    });
    assert_eq!(park.terminate(), Some(0));
    std::fs::read(park.data().join("state.redb")).unwrap()
}

/// Whatever lay there was opened as the state, and the order was carried out and journaled a second time.
#[test]
fn an_order_is_known_again_whatever_happened_to_the_file_of_the_state() {
    let cases = [
        ("removed", Vec::new()),
        ("removed at the repair", Vec::new()),
        ("empty", Vec::new()),
        ("another park's", of_another_park()),
        ("an older copy", Vec::new()),
    ];
    // Each waits for saves, most of the time.
    std::thread::scope(|threads| {
        for (how, bytes) in cases {
            threads.spawn(move || {
                let mut scene = Scene::new();
                let bytes = match how {
                    "an older copy" => std::fs::read(scene.state()).unwrap(),
                    _ => bytes,
                };
                scene.comes_again(how, how == "removed", |path| {
                    std::fs::remove_file(path).unwrap();
                    if !how.starts_with("removed") {
                        std::fs::write(path, &bytes).unwrap();
                    }
                });
                assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
            });
        }
    });
}

/// Who read the state, the sequencer too, waited for the copy that was being made of it: nobody was answered, and
/// the health neither.
#[test]
fn a_state_whose_disk_falls_silent_while_it_is_put_back_keeps_nobody_waiting() {
    let mut scene = Scene::new();
    scene.wait_until_forgotten();
    scene.faults.sync(EIO);
    scene.faults.write(EIO);
    scene.park.until("the health warns", || scene.is_warned());
    std::fs::remove_file(scene.state()).unwrap();
    scene.faults.freeze();
    scene.faults.sync(0);
    scene.faults.write(0);
    let is_silent = || scene.park.log().contains("a disk does not answer");
    scene.park.until("the copy is given up", is_silent);
    assert!(scene.is_warned(), "{}", scene.park.log());
    let opening = scene.order(false);
    scene.lane.wait_until_up();
    scene.order(true);
    scene
        .park
        .until("the boom is down", || scene.lane.is_down());
    let told = scene.say(&opening);
    assert!(told.contains("accepted 1"), "a repetition: {told}");
    scene.faults.end();
    scene.park.until("it is saved again", || !scene.is_warned());
    scene.wait_until_forgotten();
    assert_eq!(scene.count("EmergencyGateOpen"), 2);
    assert_eq!(scene.count("hub.resumed"), 0, "nothing was refused");
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

fn is_built_again_from(bytes: &[u8]) {
    let mut scene = Scene::new();
    let opening = scene.order(false);
    scene.lane.wait_until_up();
    scene.order(true);
    scene
        .park
        .until("the boom is down", || scene.lane.is_down());
    scene.wait_until_forgotten();
    scene.faults.sync(EIO);
    scene.faults.write(EIO);
    scene.park.until("the health warns", || scene.is_warned());
    std::fs::write(scene.state(), bytes).unwrap();
    scene.faults.end();
    let resumed = || scene.count("hub.resumed") == 1;
    scene.park.until("it is built again", resumed);
    scene.park.wait_until_healthy();
    let told = scene.say(&opening);
    assert!(told.contains("accepted 1"), "{told}");
    assert_eq!(scene.count("EmergencyGateOpen"), 2);
    assert!(scene.lane.is_down(), "the boom rose again");
}

/// Written over under its own name nothing is left of it: it is built again from the journal, and what was
/// said is known as after a start.
#[test]
fn a_state_that_was_written_over_is_built_again_from_the_journal() {
    let contents = [Vec::new(), of_another_park()];
    std::thread::scope(|threads| {
        for bytes in contents {
            threads.spawn(move || is_built_again_from(&bytes));
        }
    });
}
