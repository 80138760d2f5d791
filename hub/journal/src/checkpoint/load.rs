//! Reading a checkpoint, and filling a state with it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::form::{self, DIGEST_BYTES, Item, TAIL_BYTES};
use super::{Checkpoint, bad};
use crate::chain::Hash;
use crate::fault::{JournalFault, Result};
use crate::state::{Changes, State, TABLES_VERSION};

/// Items in one commit at most, and bytes of them after which it is made.
const ITEMS_A_COMMIT: usize = 50_000;
const BYTES_A_COMMIT: usize = 32 << 20;
/// Read at once, bytes.
const PIECE: usize = 1 << 20;

/// Reads a checkpoint's file through.
///
/// # Errors
/// `J062` when it is damaged, cut short, no checkpoint at all, or its state of a form that this program does not know; `J001` when it cannot be
/// read.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let io = |error| JournalFault::io(path, "reading a checkpoint", &error);
    let mut file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let covered = bytes.checked_sub(DIGEST_BYTES as u64);
    let covered = covered.filter(|covered| *covered > TAIL_BYTES as u64);
    let covered = covered.ok_or_else(|| bad(path, "it is too short to be one"))?;
    let digest = digest_of(&mut (&mut file).take(covered)).map_err(io)?;
    let mut said = [0; DIGEST_BYTES];
    file.read_exact(&mut said).map_err(io)?;
    if digest != said {
        return Err(bad(path, "its bytes are not those of its digest"));
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let head = form::read_head(&mut file).map_err(|_| bad(path, "it has no head"))?;
    let (identity, kind) = head.ok_or_else(|| bad(path, "this is no checkpoint"))?;
    if kind != TABLES_VERSION {
        let kind = String::from_utf8_lossy(&kind).into_owned();
        return Err(bad(
            path,
            format!("its state is of form {kind:?}, which this program does not read"),
        ));
    }
    let mut tail = [0; TAIL_BYTES];
    file.seek(SeekFrom::Start(covered - TAIL_BYTES as u64))
        .and_then(|_| file.read_exact(&mut tail))
        .map_err(io)?;
    let position = form::read_tail(&tail).ok_or_else(|| bad(path, "it has no position"))?;
    Ok(Checkpoint {
        identity,
        position,
        digest,
        bytes,
        path: path.to_owned(),
    })
}

/// Fills an empty state with what a checkpoint holds; its position is the last thing that is written, so a state that was filled half is
/// an empty one.
///
/// # Errors
/// `J062` when the items are not what it was made of; the state's own faults.
pub fn load(checkpoint: &Checkpoint, state: &dyn State) -> Result<()> {
    let path = &checkpoint.path;
    let io = |error| JournalFault::io(path, "reading a checkpoint", &error);
    let odd = |error: io::Error| bad(path, format!("its items cannot be read: {error}"));
    let mut file = File::open(path).map_err(io)?;
    form::read_head(&mut file).map_err(io)?;
    let mut items = zstd::stream::Decoder::new(file)
        .map_err(odd)?
        .single_frame();
    let mut items = BufReader::with_capacity(PIECE, &mut items);
    let nothing = || Changes::at(0, [0; 32]);
    let (mut changes, mut bytes, mut count) = (nothing(), 0, 0);
    loop {
        match form::read(&mut items).map_err(odd)? {
            Item::End(said) if said == count => break,
            Item::End(said) => {
                return Err(bad(path, format!("{count} items, it says {said}")));
            }
            Item::Row {
                namespace,
                key,
                value,
            } => {
                bytes += key.len() + value.len();
                changes.put(&namespace, key, value);
            }
            Item::Value {
                namespace,
                bytes: value,
            } => {
                bytes += value.len();
                changes.snapshot(&namespace, value);
            }
            Item::Mark {
                sender,
                message_id,
                mark,
            } => {
                changes.inbox(&sender, message_id, mark);
            }
        }
        count += 1;
        if changes.len() >= ITEMS_A_COMMIT || bytes >= BYTES_A_COMMIT {
            state.commit(&std::mem::replace(&mut changes, nothing()))?;
            bytes = 0;
        }
    }
    changes.position = checkpoint.position;
    state.commit(&changes)
}

fn digest_of(source: &mut impl Read) -> io::Result<Hash> {
    let mut digest = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece)? {
            0 => break,
            read => digest.update(piece.get(..read).unwrap_or_default()),
        }
    }
    Ok(digest.finish().as_ref().try_into().unwrap_or_default())
}
