//! Every reader of bytes from outside, as a function of bytes: `fuzz/` gives them bytes that nobody thought
//! of, and this crate's own test the seeds in `fuzz/seeds`.
//!
//! Each function reads, and demands of what was read what holds whatever it was: what is written again reads
//! the same, what is verified is what was signed, a refusal has a code. A broken promise is a panic, which is
//! what a fuzzer looks for. `conformance-tests/tidy/decoders.txt` says which files of the product each of them
//! reaches; a new reader joins that list, or `cargo xtask test tidy` fails.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code: a panic is what it is for"
)]

mod devices;
mod flow;
mod journal;
mod language;
mod mapping;
mod plants;
mod reports;
mod settings;
mod trust;
mod xml;

/// One reader with its name, which is also that of its seeds' folder and of its program in `fuzz/`.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    /// Its name.
    pub name: &'static str,
    /// Reads, and panics when a promise is broken.
    pub read: fn(&[u8]),
}

/// All of them, in the order of their names.
pub const DECODERS: &[Decoder] = &[
    named("enterprise_webhook", plants::webhook),
    named("http_answers", plants::answers),
    named("journal_entry", flow::entry),
    named("journal_packed", journal::packed),
    named("journal_record", journal::record),
    named("journal_segment", journal::segment),
    named("mapping_package", mapping::package),
    named("mapping_payload", mapping::payload),
    named("modbus_frames", devices::modbus_frames),
    named("modbus_profile", devices::modbus_profile),
    named("model_facets", language::facets),
    named("mqtt_publish", devices::mqtt_publish),
    named("onvif_answers", devices::onvif_answers),
    named("onvif_events", devices::onvif_events),
    named("pulled_page", language::pulled_page),
    named("report_shelf", reports::shelf),
    named("settings_toml", settings::toml),
    named("soap_envelope", language::envelope),
    named("spool_lines", flow::spool),
    named("state_checkpoint", journal::checkpoint),
    named("state_rows", flow::rows),
    named("trust_papers", trust::papers),
    named("wire_message", language::message),
    named("wire_service", language::service),
    named("wsse_verify", trust::message),
    named("xml_arena", xml::arena),
    named("xmldsig_verify", trust::document),
];

const fn named(name: &'static str, read: fn(&[u8])) -> Decoder {
    Decoder { name, read }
}

/// The reader of this name.
///
/// # Panics
/// When there is none.
pub fn decoder(name: &str) -> Decoder {
    let found = DECODERS.iter().find(|decoder| decoder.name == name);
    *found.unwrap_or_else(|| panic!("no decoder is named `{name}`"))
}

/// The folder with the committed seeds of a reader.
pub fn seeds(name: &str) -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../../fuzz/seeds").join(name)
}

/// The first line, and what is behind it: for readers that take a text beside their bytes.
fn line(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
    let rest = rest.strip_prefix(b"\n").unwrap_or_default();
    (String::from_utf8_lossy(line).into_owned(), rest)
}

/// A moment for whatever needs one; the certificates of the seeds are good then.
fn now() -> cordon_model::Timestamp {
    cordon_model::Timestamp::from_micros(1_790_000_000_000_000)
}

/// A refusal says what it is.
fn refused(fault: &cordon_contract::Fault) {
    assert!(!fault.code().is_empty(), "a refusal without a code");
    assert!(!fault.peer_text().is_empty(), "a refusal without words");
}
