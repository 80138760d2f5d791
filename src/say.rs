//! What a program tells the person who started it: words on standard error, data on standard output.
//!
//! Nobody may be listening: the terminal is gone, or the log lies on the disk that is full. That is no
//! reason to stop, so an error of writing is let go, which `eprintln!`, `println!` and the log's own report
//! of an error do not do. Data that could not be written is told at the end, unless its reader had seen enough.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use crate::exit::{Ending, FILES};

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

/// Text of another side as part of one line. A terminal obeys control characters, and shows what is behind a mark of
/// direction in another order; they are printed as they would be written in a program.
pub fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, letter| {
        match letter.is_control() || is_mark(letter) {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
        line
    })
}

/// Marks of direction, and what ends a line or a paragraph and is no control character.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Prints one line of data on standard output; takes the words of `format!`.
macro_rules! show {
    ($($words:tt)*) => {
        $crate::say::data(format_args!($($words)*))
    };
}

/// Why standard output takes no more.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// One line of data. Once something was lost nothing follows it: a line behind a gap would look like the next.
pub fn data(words: Arguments<'_>) {
    if LOST.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    // Whoever reads through a pipe has the line at once.
    let written = writeln!(out, "{words}").and_then(|()| out.flush());
    drop(out);
    if let Err(error) = written {
        lost(error);
    }
}

/// Keeps why data could not be written; the first reason counts. A command is not broken off by it: what it has
/// begun it ends, and says no or yes as it would have.
pub fn lost(error: io::Error) {
    // The second is a consequence of the first.
    let _ = LOST.set(error);
}

/// Whether all data was written, or its reader had seen enough (`| head`), which is no failure.
pub fn written() -> Result<(), Ending> {
    if let Err(error) = io::stdout().flush() {
        lost(error);
    }
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(Ending::new(
            FILES,
            format!("cannot write to standard output, what was printed is not whole: {error}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_side_says_stays_on_its_line() {
        for (text, line) in [
            ("a\nb\r\t\u{1b}[2J\u{85}", r"a\nb\r\t\u{1b}[2J\u{85}"),
            (
                "\u{202E}tpecca\u{2066}\u{2028}",
                r"\u{202e}tpecca\u{2066}\u{2028}",
            ),
            ("苏H12345 – “ок”", "苏H12345 – “ок”"),
        ] {
            assert_eq!(plain(text), line);
        }
    }
}
