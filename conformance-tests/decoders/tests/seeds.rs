//! The seeds in `fuzz/seeds`, and a slice of what `cargo xtask fuzz` does with them: each is read as it is,
//! cut off, and changed at random places, always the same ones.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;

use cordon_decoders::{DECODERS, seeds};

/// Changed forms of each seed that are read.
const CHANGED: u64 = 40;
/// Cut off forms.
const CUT: usize = 20;
/// Seeds are committed, so they are small.
const SEED_BYTES_MAX: usize = 24 * 1_024;

#[test]
fn every_decoder_has_seeds_and_reads_them_whole_cut_and_changed() {
    for decoder in DECODERS {
        let found = files(&seeds(decoder.name));
        assert!(!found.is_empty(), "{} has no seeds", decoder.name);
        for (name, bytes) in found {
            assert!(
                bytes.len() <= SEED_BYTES_MAX,
                "{name} is too large for a seed"
            );
            (decoder.read)(&bytes);
            for cut in 0..CUT {
                (decoder.read)(&bytes[..bytes.len() * cut / CUT]);
            }
            for number in 0..CHANGED {
                (decoder.read)(&changed(&bytes, number));
            }
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_decoder() {
    for folder in std::fs::read_dir(seeds("")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let has = DECODERS.iter().any(|decoder| decoder.name == name);
        assert!(has, "fuzz/seeds/{name}: no decoder has this name");
    }
    assert!(DECODERS.is_sorted_by_key(|decoder| decoder.name));
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(found) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = found.map(|file| file.unwrap().path());
    let mut files: Vec<_> = paths
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A few bytes set, doubled or taken away.
fn changed(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ bytes.len() as u64;
    let mut below = |bound: usize| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^= mixed >> 27;
        usize::try_from(mixed % bound.max(1) as u64).unwrap()
    };
    let mut out = bytes.to_vec();
    for _ in 0..=below(4) {
        let at = below(out.len());
        let end = (at + 1 + below(12)).min(out.len());
        match below(4) {
            0 => out
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << (number % 8)),
            1 => out
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = b"<>&\"0\0\xff{"[(number % 8) as usize]),
            2 => drop(out.drain(at..end)),
            _ => {
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
        }
    }
    out
}
