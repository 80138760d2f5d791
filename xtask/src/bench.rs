//! `cargo xtask bench`: measures and writes `docs/benchmarks.md`.

use crate::run;

/// Builds the benchmark in release mode and hands the arguments on.
pub fn run(arguments: &[String]) -> Result<(), String> {
    eprintln!("building cordon-bench (release); the first build takes some minutes");
    run::shown(
        run::cargo()
            .args([
                "run",
                "--quiet",
                "--release",
                "--package",
                "cordon-bench",
                "--",
            ])
            .args(arguments),
    )
}
