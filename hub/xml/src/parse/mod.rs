//! The strict reader: quick-xml finds the tokens, this file builds the arena and refuses the rest.

mod numbered;
mod start_tag;

use std::collections::HashSet;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, Event};

use self::numbered::Numbered;
use crate::chars;
use crate::document::{
    Arena, Element, Item, NO_NAMESPACE, Name, NamespaceIndex, PrefixIndex, Span, Unread, XML_INDEX,
};
use crate::value;
use crate::{Limits, Position, XML_NAMESPACE, XmlFault, XmlFaultKind};

use XmlFaultKind as Kind;

const BOM: &str = "\u{FEFF}";

/// Size, encoding and characters: what can be checked before tokens are looked for.
pub(crate) fn check_text(bytes: Vec<u8>, limits: &Limits) -> Result<String, Unread> {
    let bytes_max = limits.bytes_max.min(u32::MAX as usize);
    if bytes.len() > bytes_max {
        let detail = format!(
            "document of {} bytes, at most {bytes_max} are taken",
            bytes.len()
        );
        let start = Position { line: 1, column: 1 };
        return Err(unread(Kind::TooLarge, detail, start, bytes));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let position = Position::of(error.as_bytes(), at);
        let detail = "the bytes are not UTF-8".to_owned();
        unread(Kind::NotUtf8, detail, position, error.into_bytes())
    })?;
    if let Some(at) = chars::first_forbidden(&text) {
        let position = Position::of(text.as_bytes(), at);
        let detail = "character not allowed in XML 1.0".to_owned();
        return Err(unread(Kind::Character, detail, position, text.into_bytes()));
    }
    Ok(text)
}

fn unread(kind: Kind, detail: String, position: Position, bytes: Vec<u8>) -> Unread {
    Unread {
        fault: XmlFault::new(kind, detail, position),
        steps: bytes.len() as u64,
        bytes,
    }
}

/// Builds the arena of a checked text, or says why not and after how many steps.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Arena, (XmlFault, u64)> {
    let mut builder = Builder::new(text, limits);
    let read = builder.run();
    let mut arena = builder.arena;
    match read {
        Ok(()) => {
            rank_namespaces(text, &mut arena);
            Ok(arena)
        }
        Err(fault) => Err((fault, arena.steps)),
    }
}

/// Numbers the namespace names in the order of their bytes.
fn rank_namespaces(text: &str, arena: &mut Arena) {
    let name = |index: u16| match arena.namespaces.get(usize::from(index)) {
        Some(Name::Fixed(name)) => name,
        Some(Name::Slice(span)) => slice(text, *span),
        Some(Name::Owned(name)) => name,
        None => "",
    };
    let mut order: Vec<u16> = (0..).take(arena.namespaces.len()).collect();
    let mut steps = 0;
    order.sort_unstable_by(|a, b| {
        steps += 1;
        name(*a).cmp(name(*b))
    });
    let mut ranks = vec![0; order.len()];
    for (rank, index) in (0..).zip(order) {
        if let Some(slot) = ranks.get_mut(usize::from(index)) {
            *slot = rank;
        }
    }
    arena.namespace_ranks = ranks;
    arena.steps += steps;
}

fn slice(text: &str, span: Span) -> &str {
    let start = span.start as usize;
    text.get(start..start + span.len as usize)
        .unwrap_or_default()
}

/// An element whose end tag has not been seen.
struct Open<'t> {
    item: u32,
    prefix: &'t str,
    prefix_index: PrefixIndex,
    namespace: NamespaceIndex,
    /// Length of the scope before this element's declarations.
    scope: usize,
}

