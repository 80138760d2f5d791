//! What of the configuration's file runs, told key by key from what stands there now.
//!
//! What decides may change while the hub runs. Everything else (listening addresses, adapters' own lists, papers,
//! secrets, folders) is what was opened at the start: it is compared by key, and the files it names by what they hold,
//! so that no change of it is passed over in silence. No key is known here beside those that decide.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::Digest;
use cordon_wire::digest_of_bytes;
use toml::{Table, Value};

use crate::config::{ParkConfig, Silent};

/// The sections and keys that decide, and are taken up while the hub runs.
const DECIDING: [&str; 6] = [
    "rules",
    "plan",
    "access",
    "alarms",
    "authority",
    crate::plugins::SECTION,
];
/// What decides of `[hub]`.
const DECIDING_OF_HUB: &str = "mappings";
/// Largest file whose content is compared; papers, secrets and profiles have some KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Differences that are named; more are counted.
const NAMED_MAX: usize = 40;

/// A configuration's file as it was read.
pub struct Running {
    folder: PathBuf,
    table: Table,
    /// The files that are named outside of what decides, but those that the hub writes, with what each held; nothing
    /// where it could not be read.
    files: BTreeMap<PathBuf, Option<Digest>>,
    /// Files that the hub writes itself: what they hold is no change of somebody's, and their disk keeps no hub from
    /// starting.
    written: BTreeSet<PathBuf>,
}

impl Running {
    /// Reads it; none of the files that are `written` by the hub itself, and none that gives no answer.
    ///
    /// # Errors
    /// `K001` when there is no such file, `K002` when it is no TOML.
    pub fn read(
        path: &Path,
        written: BTreeSet<PathBuf>,
        silent: &Silent,
    ) -> Result<Self, Vec<Fault>> {
        let table = ParkConfig::table(path)?;
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let mut named = BTreeSet::new();
        gather(&Value::Table(outside(&table)), &folder, &mut named);
        let named = named.difference(&written);
        let named = named.filter(|file| !silent.holds(file));
        let files = named.map(|file| (file.clone(), held(file))).collect();
        Ok(Self {
            folder,
            table,
            files,
            written,
        })
    }

    /// The same file as it stands now.
    ///
    /// # Errors
    /// As [`Running::read`].
    pub fn read_again(&self, path: &Path, silent: &Silent) -> Result<Self, Vec<Fault>> {
        Self::read(path, self.written.clone(), silent)
    }

    /// The configuration that holds when of another reading all that decides is taken up, and nothing else.
    ///
    /// # Errors
    /// As when it is read.
    pub fn with_settings_of(&self, other: &Self) -> Result<ParkConfig, Vec<Fault>> {
        let mut table = self.table.clone();
        for key in DECIDING {
            take(&mut table, &other.table, key);
        }
        if let (Some(Value::Table(own)), Some(Value::Table(others))) =
            (table.get_mut("hub"), other.table.get("hub"))
        {
            take(own, others, DECIDING_OF_HUB);
        }
        ParkConfig::of_table(table, &self.folder)
    }

    /// What of another reading is another and stays as it is until a restart.
    pub fn kept(&self, other: &Self) -> Vec<String> {
        let (own, others) = (outside(&self.table), outside(&other.table));
        let mut names = Vec::new();
        differences("", &Value::Table(own), &Value::Table(others), &mut names);
        for (file, digest) in &self.files {
            // One that is named no more is told by the key that named it.
            if other.files.get(file).is_some_and(|now| now != digest) {
                let shown = file.strip_prefix(&self.folder).unwrap_or(file);
                names.push(format!("{} (what it holds)", shown.display()));
            }
        }
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        names
    }

    /// A place or text without the folder of the configuration, which is no concern of those the journal is given to.
    pub fn without_folder(&self, text: &str) -> String {
        match self.folder.is_absolute() {
            true => text.replace(&format!("{}/", self.folder.display()), ""),
            false => text.to_owned(),
        }
    }
}

/// All of a configuration that does not decide.
fn outside(table: &Table) -> Table {
    let mut table = table.clone();
    table.retain(|key, _| !DECIDING.contains(&key));
    if let Some(Value::Table(hub)) = table.get_mut("hub") {
        hub.remove(DECIDING_OF_HUB);
    }
    table
}

fn take(own: &mut Table, others: &Table, key: &str) {
    match others.get(key) {
        Some(value) => own.insert(key.to_owned(), value.clone()),
        None => own.remove(key),
    };
}

/// Every file that a value names, and every other text as if it named one.
fn gather(value: &Value, folder: &Path, files: &mut BTreeSet<PathBuf>) {
    match value {
        Value::String(text) => {
            // As the paths of a configuration are made whole.
            files.insert(folder.join(text).components().collect());
        }
        Value::Array(list) => list.iter().for_each(|it| gather(it, folder, files)),
        Value::Table(table) => {
            for (_, value) in table {
                gather(value, folder, files);
            }
        }
        _ => {}
    }
}

/// What a file holds; `None` for what is no file or a large one.
fn held(path: &Path) -> Option<Digest> {
    let about = std::fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > FILE_BYTES_MAX {
        return None;
    }
    std::fs::read(path)
        .ok()
        .map(|bytes| digest_of_bytes(&bytes))
}

