//! `cargo xtask dist`: what a park installs, as an archive and as a Debian package, each tried once it is made.

mod archive;
mod debian;
mod program;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::run;
use program::Program;

/// Written beside the others, and read by `sha256sum --check`.
const SUMS: &str = "SHA256SUMS";
const CONTAINERFILE: &str = "deploy/container/Containerfile";

/// Makes all there is in a folder of its own, `target/dist` where nothing else is said, and tries it.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments, &["--out", "--program"])?;
    if let Some(word) = options.words.first() {
        return Err(format!("`dist` takes options alone, not `{word}`"));
    }
    let out = options.text("--out").map(PathBuf::from);
    let out = out.unwrap_or_else(|| run::target().join("dist"));
    let program = match options.text("--program") {
        Some(file) => PathBuf::from(file),
        None => built()?,
    };
    let program = Program::read(&program)?;
    let made = make(&program, &out)?;
    for (file, opened) in &made {
        if let Some(opened) = opened {
            program.is_inside(file, *opened)?;
        }
        println!("{}", file.display());
    }
    println!("{}", sums(&out, &made)?.display());
    Ok(())
}

/// The program in release mode, as the lock file has it.
fn built() -> Result<PathBuf, String> {
    eprintln!("building cordon (release); the first build takes some minutes");
    run::shown(run::cargo().args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "cordon",
    ]))?;
    Ok(run::target().join("release/cordon"))
}

/// Puts what a file holds into a folder; gives where the program is in there.
type Open = fn(&Path, &Path) -> Result<PathBuf, String>;

/// Makes them from a program; the files made, with how those are opened that hold it.
fn make(program: &Program, out: &Path) -> Result<Vec<(PathBuf, Option<Open>)>, String> {
    tree::empty(out)?;
    let mut made: Vec<(PathBuf, Option<Open>)> =
        vec![(archive::make(program, out)?, Some(archive::open))];
    // Where there is no Debian tool there is no such package, and it is said.
    match run::quiet(run::command("dpkg-deb").arg("--version")) {
        Ok(()) => made.push((debian::make(program, out)?, Some(debian::open))),
        Err(_) => eprintln!("no Debian package: there is no dpkg-deb on this machine"),
    }
    let container = out.join("Containerfile");
    tree::copy(&run::root().join(CONTAINERFILE), &container)?;
    made.push((container, None));
    Ok(made)
}

fn sums(out: &Path, made: &[(PathBuf, Option<Open>)]) -> Result<PathBuf, String> {
    let names = made.iter().filter_map(|(file, _)| file.file_name());
    let told = run::output(run::command("sha256sum").current_dir(out).args(names))?;
    let file = out.join(SUMS);
    fs::write(&file, told).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let check = ["--check", "--quiet", SUMS];
    run::quiet(run::command("sha256sum").current_dir(out).args(check))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Any program of this machine: what is in the files, not what it does, is looked at.
    fn program() -> Program {
        let mut program = Program::of(Path::new("/bin/true"), "cordon 0.1.0").unwrap();
        program.architecture = "amd64";
        program
    }

    fn files(folder: &Path) -> BTreeSet<String> {
        let listed = run::output(
            run::command("find")
                .current_dir(folder)
                .args([".", "-type", "f"]),
        );
        let listed = String::from_utf8(listed.unwrap()).unwrap();
        listed.lines().map(str::to_owned).collect()
    }

    fn demand(found: &BTreeSet<String>, names: &[&str]) {
        for name in names {
            assert!(found.contains(*name), "{name}: {found:?}");
        }
    }

    #[test]
    fn the_archive_holds_what_a_park_and_a_verifier_need_and_is_the_same_each_time() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = make(&program(), one.path()).unwrap();
        let (archive, open) = &made[0];
        let name = archive.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("cordon-0.1.0-") && name.ends_with("-linux.tar.gz"),
            "{name}"
        );
        let opened = tempfile::tempdir().unwrap();
        let inside = open.unwrap()(archive, opened.path()).unwrap();
        assert!(inside.is_file());
        let found = files(inside.parent().unwrap());
        demand(
            &found,
            &[
                "./cordon",
                "./LICENSE",
                "./README.zh-CN.md",
                "./deploy/systemd/cordon.service",
                "./docs/guide/run-a-park.md",
                "./mappings/generic/lane/1/profile.toml",
                "./schemas/xsd/common.xsd",
            ],
        );
        let source = found
            .iter()
            .find(|name| name.ends_with(".rs") || name.ends_with(".lock"));
        assert_eq!(source, None);
        make(&program(), other.path()).unwrap();
        let bytes = |folder: &Path| fs::read(folder.join(name)).unwrap();
        assert!(bytes(one.path()) == bytes(other.path()));
        let sums = sums(one.path(), &made).unwrap();
        assert_eq!(
            fs::read_to_string(sums).unwrap().lines().count(),
            made.len()
        );
    }

    #[test]
    fn the_package_says_what_it_needs_and_its_service_starts_the_program_in_it() {
        let out = tempfile::tempdir().unwrap();
        let made = make(&program(), out.path()).unwrap();
        let Some((package, open)) = made
            .iter()
            .find(|(file, _)| file.extension().is_some_and(|it| it == "deb"))
        else {
            return;
        };
        let told = run::output(run::command("dpkg-deb").arg("--field").arg(package)).unwrap();
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.contains("Version: 0.1.0\n") && told.contains("Depends: libc6 (>= 2."),
            "{told}"
        );
        assert!(
            !told.contains('@') || told.matches('@').count() == 1,
            "{told}"
        );
        let opened = tempfile::tempdir().unwrap();
        let inside = open.unwrap()(package, opened.path()).unwrap();
        assert!(inside.ends_with("usr/bin/cordon") && inside.is_file());
        let unit = opened.path().join("lib/systemd/system/cordon.service");
        let unit = fs::read_to_string(unit).unwrap();
        assert!(
            unit.contains("ExecStart=/usr/bin/cordon run") && !unit.contains("/usr/local/"),
            "{unit}"
        );
        demand(
            &files(opened.path()),
            &[
                "./usr/share/doc/cordon/copyright",
                "./usr/share/cordon/schemas/xsd/common.xsd",
                "./usr/share/cordon/mappings/generic/lane/1/profile.toml",
            ],
        );
    }

    /// One that cannot say its version is not given to anybody.
    #[test]
    fn what_is_not_the_program_that_was_meant_is_told() {
        let out = tempfile::tempdir().unwrap();
        let program = program();
        let made = make(&program, out.path()).unwrap();
        let problem = program
            .is_inside(&made[0].0, made[0].1.unwrap())
            .unwrap_err();
        assert!(problem.contains("says `true"), "{problem}");
        let script = out.path().join("script");
        fs::write(&script, "#!/bin/sh\necho cordon 0.1.0\n").unwrap();
        assert!(
            Program::of(&script, "cordon 0.1.0")
                .unwrap_err()
                .contains("no program of this machine")
        );
    }
}
