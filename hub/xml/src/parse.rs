//! The strict reader: quick-xml finds the tokens, this file builds the arena and refuses the rest.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, Event};

use crate::chars;
use crate::document::{
    Arena, Declaration, Element, Item, NO_NAMESPACE, NamespaceIndex, RawAttribute, Span, Uri,
    XML_INDEX,
};
use crate::limits::{NAME_BYTES_MAX, NAMESPACES_MAX, SCOPE_MAX};
use crate::value;
use crate::{Limits, Position, XML_NAMESPACE, XMLNS_NAMESPACE, XmlFault, XmlFaultKind};

use XmlFaultKind as Kind;

const BOM: &str = "\u{FEFF}";

/// Size, encoding and characters: what can be checked before tokens are looked for.
pub(crate) fn check_text(bytes: Vec<u8>, limits: &Limits) -> Result<String, XmlFault> {
    let bytes_max = limits.bytes_max.min(u32::MAX as usize);
    if bytes.len() > bytes_max {
        let detail = format!(
            "document of {} bytes, at most {bytes_max} are taken",
            bytes.len()
        );
        return Err(XmlFault::new(
            Kind::TooLarge,
            detail,
            Position { line: 1, column: 1 },
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let position = Position::of(error.as_bytes(), at);
        XmlFault::new(Kind::NotUtf8, "the bytes are not UTF-8", position)
    })?;
    if let Some(at) = chars::first_forbidden(&text) {
        let position = Position::of(text.as_bytes(), at);
        return Err(XmlFault::new(
            Kind::Character,
            "character not allowed in XML 1.0",
            position,
        ));
    }
    Ok(text)
}

/// Builds the arena of a checked text.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Arena, XmlFault> {
    Builder::new(text, limits).run()
}

/// An element whose end tag has not been seen.
struct Open<'t> {
    item: u32,
    prefix: &'t str,
    namespace: NamespaceIndex,
    /// Length of the scope before this element's declarations.
    scope: usize,
}

struct Builder<'t> {
    text: &'t str,
    limits: &'t Limits,
    arena: Arena,
    open: Vec<Open<'t>>,
    /// Bindings in scope, innermost last.
    scope: Vec<(&'t str, NamespaceIndex)>,
    has_root: bool,
}

/// A name as written.
#[derive(Clone, Copy)]
struct Name<'t> {
    whole: &'t str,
    /// 0 when it has no prefix.
    prefix_len: usize,
}

impl<'t> Name<'t> {
    fn prefix(self) -> &'t str {
        self.whole.get(..self.prefix_len).unwrap_or_default()
    }

    fn local(self) -> &'t str {
        match self.prefix_len {
            0 => self.whole,
            colon => self.whole.get(colon + 1..).unwrap_or_default(),
        }
    }
}

