//! Walks the children of an element in the order the schema demands.

use std::iter::Peekable;

use cordon_xml::Node;

use crate::fault::{
    MISPLACED_ELEMENT, MISSING_ELEMENT, STRAY_TEXT, TOO_MANY, UNKNOWN_ATTRIBUTE, UNKNOWN_ELEMENT,
    WRONG_NAMESPACE, WireFault,
};

/// Expanded names of the children of a type, in the order of the schema.
pub(crate) type Names = &'static [(&'static str, &'static str)];

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The children not read yet.
pub(crate) struct Children<'a> {
    parent: Node<'a>,
    rest: Peekable<cordon_xml::Children<'a>>,
    names: Names,
}

impl<'a> Children<'a> {
    /// Begins with the first child; refuses attributes and text beside elements.
    pub(crate) fn open(parent: Node<'a>, names: Names) -> Result<Self, WireFault> {
        refuse_attributes(parent)?;
        let mut rest = parent.children().peekable();
        let only_text = rest.peek().is_none()
            && parent
                .text()
                .contains(|letter: char| !letter.is_ascii_whitespace());
        if only_text || parent.has_stray_text() {
            return Err(WireFault::at(
                STRAY_TEXT,
                parent,
                "text where only elements may be",
            ));
        }
        Ok(Self {
            parent,
            rest,
            names,
        })
    }

