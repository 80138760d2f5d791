//! Exclusive XML Canonicalization 1.0 without comments, straight from the arena.
//!
//! One linear walk over the items of the subtree; no tree is built. What already stands in its
//! canonical form is not written piece by piece but copied in runs as long as possible. Namespaces
//! are compared by index, so a declaration costs no string work unless it is written.

use std::ops::Range;

use crate::document::{
    Document, Element, Item, NO_NAMESPACE, NamespaceIndex, NodeId, RawAttribute, XML_INDEX,
};
use crate::escape::{push_attribute, push_text};
use crate::node::raw_value;
use crate::value;
use crate::{Node, XML_NAMESPACE};

/// Appends the exclusive canonical form of the subtree of `node` to `out`.
///
/// `inclusive_prefixes` is the `PrefixList` of `InclusiveNamespaces` (`#default` names the default
/// namespace). `skip` leaves one element and all below it out, as the enveloped-signature
/// transform demands.
pub fn canonical_exclusive(
    node: Node<'_>,
    inclusive_prefixes: &[&str],
    skip: Option<NodeId>,
    out: &mut Vec<u8>,
) {
    let mut walk = Walk {
        document: node.document,
        inclusive: inclusive_prefixes,
        rendered: Vec::with_capacity(16),
        open: Vec::with_capacity(16),
        needed: Vec::with_capacity(8),
        sorted: Vec::new(),
        run: 0..0,
        out,
    };
    walk.run(node, skip);
}

struct Open<'a> {
    element: &'a Element,
    /// Length of `rendered` before this element.
    rendered: usize,
}

