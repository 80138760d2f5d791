//! The mapping packages and lane profiles that come with the program, written into a park's folder.

use std::path::Path;

use crate::exit::Ending;

/// Path below `mappings`, and content.
macro_rules! dictionary {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../mappings/", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = dictionary![
    "generic/lane/1/profile.toml",
    "generic/lane-registers/1/profile.toml",
    "json/sensor/1/mapping.toml",
    "json/sensor/1/points.toml",
    "onvif/camera/1/mapping.toml",
    "onvif/camera/1/points.toml",
    "plant/gate/1/mapping.toml",
    "plant/gate/1/points.toml",
];

/// Writes what is missing.
pub fn make(root: &Path) -> Result<(), Ending> {
    for (path, text) in FILES {
        super::write_new(&root.join("mappings").join(path), text)?;
    }
    Ok(())
}
