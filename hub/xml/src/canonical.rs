//! Exclusive XML Canonicalization 1.0 without comments, straight from the arena.
//!
//! One linear walk over the items of the subtree; no tree is built. What already stands in its
//! canonical form is not written piece by piece but copied in runs as long as possible. Prefixes and
//! namespaces are numbers here: what a prefix means, whether it was written and whether it is listed
//! is one look into a table, however many there are.

use std::collections::HashSet;
use std::ops::Range;

use crate::Node;
use crate::document::{
    Document, Element, Item, NO_NAMESPACE, NO_PREFIX, NamespaceIndex, NodeId, PrefixIndex,
    RawAttribute, UNBOUND, XML_INDEX,
};
use crate::escape::{push_attribute, push_text};
use crate::node::raw_value;
use crate::value;

/// Appends the exclusive canonical form of the subtree of `node` to `out`.
///
/// `inclusive_prefixes` is the `PrefixList` of `InclusiveNamespaces` (`#default` names the default
/// namespace). `skip` leaves one element and all below it out, as the enveloped-signature
/// transform demands.
///
/// For documents of the house and for what was verified already; what a stranger sent is written with
/// [`canonical_exclusive_within`].
pub fn canonical_exclusive(
    node: Node<'_>,
    inclusive_prefixes: &[&str],
    skip: Option<NodeId>,
    out: &mut Vec<u8>,
) {
    // Without a limit it always ends with the whole form.
    let _ = canonical_exclusive_within(node, inclusive_prefixes, skip, usize::MAX, out);
}

/// The same within `bytes_max` bytes: a namespace that is declared far outside is written again at
/// each place that uses it, so the form may be many times as long as the document.
///
/// Gives how many steps it took (items, attributes, look-ups, comparisons, bytes), or so far when
/// the form would be longer; then `out` holds a part of it.
///
/// # Errors
/// The steps taken, when `bytes_max` is not enough.
pub fn canonical_exclusive_within(
    node: Node<'_>,
    inclusive_prefixes: &[&str],
    skip: Option<NodeId>,
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<u64, u64> {
    let document = node.document;
    let start = out.len();
    let (listed, looked) = listed(document, inclusive_prefixes);
    let mut walk = Walk {
        document,
        listed,
        visible: visible(document),
        marked: vec![u32::MAX; document.arena.prefixes.len()],
        rendered: Vec::with_capacity(16),
        open: Vec::with_capacity(16),
        needed: Vec::with_capacity(8),
        sorted: Vec::new(),
        run: 0..0,
        end: start.saturating_add(bytes_max),
        steps: looked + document.arena.prefixes.len() as u64,
        out,
    };
    let is_whole = walk.run(node, skip);
    let steps = walk.steps + (walk.out.len() - start) as u64;
    if is_whole { Ok(steps) } else { Err(steps) }
}

/// Which prefixes of the document are in the list, none when the list is empty, and in how many steps
/// that was found.
fn listed(document: &Document, list: &[&str]) -> (Vec<bool>, u64) {
    if list.is_empty() {
        return (Vec::new(), 0);
    }
    let list: HashSet<&str> = list.iter().copied().collect();
    let known: Vec<bool> = (0..)
        .take(document.arena.prefixes.len())
        .map(|index| match document.prefix(index) {
            "" => list.contains("#default"),
            prefix => list.contains(prefix),
        })
        .collect();
    let steps = (list.len() + known.len()) as u64;
    (known, steps)
}

/// What each prefix means before anything is written: the default namespace is none.
fn visible(document: &Document) -> Vec<NamespaceIndex> {
    let mut visible = vec![UNBOUND; document.arena.prefixes.len()];
    if let Some(default) = visible.get_mut(usize::from(NO_PREFIX)) {
        *default = NO_NAMESPACE;
    }
    visible
}

struct Open<'a> {
    element: &'a Element,
    /// Length of `rendered` before this element.
    rendered: usize,
}

struct Walk<'a, 'o> {
    document: &'a Document,
    /// Whether the prefix list names each prefix; empty without a list.
    listed: Vec<bool>,
    /// What each prefix means by the declarations that the open elements wrote.
    visible: Vec<NamespaceIndex>,
    /// The item at which each prefix was looked at last.
    marked: Vec<u32>,
    /// Declarations written by the open elements, innermost last, with what held before.
    rendered: Vec<(PrefixIndex, NamespaceIndex)>,
    open: Vec<Open<'a>>,
    needed: Vec<(PrefixIndex, NamespaceIndex)>,
    sorted: Vec<RawAttribute>,
    /// Bytes of the document that are to be copied as they are and have not been yet.
    run: Range<u32>,
    /// Longest allowed output.
    end: usize,
    steps: u64,
    out: &'o mut Vec<u8>,
}