struct Walk<'a, 'o> {
    document: &'a Document,
    inclusive: &'o [&'o str],
    /// Declarations written by the open elements, innermost last.
    rendered: Vec<(&'a str, NamespaceIndex)>,
    open: Vec<Open<'a>>,
    needed: Vec<(&'a str, NamespaceIndex)>,
    sorted: Vec<RawAttribute>,
    /// Bytes of the document that are to be copied as they are and have not been yet.
    run: Range<u32>,
    out: &'o mut Vec<u8>,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self, apex: Node<'a>, skip: Option<NodeId>) {
        let document = self.document;
        let mut index = apex.item;
        while index < apex.element.end {
            self.close_until(index);
            let Some(item) = document.arena.items.get(index as usize) else {
                break;
            };
            index += 1;
            match item {
                Item::Element(element) if skip == Some(NodeId(index - 1)) => index = element.end,
                Item::Element(element) => self.start(element, index - 1 == apex.item, apex),
                Item::Plain(span) => self.copy(span.start..span.start + span.len),
                Item::Text(span) | Item::CData(span) => {
                    push_text(self.out(), &value::line_ends(document.slice(*span)));
                }
                Item::Char(c) => push_text(self.out(), c.encode_utf8(&mut [0; 4])),
            }
        }
        self.close_until(apex.element.end);
        self.out();
    }

    /// Copies bytes of the document, together with those before and after them if they are next
    /// to each other.
    fn copy(&mut self, bytes: Range<u32>) {
        if bytes.start == self.run.end {
            self.run.end = bytes.end;
        } else {
            self.out();
            self.run = bytes;
        }
    }

    /// The output, after everything that was to be copied.
    fn out(&mut self) -> &mut Vec<u8> {
        let run = std::mem::take(&mut self.run);
        let bytes = self.document.bytes();
        let bytes = bytes.get(run.start as usize..run.end as usize);
        self.out.extend_from_slice(bytes.unwrap_or_default());
        self.out
    }

    /// Closes every open element whose subtree ends at or before item `index`.
    fn close_until(&mut self, index: u32) {
        while let Some(open) = self.open.pop_if(|open| open.element.end <= index) {
            self.rendered.truncate(open.rendered);
            if open.element.end_is_canonical {
                self.copy(open.element.end_tag());
                continue;
            }
            let name = self.document.slice(open.element.written_name());
            let out = self.out();
            out.extend_from_slice(b"</");
            out.extend_from_slice(name.as_bytes());
            out.push(b'>');
        }
    }

    fn start(&mut self, element: &'a Element, is_apex: bool, apex: Node<'a>) {
        let rendered = self.rendered.len();
        self.collect_needed(element, is_apex, apex);
        if element.start_is_canonical && self.needed.is_empty() {
            self.copy(element.start_tag());
        } else {
            self.write_start(element);
        }
        self.open.push(Open { element, rendered });
    }

    fn write_start(&mut self, element: &'a Element) {
        let name = self.document.slice(element.written_name());
        let out = self.out();
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        self.write_declarations();
        self.write_attributes(element);
        self.out.push(b'>');
    }

    /// Gathers the bindings that must be visible at `element`: those its names use, and those the
    /// prefix list asks for.
    fn collect_needed(&mut self, element: &'a Element, is_apex: bool, apex: Node<'a>) {
        let document = self.document;
        self.needed.clear();
        let prefix = document.slice(element.prefix());
        // What an open element's name needs is written; most names need what their parent's do.
        let is_parents = self.open.last().is_some_and(|open| {
            open.element.namespace == element.namespace
                && document.slice(open.element.prefix()) == prefix
        });
        if !is_parents {
            self.need(prefix, element.namespace);
        }
        for attribute in document.attributes_of(element) {
            if attribute.prefix_len > 0 {
                self.need(document.slice(attribute.prefix()), attribute.namespace);
            }
        }
        if self.inclusive.is_empty() {
            return;
        }
        if is_apex {
            self.need_inherited(apex);
            return;
        }
        for declaration in document.declarations_of(element) {
            let prefix = document.slice(declaration.prefix);
            if self.is_inclusive(prefix) {
                self.need(prefix, declaration.namespace);
            }
        }
    }

    fn is_inclusive(&self, prefix: &str) -> bool {
        let listed = if prefix.is_empty() {
            "#default"
        } else {
            prefix
        };
        self.inclusive.contains(&listed)
    }

    /// Listed prefixes that are in scope at the apex, wherever they were declared.
    fn need_inherited(&mut self, apex: Node<'a>) {
        let document = self.document;
        let mut seen: Vec<&str> = Vec::new();
        let mut here = Some(apex);
        while let Some(node) = here {
            for declaration in document.declarations_of(node.element) {
                let prefix = document.slice(declaration.prefix);
                if self.is_inclusive(prefix) && !seen.contains(&prefix) {
                    seen.push(prefix);
                    self.need(prefix, declaration.namespace);
                }
            }
            here = node.parent();
        }
    }

    fn need(&mut self, prefix: &'a str, namespace: NamespaceIndex) {
        if namespace == XML_INDEX || self.needed.iter().any(|(known, _)| *known == prefix) {
            return;
        }
        let current = self
            .rendered
            .iter()
            .rev()
            .find(|(known, _)| *known == prefix);
        let is_visible = match current {
            Some((_, rendered)) => *rendered == namespace,
            // Nothing rendered means "no default namespace"; a prefix is then simply unknown.
            None => prefix.is_empty() && namespace == NO_NAMESPACE,
        };
        if !is_visible {
            self.needed.push((prefix, namespace));
        }
    }

    fn write_declarations(&mut self) {
        if self.needed.len() > 1 {
            self.needed.sort_unstable();
        }
        for (prefix, namespace) in &self.needed {
            if prefix.is_empty() {
                self.out.extend_from_slice(b" xmlns=\"");
            } else {
                self.out.extend_from_slice(b" xmlns:");
                self.out.extend_from_slice(prefix.as_bytes());
                self.out.extend_from_slice(b"=\"");
            }
            push_attribute(self.out, self.document.namespace(*namespace));
            self.out.push(b'"');
            self.rendered.push((prefix, *namespace));
        }
    }

    fn write_attributes(&mut self, element: &'a Element) {
        let document = self.document;
        let attributes = document.attributes_of(element);
        if attributes.len() < 2 {
            for attribute in attributes {
                write_attribute(document, attribute, self.out);
            }
            return;
        }
        self.sorted.clear();
        self.sorted.extend_from_slice(attributes);
        self.sorted.sort_unstable_by_key(|attribute| {
            let namespace = match attribute.namespace {
                XML_INDEX => XML_NAMESPACE,
                index => document.namespace(index),
            };
            (namespace, document.slice(attribute.local()))
        });
        for attribute in &self.sorted {
            write_attribute(document, attribute, self.out);
        }
    }
}

fn write_attribute(document: &Document, attribute: &RawAttribute, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(document.slice(attribute.written_name()).as_bytes());
    out.extend_from_slice(b"=\"");
    if attribute.plain {
        out.extend_from_slice(document.slice(attribute.value).as_bytes());
    } else {
        push_attribute(out, &raw_value(document, attribute));
    }
    out.push(b'"');
}
