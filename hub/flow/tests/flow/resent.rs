//! What a batch that is sent again costs the one sequencer: look-ups in memory, and no disk.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_flow::{Hub, HubParts, OpenedOnce, ReceiptData, RunningHub};
use cordon_journal::disk::{Disk, DiskFile, FileId, RealDisk};
use cordon_journal::{
    Changes, Held, InboxMark, Journal, LookedUp, Position, Result, State, StateStore,
};
use cordon_mapping::Mappings;
use cordon_model::PartyId;
use cordon_security::Role;

use crate::park::{Park, small};
use crate::partner::Ca;
use crate::signed::grant;

const MESSAGES: usize = 500;

/// Reads by the sequencer's thread, and all reads.
#[derive(Default)]
struct Reads {
    sequencer: AtomicU64,
    all: AtomicU64,
}

impl Reads {
    fn count(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
        if std::thread::current().name() == Some("cordon-sequencer") {
            self.sequencer.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Both counts since the last call.
    fn take(&self) -> (u64, u64) {
        let sequencer = self.sequencer.swap(0, Ordering::SeqCst);
        (sequencer, self.all.swap(0, Ordering::SeqCst))
    }
}

/// The real disk, with reads of the journal counted.
struct Counted(Arc<Reads>);

struct CountedFile(Arc<dyn DiskFile>, Arc<Reads>);

impl DiskFile for CountedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.count();
        self.0.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
    fn id(&self) -> io::Result<FileId> {
        self.0.id()
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

impl Counted {
    fn wrap(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(CountedFile(file, Arc::clone(&self.0)))
    }
}

impl Disk for Counted {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(RealDisk.open(path, write)?))
    }
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.wrap(RealDisk.create(path, bytes)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }
    fn id(&self, path: &Path) -> io::Result<FileId> {
        RealDisk.id(path)
    }
    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        RealDisk.lock(dir)
    }
    fn salt(&self) -> io::Result<u64> {
        RealDisk.salt()
    }
}

/// The real state store, with every question to it counted.
struct CountedState(StateStore, Arc<Reads>);

impl State for CountedState {
    fn position(&self) -> Result<Position> {
        self.1.count();
        self.0.position()
    }
    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>> {
        self.1.count();
        self.0.snapshot(namespace)
    }
    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>> {
        self.1.count();
        self.0.inbox(sender, message_id)
    }
    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp> {
        self.1.count();
        self.0.look_up(asked)
    }
    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>> {
        self.1.count();
        self.0.inbox_since(number, limit)
    }
    fn get(&self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.1.count();
        self.0.get(namespace, key)
    }
    fn range(
        &self,
        namespace: &str,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.1.count();
        self.0.range(namespace, from, to, limit)
    }
    fn each(&self, take: &mut dyn FnMut(Held<'_>) -> Result<bool>) -> Result<Position> {
        self.1.count();
        self.0.each(take)
    }
    fn commit(&self, changes: &Changes) -> Result<()> {
        self.0.commit(changes)
    }
    fn wipe(&self) -> Result<()> {
        self.0.wipe()
    }
}

async fn start(park: &Park, journal: &Arc<Reads>, state: &Arc<Reads>) -> RunningHub {
    let disk = Arc::new(Counted(Arc::clone(journal)));
    let journal = Journal::open_on(disk, park.journal_dir(), small()).unwrap();
    let reader = journal.reader().unwrap();
    let (store, _) = StateStore::open_for(park.dir.path().join("state.redb"), &reader).unwrap();
    let state = Arc::new(CountedState(store, Arc::clone(state)));
    let parts = HubParts {
        ledger: Arc::new(OpenedOnce::new(journal, state).unwrap()),
        plugins: Vec::new(),
        adapters: Vec::new(),
        mappings: Arc::new(Mappings::default()),
        clock: Arc::new(park.clock.clone()),
    };
    Hub::start(park.config.clone(), parts).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_messages_sent_again_read_neither_journal_nor_state_on_the_sequencer() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let messages: Vec<String> = (0..MESSAGES)
        .map(|number| {
            let id = format!("0192f4a0-7c1e-7d3a-9b57-{number:012}");
            grant(1).replace("0192f4a0-7c1e-7d3a-9b57-000000000101", &id)
        })
        .collect();
    let (journal, state) = (Arc::<Reads>::default(), Arc::<Reads>::default());
    let hub = start(&park, &journal, &state).await;
    let submit = hub.submit();
    let first = submit.submit(ent.envelope(&messages)).await.unwrap();
    let first: Vec<ReceiptData> = first.into_iter().map(|one| one.unwrap()).collect();
    let repeated: Vec<ReceiptData> = first
        .iter()
        .map(|one| ReceiptData {
            duplicate: true,
            ..one.clone()
        })
        .collect();

    // From the memory of a running hub; the corridor asks the store once for the whole batch.
    journal.take();
    state.take();
    let again = submit.submit(ent.envelope(&messages)).await.unwrap();
    let again: Vec<ReceiptData> = again.into_iter().map(|one| one.unwrap()).collect();
    assert_eq!(again, repeated);
    assert_eq!(journal.take(), (0, 0), "reads of the journal");
    assert_eq!(state.take(), (0, 1), "questions to the state");
    let sender = PartyId::new("ENT-1").unwrap();
    let receipt = submit.receipt_of(&sender, first[7].message_id).unwrap();
    assert_eq!(receipt.as_ref(), Some(&repeated[7]));
    assert_eq!(journal.take(), (0, 0));
    hub.shutdown().await.unwrap();

    // From the state of an earlier run.
    let hub = start(&park, &journal, &state).await;
    journal.take();
    state.take();
    let again = hub.submit().submit(ent.envelope(&messages)).await.unwrap();
    let again: Vec<ReceiptData> = again.into_iter().map(|one| one.unwrap()).collect();
    assert_eq!(again, repeated);
    assert_eq!(journal.take(), (0, 0), "reads of the journal");
    assert_eq!(state.take(), (0, 1), "questions to the state");
    let receipt = hub
        .submit()
        .receipt_of(&sender, first[7].message_id)
        .unwrap();
    assert_eq!(receipt.as_ref(), Some(&repeated[7]));
    assert_eq!(journal.take(), (0, 0));

    // The same id for another message is refused all the same.
    let other = messages[3].replace("GR-2026-000123", "GR-2026-000999");
    let refused = hub.submit().submit(ent.envelope(&[other])).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().fault.code(), "F005");
    hub.shutdown().await.unwrap();
}
