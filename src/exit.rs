//! Exit codes, named and documented; scripts and service managers rely on them.

use cordon_contract::Fault;

/// The answer to what was asked is "no": a check found faults, a verification failed, an
/// examination was not passed, the park could not be started.
pub const FAILED: u8 = 1;
/// The command line is wrong (also what the parser itself uses).
pub const USAGE: u8 = 2;
/// A file or folder cannot be read or written.
pub const FILES: u8 = 66;
/// The other side cannot be reached or did not answer in time; trying again may help.
pub const UNAVAILABLE: u8 = 69;
/// It cannot be done now, for a reason that passes: the other side says so, another command is at the same, a file
/// cannot be read. The same command again, later, goes on.
pub const TRY_AGAIN: u8 = 75;
/// The configuration is wrong; nothing was started.
pub const CONFIG: u8 = 78;

/// How a command ends when it does not end well.
#[derive(Debug)]
pub struct Ending {
    /// The process's exit code.
    pub code: u8,
    /// Words for standard error; empty when everything has been said already.
    pub words: String,
}

impl Ending {
    /// An ending with words.
    pub fn new(code: u8, words: impl Into<String>) -> Self {
        Self {
            code,
            words: words.into(),
        }
    }

    /// The plain "no".
    pub fn failed(words: impl Into<String>) -> Self {
        Self::new(FAILED, words)
    }

    /// A file that cannot be used.
    pub fn file(path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        Self::new(FILES, format!("cannot use {}: {error}", path.display()))
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::new(code_of(&fault), fault.to_string())
    }
}

/// The exit code of a command that a fault ends.
pub fn code_of(fault: &Fault) -> u8 {
    match fault.code() {
        // Another process is at it: a spool, what a pull writes.
        "S086" | "S088" => TRY_AGAIN,
        code if code.starts_with('K') => CONFIG,
        _ => FAILED,
    }
}
