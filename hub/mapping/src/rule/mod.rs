//! A rule, checked at load against the canonical language, and carried out on a reading.
//!
//! What a rule is stands here; `check.rs` holds it against the language, `apply.rs` carries it out.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use cordon_model::{Body, Timestamp};

use crate::catalogue::Simple;
use crate::source::{Condition, Setting, Source};
use crate::text::{RuleText, Table};
use crate::topic::TopicFilter;

mod apply;
mod check;
mod fit;
mod lawful;
mod nearest;
mod observed;

use check::Check;
use observed::Shape;

/// One canonical statement made of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What is said.
    pub body: Body,
    /// When it happened: the rule's `occurred_at`, else the device's time, else the hub's.
    pub occurred_at: Timestamp,
}

/// What a reading is understood to say, and what of it is not understood.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    /// The statements.
    pub said: Vec<Mapped>,
    /// What was left out, each kind once: rules and fields that could not be carried out.
    pub missed: Vec<Fault>,
    /// Of these the first by which an alarm, or what opens a gate, is lost as a whole.
    pub unheard: Option<Fault>,
}

impl Understood {
    /// A whole message was left out.
    fn lose(&mut self, fault: Fault, is_vital: bool) {
        if is_vital && self.unheard.is_none() {
            self.unheard = Some(fault.clone());
        }
        self.miss(fault);
    }

    /// Something was left out. Told once for each code and place, at most [`MISSED_MAX`] of a reading.
    fn miss(&mut self, fault: Fault) {
        let same = |known: &Fault| known.code() == fault.code() && known.place() == fault.place();
        if self.missed.len() < MISSED_MAX && !self.missed.iter().any(same) {
            self.missed.push(fault);
        }
    }
}

/// Most faults told of one reading.
const MISSED_MAX: usize = 20;

/// A checked rule.
#[derive(Debug)]
pub struct Rule {
    topic: TopicFilter,
    emit: Option<String>,
    events_only: bool,
    skip_empty: bool,
    when: Vec<Condition>,
    each: Option<String>,
    occurred_at: Option<Source>,
    set: Vec<Assignment>,
    repeat: Vec<Repeat>,
}

#[derive(Debug)]
struct Assignment {
    path: String,
    kind: Simple,
    /// How texts of an observation are brought into form.
    shape: Shape,
    /// Whether the language demands the field.
    required: bool,
    source: Source,
}

#[derive(Debug)]
struct Repeat {
    element: String,
    each: Option<String>,
    optional: bool,
    when: Vec<Condition>,
    set: Vec<Assignment>,
}

/// What the package gives its rules.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Named tables.
    pub tables: &'a BTreeMap<String, Table>,
    /// Zone of times that carry none.
    pub zone: &'a str,
    /// Whether the input is points.
    pub points: bool,
}

/// Collects what is wrong: byte offset in `points.toml`, code, words, remedy.
pub type Complaints = Vec<(usize, &'static str, String, String)>;

impl Rule {
    /// Checks a written rule; complaints are collected, not only the first.
    pub fn compile(text: &RuleText, frame: Frame<'_>, bad: &mut Complaints) -> Option<Self> {
        let start = text.topic.span().start;
        let topic = match TopicFilter::parse(text.topic.get_ref()) {
            Ok(topic) => topic,
            Err(detail) => {
                let remedy = "see docs/reference/mapping.md, topics".to_owned();
                bad.push((start, "M004", detail.to_owned(), remedy));
                return None;
            }
        };
        let setting = Setting {
            tables: frame.tables,
            zone: frame.zone,
            points: frame.points,
            each: text.each.is_some(),
            segments: topic.segments_min(),
            rest: topic.has_rest(),
        };
        let mut check = Check {
            setting,
            bad,
            start,
        };
        let complex = check.message(text)?;
        check.each(text.each.as_ref(), false);
        let mut rule = Self {
            when: check.conditions(&text.when),
            each: text.each.clone(),
            events_only: text.events_only,
            skip_empty: text.skip_empty,
            emit: text.emit.as_ref().map(|emit| emit.get_ref().clone()),
            occurred_at: text
                .occurred_at
                .as_ref()
                .and_then(|source| check.time(source)),
            set: Vec::new(),
            repeat: Vec::new(),
            topic,
        };
        if let (Some(complex), Some(emit)) = (complex, &text.emit) {
            rule.set = check.assignments(&text.set, complex);
            for repeat in &text.repeat {
                rule.repeat.extend(check.repeat(repeat, complex));
            }
            check.required(complex, emit, &text.set, &text.repeat);
        }
        Some(rule)
    }

    /// Whether the rule only says why nothing is made of its topics.
    pub fn is_ignoring(&self) -> bool {
        self.emit.is_none()
    }

    /// Whether somebody may come to harm when what it says is not heard: alarms, values with thresholds, which
    /// are alarms beyond them, and vehicles at a gate.
    pub fn is_vital(&self) -> bool {
        let guards = |set: &[Assignment]| set.iter().any(|it| it.path.starts_with("Thresholds/"));
        match self.emit.as_deref() {
            Some("AlarmEvent" | "PlateCapture") => true,
            Some("SensorReadingBatch") => self.repeat.iter().any(|it| guards(&it.set)),
            _ => false,
        }
    }

    /// Whether the rule is for this topic.
    pub fn matches(&self, topic: &str) -> bool {
        self.topic.matches(topic)
    }
}
