//! Who reads the state while its file is exchanged, and a state of another form.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};

use redb::TableDefinition;

use super::*;
use crate::disk::sim::SimDisk;
use crate::state::file::InboxKey;

type FirstValue = (u64, &'static [u8; 32]);
/// Form 1 kept no time and no chain hash.
const FIRST_INBOX: TableDefinition<'_, InboxKey, FirstValue> = TableDefinition::new("inbox");

fn form_one(path: &Path) {
    let database = Database::create(path).unwrap();
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

/// A file whose reopening waits for a word while it is told to.
struct Slow {
    file: Arc<dyn DiskFile>,
    fails: AtomicBool,
    waits: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Slow {
    fn meet(&self) -> io::Result<()> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(crate::state::file::EIO));
        }
        if let Some((here, go)) = self.waits.lock().unwrap().take() {
            here.send(()).unwrap();
            go.recv().unwrap();
        }
        Ok(())
    }
}

impl DiskFile for Slow {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.meet()?;
        self.file.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn id(&self) -> io::Result<crate::disk::FileId> {
        self.file.id()
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// Who read waited for as long as the file was being opened again, without end on a disk that hangs.
#[test]
fn nobody_who_reads_waits_for_a_file_that_is_being_opened_again() {
    let file = SimDisk::new(7).create(Path::new("/state"), 0).unwrap();
    let slow = Arc::new(Slow {
        file,
        fails: AtomicBool::new(false),
        waits: Mutex::default(),
    });
    let store = StateStore::open_on(slow.clone()).unwrap().unwrap();
    store.commit(&Changes::at(1, [1; 32])).unwrap();
    slow.fails.store(true, Ordering::SeqCst);
    assert!(store.commit(&Changes::at(2, [2; 32])).is_err());
    let ((here, is_here), (go, wait)) = (channel(), channel());
    *slow.waits.lock().unwrap() = Some((here, wait));
    slow.fails.store(false, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let saved = scope.spawn(|| store.commit(&Changes::at(2, [2; 32])));
        is_here.recv().unwrap();
        assert_eq!(store.position().unwrap(), (1, [1; 32]));
        assert_eq!(store.look_up(&[("e1", [1; 16])]).unwrap().0, 1);
        assert!(store.trouble().is_some());
        assert!(store.astray().is_empty());
        go.send(()).unwrap();
        saved.join().unwrap().unwrap();
    });
    assert_eq!(store.position().unwrap(), (2, [2; 32]));
    assert_eq!(store.trouble(), None);
}

/// The sequencer waited for the sync of the witness.
#[test]
fn nobody_who_asks_for_trouble_waits_for_the_witness() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = StateStore::open(dir.path().join("state.redb")).unwrap();
    store.watched_by(Witness::open(dir.path().join("witness")).unwrap());
    let noting = store.witness();
    assert_eq!(store.trouble(), None);
    assert!(store.astray().is_empty());
    drop(noting);
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
