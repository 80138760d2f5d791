//! What others hold against a journal: receipts, signed reports, checkpoints. Each names an entry and
//! the chain hash there, so each is wrong of a journal that was rewritten before it.

use std::path::{Path, PathBuf};

use cordon_contract::{Clock as _, Fault, SystemClock};
use cordon_journal::{Hash, Position};
use cordon_model::NAMESPACE;
use cordon_security::{Role, TrustStore, xmldsig};
use cordon_services::client::Checkpoint;
use cordon_xml::{Document, Limits};

use crate::exit::Ending;

/// Files read from one folder at most; more are an error, never left out silently.
const FILES_MAX: usize = 1_000_000;

/// Kind of evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Held {
    /// A receipt of the hub.
    Receipt,
    /// A signed report.
    Report,
    /// A puller's checkpoint.
    Checkpoint,
}

/// One entry that something outside the journal knows.
#[derive(Clone, Debug)]
pub struct Piece {
    kind: Held,
    number: u64,
    chain: Hash,
    source: PathBuf,
}

/// All that is held against a journal.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// In the order of reading.
    pub held: Vec<Piece>,
}

impl Evidence {
    /// Reads the receipts of a folder and of its `accepted` folder: bare, or inside an answer.
    pub fn receipts(&mut self, folder: &Path) -> Result<(), Ending> {
        for file in files(folder)? {
            let document = parsed(&file)?;
            let receipts = document
                .root()
                .elements()
                .filter(|node| node.is(NAMESPACE, "Receipt"));
            for node in receipts {
                let receipt =
                    cordon_wire::read_receipt(node).map_err(|breach| refused(&file, &breach))?;
                self.add(
                    Held::Receipt,
                    (receipt.entry_number, receipt.chain_hash.0),
                    &file,
                );
            }
        }
        Ok(())
    }

    /// Reads the reports of a folder; with `trust`, only such as the park's hub signed.
    pub fn reports(&mut self, folder: &Path, trust: Option<&TrustStore>) -> Result<(), Ending> {
        for file in files(folder)? {
            let document = parsed(&file)?;
            let root = document.root();
            if !root.is(NAMESPACE, "ReportDocument") {
                continue;
            }
            if let Some(trust) = trust {
                let bytes = document.bytes().to_vec();
                xmldsig::verify_kept(bytes, trust, &[Role::Hub], None, SystemClock.now())
                    .map_err(|fault| Ending::from(at(fault, &file)))?;
            }
            let read = cordon_wire::read_report_document(root)
                .map_err(|breach| refused(&file, &breach))?;
            let position = read.journal_position;
            self.add(
                Held::Report,
                (position.entry_number, position.chain_hash.0),
                &file,
            );
        }
        Ok(())
    }

    /// Reads a checkpoint file: what was verified, and the head the hub signed.
    pub fn checkpoint(&mut self, file: &Path) -> Result<(), Ending> {
        let checkpoint = Checkpoint::read(file)?;
        self.add(Held::Checkpoint, checkpoint.verified(), file);
        if checkpoint.head() != checkpoint.verified() {
            self.add(Held::Checkpoint, checkpoint.head(), file);
        }
        Ok(())
    }

    fn add(&mut self, kind: Held, (number, chain): Position, source: &Path) {
        if number > 0 {
            self.held.push(Piece {
                kind,
                number,
                chain,
                source: source.to_owned(),
            });
        }
    }

    /// Number and chain hash of every piece.
    pub fn positions(&self) -> Vec<Position> {
        self.held
            .iter()
            .map(|piece| (piece.number, piece.chain))
            .collect()
    }

    /// How many pieces of a kind.
    pub fn count(&self, kind: Held) -> usize {
        self.held.iter().filter(|piece| piece.kind == kind).count()
    }

    /// The files that know an entry.
    pub fn who_knows(&self, number: u64) -> Vec<String> {
        self.held
            .iter()
            .filter(|piece| piece.number == number)
            .map(|piece| piece.source.display().to_string())
            .collect()
    }
}

/// The XML files of a folder and of the folders in it.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Ending> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| Ending::file(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Ending::file(&folder, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| Ending::file(&folder, &error))?;
            let path = entry.path();
            if kind.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "xml") {
                found.push(path);
            }
            if found.len() + open.len() > FILES_MAX {
                return Err(Ending::file(
                    &folder,
                    &format_args!("over {FILES_MAX} files"),
                ));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn parsed(file: &Path) -> Result<Document, Ending> {
    let bytes = std::fs::read(file).map_err(|error| Ending::file(file, &error))?;
    Document::parse(bytes, &Limits::default()).map_err(|error| Ending::file(file, &error))
}

fn refused(file: &Path, why: &dyn std::fmt::Display) -> Ending {
    Ending::failed(format!("{}: {why}", file.display()))
}

fn at(fault: Fault, file: &Path) -> Fault {
    let place = format!("{} {}", file.display(), fault.place());
    fault.at(place.trim_end())
}
