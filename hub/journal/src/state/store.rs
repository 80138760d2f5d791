//! The state store on redb. The only file of the house that names the engine.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend,
    StorageError, TableDefinition, WriteTransaction,
};

use crate::disk::{DiskFile, modes};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::reader::Reader;
use crate::state::changes::{Change, Changes, Durability};
use crate::state::check::{Rebuild, reconcile};
use crate::state::latest::{Latest, View};
use crate::state::{InboxMark, LookedUp, Pair, State};
use crate::watch::Position;
use crate::witness::Witness;

type Bytes = &'static [u8];
const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
const SNAPSHOTS: TableDefinition<'_, &str, Bytes> = TableDefinition::new("snapshots");
const SPACES: TableDefinition<'_, (&str, Bytes), Bytes> = TableDefinition::new("spaces");
pub(super) type InboxKey = (&'static str, &'static [u8; 16]);
/// A digest or hash in a table.
type Hashed = &'static [u8; 32];
/// Number, time, marks, digest, identity, chain hash.
pub(super) type InboxValue = (u64, i64, u16, Hashed, Hashed, Hashed);
const INBOX: TableDefinition<'_, InboxKey, InboxValue> = TableDefinition::new("inbox");
/// Inbox keys by record number, so that old ones can be forgotten.
type OrderKey = (u64, &'static str, &'static [u8; 16]);
const INBOX_ORDER: TableDefinition<'_, OrderKey, ()> = TableDefinition::new("inbox_order");

/// Form of the tables and of what the flow puts into them; a state of another form is rebuilt.
const TABLES_VERSION: &[u8] = b"3";
/// Deferred commits in a row before one is made immediate; the engine keeps their pages until then.
const DEFERRED_MAX: u32 = 64;
/// Inbox marks forgotten in one commit at most.
const FORGET_MAX: usize = 10_000;
/// The engine's page cache, bytes.
const CACHE_BYTES: usize = 64 << 20;

/// The state store.
pub struct StateStore {
    // Before the database, which closes once nobody reads.
    latest: Latest,
    database: Database,
    place: String,
    deferred: AtomicU32,
    witness: Mutex<Option<Witness>>,
}

impl std::fmt::Debug for StateStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateStore")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

fn state_fault(place: &str, error: redb::Error) -> JournalFault {
    let fault = JournalFault::new(FaultKind::State, place, error.to_string());
    match error {
        redb::Error::Io(error) => fault.caused(&error),
        _ => fault,
    }
}

/// What opening a file came to.
enum Opened {
    Good(Database),
    Damaged(String),
    /// Whole, and of another form than this program's.
    OtherForm(String),
}

