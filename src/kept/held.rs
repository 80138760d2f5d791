//! What a list of pulled entries holds already. It is read, never replaced: a hub that has removed what stands in it
//! can give it to nobody again.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::Digest;
use serde::Deserialize;

/// Longest line read.
const LINE_MAX: u64 = 1024 * 1024;
/// Most pieces of a list, each of entries that follow one another.
const RUNS_MAX: usize = 1_000;

/// An entry and the chain hash up to and including it.
pub type Position = (u64, [u8; 32]);

/// What of a line says which entry it is.
#[derive(Deserialize)]
struct Line {
    number: u64,
    chain: Digest,
}

/// Entries that follow one another in the list, and how far it was read again among them.
struct Run {
    first: u64,
    last: u64,
    begins_at: u64,
    next: u64,
    next_at: u64,
}

/// How the last line ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With a line break, or there is none.
    Whole,
    /// It is whole and lacks the line break.
    Open,
    /// A pull was ended while it wrote the line that begins here.
    Torn(u64),
}

/// The entries of a list, looked up in the order of their numbers.
pub struct Held {
    path: PathBuf,
    reader: BufReader<File>,
    runs: Vec<Run>,
    /// The run that the reader stands in.
    at: Option<usize>,
    end: End,
}

impl Held {
    /// Reads a list.
    ///
    /// # Errors
    /// `S030` when it cannot be read, `S079` when a line of it is no entry.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let mut held = Self {
            path: path.to_owned(),
            reader: BufReader::new(file),
            runs: Vec::new(),
            at: None,
            end: End::Whole,
        };
        let (mut offset, mut lines) = (0, 0_u64);
        while let Some(text) = held.line()? {
            lines += 1;
            held.note(&text, offset)
                .map_err(|words| foreign(path, &format!("line {lines} {words}")))?;
            offset += text.len() as u64;
        }
        Ok(held)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut text = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut text);
        match read {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }

    fn note(&mut self, text: &[u8], offset: u64) -> Result<(), String> {
        let is_open = !text.ends_with(b"\n");
        let number = match serde_json::from_slice::<Line>(text) {
            Ok(line) => line.number,
            Err(error) if is_open && error.is_eof() && text.starts_with(b"{") => {
                self.end = End::Torn(offset);
                return Ok(());
            }
            Err(error) => return Err(format!("is no entry: {error}")),
        };
        if is_open {
            self.end = End::Open;
        }
        let is_full = self.runs.len() == RUNS_MAX;
        match self.runs.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(number) => run.last = number,
            _ if is_full => return Err(format!("begins piece {} of the list", RUNS_MAX + 1)),
            _ => self.runs.push(Run {
                first: number,
                last: number,
                begins_at: offset,
                next: number,
                next_at: offset,
            }),
        }
        Ok(())
    }

    /// How the last line ends.
    pub fn end(&self) -> End {
        self.end
    }

    /// The last entry held that is not behind this one.
    pub fn last_up_to(&self, number: u64) -> Option<u64> {
        let runs = self.runs.iter().filter(|run| run.first <= number);
        runs.map(|run| run.last.min(number)).max()
    }

    /// Whether this entry stands in the list.
    ///
    /// # Errors
    /// `S079` when another one stands there under its number, `S030` when the list cannot be read.
    pub fn holds(&mut self, at: Position) -> Result<bool, Fault> {
        match self.chain_of(at.0)? {
            None => Ok(false),
            Some(chain) if chain == at.1 => Ok(true),
            Some(_) => Err(foreign(
                &self.path,
                &format!("another entry {} stands in it", at.0),
            )),
        }
    }

    fn chain_of(&mut self, number: u64) -> Result<Option<[u8; 32]>, Fault> {
        let is_in = |run: &Run| run.first <= number && number <= run.last;
        let Some(index) = self.runs.iter().position(is_in) else {
            return Ok(None);
        };
        self.stand_before(index, number)?;
        while let Some(text) = self.line()? {
            let Ok(line) = serde_json::from_slice::<Line>(&text) else {
                break;
            };
            if let Some(run) = self.runs.get_mut(index) {
                run.next = line.number.saturating_add(1);
                run.next_at += text.len() as u64;
            }
            if line.number == number {
                return Ok(Some(line.chain.0));
            }
        }
        Err(foreign(&self.path, &"it changed while it was read"))
    }

    /// Moves to a line of the run that is not behind the entry's.
    fn stand_before(&mut self, index: usize, number: u64) -> Result<(), Fault> {
        let Some(run) = self.runs.get_mut(index) else {
            return Ok(());
        };
        let is_behind = number < run.next;
        if is_behind {
            (run.next, run.next_at) = (run.first, run.begins_at);
        }
        if is_behind || self.at != Some(index) {
            let sought = self.reader.seek(SeekFrom::Start(run.next_at));
            sought.map_err(|error| unreadable(&self.path, &error))?;
            self.at = Some(index);
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault::new("S030", format!("cannot read: {error}"))
        .at(path.display().to_string())
        .remedy("check that the file may be read")
}

/// What stands there is not that of this pull, and stays.
pub fn foreign(path: &Path, words: &dyn std::fmt::Display) -> Fault {
    Fault::new("S079", format!("what is there is kept: {words}"))
        .at(path.display().to_string())
        .remedy("give each hub's journal a list and a folder of its own: name another --out, --keep and --checkpoint")
}