    fn next(&mut self, place: usize) -> Option<Node<'a>> {
        let (namespace, local) = *self.names.get(place)?;
        self.rest.next_if(|node| node.is(namespace, local))
    }

    /// The child at this place of the order, which must be there.
    pub(crate) fn one<T>(
        &mut self,
        place: usize,
        read: impl FnOnce(Node<'a>) -> Result<T, WireFault>,
    ) -> Result<T, WireFault> {
        match self.next(place) {
            Some(node) => read(node),
            None => Err(self.missing(place)),
        }
    }

    /// The child at this place of the order, if it is there.
    pub(crate) fn optional<T>(
        &mut self,
        place: usize,
        read: impl FnOnce(Node<'a>) -> Result<T, WireFault>,
    ) -> Result<Option<T>, WireFault> {
        self.next(place).map(read).transpose()
    }

    /// All children at this place of the order.
    pub(crate) fn many<T>(
        &mut self,
        place: usize,
        min: usize,
        max: usize,
        read: impl Fn(Node<'a>) -> Result<T, WireFault>,
    ) -> Result<Vec<T>, WireFault> {
        let mut made = Vec::new();
        while let Some(node) = self.next(place) {
            if made.len() == max {
                return Err(WireFault::at(
                    TOO_MANY,
                    node,
                    format!("more than {max} of {}", node.local()),
                ));
            }
            made.push(read(node)?);
        }
        if made.len() < min {
            return Err(self.missing(place));
        }
        Ok(made)
    }

    /// Passes over one element of a foreign namespace that the schema leaves open.
    pub(crate) fn skip_foreign(&mut self, namespace: &str) {
        self.rest.next_if(|node| node.namespace() == namespace);
    }

    /// Refuses whatever is left.
    pub(crate) fn finish(mut self) -> Result<(), WireFault> {
        match self.rest.next() {
            None => Ok(()),
            Some(node) => Err(self.unexpected(node)),
        }
    }

    /// Why the child at `place` is not next.
    fn missing(&mut self, place: usize) -> WireFault {
        if let Some(node) = self.rest.peek().copied() {
            let later = self
                .names
                .iter()
                .skip(place)
                .any(|(namespace, local)| node.is(namespace, local));
            if !later {
                return self.unexpected(node);
            }
        }
        let wanted = self.names.get(place).map_or("", |(_, local)| local);
        WireFault::at(MISSING_ELEMENT, self.parent, format!("{wanted} is missing"))
    }

    /// Why a child cannot be where it is.
    fn unexpected(&self, node: Node<'_>) -> WireFault {
        if self
            .names
            .iter()
            .any(|(namespace, local)| node.is(namespace, local))
        {
            let detail = format!("{} is out of order or repeated", node.local());
            return WireFault::at(MISPLACED_ELEMENT, node, detail);
        }
        unknown_element(node, self.names)
    }
}

/// Why an element is none of those named.
pub(crate) fn unknown_element(node: Node<'_>, names: Names) -> WireFault {
    match names.iter().find(|(_, local)| *local == node.local()) {
        Some((namespace, local)) => WireFault::at(
            WRONG_NAMESPACE,
            node,
            format!(
                "{local} is in namespace `{}`, not `{namespace}`",
                node.namespace()
            ),
        ),
        None => WireFault::at(
            UNKNOWN_ELEMENT,
            node,
            format!("no element {} here", node.local()),
        ),
    }
}

/// The one child of a choice, and which of the names it has.
pub(crate) fn only_child<'a>(
    parent: Node<'a>,
    names: Names,
) -> Result<(usize, Node<'a>), WireFault> {
    let mut children = Children::open(parent, names)?;
    let Some(node) = children.rest.next() else {
        return Err(WireFault::at(
            MISSING_ELEMENT,
            parent,
            "one of the elements of a choice is missing",
        ));
    };
    let place = names
        .iter()
        .position(|(namespace, local)| node.is(namespace, local))
        .ok_or_else(|| unknown_element(node, names))?;
    children.finish()?;
    Ok((place, node))
}

/// What helps whoever's SOAP stack writes `xsi:type` or `xsi:nil` by itself.
const NO_TYPE: &str = "write no xsi:type: each element has the type that the schema gives it; switch the stack to document/literal without type attributes";
const NO_NIL: &str = "write no xsi:nil: leave an element without a value out where the schema says that it may be, else give it a value";

/// Refuses attributes; this language has none. The schema location hint is let through, as XML
/// Schema demands.
pub(crate) fn refuse_attributes(node: Node<'_>) -> Result<(), WireFault> {
    for attribute in node.attributes() {
        let hint = attribute.namespace == XSI && attribute.local.ends_with("chemaLocation");
        if !hint {
            let detail = format!("no attribute {} here", attribute.local);
            let fault = WireFault::at(UNKNOWN_ATTRIBUTE, node, detail);
            let own = match attribute.local {
                _ if attribute.namespace != XSI => None,
                "type" => Some(NO_TYPE),
                "nil" => Some(NO_NIL),
                _ => None,
            };
            return Err(WireFault {
                remedy: own.unwrap_or(fault.remedy),
                ..fault
            });
        }
    }
    Ok(())
}

/// Refuses an element of another name than the one expected.
pub(crate) fn expect_root(node: Node<'_>, namespace: &str, local: &str) -> Result<(), WireFault> {
    if node.is(namespace, local) {
        return Ok(());
    }
    let (code, detail) = if node.local() == local {
        (
            WRONG_NAMESPACE,
            format!(
                "{local} is in namespace `{}`, not `{namespace}`",
                node.namespace()
            ),
        )
    } else {
        (
            UNKNOWN_ELEMENT,
            format!("{} where {local} is expected", node.local()),
        )
    };
    Err(WireFault::at(code, node, detail))
}

#[cfg(test)]
mod tests {
    use cordon_xml::{Document, Limits};

    use super::*;

    /// "Remove the attribute" helps nobody whose stack writes it by itself.
    #[test]
    fn an_attribute_of_the_senders_stack_has_a_remedy_of_its_own() {
        let remedy = |attribute: &str| {
            let text = format!("<a xmlns:xsi=\"{XSI}\" {attribute}=\"true\"/>");
            let document = Document::parse(text, &Limits::default()).unwrap();
            let refused = refuse_attributes(document.root()).unwrap_err();
            assert_eq!(refused.code, UNKNOWN_ATTRIBUTE);
            refused.remedy
        };
        assert!(remedy("xsi:nil").contains("leave an element without a value out"));
        assert!(remedy("xsi:type").contains("type that the schema gives it"));
        for other in ["nil", "type", "xsi:other"] {
            assert!(remedy(other).starts_with("remove the attribute"), "{other}");
        }
    }
}
