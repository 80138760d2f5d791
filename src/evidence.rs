//! What others hold against a journal: receipts, signed reports, checkpoints. Each names an entry and
//! the chain hash there, so each is wrong of a journal that was rewritten before it. A receipt names its
//! message too: it is a lie where the entry holds another.
//!
//! Anybody can write such a thing, so only what the hub has signed counts. The rest is told apart: it
//! proves nothing, neither for the journal nor against it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_journal::{Hash, Position, Reader, Record};
use cordon_model::{Digest, MessageId, NAMESPACE, PartyId, Receipt, Timestamp};
use cordon_security::wsse::{self, Policy, VerifiedEnvelope};
use cordon_security::{Identity, Role, TrustStore, xmldsig};
use cordon_services::client::Checkpoint;
use cordon_xml::{Document, Limits, Node};

use crate::exit::Ending;
use crate::say::plain;

/// Files read from one folder at most; more are an error, never left out silently.
const FILES_MAX: usize = 1_000_000;
/// What is said of something without a signature.
const UNSIGNED: &str = "unsigned";
/// What is said of a receipt of an emergency opening that was carried out before it could be journaled.
const NO_ENTRY: &str = "names no entry";

/// What is said of a folder within another one that is a link.
const LINKED: &str = "a link to a folder, which is not followed: name that folder itself";
/// Of a link to what is not there, such as a disk that is away.
const LEADS_NOWHERE: &str = "a link that leads nowhere";
/// Of what is named as an XML file and would never be read to its end.
const NO_FILE: &str = "no file";

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
    /// The message that the entry holds, where it is a receipt that knows the entry.
    message: Option<Named>,
}

/// A message as a receipt names it.
#[derive(Clone, Debug)]
struct Named {
    sender: PartyId,
    id: MessageId,
    digest: Digest,
}

/// Something laid before the journal that proves nothing.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// The file.
    pub source: PathBuf,
    /// Why.
    pub why: String,
}

/// All that is held against a journal.
pub struct Evidence<'a> {
    trust: &'a TrustStore,
    policy: Policy,
    now: Timestamp,
    /// Whose journal it is, park and hub; none when it cannot be read.
    identity: Option<String>,
    /// What counts, in the order of reading.
    pub held: Vec<Piece>,
    /// Where in `held` an entry is spoken of.
    of_entry: BTreeMap<u64, Vec<usize>>,
    /// What does not.
    pub unproven: Vec<Unproven>,
}

impl<'a> Evidence<'a> {
    /// None yet. What the hub signed counts that wrote the journal in this folder, with a certificate
    /// that `trust` finds good as of the signature.
    pub fn of(journal: &Path, trust: &'a TrustStore) -> Self {
        let reader = Reader::open(journal).ok();
        Self {
            trust,
            policy: Policy::new(&[Role::Hub]).without_replay_guard(),
            now: SystemClock.now(),
            identity: reader.map(|reader| reader.identity().to_owned()),
            held: Vec::new(),
            of_entry: BTreeMap::new(),
            unproven: Vec::new(),
        }
    }

    /// Reads the receipts of a folder and of the folders in it. One in a signed answer of the hub
    /// counts; one that stands alone is known by such an answer, or proves nothing.
    pub fn receipts(&mut self, folder: &Path) -> Result<(), Ending> {
        let mut proven = HashSet::new();
        let mut alone = Vec::new();
        for file in self.files(folder)? {
            let document = parsed(&file)?;
            if document.root().local() != "Envelope" {
                match receipts_in(document.root()) {
                    Ok(receipts) => alone.extend(receipts.into_iter().map(|it| (file.clone(), it))),
                    Err(why) => self.proves_nothing(&file, why),
                }
                continue;
            }
            let envelope = match self.signed(document.into_bytes()) {
                Ok(envelope) => envelope,
                Err(why) => {
                    self.proves_nothing(&file, why);
                    continue;
                }
            };
            match receipts_in(envelope.body()) {
                Ok(receipts) => {
                    for one in receipts {
                        self.receipt(&one, &file);
                        proven.insert(one);
                    }
                }
                Err(why) => self.proves_nothing(&file, why),
            }
        }
        alone.retain(|(_, receipt)| !proven.contains(receipt));
        for (file, _) in alone {
            self.proves_nothing(&file, UNSIGNED);
        }
        Ok(())
    }

