//! The state store on redb. Only this folder of the house names the engine.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableTable, WriteTransaction};

use crate::disk::{Disk as _, DiskFile, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::reader::Reader;
use crate::state::changes::{Change, Changes, Durability};
use crate::state::check::{Rebuild, reconcile};
use crate::state::engine::{Engine, Writing};
use crate::state::file::{
    INBOX, INBOX_ORDER, META, Opened, SNAPSHOTS, SPACES, Source, decode_position, empty,
    prepare_tables,
};
use crate::state::latest::{Latest, View};
use crate::state::own::forget_part;
use crate::state::whereabouts::{Whereabouts, astray};
use crate::state::{Held, InboxMark, LookedUp, Pair, State, Trouble};
use crate::watch::Position;
use crate::witness::Witness;

/// Deferred commits in a row before one is made immediate; the engine keeps their pages until then.
const DEFERRED_MAX: u32 = 64;
/// Inbox marks forgotten in one commit at most.
const FORGET_MAX: usize = 10_000;

/// The state store.
pub struct StateStore {
    // Before the database, which closes once nobody reads.
    latest: Latest,
    engine: Engine,
    deferred: AtomicU32,
    /// Held by who commits.
    writing: Mutex<()>,
    witness: Mutex<Option<Witness>>,
    /// Why the witness is not written: told without waiting for who writes it.
    unwitnessed: Mutex<Option<JournalFault>>,
    whereabouts: Mutex<Whereabouts>,
}

impl std::fmt::Debug for StateStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateStore")
            .field("place", &self.engine.place())
            .finish_non_exhaustive()
    }
}

