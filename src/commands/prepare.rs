//! `cordon prepare`: a folder with a throw-away CA, certificates and a `park.toml` to start from.

use std::path::PathBuf;

use crate::exit::Ending;
use crate::prepare::{self, Extent, Ports};

/// Makes a folder with a throw-away CA, certificates of every role and an example configuration.
#[derive(clap::Args, Debug)]
#[command(after_help = "Files that are there already are left alone.\n\n\
    Examples:\n  cordon prepare --data demo-data\n  cordon run --config demo-data/park.toml\n  \
    cordon prepare --data park --full   # with cameras, lanes, sensors and partners")]
pub struct Args {
    /// The folder
    #[arg(long, default_value = "demo-data")]
    data: PathBuf,
    /// First port: the exchange; the console is on the next one. Without it 8443 and 8080.
    #[arg(long)]
    port_base: Option<u16>,
    /// With all doors to outside systems, as `cordon demo` runs them
    #[arg(long)]
    full: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let extent = if args.full {
        Extent::Full
    } else {
        Extent::Bare
    };
    let config = prepare::folder(&args.data, Ports::new(args.port_base), extent)?;
    show!(
        "{}: ready; start it with `cordon run --config {}`",
        args.data.display(),
        config.display()
    );
    Ok(())
}
