//! The heads that others hold, given to the park to hold its journal to. One that was given up by name lies
//! aside and holds nothing any more. One that cannot be read (a copy that a power cut left torn), or that the hub's own signature in it
//! does not prove, holds nothing yet: it keeps no gate shut, is told for as long as it is so, and the journal is held to it as soon as it can be read and is proven.

mod proof;
mod unread;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_journal::{Expectation, Position};
use cordon_services::client::Checkpoint;

pub use proof::Proof;
pub use unread::{Unread, watch};

/// Pinned heads read at most; more are refused.
const PINS_MAX: usize = 1_000;

/// The code of one that cannot be used.
const UNUSABLE: &str = "S075";

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
    /// What the file says, whoever wrote it.
    fn said(file: PathBuf) -> Result<Self, Fault> {
        let head = checkpoint(&file)?.head();
        Ok(Self { file, head })
    }

    /// What the hub signed in it.
    fn proven(file: PathBuf, proof: &Proof) -> Result<Self, Fault> {
        let checkpoint = checkpoint(&file)?;
        proof
            .proves(&checkpoint)
            .map_err(|why| unusable(&file, &why))?;
        let head = checkpoint.head();
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

fn checkpoint(file: &Path) -> Result<Checkpoint, Fault> {
    // A pipe would be waited for.
    if std::fs::metadata(file).is_ok_and(|known| !known.is_file()) {
        return Err(unusable(file, "it is no file"));
    }
    Checkpoint::read(file).map_err(|fault| fault.remedy(MEND))
}

fn unusable(file: &Path, why: &str) -> Fault {
    Fault::new(UNUSABLE, format!("the checkpoint cannot be used: {why}"))
        .at(file.display().to_string())
        .remedy(MEND)
}

fn folder(data: &Path) -> PathBuf {
    data.join("pins")
}

/// The heads that others pinned, without those that were given up by name.
///
/// # Errors
/// `S075` when one cannot be read or is not proven, as [`readable`].
pub fn pinned(data: &Path, proof: &Proof) -> Result<Vec<Pin>, Fault> {
    let (pinned, unread) = readable(data, proof)?;
    match unread.into_values().next() {
        Some(fault) => Err(fault),
        None => Ok(pinned),
    }
}

/// Those of them that can be read and are proven, and why each of the others holds nothing.
///
/// # Errors
/// `J054` when there are too many, or the folder is not for the hub to read.
pub fn readable(data: &Path, proof: &Proof) -> Result<(Vec<Pin>, BTreeMap<PathBuf, Fault>), Fault> {
    let (mut pinned, mut unread) = (Vec::new(), BTreeMap::new());
    for file in files(&folder(data))? {
        match Pin::proven(file.clone(), proof) {
            Ok(pin) => pinned.push(pin),
            Err(fault) => drop(unread.insert(file, fault)),
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
            .map(|file| Pin::said(file).map(|pin| pin.head));
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
    let pins = files(&folder(data))?.into_iter().map(Pin::said);
    for pin in pins.flatten() {
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
mod tests;
