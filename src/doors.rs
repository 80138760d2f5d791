//! The one explicit list of adapters, and the TLS settings that are made for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use cordon_alarms::CONSOLE;
use cordon_contract::{Adapter, Fault};
use cordon_model::GateId;
use cordon_notify::Seal;
use cordon_regulator::ReportSource;
use cordon_security::tls::{self, TlsKey};

use crate::config::{ParkConfig, Section};

/// Everything that adapters are given by other rooms.
pub struct Given {
    /// Where the regulator's push gets its reports.
    pub reports: Arc<dyn ReportSource>,
    /// The hub's signature on what leaves through webhooks.
    pub seal: Arc<dyn Seal>,
}

/// Makes every adapter of the configuration, or says all that is wrong. Their files are read, nothing
/// is written or connected. Sections in `shut` are passed over.
pub fn open(
    config: &ParkConfig,
    given: &Given,
    shut: &BTreeSet<Section>,
) -> Result<Vec<Arc<dyn Adapter>>, Vec<Fault>> {
    let mut opened = Opened::default();
    for section in &config.modbus {
        // Profile paths were made absolute when the configuration was read.
        let adapter = cordon_modbus::ModbusAdapter::open(section.clone(), Path::new(""));
        opened.take(adapter.map_err(|fault| vec![fault]));
    }
    for section in usable("mqtt", &config.mqtt, shut) {
        opened.take(mqtt(section));
    }
    for section in usable("onvif", &config.onvif, shut) {
        opened.take(onvif(section));
    }
    for section in usable("enterprise", &config.enterprise, shut) {
        opened.take(enterprise(section));
    }
    for section in usable("regulator", &config.regulator, shut) {
        opened.take(regulator(section, given));
    }
    for section in usable("notify", &config.notify, shut) {
        opened.take(notify(section, given));
    }
    // The hub's own page needs no section.
    if let (false, Ok(name)) = (served(config).contains(CONSOLE), CONSOLE.parse()) {
        let page = cordon_notify::Config::of_page(name, CONSOLE);
        opened.take(notify(&page, given));
    }
    if opened.faults.is_empty() {
        Ok(opened.adapters)
    } else {
        Err(opened.faults)
    }
}

/// The sections of a kind that are not shut.
fn usable<'a, T>(
    kind: &'static str,
    sections: &'a [T],
    shut: &'a BTreeSet<Section>,
) -> impl Iterator<Item = &'a T> {
    let numbered = sections.iter().enumerate();
    numbered
        .filter(move |(index, _)| !shut.contains(&(kind, *index)))
        .map(|(_, section)| section)
}

/// Receivers that the sections serve.
pub fn served(config: &ParkConfig) -> BTreeSet<&str> {
    let mqtt = config.mqtt.iter().flat_map(|mqtt| &mqtt.receiver);
    let mqtt = mqtt.map(|receiver| receiver.name.as_str());
    let notify = config.notify.iter().flat_map(|notify| notify.receivers());
    mqtt.chain(notify).collect()
}

/// Gates at which an adapter serves at least one barrier.
pub fn openable(config: &ParkConfig) -> BTreeSet<GateId> {
    let buses = config.modbus.iter().flat_map(|modbus| &modbus.buses);
    let lanes = buses.flat_map(|bus| &bus.lanes);
    lanes.map(|lane| lane.gate.clone()).collect()
}

#[derive(Default)]
struct Opened {
    adapters: Vec<Arc<dyn Adapter>>,
    faults: Vec<Fault>,
}

impl Opened {
    fn take<A: Adapter>(&mut self, made: Result<A, Vec<Fault>>) {
        match made {
            Ok(adapter) => self.adapters.push(Arc::new(adapter)),
            Err(faults) => self.faults.extend(faults),
        }
    }
}

fn mqtt(section: &cordon_mqtt::Config) -> Result<cordon_mqtt::MqttAdapter, Vec<Fault>> {
    let files = section.tls.as_ref();
    let tls = files
        .map(|tls| client(&tls.ca, tls.certificate.as_deref(), tls.key.as_deref()))
        .transpose()
        .map_err(|fault| vec![fault])?;
    cordon_mqtt::MqttAdapter::new(section.clone(), tls)
}

fn onvif(section: &cordon_onvif::Config) -> Result<cordon_onvif::OnvifAdapter, Vec<Fault>> {
    let tls = section.ca.as_deref().map(|ca| client(ca, None, None));
    let tls = tls.transpose().map_err(|fault| vec![fault])?;
    cordon_onvif::OnvifAdapter::new(section.clone(), tls)
}

fn enterprise(
    section: &cordon_enterprise::Config,
) -> Result<cordon_enterprise::EnterpriseAdapter, Vec<Fault>> {
    let outgoing = |files: Option<&cordon_enterprise::TlsFiles>| {
        files
            .map(|tls| client(&tls.ca, Some(&tls.certificate), Some(&tls.key)))
            .transpose()
            .map_err(|fault| vec![fault])
    };
    let incoming = section
        .webhook
        .as_ref()
        .and_then(|webhook| webhook.tls.as_ref())
        .map(|tls| tls::outside_server(&tls.ca, TlsKey::load(&tls.certificate, &tls.key)?))
        .transpose()
        .map_err(|fault| vec![fault])?;
    let tls = cordon_enterprise::Tls {
        webhook: incoming.map(|config| Arc::new(arc_swap::ArcSwap::new(config))),
        poll: outgoing(section.poll.as_ref().and_then(|poll| poll.tls.as_ref()))?,
        push: outgoing(section.push.as_ref().and_then(|push| push.tls.as_ref()))?,
    };
    cordon_enterprise::EnterpriseAdapter::new(section.clone(), tls)
}

fn regulator(
    section: &cordon_regulator::Config,
    given: &Given,
) -> Result<cordon_regulator::RegulatorAdapter, Vec<Fault>> {
    let files = section.tls.as_ref();
    let tls = files
        .map(|tls| client(&tls.ca, tls.certificate.as_deref(), tls.key.as_deref()))
        .transpose()
        .map_err(|fault| vec![fault])?;
    cordon_regulator::RegulatorAdapter::new(section.clone(), Arc::clone(&given.reports), tls)
}

fn notify(
    section: &cordon_notify::Config,
    given: &Given,
) -> Result<cordon_notify::NotifyAdapter, Vec<Fault>> {
    let mut tls = BTreeMap::new();
    for webhook in &section.webhooks {
        if let Some(files) = &webhook.tls {
            let made = client(
                &files.ca,
                files.certificate.as_deref(),
                files.key.as_deref(),
            );
            tls.insert(webhook.receiver.clone(), made.map_err(|fault| vec![fault])?);
        }
    }
    cordon_notify::NotifyAdapter::new(section.clone(), Arc::clone(&given.seal), &tls)
}

/// TLS towards a partner outside the park's CA.
fn client(
    ca: &Path,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Arc<rustls::ClientConfig>, Fault> {
    let own = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsKey::load(certificate, key)?),
        _ => None,
    };
    tls::outside_client(ca, own)
}
