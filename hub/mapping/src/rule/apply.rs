//! A rule carried out on a reading: its elements one by one, its conditions, its fields.
//!
//! Each element, and in an observation each group and field, stands by itself.

use cordon_contract::Fault;

use super::fit::{fit, name};
use super::lawful::Groups;
use super::observed::{is_observation, stand_in};
use super::{Assignment, Mapped, Repeat, Rule, Understood};
use crate::json::Json;
use crate::source::{Condition, Scope, time_of};
use crate::tree::Tree;

/// Most messages one reading may become.
const MESSAGES_MAX: usize = 1_000;

impl Rule {
    /// Carries the rule out by itself: what goes wrong here is told, and harms no other rule.
    pub fn apply(&self, scope: Scope<'_>, out: &mut Understood) {
        let Some(emit) = &self.emit else {
            return;
        };
        if self.events_only && scope.reading.initial {
            return;
        }
        let rest = self.topic.rest(scope.topic);
        let scope = Scope {
            rest: rest.as_deref(),
            ..scope
        };
        let items = match elements(self.each.as_deref(), &scope) {
            Ok(items) => items,
            Err(fault) => return out.lose(fault.at(emit.clone()), self.is_vital()),
        };
        for item in items {
            let scope = Scope {
                item: item.or(scope.item),
                ..scope
            };
            if out.said.len() >= MESSAGES_MAX {
                let fault = Fault::new("M014", "one reading becomes more than 1000 messages");
                let fault = fault.remedy("split the payload at its source");
                return out.lose(fault, self.is_vital());
            }
            match self.message(emit, &scope, out) {
                Ok(Some(mapped)) => out.said.push(mapped),
                Ok(None) => {}
                Err(fault) => out.lose(fault, self.is_vital()),
            }
        }
    }

    fn message(
        &self,
        emit: &str,
        scope: &Scope<'_>,
        out: &mut Understood,
    ) -> Result<Option<Mapped>, Fault> {
        if !hold(&self.when, scope).map_err(|fault| fault.at(format!("{emit}: when")))? {
            return Ok(None);
        }
        let observed = is_observation(emit);
        let mut tree = Tree::default();
        assign(&self.set, scope, &mut tree, (emit, observed), out)?;
        let (mut groups, mut lost) = (Groups::new(), false);
        for repeat in &self.repeat {
            lost |= repeat.apply(scope, &mut groups, (emit, observed), out)?;
        }
        if groups.is_empty() && (self.skip_empty || lost) {
            return Ok(None);
        }
        let occurred_at = match self.occurred_at.as_ref().map(|source| source.read(scope)) {
            Some(Err(fault)) if observed => {
                out.miss(fault.at(format!("{emit}/OccurredAt")));
                None
            }
            Some(text) => text?.and_then(|text| text.parse().ok()),
            None => None,
        };
        let body = match observed {
            true => Self::lawful(emit, tree, groups, scope, out)?,
            false => {
                groups
                    .into_iter()
                    .for_each(|(element, group)| tree.push(&element, group));
                Some(tree.body(emit)?)
            }
        };
        Ok(body.map(|body| Mapped {
            body,
            occurred_at: occurred_at.unwrap_or_else(|| time_of(scope.reading)),
        }))
    }
}

impl Repeat {
    /// Adds the groups of an element; whether one was lost. In an observation each stands by itself.
    fn apply(
        &self,
        scope: &Scope<'_>,
        groups: &mut Groups,
        (emit, observed): (&str, bool),
        out: &mut Understood,
    ) -> Result<bool, Fault> {
        let mut lost = false;
        let place = format!("{emit}/{}", self.element);
        let items = match elements(self.each.as_deref(), scope) {
            Err(fault) if observed => {
                out.miss(fault.at(place));
                return Ok(true);
            }
            items => items?,
        };
        for item in items {
            let scope = Scope {
                item: item.or(scope.item),
                ..*scope
            };
            match self.group(&scope, (&place, observed), out) {
                Ok(group) => groups.extend(group.map(|group| (self.element.clone(), group))),
                Err(fault) if self.optional && fault.code() == "M009" => {}
                Err(fault) if observed => {
                    out.miss(fault);
                    lost = true;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(lost)
    }

    fn group(
        &self,
        scope: &Scope<'_>,
        (place, observed): (&str, bool),
        out: &mut Understood,
    ) -> Result<Option<Tree>, Fault> {
        if !hold(&self.when, scope).map_err(|fault| fault.at(format!("{place}: when")))? {
            return Ok(None);
        }
        let mut group = Tree::default();
        assign(&self.set, scope, &mut group, (place, observed), out)?;
        Ok(Some(group))
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

/// Reads the fields of a group. In an observation a field that cannot be read is left out, or something
/// stands in for it.
fn assign(
    set: &[Assignment],
    scope: &Scope<'_>,
    tree: &mut Tree,
    (at, observed): (&str, bool),
    out: &mut Understood,
) -> Result<(), Fault> {
    for assignment in set {
        let path = &assignment.path;
        let text = match assignment.value(scope, observed) {
            Ok(text) => text,
            Err(fault) => {
                let fault = fault.at(format!("{at}/{path}"));
                let instead = observed.then(|| stand_in(at, path, scope)).flatten();
                if instead.is_none() && (assignment.required || !observed) {
                    return Err(fault);
                }
                out.miss(fault);
                instead
            }
        };
        if let Some(text) = text {
            tree.set(path, text);
        }
    }
    Ok(())
}

impl Assignment {
    /// The value in the canonical way of writing its kind.
    fn value(&self, scope: &Scope<'_>, observed: bool) -> Result<Option<String>, Fault> {
        let Some(text) = self.source.read(scope)? else {
            return Ok(None);
        };
        let text = match observed {
            true => self.shape.apply(text),
            false => text,
        };
        fit(&text, &self.kind).map(Some).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            Fault::new(
                "M010",
                format!("`{shown}` does not fit, {} is needed", name(&self.kind)),
            )
            .remedy("correct the value at its source, or the field's steps in the package")
        })
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
