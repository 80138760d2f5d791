//! `cordon explain NUMBER`: what an entry of the journal is, and by which settings it was decided: those that held
//! when it was written, not those of today.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cordon_access::{Explanation, explain};
use cordon_flow::{EntryReader, HeldPart, StoredEntry, settings_at};
use cordon_journal::{FaultKind, JournalFault};
use cordon_model::{Body, PassageDecision};
use serde_json::json;

use super::place::Place;
use super::{Format, print_faults};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED};
use crate::forgetting::{LastSaid, Removal};
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
    let mut held = settings_at(&reader, number)?;
    let removed = Removed::of(&reader, &place.dir, &mut held)?;
    let message = stored.entry.message.as_deref();
    let explained = message.and_then(|message| match &message.body {
        Body::PassageDecision(decision) => Some(explained(decision, &held)),
        _ => None,
    });
    match format {
        Format::Text => print(&stored, explained.as_ref(), (&held, &removed)),
        Format::Json => show!(
            "{}",
            document(&stored, explained.as_ref(), (&held, &removed))
        ),
    }
    Ok(())
}

/// What held and is no longer in the journal.
#[derive(Default)]
struct Removed {
    /// Entries of settings that are gone.
    gone: BTreeSet<u64>,
    /// Of those at the journal's beginning, oldest first.
    removals: Vec<Removal>,
    /// The journal does not begin with its first entry.
    is_any: bool,
    /// Whether an entry names the file that keeps the settings of then.
    is_named: bool,
}

impl Removed {
    /// Adds to `held` what removed segments said last of each part: nothing in between says anything of it.
    fn of(
        reader: &EntryReader,
        dir: &Path,
        held: &mut BTreeMap<String, HeldPart>,
    ) -> Result<Self, Ending> {
        let ending = |fault: JournalFault| Ending::new(FAILED, fault.to_string());
        let is_gone = |number: u64| match reader.journal().get(number) {
            Err(fault) if fault.kind() == FaultKind::Trimmed => Ok(true),
            record => record.map(|_| false).map_err(ending),
        };
        if !is_gone(1)? {
            return Ok(Self::default());
        }
        let said = LastSaid::read(dir.parent().unwrap_or(dir)).map_err(ending)?;
        let mut gone = BTreeSet::new();
        for (name, part) in said.held() {
            if !held.contains_key(&name) && is_gone(part.number)? {
                gone.insert(part.number);
                held.insert(name, part);
            }
        }
        let removals = Removal::all(reader).map_err(ending)?;
        let digest = said.digest();
        let names = |removal: &Removal| digest.is_some_and(|digest| removal.names(digest));
        Ok(Self {
            gone,
            is_any: true,
            is_named: removals.iter().any(names),
            removals,
        })
    }

    /// What became of an entry of settings that is gone; none of one that stands in the journal.
    fn words(&self, number: u64) -> Option<String> {
        let is_gone = self.gone.contains(&number);
        is_gone.then(|| when(self.removals.iter().find(|removal| removal.last >= number)))
    }

    /// Why nothing is known of settings; none where the journal holds all of its entries.
    fn why_none(&self) -> Option<String> {
        self.is_any.then(|| when(self.removals.last()))
    }

    /// What is to be said of a part that is kept beside the journal; empty for one that stands in it.
    fn beside(&self, number: u64) -> String {
        let named = match self.is_named {
            true => "kept beside the journal",
            false => "kept beside the journal, in a file that no entry names",
        };
        let words = self.words(number);
        words.map_or_else(String::new, |words| format!("; {words}, {named}"))
    }
}

fn when(removal: Option<&Removal>) -> String {
    removal.map_or_else(
        || "neither here nor in the archive".to_owned(),
        |removal| format!("removed by rule on {}", removal.time),
    )
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

fn print(
    stored: &StoredEntry,
    explained: Option<&Explained>,
    (held, removed): (&BTreeMap<String, HeldPart>, &Removed),
) {
    let entry = &stored.entry;
    let kind = format!("{:?}", entry.kind).to_lowercase();
    show!(
        "entry {}  {}  {kind}  {}  cause {}",
        entry.number,
        entry.time,
        entry.label,
        entry.cause
    );
    if let Some(explained) = explained {
        print_decision(explained);
    }
    let last = held.values().map(|held| held.number).max();
    match last {
        None => match removed.why_none() {
            Some(words) => show!("settings: not known, the entries before are {words}"),
            None => show!("settings: the journal held none then"),
        },
        Some(last) => show!("settings: as of entry {last}"),
    }
    for (name, held) in held {
        show!(
            "  {name:<10} entry {:<8} since {} ({}), {} bytes, {}{}",
            held.number,
            held.time,
            held.why,
            held.part.body.len(),
            held.part.digest(),
            removed.beside(held.number)
        );
    }
}

fn print_decision(explained: &Explained) {
    let words = &explained.words;
    show!("{}\n{}", words.headline_en, words.headline_zh);
    for (reason, (_, text)) in words.reasons.iter().zip(&explained.rules) {
        show!(
            "  {} {} ({}): {} / {}",
            reason.rule,
            reason.code,
            reason.clause,
            reason.text_en,
            reason.text_zh
        );
        for line in text.iter().flat_map(|text| text.lines()) {
            show!("    {line}");
        }
    }
    if let Some(why) = &explained.why_none {
        show!("  its rules cannot be shown: {why}");
    }
    if !words.remedy_en.is_empty() {
        show!("what to do: {} / {}", words.remedy_en, words.remedy_zh);
    }
}

fn document(
    stored: &StoredEntry,
    explained: Option<&Explained>,
    (held, removed): (&BTreeMap<String, HeldPart>, &Removed),
) -> serde_json::Value {
    let entry = &stored.entry;
    let parts = held.iter().map(|(name, held)| {
        json!({
            "part": name, "entry": held.number, "since": held.time.to_string(), "why": held.why,
            "digest": held.part.digest().to_string(), "gone": removed.words(held.number),
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
        "before": removed.why_none(),
    })
}
