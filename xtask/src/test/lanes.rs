//! Programs of tests, two beside each other: most of them wait for clocks, disks and other programs most of the time.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Programs that run at a time where nothing speaks against it.
pub const LANES: usize = 2;

/// A program that has ended.
pub struct Ended {
    /// Which of those given.
    pub index: usize,
    pub took: Duration,
    /// All it wrote, both streams in the order in which it wrote them.
    pub said: Vec<u8>,
    pub result: Result<(), String>,
}

/// Runs them all, so many at a time, begun in the order given; each is told of when it has ended, by the thread that asks.
pub fn run(lanes: usize, commands: Vec<Command>, mut ended: impl FnMut(Ended)) {
    let waiting = Mutex::new(commands.into_iter().enumerate());
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            let tell = tell.clone();
            scope.spawn(|| lane(&waiting, tell));
        }
        drop(tell);
        told.iter().for_each(&mut ended);
    });
}

fn lane(waiting: &Mutex<impl Iterator<Item = (usize, Command)>>, tell: mpsc::Sender<Ended>) {
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next();
        let Some((index, mut command)) = next else {
            return;
        };
        let started = Instant::now();
        let mut said = Vec::new();
        let result = to_the_end(&mut command, &mut said);
        let ended = Ended {
            index,
            took: started.elapsed(),
            said,
            result,
        };
        if tell.send(ended).is_err() {
            return;
        }
    }
}

/// Runs one, and reads what it writes until it has ended. What it left running may hold its streams open: they go to a file.
fn to_the_end(command: &mut Command, said: &mut Vec<u8>) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let fails = |error: std::io::Error| format!("cannot run `{name}`: {error}");
    let file = tempfile::NamedTempFile::new().map_err(fails)?;
    // Both append: neither writes over the other.
    let open = || std::fs::OpenOptions::new().append(true).open(file.path());
    let (out, err) = (open().map_err(fails)?, open().map_err(fails)?);
    let status = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .map_err(fails)?;
    std::io::Read::read_to_end(&mut file.reopen().map_err(fails)?, said).map_err(fails)?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{name}` ended with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(words: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", words]);
        command
    }

    #[test]
    fn each_is_told_of_with_its_words_and_its_end() {
        let commands = ["echo a; echo b >&2; echo c", "echo no; exit 3", "true"];
        let mut told = Vec::new();
        run(2, commands.map(sh).into(), |ended| {
            let said = String::from_utf8(ended.said).unwrap();
            told.push((ended.index, said, ended.result));
        });
        told.sort_by_key(|(index, ..)| *index);
        assert_eq!(told[0], (0, "a\nb\nc\n".to_owned(), Ok(())));
        assert_eq!((told[1].1.as_str(), told[1].2.is_err()), ("no\n", true));
        assert_eq!(told[2], (2, String::new(), Ok(())));
        assert_eq!(told.len(), 3);
    }

    /// Each waits for the other: alone neither would end.
    #[test]
    fn two_run_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let meet = |mine: &str, other: &str| {
            let words = format!("touch {mine}; while [ ! -e {other} ]; do sleep 0.01; done");
            let mut command = sh(&words);
            command.current_dir(folder.path());
            command
        };
        let mut good = 0;
        run(2, vec![meet("a", "b"), meet("b", "a")], |ended| {
            good += usize::from(ended.result.is_ok());
        });
        assert_eq!(good, 2);
    }
}
