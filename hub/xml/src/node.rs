//! The read side: an element as a small copyable view into its document.

use std::borrow::Cow;
use std::ops::Range;

use crate::chars;
use crate::document::{Document, Element, Item, NO_NAMESPACE, NO_PREFIX, NodeId, RawAttribute};
use crate::value;
use crate::{Position, XML_NAMESPACE};

/// An element of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    pub(crate) document: &'a Document,
    pub(crate) item: u32,
    pub(crate) element: &'a Element,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute<'a> {
    /// Namespace name, empty when the attribute has no prefix.
    pub namespace: &'a str,
    /// Name without prefix.
    pub local: &'a str,
    /// Value with references resolved and white space normalised.
    pub value: Cow<'a, str>,
}

const EMPTY: Element = Element {
    name: 0,
    name_len: 0,
    prefix_len: 0,
    prefix: NO_PREFIX,
    namespace: NO_NAMESPACE,
    attribute_count: 0,
    declaration_count: 0,
    start_is_canonical: false,
    end_is_canonical: false,
    attributes: 0,
    declarations: 0,
    tag_end: 0,
    parent: 0,
    end: 0,
    span_end: 0,
};

impl<'a> Node<'a> {
    pub(crate) fn new(document: &'a Document, item: u32) -> Option<Self> {
        document.element(item).map(|element| Self {
            document,
            item,
            element,
        })
    }

    pub(crate) fn root_of(document: &'a Document) -> Self {
        // The parser never makes a document without root; the constant keeps this total.
        let element = document.element(0).unwrap_or(&EMPTY);
        Self {
            document,
            item: 0,
            element,
        }
    }

    /// The name of this element inside its document.
    pub fn id(self) -> NodeId {
        NodeId(self.item)
    }

