//! The load check of one rule against the canonical language.

use std::collections::BTreeMap;

use toml::Spanned;

use super::fit::{fit, name};
use super::nearest::nearest;
use super::observed::Shape;
use super::{Assignment, Complaints, Repeat};
use crate::catalogue::{Catalogue, Complex, Field, Simple};
use crate::source::{Condition, Setting, Source};
use crate::text::{ConditionText, RepeatText, RuleText, SourceText};

/// The load check of one rule.
pub(super) struct Check<'a, 'b> {
    pub(super) setting: Setting<'a>,
    pub(super) bad: &'b mut Complaints,
    pub(super) start: usize,
}

impl Check<'_, '_> {
    fn complain(&mut self, at: usize, code: &'static str, detail: String, remedy: &str) {
        self.bad.push((at, code, detail, remedy.to_owned()));
    }

    /// The outer `None` means that the rule cannot be used, the inner that it makes nothing.
    pub(super) fn message(&mut self, text: &RuleText) -> Option<Option<&'static Complex>> {
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

    pub(super) fn each(&mut self, each: Option<&String>, inside: bool) {
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

    pub(super) fn conditions(&mut self, texts: &[ConditionText]) -> Vec<Condition> {
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

    pub(super) fn time(&mut self, text: &SourceText) -> Option<Source> {
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

    pub(super) fn assignments(
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
                    let first = path.split('/').next().unwrap_or(path);
                    let demanded = |field: &Field| field.name == first && !field.optional;
                    assignments.push(Assignment {
                        path: path.clone(),
                        shape: Shape::of(field, &kind),
                        required: complex.fields.iter().any(demanded),
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

    pub(super) fn repeat(&mut self, text: &RepeatText, complex: &Complex) -> Option<Repeat> {
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

    pub(super) fn required(
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