impl StateStore {
    /// Opens the store at `path` or makes it. Every page's checksum is checked. A damaged file is
    /// moved aside to `path` + `.damaged` and the store starts empty. A state of another form, written
    /// by another version of the program, is removed and starts empty too: all of it stands in the
    /// journal.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Option<Rebuild>)> {
        let path = path.as_ref();
        let place = path.display().to_string();
        if let Some(parent) = path.parent() {
            modes::make_dir(parent)
                .map_err(|error| JournalFault::io(parent, "making the folder", &error))?;
        }
        let rebuild = match make(path, &place)? {
            Opened::Good(database) => return Ok((Self::over(database, place), None)),
            Opened::Damaged(why) => {
                let mut aside = path.as_os_str().to_owned();
                aside.push(".damaged");
                tracing::warn!(place, why, "the state file is moved aside and rebuilt");
                std::fs::rename(path, &aside).map_err(|error| {
                    JournalFault::io(path, "moving a damaged file aside", &error)
                })?;
                Rebuild::Damaged(why)
            }
            Opened::OtherForm(form) => {
                std::fs::remove_file(path).map_err(|error| {
                    JournalFault::io(path, "removing a state of another form", &error)
                })?;
                Rebuild::OtherForm(form)
            }
        };
        match make(path, &place)? {
            Opened::Good(database) => Ok((Self::over(database, place), Some(rebuild))),
            Opened::Damaged(why) | Opened::OtherForm(why) => {
                Err(JournalFault::new(FaultKind::State, place, why))
            }
        }
    }

    /// As [`StateStore::open`], and wipes a state that does not stand in this journal.
    pub fn open_for(path: impl AsRef<Path>, journal: &Reader) -> Result<(Self, Option<Rebuild>)> {
        let (store, damaged) = Self::open(path)?;
        let rebuild = reconcile(&store, journal)?;
        if let Some(why) = &rebuild {
            tracing::warn!(place = store.place, %why, "the state is rebuilt");
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
        match judge(place, builder().create_with_backend(Backend(file)))? {
            Opened::Good(database) => Ok(Some(Self::over(database, place.into()))),
            Opened::Damaged(_) | Opened::OtherForm(_) => Ok(None),
        }
    }

    fn over(database: Database, place: String) -> Self {
        Self {
            latest: Latest::default(),
            database,
            place,
            deferred: AtomicU32::new(0),
            witness: Mutex::new(None),
        }
    }

    /// From now on every commit is noted by the witness too, after the store has it.
    pub fn watched_by(&self, witness: Witness) {
        *self.witness() = Some(witness);
    }

    /// Lets the witness note a position that is durable; without one nothing happens.
    pub fn note(&self, position: Position) -> Result<()> {
        self.witness()
            .as_mut()
            .map_or(Ok(()), |witness| witness.note(position))
    }

    fn witness(&self) -> MutexGuard<'_, Option<Witness>> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: impl Into<redb::Error>) -> JournalFault {
        state_fault(&self.place, error.into())
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

    fn view(&self) -> std::result::Result<View, redb::Error> {
        let read = self.database.begin_read()?;
        let meta = read.open_table(META)?;
        let stored = meta.get("position")?;
        Ok(View {
            position: stored.map_or(0, |value| decode_position(value.value()).0),
            marks: read.open_table(INBOX)?,
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
    fn position(&self) -> Result<Position> {
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
        let meta = read.open_table(META).map_err(|e| self.fault(e))?;
        let stored = meta.get("position").map_err(|e| self.fault(e))?;
        Ok(stored.map_or((0, [0; 32]), |value| decode_position(value.value())))
    }

    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>> {
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
        let table = read.open_table(SNAPSHOTS).map_err(|e| self.fault(e))?;
        let found = table.get(namespace).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
        let table = read.open_table(INBOX).map_err(|e| self.fault(e))?;
        let found = table.get((sender, message_id)).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| mark(value.value())))
    }

    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        let view = self
            .latest
            .or_open(|| self.view())
            .map_err(|e| self.fault(e))?;
        let mut marks = Vec::with_capacity(asked.len());
        for (sender, id) in asked {
            let found = view.marks.get((*sender, id)).map_err(|e| self.fault(e))?;
            marks.push(found.map(|value| mark(value.value())));
        }
        Ok((view.position, marks))
    }

    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>> {
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
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
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
        let table = read.open_table(SPACES).map_err(|e| self.fault(e))?;
        let found = table.get((namespace, key)).map_err(|e| self.fault(e))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn range(&self, namespace: &str, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>> {
        let read = self.database.begin_read().map_err(|e| self.fault(e))?;
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

    fn commit(&self, changes: &Changes) -> Result<()> {
        changes.check()?;
        let mut transaction = self.database.begin_write().map_err(|e| self.fault(e))?;
        let (stored, _) = self
            .stored_position(&transaction)
            .map_err(|e| self.fault(e))?;
        let (number, chain) = changes.position;
        if number < stored {
            let detail =
                format!("the state stands at record {stored} and never goes back to {number}");
            return Err(JournalFault::new(
                FaultKind::State,
                self.place.clone(),
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
            .map_err(|e| self.fault(e))?;
        self.apply(&transaction, changes)
            .map_err(|e| self.fault(e))?;
        write_position(&transaction, (number, chain)).map_err(|e| self.fault(e))?;
        transaction.commit().map_err(|e| self.fault(e))?;
        self.latest.let_go();
        let waiting = if defer { waiting + 1 } else { 0 };
        self.deferred.store(waiting, Ordering::Relaxed);
        if let Err(failure) = self.note((number, chain)) {
            // The state is saved; an older witness only knows less.
            tracing::error!(%failure, "the witness was not written");
        }
        Ok(())
    }

    fn wipe(&self) -> Result<()> {
        let transaction = self.database.begin_write().map_err(|e| self.fault(e))?;
        empty(&transaction)
            .and_then(|()| prepare_tables(&transaction))
            .map_err(|e| self.fault(e))?;
        transaction.commit().map_err(|e| self.fault(e))?;
        self.latest.let_go();
        Ok(())
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// Opens the file, or makes it.
fn make(path: &Path, place: &str) -> Result<Opened> {
    let is_new = !path.exists();
    let opened = judge(place, builder().create(path))?;
    if is_new {
        modes::set_file(path)
            .map_err(|error| JournalFault::io(path, "setting the permissions", &error))?;
    }
    Ok(opened)
}

/// Tells damage, which is rebuilt, from trouble that is not the file's.
fn judge(place: &str, opened: std::result::Result<Database, DatabaseError>) -> Result<Opened> {
    let database = match opened {
        Ok(database) => database,
        Err(DatabaseError::Storage(StorageError::Corrupted(why))) => {
            return Ok(Opened::Damaged(why));
        }
        Err(DatabaseError::Storage(StorageError::Io(error))) if is_damage(&error) => {
            return Ok(Opened::Damaged(error.to_string()));
        }
        Err(DatabaseError::UpgradeRequired(version)) => {
            return Ok(Opened::Damaged(format!("engine format {version}")));
        }
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            let detail = "another process has the state open";
            return Err(JournalFault::new(FaultKind::Locked, place, detail));
        }
        Err(error) => return Err(state_fault(place, error.into())),
    };
    match check_tables(&database) {
        Ok(None) => Ok(Opened::Good(database)),
        Ok(Some(form)) => Ok(Opened::OtherForm(form)),
        Err(redb::Error::Io(error)) if !is_damage(&error) => {
            Err(state_fault(place, redb::Error::Io(error)))
        }
        Err(error) => Ok(Opened::Damaged(error.to_string())),
    }
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    )
}

/// Makes the tables of a new store; names the form of those that are not this program's.
fn check_tables(database: &Database) -> std::result::Result<Option<String>, redb::Error> {
    let transaction = database.begin_write()?;
    let version = {
        let meta = transaction.open_table(META)?;
        let version = meta.get("version")?;
        version.map(|value| value.value().to_vec())
    };
    match version {
        Some(version) if version == TABLES_VERSION => {
            transaction.abort()?;
            Ok(None)
        }
        Some(version) => {
            transaction.abort()?;
            Ok(Some(String::from_utf8_lossy(&version).into_owned()))
        }
        None => {
            prepare_tables(&transaction)?;
            transaction.commit()?;
            Ok(None)
        }
    }
}

fn prepare_tables(transaction: &WriteTransaction) -> std::result::Result<(), redb::Error> {
    transaction
        .open_table(META)?
        .insert("version", TABLES_VERSION)?;
    transaction.open_table(SNAPSHOTS)?;
    transaction.open_table(SPACES)?;
    transaction.open_table(INBOX)?;
    transaction.open_table(INBOX_ORDER)?;
    Ok(())
}

fn empty(transaction: &WriteTransaction) -> std::result::Result<(), redb::Error> {
    transaction.delete_table(META)?;
    transaction.delete_table(SNAPSHOTS)?;
    transaction.delete_table(SPACES)?;
    transaction.delete_table(INBOX)?;
    transaction.delete_table(INBOX_ORDER)?;
    Ok(())
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

fn decode_position(bytes: &[u8]) -> Position {
    let mut fields = crate::segment::Fields(bytes);
    let number = fields.take().map_or(0, u64::from_le_bytes);
    (number, fields.take().unwrap_or([0; 32]))
}

/// redb over one of our files.
struct Backend(Arc<dyn DiskFile>);

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.0.read_at(out, offset)? == out.len() {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(data, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type FirstValue = (u64, &'static [u8; 32]);
    /// Form 1 kept no time and no chain hash.
    const FIRST_INBOX: TableDefinition<'_, InboxKey, FirstValue> = TableDefinition::new("inbox");

    fn form_one(path: &Path) {
        let database = builder().create(path).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert("version", b"1".as_slice()).unwrap();
        meta.insert("position", [9; 40].as_slice()).unwrap();
        drop(meta);
        let mut inbox = transaction.open_table(FIRST_INBOX).unwrap();
        inbox.insert(("e1", &[1; 16]), (5, &[9; 32])).unwrap();
        drop(inbox);
        transaction.open_table(SNAPSHOTS).unwrap();
        transaction.open_table(SPACES).unwrap();
        transaction.open_table(INBOX_ORDER).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn a_state_of_another_form_is_told_and_rebuilt_never_misread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        form_one(&path);
        let (store, rebuild) = StateStore::open(&path).unwrap();
        assert_eq!(rebuild, Some(Rebuild::OtherForm("1".into())));
        assert_eq!(store.position().unwrap(), (0, [0; 32]));
        assert_eq!(store.inbox("e1", &[1; 16]).unwrap(), None);
        let mark = InboxMark {
            number: 5,
            time_micros: -2,
            marks: 0,
            digest: [9; 32],
            identity: [8; 32],
            chain: [3; 32],
        };
        let mut changes = Changes::at(5, [5; 32]);
        changes.inbox("e1", [1; 16], mark);
        store.commit(&changes).unwrap();
        drop(store);
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no second copy is kept"
        );
        let (store, rebuild) = StateStore::open(&path).unwrap();
        assert_eq!(rebuild, None);
        let asked = [("e2", [1; 16]), ("e1", [1; 16])];
        assert_eq!(store.look_up(&asked).unwrap(), (5, vec![None, Some(mark)]));
        let mut changes = Changes::at(6, [6; 32]);
        changes.inbox("e2", [1; 16], mark);
        store.commit(&changes).unwrap();
        let both = vec![Some(mark), Some(mark)];
        assert_eq!(store.look_up(&asked).unwrap(), (6, both));
        store.wipe().unwrap();
        assert_eq!(store.look_up(&asked).unwrap(), (0, vec![None, None]));
    }
}
