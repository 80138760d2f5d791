//! What lies on which disk: lawful, and told of where it defeats its purpose.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cordon_contract::Fault;

use super::ParkConfig;

/// What is better otherwise. Nothing here keeps a park from starting.
pub fn warnings(config: &ParkConfig) -> Vec<Fault> {
    let spool = config.hub.spool();
    let (data, beside) = (disk_of(&config.hub.data), disk_of(&spool));
    if data.is_none() || data != beside {
        return Vec::new();
    }
    let words = "the spool of emergency openings lies on the disk of the journal: when that disk fails, what acted meanwhile is kept in memory alone";
    vec![
        Fault::new("K091", words)
            .at(format!("hub.spool: {}", spool.display()))
            .remedy("name a file on another disk in hub.spool"),
    ]
}

/// What `check` refuses: a spool into which nothing can be written, a folder of reports that cannot be
/// listed. A start goes on all the same, because an opening then is kept in memory, and the gates need no
/// reports.
pub fn faults(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = of_spool(config);
    let reports = crate::reports::folder(config);
    faults.extend(cordon_reports::unlistable(&reports));
    faults
}

fn of_spool(config: &ParkConfig) -> Vec<Fault> {
    let spool = config.hub.spool();
    let words = match nearest(&spool) {
        Some((found, true)) if found == spool => "is a folder",
        Some((found, false)) if found != spool => "lies below a file",
        // Without one of its own it lies beside the journal, in a folder that the start makes.
        _ if config.hub.spool.is_none() => return Vec::new(),
        _ => {
            let tried = crate::spool::try_out(&spool).err();
            return Vec::from_iter(tried.map(|error| crate::spool::unwritable(&spool, &error)));
        }
    };
    vec![
        Fault::new(
            "K098",
            format!("the spool of emergency openings {words}: nothing can be written to it"),
        )
        .at(format!("hub.spool: {}", spool.display()))
        .remedy("name a file in a folder; both are made when they are needed"),
    ]
}

/// The first of a path and the folders it lies in that is there, and whether it is a folder.
fn nearest(path: &Path) -> Option<(&Path, bool)> {
    path.ancestors()
        .find_map(|path| Some((path, std::fs::metadata(path).ok()?.is_dir())))
}

/// The disk that a file or folder lies on, or will lie on.
fn disk_of(path: &Path) -> Option<u64> {
    path.ancestors()
        .map(|path| match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        })
        .find_map(|path| std::fs::metadata(path).ok())
        .map(|found| found.dev())
}
