//! The workspace's test targets: which there are, how they are built, and how each runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::cost::Costs;
use super::lanes::{self, LANES};
use crate::run;

/// One program of tests, or the examples in one package's documentation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub package: String,
    pub kind: Kind,
    /// As cargo names it.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Lib,
    Bin,
    Test,
    Doc,
}

impl Target {
    /// What a person calls it, and what `--only` looks into.
    pub fn name(&self) -> String {
        match self.kind {
            Kind::Lib => self.package.clone(),
            Kind::Bin | Kind::Test => format!("{}::{}", self.package, self.name),
            Kind::Doc => format!("{} (doc)", self.package),
        }
    }
}

/// All there are.
pub fn all() -> Result<Vec<Target>, String> {
    Ok(of_metadata(&run::metadata()?))
}

fn of_metadata(metadata: &Value) -> Vec<Target> {
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        for target in list(package, "targets") {
            let flag = |key: &str| target.get(key).and_then(Value::as_bool).unwrap_or_default();
            let made = |kind| Target {
                package: text(package, "name").to_owned(),
                kind,
                name: text(target, "name").to_owned(),
            };
            if flag("test") {
                found.extend(kind_of(target).map(made));
            }
            if flag("doctest") {
                found.push(made(Kind::Doc));
            }
        }
    }
    found
}

fn kind_of(target: &Value) -> Option<Kind> {
    let kinds = list(target, "kind");
    match kinds.first().and_then(Value::as_str)? {
        "lib" => Some(Kind::Lib),
        "bin" => Some(Kind::Bin),
        "test" => Some(Kind::Test),
        _ => None,
    }
}

/// Programs that run alone, and after all others. The first compares times of its own; the second builds another tree into
/// the same folder, the program that others start among it.
const ALONE: [&str; 2] = ["cordon-interop::hostile", "cordon-tidy::rooms"];

/// Builds and runs them all, whatever fails; then says what failed.
pub fn run(wanted: &[Target], everything: bool, costs: &mut Costs) -> Result<(), String> {
    let (docs, programs): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|target| target.kind == Kind::Doc);
    let started = Instant::now();
    let built = build(&programs, everything)?;
    costs.add("build", started.elapsed());
    let (alone, beside): (Vec<_>, Vec<_>) = programs
        .into_iter()
        .partition(|target| ALONE.contains(&target.name().as_str()));
    let mut failed = run_lanes(&beside, &built, LANES, costs)?;
    failed.extend(run_lanes(&alone, &built, 1, costs)?);
    if !docs.is_empty() {
        let started = Instant::now();
        if let Err(problem) = examples(&docs, everything) {
            eprintln!("{problem}");
            failed.push("examples in the documentation".to_owned());
        }
        costs.add("doc", started.elapsed());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join(", ")))
}

/// Runs programs, so many at a time; the names of those that failed.
fn run_lanes(
    wanted: &[&Target],
    built: &BTreeMap<Target, Program>,
    lanes: usize,
    costs: &mut Costs,
) -> Result<Vec<String>, String> {
    let command = |target: &&Target| {
        let program = built.get(*target);
        let program = program.map(|program| program.command(&[]));
        program.ok_or_else(|| format!("cargo built no program for {}", target.name()))
    };
    let commands: Result<Vec<Command>, String> = wanted.iter().map(command).collect();
    let mut failed = Vec::new();
    lanes::run(lanes, commands?, |ended| {
        let name = wanted
            .get(ended.index)
            .map(|target| target.name())
            .unwrap_or_default();
        eprintln!("-- {name}");
        // Shown output: interop tests say which counterpart, in which version, they passed with.
        eprint!("{}", String::from_utf8_lossy(&ended.said));
        if let Err(problem) = ended.result {
            eprintln!("{problem}");
            failed.push(name.clone());
        }
        costs.add(&name, ended.took);
    });
    Ok(failed)
}

fn examples(docs: &[&Target], everything: bool) -> Result<(), String> {
    eprintln!("-- examples in the documentation");
    let mut command = run::cargo();
    command.args(["test", "--quiet", "--doc", "--no-fail-fast"]);
    if everything {
        command.arg("--workspace");
    } else {
        command.args(
            docs.iter()
                .flat_map(|target| ["--package", &target.package]),
        );
    }
    run::shown(&mut command)
}

