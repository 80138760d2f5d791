//! One command for each chore: `cargo xtask help` lists them.
//!
//! `main` only picks the chore; each chore is a module of its own.

mod bench;
mod codegen;
mod demo;
mod dist;
mod fuzz;
mod new;
mod options;
mod run;
mod soak;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask CHORE [ARGUMENTS]

  demo [ARGUMENTS]   build the program (release) and run a living park in demo-data
                       cargo xtask demo                               until Ctrl-C
                       cargo xtask demo --for 60s --summary s.json    ends by itself
  test [STEP ...]    install what the tests need and run everything
                       cargo xtask test               all steps
                       cargo xtask test fmt clippy    only these
                       cargo xtask test --only onvif  steps and test programs whose name holds the word
                       cargo xtask test --shard 1/3   a third of the test programs; the first third has the steps too
                     steps: tools fmt clippy codegen deny test
  fuzz [OPTIONS]     give each reader of bytes from outside bytes that nobody thought of
                       cargo xtask fuzz --minutes 2   two minutes for each
                       cargo xtask fuzz --target NAME one of them; --seed N repeats a run
  soak [PART ...]    what runs for hours: power cuts, kills, attacks, fuzzing; never in CI
                       cargo xtask soak               all, about three hours
                       cargo xtask soak kills --kills 2000 --seed 7
                     parts: cuts kills hostile fuzz; options: --seed N --cuts N --kills N --minutes N
  bench [ARGUMENTS]  measure in release mode and write docs/benchmarks.md
                       cargo xtask bench              everything, under four minutes
                       cargo xtask bench --quick      under forty seconds
                       cargo xtask bench --only NAME  print one: verify accept exchange hostile gate resent journal backlog
                       cargo xtask bench --json FILE  the same for programs
  new KIND NAME      make a room of the right shape, and say what was touched
                       cargo xtask new adapter demo-meter
                       cargo xtask new plugin demo-guard      runs where park.toml has [plugins.demo-guard]
                       cargo xtask new message demo-note      its schema; who may say it is nobody at first
                       cargo xtask new report barges          the next of the language that is not built
                       cargo xtask new report barges RPT-04   that one
  dist [OPTIONS]     make what a park installs, and try it: archive, Debian package, container file, sums
                       cargo xtask dist               in target/dist; --out DIR elsewhere, --program FILE of a built one
  codegen [--check]  make types, readers and writers from schemas/xsd
                     (--check: only say whether the committed output is fresh)
  help               this text
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match chore.as_str() {
        "demo" => demo::run(&rest),
        "test" => test::run(&rest),
        "dist" => dist::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "soak" => soak::run(&rest),
        "bench" => bench::run(&rest),
        "new" => new::run(&rest),
        "codegen" => codegen::run(rest.iter().any(|argument| argument == "--check")),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no chore named `{other}`\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
