//! What of a configuration decides, part by part, and the plug-ins that are made of it: of today's, and of those
//! that held when an entry of the journal was written.
//!
//! | part | what it says |
//! |---|---|
//! | `program` | the program's version: it makes nothing, and says who decided |
//! | `plan` | `[plan]` |
//! | `rules` | the access rules, file by file |
//! | `routes` | the routing tree as its file stands |
//! | `access`, `alarms`, `authority` | those sections, defaults included |
//! | `dispatch` | the enterprises whose own gate systems take grants |
//! | `mappings` | each mapping package with the digest of its files: what they made of a reading stands in its entry |
//! | `plugins.NAME` | the section of a plug-in that need not run; `null` where it does not, and nothing where it never did |
//!
//! Keys, passwords, addresses and paths are no settings: they are not here, so they are in no entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_access::{AccessConfig, AccessPlugin, GrantDispatch, ParkNow};
use cordon_alarms::{AlarmPlugin, OpenAlarms, Routes};
use cordon_contract::{AccessRules as _, Fault, Plugin, Premises};
use cordon_flow::{
    Absent, AuthoritySettings, HeldPart, Made, Maker, Part, SETTINGS_UNUSABLE, Unusable,
};
use cordon_mapping::Mappings;
use cordon_model::plan::ParkPlan;
use cordon_model::{Digest, ParkCode, PartyId, PassageDecision};
use cordon_rules::CedarRules;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::ParkConfig;
use crate::plugins::{KINDS, Kind};

/// The form of all parts of this program but those of [`KINDS`], which have their own.
const FORM: u16 = 1;

/// Who decided.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The version of `cordon`.
    pub version: String,
}

impl Program {
    /// The one that runs.
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Access rules, file by file: a name and its text.
type RuleFiles = Vec<(String, String)>;

/// The settings of a park as its configuration says them today.
pub struct ParkSettings {
    today: Vec<Part>,
    park: ParkCode,
    hub: PartyId,
    /// Where plug-ins show what stands now, whichever they are.
    open_alarms: OpenAlarms,
    park_now: ParkNow,
}

impl ParkSettings {
    /// Of a configuration whose rules and routes were read.
    ///
    /// # Errors
    /// `K103` when they are too large to be entries.
    pub fn of(
        config: &ParkConfig,
        rules: &CedarRules,
        routes: Option<&str>,
        mappings: &Mappings,
    ) -> Result<Self, Vec<Fault>> {
        let packages = mappings.packages();
        let packages: BTreeMap<&str, Digest> = packages
            .map(|package| (package.id.as_str(), package.digest))
            .collect();
        let today = [
            part("program", &Program::this()),
            part("plan", &config.plan),
            part("rules", &rules.files()),
            part("routes", &routes),
            part("access", &config.access),
            part("dispatch", &config.adapters.gate_systems()),
            part("alarms", &config.alarms),
            part("authority", &config.authority),
            part("mappings", &packages),
        ];
        let today = today.into_iter().chain(config.plugins.parts());
        let today: Vec<Part> = today
            .collect::<Result<_, _>>()
            .map_err(|fault| vec![fault])?;
        let faults = Part::check(&today).into_iter().map(too_large);
        let faults: Vec<Fault> = faults.collect();
        match faults.is_empty() {
            true => Ok(Self {
                today,
                park: config.plan.code.clone(),
                hub: config.hub.id.clone(),
                open_alarms: OpenAlarms::default(),
                park_now: ParkNow::default(),
            }),
            false => Err(faults),
        }
    }

    /// The same; their plug-ins show what stands now where those of these others did, so that whoever shows it goes on.
    #[must_use]
    pub fn shown_as(self, others: &Self) -> Self {
        Self {
            open_alarms: others.open_alarms(),
            park_now: others.park_now(),
            ..self
        }
    }

    /// Whose they are.
    pub fn park(&self) -> &ParkCode {
        &self.park
    }

    /// The open alarms, whichever plug-in keeps them.
    pub fn open_alarms(&self) -> OpenAlarms {
        self.open_alarms.clone()
    }

    /// What stands in the park, whichever plug-in keeps it.
    pub fn park_now(&self) -> ParkNow {
        self.park_now.clone()
    }
}

impl Maker for ParkSettings {
    fn today(&self) -> &[Part] {
        &self.today
    }

