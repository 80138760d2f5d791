//! Where it was measured: without it a figure means nothing.

use std::path::Path;
use std::process::Command;

/// The machine, the tools and the source of a run.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Threads that can run at once.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Release of the kernel.
    pub kernel: String,
    /// Version of the compiler.
    pub rustc: String,
    /// File system and device of the data folder.
    pub disk: String,
    /// Commit of the source, with `+` when files differ from it.
    pub commit: String,
    /// Time of the run in UTC.
    pub date: String,
    /// Mean number of waiting threads over a minute, before the run.
    pub load_before: String,
}

impl Machine {
    /// Asks the operating system; what it does not say is `unknown`.
    pub fn look(data: &Path, date: String) -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: cores(),
            memory_mib: memory_mib(),
            kernel: first_word("/proc/sys/kernel/osrelease"),
            rustc: said("rustc", &["--version"]),
            disk: disk(data),
            commit: commit(),
            date,
            load_before: load(),
        }
    }
}

/// Threads that can run at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Mean number of waiting threads over the last minute.
pub fn load() -> String {
    first_word("/proc/loadavg")
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn first_word(path: &str) -> String {
    std::fs::read_to_string(path)
        .ok()
        .and_then(|text| text.split_whitespace().next().map(str::to_owned))
        .unwrap_or_else(unknown)
}

/// The value after `name … :`.
fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once(':'))
        .map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn memory_mib() -> u64 {
    let kib = field("/proc/meminfo", "MemTotal");
    let kib = kib.split_whitespace().next().unwrap_or_default();
    kib.parse::<u64>().map_or(0, |kib| kib / 1_024)
}

fn said(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map_or_else(unknown, |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
}

fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short=12", "HEAD"]);
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    let mark = if changed.is_empty() { "" } else { "+" };
    format!("{commit}{mark}")
}

/// Type and device of the file system that holds `folder`: the longest mount point above it.
fn disk(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
            folder
                .starts_with(point)
                .then(|| (point.len(), format!("{kind} on {device}")))
        })
        .max_by_key(|(length, _)| *length)
        .map_or_else(unknown, |(_, words)| words)
}
