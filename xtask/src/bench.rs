//! `cargo xtask bench`: runs the benchmark program, which writes `docs/benchmarks.md`.

use crate::run;

/// Builds the benchmark in release mode and runs it.
pub fn run(arguments: &[String]) -> Result<(), String> {
    run::shown(run::cargo().args(["build", "--release", "--package", "cordon-bench"]))?;
    let program = run::root().join("target/release/cordon-bench");
    run::shown(run::command(program).args(arguments))
}
