//! Last pass: everything that a start reads is read, as the hub will use it. Nothing is written,
//! opened for writing or connected.

use std::sync::Arc;

use cordon_contract::{
    Adapter, Clock as _, DISK_ANSWERS_IN, Fault, Lender, Seal, SystemClock, aside_within,
};
use cordon_mapping::Mappings;
use cordon_security::tls::{self, ClientAuth, TlsKey, Versions};
use cordon_security::{Own, Signer, TrustStore, is_no_trust_folder};

use super::secrets;
use super::{Loaded, ParkConfig, papers, uses};
use crate::doors::House;
use crate::lists;
use crate::plugins;
use crate::reports::ReportDoor;
use crate::seal::{HubSeal, Unsealed};

/// Loads everything, or says all that is wrong. Sections that are shut for their secrets are passed over:
/// what is wrong with those has been said. Those that rest are stood in for.
pub fn load(config: &ParkConfig, secrets: &secrets::Found) -> Result<Loaded, Vec<Fault>> {
    let mut faults = Vec::new();
    let own = if secrets.shut.contains(&secrets::HUB) {
        None
    } else {
        own(config).map_err(|fault| faults.push(fault)).ok()
    };
    let signer = own.as_ref().map(|(signer, _)| signer.as_ref());
    let trust = trust(config, signer).map(Arc::new);
    let trust = trust.map_err(|fault| faults.push(fault)).ok();
    let mappings = mappings(config).map_err(|more| faults.extend(more)).ok();
    if let Some(mappings) = &mappings {
        faults.extend(uses::packages(config, mappings));
    }
    let reports = Arc::new(ReportDoor::default());
    let seal: Arc<dyn Seal> = match &own {
        Some((signer, _)) => Arc::new(HubSeal(Arc::clone(signer))),
        None => Arc::new(Unsealed),
    };
    let house: Arc<dyn Lender> = Arc::new(House {
        reports: Arc::clone(&reports) as _,
        seal,
    });
    let adapters = config.adapters.open(&house, secrets);
    let adapters = adapters.map_err(|more| faults.extend(more));
    let none = Mappings::default();
    let packages = mappings.as_deref().unwrap_or(&none);
    let plugins = plugins::plugins(config, packages).map_err(|more| faults.extend(more));
    faults.extend(uses::receivers(config));
    let strange = own
        .as_ref()
        .map(|(signer, _)| papers::identity(config, signer))
        .unwrap_or_default();
    let is_ours = strange.is_empty();
    faults.extend(strange);
    let (Some(trust), Some((signer, key)), Some(mappings), Ok(adapters), Ok(plugins)) =
        (trust, own, mappings, adapters, plugins)
    else {
        return Err(faults);
    };
    let now = SystemClock.now();
    let mut told = Vec::new();
    if is_ours && let Some(fault) = papers::chain(config, &trust, signer.certificate(), now) {
        // Where a hub ran already the gates are worth more than what partners think of it.
        match papers::is_of_trust(&fault) && !is_first_start(config) {
            true => told.push(fault),
            false => faults.push(fault),
        }
    }
    let clients = if config.exchange.public_wsdl {
        ClientAuth::Optional
    } else {
        ClientAuth::Required
    };
    let versions = match config.exchange.tls12 {
        true => Versions::Tls12Too,
        false => Versions::Tls13,
    };
    let exchange = tls::server_config(key, Arc::clone(&trust), clients, versions);
    match exchange {
        Ok(exchange) if faults.is_empty() => Ok(Loaded {
            resting: resting(secrets, &adapters),
            overdue: papers::overdue(config, &trust, signer.certificate(), now)
                .into_iter()
                .chain(told)
                .chain(papers::shown(config, now))
                .collect(),
            trust,
            signer,
            exchange,
            mappings,
            adapters,
            plugins,
            reports,
        }),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

/// Whom the park trusts: nobody, as long as the folder is damaged or does not answer. The gates are worth more than the partners, and
/// files that are copied to it may be torn by a power cut. Where no hub wrote a journal yet and nothing like a trust
/// folder is there, its name is wrong.
fn trust(config: &ParkConfig, signer: Option<&Signer>) -> Result<TrustStore, Fault> {
    let folder = &config.hub.trust;
    let kept = lists::kept(&config.hub.data);
    let own = signer.map(|it| Own::of(it.certificate()).keeping(kept));
    if config.silent.holds(folder) {
        return Ok(TrustStore::hanging(folder, own));
    }
    // It answered just now; should it hang from now on, that is no longer than once more.
    let (place, of) = (folder.clone(), own.clone());
    let read = aside_within(DISK_ANSWERS_IN, move || {
        TrustStore::load_or_shut(&place, of)
    });
    let Some(trust) = read else {
        return Ok(TrustStore::hanging(folder, own));
    };
    match trust.trouble() {
        Some(fault) if is_first_start(config) && is_no_trust_folder(folder) => Err(fault),
        _ => Ok(trust),
    }
}

/// Whether no hub wrote a journal in the data folder yet.
fn is_first_start(config: &ParkConfig) -> bool {
    let journal = std::fs::read_dir(config.hub.data.join("journal"));
    match journal {
        Ok(mut segments) => segments.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// What has adapters rest, each once.
fn resting(secrets: &secrets::Found, adapters: &[Arc<dyn Adapter>]) -> Vec<Fault> {
    let mut resting: Vec<Fault> = secrets.troubles().collect();
    for fault in adapters.iter().filter_map(|it| it.trouble()) {
        if !resting.contains(&fault) {
            resting.push(fault);
        }
    }
    resting
}

/// The hub's certificate with its key, to sign and to answer connections.
fn own(config: &ParkConfig) -> Result<(Arc<Signer>, Arc<TlsKey>), Fault> {
    let hub = &config.hub;
    let signer = Signer::load(&hub.certificate, &hub.key).map_err(|fault| match fault.code() {
        // The fault speaks to a partner who sent a message; here it is about a file of our own.
        "V021" | "V024" => fault
            .at(hub.certificate.display().to_string())
            .remedy("name the PEM file with the hub's certificate first, then its chain"),
        _ => fault,
    })?;
    let key = TlsKey::load(&hub.certificate, &hub.key)?;
    Ok((Arc::new(signer), key))
}

fn mappings(config: &ParkConfig) -> Result<Arc<Mappings>, Vec<Fault>> {
    match &config.hub.mappings {
        Some(folder) => Mappings::load(folder).map(Arc::new),
        None => Ok(Arc::new(Mappings::default())),
    }
}
