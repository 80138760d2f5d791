//! Sections of plug-ins, and one kind that only tests have.
#![allow(clippy::unwrap_used, missing_docs, reason = "test code")]

use std::collections::BTreeSet;

use cordon_contract::{
    Decisions, Entry, EntryKind, Fault, Plugin, PluginKind, Premises, Rows, Table, not_in_plan,
};
use cordon_flow::Part;
use cordon_model::plan::ParkPlan;
use cordon_model::{AuditEvent, AuditOutcome, Body, GateId, PartyId, Timestamp};
use serde::{Deserialize, Serialize};
use toml::de::ValueDeserializer;

use super::{KINDS, Sections};
use crate::config::ParkConfig;

/// Notes each so-many-th picture of a plate.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub noted_each: u64,
    pub gate: Option<GateId>,
}

impl PluginKind for Config {
    const NAME: &'static str = "tally";

    fn check(&self, plan: &ParkPlan) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.noted_each == 0 {
            let fault = Fault::new("P050", "must be at least 1").at("noted_each");
            faults.push(fault.remedy("1 notes each"));
        }
        if let Some(gate) = &self.gate
            && plan.gates.iter().all(|known| known.id != *gate)
        {
            faults.push(not_in_plan("gate", gate.as_str(), "gate"));
        }
        faults
    }

    fn plugin(self, premises: &Premises) -> Box<dyn Plugin> {
        Box::new(Tally {
            noted_each: self.noted_each,
            hub: premises.hub.clone(),
            seen: Table::new("seen", 1),
        })
    }
}

struct Tally {
    noted_each: u64,
    hub: PartyId,
    seen: Table<String, u64>,
}

impl Plugin for Tally {
    fn name(&self) -> &'static str {
        Config::NAME
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let body = entry.message.as_deref().map(|message| &message.body);
        if entry.kind != EntryKind::Message || !matches!(body, Some(Body::PlateCapture(_))) {
            return;
        }
        let seen = self.seen.or_default("all".to_owned());
        *seen += 1;
        if seen.checked_rem(self.noted_each) == Some(0) {
            let noted = AuditEvent {
                action: "tally.noted".to_owned(),
                actor_id: self.hub.clone(),
                target: Some(format!("{seen} by {}", self.noted_each)),
                outcome: AuditOutcome::Success,
                detail: None,
                at: entry.time,
            };
            decisions.emit(Body::AuditEvent(noted), None);
        }
    }

    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        false
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.seen]
    }
}

const PARK: &str = "[hub]\nid = \"hub-1\"\ndata = \"data\"\ncertificate = \"c\"\nkey = \"k\"\ntrust = \"t\"\n\
                    [plan]\ncode = \"JS-DEMO\"\nname = \"park\"\n";

fn parsed(more: &str) -> Result<ParkConfig, Vec<(String, String, String)>> {
    let table = toml::from_str(&format!("{PARK}{more}")).unwrap();
    let config = ParkConfig::of_table(table, std::path::Path::new("."));
    config.map_err(|faults| {
        let told = faults.into_iter();
        told.map(|it| {
            let words = (it.peer_text().to_owned(), it.remedy_text().to_owned());
            (it.code().to_owned(), words.0, words.1)
        })
        .collect()
    })
}

fn said(sections: &Sections) -> Vec<(String, String)> {
    let parts = sections.parts().map(Result::unwrap);
    let text = |part: &Part| String::from_utf8(part.body.to_vec()).unwrap();
    parts.map(|part| (part.name.clone(), text(&part))).collect()
}

#[test]
fn a_section_is_a_part_and_none_says_nothing() {
    let config = parsed("").unwrap();
    assert_eq!(
        said(&config.plugins),
        [("plugins.tally".to_owned(), "null".to_owned())]
    );
    let config = parsed("[plugins.tally]\nnoted_each = 2\n").unwrap();
    let says = "{\"noted_each\":2,\"gate\":null}";
    assert_eq!(
        said(&config.plugins),
        [("plugins.tally".to_owned(), says.to_owned())]
    );
    assert_eq!(config.plugins.check(&config.plan).len(), 0);
    let config = parsed("[plugins.tally]\nnoted_each = 0\ngate = \"G-9\"\n").unwrap();
    let faults = config.plugins.check(&config.plan);
    let told: Vec<(&str, &str)> = faults.iter().map(|it| (it.code(), it.place())).collect();
    assert_eq!(
        told,
        [
            ("P050", "plugins.tally.noted_each"),
            ("K011", "plugins.tally.gate")
        ]
    );
}

#[test]
fn what_is_no_plug_in_or_no_key_of_one_is_refused() {
    for (more, code, words, remedy) in [
        (
            "[plugins.talli]\n",
            "K003",
            "`talli`",
            "did you mean `tally`?",
        ),
        (
            "[plugins.tally]\nnoted_eac = 1\n",
            "K003",
            "`noted_eac`",
            "did you mean `noted_each`?",
        ),
        ("[plugins.tally]\n", "K004", "`noted_each`", "add the field"),
        (
            "[[plugins.tally]]\nnoted_each = 1\n",
            "K005",
            "",
            "write a value",
        ),
        ("[[plugins]]\nname = 1\n", "K005", "", "write a value"),
        (
            "[plugin.tally]\n",
            "K003",
            "`plugin`",
            "did you mean `plugins`?",
        ),
    ] {
        let faults = parsed(more).err().unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        let (found, text, cure) = &faults[0];
        assert_eq!(found, code, "{more}");
        assert!(
            text.contains(words) && cure.starts_with(remedy),
            "{faults:?}"
        );
    }
    // All at once.
    let faults = parsed("[plugins.a]\n[plugins.b]\n[plugins.tally]\nx = 1\n").err();
    assert_eq!(faults.unwrap().len(), 3);
}

/// Whoever writes one can forget `deny_unknown_fields`, or take a name that a part of the settings cannot have.
#[test]
fn every_kind_is_strict_and_has_a_name_of_its_own() {
    let is_lawful = |name: &str| {
        let letters = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        (1..=40).contains(&name.len()) && name.bytes().all(letters)
    };
    let mut names = BTreeSet::from(["access", "access.dispatch", "alarms", "flow.guard"]);
    for kind in KINDS {
        assert!(is_lawful(kind.name), "{}", kind.name);
        assert!(names.insert(kind.name), "{}", kind.name);
        let strange = ValueDeserializer::parse("{ no-such-key = 1 }").unwrap();
        let error = kind.read(strange).unwrap_err();
        assert!(
            error.message().starts_with("unknown field"),
            "{}: {}",
            kind.name,
            error.message()
        );
        assert!(Part::check(&[kind.nothing()]).is_empty(), "{}", kind.name);
    }
}
