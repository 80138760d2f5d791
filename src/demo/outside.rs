//! From the park's configuration to the settings of its simulated outside systems: each is started
//! at the address at which the park expects the real one.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use cordon_model::DeviceKind;
use cordon_sim_park::{CameraSpec, LaneSpec, PlatformSpec, Settings};
use cordon_sim_partners::PlantSettings;

use crate::config::{DemoSection, ParkConfig};
use crate::exit::{CONFIG, Ending};
use crate::prepare::secret;

/// Heartbeat silence after which a simulated lane controller takes its safe state; the shipped
/// profile promises this.
const WATCHDOG_MS: u32 = 2_000;
/// Milliseconds between two passages at a plant's own gate.
const PLANT_PERIOD_MS: u64 = 8_000;

/// Settings of everything that the configuration names.
pub fn settings(config: &ParkConfig, demo: &DemoSection) -> Result<Settings, Ending> {
    let mut settings = Settings::default();
    sensors(config, demo, &mut settings)?;
    for lane in config
        .adapters
        .of::<cordon_modbus::Config>()
        .flat_map(|modbus| &modbus.buses)
    {
        let address = loopback(&lane.address, "modbus.bus.address")?;
        settings
            .lanes
            .extend(lane.lanes.iter().take(1).map(|lane| LaneSpec {
                lane: lane.lane.to_string(),
                address,
                watchdog_ms: WATCHDOG_MS,
            }));
    }
    cameras(config, &mut settings)?;
    partners(config, demo, &mut settings)?;
    Ok(settings)
}

fn sensors(config: &ParkConfig, demo: &DemoSection, settings: &mut Settings) -> Result<(), Ending> {
    let Some(mqtt) = config.adapters.of::<cordon_mqtt::Config>().next() else {
        return Ok(());
    };
    let address = loopback(&format!("{}:{}", mqtt.host, mqtt.port), "mqtt.host")?;
    let users = match &demo.broker_users {
        Some(file) => std::fs::read_to_string(file).map_err(|error| Ending::file(file, &error))?,
        None => String::new(),
    };
    let broker = cordon_sim_broker::Settings {
        address,
        ..cordon_sim_broker::Settings::default()
    }
    .with_password_lines(&users);
    let login = broker
        .users
        .get("gateways")
        .map(|password| ("gateways".to_owned(), password.clone()));
    settings.broker = demo.broker.then_some(broker);
    // Gateways of the plan share its sensors evenly.
    let of_kind = |wanted: &dyn Fn(DeviceKind) -> bool| -> Vec<String> {
        let devices = config.plan.devices.iter();
        devices
            .filter(|device| wanted(device.kind) && device.id != mqtt.gateway)
            .map(|device| device.id.to_string())
            .collect()
    };
    let gateways = of_kind(&|kind| kind == DeviceKind::Gateway);
    let sensors = of_kind(&is_sensor);
    let share = sensors.len().div_ceil(gateways.len().max(1)).max(1);
    for (gateway, (sensors, index)) in gateways.into_iter().zip(sensors.chunks(share).zip(0_u64..))
    {
        settings.fleets.push(cordon_sim_sensors::Settings {
            host: mqtt.host.clone(),
            port: mqtt.port,
            user: login.clone(),
            gateway,
            sensors: sensors.to_vec(),
            period_ms: demo.sensor_period_ms,
            seed: demo.seed.wrapping_add(index),
            faults: cordon_sim_sensors::Faults::default(),
        });
    }
    Ok(())
}

fn is_sensor(kind: DeviceKind) -> bool {
    matches!(
        kind,
        DeviceKind::GasDetector
            | DeviceKind::Sensor
            | DeviceKind::Weather
            | DeviceKind::ElectricFence
    )
}

fn cameras(config: &ParkConfig, settings: &mut Settings) -> Result<(), Ending> {
    for camera in config
        .adapters
        .of::<cordon_onvif::Config>()
        .flat_map(|onvif| &onvif.camera)
    {
        let address = authority(&camera.address)
            .ok_or_else(|| not_loopback("onvif.camera.address", &camera.address))?;
        settings.cameras.push(CameraSpec {
            device: camera.device.to_string(),
            address: loopback(&address, "onvif.camera.address")?,
            user: camera.user.clone().unwrap_or_default(),
            password: password(camera.password_file.as_deref())?,
            lane: camera.lane.as_ref().map(ToString::to_string),
        });
    }
    Ok(())
}

fn partners(
    config: &ParkConfig,
    demo: &DemoSection,
    settings: &mut Settings,
) -> Result<(), Ending> {
    for enterprise in config.adapters.of::<cordon_enterprise::Config>() {
        let port = match &enterprise.push {
            Some(push) => port_of(&push.url, "enterprise.push.url")?,
            None => 0,
        };
        let webhook = enterprise
            .webhook
            .as_ref()
            .map(|webhook| format!("http://{}{}", webhook.listen, webhook.path));
        settings.plants.push(PlantSettings {
            name: enterprise.partner.to_string(),
            port,
            webhook,
            secret: password(enterprise.secret_file.as_deref())?,
            period_ms: PLANT_PERIOD_MS,
            seed: demo.seed,
            faults: cordon_sim_partners::PlantFaults {
                duplicate_percent: 10,
                odd_code_percent: 10,
                wrong_signature_percent: 5,
                ..cordon_sim_partners::PlantFaults::default()
            },
        });
    }
    for regulator in config.adapters.of::<cordon_regulator::Config>() {
        settings.platforms.push(PlatformSpec {
            name: regulator.platform.to_string(),
            port: port_of(&regulator.url, "regulator.url")?,
            token: regulator.token_file.as_deref().map(secret).transpose()?,
        });
    }
    for board in config
        .adapters
        .of::<cordon_notify::Config>()
        .flat_map(|notify| &notify.webhooks)
    {
        settings.platforms.push(PlatformSpec {
            name: board.receiver.clone(),
            port: port_of(&board.url, "notify.webhook.url")?,
            token: None,
        });
    }
    Ok(())
}

fn password(file: Option<&Path>) -> Result<String, Ending> {
    file.map_or_else(|| Ok(String::new()), secret)
}

/// `host:port` of an address.
fn authority(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.authority().map(ToString::to_string)
}

fn port_of(url: &str, place: &str) -> Result<u16, Ending> {
    let address = authority(url).ok_or_else(|| not_loopback(place, url))?;
    Ok(loopback(&address, place)?.port())
}

/// A simulator listens on this machine only.
fn loopback(address: &str, place: &str) -> Result<SocketAddr, Ending> {
    address
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.find(|address| address.ip().is_loopback()))
        .ok_or_else(|| not_loopback(place, address))
}

fn not_loopback(place: &str, address: &str) -> Ending {
    Ending::new(
        CONFIG,
        format!(
            "{place}: `{address}` is not on this machine, so no simulator can stand in for it; use `cordon run` for a real park"
        ),
    )
}
