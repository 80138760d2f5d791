//! Start tags: names, attributes, namespace declarations.

use std::borrow::Cow;

use super::{Builder, Kind, Open};
use crate::chars;
use crate::document::{
    self, Declaration, Element, Item, NO_NAMESPACE, NO_PREFIX, NamespaceIndex, PrefixIndex,
    RawAttribute, UNBOUND,
};
use crate::limits::{NAME_BYTES_MAX, NAMESPACE_BYTES_MAX, NAMESPACES_MAX, PREFIXES_MAX, SCOPE_MAX};
use crate::value;
use crate::{XML_NAMESPACE, XMLNS_NAMESPACE, XmlFault};

/// Up to so many attributes are compared with each other; more are looked up.
const COMPARED_MAX: usize = 8;

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
        let (prefix_index, namespace) = match self.open.last() {
            // Most elements are of their parent's namespace and declare none.
            Some(open) if scope == self.scope.len() && open.prefix == prefix => {
                (open.prefix_index, open.namespace)
            }
            _ => self.resolve(prefix, name.whole)?,
        };

        let item = self.arena.items.len() as u32;
        let parent = self.open.last().map_or(0, |open| open.item);
        let element = Element {
            name: offset as u32,
            name_len: name.whole.len() as u16,
            prefix_len: name.prefix_len as u16,
            prefix: prefix_index,
            namespace,
            attribute_count: (self.arena.attributes.len() - attributes) as u8,
            declaration_count: (self.arena.declarations.len() - declarations) as u8,
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
            prefix_index,
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
        let most = self.limits.attributes_max.min(usize::from(u8::MAX));
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
                self.declare(name, value)?;
            } else {
                attributes += 1;
                // Several are in order for certain when none has a prefix and their names are.
                let bare = (name.prefix_len == 0).then_some(name.whole);
                let in_order = attributes == 1 || (last.is_some() && last < bare);
                is_canonical &= as_canonical && in_order;
                last = bare;
                self.add_attribute(name, value)?;
            }
            if attributes.max(declarations) > most {
                let detail = format!("more than {most} on one element");
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

    fn add_attribute(&mut self, name: Name<'t>, value: Value<'t>) -> Result<(), XmlFault> {
        if self.arena.attributes.len() >= self.limits.nodes_max {
            let detail = format!("more than {} attributes", self.limits.nodes_max);
            let at = self.offset(name.whole) as usize;
            return Err(self.fault(Kind::TooManyNodes, detail, at));
        }
        self.arena.attributes.push(RawAttribute {
            name: self.offset(name.whole),
            name_len: name.whole.len() as u16,
            prefix_len: name.prefix_len as u16,
            prefix: NO_PREFIX,
            namespace: NO_NAMESPACE,
            plain: value.plain,
            value: self.span(value.raw),
        });
        Ok(())
    }

    /// Adds a namespace declaration of the element that the next item will be.
    fn declare(&mut self, name: Name<'t>, value: Value<'t>) -> Result<(), XmlFault> {
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
        let index = self.prefix_index(prefix, offset)?;
        let item = self.arena.items.len() as u32;
        if let Some(last) = self.declared_at.get_mut(usize::from(index)) {
            if *last == item {
                let detail = format!("namespace prefix \"{prefix}\" declared twice");
                return Err(self.fault(Kind::DuplicateAttribute, detail, offset));
            }
            *last = item;
        }
        if self.scope.len() >= SCOPE_MAX || self.arena.declarations.len() >= self.limits.nodes_max {
            let detail = "too many namespace declarations";
            return Err(self.fault(Kind::TooManyAttributes, detail, offset));
        }
        let namespace = self.namespace_index(uri, offset)?;
        self.bind(index, namespace);
        self.arena.declarations.push(Declaration {
            prefix: index,
            namespace,
        });
        Ok(())
    }

    /// Binds a prefix until the scope is cut to its present length.
    fn bind(&mut self, prefix: PrefixIndex, namespace: NamespaceIndex) {
        if let Some(bound) = self.bound.get_mut(usize::from(prefix)) {
            self.scope
                .push((prefix, std::mem::replace(bound, namespace)));
        }
    }

    /// Gives every prefix that was bound since the scope had this length what it meant before.
    pub(super) fn unbind(&mut self, length: usize) {
        while self.scope.len() > length {
            let Some((prefix, before)) = self.scope.pop() else {
                return;
            };
            self.arena.steps += 1;
            if let Some(bound) = self.bound.get_mut(usize::from(prefix)) {
                *bound = before;
            }
        }
    }

    /// The number of a prefix that is being declared.
    fn prefix_index(&mut self, prefix: &'t str, at: usize) -> Result<PrefixIndex, XmlFault> {
        if let Some(index) = self.prefixes.get(prefix, &mut self.arena.steps) {
            return Ok(index);
        }
        if self.prefixes.len() >= PREFIXES_MAX {
            return Err(self.fault(Kind::TooManyAttributes, "too many prefixes", at));
        }
        self.arena
            .prefixes
            .push(document::Name::Slice(self.span(prefix)));
        self.bound.push(UNBOUND);
        self.declared_at.push(u32::MAX);
        Ok(self.prefixes.add(prefix.into()))
    }

    /// The number of a namespace name that is being declared.
    fn namespace_index(
        &mut self,
        uri: Cow<'t, str>,
        at: usize,
    ) -> Result<NamespaceIndex, XmlFault> {
        if let Some(index) = self.namespaces.get(&uri, &mut self.arena.steps) {
            return Ok(index);
        }
        if uri.len() > NAMESPACE_BYTES_MAX {
            let detail = format!("namespace name longer than {NAMESPACE_BYTES_MAX} bytes");
            return Err(self.fault(Kind::TooManyAttributes, detail, at));
        }
        if self.namespaces.len() >= NAMESPACES_MAX {
            return Err(self.fault(Kind::TooManyAttributes, "too many namespaces", at));
        }
        self.arena.namespaces.push(match &uri {
            Cow::Borrowed(uri) => document::Name::Slice(self.span(uri)),
            Cow::Owned(uri) => document::Name::Owned(uri.as_str().into()),
        });
        Ok(self.namespaces.add(uri))
    }

    /// What a prefix means here; `name` is where it stands.
    fn resolve(
        &mut self,
        prefix: &'t str,
        name: &'t str,
    ) -> Result<(PrefixIndex, NamespaceIndex), XmlFault> {
        let index = self.prefixes.get(prefix, &mut self.arena.steps);
        let meaning = index.and_then(|index| {
            let bound = self.bound.get(usize::from(index)).copied();
            bound
                .filter(|bound| *bound != UNBOUND)
                .map(|bound| (index, bound))
        });
        meaning.ok_or_else(|| self.undeclared(prefix, self.offset(name)))
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
        let count = self.arena.attributes.len() - first;
        if count > COMPARED_MAX {
            self.names.clear();
        }
        for index in first..self.arena.attributes.len() {
            let Some(attribute) = self.arena.attributes.get(index).copied() else {
                break;
            };
            let name = self.at(attribute.written_name());
            let (prefix, namespace) = match name.get(..usize::from(attribute.prefix_len)) {
                None | Some("") => (NO_PREFIX, NO_NAMESPACE),
                Some(prefix) => self.resolve(prefix, name)?,
            };
            let local = self.at(attribute.local());
            let is_double = if count > COMPARED_MAX {
                self.arena.steps += 1;
                !self.names.insert((namespace, local))
            } else {
                self.arena.steps += (index - first) as u64;
                let earlier = self.arena.attributes.get(first..index).unwrap_or_default();
                earlier
                    .iter()
                    .any(|other| other.namespace == namespace && self.at(other.local()) == local)
            };
            if is_double {
                let detail = format!("attribute \"{local}\" stands twice");
                return Err(self.fault(Kind::DuplicateAttribute, detail, attribute.name as usize));
            }
            if let Some(slot) = self.arena.attributes.get_mut(index) {
                slot.prefix = prefix;
                slot.namespace = namespace;
            }
        }
        Ok(())
    }
}