/// The names of what differs, each as deep as both sides have it.
fn differences(name: &str, own: &Value, other: &Value, names: &mut Vec<String>) {
    match (own, other) {
        (Value::Table(own), Value::Table(others)) => {
            let mut keys: Vec<&String> = own.keys().chain(others.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let inner = match name {
                    "" => key.clone(),
                    _ => format!("{name}.{key}"),
                };
                compare(inner, own.get(key), others.get(key), names);
            }
        }
        (Value::Array(own), Value::Array(others)) if is_of_tables(own) || is_of_tables(others) => {
            for index in 0..own.len().max(others.len()) {
                let inner = format!("{name}[{index}]");
                compare(inner, own.get(index), others.get(index), names);
            }
        }
        _ if own == other => {}
        _ => names.push(name.to_owned()),
    }
}

fn compare(name: String, own: Option<&Value>, other: Option<&Value>, names: &mut Vec<String>) {
    match (own, other) {
        (Some(own), Some(other)) => differences(&name, own, other, names),
        // A section that only one has.
        _ => names.push(name),
    }
}

fn is_of_tables(list: &[Value]) -> bool {
    list.iter().any(Value::is_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARK: &str = "rules = \"rules\"\n[hub]\nid = \"HUB-1\"\nmappings = \"m\"\ndata = \"data\"\nkey = \"key.pem\"\n\
                        [exchange]\nlisten = \"127.0.0.1:1\"\n[plan]\nname = \"a\"\n\
                        [[modbus]]\nname = \"gates\"\n[[modbus.bus]]\naddress = \"10.0.0.1:502\"\n\
                        [access]\ntailgate_s = 3\n";

    fn read(folder: &Path, text: &str) -> Running {
        let file = folder.join("park.toml");
        std::fs::write(&file, text).unwrap();
        Running::read(&file, BTreeSet::new(), &Silent::default()).unwrap()
    }

    #[test]
    fn what_does_not_decide_is_named_by_key_and_what_decides_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key.pem"), "one").unwrap();
        let before = read(folder.path(), PARK);
        assert!(before.kept(&read(folder.path(), PARK)).is_empty());
        let deciding = PARK
            .replace("name = \"a\"", "name = \"b\"")
            .replace("\"m\"", "\"other\"")
            .replace("tailgate_s = 3", "tailgate_s = 4")
            .replace("rules = \"rules\"\n", "");
        assert!(before.kept(&read(folder.path(), &deciding)).is_empty());
        let other = PARK
            .replace("127.0.0.1:1", "127.0.0.1:2")
            .replace("10.0.0.1:502", "10.0.0.2:502")
            .replace("data = \"data\"", "data = \"elsewhere\"")
            + "[[notify]]\nname = \"duty\"\n";
        std::fs::write(folder.path().join("key.pem"), "two").unwrap();
        assert_eq!(
            before.kept(&read(folder.path(), &other)),
            [
                "exchange.listen",
                "hub.data",
                "modbus[0].bus[0].address",
                "notify",
                "key.pem (what it holds)"
            ]
        );
    }

    #[test]
    fn what_the_hub_writes_itself_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        let text = "[[regulator]]\nledger_file = \"./ledger\"\n";
        for (is_its, kept) in [(true, 0), (false, 1)] {
            std::fs::write(&ledger, "one").unwrap();
            let files = is_its.then(|| ledger.clone()).into_iter().collect();
            let file = folder.path().join("park.toml");
            std::fs::write(&file, text).unwrap();
            let silent = Silent::default();
            let before = Running::read(&file, files, &silent).unwrap();
            std::fs::write(&ledger, "two").unwrap();
            assert_eq!(
                before
                    .kept(&before.read_again(&file, &silent).unwrap())
                    .len(),
                kept
            );
        }
    }

    /// The disk of such a file did not answer at a start, and no gate was served.
    #[test]
    fn what_the_hub_writes_itself_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("park.toml");
        std::fs::write(&file, "[[regulator]]\nledger_file = \"ledger\"\n").unwrap();
        let ledger = folder.path().join("ledger");
        std::fs::write(&ledger, "one").unwrap();
        let silent = Silent::default();
        let own = BTreeSet::from([ledger.clone()]);
        let running = Running::read(&file, own, &silent).unwrap();
        assert!(!running.files.contains_key(&ledger));
        assert!(
            Running::read(&file, BTreeSet::new(), &silent)
                .unwrap()
                .files
                .contains_key(&ledger)
        );
    }

    /// An adapter rests until a restart when its secret could not be read at the start.
    #[test]
    fn what_could_not_be_read_is_another_when_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[notify]]\nname = \"duty\"\nsecret_file = \"board\"\n";
        let before = read(folder.path(), text);
        assert!(before.kept(&read(folder.path(), text)).is_empty());
        std::fs::write(folder.path().join("board"), "a word").unwrap();
        let now = read(folder.path(), text);
        assert_eq!(before.kept(&now), ["board (what it holds)"]);
        assert_eq!(now.kept(&before), ["board (what it holds)"]);
    }

    #[test]
    fn what_is_named_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let many = |port: usize| {
            let lists = (0..60).map(|it| format!("[[mqtt]]\nport = {}\n", it * 2 + port));
            lists.collect::<String>()
        };
        let before = read(folder.path(), &many(0));
        let kept = before.kept(&read(folder.path(), &many(1)));
        assert_eq!(kept.len(), NAMED_MAX + 1);
        assert_eq!(kept.last().unwrap(), "20 more");
    }
}
