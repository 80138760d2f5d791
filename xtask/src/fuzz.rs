//! `cargo xtask fuzz`: gives each reader of bytes from outside bytes that nobody thought of.
//!
//! The programs are those of `fuzz/`, a workspace of its own, built by the usual toolchain: what libFuzzer
//! needs to see of a program is asked of the compiler by flags, and no sanitizer, which would need a nightly
//! one and would look for what safe Rust does not do. What was found worth keeping grows in the target folder
//! (`fuzz-corpus`), beginning with the committed seeds; what makes a program fail is kept there as well
//! (`fuzz-crashes`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::options::Options;
use crate::run;

/// How libFuzzer sees which way an input takes.
const SEEN: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];
/// Longest input; a little more than the largest seed.
const BYTES_MAX: usize = 24 * 1_024;
/// An input that takes longer than this is a finding.
const SECONDS_OF_ONE_MAX: u64 = 10;
const MEMORY_MIB_MAX: u64 = 2_048;

/// Fuzzes every reader, or one, and says what failed.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments, &["--minutes", "--target", "--seed"])?;
    if let Some(word) = options.words.first() {
        return Err(format!(
            "`{word}` is no option; name a target with --target"
        ));
    }
    let minutes: f64 = options.value("--minutes")?.unwrap_or(1.0);
    let targets = chosen(options.text("--target"), targets()?)?;
    fuzz(&targets, minutes * 60.0, options.value("--seed")?)
}

/// The names of all readers, from their programs' files.
pub fn targets() -> Result<Vec<String>, String> {
    let folder = run::root().join("fuzz/fuzz_targets");
    let found =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = found
        .filter_map(|file| {
            let name = file.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".rs").map(str::to_owned)
        })
        .collect();
    names.sort();
    Ok(names)
}

fn chosen(one: Option<&str>, all: Vec<String>) -> Result<Vec<String>, String> {
    let Some(one) = one else {
        return Ok(all);
    };
    if all.iter().any(|name| name == one) {
        return Ok(vec![one.to_owned()]);
    }
    Err(format!(
        "no target named `{one}`; targets: {}",
        all.join(" ")
    ))
}

/// Fuzzes these, each for so many seconds; with a seed libFuzzer's dice fall the same again.
pub fn fuzz(targets: &[String], seconds: f64, seed: Option<u32>) -> Result<(), String> {
    let programs = build(targets)?;
    let mut failed = Vec::new();
    for target in targets {
        eprintln!("== fuzz {target}: {seconds:.0} s");
        let mut program = run::command(programs.join(target));
        let crashes = prepare(&mut program, target)?;
        program.arg(format!("-max_total_time={}", seconds.max(1.0).round()));
        if let Some(seed) = seed {
            program.arg(format!("-seed={}", seed.max(1)));
        }
        if let Err(problem) = run::shown(&mut program) {
            eprintln!(
                "{target}: {problem}\nthe input lies in {0}; again: {1} {0}/FILE",
                crashes.display(),
                programs.join(target).display()
            );
            failed.push(target.as_str());
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "an input was found that fails: {}",
            failed.join(", ")
        )),
    }
}

/// Builds the programs and gives the folder in which they lie.
fn build(targets: &[String]) -> Result<PathBuf, String> {
    let host = host()?;
    let folder = run::target().join("fuzz");
    eprintln!(
        "building {} programs of fuzz/; the first build takes some minutes",
        targets.len()
    );
    let mut command = run::cargo();
    command
        // A flag with a blank in it would be two, so none has one.
        .env("RUSTFLAGS", SEEN.join(" "))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(run::root().join("fuzz/Cargo.toml"))
        // With a target named, programs that run while building are not instrumented.
        .args(["--target", &host, "--target-dir"])
        .arg(&folder);
    for target in targets {
        command.args(["--bin", target]);
    }
    run::shown(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// The arguments that every run has; gives the folder for what fails.
fn prepare(program: &mut Command, target: &str) -> Result<PathBuf, String> {
    let corpus = run::target().join("fuzz-corpus").join(target);
    let crashes = run::target().join("fuzz-crashes").join(target);
    for folder in [&corpus, &crashes] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    program
        .arg(&corpus)
        .arg(Path::new("fuzz/seeds").join(target))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-max_len={BYTES_MAX}"))
        .arg(format!("-timeout={SECONDS_OF_ONE_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .args(["-print_final_stats=1", "-verbosity=0"]);
    Ok(crashes)
}

/// The machine's own target triple.
fn host() -> Result<String, String> {
    let told = run::output(run::command("rustc").arg("-vV"))?;
    String::from_utf8_lossy(&told)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| "rustc does not say its host".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_named_as_its_file() {
        let all = targets().unwrap();
        assert!(all.contains(&"xml_arena".to_owned()), "{all:?}");
        assert_eq!(
            chosen(Some("xml_arena"), all.clone()).unwrap(),
            ["xml_arena"]
        );
        assert_eq!(chosen(None, all.clone()).unwrap(), all);
        let told = chosen(Some("xml"), all).unwrap_err();
        assert!(
            told.starts_with("no target named `xml`; targets: "),
            "{told}"
        );
    }
}
