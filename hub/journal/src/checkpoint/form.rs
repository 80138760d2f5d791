//! The items of a checkpoint, as bytes.

use std::io::{self, Read, Write};

use crate::segment::{Fields, IDENTITY_BYTES_MAX};
use crate::state::{Held, InboxMark, KEY_BYTES_MAX, NAMESPACE_BYTES_MAX, VALUE_BYTES_MAX};
use crate::watch::Position;

/// What a file of a checkpoint begins with.
pub(super) const MAGIC: &[u8; 8] = b"CORDONK1";
/// Bytes of the position behind the packed items.
pub(super) const TAIL_BYTES: usize = 8 + 32;
/// Bytes of the digest at its end.
pub(super) const DIGEST_BYTES: usize = 32;

const END: u8 = 0;
const ROW: u8 = 1;
const VALUE: u8 = 2;
const MARK: u8 = 3;

/// An item that was read.
pub(super) enum Item {
    Row {
        namespace: String,
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Value {
        namespace: String,
        bytes: Vec<u8>,
    },
    Mark {
        sender: String,
        message_id: [u8; 16],
        mark: InboxMark,
    },
    /// The last, with how many came before it.
    End(u64),
}

/// What stands before the packed items: whose state, and in which form.
pub(super) fn head(identity: &str, form: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for text in [identity.as_bytes(), form] {
        out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(text);
    }
    out
}

/// Identity and form of a head; `None` when it is none.
pub(super) fn read_head(source: &mut impl Read) -> io::Result<Option<(String, Vec<u8>)>> {
    if &take::<8>(source)? != MAGIC {
        return Ok(None);
    }
    let [length] = take(source)?;
    let identity = String::from_utf8(bytes(source, usize::from(length), IDENTITY_BYTES_MAX)?);
    let [length] = take(source)?;
    let form = bytes(source, usize::from(length), usize::from(u8::MAX))?;
    Ok(identity.ok().map(|identity| (identity, form)))
}

/// What stands behind the packed items, before the digest: where the state stands.
pub(super) fn tail(position: Position) -> [u8; TAIL_BYTES] {
    let mut out = [0; TAIL_BYTES];
    let bytes = position.0.to_le_bytes().into_iter().chain(position.1);
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = from;
    }
    out
}

/// The position of a tail.
pub(super) fn read_tail(bytes: &[u8]) -> Option<Position> {
    let mut fields = Fields(bytes);
    Some((fields.take().map(u64::from_le_bytes)?, fields.take()?))
}

/// Writes one item.
pub(super) fn write(out: &mut impl Write, held: &Held<'_>) -> io::Result<()> {
    match held {
        Held::Row {
            namespace,
            key,
            value,
        } => {
            out.write_all(&[ROW])?;
            long(out, namespace.as_bytes())?;
            long(out, key)?;
            long(out, value)
        }
        Held::Value { namespace, bytes } => {
            out.write_all(&[VALUE])?;
            long(out, namespace.as_bytes())?;
            long(out, bytes)
        }
        Held::Mark {
            sender,
            message_id,
            mark,
        } => {
            out.write_all(&[MARK])?;
            long(out, sender.as_bytes())?;
            out.write_all(*message_id)?;
            out.write_all(&mark.number.to_le_bytes())?;
            out.write_all(&mark.time_micros.to_le_bytes())?;
            out.write_all(&mark.marks.to_le_bytes())?;
            for hash in [&mark.digest, &mark.identity, &mark.chain] {
                out.write_all(hash)?;
            }
            Ok(())
        }
    }
}

/// Writes what ends the items.
pub(super) fn write_end(out: &mut impl Write, count: u64) -> io::Result<()> {
    out.write_all(&[END])?;
    out.write_all(&count.to_le_bytes())
}

/// Reads one item. Whatever the bytes say, no more is asked for than a state may hold in one.
pub(super) fn read(source: &mut impl Read) -> io::Result<Item> {
    let [kind] = take(source)?;
    Ok(match kind {
        END => Item::End(u64::from_le_bytes(take(source)?)),
        ROW => Item::Row {
            namespace: text(source, NAMESPACE_BYTES_MAX)?,
            key: sized(source, KEY_BYTES_MAX)?,
            value: sized(source, VALUE_BYTES_MAX)?,
        },
        VALUE => Item::Value {
            namespace: text(source, NAMESPACE_BYTES_MAX)?,
            bytes: sized(source, VALUE_BYTES_MAX)?,
        },
        MARK => Item::Mark {
            sender: text(source, KEY_BYTES_MAX)?,
            message_id: take(source)?,
            mark: mark(source)?,
        },
        _ => return Err(io::ErrorKind::InvalidData.into()),
    })
}

fn mark(source: &mut impl Read) -> io::Result<InboxMark> {
    let bytes: [u8; 8 + 8 + 2 + 3 * 32] = take(source)?;
    let mut fields = Fields(&bytes);
    let odd = || io::Error::from(io::ErrorKind::InvalidData);
    Ok(InboxMark {
        number: fields.take().map(u64::from_le_bytes).ok_or_else(odd)?,
        time_micros: fields.take().map(i64::from_le_bytes).ok_or_else(odd)?,
        marks: fields.take().map(u16::from_le_bytes).ok_or_else(odd)?,
        digest: fields.take().ok_or_else(odd)?,
        identity: fields.take().ok_or_else(odd)?,
        chain: fields.take().ok_or_else(odd)?,
    })
}

fn long(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)
}

fn take<const N: usize>(source: &mut impl Read) -> io::Result<[u8; N]> {
    let mut out = [0; N];
    source.read_exact(&mut out)?;
    Ok(out)
}

fn text(source: &mut impl Read, max: usize) -> io::Result<String> {
    let bytes = sized(source, max)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn sized(source: &mut impl Read, max: usize) -> io::Result<Vec<u8>> {
    let length = u32::from_le_bytes(take(source)?);
    bytes(source, usize::try_from(length).unwrap_or(usize::MAX), max)
}

fn bytes(source: &mut impl Read, length: usize, max: usize) -> io::Result<Vec<u8>> {
    if length > max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut out = Vec::new();
    let read = source.take(length as u64).read_to_end(&mut out)?;
    match read == length {
        true => Ok(out),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
