//! `cargo xtask demo`: the README's first command.

use crate::run;

/// Builds the program in release mode, prepares an example park and runs its hub until Ctrl-C.
pub fn run() -> Result<(), String> {
    eprintln!("building cordon (release); the first build takes some minutes");
    run::shown(run::cargo().args(["build", "--release", "--package", "cordon"]))?;
    let program = run::root().join("target/release/cordon");
    run::shown(run::command(&program).args(["prepare", "--data", "demo-data"]))?;
    run::shown(run::command(&program).args(["run", "--config", "demo-data/park.toml"]))
}
