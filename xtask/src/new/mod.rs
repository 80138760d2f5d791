//! A room of the right shape: `cargo xtask new adapter NAME`, `plugin NAME`, `message NAME`, `report NAME`.
//!
//! Everything that will be written is known before anything is: a tree in which the room does not fit is
//! left as it was.

mod adapter;
mod insert;
mod krate;
mod message;
mod plugin;
mod report;

use std::path::{Path, PathBuf};

use crate::run;

const USAGE: &str = "say what and how it is called: cargo xtask new adapter NAME, plugin NAME, message NAME, or report NAME [RPT-NN]";

/// What a new room writes: paths from the root, with their whole new text.
#[derive(Debug, Default)]
pub struct Room {
    /// Files of the room's own folder.
    pub own: Vec<(PathBuf, String)>,
    /// Files of others that must know of it.
    pub touched: Vec<(PathBuf, String)>,
    /// Files that are generated, once these are there.
    pub generated: Vec<PathBuf>,
}

/// Makes a room.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = run::root();
    let nothing: Make = || Ok(());
    let (room, package, make) = match *words {
        ["adapter", name] => (
            adapter::room(root, name)?,
            format!("cordon-{name}"),
            nothing,
        ),
        ["plugin", name] => (plugin::room(root, name)?, format!("cordon-{name}"), nothing),
        ["message", name] => {
            let room = message::room(root, name)?;
            (room, "cordon-wire".to_owned(), message::make as Make)
        }
        ["report", name] => reported(report::room(root, name, None)?),
        ["report", name, code] => reported(report::room(root, name, Some(code))?),
        _ => return Err(USAGE.to_owned()),
    };
    write(root, &room)?;
    // Where lines break and what is imported first depends on the name.
    run::quiet(run::cargo().args(["fmt", "--package", package.as_str()]))?;
    make()?;
    tell(&room);
    println!("\nnow: cargo test -p {package}, then fill the room with what it is for");
    Ok(())
}

/// Makes what is generated, once the room is there.
type Make = fn() -> Result<(), String>;

fn reported(room: Room) -> (Room, String, Make) {
    (room, "cordon-reports".to_owned(), report::make)
}

/// Says which files are new or changed.
fn tell(room: &Room) {
    let own = room.own.iter().map(|(file, _)| file);
    let touched = room.touched.iter().map(|(file, _)| file);
    println!("made");
    own.for_each(|file| println!("  {}", file.display()));
    println!("touched");
    touched.for_each(|file| println!("  {}", file.display()));
    if !room.generated.is_empty() {
        println!("generated");
    }
    let generated = room.generated.iter();
    generated.for_each(|file| println!("  {}", file.display()));
}

fn write(root: &Path, room: &Room) -> Result<(), String> {
    for (file, text) in room.own.iter().chain(&room.touched) {
        let path = root.join(file);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

/// A name that a folder, a crate and a table can have.
fn lawful(name: &str) -> Result<(), String> {
    let parts = name.split('-');
    let is_word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    match name.len() <= 40 && parts.into_iter().all(is_word) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no name: small letters and digits, words joined by `-`, as in demo-meter"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::lawful;

    #[test]
    fn a_name_is_small_words_joined_by_hyphens() {
        for good in ["meter", "demo-meter", "jt808"] {
            assert!(lawful(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "Meter",
            "demo_meter",
            "-meter",
            "meter-",
            "8meter",
            "a--b",
            "../x",
        ] {
            assert!(lawful(bad).is_err(), "{bad}");
        }
    }
}
