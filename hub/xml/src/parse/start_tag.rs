//! Start tags: names, attributes, namespace declarations.

use super::{Builder, Kind, Open};
use crate::chars;
use crate::document::{
    Declaration, Element, Item, NO_NAMESPACE, NamespaceIndex, RawAttribute, Span, Uri, XML_INDEX,
};
use crate::limits::{NAME_BYTES_MAX, NAMESPACES_MAX, SCOPE_MAX};
use crate::value;
use crate::{XML_NAMESPACE, XMLNS_NAMESPACE, XmlFault};

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
    /// Opens an element. `tag` is what stands between the angle brackets, without the slash of an
    /// empty element; `after` is the offset behind them.
    pub(super) fn start(&mut self, tag: &'t str, after: usize) -> Result<(), XmlFault> {
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
        // One byte more than the tag itself: the bracket, and no slash of an empty element.
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
        // One without a prefix has nothing to be resolved and none to be the double of.
        if let Some([RawAttribute { prefix_len: 0, .. }]) = self.arena.attributes.get(first..) {
            return Ok(());
        }
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
