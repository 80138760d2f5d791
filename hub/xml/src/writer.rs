//! The write side: documents that already are in exclusive canonical form.

use std::ops::Range;

use crate::XML_NAMESPACE;
use crate::chars;
use crate::escape::{push_attribute, push_text};

/// Bytes and open elements that a document has room for from the start.
const OUT_BYTES: usize = 1_024;
const OPEN: usize = 8;

/// Writes XML in exclusive canonical form: a namespace is declared on the outermost elements that
/// use its prefix, attributes are sorted, empty elements have two tags, no XML declaration, no
/// white space of its own. Same calls, same bytes.
///
/// Prefixes are made known with [`Writer::namespace`] before they are used; that alone writes
/// nothing. Characters that XML 1.0 does not allow are written as U+FFFD.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    namespaces: Vec<(String, String)>,
    open: Vec<Open>,
    /// The start tag is not closed yet; attributes may follow.
    tag: Option<Tag>,
    rendered: Vec<usize>,
}

/// An element without its end tag. Its name is not kept: the end tag repeats what was written.
#[derive(Debug)]
struct Open {
    name: Range<usize>,
    rendered: usize,
}

/// A start tag without its `>`.
#[derive(Debug)]
struct Tag {
    /// Which known prefix the element has.
    prefix: Option<usize>,
    attributes: Vec<(String, String)>,
}

impl Writer {
    /// A writer with no prefixes known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that knows these (prefix, namespace name) pairs.
    pub fn with(namespaces: &[(&str, &str)]) -> Self {
        let mut writer = Self {
            // Room for a receipt or a small message, so that it does not grow byte by byte.
            out: Vec::with_capacity(OUT_BYTES),
            namespaces: Vec::with_capacity(namespaces.len()),
            open: Vec::with_capacity(OPEN),
            ..Self::default()
        };
        for (prefix, uri) in namespaces {
            writer.namespace(prefix, uri);
        }
        writer
    }

    /// Makes a prefix known for the whole document; `""` is the default namespace. A second call
    /// for the same prefix is ignored: one prefix means one thing in a document of ours.
    pub fn namespace(&mut self, prefix: &str, uri: &str) -> &mut Self {
        if !self.namespaces.iter().any(|(known, _)| known == prefix) {
            self.namespaces.push((prefix.into(), uri.into()));
        }
        self
    }

    /// Opens an element; the prefix must be known, `""` means the default namespace or none.
    pub fn start(&mut self, prefix: &str, local: &str) -> &mut Self {
        self.close_tag();
        let known = self.known(prefix);
        debug_assert!(
            known.is_some() || matches!(prefix, "" | "xml"),
            "prefix {prefix} is not known"
        );
        self.out.push(b'<');
        let start = self.out.len();
        if !prefix.is_empty() {
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
        self.open.push(Open {
            name: start..self.out.len(),
            rendered: self.rendered.len(),
        });
        self.tag = Some(Tag {
            prefix: known,
            attributes: Vec::new(),
        });
        self
    }

    /// Adds an attribute to the element just opened; `name` may carry a known prefix. Ignored when
    /// content has been written already.
    pub fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        debug_assert!(self.tag.is_some(), "attribute {name} after content");
        if let Some(tag) = &mut self.tag {
            tag.attributes.push((name.into(), value.into()));
        }
        self
    }

    /// Appends character data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.close_tag();
        match chars::first_forbidden(text) {
            None => push_text(&mut self.out, text),
            Some(_) => push_text(&mut self.out, &lawful(text)),
        }
        self
    }

    /// Closes the innermost open element.
    pub fn end(&mut self) -> &mut Self {
        self.close_tag();
        debug_assert!(!self.open.is_empty(), "end without start");
        if let Some(open) = self.open.pop() {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_within(open.name);
            self.out.push(b'>');
            self.rendered.truncate(open.rendered);
        }
        self
    }

    /// Writes an element that holds only text.
    pub fn element(&mut self, prefix: &str, local: &str, text: &str) -> &mut Self {
        self.start(prefix, local).text(text).end()
    }

    /// Appends a piece of XML as it is. It must be well-formed and declare its own prefixes.
    pub fn raw(&mut self, xml: &str) -> &mut Self {
        self.close_tag();
        self.out.extend_from_slice(xml.as_bytes());
        self
    }

    /// Closes whatever is open and gives the bytes.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }

    fn known(&self, prefix: &str) -> Option<usize> {
        self.namespaces
            .iter()
            .position(|(known, _)| known == prefix)
    }

    fn uri(&self, prefix: &str) -> &str {
        match prefix {
            "" => "",
            "xml" => XML_NAMESPACE,
            _ => self
                .namespaces
                .iter()
                .find_map(|(known, uri)| (known == prefix).then_some(uri.as_str()))
                .unwrap_or_default(),
        }
    }

    /// Writes declarations and attributes of the pending start tag, then `>`.
    fn close_tag(&mut self) {
        let Some(mut tag) = self.tag.take() else {
            return;
        };
        if tag.attributes.is_empty() {
            if let Some(index) = tag.prefix {
                self.declare(index);
            }
            self.out.push(b'>');
            return;
        }
        for index in self.prefixes(&tag) {
            self.declare(index);
        }
        tag.attributes
            .sort_by(|(a, _), (b, _)| self.sort_key(a).cmp(&self.sort_key(b)));
        for (name, value) in &tag.attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"=\"");
            push_attribute(&mut self.out, &lawful(value));
            self.out.push(b'"');
        }
        self.out.push(b'>');
    }

    /// The known prefixes that a start tag uses, in the order of their declarations.
    fn prefixes(&self, tag: &Tag) -> Vec<usize> {
        let of_attribute = |(name, _): &(String, String)| {
            let (prefix, _) = name.split_once(':')?;
            let known = self.known(prefix);
            debug_assert!(
                known.is_some() || prefix == "xml",
                "prefix {prefix} is not known"
            );
            known
        };
        let attributes = tag.attributes.iter().filter_map(of_attribute);
        let mut used: Vec<usize> = tag.prefix.into_iter().chain(attributes).collect();
        used.sort_unstable_by_key(|index| self.namespaces.get(*index).map(|(prefix, _)| prefix));
        used.dedup();
        used
    }

    /// Declares a prefix unless an open element has done so.
    fn declare(&mut self, index: usize) {
        if self.rendered.contains(&index) {
            return;
        }
        let Some((prefix, uri)) = self.namespaces.get(index) else {
            return;
        };
        if prefix == "xml" {
            return;
        }
        if prefix.is_empty() {
            self.out.extend_from_slice(b" xmlns=\"");
        } else {
            self.out.extend_from_slice(b" xmlns:");
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
        }
        push_attribute(&mut self.out, uri);
        self.out.push(b'"');
        self.rendered.push(index);
    }

    fn sort_key<'n>(&'n self, name: &'n str) -> (&'n str, &'n str) {
        match name.split_once(':') {
            Some((prefix, local)) => (self.uri(prefix), local),
            None => ("", name),
        }
    }
}

fn lawful(text: &str) -> String {
    text.chars()
        .map(|c| if chars::is_char(c) { c } else { '\u{FFFD}' })
        .collect()
}
