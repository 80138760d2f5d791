//! `cordon-bench`: measures and writes the page. `cargo xtask bench` builds and starts it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use cordon_bench::{Machine, Measure, Outcome, Section, Size, Verdict, json, markdown, run};
use cordon_contract::{Clock, SystemClock};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cordon-bench [--quick] [--only NAME] [--data DIR] [--out FILE] [--json FILE]

  --quick       under forty seconds, wider ranges
  --only NAME   one measurement: verify accept exchange hostile gate resent grants journal state restart records backlog; the page is then printed unless --out is given
  --data DIR    folder on the disk to measure (default target/bench-data); left empty
  --out FILE    the page (default docs/benchmarks.md)
  --json FILE   the same for programs
";

struct Arguments {
    size: Size,
    command: String,
    only: Vec<Measure>,
    data: PathBuf,
    out: Option<PathBuf>,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match arguments(words).and_then(|arguments| measure(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: Vec<String>) -> Outcome<Arguments> {
    let mut read = Arguments {
        size: Size::FULL,
        command: "cargo xtask bench".to_owned(),
        only: Vec::new(),
        data: "target/bench-data".into(),
        out: None,
        json: None,
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or(format!("{word} needs a value\n\n{HELP}"))
        };
        match word.as_str() {
            "--quick" => {
                read.size = Size::QUICK;
                read.command.push_str(" --quick");
            }
            "--only" => {
                let name = value()?;
                let known = Measure::ALL.into_iter().find(|one| one.as_str() == name);
                read.only
                    .push(known.ok_or(format!("no measurement `{name}`\n\n{HELP}"))?);
                read.command.push_str(&format!(" --only {name}"));
            }
            "--data" => read.data = value()?.into(),
            "--out" => read.out = Some(value()?.into()),
            "--json" => read.json = Some(value()?.into()),
            _ => return Err(format!("`{word}` is not understood\n\n{HELP}").into()),
        }
    }
    Ok(read)
}

fn measure(arguments: &Arguments) -> Outcome<()> {
    std::fs::create_dir_all(&arguments.data)?;
    let machine = Machine::look(&arguments.data, SystemClock.now().at_offset(0).to_string());
    let begun = Instant::now();
    let mut sections = Vec::new();
    for measure in Measure::ALL {
        if arguments.only.is_empty() || arguments.only.contains(&measure) {
            eprintln!("measuring {}", measure.as_str());
            sections.push(run(measure, &arguments.data, &arguments.size)?);
        }
    }
    let load = cordon_bench::load();
    let page = markdown(&machine, &sections, &arguments.command, &load);
    match (&arguments.out, arguments.only.is_empty()) {
        (Some(out), _) => std::fs::write(out, page)?,
        (None, true) => std::fs::write(Path::new("docs/benchmarks.md"), page)?,
        (None, false) => print!("{page}"),
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_vec_pretty(&json(&machine, &sections))?)?;
    }
    eprintln!(
        "done in {} s; {}",
        begun.elapsed().as_secs(),
        tally(&sections)
    );
    Ok(())
}

fn tally(sections: &[Section]) -> String {
    let verdicts: Vec<Verdict> = sections
        .iter()
        .flat_map(|section| &section.rows)
        .filter_map(cordon_bench::Row::verdict)
        .collect();
    let met = verdicts
        .iter()
        .filter(|verdict| **verdict == Verdict::Met)
        .count();
    format!("{met} of {} goals met", verdicts.len())
}