struct Builder<'t> {
    text: &'t str,
    limits: &'t Limits,
    arena: Arena,
    open: Vec<Open<'t>>,
    /// Declared prefixes and namespace names; their numbers are those of the arena.
    prefixes: Numbered<'t>,
    namespaces: Numbered<'t>,
    /// What each prefix means here.
    bound: Vec<NamespaceIndex>,
    /// The item that declared each prefix last, so that a second declaration on it is seen.
    declared_at: Vec<u32>,
    /// Declarations in scope, innermost last, each with what the prefix meant before.
    scope: Vec<(PrefixIndex, NamespaceIndex)>,
    /// Names of the attributes of one element, where they are many.
    names: HashSet<(NamespaceIndex, &'t str)>,
    has_root: bool,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, limits: &'t Limits) -> Self {
        // Typical messages hold one item per 40 bytes; one allocation each is then enough.
        let guess = text.len() / 32 + 8;
        let arena = Arena {
            items: Vec::with_capacity(guess),
            attributes: Vec::with_capacity(guess / 4),
            declarations: Vec::with_capacity(16),
            namespaces: vec![Name::Fixed(""), Name::Fixed(XML_NAMESPACE)],
            namespace_ranks: Vec::new(),
            prefixes: vec![Name::Fixed(""), Name::Fixed("xml")],
            steps: text.len() as u64,
        };
        Self {
            text,
            limits,
            arena,
            open: Vec::with_capacity(16),
            prefixes: Numbered::from_fixed(["", "xml"]),
            namespaces: Numbered::from_fixed(["", XML_NAMESPACE]),
            bound: vec![NO_NAMESPACE, XML_INDEX],
            declared_at: vec![u32::MAX; 2],
            scope: Vec::with_capacity(16),
            names: HashSet::new(),
            has_root: false,
        }
    }

    fn run(&mut self) -> Result<(), XmlFault> {
        let text = self.text;
        let body = text.strip_prefix(BOM).unwrap_or(text);
        let base = text.len() - body.len();
        let mut reader = Reader::from_str(body);
        reader.config_mut().check_comments = true;
        let mut after = base;
        loop {
            let before = after;
            let event = reader.read_event();
            after = base + reader.buffer_position() as usize;
            match &event {
                Ok(Event::Eof) => return self.finish(),
                Ok(event) => self.take(event, before..after, base)?,
                Err(error) => {
                    let at = base + reader.error_position() as usize;
                    return Err(self.fault(Kind::Malformed, error.to_string(), at));
                }
            }
        }
    }

    /// Takes one token, which stands at `place`, of a document that begins at `base`.
    #[inline]
    fn take(
        &mut self,
        event: &Event<'_>,
        place: Range<usize>,
        base: usize,
    ) -> Result<(), XmlFault> {
        match event {
            Event::Start(tag) => self.start(self.own(tag), place.end),
            Event::Empty(tag) => {
                self.start(self.own(tag), place.end)?;
                self.end(place.end..place.end)
            }
            Event::End(_) => self.end(place),
            Event::Text(text) => self.characters(self.own(text)),
            Event::CData(text) => self.cdata(self.own(text)),
            Event::GeneralRef(name) => self.general_reference(self.own(name)),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::Decl(declaration) => self.xml_declaration(declaration, place.start, base),
            Event::PI(_) => {
                let detail = "processing instruction";
                Err(self.fault(Kind::ProcessingInstruction, detail, place.start))
            }
            Event::DocType(_) => {
                Err(self.fault(Kind::Doctype, "document type declaration", place.start))
            }
        }
    }

    fn finish(&self) -> Result<(), XmlFault> {
        if let Some(open) = self.open.last() {
            let name = self
                .element(open.item)
                .map(|e| self.at(e.written_name()))
                .unwrap_or("");
            let detail = format!("element {name} is not closed");
            return Err(self.fault(Kind::Malformed, detail, self.text.len()));
        }
        if !self.has_root {
            return Err(self.fault(Kind::Malformed, "no root element", self.text.len()));
        }
        Ok(())
    }

    /// The same slice, borrowed from the text instead of from the event.
    fn own(&self, slice: &str) -> &'t str {
        let start = (slice.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.text
            .get(start..start.wrapping_add(slice.len()))
            .unwrap_or_default()
    }

    fn offset(&self, slice: &str) -> u32 {
        (slice.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize) as u32
    }

    fn span(&self, slice: &str) -> Span {
        Span {
            start: self.offset(slice),
            len: slice.len() as u32,
        }
    }

    fn at(&self, span: Span) -> &'t str {
        slice(self.text, span)
    }

    fn element(&self, item: u32) -> Option<&Element> {
        match self.arena.items.get(item as usize) {
            Some(Item::Element(element)) => Some(element),
            _ => None,
        }
    }

    #[cold]
    fn fault(&self, kind: Kind, detail: impl Into<String>, offset: usize) -> XmlFault {
        XmlFault::new(kind, detail, Position::of(self.text.as_bytes(), offset))
    }

    #[inline]
    fn push(&mut self, item: Item, offset: u32) -> Result<u32, XmlFault> {
        if self.arena.items.len() >= self.limits.nodes_max.min(u32::MAX as usize - 1) {
            let detail = format!("more than {} elements and texts", self.limits.nodes_max);
            return Err(self.fault(Kind::TooManyNodes, detail, offset as usize));
        }
        self.arena.items.push(item);
        Ok(self.arena.items.len() as u32 - 1)
    }

    fn xml_declaration(
        &self,
        declaration: &BytesDecl<'_>,
        at: usize,
        start: usize,
    ) -> Result<(), XmlFault> {
        if at != start {
            let detail = "XML declaration after the start";
            return Err(self.fault(Kind::ProcessingInstruction, detail, at));
        }
        if declaration.version().ok().as_deref() != Some("1.0") {
            return Err(self.fault(Kind::Malformed, "XML version is not 1.0", at));
        }
        let is_utf8 = match declaration.encoding() {
            None => true,
            Some(encoding) => encoding.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")),
        };
        if !is_utf8 {
            return Err(self.fault(Kind::NotUtf8, "encoding declared is not UTF-8", at));
        }
        Ok(())
    }

    fn characters(&mut self, raw: &'t str) -> Result<(), XmlFault> {
        let offset = self.offset(raw);
        if self.open.is_empty() {
            if chars::is_blank(raw) {
                return Ok(());
            }
            return Err(self.fault(Kind::Malformed, "text outside the root", offset as usize));
        }
        let span = self.span(raw);
        if memchr::memchr2(b'>', b'\r', raw.as_bytes()).is_none() {
            self.push(Item::Plain(span), offset)?;
            return Ok(());
        }
        if let Some(at) = memchr::memmem::find(raw.as_bytes(), b"]]>") {
            return Err(self.fault(Kind::Malformed, "]]> in text", offset as usize + at));
        }
        self.push(Item::Text(span), offset)?;
        Ok(())
    }

    fn cdata(&mut self, raw: &'t str) -> Result<(), XmlFault> {
        let offset = self.offset(raw);
        if self.open.is_empty() {
            return Err(self.fault(Kind::Malformed, "CDATA outside the root", offset as usize));
        }
        self.push(Item::CData(self.span(raw)), offset)?;
        Ok(())
    }

    fn general_reference(&mut self, name: &'t str) -> Result<(), XmlFault> {
        let offset = self.offset(name).saturating_sub(1);
        let Some(resolved) = value::reference(name) else {
            return Err(self.fault(
                Kind::Entity,
                "entity or reference not known",
                offset as usize,
            ));
        };
        if self.open.is_empty() {
            let detail = "reference outside the root";
            return Err(self.fault(Kind::Malformed, detail, offset as usize));
        }
        self.push(Item::Char(resolved), offset)?;
        Ok(())
    }

    /// Closes the innermost element, whose end tag is `tag`; that of an empty element is empty.
    fn end(&mut self, tag: Range<usize>) -> Result<(), XmlFault> {
        let Some(open) = self.open.pop() else {
            return Err(self.fault(Kind::Malformed, "end tag without start tag", tag.end));
        };
        self.unbind(open.scope);
        let end = self.arena.items.len() as u32;
        if let Some(Item::Element(element)) = self.arena.items.get_mut(open.item as usize) {
            element.end = end;
            element.span_end = tag.end as u32;
            // The name is the right one; only white space could follow it.
            element.end_is_canonical = tag.len() == usize::from(element.name_len) + 3;
        }
        Ok(())
    }
}
