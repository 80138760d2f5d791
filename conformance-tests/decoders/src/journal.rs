//! What the journal reads from a disk that may hold anything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::Disk as _;
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::{FaultKind, Journal, NewRecord, Options, Reader, decoders, verify_on};

/// Where the journal lies on its simulated disk.
const FOLDER: &str = "/journal";

/// A record: what is read is written as it stood.
pub(crate) fn record(bytes: &[u8]) {
    if let Some(record) = NewRecord::decode(bytes) {
        let mut written = Vec::new();
        record
            .encode_into(&mut written)
            .expect("what was read can be written");
        assert_eq!(NewRecord::decode(&written), Some(record));
    }
    let _ = decoders::batch(bytes);
    let _ = decoders::changed_bit(bytes, 4_096);
    let _ = decoders::notes(bytes);
    let _ = decoders::witness(bytes);
    if let Some(seal) = decoders::seal(bytes, bytes) {
        assert!(seal.len() < 4_096);
    }
}

/// A journal of one segment whose bytes are these: once as they are, once with right checksums. It is read,
/// verified and opened; what is good to one of them is good to all.
pub(crate) fn segment(bytes: &[u8]) {
    read("00000001.seg", bytes.to_vec());
    let mut whole = bytes.to_vec();
    whole.resize(bytes.len().max(16 * 1_024), 0);
    decoders::seal_over(&mut whole);
    if let Some(head) = decoders::head(whole.get(..128).unwrap_or_default()) {
        assert_eq!(decoders::head(&head).as_deref(), Some(&head[..]));
    }
    read("00000001.seg", whole);
}

/// The same of a segment that is packed.
pub(crate) fn packed(bytes: &[u8]) {
    read("00000001.segz", bytes.to_vec());
    let mut whole = bytes.to_vec();
    decoders::seal_over_packed(&mut whole);
    read("00000001.segz", whole);
}

/// A checkpoint: no more is asked for than the bytes hold.
pub(crate) fn checkpoint(bytes: &[u8]) {
    if let Some(count) = decoders::checkpoint(bytes) {
        assert!(count < bytes.len() as u64, "each item has bytes");
    }
}

fn read(name: &str, bytes: Vec<u8>) {
    let disk = Arc::new(SimDisk::new(1));
    let folder = Path::new(FOLDER);
    disk.make_dir(folder).unwrap();
    disk.set_free(64 << 20);
    let file = disk.create(&folder.join(name), bytes.len() as u64).unwrap();
    file.write_at(&bytes, 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(folder).unwrap();
    let report = verify_on(disk.clone(), folder, &[], Duration::ZERO);
    let Ok(reader) = Reader::open_on(disk.clone(), folder) else {
        return;
    };
    let records = reader.read_from(0).map(|records| records.count());
    let is_clean = report.as_ref().is_ok_and(|report| report.is_clean());
    if let (Ok(report), Ok(records), true) = (&report, &records, is_clean) {
        assert_eq!(report.records, *records as u64, "read is what is verified");
    }
    let options = Options {
        segment_bytes: 16 * 1_024,
        background: false,
        reserve_bytes: 4_096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        ..Options::new(reader.identity())
    };
    let journal = match Journal::open_on(disk.clone(), folder, options) {
        Ok(journal) => journal,
        Err(fault) => {
            // The last segments are never packed, so where they are gone a start has nowhere to write.
            let is_writable = name.ends_with(".seg");
            // Opening heeds the head of a later batch whose body is gone; `verify` looks for whole ones.
            let is_clean = is_clean && fault.kind() != FaultKind::BadRecord;
            assert!(
                !is_clean || !is_writable,
                "a sound journal is opened: {fault}"
            );
            return;
        }
    };
    let last = journal.last();
    drop(journal);
    if is_clean {
        let again = verify_on(disk, folder, &[], Duration::ZERO).expect("it is there");
        assert!(
            again.is_clean(),
            "opening leaves a sound journal sound: {again:?}"
        );
        assert_eq!(again.last, last);
    }
}