/// An attribute's value as written.
#[derive(Clone, Copy)]
struct Value<'t> {
    raw: &'t str,
    /// It needs no change, neither to be read nor in canonical form.
    plain: bool,
    /// It stands in `"`, not in `'`.
    is_double_quoted: bool,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, limits: &'t Limits) -> Self {
        // Typical messages hold one item per 20 bytes; one allocation each is then enough.
        let guess = text.len() / 20 + 8;
        let arena = Arena {
            items: Vec::with_capacity(guess),
            attributes: Vec::with_capacity(guess / 4),
            declarations: Vec::with_capacity(16),
            namespaces: vec![Uri::Fixed(""), Uri::Fixed(XML_NAMESPACE)],
        };
        Self {
            text,
            limits,
            arena,
            open: Vec::with_capacity(16),
            scope: Vec::with_capacity(16),
            has_root: false,
        }
    }

    fn run(mut self) -> Result<Arena, XmlFault> {
        let body = self.text.strip_prefix(BOM).unwrap_or(self.text);
        let base = self.text.len() - body.len();
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

    fn finish(self) -> Result<Arena, XmlFault> {
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
        Ok(self.arena)
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
        let start = span.start as usize;
        self.text
            .get(start..start + span.len as usize)
            .unwrap_or_default()
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

    fn start(&mut self, tag: &'t str, after: usize) -> Result<(), XmlFault> {
        let offset = self.offset(tag) as usize;
        if self.open.is_empty() && self.has_root {
            return Err(self.fault(Kind::Malformed, "a second root element", offset));
        }
        if self.open.len() >= self.limits.depth_max {
            let detail = format!("nested deeper than {}", self.limits.depth_max);
            return Err(self.fault(Kind::TooDeep, detail, offset));
        }
        self.has_root = true;
        let (name, rest) = self.name(tag)?;
        if rest.starts_with('=') {
            return Err(self.unlawful(tag));
        }

        let scope = self.scope.len();
        let attributes = self.arena.attributes.len();
        let declarations = self.arena.declarations.len();
        // What stands between the angle brackets; more means an empty element's slash.
        let mut is_canonical = after == offset + tag.len() + 1;
        if !rest.is_empty() {
            is_canonical &= self.scan_attributes(rest)?;
            self.resolve_attributes(attributes)?;
        }
        let prefix = name.prefix();
        let namespace = match self.open.last() {
            // Most elements are of their parent's namespace and declare none.
            Some(open) if scope == self.scope.len() && open.prefix == prefix => open.namespace,
            _ => self.resolve_element(name)?,
        };

        let item = self.arena.items.len() as u32;
        let parent = self.open.last().map_or(0, |open| open.item);
        let element = Element {
            name: offset as u32,
            name_len: name.whole.len() as u16,
            prefix_len: name.prefix_len as u16,
            namespace,
            attribute_count: (self.arena.attributes.len() - attributes) as u16,
            declaration_count: (self.arena.declarations.len() - declarations) as u16,
            start_is_canonical: is_canonical,
            end_is_canonical: false,
            attributes: attributes as u32,
            declarations: declarations as u32,
            tag_end: after as u32,
            parent,
            end: item + 1,
            span_end: 0,
        };
        self.push(Item::Element(element), offset as u32)?;
        self.open.push(Open {
            item,
            prefix,
            namespace,
            scope,
        });
        Ok(())
    }

    /// Closes the innermost element, whose end tag is `tag`; that of an empty element is empty.
    fn end(&mut self, tag: Range<usize>) -> Result<(), XmlFault> {
        let Some(open) = self.open.pop() else {
            return Err(self.fault(Kind::Malformed, "end tag without start tag", tag.end));
        };
        self.scope.truncate(open.scope);
        let end = self.arena.items.len() as u32;
        if let Some(Item::Element(element)) = self.arena.items.get_mut(open.item as usize) {
            element.end = end;
            element.span_end = tag.end as u32;
            // The name is the right one; only white space could follow it.
            element.end_is_canonical = tag.len() == usize::from(element.name_len) + 3;
        }
        Ok(())
    }

    /// Reads the name that `text` begins with, and gives what follows.
    #[inline]
    fn name(&self, text: &'t str) -> Result<(Name<'t>, &'t str), XmlFault> {
        let found = chars::qualified_name(text).filter(|(len, _)| *len <= NAME_BYTES_MAX);
        let Some((len, prefix_len)) = found else {
            return Err(self.unlawful(text));
        };
        let (whole, rest) = text.split_at_checked(len).unwrap_or((text, ""));
        Ok((Name { whole, prefix_len }, rest))
    }

    fn unlawful(&self, name: &str) -> XmlFault {
        self.fault(Kind::Name, "unlawful name", self.offset(name) as usize)
    }

    /// Scans ` name="value"` pairs; declarations go into the scope, the rest into the arena with
    /// the namespace still open. Gives whether all are attributes and stand as the canonical form
    /// writes them.
    fn scan_attributes(&mut self, mut rest: &'t str) -> Result<bool, XmlFault> {
        let mut attributes = 0;
        let mut declarations = 0;
        let mut is_canonical = true;
        let mut last = None;
        loop {
            let trimmed = chars::skip_spaces(rest);
            if trimmed.is_empty() {
                return Ok(is_canonical && rest.is_empty());
            }
            let offset = self.offset(trimmed) as usize;
            if trimmed.len() == rest.len() {
                return Err(self.fault(Kind::Malformed, "space missing before attribute", offset));
            }
            let (name, value, tail) = self.pair(trimmed)?;
            let written = rest.len() - tail.len();
            let as_canonical = rest.starts_with(' ')
                && written == name.whole.len() + value.raw.len() + 4
                && value.plain
                && value.is_double_quoted;
            rest = tail;
            if name.whole == "xmlns" || name.prefix() == "xmlns" {
                declarations += 1;
                is_canonical = false;
                self.declare(name, value, declarations)?;
            } else {
                attributes += 1;
                // Several are in order for certain when none has a prefix and their names are.
                let bare = (name.prefix_len == 0).then_some(name.whole);
                let in_order = attributes == 1 || (last.is_some() && last < bare);
                is_canonical &= as_canonical && in_order;
                last = bare;
                self.add_attribute(name, value);
            }
            if attributes.max(declarations) > self.limits.attributes_max {
                let detail = format!("more than {} on one element", self.limits.attributes_max);
                return Err(self.fault(Kind::TooManyAttributes, detail, offset));
            }
        }
    }

    /// Reads one `name="value"` and gives the value and what follows.
    fn pair(&self, text: &'t str) -> Result<(Name<'t>, Value<'t>, &'t str), XmlFault> {
        let malformed = |at: &str, detail: &str| {
            Err(self.fault(Kind::Malformed, detail, self.offset(at) as usize))
        };
        let (name, after) = self.name(text)?;
        let Some(after) = chars::skip_spaces(after).strip_prefix('=') else {
            return malformed(text, "attribute without value");
        };
        let after = chars::skip_spaces(after);
        let quote = match after.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => *quote,
            _ => return malformed(after, "attribute value without quotes"),
        };
        let inside = after.get(1..).unwrap_or_default();
        let Some(end) = memchr::memchr(quote, inside.as_bytes()) else {
            return malformed(after, "attribute value not closed");
        };
        let (raw, tail) = inside.split_at_checked(end).unwrap_or((inside, ""));
        let plain = value::is_plain(raw);
        if !plain {
            if memchr::memchr(b'<', raw.as_bytes()).is_some() {
                return malformed(raw, "< in attribute value");
            }
            if !value::references_are_lawful(raw) {
                let offset = self.offset(raw) as usize;
                return Err(self.fault(Kind::Entity, "entity or reference not known", offset));
            }
        }
        let value = Value {
            raw,
            plain,
            is_double_quoted: quote == b'"',
        };
        Ok((name, value, tail.get(1..).unwrap_or_default()))
    }

    fn add_attribute(&mut self, name: Name<'t>, value: Value<'t>) {
        self.arena.attributes.push(RawAttribute {
            name: self.offset(name.whole),
            name_len: name.whole.len() as u16,
            prefix_len: name.prefix_len as u16,
            namespace: NO_NAMESPACE,
            plain: value.plain,
            value: self.span(value.raw),
        });
    }

    /// Adds a namespace declaration, the `number`th of its element.
    fn declare(&mut self, name: Name<'t>, value: Value<'t>, number: usize) -> Result<(), XmlFault> {
        let offset = self.offset(name.whole) as usize;
        let prefix = if name.prefix_len == 0 {
            ""
        } else {
            name.local()
        };
        let uri = if value.plain {
            value.raw.into()
        } else {
            value::attribute_value(value.raw)
        };
        let is_lawful = match prefix {
            "xmlns" => false,
            "xml" => uri == XML_NAMESPACE,
            "" => uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
            _ => !uri.is_empty() && uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
        };
        if !is_lawful {
            return Err(self.fault(Kind::Namespace, "unlawful namespace declaration", offset));
        }
        let own = self.scope.len() - (number - 1);
        if self
            .scope
            .get(own..)
            .unwrap_or_default()
            .iter()
            .any(|(known, _)| *known == prefix)
        {
            let detail = format!("namespace prefix \"{prefix}\" declared twice");
            return Err(self.fault(Kind::DuplicateAttribute, detail, offset));
        }
        if self.scope.len() >= SCOPE_MAX {
            let detail = "too many namespace declarations in scope";
            return Err(self.fault(Kind::TooManyAttributes, detail, offset));
        }
        let namespace = self.intern(&uri, value.raw, offset)?;
        let span = if prefix.is_empty() {
            Span {
                start: offset as u32,
                len: 0,
            }
        } else {
            self.span(prefix)
        };
        self.scope.push((prefix, namespace));
        self.arena.declarations.push(Declaration {
            prefix: span,
            namespace,
        });
        Ok(())
    }

    fn intern(&mut self, uri: &str, raw: &'t str, at: usize) -> Result<NamespaceIndex, XmlFault> {
        let known = self.arena.namespaces.iter().position(|known| match known {
            Uri::Fixed(known) => *known == uri,
            Uri::Slice(span) => self.at(*span) == uri,
            Uri::Owned(known) => **known == *uri,
        });
        if let Some(index) = known {
            return Ok(index as NamespaceIndex);
        }
        if self.arena.namespaces.len() >= NAMESPACES_MAX {
            return Err(self.fault(Kind::TooManyAttributes, "too many namespaces", at));
        }
        let entry = if uri == raw {
            Uri::Slice(self.span(raw))
        } else {
            Uri::Owned(uri.into())
        };
        self.arena.namespaces.push(entry);
        Ok(self.arena.namespaces.len() as NamespaceIndex - 1)
    }

    fn lookup(&self, prefix: &str) -> Option<NamespaceIndex> {
        if prefix == "xml" {
            return Some(XML_INDEX);
        }
        self.scope
            .iter()
            .rev()
            .find(|(known, _)| *known == prefix)
            .map(|(_, index)| *index)
    }

    fn resolve_element(&self, name: Name<'t>) -> Result<NamespaceIndex, XmlFault> {
        match self.lookup(name.prefix()) {
            Some(namespace) => Ok(namespace),
            None if name.prefix_len == 0 => Ok(NO_NAMESPACE),
            None => Err(self.undeclared(name.prefix(), self.offset(name.whole))),
        }
    }

    fn undeclared(&self, prefix: &str, offset: u32) -> XmlFault {
        let detail = format!("prefix \"{prefix}\" is not declared");
        self.fault(Kind::Namespace, detail, offset as usize)
    }

    /// Resolves the prefixes of the attributes from `first` on and refuses doubles.
    fn resolve_attributes(&mut self, first: usize) -> Result<(), XmlFault> {
        for index in first..self.arena.attributes.len() {
            let Some(attribute) = self.arena.attributes.get(index).copied() else {
                break;
            };
            let namespace = if attribute.prefix_len == 0 {
                NO_NAMESPACE
            } else {
                let prefix = self.at(attribute.prefix());
                match self.lookup(prefix) {
                    Some(namespace) => namespace,
                    None => return Err(self.undeclared(prefix, attribute.name)),
                }
            };
            let local = self.at(attribute.local());
            let earlier = self.arena.attributes.get(first..index).unwrap_or_default();
            let is_double = earlier
                .iter()
                .any(|other| other.namespace == namespace && self.at(other.local()) == local);
            if is_double {
                let detail = format!("attribute \"{local}\" stands twice");
                return Err(self.fault(Kind::DuplicateAttribute, detail, attribute.name as usize));
            }
            if let Some(slot) = self.arena.attributes.get_mut(index) {
                slot.namespace = namespace;
            }
        }
        Ok(())
    }
}