    fn make(&self, parts: &BTreeMap<&str, &Part>) -> Result<Made, Fault> {
        let mut reading = Reading {
            parts,
            today: &self.today,
            unusable: Vec::new(),
        };
        reading.part("program", read::<Program>)?;
        let plan: Arc<ParkPlan> = Arc::new(reading.part("plan", read)?);
        let rules = reading.part("rules", |part| rules_of(&read::<RuleFiles>(part)?))?;
        let routes = reading.part("routes", |part| routes_of(read(part)?))?;
        let access: AccessConfig = reading.part("access", read)?;
        let partners: Vec<PartyId> = reading.part("dispatch", read)?;
        let alarms: cordon_alarms::Config = reading.part("alarms", read)?;
        // The door asks it, and what the door said stands with each entry.
        reading.part("authority", read::<AuthoritySettings>)?;
        let premises = Premises {
            plan: Arc::clone(&plan),
            hub: self.hub.clone(),
        };
        let access = AccessPlugin::new(Arc::clone(&plan), Arc::new(rules), access);
        let alarms = AlarmPlugin::new(plan, routes, self.hub.clone(), alarms);
        let mut plugins: Vec<Box<dyn Plugin>> = vec![
            Box::new(access.showing(self.park_now())),
            Box::new(GrantDispatch::new(partners)),
            Box::new(alarms.showing(self.open_alarms())),
        ];
        for kind in KINDS {
            plugins.push(reading.plugin(kind, &premises)?);
        }
        Ok(Made {
            plugins,
            unusable: reading.unusable,
        })
    }
}

/// Parts being read; for one that cannot be used today's stands in.
struct Reading<'a> {
    parts: &'a BTreeMap<&'a str, &'a Part>,
    today: &'a [Part],
    unusable: Vec<Unusable>,
}

impl Reading<'_> {
    fn part<T>(
        &mut self,
        name: &str,
        read: impl Fn(&Part) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match self.parts.get(name).map(|part| read(part)) {
            Some(Ok(read)) => return Ok(read),
            Some(Err(why)) => self.unusable.push(Unusable {
                name: name.to_owned(),
                why,
            }),
            None => {}
        }
        let today = self.today.iter().find(|part| part.name == name);
        today.map_or_else(|| Err(unusable(name, "today's is not there")), read)
    }

    /// The plug-in of a kind that need not run; where no part says it, it does not.
    fn plugin(&mut self, kind: &Kind, premises: &Premises) -> Result<Box<dyn Plugin>, Fault> {
        let name = kind.part_name();
        let nothing = kind.nothing();
        let is_unsaid = !self.parts.contains_key(name.as_str());
        let section = self.part(&name, |part| {
            let runs = !is_unsaid && *part != nothing;
            runs.then(|| kind.held(part)).transpose()
        })?;
        Ok(match section {
            Some(section) => section.plugin(premises),
            None => Box::new(Absent(kind.name)),
        })
    }
}

/// What a part says.
///
/// # Errors
/// `F095` when it has another form.
pub fn read<T: DeserializeOwned>(part: &Part) -> Result<T, Fault> {
    read_as(part, FORM)
}

/// What a part says whose form is this one.
///
/// # Errors
/// `F095` when it has another.
pub fn read_as<T: DeserializeOwned>(part: &Part, form: u16) -> Result<T, Fault> {
    if part.form != form {
        let why = format!("form {} is another program's", part.form);
        return Err(unusable(&part.name, &why));
    }
    serde_json::from_slice(&part.body).map_err(|error| unusable(&part.name, &error.to_string()))
}

fn rules_of(files: &RuleFiles) -> Result<CedarRules, Fault> {
    CedarRules::of(files).map_err(|faults| unusable("rules", &first(&faults)))
}

/// The rules by which a decision was made, among the settings that held then.
///
/// # Errors
/// In words, why they cannot be shown.
pub fn rules_then(
    decision: &PassageDecision,
    held: &BTreeMap<String, HeldPart>,
) -> Result<CedarRules, String> {
    let held = held
        .get("rules")
        .ok_or("the journal held no settings yet when it was made")?;
    let rules = read::<RuleFiles>(&held.part).and_then(|files| rules_of(&files));
    let rules = rules.map_err(|fault| fault.to_string())?;
    match rules.digest() == decision.rule_set_digest {
        true => Ok(rules),
        false => Err(format!("those of entry {} did not make it", held.number)),
    }
}

fn routes_of(text: Option<String>) -> Result<Routes, Fault> {
    let Some(text) = text else {
        return Ok(Routes::default());
    };
    Routes::read(&text, "routes").map_err(|faults| unusable("routes", &first(&faults)))
}

fn first(faults: &[Fault]) -> String {
    let first = faults.first().map(ToString::to_string);
    first.unwrap_or_else(|| "it cannot be used".to_owned())
}

fn unusable(name: &str, why: &str) -> Fault {
    Fault::new(SETTINGS_UNUSABLE, format!("part {name}: {why}"))
        .at(format!("settings: {name}"))
        .remedy("what was decided under it is replayed with the program version that wrote it")
}

fn part(name: &str, says: &impl Serialize) -> Result<Part, Fault> {
    part_of(name, FORM, says)
}

/// A part of this form.
///
/// # Errors
/// `K099` when it cannot be an entry.
pub fn part_of(name: &str, form: u16, says: &impl Serialize) -> Result<Part, Fault> {
    let body =
        serde_json::to_vec(says).map_err(|error| too_large(unusable(name, &error.to_string())))?;
    Ok(Part::new(name, form, body))
}

fn too_large(fault: Fault) -> Fault {
    let place = fault.place().to_owned();
    Fault::new("K103", format!("this cannot be an entry of the journal: {}", fault.log_text()))
        .at(place)
        .remedy("what decides may have 4 MiB a part (plan, rules, routes and the like) and 8 MiB in all; split the park, or shorten it")
}

#[cfg(test)]
mod tests;
