//! A folder with everything a park needs to start: a throw-away CA, certificates, secrets, mapping
//! packages and a `park.toml`. Files that are there already are left alone.

mod certificates;
mod dictionaries;
mod park;
mod ports;
mod secrets;

use std::path::{Path, PathBuf};

pub use ports::Ports;
pub use secrets::read as secret;

use crate::exit::Ending;

/// The park's code in the example plan.
const PARK: &str = "JS-DEMO";
const ROUTES: &str = include_str!("routes.toml");

/// How much of a park is prepared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extent {
    /// A hub with a plan and no doors but the signed exchange.
    Bare,
    /// A park with all its doors, as `cordon demo` runs it.
    Full,
}

/// Makes the folder and returns the configuration's path.
pub fn folder(root: &Path, ports: Ports, extent: Extent) -> Result<PathBuf, Ending> {
    std::fs::create_dir_all(root).map_err(|error| Ending::file(root, &error))?;
    certificates::make(root)?;
    let text = match extent {
        Extent::Bare => park::bare(ports),
        Extent::Full => {
            secrets::make(root)?;
            dictionaries::make(root)?;
            write_new(&root.join("routes.toml"), ROUTES)?;
            park::full(ports)
        }
    };
    let config = root.join("park.toml");
    write_new(&config, &text)?;
    Ok(config)
}

/// Writes a file unless it is there already.
fn write_new(file: &Path, text: &str) -> Result<(), Ending> {
    if file.exists() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Ending::file(folder, &error))?;
    std::fs::write(file, text).map_err(|error| Ending::file(file, &error))
}