    /// Reads the reports of a folder that the park's hub signed.
    pub fn reports(&mut self, folder: &Path) -> Result<(), Ending> {
        for file in self.files(folder)? {
            let document = parsed(&file)?;
            if !document.root().is(NAMESPACE, "ReportDocument") {
                continue;
            }
            let bytes = document.into_bytes();
            let roles = [Role::Hub];
            let position = xmldsig::verify_kept(bytes, self.trust, &roles, None, self.now)
                .map_err(|fault| fault.to_string())
                .and_then(|report| {
                    self.is_writer(report.identity())?;
                    cordon_wire::read_report_document(report.document().root())
                        .map(|read| read.journal_position)
                        .map_err(|breach| breach.to_string())
                });
            match position {
                Ok(position) => {
                    let position = (position.entry_number, position.chain_hash.0);
                    self.add(Held::Report, position, None, &file);
                }
                Err(why) => self.proves_nothing(&file, why),
            }
        }
        Ok(())
    }

    /// Reads a checkpoint file: what was verified and the newest head, as far as the signed answer in
    /// it says so.
    pub fn checkpoint(&mut self, file: &Path) -> Result<(), Ending> {
        let checkpoint = Checkpoint::read(file)?;
        let signed = checkpoint
            .statement()
            .map_err(|fault| fault.to_string())
            .and_then(|statement| self.signed(statement))
            .and_then(|answer| told_in(&answer));
        let told = match signed {
            Ok(told) => told,
            Err(why) => {
                self.proves_nothing(file, why);
                return Ok(());
            }
        };
        let mut positions = vec![checkpoint.verified(), checkpoint.head()];
        positions.dedup();
        for position in positions {
            match told.contains(&position) || position.0 == 0 {
                true => self.add(Held::Checkpoint, position, None, file),
                false => {
                    let why = format!("the signed answer in it does not say entry {}", position.0);
                    self.proves_nothing(file, why);
                }
            }
        }
        Ok(())
    }

    /// An answer that the hub signed; else why it is none.
    fn signed(&self, bytes: Vec<u8>) -> Result<VerifiedEnvelope, String> {
        let envelope = wsse::verify_kept(bytes, self.trust, &self.policy, self.now)
            .map_err(|fault| fault.to_string())?;
        self.is_writer(envelope.identity())?;
        Ok(envelope)
    }

    /// Another hub's word says nothing of this journal.
    fn is_writer(&self, signer: &Identity) -> Result<(), String> {
        let signer = format!("{}/{}", signer.park, signer.id);
        match &self.identity {
            Some(identity) if *identity != signer => {
                Err(format!("{signer} signed it, the journal is of {identity}"))
            }
            _ => Ok(()),
        }
    }

