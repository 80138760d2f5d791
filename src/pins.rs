//! The heads that others hold, given to the park to hold its journal to. One that was given up by name lies
//! aside and holds nothing any more. One that cannot be read (a copy that a power cut left torn) holds nothing yet: it keeps no gate
//! shut, is told for as long as it is so, and the journal is held to it as soon as it can be read.

mod unread;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_journal::{Expectation, Position};
use cordon_services::client::Checkpoint;

pub use unread::{Unread, watch};

/// Pinned heads read at most; more are refused.
const PINS_MAX: usize = 1_000;

/// What helps where one cannot be read.
const MEND: &str = "copy it again from whoever pulls, or remove it; the others hold";

/// Where pins lie that were given up by name, in their own folder.
const ASIDE: &str = "accepted";

/// A head that somebody else holds, and the file that says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pin {
    file: PathBuf,
    head: Position,
}

impl Pin {
    fn read(file: PathBuf) -> Result<Self, Fault> {
        // A pipe would be waited for.
        if std::fs::metadata(&file).is_ok_and(|known| !known.is_file()) {
            let fault = Fault::new("S075", "the checkpoint cannot be used: it is no file");
            return Err(fault.at(file.display().to_string()).remedy(MEND));
        }
        let head = Checkpoint::read(&file)?.head();
        Ok(Self { file, head })
    }

    /// The number and chain hash that are held.
    pub fn head(&self) -> Position {
        self.head
    }

    /// The file's name in its folder.
    pub fn name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// What the journal must hold for it.
    pub fn expectation(&self) -> Expectation {
        let (number, chain) = self.head;
        Expectation {
            number,
            chain: Some(chain),
            source: format!("the pinned head {}", self.file.display()),
        }
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("pins")
}

/// The heads that others pinned, without those that were given up by name.
///
/// # Errors
/// `S075` when one cannot be read, as [`readable`].
pub fn pinned(data: &Path) -> Result<Vec<Pin>, Fault> {
    let (pinned, unread) = readable(data)?;
    match unread.into_values().next() {
        Some(fault) => Err(fault),
        None => Ok(pinned),
    }
}

/// Those of them that can be read, and why each of the others cannot.
///
/// # Errors
/// `J054` when there are too many, or the folder is not for the hub to read.
pub fn readable(data: &Path) -> Result<(Vec<Pin>, BTreeMap<PathBuf, Fault>), Fault> {
    let (mut pinned, mut unread) = (Vec::new(), BTreeMap::new());
    for file in files(&folder(data))? {
        match Pin::read(file.clone()) {
            Ok(pin) => pinned.push(pin),
            Err(fault) => drop(unread.insert(file, fault.remedy(MEND))),
        }
    }
    let aside = given_up(data);
    pinned.retain(|pin| pin.head.0 > 0 && !aside.contains(&pin.head));
    Ok((pinned, unread))
}

/// The heads that were given up by name: the same file, put there once more, says nothing new. What cannot be
/// read there takes back nothing.
fn given_up(data: &Path) -> Vec<Position> {
    let read = files(&folder(data).join(ASIDE)).and_then(|files| {
        let heads = files
            .into_iter()
            .map(|file| Pin::read(file).map(|pin| pin.head));
        heads.collect()
    });
    read.unwrap_or_else(|fault| {
        tracing::warn!(%fault, "the pins that were given up by name cannot be read");
        Vec::new()
    })
}

/// The checkpoint files in a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // One that nobody lets the hub look into is a mistake; a disk that fails keeps nobody from starting.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(
                Fault::new("J054", format!("the pinned heads cannot be read: {error}"))
                    .at(folder.display().to_string())
                    .remedy("let the hub's account read the folder, or remove it"),
            );
        }
        Err(_) => return Ok(Vec::new()),
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .take(PINS_MAX + 1)
        .collect();
    if files.len() > PINS_MAX {
        return Err(
            Fault::new("J054", format!("more than {PINS_MAX} pinned heads"))
                .at(folder.display().to_string())
                .remedy("keep the newest of each who pulls"),
        );
    }
    files.sort();
    Ok(files)
}

/// Moves the pins of these heads aside, durably: no later start asks for them. Gives where they lie now.
pub fn set_aside(data: &Path, heads: &[Position]) -> Result<Vec<PathBuf>, Fault> {
    let mut moved = Vec::new();
    // One that cannot be read keeps none of the others where it is.
    for pin in readable(data)?.0 {
        if heads.contains(&pin.head) {
            moved.push(move_aside(data, &pin.file).map_err(|error| unmoved(&pin.file, &error))?);
        }
    }
    Ok(moved)
}

