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
    for notify in &mut config.notify {
        for webhook in &mut notify.webhooks {
            paths.extend(&mut webhook.secret_file);
            if let Some(tls) = &mut webhook.tls {
                paths.push(&mut tls.ca);
                paths.extend(&mut tls.certificate);
                paths.extend(&mut tls.key);
            }
        }
        for mail in &mut notify.mails {
            paths.extend(&mut mail.ca);
            paths.extend(&mut mail.password_file);
        }
    }
    if let Some(demo) = &mut config.demo {
        paths.extend(&mut demo.broker_users);
    }
    for mqtt in &mut config.mqtt {
        paths.extend(&mut mqtt.password_file);
        if let Some(tls) = &mut mqtt.tls {
            paths.push(&mut tls.ca);
            paths.extend(&mut tls.certificate);
            paths.extend(&mut tls.key);
        }
    }
    let lanes = config
        .modbus
        .iter_mut()
        .flat_map(|modbus| &mut modbus.buses)
        .flat_map(|bus| &mut bus.lanes);
    paths.extend(lanes.map(|lane| &mut lane.profile));
    for onvif in &mut config.onvif {
        paths.extend(&mut onvif.ca);
        let cameras = onvif.camera.iter_mut();
        paths.extend(cameras.filter_map(|camera| camera.password_file.as_mut()));
    }
    for enterprise in &mut config.enterprise {
        paths.extend(&mut enterprise.secret_file);
        let mut files = Vec::new();
        if let Some(webhook) = &mut enterprise.webhook {
            files.extend(&mut webhook.tls);
        }
        if let Some(poll) = &mut enterprise.poll {
            paths.push(&mut poll.cursor_file);
            files.extend(&mut poll.tls);
        }
        if let Some(push) = &mut enterprise.push {
            files.extend(&mut push.tls);
        }
        for tls in files {
            paths.extend([&mut tls.ca, &mut tls.certificate, &mut tls.key]);
        }
    }
    for regulator in &mut config.regulator {
        paths.extend(&mut regulator.token_file);
        paths.push(&mut regulator.ledger_file);
        if let Some(tls) = &mut regulator.tls {
            paths.push(&mut tls.ca);
            paths.extend(&mut tls.certificate);
            paths.extend(&mut tls.key);
        }
    }
    paths
}
