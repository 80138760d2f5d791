//! An observation made lawful: what breaks the language is taken out, and told, until the rest is a
//! message.
//!
//! The strict reader checks every facet, so it is the one that says which field breaks one.

use cordon_contract::Fault;
use cordon_model::Body;

use super::observed::stand_in;
use super::{Rule, Understood};
use crate::catalogue::{Catalogue, Complex};
use crate::source::Scope;
use crate::tree::Tree;

/// Fields mended in one message, or one group of it; beyond, it is refused.
const MENDS_MAX: usize = 16;

/// The repeating groups of a message: element and values.
pub(super) type Groups = Vec<(String, Tree)>;

impl Rule {
    /// The body of an observation. `None` when nothing of what repeats is left.
    pub(super) fn lawful(
        emit: &str,
        mut head: Tree,
        mut groups: Groups,
        scope: &Scope<'_>,
        out: &mut Understood,
    ) -> Result<Option<Body>, Fault> {
        let repeats = !groups.is_empty();
        let mut looked = false;
        for _ in 0..MENDS_MAX {
            let fault = match whole(&head, &groups).body(emit) {
                Ok(body) => return Ok(Some(body)),
                Err(fault) => fault,
            };
            let spot = spot(fault.place(), emit);
            let in_groups = groups
                .iter()
                .any(|(element, _)| below(&spot, element).is_some());
            if in_groups && !looked {
                looked = true;
                groups.retain_mut(|(element, group)| {
                    lawful_group(emit, &head, (element, group), scope, out)
                });
            } else if in_groups || !mend(emit, &mut head, &spot, scope) {
                return Err(fault);
            } else {
                out.miss(fault);
            }
            if repeats && groups.is_empty() {
                return Ok(None);
            }
        }
        Err(Fault::new(
            "M013",
            "more fields break the language than can be left out",
        )
        .at(emit.to_owned())
        .remedy("correct the values at their source"))
    }
}

/// Mends one group; whether something is left of it.
fn lawful_group(
    emit: &str,
    head: &Tree,
    (element, group): (&str, &mut Tree),
    scope: &Scope<'_>,
    out: &mut Understood,
) -> bool {
    let place = format!("{emit}/{element}");
    for _ in 0..MENDS_MAX {
        let alone = vec![(element.to_owned(), group.clone())];
        let Err(fault) = whole(head, &alone).body(emit) else {
            return true;
        };
        let spot = spot(fault.place(), emit);
        let Some(inner) = below(&spot, element) else {
            // The head is at fault, and mended by itself.
            return true;
        };
        let mended = mend(&place, group, &inner, scope);
        out.miss(fault);
        if !mended {
            return false;
        }
    }
    false
}

fn whole(head: &Tree, groups: &Groups) -> Tree {
    let mut tree = head.clone();
    for (element, group) in groups {
        tree.push(element, group.clone());
    }
    tree
}

/// Takes a field out of a group, or puts its stand-in there; `false` when neither can be.
fn mend(group: &str, tree: &mut Tree, spot: &[String], scope: &Scope<'_>) -> bool {
    let Some(field) = spot.first() else {
        return false;
    };
    let text = stand_in(group, field, scope).filter(|text| !tree.holds(field, text));
    let is_optional = type_of(group).is_some_and(|complex| {
        let mut fields = complex.fields.iter();
        fields.any(|known| known.name == *field && known.optional)
    });
    let held = tree.remove(field);
    match text {
        Some(text) => tree.set(field, text),
        None => return held && is_optional,
    }
    true
}

/// The type of a message, or of a repeating element below it.
fn type_of(group: &str) -> Option<&'static Complex> {
    let catalogue = Catalogue::get();
    let mut parts = group.split('/');
    let message = catalogue.message(parts.next()?)?;
    parts.try_fold(message, |complex, part| {
        let field = complex.fields.iter().find(|field| field.name == part)?;
        catalogue.complex(&field.kind)
    })
}

/// The elements of a place below the message.
fn spot(place: &str, emit: &str) -> Vec<String> {
    let steps = place.split('/').map(|step| {
        let name = step.rsplit(':').next().unwrap_or(step);
        name.split('[').next().unwrap_or(name).to_owned()
    });
    steps.skip_while(|step| step != emit).skip(1).collect()
}

/// What lies below an element such as `Samples`.
fn below(spot: &[String], element: &str) -> Option<Vec<String>> {
    let mut spot = spot.iter();
    let inside = element
        .split('/')
        .all(|part| spot.next().is_some_and(|step| step == part));
    inside.then(|| spot.cloned().collect())
}
