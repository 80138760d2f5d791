//! The polling cursor, kept in a small file over restarts. Whoever runs on the runtime has it read and written aside.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use cordon_contract::Fault;

/// Longest cursor in bytes.
const BYTES_MAX: usize = 4_096;

/// The cursor of the last run; empty when there was none.
pub fn read(file: &Path) -> Result<String, Fault> {
    match fs::read_to_string(file) {
        Ok(text) if text.len() <= BYTES_MAX => Ok(text.trim().to_owned()),
        Ok(_) => Err(broken(file, "longer than 4096 bytes")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(broken(file, &error.to_string())),
    }
}

/// Writes the cursor whole or not at all.
pub fn write(file: &Path, cursor: &str) -> Result<(), Fault> {
    let beside = file.with_extension("new");
    let written = fs::File::create(&beside).and_then(|mut out| {
        out.write_all(cursor.as_bytes())?;
        out.sync_all()
    });
    written
        .and_then(|()| fs::rename(&beside, file))
        .map_err(|error| broken(file, &error.to_string()))
}

fn broken(file: &Path, detail: &str) -> Fault {
    Fault::new("A046", format!("cursor file: {detail}"))
        .at(file.display().to_string())
        .remedy("make the folder writable, or remove the file to begin anew")
}
