//! `cordon demo`: a living park with simulators of all outside systems.

use std::path::PathBuf;
use std::time::Duration;

use super::runtime;
use crate::demo::Demo;
use crate::exit::{Ending, USAGE};
use crate::prepare::{self, Extent, Ports};

/// Runs a living park: a throw-away CA, simulators of all outside systems over real protocols,
/// two enterprises, a regulator and a duty officer.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Everything lies below --data; delete the folder to begin anew. Ports, folders, secrets and the pace stand \
    in its park.toml, which is written once and then yours.\n\n\
    Examples:\n  cordon demo\n  cordon demo --for 60s --summary s.json\n  cordon demo --data /tmp/park --port-base 20000"
)]
pub struct Args {
    /// The folder for everything
    #[arg(long, default_value = "demo-data")]
    data: PathBuf,
    /// End by itself after this long: 60s, 5m, 2h
    #[arg(long = "for", value_name = "TIME")]
    length: Option<String>,
    /// File for the summary (JSON); standard output when not given
    #[arg(long)]
    summary: Option<PathBuf>,
    /// First of 32 ports, when the folder is new. Without it 8443, 8080 and 18800 on
    #[arg(long)]
    port_base: Option<u16>,
    /// No story on the terminal
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let length = args.length.as_deref().map(duration).transpose()?;
    let config = prepare::folder(&args.data, Ports::new(args.port_base), Extent::Full)?;
    let demo = Demo {
        config,
        data: args.data.clone(),
        length,
        summary: args.summary.clone(),
        quiet: args.quiet,
    };
    runtime()?.block_on(demo.run())
}

/// A whole number with `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, Ending> {
    let wrong = || Ending::new(USAGE, format!("`{text}` is no time; write 60s, 5m or 2h"));
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn times() {
        assert_eq!(duration("60s").ok(), Some(Duration::from_secs(60)));
        assert_eq!(duration("5m").ok(), Some(Duration::from_secs(300)));
        assert_eq!(duration("2h").ok(), Some(Duration::from_secs(7_200)));
        for bad in [
            "",
            "60",
            "s",
            "0s",
            "-1s",
            "1.5m",
            "3d",
            "99999999999999999999s",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