impl StateStore {
    /// Opens the store at `path` or makes it. Every page's checksum is checked. A damaged file is
    /// moved aside to `path` + `.damaged` and the store starts empty. A state of another form, written
    /// by another version of the program, is removed and starts empty too: all of it stands in the
    /// journal. On a disk that fails or has no room the store can be read as it stands, or holds nothing where
    /// that cannot be read, and nothing is committed until the disk takes it.
    /// A disk that hangs is one that fails.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Option<Rebuild>)> {
        let path = path.as_ref();
        if let Some(parent) = path.parent() {
            RealDisk
                .make_dir(parent)
                .map_err(|error| JournalFault::io(parent, "making the folder", &error))?;
        }
        forget_part(path);
        let place = path.display().to_string();
        let source = Source::Path(path.to_owned());
        let rebuild = match source.open(&place) {
            Err(fault) if fault.is_of_disk() => {
                return Ok((Self::aside(source, place, &fault)?, None));
            }
            Err(fault) => return Err(fault),
            Ok(Opened::Good(database)) => return Ok((Self::over(database, source, place), None)),
            Ok(Opened::Damaged(why)) => {
                let mut aside = path.as_os_str().to_owned();
                aside.push(".damaged");
                tracing::warn!(place, why, "the state file is moved aside and rebuilt");
                RealDisk.rename(path, Path::new(&aside)).map_err(|error| {
                    JournalFault::io(path, "moving a damaged file aside", &error)
                })?;
                Rebuild::Damaged(why)
            }
            Ok(Opened::OtherForm(form)) => {
                RealDisk.remove(path).map_err(|error| {
                    JournalFault::io(path, "removing a state of another form", &error)
                })?;
                Rebuild::OtherForm(form)
            }
        };
        match source.open(&place) {
            Ok(Opened::Good(database)) => Ok((Self::over(database, source, place), Some(rebuild))),
            Ok(Opened::Damaged(why) | Opened::OtherForm(why)) => {
                Err(JournalFault::new(FaultKind::State, place, why).damaged())
            }
            Err(fault) if fault.is_of_disk() => {
                Ok((Self::aside(source, place, &fault)?, Some(rebuild)))
            }
            Err(fault) => Err(fault),
        }
    }

    /// As [`StateStore::open`], and wipes a state that does not stand in this journal.
    pub fn open_for(path: impl AsRef<Path>, journal: &Reader) -> Result<(Self, Option<Rebuild>)> {
        let (store, damaged) = Self::open(path)?;
        let rebuild = reconcile(&store, journal)?;
        if let Some(why) = &rebuild {
            tracing::warn!(place = store.engine.place(), %why, "the state is rebuilt");
        }
        Ok((store, damaged.or(rebuild)))
    }

    /// Wipes a state that does not stand in this journal; says why it did.
    pub fn fit(&self, journal: &Reader) -> Result<Option<Rebuild>> {
        reconcile(self, journal)
    }

    /// Opens over one open file; the simulated disk in tests. `None` when it is damaged.
    pub fn open_on(file: Arc<dyn DiskFile>) -> Result<Option<Self>> {
        let place = "state";
        let source = Source::File(file);
        match source.open(place) {
            Ok(Opened::Good(database)) => Ok(Some(Self::over(database, source, place.into()))),
            Ok(Opened::Damaged(_) | Opened::OtherForm(_)) => Ok(None),
            Err(fault) if fault.is_of_disk() => Self::aside(source, place.into(), &fault).map(Some),
            Err(fault) => Err(fault),
        }
    }

    fn over(database: Database, source: Source, place: String) -> Self {
        let store = Self::of(Engine::over(database, source, place));
        store.stands_at_its_path();
        store
    }

    /// Remembers which file its path leads to.
    fn stands_at_its_path(&self) {
        if let Some(path) = self.engine.path() {
            self.opened(path);
        }
    }

    fn opened(&self, path: &Path) {
        let file = RealDisk.id(path).ok();
        self.whereabouts().opened(path, file);
    }

    fn aside(source: Source, place: String, cause: &JournalFault) -> Result<Self> {
        Engine::aside(source, place, cause).map(Self::of)
    }

    fn of(engine: Engine) -> Self {
        Self {
            latest: Latest::default(),
            engine,
            deferred: AtomicU32::new(0),
            writing: Mutex::default(),
            witness: Mutex::new(None),
            unwitnessed: Mutex::default(),
            whereabouts: Mutex::default(),
        }
    }

    /// From now on every commit is noted by the witness too, after the store has it.
    pub fn watched_by(&self, witness: Witness) {
        self.opened(witness.path());
        *self.unwitnessed() = witness.trouble().cloned();
        *self.witness() = Some(witness);
    }

    /// Lets the witness note a position that is durable; without one nothing happens.
    pub fn note(&self, position: Position) -> Result<()> {
        let mut held = self.witness();
        let Some(witness) = held.as_mut() else {
            return Ok(());
        };
        let noted = witness.note(position);
        *self.unwitnessed() = witness.trouble().cloned();
        noted
    }

    fn unwitnessed(&self) -> MutexGuard<'_, Option<JournalFault>> {
        let held = self.unwitnessed.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    fn whereabouts(&self) -> MutexGuard<'_, Whereabouts> {
        let held = self.whereabouts.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    fn witness(&self) -> MutexGuard<'_, Option<Witness>> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the file anew if writing it failed; nobody may hold on to the old one.
    fn mend(&self) -> Result<()> {
        if self.engine.has_failed() {
            self.latest.let_go();
            let mended = self.engine.mend();
            self.latest.let_go();
            mended?;
            if self.engine.take_put_back()
                && let Some(path) = self.engine.path()
            {
                self.whereabouts().put_back(path);
            }
            self.stands_at_its_path();
        }
        Ok(())
    }

    fn writing(&self) -> (Writing<'_>, MutexGuard<'_, ()>) {
        let alone = self.writing.lock();
        let alone = alone.unwrap_or_else(PoisonError::into_inner);
        (self.engine.writing(), alone)
    }

    /// Reads, and once more when a commit failed meanwhile: the engine answers nothing from its first error
    /// until the file is open again, which the commit sees to.
    fn steadily<T>(&self, read: impl Fn() -> Result<T>) -> Result<T> {
        let exchanges = self.engine.exchanges();
        read().or_else(|failure| {
            if !self.engine.outwait(exchanges) {
                return Err(failure);
            }
            self.latest.let_go();
            read()
        })
    }

    fn looked_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        let view = self.latest.or_open(|| self.view())?;
        let mut marks = Vec::with_capacity(asked.len());
        for (sender, id) in asked {
            let found = view.marks.get((*sender, id)).map_err(|e| self.fault(e))?;
            marks.push(found.map(|value| mark(value.value())));
        }
        Ok((view.position, marks))
    }

    fn stored_mark(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        let read = self.engine.read()?;
        let table = read.open_table(INBOX).map_err(|e| self.fault(e))?;
        let found = table.get((sender, message_id)).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| mark(value.value())))
    }

    fn read_position(&self) -> Result<Position> {
        let read = self.engine.read()?;
        let meta = read.open_table(META).map_err(|e| self.fault(e))?;
        let stored = meta.get("position").map_err(|e| self.fault(e))?;
        Ok(stored.map_or((0, [0; 32]), |value| decode_position(value.value())))
    }

    fn fault(&self, error: impl Into<redb::Error>) -> JournalFault {
        self.engine.fault(error)
    }

    fn apply(
        &self,
        transaction: &WriteTransaction,
        changes: &Changes,
    ) -> std::result::Result<(), redb::Error> {
        let mut spaces = transaction.open_table(SPACES)?;
        let mut snapshots = transaction.open_table(SNAPSHOTS)?;
        let mut inbox = transaction.open_table(INBOX)?;
        let mut order = transaction.open_table(INBOX_ORDER)?;
        for change in &changes.list {
            match change {
                Change::Put(namespace, key, value) => {
                    spaces.insert((namespace.as_str(), key.as_slice()), value.as_slice())?;
                }
                Change::Delete(namespace, key) => {
                    spaces.remove((namespace.as_str(), key.as_slice()))?;
                }
                Change::Clear(namespace) => {
                    let after = format!("{namespace}\0");
                    let nothing: &[u8] = &[];
                    let all = (namespace.as_str(), nothing)..(after.as_str(), nothing);
                    spaces.retain_in(all, |_, _| false)?;
                }
                Change::Snapshot(namespace, bytes) => {
                    snapshots.insert(namespace.as_str(), bytes.as_slice())?;
                }
                Change::Inbox(sender, id, mark) => {
                    let (digest, identity) = (&mark.digest, &mark.identity);
                    let InboxMark {
                        number,
                        time_micros,
                        marks,
                        ..
                    } = *mark;
                    let value = (number, time_micros, marks, digest, identity, &mark.chain);
                    inbox.insert((sender.as_str(), id), value)?;
                    order.insert((mark.number, sender.as_str(), id), ())?;
                }
            }
        }
        if let Some(below) = changes.forget_inbox_below {
            let old: Vec<(u64, String, [u8; 16])> = order
                .range(..(below, "", &[0; 16]))?
                .take(FORGET_MAX)
                .map(|entry| entry.map(|(key, _)| owned_order(key.value())))
                .collect::<std::result::Result<_, _>>()?;
            for (number, sender, id) in old {
                order.remove((number, sender.as_str(), &id))?;
                let key = (sender.as_str(), &id);
                let same = inbox.get(key)?.is_some_and(|mark| mark.value().0 == number);
                if same {
                    inbox.remove(key)?;
                }
            }
        }
        Ok(())
    }

    fn view(&self) -> Result<View> {
        let read = self.engine.read()?;
        let meta = read.open_table(META).map_err(|e| self.fault(e))?;
        let stored = meta.get("position").map_err(|e| self.fault(e))?;
        Ok(View {
            position: stored.map_or(0, |value| decode_position(value.value()).0),
            marks: read.open_table(INBOX).map_err(|e| self.fault(e))?,
        })
    }

    fn stored_position(
        &self,
        transaction: &WriteTransaction,
    ) -> std::result::Result<Position, redb::Error> {
        let meta = transaction.open_table(META)?;
        let stored = meta.get("position")?;
        Ok(stored.map_or((0, [0; 32]), |value| decode_position(value.value())))
    }
}