/// Builds and runs one program of tests with settings in its environment.
pub fn run_one(package: &str, name: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    let target = Target {
        package: package.to_owned(),
        kind: Kind::Test,
        name: name.to_owned(),
    };
    let built = build(&[&target], false)?;
    let program = built
        .get(&target)
        .ok_or_else(|| format!("cargo built no program for {}", target.name()))?;
    run::shown(&mut program.command(settings))
}

/// A built program of tests.
struct Program {
    executable: PathBuf,
    /// Cargo's own choice of where a test runs.
    folder: PathBuf,
}

impl Program {
    fn command(&self, settings: &[(&str, &str)]) -> Command {
        let mut command = run::command(&self.executable);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("CARGO", run::cargo().get_program())
            .envs(settings.iter().copied())
            .arg("--show-output");
        command
    }
}

fn build(programs: &[&Target], everything: bool) -> Result<BTreeMap<Target, Program>, String> {
    if programs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut command = run::cargo();
    command.args(["test", "--quiet", "--no-run"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    if everything {
        command.arg("--workspace");
    } else {
        command.args(filter(programs));
    }
    let told = run::output(&mut command)?;
    Ok(String::from_utf8_lossy(&told)
        .lines()
        .filter_map(|line| artifact(&serde_json::from_str(line).ok()?))
        .collect())
}

/// Cargo's words for these programs; it may build some more, of one name in several packages.
fn filter(programs: &[&Target]) -> Vec<String> {
    let mut words = BTreeSet::new();
    for target in programs {
        words.insert(vec!["--package".to_owned(), target.package.clone()]);
        words.insert(match target.kind {
            Kind::Bin => vec!["--bin".to_owned(), target.name.clone()],
            Kind::Test => vec!["--test".to_owned(), target.name.clone()],
            Kind::Lib | Kind::Doc => vec!["--lib".to_owned()],
        });
    }
    words.into_iter().flatten().collect()
}

fn artifact(told: &Value) -> Option<(Target, Program)> {
    let executable = PathBuf::from(told.get("executable")?.as_str()?);
    let is_test = told.get("profile")?.get("test")?.as_bool()?;
    let target = told.get("target")?;
    let folder = Path::new(text(told, "manifest_path")).parent()?.to_owned();
    let made = Target {
        package: package_of(text(told, "package_id")).to_owned(),
        kind: kind_of(target)?,
        name: text(target, "name").to_owned(),
    };
    is_test.then_some((made, Program { executable, folder }))
}

/// The name in cargo's `path+file:///…/hub/xml#cordon-xml@0.1.0`, or `path+file:///…/xtask#0.1.0`.
fn package_of(id: &str) -> &str {
    let (place, name) = id.rsplit_once('#').unwrap_or(("", id));
    match name.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next().unwrap_or_default(),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_of_tests_is_a_target() {
        let found = all().unwrap();
        let names: Vec<String> = found.iter().map(Target::name).collect();
        for name in [
            "xtask::xtask",
            "cordon::cordon",
            "cordon-xml",
            "cordon-xml (doc)",
            "cordon-tidy::house",
            "cordon-interop::hostile",
        ] {
            assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
        }
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn a_package_is_named_in_both_of_cargos_ways() {
        assert_eq!(
            package_of("path+file:///a/hub/xml#cordon-xml@0.1.0"),
            "cordon-xml"
        );
        assert_eq!(package_of("path+file:///a/xtask#0.1.0"), "xtask");
    }

    #[test]
    fn cargo_is_asked_for_what_is_wanted_alone() {
        let target = |package: &str, kind, name: &str| Target {
            package: package.to_owned(),
            kind,
            name: name.to_owned(),
        };
        let (one, two) = (target("a", Kind::Test, "x"), target("b", Kind::Test, "x"));
        let lib = target("b", Kind::Lib, "b");
        assert_eq!(
            filter(&[&one, &two, &lib]),
            ["--lib", "--package", "a", "--package", "b", "--test", "x"]
        );
    }
}
