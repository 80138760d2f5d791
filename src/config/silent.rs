//! Disks that do not answer. Of everything that a configuration names each folder is asked on a thread of its own, all at once: a start
//! waits for none of them longer than for one.
//!
//! What hangs is the business of whoever needs it: an adapter rests, the trust folder is as one that cannot be read, nothing is moved to
//! the archive. The configuration itself, the hub's own key and its data are waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cordon_contract::{DISK_ANSWERS_IN, Fault, begin_aside, disk_hangs};

use super::ParkConfig;
use super::uses::folder_of;
use crate::doors::Section;

/// More of a file is not read to see whether its disk answers.
const BYTES_READ: u64 = 1 << 20;

/// What gave no answer.
#[derive(Clone, Debug, Default)]
pub struct Silent {
    paths: BTreeSet<PathBuf>,
    /// The tables that name some of it, each with what is said of the first.
    tables: BTreeMap<Section, Fault>,
}

/// How a path is asked.
type Ask = fn(&Path);

impl Silent {
    /// What of a configuration gives no answer now.
    pub fn of(config: &mut ParkConfig) -> Self {
        let paths = among(named_by(config), DISK_ANSWERS_IN);
        let mut tables = BTreeMap::new();
        for table in &mut config.adapters.0 {
            let named: Vec<PathBuf> = table.paths().into_iter().map(|it| it.clone()).collect();
            if let Some(first) = named.iter().find(|it| paths.contains(*it)) {
                tables.insert(table.section(), disk_hangs(first));
            }
        }
        Self { paths, tables }
    }

    /// Whether this gave no answer, or the folder that it lies in.
    pub fn holds(&self, path: &Path) -> bool {
        self.paths.iter().any(|silent| path.starts_with(silent))
    }

    /// The tables of adapters that cannot be opened before a disk answers, and which file it is.
    pub fn tables(&self) -> &BTreeMap<Section, Fault> {
        &self.tables
    }
}

/// What is asked: each folder with the paths that are waited for together.
fn named_by(config: &mut ParkConfig) -> BTreeMap<PathBuf, Vec<(PathBuf, Ask)>> {
    let mut folders: BTreeMap<PathBuf, Vec<(PathBuf, Ask)>> = BTreeMap::new();
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for table in &mut config.adapters.0 {
        files.extend(table.paths().into_iter().map(|it| it.clone()));
    }
    files.extend(config.demo.iter().filter_map(|it| it.broker_users.clone()));
    for file in files {
        let folder = folder_of(&file).to_owned();
        folders.entry(folder).or_default().push((file, look));
    }
    // Folders are asked by themselves: what lies beside one that is a mount may be another disk.
    let own = |path: &Path, ask: Ask| (path.to_owned(), vec![(path.to_owned(), ask)]);
    let archive = config.retention.archive.iter().map(|it| own(it, look));
    let apart = archive.chain([own(&config.hub.trust, look_within)]);
    for (folder, paths) in apart {
        folders.entry(folder).or_default().extend(paths);
    }
    folders
}

/// Those paths that gave no answer in time. What hangs goes on hanging, on its own thread.
fn among(folders: BTreeMap<PathBuf, Vec<(PathBuf, Ask)>>, patience: Duration) -> BTreeSet<PathBuf> {
    let ends = Instant::now() + patience;
    let (answer, answers) = mpsc::channel();
    let mut waited_for = BTreeSet::new();
    for paths in folders.into_values() {
        waited_for.extend(paths.iter().map(|(path, _)| path.clone()));
        let answer = answer.clone();
        let asked = begin_aside(move || {
            for (path, ask) in paths {
                ask(&path);
                // Who waited may have given up.
                let _ = answer.send(path);
            }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "there is no thread to ask whether a disk answers");
        }
    }
    drop(answer);
    while !waited_for.is_empty() {
        match answers.recv_timeout(ends.saturating_duration_since(Instant::now())) {
            Ok(path) => waited_for.remove(&path),
            Err(_) => break,
        };
    }
    waited_for
}

/// Touches it as whoever uses it will. What comes of it others say.
fn look(path: &Path) {
    let Ok(known) = std::fs::metadata(path) else {
        return;
    };
    if known.is_dir() {
        let _ = std::fs::read_dir(path).map(Iterator::count);
    } else if known.is_file() {
        let read = |file: std::fs::File| file.take(BYTES_READ).read_to_end(&mut Vec::new());
        let _ = std::fs::File::open(path).and_then(read);
    }
}

/// The same for all that lies in a folder.
fn look_within(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        look(&entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Held while the disk hangs.
    static HANGS: Mutex<()> = Mutex::new(());

    fn hang(_: &Path) {
        drop(HANGS.lock());
    }

    #[test]
    fn many_files_on_disks_that_hang_are_waited_for_once_and_the_others_not_at_all() {
        let held = HANGS.lock().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good");
        std::fs::write(&good, "a word").unwrap();
        let mut folders: BTreeMap<PathBuf, Vec<(PathBuf, Ask)>> = BTreeMap::new();
        folders.insert("/good".into(), vec![(good, look), ("/none".into(), look)]);
        for disk in 0..5 {
            let files = (0..20).map(|file| (format!("/{disk}/{file}").into(), hang as Ask));
            folders.insert(format!("/{disk}").into(), files.collect());
        }
        let begun = Instant::now();
        let silent = among(folders, Duration::from_millis(300));
        // A hundred files, and nowhere near thirty seconds.
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(silent.len(), 100);
        let silent = Silent {
            paths: BTreeSet::from(["/nas/trust".into()]),
            tables: BTreeMap::new(),
        };
        assert!(silent.holds(Path::new("/nas/trust/root.pem")));
        assert!(!silent.holds(Path::new("/nas/trusted")));
        drop(held);
    }
}
