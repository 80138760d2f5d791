//! `cordon map`: check and test mapping packages.

use std::path::PathBuf;

use super::print_faults;
use crate::exit::Ending;

/// Check and test mapping packages.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Load all packages strictly and run their golden cases
    #[command(after_help = "Example:\n  cordon map check --dir mappings")]
    Check(Dir),
    /// Run the golden cases and show each
    #[command(after_help = "Example:\n  cordon map test --dir mappings")]
    Test(Dir),
}

/// Where the packages are.
#[derive(clap::Args, Debug)]
pub struct Dir {
    /// Folder with vendor/model/version packages
    #[arg(long, default_value = "mappings")]
    dir: PathBuf,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Check(args) => check(args),
        Command::Test(args) => test(args),
    }
}

fn check(args: &Dir) -> Result<(), Ending> {
    match cordon_mapping::check(&args.dir) {
        Ok((mappings, cases)) => {
            show!(
                "{}: {} packages, {} cases, all good",
                args.dir.display(),
                mappings.packages().count(),
                cases.len()
            );
            Ok(())
        }
        Err(faults) => {
            print_faults(&faults);
            Err(Ending::failed(format!("{} faults", faults.len())))
        }
    }
}

fn test(args: &Dir) -> Result<(), Ending> {
    let mappings = cordon_mapping::Mappings::load(&args.dir).map_err(|faults| {
        print_faults(&faults);
        Ending::failed(format!("{} faults", faults.len()))
    })?;
    let mut failed = 0_usize;
    for case in cordon_mapping::test(&mappings) {
        match &case.fault {
            None => show!("ok    {} {}", case.package, case.folder.display()),
            Some(fault) => {
                failed += 1;
                show!("WRONG {} {}: {fault}", case.package, case.folder.display());
            }
        }
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(Ending::failed(format!("{failed} cases came out wrong")))
    }
}
