//! Emits the list of files that `cordon-schemas` embeds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Emits `schemas/src/generated/files.rs`: every schema, WSDL and example, in the order of paths.
pub fn emit(schemas: &Path) -> Result<String, String> {
    let mut paths = Vec::new();
    for folder in ["xsd", "wsdl", "examples"] {
        collect(schemas, &schemas.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut made = String::from(
        "//! The embedded files, listed by `cargo xtask codegen`.\n\n\
         /// Path below `schemas/` and text of each file, in the order of paths.\n\
         pub(crate) static FILES: &[(&str, &str)] = &[\n",
    );
    for path in paths {
        let _ = writeln!(made, "(\"{path}\", include_str!(\"../../{path}\")),");
    }
    made.push_str("];\n");
    Ok(made)
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if let Ok(inside) = path.strip_prefix(root) {
            paths.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