    /// The document this element belongs to.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// Name without prefix.
    pub fn local(self) -> &'a str {
        self.document.slice(self.element.local())
    }

    /// Prefix as written, empty when there is none.
    pub fn prefix(self) -> &'a str {
        self.document.slice(self.element.written_prefix())
    }

    /// Namespace name, empty when the element is in no namespace.
    pub fn namespace(self) -> &'a str {
        self.document.namespace(self.element.namespace)
    }

    /// Whether the element has this expanded name.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// The value of the attribute with this expanded name; `""` means no namespace.
    pub fn attribute(self, namespace: &str, local: &str) -> Option<Cow<'a, str>> {
        self.attributes().raw().find_map(|raw| {
            // Most attributes are in no namespace, and that is told by number.
            let same = (raw.namespace == NO_NAMESPACE) == namespace.is_empty()
                && (namespace.is_empty() || self.document.namespace(raw.namespace) == namespace)
                && self.document.slice(raw.local()) == local;
            same.then(|| raw_value(self.document, raw))
        })
    }

    /// All attributes but namespace declarations, in document order.
    pub fn attributes(self) -> Attributes<'a> {
        Attributes {
            document: self.document,
            rest: self.document.attributes_of(self.element),
        }
    }

    /// Child elements in document order.
    pub fn children(self) -> Children<'a> {
        Children {
            document: self.document,
            next: self.item + 1,
            end: self.element.end,
        }
    }

    /// The first child element with this expanded name.
    pub fn child(self, namespace: &str, local: &str) -> Option<Self> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// This element and all elements below it, in document order.
    pub fn elements(self) -> Elements<'a> {
        Elements {
            document: self.document,
            next: self.item,
            end: self.element.end,
        }
    }

    /// The direct character data, concatenated, references resolved, line ends made `\n`. Comments
    /// between pieces do not split it, so this is exactly what was signed.
    pub fn text(self) -> Cow<'a, str> {
        let mut whole: Cow<'a, str> = Cow::Borrowed("");
        for item in self.direct_items() {
            let piece = match item {
                Item::Plain(span) => Cow::Borrowed(self.document.slice(*span)),
                Item::Text(span) | Item::CData(span) => {
                    value::line_ends(self.document.slice(*span))
                }
                Item::Char(c) => {
                    whole.to_mut().push(*c);
                    continue;
                }
                Item::Element(_) => continue,
            };
            if whole.is_empty() {
                whole = piece;
            } else {
                whole.to_mut().push_str(&piece);
            }
        }
        whole
    }

    /// Whether there is text other than white space beside child elements.
    pub fn has_stray_text(self) -> bool {
        let mut has_child = false;
        let mut has_text = false;
        for item in self.direct_items() {
            match item {
                Item::Element(_) => has_child = true,
                Item::Plain(span) | Item::Text(span) | Item::CData(span) => {
                    has_text |= !chars::is_blank(self.document.slice(*span));
                }
                Item::Char(c) => has_text |= !matches!(*c, ' ' | '\t' | '\n' | '\r'),
            }
        }
        has_child && has_text
    }

    /// The place as an `XPath` with prefixes as written; a position stands where a sibling has the
    /// same name: `/s:Envelope/s:Body/c:Message[2]`.
    pub fn path(self) -> String {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(node) = here {
            let name = node.document.slice(node.element.written_name());
            steps.push(match node.position_among_siblings() {
                Some(number) => format!("/{name}[{number}]"),
                None => format!("/{name}"),
            });
            here = node.parent();
        }
        steps.reverse();
        steps.concat()
    }

    /// Line and column of the start tag.
    pub fn position(self) -> Position {
        Position::of(self.document.bytes(), self.span().start)
    }

    /// The bytes of the element, from `<` of the start tag to `>` of the end tag.
    pub fn span(self) -> Range<usize> {
        (self.element.name as usize).saturating_sub(1)..self.element.span_end as usize
    }

    /// The parent element; none for the root.
    pub fn parent(self) -> Option<Self> {
        if self.item == 0 {
            return None;
        }
        Self::new(self.document, self.element.parent)
    }

    /// Whether `other` is this element or lies below it.
    pub fn contains(self, other: NodeId) -> bool {
        (self.item..self.element.end).contains(&other.0)
    }

    /// The namespace that `prefix` is bound to here (`""` asks for the default namespace); none
    /// when it is not bound.
    pub fn resolve_prefix(self, prefix: &str) -> Option<&'a str> {
        if prefix == "xml" {
            return Some(XML_NAMESPACE);
        }
        let mut here = Some(self);
        while let Some(node) = here {
            let declared = node
                .document
                .declarations_of(node.element)
                .iter()
                .find(|declaration| node.document.prefix(declaration.prefix) == prefix);
            if let Some(declaration) = declared {
                return Some(node.document.namespace(declaration.namespace))
                    .filter(|uri| !uri.is_empty());
            }
            here = node.parent();
        }
        None
    }

    fn position_among_siblings(self) -> Option<usize> {
        let parent = self.parent()?;
        let mut number = 0;
        let mut own = 0;
        for sibling in parent.children() {
            if sibling.local() == self.local() && sibling.namespace() == self.namespace() {
                number += 1;
                if sibling.item == self.item {
                    own = number;
                }
            }
        }
        (number > 1).then_some(own)
    }

    fn direct_items(self) -> impl Iterator<Item = &'a Item> {
        let items = &self.document.arena.items;
        let end = self.element.end;
        let mut next = self.item + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let item = items.get(next as usize)?;
            next = match item {
                Item::Element(element) => element.end,
                _ => next + 1,
            };
            Some(item)
        })
    }
}

pub(crate) fn raw_value<'a>(document: &'a Document, raw: &RawAttribute) -> Cow<'a, str> {
    let value = document.slice(raw.value);
    if raw.plain {
        Cow::Borrowed(value)
    } else {
        value::attribute_value(value)
    }
}

/// Iterator of [`Node::attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    document: &'a Document,
    rest: &'a [RawAttribute],
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(document: &'a Document, rest: &'a [RawAttribute]) -> Self {
        Self { document, rest }
    }

    fn raw(self) -> std::slice::Iter<'a, RawAttribute> {
        self.rest.iter()
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (raw, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(Attribute {
            namespace: self.document.namespace(raw.namespace),
            local: self.document.slice(raw.local()),
            value: raw_value(self.document, raw),
        })
    }
}

/// Iterator of [`Node::children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next < self.end {
            let item = self.next;
            if let Some(node) = Node::new(self.document, item) {
                self.next = node.element.end;
                return Some(node);
            }
            self.next += 1;
        }
        None
    }
}

/// Iterator of [`Node::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next < self.end {
            let item = self.next;
            self.next += 1;
            if let Some(node) = Node::new(self.document, item) {
                return Some(node);
            }
        }
        None
    }
}
