//! The forms of the answers, by hand from the ONVIF WSDL and the OASIS schemas.
//!
//! The official files may be passed on only whole and unchanged, and judging by them is the work
//! of the interop tests; here are the answers that the examination asks for: order, number and
//! namespace of elements, and the lexical form of values. Elements of foreign namespaces are let
//! through only where the schemas say so.

mod answers;

use cordon_model::Timestamp;
use cordon_xml::Node;

use self::answers::ANSWERS;
use super::names::TT;

/// What an element may hold.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Uri,
    Time,
    Truth,
    Int,
    OneOf(&'static [&'static str]),
    /// Anything; judged elsewhere or left open by the schema.
    Open,
    Parts(&'static [Part]),
    /// The same, and foreign elements after them.
    Extensible(&'static [Part]),
}

#[derive(Clone, Copy)]
struct Part {
    namespace: &'static str,
    local: &'static str,
    min: u16,
    many: bool,
    form: Form,
}

const fn one(namespace: &'static str, local: &'static str, form: Form) -> Part {
    Part {
        namespace,
        local,
        min: 1,
        many: false,
        form,
    }
}

const fn maybe(namespace: &'static str, local: &'static str, form: Form) -> Part {
    Part {
        min: 0,
        ..one(namespace, local, form)
    }
}

const fn some(namespace: &'static str, local: &'static str, form: Form) -> Part {
    Part {
        many: true,
        ..one(namespace, local, form)
    }
}

const fn any(namespace: &'static str, local: &'static str, form: Form) -> Part {
    Part {
        min: 0,
        many: true,
        ..one(namespace, local, form)
    }
}

/// What is wrong with an answer to an operation; `None` when nothing is.
pub(super) fn judge(operation: &str, payload: Node<'_>) -> Option<String> {
    let (_, namespace, form) = ANSWERS.iter().find(|(name, ..)| *name == operation)?;
    let expected = format!("{operation}Response");
    if !payload.is(namespace, &expected) {
        return Some(format!(
            "{operation}: the answer is {{{}}}{}, not {{{namespace}}}{expected}",
            payload.namespace(),
            payload.local()
        ));
    }
    check(payload, *form)
        .and_then(|()| messages(payload))
        .err()
        .map(|text| format!("{operation}: {text}"))
}

fn check(node: Node<'_>, form: Form) -> Result<(), String> {
    match form {
        Form::Open => return Ok(()),
        Form::Parts(parts) => return sequence(node, parts, false),
        Form::Extensible(parts) => return sequence(node, parts, true),
        _ => {}
    }
    if let Some(child) = node.children().next() {
        return Err(format!("{} holds {}", node.local(), child.local()));
    }
    let text = node.text();
    let text = text.trim();
    let good = match form {
        Form::Uri => !text.is_empty() && !text.contains(char::is_whitespace),
        Form::Time => date_time(text).is_some(),
        Form::Truth => ["true", "false", "1", "0"].contains(&text),
        Form::Int => text.parse::<i32>().is_ok(),
        Form::OneOf(words) => words.contains(&text),
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err(format!("{} cannot be `{text}`", node.local()))
    }
}

fn sequence(node: Node<'_>, parts: &[Part], extensible: bool) -> Result<(), String> {
    let mut children = node.children().peekable();
    for part in parts {
        let mut count = 0_u16;
        while let Some(child) = children.next_if(|child| child.is(part.namespace, part.local)) {
            count = count.saturating_add(1);
            if count > 1 && !part.many {
                return Err(format!("{} holds {} twice", node.local(), part.local));
            }
            check(child, part.form)?;
        }
        if count < part.min {
            return Err(format!(
                "{} lacks {{{}}}{} or holds it in the wrong place",
                node.local(),
                part.namespace,
                part.local
            ));
        }
    }
    let own = node.namespace();
    match children.find(|child| !extensible || child.namespace() == own) {
        None => Ok(()),
        Some(child) => Err(format!(
            "{} cannot hold {{{}}}{} there",
            node.local(),
            child.namespace(),
            child.local()
        )),
    }
}

/// The required attributes of messages, which the table does not show.
fn messages(payload: Node<'_>) -> Result<(), String> {
    for node in payload.elements().filter(|node| node.namespace() == TT) {
        let has = |name: &str| node.attribute("", name).is_some();
        let described = payload.local() == "GetEventPropertiesResponse";
        match node.local() {
            "Message" => {
                let time = node.attribute("", "UtcTime").unwrap_or_default();
                if date_time(&time).is_none() {
                    return Err(format!("the UtcTime of a message cannot be `{time}`"));
                }
                let operation = node.attribute("", "PropertyOperation");
                if operation.is_some_and(|word| {
                    !["Initialized", "Changed", "Deleted"].contains(&word.as_ref())
                }) {
                    return Err("a message has an unknown PropertyOperation".to_owned());
                }
            }
            "SimpleItem" if !(has("Name") && has("Value")) => {
                return Err("a SimpleItem lacks Name or Value".to_owned());
            }
            "SimpleItemDescription" if described && !(has("Name") && has("Type")) => {
                return Err("a SimpleItemDescription lacks Name or Type".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads `xs:dateTime`; a time without zone is taken for UTC, decimals beyond six are cut.
pub(super) fn date_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let clock = text.find('T')?;
    let zone = text
        .get(clock..)?
        .find(['Z', '+', '-'])
        .map_or(text.len(), |at| at + clock);
    let (local, zone) = text.split_at_checked(zone)?;
    let local = match local.split_once('.') {
        Some((whole, fraction)) => {
            format!("{whole}.{}", fraction.get(..6).unwrap_or(fraction))
        }
        None => local.to_owned(),
    };
    let zone = if zone.is_empty() { "Z" } else { zone };
    format!("{local}{zone}").parse().ok()
}
