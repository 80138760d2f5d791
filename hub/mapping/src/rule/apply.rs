//! A rule carried out on a reading: its elements one by one, its conditions, its fields.

use cordon_contract::Fault;

use super::fit::{fit, name};
use super::{Assignment, Mapped, Repeat, Rule};
use crate::json::Json;
use crate::source::{Condition, Scope, time_of};
use crate::tree::Tree;

/// Most messages one reading may become.
const MESSAGES_MAX: usize = 1_000;

impl Rule {
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
