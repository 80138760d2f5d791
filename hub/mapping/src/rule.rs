//! A rule, checked at load against the canonical language, and carried out on a reading.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use cordon_model::{Body, Timestamp};
use toml::Spanned;

use crate::catalogue::{Catalogue, Complex, Field, Simple};
use crate::exact::Exact;
use crate::json::Json;
use crate::source::{Condition, Scope, Setting, Source, time_of};
use crate::text::{RepeatText, RuleText, SourceText, Table};
use crate::topic::TopicFilter;
use crate::tree::Tree;

/// Most messages one reading may become.
const MESSAGES_MAX: usize = 1_000;

/// One canonical statement made of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What is said.
    pub body: Body,
    /// When it happened: the rule's `occurred_at`, else the device's time, else the hub's.
    pub occurred_at: Timestamp,
}

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

    /// Whether the rule is for this topic.
    pub fn matches(&self, topic: &str) -> bool {
        self.topic.matches(topic)
    }

    /// Carries the rule out.
    pub fn apply(&self, scope: Scope<'_>, out: &mut Vec<Mapped>) -> Result<(), Fault> {
        if self.events_only && scope.reading.initial {
            return Ok(());
        }
        let Some(emit) = &self.emit else {
            return Ok(());
        };
        for item in elements(self.each.as_deref(), &scope)? {
            let scope = Scope {
                item: item.or(scope.item),
                ..scope
            };
            if !hold(&self.when, &scope)? {
                continue;
            }
            if out.len() >= MESSAGES_MAX {
                return Err(
                    Fault::new("M014", "one reading becomes more than 1000 messages")
                        .remedy("split the payload at its source"),
                );
            }
            out.extend(self.message(emit, &scope)?);
        }
        Ok(())
    }

    fn message(&self, emit: &str, scope: &Scope<'_>) -> Result<Option<Mapped>, Fault> {
        let mut tree = Tree::default();
        assign(&self.set, scope, &mut tree, emit)?;
        let mut groups = 0;
        for repeat in &self.repeat {
            groups += repeat.apply(scope, &mut tree, emit)?;
        }
        if self.skip_empty && groups == 0 {
            return Ok(None);
        }
        let occurred_at = match &self.occurred_at {
            Some(source) => source.read(scope)?.and_then(|text| text.parse().ok()),
            None => None,
        };
        Ok(Some(Mapped {
            body: tree.body(emit)?,
            occurred_at: occurred_at.unwrap_or_else(|| time_of(scope.reading)),
        }))
    }
}