fn move_aside(data: &Path, file: &Path) -> io::Result<PathBuf> {
    let pins = folder(data);
    let aside = pins.join(ASIDE);
    std::fs::create_dir_all(&aside)?;
    let to = free_name(&aside, file)?;
    std::fs::rename(file, &to)?;
    for folder in [&aside, &pins] {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(to)
}

/// Its own name, or that with a number where an earlier one has it.
fn free_name(aside: &Path, file: &Path) -> io::Result<PathBuf> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let names = std::iter::once(format!("{stem}.json"))
        .chain((1..=PINS_MAX).map(|n| format!("{stem}-{n}.json")));
    let mut names = names.map(|name| aside.join(name));
    names
        .find(|name| !name.exists())
        .ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))
}

fn unmoved(file: &Path, error: &io::Error) -> Fault {
    Fault::new("J053", format!("a pin that was given up cannot be set aside: {error}"))
        .at(file.display().to_string())
        .remedy("let the hub's account write the folder pins, or move the file to pins/accepted by hand; accept again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, head: u64, chain: char) {
        let text = serde_json::json!({
            "park": "JS-DEMO", "hub": "hub-1", "number": head, "chain": "0".repeat(64),
            "head": head, "head_chain": chain.to_string().repeat(64),
            "answered_at": "2026-03-01T08:00:00.000000Z", "statement": "",
        });
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), text.to_string()).unwrap();
    }

    fn heads(data: &Path) -> Vec<u64> {
        let pinned = pinned(data).unwrap();
        pinned.iter().map(|pin| pin.head.0).collect()
    }

    #[test]
    fn what_was_given_up_is_asked_for_no_more_and_everything_else_is() {
        let data = tempfile::tempdir().unwrap();
        let (data, pins) = (data.path(), data.path().join("pins"));
        put(&pins, "a.json", 7, '1');
        put(&pins, "b.json", 9, '2');
        let moved = set_aside(data, &[(9, [0x22; 32])]).unwrap();
        assert_eq!(moved, [pins.join("accepted/b.json")]);
        assert_eq!(heads(data), [7]);
        // The same once more is not asked for, under whatever name; another head of the same number is.
        put(&pins, "c.json", 9, '2');
        assert_eq!(heads(data), [7]);
        put(&pins, "b.json", 9, '3');
        assert_eq!(heads(data), [7, 9]);
        // The earlier one is not written over.
        let moved = set_aside(data, &[(9, [0x33; 32])]).unwrap();
        assert_eq!(moved, [pins.join("accepted/b-1.json")]);
        assert_eq!(heads(data), [7]);
    }

    /// A copy that a power cut left torn kept the gates shut (S075).
    #[test]
    fn a_torn_pin_is_told_and_the_others_hold_until_it_can_be_read_or_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let (data, pins) = (data.path(), data.path().join("pins"));
        put(&pins, "a.json", 7, '1');
        put(&pins, "b.json", 9, '2');
        let whole = std::fs::read(pins.join("b.json")).unwrap();
        for torn in [&[][..], &whole[..40]] {
            std::fs::write(pins.join("b.json"), torn).unwrap();
            assert_eq!(pinned(data).unwrap_err().code(), "S075", "by name");
            let (held, faults) = readable(data).unwrap();
            assert_eq!(held.iter().map(|it| it.head.0).collect::<Vec<_>>(), [7]);
            let unread = Unread::of(data, "p/h", faults);
            unread.look_again();
            let words = unread.words().unwrap();
            assert!(
                words.contains("S075") && words.contains("b.json"),
                "{words}"
            );
            // There is no journal that holds entry 9.
            std::fs::write(pins.join("b.json"), &whole).unwrap();
            unread.look_again();
            let words = unread.words().unwrap();
            assert!(!words.contains("S075") && unread.count() == 1, "{words}");
            std::fs::remove_file(pins.join("b.json")).unwrap();
            unread.look_again();
            assert_eq!((unread.words(), unread.count()), (None, 0));
        }
        std::fs::create_dir(pins.join("b.json")).unwrap();
        assert_eq!(readable(data).unwrap().1.len(), 1, "a folder");
        // What was given up by name is set aside all the same.
        assert_eq!(set_aside(data, &[(7, [0x11; 32])]).unwrap().len(), 1);
    }
}
