//! Settings: each section's own type and checks, and the files beside `park.toml`.

use cordon_alarms::Routes;
use cordon_contract::Fault;
use cordon_flow::{AuthoritySettings, Table};
use cordon_model::plan::ParkPlan;

/// One text, read as each section and file.
pub(crate) fn toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let plan = toml::from_str(text).unwrap_or_else(|_| plan());
    all(Routes::read(text, "routes.toml").map(|routes| routes.check(&plan)));
    if let Err(fault) = Table::read(text) {
        crate::refused(&fault);
    }
    checked::<AuthoritySettings>(text, AuthoritySettings::check);
    checked::<cordon_reports::ReportsConfig>(text, |config| config.check(&plan));
    checked::<cordon_alarms::Config>(text, cordon_alarms::Config::check);
    checked::<cordon_enterprise::Config>(text, cordon_enterprise::Config::check);
    checked::<cordon_notify::Config>(text, cordon_notify::Config::check);
    checked::<cordon_onvif::Config>(text, cordon_onvif::Config::check);
    checked::<cordon_regulator::Config>(text, cordon_regulator::Config::check);
    checked::<cordon_mqtt::Config>(text, |_| Vec::new());
    checked::<cordon_modbus::Config>(text, |config| config.check().err().into_iter().collect());
}

fn checked<T: serde::de::DeserializeOwned>(text: &str, check: impl Fn(&T) -> Vec<Fault>) {
    if let Ok(config) = toml::from_str::<T>(text) {
        check(&config).iter().for_each(crate::refused);
    }
}

fn all(read: Result<Vec<Fault>, Vec<Fault>>) {
    let (Ok(faults) | Err(faults)) = read;
    faults.iter().for_each(crate::refused);
}

/// A park without anything in it.
pub(crate) fn plan() -> ParkPlan {
    toml::from_str("code = \"JS-320700-01\"\nname = \"park\"").expect("the least plan")
}
