//! Secrets stand in files of their own: each must be there, and for the hub alone to read.
//!
//! One that lies open ends a start, and so does the hub's own key. One that an adapter cannot use is that
//! adapter's outage alone: a board's password must not take the gates away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cordon_contract::Fault;

use super::ParkConfig;
use crate::doors::Section;

/// The section of the hub's own key.
pub const HUB: Section = ("hub", 0);

/// Others may read a secret: no outage, but what a start refuses.
const OPEN: &str = "K023";

/// No password, token or key is longer.
const BYTES_MAX: u64 = 64 * 1024;

/// A file that holds a secret, and who names it.
struct Secret {
    section: Section,
    file: PathBuf,
}

/// What was found of the secrets.
#[derive(Default)]
pub struct Found {
    /// What ends a start.
    pub faults: Vec<Fault>,
    /// The sections that are not opened because of it.
    pub shut: BTreeSet<Section>,
    /// What has sections rest while everything else starts.
    pub resting: BTreeMap<Section, Vec<Fault>>,
    /// The sections that wait until a disk answers.
    pub waiting: BTreeMap<Section, Fault>,
}

impl Found {
    /// Everything that has a section rest.
    pub fn troubles(&self) -> impl Iterator<Item = Fault> + '_ {
        let resting = self.resting.values().flatten();
        resting.chain(self.waiting.values()).cloned()
    }
}

/// Looks at every secret, at each file once.
pub fn check(config: &ParkConfig) -> Found {
    let own = user();
    let mut found = Found {
        waiting: config.silent.tables().clone(),
        ..Found::default()
    };
    let mut known: BTreeMap<PathBuf, Option<Fault>> = BTreeMap::new();
    for Secret { section, file } in all(config) {
        // It is looked at when it answers; the hub's own key is waited for.
        if section != HUB && config.silent.holds(&file) {
            continue;
        }
        let seen = known.entry(file);
        let seen = seen.or_insert_with_key(|file| look(file, own).err());
        let Some(fault) = seen.clone() else {
            continue;
        };
        if section == HUB || fault.code() == OPEN {
            found.shut.insert(section);
            found.faults.push(fault);
        } else {
            let fault = fault.remedy(
                "write the secret on the first line; only the hub may read it; a hub that runs takes it at its next start",
            );
            found.resting.entry(section).or_default().push(fault);
        }
    }
    found
}

/// Every file of the configuration that holds a secret.
fn all(config: &ParkConfig) -> Vec<Secret> {
    let secret = |section, file: PathBuf| Secret { section, file };
    let mut secrets = vec![secret(HUB, config.hub.key.clone())];
    for table in config.adapters.iter() {
        let files = table.names().secrets.into_iter();
        secrets.extend(files.map(|file| secret(table.section(), file)));
    }
    // `cordon run` does not look at [demo]: its users may be missing, but not lie open.
    let users = config.demo.as_ref().and_then(|it| it.broker_users.clone());
    let users = users.filter(|file| !config.silent.holds(file) && file.exists());
    secrets.extend(users.map(|file| secret(("demo", 0), file)));
    secrets
}

/// Whether an adapter may use these secrets, which did not answer at the start.
pub fn usable(files: &[PathBuf]) -> Result<(), Fault> {
    let own = user();
    files.iter().try_for_each(|file| look(file, own))
}

/// Looks at one file; what a link points to counts, not the link.
fn look(file: &Path, own: Option<u32>) -> Result<(), Fault> {
    let unusable = |detail: String| {
        Fault::new("K024", format!("a secret file cannot be used: {detail}"))
            .at(file.display().to_string())
            .remedy("write the secret on the first line; only the hub may read it")
    };
    let known = std::fs::metadata(file).map_err(|error| unusable(error.to_string()))?;
    if !known.is_file() {
        return Err(unusable("it is no file".to_owned()));
    }
    if is_open_to_others(&known, own) {
        let mode = known.permissions().mode() & 0o777;
        return Err(
            Fault::new(OPEN, format!("others may read this secret (mode {mode:o})"))
                .at(file.display().to_string())
                .remedy(format!("chmod 600 {}", file.display())),
        );
    }
    first_line(file).map_err(unusable)
}

/// Group and others may do nothing with a secret. One exception: systemd and container platforms
/// hand over files that stay root's and that the service reads by its group.
fn is_open_to_others(known: &Metadata, own: Option<u32>) -> bool {
    exposed(known.permissions().mode(), known.uid(), own)
}

fn exposed(mode: u32, owner: u32, own: Option<u32>) -> bool {
    let handed_over = owner == 0 && own.is_some_and(|own| own != 0);
    let forbidden = if handed_over { 0o037 } else { 0o077 };
    mode & forbidden != 0
}

/// As whom this process runs; nobody knows where there is no `/proc`.
fn user() -> Option<u32> {
    let own = std::fs::metadata("/proc/self").ok()?;
    Some(own.uid())
}

/// There must be something on the first line.
fn first_line(file: &Path) -> Result<(), String> {
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    let line = text.lines().next().unwrap_or_default();
    if line.trim().is_empty() {
        return Err("its first line is empty".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::exposed;

    #[test]
    fn only_what_root_hands_over_may_be_read_by_a_group() {
        for (mode, owner, own, open) in [
            (0o100_600, 1_000, Some(1_000), false),
            (0o100_400, 1_000, Some(1_000), false),
            (0o100_640, 1_000, Some(1_000), true),
            (0o100_604, 1_000, Some(1_000), true),
            (0o100_440, 0, Some(1_000), false),
            (0o100_444, 0, Some(1_000), true),
            (0o100_660, 0, Some(1_000), true),
            (0o100_640, 0, Some(0), true),
            (0o100_640, 0, None, true),
        ] {
            assert_eq!(exposed(mode, owner, own), open, "{mode:o} {owner} {own:?}");
        }
    }
}