impl Repeat {
    fn apply(&self, scope: &Scope<'_>, tree: &mut Tree, emit: &str) -> Result<usize, Fault> {
        let mut groups = 0;
        for item in elements(self.each.as_deref(), scope)? {
            let scope = Scope {
                item: item.or(scope.item),
                ..*scope
            };
            if !hold(&self.when, &scope)? {
                continue;
            }
            let mut group = Tree::default();
            let place = format!("{emit}/{}", self.element);
            match assign(&self.set, &scope, &mut group, &place) {
                Ok(()) => {
                    tree.push(&self.element, group);
                    groups += 1;
                }
                Err(fault) if self.optional && fault.code() == "M009" => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(groups)
    }
}

fn hold(conditions: &[Condition], scope: &Scope<'_>) -> Result<bool, Fault> {
    for condition in conditions {
        if !condition.holds(scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn assign(set: &[Assignment], scope: &Scope<'_>, tree: &mut Tree, at: &str) -> Result<(), Fault> {
    for assignment in set {
        let place = || format!("{at}/{}", assignment.path);
        let value = assignment
            .source
            .read(scope)
            .map_err(|fault| fault.at(place()))?;
        let Some(text) = value else { continue };
        let text = fit(&text, &assignment.kind).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            Fault::new(
                "M010",
                format!(
                    "`{shown}` does not fit, {} is needed",
                    name(&assignment.kind)
                ),
            )
            .at(place())
            .remedy("correct the value at its source, or the field's steps in the package")
        })?;
        tree.set(&assignment.path, text);
    }
    Ok(())
}

/// The value in the canonical way of writing its kind.
fn fit(text: &str, kind: &Simple) -> Option<String> {
    match kind {
        Simple::Text | Simple::Time => Some(text.to_owned()),
        Simple::Code(names) => names
            .iter()
            .any(|name| name == text)
            .then(|| text.to_owned()),
        Simple::Integer => Some(Exact::parse(text)?.whole()?.to_string()),
        Simple::Decimal => Some(Exact::parse(text)?.to_string()),
        Simple::Truth => match text {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        },
    }
}

fn name(kind: &Simple) -> &'static str {
    match kind {
        Simple::Text => "text",
        Simple::Code(_) => "a canonical code name",
        Simple::Time => "a time",
        Simple::Integer => "a whole number",
        Simple::Decimal => "a decimal number",
        Simple::Truth => "a truth value",
    }
}

type Item<'a> = Option<(&'a str, &'a Json)>;

/// The elements of an `each`; a single `None` without one, nothing when the place is missing.
fn elements<'a>(each: Option<&str>, scope: &Scope<'a>) -> Result<Vec<Item<'a>>, Fault> {
    let Some(each) = each else {
        return Ok(vec![None]);
    };
    let found = if let Some(pattern) = each.strip_prefix("point:") {
        let Json::Object(members) = scope.document else {
            return Ok(Vec::new());
        };
        let meant = members.iter().filter(|(name, _)| glob(pattern, name));
        return Ok(meant
            .map(|(name, value)| Some((name.as_str(), value)))
            .collect());
    } else if let Some(rest) = each.strip_prefix('.') {
        scope.item.and_then(|(_, item)| item.pointer(rest))
    } else {
        scope.document.pointer(each)
    };
    match found {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(items)) => Ok(items.iter().map(|item| Some(("", item))).collect()),
        Some(Json::Object(members)) => Ok(members
            .iter()
            .map(|(name, value)| Some((name.as_str(), value)))
            .collect()),
        Some(other) => {
            let detail = format!("`{each}` is {}, an array or object is needed", other.kind());
            Err(Fault::new("M010", detail).remedy("correct the payload or the rule's `each`"))
        }
    }
}

/// `*` at the end stands for any letters.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// The load check of one rule.
struct Check<'a, 'b> {
    setting: Setting<'a>,
    bad: &'b mut Complaints,
    start: usize,
}

impl Check<'_, '_> {
    fn complain(&mut self, at: usize, code: &'static str, detail: String, remedy: &str) {
        self.bad.push((at, code, detail, remedy.to_owned()));
    }

