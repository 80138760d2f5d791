//! `cargo xtask demo`: the README's first command.

use crate::run;

/// Builds the program in release mode and runs `cordon demo` with the given arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    eprintln!("building cordon (release); the first build takes some minutes");
    run::shown(run::cargo().args(["build", "--release", "--package", "cordon"]))?;
    let program = run::root().join("target/release/cordon");
    let mut command = std::process::Command::new(program);
    command.arg("demo").args(arguments);
    // The demo itself handles the interrupt key and ends in good order.
    let status = command
        .status()
        .map_err(|error| format!("cannot start the program: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the demo ended with {status}"))
    }
}
