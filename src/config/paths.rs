//! Paths in a configuration are relative to its folder; here they become usable from anywhere.

use std::path::{Path, PathBuf};

use super::ParkConfig;

/// Makes every path of the configuration relative to `folder`.
pub fn resolve(config: &mut ParkConfig, folder: &Path) {
    for path in all(config) {
        // Component by component, so that `.` is the folder itself and leaves no trace in messages.
        *path = folder.join(&*path).components().collect();
    }
}

/// Every path of the configuration.
pub fn all(config: &mut ParkConfig) -> Vec<&mut PathBuf> {
    let hub = &mut config.hub;
    let mut paths = vec![
        &mut hub.data,
        &mut hub.certificate,
        &mut hub.key,
        &mut hub.trust,
    ];
    paths.extend(&mut hub.mappings);
    paths.extend(&mut hub.spool);
    paths.extend(&mut config.retention.archive);
    paths.extend(&mut config.alarms.routes);
    paths.extend(&mut config.rules);
    if let Some(demo) = &mut config.demo {
        paths.extend(&mut demo.broker_users);
    }
    for table in &mut config.adapters.0 {
        paths.extend(table.paths());
    }
    paths
}
