//! `cargo xtask soak`: what runs for hours and of which `cargo xtask test` runs a slice. Never in CI.
//!
//! Everything random follows from one seed, which is printed first and last.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::options::Options;
use crate::test::{Costs, program, targets};
use crate::{fuzz, run, tools};

/// What runs, and what it asks of the machine.
struct Plan {
    seed: u32,
    /// How often a park is killed.
    kills: u64,
    /// Power cuts on the simulated disk.
    cuts: u64,
    /// How long each of the parts runs that have no end of their own.
    minutes: f64,
    /// Days that are simulated, and entries of the journal at their end.
    days: u16,
    entries: u64,
}

type Part = (&'static str, &'static str, fn(&Plan) -> Result<(), String>);

const PARTS: &[Part] = &[
    (
        "cuts",
        "a journal on a simulated disk, its power cut again and again",
        cuts,
    ),
    (
        "kills",
        "a park under load, killed and started again and again",
        kills,
    ),
    ("hostile", "a park under attack, again and again", hostile),
    ("fuzz", "every reader of bytes from outside", fuzzing),
    (
        "year",
        "a park's year in compressed time, its disk held to the rules of retention",
        year,
    ),
];

/// Runs all parts, or the named ones, whatever fails; then says what failed.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = [
        "--seed",
        "--kills",
        "--cuts",
        "--minutes",
        "--days",
        "--entries",
    ];
    let options = Options::parse(arguments, &options)?;
    let parts = chosen(&options.words)?;
    let plan = Plan {
        seed: options.value("--seed")?.unwrap_or_else(now),
        kills: options.value("--kills")?.unwrap_or(500),
        cuts: options.value("--cuts")?.unwrap_or(200_000),
        minutes: options.value("--minutes")?.unwrap_or(60.0),
        days: options.value("--days")?.unwrap_or(365),
        entries: options.value("--entries")?.unwrap_or(10_000_000),
    };
    eprintln!("== soak: seed {}", plan.seed);
    let mut costs = Costs::default();
    let mut failed = Vec::new();
    for (name, what, part) in parts {
        eprintln!("== {name}: {what}");
        let started = Instant::now();
        if let Err(problem) = part(&plan) {
            eprintln!("{name}: {problem}");
            failed.push(*name);
        }
        costs.add(name, started.elapsed());
    }
    eprintln!("== cost: {}", costs.line());
    eprintln!("== seed {0}; the same again: --seed {0}", plan.seed);
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Part>, String> {
    let known: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "no part named `{name}`; parts: {}",
            known.join(" ")
        ));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    Ok(PARTS.iter().filter(|(name, ..)| wanted(name)).collect())
}

/// A seed for whoever names none.
fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.subsec_nanos() ^ (since.as_secs() as u32))
}

fn cuts(plan: &Plan) -> Result<(), String> {
    let mut command = run::cargo();
    command.args(["run", "--quiet", "--release", "--package", "cordon-journal"]);
    command.args(["--example", "crash", "--"]);
    run::shown(command.args([plan.cuts.to_string(), plan.seed.to_string()]))
}

fn kills(plan: &Plan) -> Result<(), String> {
    let seed = plan.seed.to_string();
    let kills = plan.kills.to_string();
    interop(
        "kill_fifty",
        &[("CORDON_KILLS", &kills), ("CORDON_SEED", &seed)],
    )
}

fn hostile(plan: &Plan) -> Result<(), String> {
    let until = Instant::now() + Duration::from_secs_f64(plan.minutes * 60.0);
    let mut rounds = 0;
    while rounds == 0 || Instant::now() < until {
        interop("hostile", &[])?;
        rounds += 1;
    }
    eprintln!("{rounds} rounds");
    Ok(())
}

fn interop(name: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    tools::install()?;
    program()?;
    targets::run_one("cordon-interop", name, settings)
}

fn fuzzing(plan: &Plan) -> Result<(), String> {
    let targets = fuzz::targets()?;
    let seconds = plan.minutes * 60.0 / targets.len().max(1) as f64;
    fuzz::fuzz(&targets, seconds, Some(plan.seed))
}

/// The hub is driven by tests of the program itself, which reach all that keeps a journal by its rules.
fn year(plan: &Plan) -> Result<(), String> {
    let mut command = run::cargo();
    command.args(["test", "--quiet", "--release", "--package", "cordon"]);
    command.args(["--bin", "cordon", "--", "--exact", "--nocapture"]);
    command.arg("year::as_long_as_asked");
    command.env("CORDON_YEAR_DAYS", plan.days.to_string());
    command.env("CORDON_YEAR_ENTRIES", plan.entries.to_string());
    command.env("CORDON_YEAR_SEED", plan.seed.to_string());
    run::shown(&mut command)
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn parts_are_named_and_slips_are_told() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            chosen(&words).map(|parts| parts.iter().map(|(name, ..)| *name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["fuzz", "kills"]).unwrap(), ["kills", "fuzz"]);
        assert_eq!(names(&[]).unwrap().len(), 5);
        assert_eq!(
            names(&["kill"]).unwrap_err(),
            "no part named `kill`; parts: cuts kills hostile fuzz year"
        );
    }
}
