//! Writing a checkpoint beside a running hub.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::form::{head, tail, write, write_end};
use super::{Checkpoint, file_name};
use crate::chain::Hash;
use crate::disk::modes;
use crate::fault::{JournalFault, Result};
use crate::state::{State, TABLES_VERSION};
use crate::watch::Position;

/// The usual level of zstd.
const LEVEL: i32 = 3;
/// How a file is called until it is whole.
const DRAFT: &str = "checkpoint.tmp";

/// Writes what the state of this journal holds now to a file in `folder`, which is made when it is not there; durable when this
/// returns. Nobody who commits waits for it. `goes_on` is asked with each item: when it says no, nothing is made. `None` then, and
/// for an empty state.
///
/// # Errors
/// `J011`, `J012` when the disk does not take it, `J020` when the state cannot be read.
pub fn save(
    state: &dyn State,
    identity: &str,
    folder: &Path,
    goes_on: &dyn Fn() -> bool,
) -> Result<Option<Checkpoint>> {
    let draft = folder.join(DRAFT);
    let failed = |error: io::Error| JournalFault::write(&draft, "writing a checkpoint", &error);
    modes::make_dir(folder).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true).truncate(true);
    let file = modes::open_new(&mut options, &draft).map_err(failed)?;
    let drawn = match draw(state, identity, (file, &draft), goes_on) {
        Ok(Some(drawn)) => drawn,
        other => {
            // What is left over the next one replaces.
            let _ = std::fs::remove_file(&draft);
            return other.map(|_| None);
        }
    };
    let path = folder.join(file_name(drawn.position.0));
    std::fs::rename(&draft, &path)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(failed)?;
    Ok(Some(Checkpoint {
        identity: identity.to_owned(),
        position: drawn.position,
        digest: drawn.digest,
        bytes: drawn.bytes,
        path,
    }))
}

struct Drawn {
    position: Position,
    digest: Hash,
    bytes: u64,
}

/// What has been written, with its digest.
struct Counted<W> {
    to: W,
    digest: Context,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Draws the state to a file; `None` where it is empty or not wanted any more.
fn draw(
    state: &dyn State,
    identity: &str,
    (file, path): (File, &Path),
    goes_on: &dyn Fn() -> bool,
) -> Result<Option<Drawn>> {
    let failed = |error: io::Error| JournalFault::write(path, "writing a checkpoint", &error);
    let mut out = Counted {
        to: BufWriter::new(file),
        digest: Context::new(&SHA256),
        bytes: 0,
    };
    out.write_all(&head(identity, TABLES_VERSION))
        .map_err(failed)?;
    let mut packer = zstd::stream::Encoder::new(out, LEVEL).map_err(failed)?;
    let (mut count, mut is_wanted) = (0, true);
    let position = state.each(&mut |held| {
        is_wanted = goes_on();
        if is_wanted {
            count += 1;
            write(&mut packer, &held).map_err(failed)?;
        }
        Ok(is_wanted)
    })?;
    if !is_wanted || position.0 == 0 {
        return Ok(None);
    }
    write_end(&mut packer, count).map_err(failed)?;
    let mut out = packer.finish().map_err(failed)?;
    out.write_all(&tail(position)).map_err(failed)?;
    let digest = out.digest.clone().finish();
    let digest: Hash = digest.as_ref().try_into().unwrap_or_default();
    out.write_all(&digest).map_err(failed)?;
    let bytes = out.bytes;
    let file = out.to.into_inner().map_err(|it| failed(it.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(Some(Drawn {
        position,
        digest,
        bytes,
    }))
}
