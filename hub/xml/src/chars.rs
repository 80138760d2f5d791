//! Character classes of XML 1.0 (fifth edition): `Char`, `NameStartChar`, `NameChar`.

/// Whether XML 1.0 production \[2\] `Char` allows `c`.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// The offset of the first character that [`is_char`] refuses. One pass over bytes, for speed:
/// in UTF-8 only the ASCII controls and U+FFFE, U+FFFF (EF BF BE, EF BF BF) can offend.
pub(crate) fn first_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r');
    // The fold has no early exit and therefore vectorises; the search runs only on failure.
    let has_control = bytes
        .iter()
        .fold(false, |seen, byte| seen | is_control(byte));
    if has_control {
        return bytes.iter().position(is_control);
    }
    memchr::memmem::find_iter(bytes, b"\xEF\xBF")
        .find(|at| bytes.get(at + 2).is_some_and(|byte| *byte >= 0xBE))
}

fn is_name_start(c: char) -> bool {
    // The colon is left out: names are split at the colon before they are checked.
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether `name` is an `NCName`: a name without colon. Names are ASCII almost always, and then a
/// table is enough.
pub(crate) fn is_ncname(name: &str) -> bool {
    let Some((first, rest)) = name.as_bytes().split_first() else {
        return false;
    };
    let of = |byte: u8| NAME_CLASS.get(usize::from(byte)).copied();
    let mut all = of(*first).map(|class| class == START);
    for byte in rest {
        all = match (all, of(*byte)) {
            (Some(so_far), Some(class)) => Some(so_far && class != NEITHER),
            _ => None,
        };
    }
    all.unwrap_or_else(|| {
        let mut chars = name.chars();
        chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
    })
}

const NEITHER: u8 = 0;
const WITHIN: u8 = 1;
const START: u8 = 2;

/// What an ASCII character may be in a name.
const NAME_CLASS: [u8; 128] = {
    let mut classes = [NEITHER; 128];
    let mut index = 0;
    while index < 128 {
        #[allow(
            clippy::indexing_slicing,
            reason = "a constant; out of bounds does not compile"
        )]
        {
            classes[index] = match index as u8 {
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => START,
                b'0'..=b'9' | b'-' | b'.' => WITHIN,
                _ => NEITHER,
            };
        }
        index += 1;
    }
    classes
};

/// XML white space.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether all of `text` is XML white space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_productions_say() {
        let lawful = |name: &str| {
            let mut chars = name.chars();
            chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
        };
        let some: Vec<char> = ('\0'..'\u{180}')
            .chain(['苏', '\u{2FFF}', '\u{10000}'])
            .collect();
        for first in &some {
            for second in &some {
                for name in [
                    first.to_string(),
                    format!("{first}{second}"),
                    format!("a{first}{second}"),
                ] {
                    assert_eq!(is_ncname(&name), lawful(&name), "{name:?}");
                }
            }
        }
        assert!(!is_ncname(""));
    }
}
