//! A backup taken of a running park, and the park that comes out of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, program, said};

fn cordon(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words);
    command
}

fn say(park: &Park, count: usize) {
    let fields = format!(
        "<c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-1"), "ID", "OnDutyStatus", &fields);
    let files: Vec<PathBuf> = (0..count)
        .map(|_| {
            let id = fresh_id();
            let text = text.replace(">ID<", &format!(">{id}<"));
            message_file(park.scratch(), &id, &text)
        })
        .collect();
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains(&format!("accepted {count}")), "{words}");
}

fn backup(park: &Park, to: &Path) -> Output {
    let config = park.data().join("park.toml");
    cordon(&["backup"])
        .arg(to)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

fn restore(from: &Path, to: &Path) -> Output {
    cordon(&["restore"])
        .arg(from)
        .arg("--to")
        .arg(to)
        .output()
        .unwrap()
}

fn export(journal: &Path) -> String {
    let output = cordon(&["journal", "export", "--dir"])
        .arg(journal)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A park and a backup of it that was taken while it ran, and went on.
fn backed_up() -> (Park, PathBuf) {
    let park = Park::start();
    say(&park, 30);
    let to = park.scratch().join("backup");
    let output = backup(&park, &to);
    assert!(output.status.success(), "{}", said(&output));
    say(&park, 5);
    (park, to)
}

/// Puts the backup in the place of the park, which is moved away.
fn put_back(park: &Park, from: &Path) -> PathBuf {
    let old = park.scratch().join("old");
    std::fs::rename(park.data(), &old).unwrap();
    let output = restore(from, &park.data());
    assert!(output.status.success(), "{}", said(&output));
    let kept = export(&from.join("data/journal"));
    assert!(export(&old.join("journal")).starts_with(&kept));
    assert_eq!(export(&park.data().join("journal")), kept);
    assert!(!park.data().join("state.redb").exists());
    old
}

fn goes_on(park: &mut Park, from: &Path) {
    park.start_again();
    park.wait_until_healthy();
    say(park, 5);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let kept = export(&from.join("data/journal"));
    assert!(export(&park.data().join("journal")).starts_with(&kept));
}

#[test]
fn a_park_that_was_killed_goes_on_from_the_backup_that_was_taken_while_it_ran() {
    let (mut park, from) = backed_up();
    park.kill();
    put_back(&park, &from);
    goes_on(&mut park, &from);
}

/// The old witness says that something is lost since the backup, and the start asks for a name.
#[test]
fn what_came_after_the_backup_is_named_by_the_old_witness() {
    let (mut park, from) = backed_up();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let old = put_back(&park, &from);
    std::fs::copy(old.join("witness"), park.data().join("witness")).unwrap();
    let config = park.data().join("park.toml");
    let mut start = Command::new("timeout");
    start.arg("60").arg(program()).args(["run", "--config"]);
    let start = start.arg(&config).output().unwrap();
    assert!(said(&start).contains("J008"), "{}", said(&start));
    let accept = [
        "journal",
        "accept",
        "--by",
        "Wang Fang",
        "--reason",
        "disk lost",
        "--config",
    ];
    let accept = cordon(&accept).arg(&config).output().unwrap();
    assert!(accept.status.success(), "{}", said(&accept));
    goes_on(&mut park, &from);
}

#[test]
fn what_is_no_whole_backup_or_in_the_way_is_told_and_nothing_is_touched() {
    let (park, from) = backed_up();
    let again = said(&backup(&park, &from));
    assert!(again.contains("K092"), "{again}");
    let in_the_way = said(&restore(&from, &park.data()));
    assert!(in_the_way.contains("K092"), "{in_the_way}");

    let to = park.scratch().join("new");
    let manifest = from.join("backup.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    assert!(
        said(&restore(&from, &to)).contains("K093"),
        "it was broken off"
    );
    std::fs::write(&manifest, text.replace("JS-DEMO/", "JS-OTHER/")).unwrap();
    assert!(
        said(&restore(&from, &to)).contains("K093"),
        "another park's"
    );
    std::fs::write(&manifest, &text).unwrap();

    let segment = from.join("data/journal/00000001.seg");
    let whole = std::fs::read(&segment).unwrap();
    let mut damaged = whole.clone();
    damaged[4096 + 200] ^= 0xff;
    std::fs::write(&segment, damaged).unwrap();
    let output = restore(&from, &to);
    assert!(!output.status.success(), "{}", said(&output));
    std::fs::write(&segment, whole).unwrap();
    assert!(!to.exists(), "nothing was made");
    let output = restore(&from, &to);
    assert!(output.status.success(), "{}", said(&output));
}
