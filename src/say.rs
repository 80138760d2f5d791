//! What a running program tells the person who started it.
//!
//! Nobody may be listening: the terminal is gone, or the log lies on the disk that is full. That is no
//! reason to stop, so an error of writing is let go, which `eprintln!` and the log's own report of an
//! error do not do.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Standard error, whose failures nobody has to hear of.
#[derive(Clone, Copy, Debug)]
pub struct Aloud;

impl Write for Aloud {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // What cannot be said is lost.
        let _ = io::stderr().write_all(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says one line on standard error; takes the words of `format!`.
macro_rules! tell {
    ($($words:tt)*) => {
        $crate::say::line(format_args!($($words)*))
    };
}

/// One line.
pub fn line(words: Arguments<'_>) {
    // It never fails.
    let _ = Aloud.write_fmt(format_args!("{words}\n"));
}
