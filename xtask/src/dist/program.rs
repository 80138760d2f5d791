//! The program that is given to parks, and what it needs of a machine.

use std::fs;
use std::path::{Path, PathBuf};

use super::Open;
use crate::run;

/// A built program.
#[derive(Debug)]
pub struct Program {
    pub file: PathBuf,
    /// As it says itself.
    pub version: String,
    /// The oldest C library it runs on, such as `2.34`.
    pub libc: String,
    /// In Debian's words.
    pub architecture: &'static str,
}

impl Program {
    /// Reads what it says of itself.
    pub fn read(file: &Path) -> Result<Self, String> {
        Self::of(file, &says(file)?)
    }

    pub(super) fn of(file: &Path, said: &str) -> Result<Self, String> {
        let version = said.strip_prefix("cordon ").map(str::trim);
        let version =
            version.filter(|version| version.starts_with(|first: char| first.is_ascii_digit()));
        let version =
            version.ok_or_else(|| format!("{} is not cordon: it says `{said}`", file.display()))?;
        let bytes =
            fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let (libc, architecture) = libc(&bytes).zip(architecture(&bytes)).ok_or_else(|| {
            format!(
                "{} is no program of this machine that Debian could name",
                file.display()
            )
        })?;
        Ok(Self {
            file: file.to_owned(),
            version: version.to_owned(),
            libc,
            architecture,
        })
    }

    /// Opens a file that was made, and asks the program in it who it is.
    pub fn is_inside(&self, file: &Path, open: Open) -> Result<(), String> {
        let folder = run::target().join("dist-tried");
        super::tree::empty(&folder)?;
        let said = says(&open(file, &folder)?)?;
        let _ = fs::remove_dir_all(&folder);
        match said.trim() == format!("cordon {}", self.version) {
            true => Ok(()),
            false => Err(format!(
                "the program in {} says `{}`",
                file.display(),
                said.trim()
            )),
        }
    }
}

fn says(program: &Path) -> Result<String, String> {
    let said = run::output(run::command(program).arg("--version"))?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Debian's name of the machine that an ELF file is for.
fn architecture(elf: &[u8]) -> Option<&'static str> {
    let machine: [u8; 2] = elf.get(18..20)?.try_into().ok()?;
    let is_elf = elf.starts_with(b"\x7fELF");
    match u16::from_le_bytes(machine) {
        62 if is_elf => Some("amd64"),
        183 if is_elf => Some("arm64"),
        _ => None,
    }
}

/// The newest version of the C library whose symbols it asks for.
fn libc(elf: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"GLIBC_2.";
    let minors = elf
        .windows(MARK.len())
        .enumerate()
        .filter_map(|(at, window)| {
            let digits = elf.get(at + MARK.len()..).filter(|_| window == MARK)?;
            let many = digits
                .iter()
                .take(3)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            std::str::from_utf8(digits.get(..many)?)
                .ok()?
                .parse::<u32>()
                .ok()
        });
    minors.max().map(|minor| format!("2.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_of_the_library_counts() {
        assert_eq!(
            libc(b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.14\0").as_deref(),
            Some("2.34")
        );
        assert_eq!(libc(b"GLIBC_PRIVATE GLIBC_2."), None);
        assert_eq!(architecture(b"\x7fELF"), None);
    }

    #[test]
    fn who_says_another_name_is_not_packed() {
        for said in ["", "cordon", "cordon x", "accordion 1.0"] {
            let problem = Program::of(Path::new("/bin/true"), said).unwrap_err();
            assert!(problem.contains("is not cordon"), "{problem}");
        }
    }
}
