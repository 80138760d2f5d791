//! From raw text to value: references, line ends and white space of attribute values.
//!
//! The parser checks each reference once with [`reference`]; afterwards resolving cannot fail.

use std::borrow::Cow;

use crate::chars;

/// The character that `&name;` stands for, given the text between `&` and `;`.
pub(crate) fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let (digits, radix) = match digits.strip_prefix('x') {
                Some(hex) => (hex, 16),
                None => (digits, 10),
            };
            // `from_str_radix` would also take a sign.
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let code = u32::from_str_radix(digits, radix).ok()?;
            char::from_u32(code).filter(|c| chars::is_char(*c))
        }
    }
}

/// Character data with line ends made `\n` (XML 1.0, section 2.11).
pub(crate) fn line_ends(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether an attribute's raw value needs no second look: no reference, no `<`, nothing that is
/// normalised or that the canonical form writes in another way.
pub(crate) fn is_plain(raw: &str) -> bool {
    // A fold has no early exit and therefore vectorises; almost all values are plain.
    !raw.bytes().fold(false, |seen, byte| {
        seen | matches!(byte, b'&' | b'<' | b'"' | b'\t' | b'\n' | b'\r')
    })
}

/// Whether every reference in a raw attribute value is lawful.
pub(crate) fn references_are_lawful(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        let after = rest.get(at + 1..).unwrap_or_default();
        let Some((name, tail)) = after.split_once(';') else {
            return false;
        };
        if reference(name).is_none() {
            return false;
        }
        rest = tail;
    }
    true
}

/// An attribute's value: references resolved, literal white space made spaces (XML 1.0, 3.3.3).
pub(crate) fn attribute_value(raw: &str) -> Cow<'_, str> {
    if !raw
        .bytes()
        .any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r'))
    {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (plain, tail) = rest.split_at(at);
        value.push_str(plain);
        if let Some(after) = tail.strip_prefix('&') {
            let (name, after) = after.split_once(';').unwrap_or((after, ""));
            value.extend(reference(name));
            rest = after;
        } else {
            value.push(' ');
            rest = tail
                .strip_prefix("\r\n")
                .or_else(|| tail.get(1..))
                .unwrap_or_default();
        }
    }
    value.push_str(rest);
    Cow::Owned(value)
}