fn mark(value: (u64, i64, u16, &[u8; 32], &[u8; 32], &[u8; 32])) -> InboxMark {
    let (number, time_micros, marks, digest, identity, chain) = value;
    InboxMark {
        number,
        time_micros,
        marks,
        digest: *digest,
        identity: *identity,
        chain: *chain,
    }
}

fn owned_order(key: (u64, &str, &[u8; 16])) -> (u64, String, [u8; 16]) {
    (key.0, key.1.to_owned(), *key.2)
}

impl State for StateStore {
    fn astray(&self) -> Vec<String> {
        let (files, put_back) = self.whereabouts().known();
        astray(&files, put_back)
    }

    fn trouble(&self) -> Option<Trouble> {
        if let Some((why, is_of_room)) = self.engine.trouble() {
            return Some(Trouble { why, is_of_room });
        }
        let why = self.unwitnessed().clone()?;
        Some(Trouble {
            why: why.log_text(),
            is_of_room: why.is_of_room(),
        })
    }

    fn position(&self) -> Result<Position> {
        self.steadily(|| self.read_position())
    }

    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>> {
        let read = self.engine.read()?;
        let table = read.open_table(SNAPSHOTS).map_err(|e| self.fault(e))?;
        let found = table.get(namespace).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        self.steadily(|| self.stored_mark(sender, message_id))
    }

    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        self.steadily(|| self.looked_up(asked))
    }

    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>> {
        let read = self.engine.read()?;
        let order = read.open_table(INBOX_ORDER).map_err(|e| self.fault(e))?;
        let inbox = read.open_table(INBOX).map_err(|e| self.fault(e))?;
        let mut found = Vec::new();
        for entry in order
            .range((number, "", &[0; 16])..)
            .map_err(|e| self.fault(e))?
        {
            if found.len() >= limit {
                break;
            }
            let entry = entry.map_err(|e| self.fault(e))?;
            let (number, sender, id) = owned_order(entry.0.value());
            let held = inbox
                .get((sender.as_str(), &id))
                .map_err(|e| self.fault(e))?;
            let held = held.map(|value| mark(value.value()));
            if let Some(held) = held.filter(|held| held.number == number) {
                found.push((sender, id, held));
            }
        }
        Ok(found)
    }

    fn get(&self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let read = self.engine.read()?;
        let table = read.open_table(SPACES).map_err(|e| self.fault(e))?;
        let found = table.get((namespace, key)).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn range(&self, namespace: &str, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>> {
        let read = self.engine.read()?;
        let table = read.open_table(SPACES).map_err(|e| self.fault(e))?;
        let mut pairs = Vec::new();
        for entry in table
            .range((namespace, from)..)
            .map_err(|e| self.fault(e))?
        {
            let (key, value) = entry.map_err(|e| self.fault(e))?;
            let (space, key) = key.value();
            let past = space != namespace || (!to.is_empty() && key >= to);
            if past || pairs.len() >= limit {
                break;
            }
            pairs.push((key.to_vec(), value.value().to_vec()));
        }
        Ok(pairs)
    }

    fn each(&self, take: &mut dyn FnMut(Held<'_>) -> Result<bool>) -> Result<Position> {
        let read = self.engine.read()?;
        let fault = |error: redb::Error| self.fault(error);
        let position = {
            let meta = read.open_table(META).map_err(|e| self.fault(e))?;
            let stored = meta.get("position").map_err(|e| self.fault(e))?;
            stored.map_or((0, [0; 32]), |value| decode_position(value.value()))
        };
        let spaces = read.open_table(SPACES).map_err(|e| self.fault(e))?;
        for row in spaces.iter().map_err(|e| fault(e.into()))? {
            let (place, value) = row.map_err(|e| fault(e.into()))?;
            let (namespace, key) = place.value();
            let value = value.value();
            if !take(Held::Row {
                namespace,
                key,
                value,
            })? {
                return Ok(position);
            }
        }
        let snapshots = read.open_table(SNAPSHOTS).map_err(|e| self.fault(e))?;
        for value in snapshots.iter().map_err(|e| fault(e.into()))? {
            let (namespace, bytes) = value.map_err(|e| fault(e.into()))?;
            let (namespace, bytes) = (namespace.value(), bytes.value());
            if !take(Held::Value { namespace, bytes })? {
                return Ok(position);
            }
        }
        let inbox = read.open_table(INBOX).map_err(|e| self.fault(e))?;
        for entry in inbox.iter().map_err(|e| fault(e.into()))? {
            let (key, value) = entry.map_err(|e| fault(e.into()))?;
            let (sender, message_id) = key.value();
            let mark = &mark(value.value());
            if !take(Held::Mark {
                sender,
                message_id,
                mark,
            })? {
                return Ok(position);
            }
        }
        Ok(position)
    }

    fn commit(&self, changes: &Changes) -> Result<()> {
        changes.check()?;
        let _writing = self.writing();
        self.mend()?;
        let committed = self.commit_open(changes);
        if let Err(failure) = &committed
            && failure.is_of_disk()
        {
            self.latest.let_go();
            let aside = self.engine.stand_aside(failure);
            // Who looked meanwhile held on to what is closed now.
            self.latest.let_go();
            aside?;
        }
        committed
    }

    fn wipe(&self) -> Result<()> {
        let _writing = self.writing();
        match self.mend().and_then(|()| self.wipe_open()) {
            Err(fault) if fault.is_of_disk() => {
                self.latest.let_go();
                self.engine.begin_anew()
            }
            wiped => wiped,
        }
    }
}

impl StateStore {
    /// Commits to a file that is open for writing.
    fn commit_open(&self, changes: &Changes) -> Result<()> {
        let mut transaction = self.engine.write()?;
        let (stored, _) = self
            .stored_position(&transaction)
            .map_err(|e| self.engine.failure(e))?;
        let (number, chain) = changes.position;
        if number < stored {
            let detail =
                format!("the state stands at record {stored} and never goes back to {number}");
            return Err(JournalFault::new(
                FaultKind::State,
                self.engine.place(),
                detail,
            ));
        }
        let waiting = self.deferred.load(Ordering::Relaxed);
        let defer = changes.durability == Durability::Deferred && waiting < DEFERRED_MAX;
        let durability = if defer {
            redb::Durability::None
        } else {
            redb::Durability::Immediate
        };
        transaction
            .set_durability(durability)
            .map_err(|e| self.engine.failure(e))?;
        self.engine.note_tried((number, chain));
        self.apply(&transaction, changes)
            .map_err(|e| self.engine.failure(e))?;
        write_position(&transaction, (number, chain)).map_err(|e| self.engine.failure(e))?;
        transaction.commit().map_err(|e| self.engine.failure(e))?;
        if !defer {
            self.engine.note_committed((number, chain));
        }
        self.latest.let_go();
        let waiting = if defer { waiting + 1 } else { 0 };
        self.deferred.store(waiting, Ordering::Relaxed);
        // The state is saved; an older witness only knows less, and says so itself.
        let _ = self.note((number, chain));
        Ok(())
    }

    /// Empties a file that is open for writing.
    fn wipe_open(&self) -> Result<()> {
        let transaction = self.engine.write()?;
        empty(&transaction)
            .and_then(|()| prepare_tables(&transaction))
            .map_err(|e| self.engine.failure(e))?;
        self.engine.note_tried((0, [0; 32]));
        transaction.commit().map_err(|e| self.engine.failure(e))?;
        self.engine.note_committed((0, [0; 32]));
        self.latest.let_go();
        Ok(())
    }
}

fn write_position(
    transaction: &WriteTransaction,
    position: Position,
) -> std::result::Result<(), redb::Error> {
    let mut bytes = position.0.to_le_bytes().to_vec();
    bytes.extend_from_slice(&position.1);
    transaction
        .open_table(META)?
        .insert("position", bytes.as_slice())?;
    Ok(())
}

#[cfg(test)]
impl StateStore {
    /// As after a commit that an error of the disk ended.
    pub(super) fn fail(&self) -> Result<()> {
        let eio = std::io::Error::from_raw_os_error(crate::state::file::EIO);
        let failure = JournalFault::new(FaultKind::State, "state", "it fails").caused(&eio);
        self.latest.let_go();
        self.engine.stand_aside(&failure)
    }
}

#[cfg(test)]
mod tests;
