//! The values of one message before they are XML, and the way from there to a canonical body.

use std::collections::BTreeMap;

use cordon_contract::Fault;
use cordon_model::Body;

use crate::catalogue::{Catalogue, Complex};

/// Values by element name.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    children: BTreeMap<String, Vec<Child>>,
}

#[derive(Clone, Debug)]
enum Child {
    Text(String),
    Tree(Tree),
}

impl Tree {
    /// Puts a value at a path such as `Plate/Number`.
    pub fn set(&mut self, path: &str, text: String) {
        match path.split_once('/') {
            None => self
                .children
                .entry(path.to_owned())
                .or_default()
                .push(Child::Text(text)),
            Some((first, rest)) => self.inner(first).set(rest, text),
        }
    }

    /// Adds one more group at a path such as `Samples`.
    pub fn push(&mut self, path: &str, tree: Self) {
        match path.split_once('/') {
            None => self
                .children
                .entry(path.to_owned())
                .or_default()
                .push(Child::Tree(tree)),
            Some((first, rest)) => self.inner(first).push(rest, tree),
        }
    }

    /// Takes a field out with all below it; whether it was there.
    pub fn remove(&mut self, field: &str) -> bool {
        self.children.remove(field).is_some()
    }

    /// Whether a field holds this text.
    pub fn holds(&self, field: &str, wanted: &str) -> bool {
        let children = self.children.get(field).into_iter().flatten();
        let mut texts = children.filter_map(|child| match child {
            Child::Text(text) => Some(text),
            Child::Tree(_) => None,
        });
        texts.any(|text| text == wanted)
    }

    fn inner(&mut self, name: &str) -> &mut Self {
        let children = self.children.entry(name.to_owned()).or_default();
        if !matches!(children.last(), Some(Child::Tree(_))) {
            children.push(Child::Tree(Self::default()));
        }
        match children.last_mut() {
            Some(Child::Tree(tree)) => tree,
            _ => unreachable!("a tree was put there just now"),
        }
    }

    /// Makes the canonical body: fields in the order of the schema, then read by the strict
    /// reader, which checks every facet.
    pub fn body(&self, message: &str) -> Result<Body, Fault> {
        let catalogue = Catalogue::get();
        let mut xml = head(message);
        if let Some(complex) = catalogue.message(message) {
            xml.push_str(&format!("<c:{message}>"));
            self.write(complex, catalogue, &mut xml);
            xml.push_str(&format!("</c:{message}></c:Body></c:Message>"));
        }
        match cordon_wire::parse_message(xml.as_bytes()) {
            Ok(message) => Ok(message.body),
            Err(fault) => Err(
                Fault::new("M013", format!("no lawful {message}: {}", fault.detail))
                    .at(fault.place)
                    .remedy(fault.remedy)
                    .log(format!(
                        "no lawful {message}: {} {}",
                        fault.code, fault.detail
                    )),
            ),
        }
    }

    fn write(&self, complex: &Complex, catalogue: &Catalogue, xml: &mut String) {
        for field in &complex.fields {
            for child in self.children.get(&field.name).into_iter().flatten() {
                let inner = match (child, catalogue.complex(&field.kind)) {
                    (Child::Text(text), _) => escape(text),
                    (Child::Tree(tree), Some(complex)) => {
                        if field.optional && !tree.is_whole(complex) {
                            continue;
                        }
                        let mut inner = String::new();
                        tree.write(complex, catalogue, &mut inner);
                        inner
                    }
                    (Child::Tree(_), None) => continue,
                };
                xml.push_str(&format!("<c:{0}>{inner}</c:{0}>", field.name));
            }
        }
    }

    /// Whether every required field is there; an optional group without them is left out.
    fn is_whole(&self, complex: &Complex) -> bool {
        let present = |name: &String| self.children.contains_key(name);
        if complex.choice {
            return complex.fields.iter().any(|field| present(&field.name));
        }
        complex
            .fields
            .iter()
            .all(|field| field.optional || present(&field.name))
            && !self.children.is_empty()
    }
}

/// A head that only serves to make the body readable; the hub writes the real one when it seals.
fn head(message: &str) -> String {
    format!(
        "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header>\
         <c:MessageId>00000000-0000-8000-8000-000000000000</c:MessageId>\
         <c:MessageType>{message}</c:MessageType><c:SchemaVersion>1.0</c:SchemaVersion>\
         <c:ParkCode>MAPPING</c:ParkCode><c:SenderId>mapping</c:SenderId>\
         <c:OccurredAt>2026-01-01T00:00:00+08:00</c:OccurredAt>\
         <c:SentAt>2026-01-01T00:00:00+08:00</c:SentAt><c:Sequence>1</c:Sequence>\
         <c:Quality>MEASURED</c:Quality><c:Sensitivity>INTERNAL</c:Sensitivity>\
         <c:Test>false</c:Test></c:Header><c:Body>"
    )
}

/// Text as element content.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
    out
}
