//! `cordon journal pack`: old sealed segments in less room.

use std::path::PathBuf;

use cordon_contract::{Clock as _, SystemClock};
use cordon_journal::{Packed, Packer};
use serde_json::json;

use super::Format;
use super::journal::ending;
use crate::exit::{Ending, FAILED};

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Arguments of `pack`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The journal's folder
    #[arg(long, default_value = "journal")]
    dir: PathBuf,
    /// Only segments whose entries are all older than this
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=36_500))]
    older_days: u16,
    /// How to print what was packed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let mut packer = Packer::alone(&args.dir).map_err(|fault| ending(&fault))?;
    let before = SystemClock
        .now()
        .plus_ms(-i64::from(args.older_days) * DAY_MS);
    let (mut count, mut bytes, mut packed_bytes, mut failed) = (0_u64, 0, 0, 0_u64);
    loop {
        match packer.pack_next(before.micros()) {
            Ok(None) => break,
            Ok(Some(packed)) => {
                print_packed(&packed, args.format);
                count += 1;
                bytes += packed.bytes;
                packed_bytes += packed.packed_bytes;
            }
            // It stays as it was, and the others are packed; a disk that fails would fail again.
            Err(fault) if fault.is_of_disk() => return Err(ending(&fault)),
            Err(fault) => {
                tell!("{fault}");
                failed += 1;
            }
        }
    }
    tell!("{count} segments packed: {bytes} bytes before, {packed_bytes} now");
    match failed {
        0 => Ok(()),
        _ => Err(Ending::new(
            FAILED,
            format!(
                "{failed} segments are damaged and stay as they are; see `cordon journal verify`"
            ),
        )),
    }
}

fn print_packed(packed: &Packed, format: Format) {
    let Packed {
        number,
        first,
        last,
        bytes,
        packed_bytes,
    } = packed;
    match format {
        Format::Text => {
            show!("segment {number}, entries {first} to {last}: {bytes} -> {packed_bytes} bytes");
        }
        Format::Json => show!(
            "{}",
            json!({
                "segment": number, "first": first, "last": last, "bytes": bytes, "packed_bytes": packed_bytes,
            })
        ),
    }
}