impl<'a> Walk<'a, '_> {
    /// Writes all of it; false when it became too long.
    fn run(&mut self, apex: Node<'a>, skip: Option<NodeId>) -> bool {
        let document = self.document;
        let mut index = apex.item;
        while index < apex.element.end {
            self.close_until(index);
            if self.out.len() + self.run.len() > self.end {
                return false;
            }
            let Some(item) = document.arena.items.get(index as usize) else {
                break;
            };
            index += 1;
            self.steps += 1;
            match item {
                Item::Element(element) if skip == Some(NodeId(index - 1)) => index = element.end,
                Item::Element(element) => self.start(element, index - 1, apex),
                Item::Plain(span) => self.copy(span.start..span.start + span.len),
                Item::Text(span) | Item::CData(span) => {
                    push_text(self.out(), &value::line_ends(document.slice(*span)));
                }
                Item::Char(c) => push_text(self.out(), c.encode_utf8(&mut [0; 4])),
            }
        }
        self.close_until(apex.element.end);
        self.out().len() <= self.end
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
            self.hide(open.rendered);
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

    /// Takes back what was declared since so many were.
    fn hide(&mut self, length: usize) {
        while self.rendered.len() > length {
            let Some((prefix, before)) = self.rendered.pop() else {
                return;
            };
            if let Some(visible) = self.visible.get_mut(usize::from(prefix)) {
                *visible = before;
            }
        }
    }

    fn start(&mut self, element: &'a Element, item: u32, apex: Node<'a>) {
        let rendered = self.rendered.len();
        self.collect_needed(element, item, apex);
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
    fn collect_needed(&mut self, element: &'a Element, item: u32, apex: Node<'a>) {
        let document = self.document;
        self.needed.clear();
        // What an open element's name needs is written; most names need what their parent's do.
        let is_parents = self.open.last().is_some_and(|open| {
            open.element.namespace == element.namespace && open.element.prefix == element.prefix
        });
        if !is_parents {
            self.need(element.prefix, element.namespace, item);
        }
        for attribute in document.attributes_of(element) {
            self.steps += 1;
            if attribute.prefix != NO_PREFIX {
                self.need(attribute.prefix, attribute.namespace, item);
            }
        }
        if self.listed.is_empty() {
            return;
        }
        if item == apex.item {
            self.need_inherited(apex);
            return;
        }
        for declaration in document.declarations_of(element) {
            self.steps += 1;
            if self.is_listed(declaration.prefix) {
                self.need(declaration.prefix, declaration.namespace, item);
            }
        }
    }

    fn is_listed(&self, prefix: PrefixIndex) -> bool {
        self.listed.get(usize::from(prefix)) == Some(&true)
    }

    /// Listed prefixes that are in scope at the apex, wherever they were declared.
    fn need_inherited(&mut self, apex: Node<'a>) {
        let document = self.document;
        let mut here = Some(apex);
        while let Some(node) = here {
            for declaration in document.declarations_of(node.element) {
                self.steps += 1;
                // The innermost declaration comes first and marks the prefix for this item.
                if self.is_listed(declaration.prefix) {
                    self.need(declaration.prefix, declaration.namespace, apex.item);
                }
            }
            here = node.parent();
        }
    }

    fn need(&mut self, prefix: PrefixIndex, namespace: NamespaceIndex, item: u32) {
        self.steps += 1;
        if namespace == XML_INDEX {
            return;
        }
        if let Some(marked) = self.marked.get_mut(usize::from(prefix))
            && std::mem::replace(marked, item) == item
        {
            return;
        }
        if self.visible.get(usize::from(prefix)) != Some(&namespace) {
            self.needed.push((prefix, namespace));
        }
    }

    fn write_declarations(&mut self) {
        let document = self.document;
        if self.needed.len() > 1 {
            let steps = &mut self.steps;
            self.needed.sort_unstable_by(|(a, _), (b, _)| {
                *steps += 1;
                document.prefix(*a).cmp(document.prefix(*b))
            });
        }
        for (prefix, namespace) in &self.needed {
            match document.prefix(*prefix) {
                "" => self.out.extend_from_slice(b" xmlns=\""),
                prefix => {
                    self.out.extend_from_slice(b" xmlns:");
                    self.out.extend_from_slice(prefix.as_bytes());
                    self.out.extend_from_slice(b"=\"");
                }
            }
            push_attribute(self.out, document.namespace(*namespace));
            self.out.push(b'"');
            if let Some(visible) = self.visible.get_mut(usize::from(*prefix)) {
                let before = std::mem::replace(visible, *namespace);
                self.rendered.push((*prefix, before));
            }
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
        let rank = |namespace| {
            let ranks = &document.arena.namespace_ranks;
            ranks.get(usize::from(namespace)).copied()
        };
        let steps = &mut self.steps;
        self.sorted.sort_unstable_by(|a, b| {
            *steps += 1;
            let by_namespace = rank(a.namespace).cmp(&rank(b.namespace));
            by_namespace.then_with(|| document.slice(a.local()).cmp(document.slice(b.local())))
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