    /// The outer `None` means that the rule cannot be used, the inner that it makes nothing.
    fn message(&mut self, text: &RuleText) -> Option<Option<&'static Complex>> {
        match (&text.emit, &text.ignore) {
            (None, Some(_)) if text.set.is_empty() && text.repeat.is_empty() => Some(None),
            (Some(emit), None) => {
                let catalogue = Catalogue::get();
                let found = catalogue.message(emit.get_ref());
                if found.is_none() {
                    let detail = format!("the language has no message `{}`", emit.get_ref());
                    let remedy = nearest(emit.get_ref(), catalogue.messages());
                    self.complain(emit.span().start, "M003", detail, &remedy);
                }
                found.map(Some)
            }
            _ => {
                let detail = "a rule has either `emit` with fields or `ignore` with a reason";
                self.complain(self.start, "M004", detail.to_owned(), "remove one of them");
                None
            }
        }
    }

    fn each(&mut self, each: Option<&String>, inside: bool) {
        let Some(each) = each else { return };
        let good = match each.strip_prefix("point:") {
            Some(pattern) => self.setting.points && !pattern.is_empty(),
            None => {
                let item = inside && (each == "." || each.starts_with("./"));
                !self.setting.points && (each.starts_with('/') || each.is_empty() || item)
            }
        };
        if !good {
            let detail = format!("`each = \"{each}\"` cannot be followed");
            let remedy =
                "use a JSON pointer (`./…` below another `each`), or `point:NAME*` for points";
            self.complain(self.start, "M004", detail, remedy);
        }
    }

    fn conditions(&mut self, texts: &[crate::text::ConditionText]) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for text in texts {
            match Condition::compile(text, self.setting) {
                Ok(condition) => conditions.push(condition),
                Err(detail) => {
                    let detail = format!("in `when`: {detail}");
                    self.complain(self.start, "M004", detail, "correct the condition");
                }
            }
        }
        conditions
    }

    fn time(&mut self, text: &SourceText) -> Option<Source> {
        match Source::compile(text, self.setting) {
            Ok(source) if source.is_time() => Some(source),
            Ok(_) => {
                let detail = "`occurred_at` needs a `time` format".to_owned();
                self.complain(
                    self.start,
                    "M004",
                    detail,
                    "say time = \"epoch_ms\" or another",
                );
                None
            }
            Err(detail) => {
                let detail = format!("in `occurred_at`: {detail}");
                self.complain(self.start, "M004", detail, "correct the source");
                None
            }
        }
    }

    fn assignments(
        &mut self,
        set: &BTreeMap<Spanned<String>, SourceText>,
        complex: &Complex,
    ) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (path, text) in set {
            let at = path.span().start;
            let path = path.get_ref();
            let Some(field) = self.field(at, path, complex) else {
                continue;
            };
            let Some(kind) = Catalogue::get().simple(&field.kind) else {
                let detail = format!("`{path}` has fields of its own");
                self.complain(
                    at,
                    "M003",
                    detail,
                    "name a field below it, such as `Plate/Number`",
                );
                continue;
            };
            match Source::compile(text, self.setting) {
                Ok(source) => {
                    self.fits(at, path, &kind, &source);
                    assignments.push(Assignment {
                        path: path.clone(),
                        kind,
                        source,
                    });
                }
                Err(detail) => {
                    self.complain(
                        at,
                        "M004",
                        format!("`{path}`: {detail}"),
                        "correct the source",
                    );
                }
            }
        }
        assignments
    }

    /// Walks a path through the language.
    fn field<'c>(&mut self, at: usize, path: &str, complex: &'c Complex) -> Option<&'c Field>
    where
        'static: 'c,
    {
        let mut complex = complex;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let Some(field) = complex.fields.iter().find(|field| field.name == part) else {
                let detail = format!("there is no field `{part}` in `{path}`");
                let names = complex
                    .fields
                    .iter()
                    .map(|field| field.name.as_str())
                    .collect();
                self.complain(at, "M003", detail, &nearest(part, names));
                return None;
            };
            if parts.peek().is_none() {
                return Some(field);
            }
            complex = match Catalogue::get().complex(&field.kind) {
                Some(complex) => complex,
                None => {
                    let detail = format!("`{part}` in `{path}` has no fields of its own");
                    self.complain(at, "M003", detail, "end the path there");
                    return None;
                }
            };
        }
        None
    }

    fn fits(&mut self, at: usize, path: &str, kind: &Simple, source: &Source) {
        if *kind == Simple::Time && !source.is_time() && source.possible().is_none() {
            let detail = format!("`{path}` is a time, but its source has no `time` format");
            self.complain(
                at,
                "M004",
                detail,
                "say time = \"rfc3339\", \"epoch_ms\" or another",
            );
        }
        if source.is_time() && !matches!(kind, Simple::Time | Simple::Text) {
            let detail = format!("`{path}` takes {}, its source gives a time", name(kind));
            self.complain(at, "M004", detail, "remove `time`");
        }
        if let (Simple::Code(names), None) = (kind, source.possible()) {
            let detail =
                format!("`{path}` is a code; the other side's codes are not passed through");
            let remedy = format!("give it a `table` or `map` to {}", names.join(", "));
            self.complain(at, "M004", detail, &remedy);
        }
        for text in source.possible().unwrap_or_default() {
            if fit(text, kind).is_none() {
                let detail = format!("`{text}` does not fit `{path}`, {} is needed", name(kind));
                let remedy = match kind {
                    Simple::Code(names) => {
                        nearest(text, names.iter().map(String::as_str).collect())
                    }
                    _ => "correct the constant or table".to_owned(),
                };
                self.complain(at, "M004", detail, &remedy);
            }
        }
    }

    fn repeat(&mut self, text: &RepeatText, complex: &Complex) -> Option<Repeat> {
        let at = text.element.span().start;
        let element = text.element.get_ref();
        let field = self.field(at, element, complex)?;
        let Some(inner) = Catalogue::get().complex(&field.kind).filter(|_| field.many) else {
            let detail = format!("`{element}` does not repeat as a group");
            self.complain(at, "M003", detail, "use `set` for single fields");
            return None;
        };
        let outer = self.setting;
        self.each(text.each.as_ref(), outer.each);
        self.setting = Setting {
            each: outer.each || text.each.is_some(),
            ..outer
        };
        let repeat = Repeat {
            element: element.clone(),
            each: text.each.clone(),
            optional: text.optional,
            when: self.conditions(&text.when),
            set: self.assignments(&text.set, inner),
        };
        self.setting = outer;
        for field in inner.fields.iter().filter(|field| !field.optional) {
            if !names(&text.set, &field.name) {
                let detail = format!("`{element}/{}` is required and not set", field.name);
                self.complain(at, "M004", detail, "add the field");
            }
        }
        Some(repeat)
    }

    fn required(
        &mut self,
        complex: &Complex,
        emit: &Spanned<String>,
        set: &BTreeMap<Spanned<String>, SourceText>,
        repeat: &[RepeatText],
    ) {
        for field in complex.fields.iter().filter(|field| !field.optional) {
            let below = format!("{}/", field.name);
            let repeated = repeat.iter().any(|repeat| {
                let element = repeat.element.get_ref();
                *element == field.name || element.starts_with(&below)
            });
            if !repeated && !names(set, &field.name) {
                let detail = format!(
                    "`{}/{}` is required and not set",
                    emit.get_ref(),
                    field.name
                );
                self.complain(emit.span().start, "M004", detail, "add the field");
            }
            for (path, source) in set {
                if *path.get_ref() == field.name && source.optional {
                    let detail = format!(
                        "`{}` is required, so its source may not be `optional`",
                        field.name
                    );
                    self.complain(
                        path.span().start,
                        "M004",
                        detail,
                        "give it a `default`, or a `when` to the rule",
                    );
                }
            }
        }
    }
}

/// Whether a field, or something below it, is set.
fn names(set: &BTreeMap<Spanned<String>, SourceText>, field: &str) -> bool {
    set.keys()
        .any(|path| path.get_ref().split('/').next() == Some(field))
}

/// A remedy that names the closest known name.
fn nearest(wrong: &str, known: Vec<&str>) -> String {
    let distance = |name: &str| edits(&wrong.to_lowercase(), &name.to_lowercase());
    match known.iter().min_by_key(|name| distance(name)) {
        Some(name) if distance(name) <= 3 => format!("did you mean `{name}`?"),
        _ => format!("known are {}", known.join(", ")),
    }
}

/// Edit distance, for suggestions.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let change = row.get(j).copied().unwrap_or(0) + usize::from(letter != *other);
            let insert = next.last().copied().unwrap_or(0) + 1;
            let remove = row.get(j + 1).copied().unwrap_or(0) + 1;
            next.push(change.min(insert).min(remove));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
