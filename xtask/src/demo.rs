//! `cargo xtask demo`: the README's first command.

use crate::run;

/// Builds the program in release mode and runs `cordon demo` with the given arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    eprintln!("building cordon (release); the first build takes some minutes");
    run::shown(run::cargo().args(["build", "--release", "--package", "cordon"]))?;
    let program = run::target().join("release/cordon");
    run::shown(run::command(&program).arg("demo").args(arguments))
}
