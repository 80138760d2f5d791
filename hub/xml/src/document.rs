//! The arena: one owned text and flat vectors of spans into it, in document order.

use std::ops::Range;

use crate::parse;
use crate::{Attributes, Limits, Node, XmlFault};

/// A parsed document. It owns the bytes it was parsed from; every view borrows from it, so what
/// was verified and what is read are the same bytes.
#[derive(Debug)]
pub struct Document {
    pub(crate) text: String,
    pub(crate) arena: Arena,
}

/// A document that could not be read, with the bytes given back.
#[derive(Debug)]
pub struct Unread {
    /// Why.
    pub fault: XmlFault,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// What finding out cost, as [`Document::steps`] counts it.
    pub steps: u64,
}

/// Names an element of one document. Meaningless in any other document.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub(crate) u32);

/// Everything the parser found. Item 0 is the root element.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(crate) items: Vec<Item>,
    pub(crate) attributes: Vec<RawAttribute>,
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) namespaces: Vec<Name>,
    /// The place of each namespace name in the order of all, so that attributes are sorted by number.
    pub(crate) namespace_ranks: Vec<u16>,
    /// Every prefix that is declared somewhere.
    pub(crate) prefixes: Vec<Name>,
    /// Bytes read, look-ups and comparisons made.
    pub(crate) steps: u64,
}

/// A byte span of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// Index into [`Arena::namespaces`].
pub(crate) type NamespaceIndex = u16;
/// No namespace.
pub(crate) const NO_NAMESPACE: NamespaceIndex = 0;
/// The namespace of `xml:`.
pub(crate) const XML_INDEX: NamespaceIndex = 1;
/// No namespace name: a prefix that is not bound.
pub(crate) const UNBOUND: NamespaceIndex = NamespaceIndex::MAX;

/// Index into [`Arena::prefixes`].
pub(crate) type PrefixIndex = u16;
/// No prefix, and the one of the default namespace.
pub(crate) const NO_PREFIX: PrefixIndex = 0;

/// A namespace name or a prefix; almost always a slice of the document.
#[derive(Debug)]
pub(crate) enum Name {
    Fixed(&'static str),
    Slice(Span),
    Owned(Box<str>),
}

#[derive(Debug)]
pub(crate) enum Item {
    Element(Element),
    /// Character data that needs no change, neither to be read nor in canonical form.
    Plain(Span),
    /// Character data with `>` or carriage returns.
    Text(Span),
    /// The inside of a CDATA section.
    CData(Span),
    /// A resolved reference.
    Char(char),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    /// Offset of the name; the `<` is one byte before.
    pub(crate) name: u32,
    pub(crate) name_len: u16,
    /// 0 when the name has no prefix.
    pub(crate) prefix_len: u16,
    pub(crate) prefix: PrefixIndex,
    pub(crate) namespace: NamespaceIndex,
    pub(crate) attribute_count: u8,
    pub(crate) declaration_count: u8,
    /// The start tag declares nothing, and its bytes are its canonical form.
    pub(crate) start_is_canonical: bool,
    /// The bytes of the end tag are its canonical form.
    pub(crate) end_is_canonical: bool,
    pub(crate) attributes: u32,
    pub(crate) declarations: u32,
    /// Offset of the first byte after the start tag.
    pub(crate) tag_end: u32,
    /// Item of the parent; the root names itself.
    pub(crate) parent: u32,
    /// First item after this element's subtree.
    pub(crate) end: u32,
    /// Offset of the first byte after the end tag.
    pub(crate) span_end: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute {
    pub(crate) name: u32,
    pub(crate) name_len: u16,
    pub(crate) prefix_len: u16,
    pub(crate) prefix: PrefixIndex,
    pub(crate) namespace: NamespaceIndex,
    /// The raw value needs no change, neither to be read nor in canonical form.
    pub(crate) plain: bool,
    pub(crate) value: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) prefix: PrefixIndex,
    pub(crate) namespace: NamespaceIndex,
}

impl Document {
    /// Parses `bytes` once, completely. A `Vec<u8>` or a uniquely held `bytes::Bytes` is taken
    /// over without a copy.
    ///
    /// # Errors
    /// [`XmlFault`] with a code, a place and a remedy for everything the house does not accept.
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, XmlFault> {
        Self::parse_or_return(bytes, limits).map_err(|unread| unread.fault)
    }

