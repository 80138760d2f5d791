//! `cordon explain NUMBER`: what an entry of the journal is, and by which settings it was decided: those that held
//! when it was written, not those of today.

use std::collections::BTreeMap;
use std::path::Path;

use cordon_access::{Explanation, explain};
use cordon_flow::{EntryReader, HeldPart, StoredEntry, settings_at};
use cordon_model::{Body, PassageDecision};
use serde_json::json;

use super::place::Place;
use super::{Format, print_faults};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED};
use crate::past;
use crate::settings::rules_then;

/// A decision at a gate, explained by the rules that held then.
struct Explained {
    words: Explanation,
    /// Each determining rule with its text, where the rules of then have it.
    rules: Vec<(String, Option<String>)>,
    /// Why the rules of then cannot be shown.
    why_none: Option<String>,
}

/// Explains entry `number` of a journal.
pub fn run(
    number: u64,
    (config, dir): (&Path, Option<&Path>),
    format: Format,
) -> Result<(), Ending> {
    let place = match dir {
        Some(dir) => Place {
            dir: dir.to_owned(),
            archive: None,
        },
        None => {
            let config = ParkConfig::read(config).map_err(|faults| {
                print_faults(&faults);
                Ending::new(CONFIG, "the journal of this configuration is not known")
            })?;
            Place {
                dir: past::folder(&config),
                archive: config.retention.archive.clone(),
            }
        }
    };
    let reader = EntryReader::over(place.reader()?);
    let stored = reader
        .get(number)?
        .ok_or_else(|| Ending::new(FAILED, format!("there is no entry {number}")))?;
    let held = settings_at(&reader, number)?;
    let message = stored.entry.message.as_deref();
    let explained = message.and_then(|message| match &message.body {
        Body::PassageDecision(decision) => Some(explained(decision, &held)),
        _ => None,
    });
    match format {
        Format::Text => print(&stored, explained.as_ref(), &held),
        Format::Json => println!("{}", document(&stored, explained.as_ref(), &held)),
    }
    Ok(())
}

fn explained(decision: &PassageDecision, held: &BTreeMap<String, HeldPart>) -> Explained {
    let words = explain(decision);
    let set = rules_then(decision, held);
    let rules = words.reasons.iter();
    let rules = rules.map(|reason| {
        let text = set.as_ref().ok().and_then(|set| set.rule(&reason.rule));
        (reason.rule.clone(), text)
    });
    Explained {
        rules: rules.collect(),
        why_none: set.as_ref().err().cloned(),
        words,
    }
}

fn print(stored: &StoredEntry, explained: Option<&Explained>, held: &BTreeMap<String, HeldPart>) {
    let entry = &stored.entry;
    let kind = format!("{:?}", entry.kind).to_lowercase();
    println!(
        "entry {}  {}  {kind}  {}  cause {}",
        entry.number, entry.time, entry.label, entry.cause
    );
    if let Some(explained) = explained {
        print_decision(explained);
    }
    let last = held.values().map(|held| held.number).max();
    match last {
        None => println!("settings: the journal held none then"),
        Some(last) => println!("settings: as of entry {last}"),
    }
    for (name, held) in held {
        println!(
            "  {name:<10} entry {:<8} since {} ({}), {} bytes, {}",
            held.number,
            held.time,
            held.why,
            held.part.body.len(),
            held.part.digest()
        );
    }
}

fn print_decision(explained: &Explained) {
    let words = &explained.words;
    println!("{}\n{}", words.headline_en, words.headline_zh);
    for (reason, (_, text)) in words.reasons.iter().zip(&explained.rules) {
        println!(
            "  {} {} ({}): {} / {}",
            reason.rule, reason.code, reason.clause, reason.text_en, reason.text_zh
        );
        for line in text.iter().flat_map(|text| text.lines()) {
            println!("    {line}");
        }
    }
    if let Some(why) = &explained.why_none {
        println!("  its rules cannot be shown: {why}");
    }
    if !words.remedy_en.is_empty() {
        println!("what to do: {} / {}", words.remedy_en, words.remedy_zh);
    }
}

fn document(
    stored: &StoredEntry,
    explained: Option<&Explained>,
    held: &BTreeMap<String, HeldPart>,
) -> serde_json::Value {
    let entry = &stored.entry;
    let parts = held.iter().map(|(name, held)| {
        json!({
            "part": name, "entry": held.number, "since": held.time.to_string(), "why": held.why,
            "digest": held.part.digest().to_string(),
        })
    });
    let decision = explained.map(|explained| {
        let words = &explained.words;
        let reasons = words.reasons.iter().zip(&explained.rules);
        let reasons = reasons.map(|(reason, (_, text))| {
            json!({
                "rule": reason.rule, "code": reason.code, "clause": reason.clause,
                "en": reason.text_en, "zh": reason.text_zh, "text": text,
            })
        });
        json!({
            "en": words.headline_en, "zh": words.headline_zh,
            "reasons": reasons.collect::<Vec<_>>(), "rules_not_shown": explained.why_none,
        })
    });
    json!({
        "entry": entry.number, "time": entry.time.to_string(),
        "kind": format!("{:?}", entry.kind).to_lowercase(), "label": entry.label,
        "cause": entry.cause, "decision": decision, "settings": parts.collect::<Vec<_>>(),
    })
}
