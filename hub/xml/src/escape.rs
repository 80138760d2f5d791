//! Escapes of canonical XML (section 2.3 of Canonical XML 1.0), shared by writer and canonical form.

/// Appends character data: `&`, `<`, `>` and carriage return are escaped.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Appends an attribute value: `&`, `<`, `"`, tab, line feed and carriage return are escaped.
pub(crate) fn push_attribute(out: &mut Vec<u8>, value: &str) {
    push(out, value, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

fn push(out: &mut Vec<u8>, text: &str, escape: impl Fn(u8) -> Option<&'static [u8]>) {
    let mut rest = text.as_bytes();
    // A fold has no early exit and therefore vectorises; most texts hold nothing to be escaped.
    let is_special = |seen, byte: &u8| seen | escape(*byte).is_some();
    if !rest.iter().fold(false, is_special) {
        out.extend_from_slice(rest);
        return;
    }
    while let Some(at) = rest.iter().position(|byte| escape(*byte).is_some()) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((special, after)) = tail.split_first() else {
            return;
        };
        out.extend_from_slice(escape(*special).unwrap_or_default());
        rest = after;
    }
    out.extend_from_slice(rest);
}