    /// As [`Document::parse`], for those who must keep what cannot be read.
    ///
    /// # Errors
    /// The fault, with the bytes as they came.
    pub fn parse_or_return(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, Unread> {
        let text = parse::check_text(bytes.into(), limits)?;
        match parse::parse(&text, limits) {
            Ok(arena) => Ok(Self { text, arena }),
            Err((fault, steps)) => Err(Unread {
                fault,
                bytes: text.into_bytes(),
                steps,
            }),
        }
    }

    /// What reading cost: bytes, look-ups and comparisons, in steps that do not depend on the machine.
    pub fn steps(&self) -> u64 {
        self.arena.steps
    }

    /// The root element.
    pub fn root(&self) -> Node<'_> {
        self.node(NodeId(0))
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The bytes that were parsed, taken out of the document.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// The element that [`Node::id`] named. An id of another document gives some element of this
    /// one, never anything outside it.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node::new(self, id.0).unwrap_or_else(|| Node::root_of(self))
    }

    /// Every attribute of every element, in document order; a flat walk, for checks that must see
    /// the whole document.
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes::new(self, &self.arena.attributes)
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text
            .get(start..start + span.len as usize)
            .unwrap_or_default()
    }

    pub(crate) fn namespace(&self, index: NamespaceIndex) -> &str {
        self.name(self.arena.namespaces.get(usize::from(index)))
    }

    pub(crate) fn prefix(&self, index: PrefixIndex) -> &str {
        self.name(self.arena.prefixes.get(usize::from(index)))
    }

    fn name<'a>(&'a self, name: Option<&'a Name>) -> &'a str {
        match name {
            Some(Name::Fixed(name)) => name,
            Some(Name::Slice(span)) => self.slice(*span),
            Some(Name::Owned(name)) => name,
            None => "",
        }
    }

    pub(crate) fn element(&self, item: u32) -> Option<&Element> {
        match self.arena.items.get(item as usize) {
            Some(Item::Element(element)) => Some(element),
            _ => None,
        }
    }

    pub(crate) fn attributes_of(&self, element: &Element) -> &[RawAttribute] {
        let start = element.attributes as usize;
        let end = start + usize::from(element.attribute_count);
        self.arena.attributes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn declarations_of(&self, element: &Element) -> &[Declaration] {
        let start = element.declarations as usize;
        let end = start + usize::from(element.declaration_count);
        self.arena.declarations.get(start..end).unwrap_or_default()
    }
}

impl Element {
    /// The name as written, with prefix.
    pub(crate) fn written_name(&self) -> Span {
        Span {
            start: self.name,
            len: u32::from(self.name_len),
        }
    }

    pub(crate) fn written_prefix(&self) -> Span {
        Span {
            start: self.name,
            len: u32::from(self.prefix_len),
        }
    }

    pub(crate) fn local(&self) -> Span {
        local_span(self.name, self.name_len, self.prefix_len)
    }

    /// The start tag, from `<` to `>`.
    pub(crate) fn start_tag(&self) -> Range<u32> {
        self.name.saturating_sub(1)..self.tag_end
    }

    /// The end tag, from `<` to `>`, of an element whose end tag holds its name and nothing else.
    pub(crate) fn end_tag(&self) -> Range<u32> {
        self.span_end.saturating_sub(u32::from(self.name_len) + 3)..self.span_end
    }
}

impl RawAttribute {
    /// The name as written, with prefix.
    pub(crate) fn written_name(&self) -> Span {
        Span {
            start: self.name,
            len: u32::from(self.name_len),
        }
    }

    pub(crate) fn local(&self) -> Span {
        local_span(self.name, self.name_len, self.prefix_len)
    }
}

fn local_span(name: u32, name_len: u16, prefix_len: u16) -> Span {
    let skip = if prefix_len == 0 {
        0
    } else {
        u32::from(prefix_len) + 1
    };
    Span {
        start: name + skip,
        len: u32::from(name_len).saturating_sub(skip),
    }
}
