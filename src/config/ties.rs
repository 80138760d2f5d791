//! What the adapters' tables say of lanes, cameras, partners and reports must fit the plan and this hub.

use cordon_contract::Fault;

use super::{ParkConfig, adapters};

/// Adapters against the plan and the reports; the limits of the exchange.
pub fn check(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    for table in config.adapters.iter() {
        for fault in table.fits(&config.plan) {
            let place = table.place(fault.place());
            faults.push(fault.at(place));
        }
    }
    faults.extend(sent(config));
    faults.extend(exchange(config));
    faults
}

/// Limits of the exchange that leave it usable.
fn exchange(config: &ParkConfig) -> Vec<Fault> {
    let of = &config.exchange;
    let within = |key: &str, value: u64, low: u64, high: u64| {
        (!(low..=high).contains(&value)).then(|| {
            Fault::new("S059", format!("{value} is not within {low} to {high}"))
                .at(format!("exchange.{key}"))
                .remedy("take a number of that range; leave the key out for the default")
        })
    };
    let rates = [
        ("refusals_of_party_a_minute", of.refusals_of_party_a_minute),
        ("refusals_of_party_a_second", of.refusals_of_party_a_second),
        (
            "handshakes_of_party_a_second",
            of.handshakes_of_party_a_second,
        ),
        (
            "handshakes_of_address_a_second",
            of.handshakes_of_address_a_second,
        ),
    ];
    [
        within("connections_max", of.connections_max as u64, 16, 10_000),
        within(
            "bytes_in_flight_mib",
            of.bytes_in_flight_mib as u64,
            48,
            4_096,
        ),
        within("refused_mib_of_party", of.refused_mib_of_party, 0, 4_096),
    ]
    .into_iter()
    .chain(rates.map(|(key, value)| within(key, u64::from(value), 1, 10_000)))
    .flatten()
    .collect()
}

/// A partner can be promised only reports that this hub builds.
fn sent(config: &ParkConfig) -> Vec<Fault> {
    let reports = adapters::named(&config.adapters, |names| names.reports).into_iter();
    let strange = reports.filter(|(report, _)| !cordon_reports::is_built(*report));
    strange
        .map(|(report, place)| {
            Fault::new("K061", format!("{report} is not built by this hub"))
                .at(place)
                .remedy(cordon_reports::built_in_words())
        })
        .collect()
}