    /// The XML files of a folder; what was passed over in it proves nothing.
    fn files(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Ending> {
        let Found { files, passed } = found_in(folder)?;
        for (path, why) in passed {
            self.proves_nothing(&path, why);
        }
        Ok(files)
    }

    fn proves_nothing(&mut self, source: &Path, why: impl std::fmt::Display) {
        self.unproven.push(Unproven {
            source: source.to_owned(),
            why: why.to_string(),
        });
    }

    fn receipt(&mut self, receipt: &Receipt, source: &Path) {
        if receipt.entry_number == 0 {
            return self.proves_nothing(source, NO_ENTRY);
        }
        let position = (receipt.entry_number, receipt.chain_hash.0);
        let message = Named {
            sender: receipt.sender_id.clone(),
            id: receipt.message_id,
            digest: receipt.digest,
        };
        self.add(Held::Receipt, position, Some(message), source);
    }

    fn add(
        &mut self,
        kind: Held,
        (number, chain): Position,
        message: Option<Named>,
        source: &Path,
    ) {
        if number > 0 {
            let places = self.of_entry.entry(number).or_default();
            places.push(self.held.len());
            self.held.push(Piece {
                kind,
                number,
                chain,
                source: source.to_owned(),
                message,
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
        self.about(number)
            .map(|piece| piece.source.display().to_string())
            .collect()
    }

    /// The receipts of a record's own place in the chain that are of another message than it holds. One of
    /// another chain is wrong already, and its message proves no more.
    pub fn contradictions(&self, record: &Record) -> Vec<String> {
        self.about(record.number)
            .filter(|piece| piece.chain == record.chain)
            .filter_map(|piece| Some((piece, piece.message.as_ref()?)))
            .filter(|(_, named)| !named.is_in(record))
            .map(|(piece, named)| {
                let file = piece.source.display();
                let held = holds(record);
                format!(
                    "record {} is {held}; {file} is a receipt of {named}",
                    record.number
                )
            })
            .collect()
    }

    /// All that speaks of an entry.
    fn about(&self, number: u64) -> impl Iterator<Item = &Piece> {
        let places = self.of_entry.get(&number).into_iter().flatten();
        places.filter_map(|place| self.held.get(*place))
    }
}

impl Named {
    /// The record holds its digest also when the body has expired.
    fn is_in(&self, record: &Record) -> bool {
        record.kind == EntryKind::Message.number()
            && record.sender == self.sender.as_str()
            && record.message_id == *self.id.as_bytes()
            && record.digest == self.digest.0
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sender, id, digest } = self;
        write!(f, "message {id} of {sender} with digest {digest}")
    }
}

/// What a record holds, as a receipt would name it.
fn holds(record: &Record) -> String {
    let id = MessageId::from_bytes(record.message_id);
    // The journal is not trusted here, and a terminal obeys what it says.
    let (sender, digest) = (plain(&record.sender), Digest(record.digest));
    let message = format!("message {id} of {sender} with digest {digest}");
    match EntryKind::from_number(record.kind) {
        Some(EntryKind::Message) => message,
        Some(EntryKind::Refused) => format!("the refusal of {message}"),
        _ => format!("no message (kind {})", record.kind),
    }
}

/// What a folder that was laid before the journal holds.
#[derive(Default)]
struct Found {
    /// XML files.
    files: Vec<PathBuf>,
    /// What is passed over, and why.
    passed: Vec<(PathBuf, &'static str)>,
}

/// The XML files of a folder and of the folders in it. A folder that is a link is none of them: it may lead anywhere, and
/// in a circle.
fn found_in(folder: &Path) -> Result<Found, Ending> {
    let mut found = Found::default();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| Ending::file(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Ending::file(&folder, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| Ending::file(&folder, &error))?;
            let path = entry.path();
            // What a link leads to, where it leads anywhere.
            let to = std::fs::metadata(&path);
            let is_xml = path.extension().is_some_and(|it| it == "xml");
            match to {
                _ if kind.is_dir() => open.push(path),
                Ok(to) if to.is_dir() => found.passed.push((path, LINKED)),
                Err(_) if kind.is_symlink() => found.passed.push((path, LEADS_NOWHERE)),
                Ok(to) if is_xml && !to.is_file() => found.passed.push((path, NO_FILE)),
                _ if is_xml => found.files.push(path),
                _ => {}
            }
            if found.files.len() + found.passed.len() + open.len() > FILES_MAX {
                return Err(Ending::file(
                    &folder,
                    &format_args!("over {FILES_MAX} files"),
                ));
            }
        }
    }
    found.files.sort();
    found.passed.sort();
    Ok(found)
}

fn parsed(file: &Path) -> Result<Document, Ending> {
    let bytes = std::fs::read(file).map_err(|error| Ending::file(file, &error))?;
    Document::parse(bytes, &Limits::default()).map_err(|error| Ending::file(file, &error))
}

/// Every receipt at or below a node.
fn receipts_in(node: Node<'_>) -> Result<Vec<Receipt>, String> {
    node.elements()
        .filter(|node| node.is(NAMESPACE, "Receipt"))
        .map(|node| cordon_wire::read_receipt(node).map_err(|breach| breach.to_string()))
        .collect()
}

/// The positions that an answer with journal entries says: before its first entry, and the newest.
pub fn told_in(answer: &VerifiedEnvelope) -> Result<[Position; 2], String> {
    let payload = answer.payload().ok_or("the signed answer is empty")?;
    let page = cordon_wire::service::read_get_messages_response(payload)
        .map_err(|breach| breach.to_string())?;
    let before = match page.entry.first() {
        Some(first) => first.number.saturating_sub(1),
        None => page.next,
    };
    Ok([
        (before, page.previous_chain_hash.0),
        (page.head, page.head_chain_hash.0),
    ])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// What lay behind a link to a folder was passed over without a word.
    #[test]
    fn what_is_not_read_of_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("laid/within")).unwrap();
        std::fs::create_dir_all(at("elsewhere")).unwrap();
        for file in ["laid/within/a.xml", "laid/b.txt", "elsewhere/c.xml"] {
            std::fs::write(at(file), "<a/>").unwrap();
        }
        symlink(at("elsewhere"), at("laid/folder")).unwrap();
        symlink(at("laid"), at("laid/within/circle")).unwrap();
        symlink(at("elsewhere/c.xml"), at("laid/file.xml")).unwrap();
        symlink(at("away"), at("laid/away")).unwrap();
        let found = found_in(&at("laid")).unwrap();
        assert_eq!(found.files, [at("laid/file.xml"), at("laid/within/a.xml")]);
        let passed = [
            (at("laid/away"), LEADS_NOWHERE),
            (at("laid/folder"), LINKED),
            (at("laid/within/circle"), LINKED),
        ];
        assert_eq!(found.passed, passed);
        // A folder that is named itself may be a link.
        let found = found_in(&at("laid/folder")).unwrap();
        assert_eq!(found.files, [at("laid/folder/c.xml")]);
    }
}
