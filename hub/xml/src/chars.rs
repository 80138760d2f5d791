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
    memchr::memchr(0xEF, bytes)?;
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

/// Whether `name` is an `NCName`: a name without colon.
fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// The qualified name that `text` begins with: its length, and that of its prefix (0 when it has
/// none). It ends before white space, `=` or at the end; none when it is unlawful.
pub(crate) fn qualified_name(text: &str) -> Option<(usize, usize)> {
    // Names are ASCII almost always, and then a table and one pass are enough.
    let bytes = text.as_bytes();
    let first = name_part(bytes);
    let (len, prefix) = match bytes.get(first) {
        Some(b':') => {
            let local = bytes.get(first + 1..).unwrap_or_default();
            (first + 1 + name_part(local), first)
        }
        _ => (first, 0),
    };
    let begins = |at: usize| bytes.get(at).is_some_and(|byte| class(*byte) == START);
    match bytes.get(len).map(|byte| class(*byte)) {
        Some(WIDE) => any_qualified_name(text),
        None | Some(END) => {
            let is_lawful = begins(0) && (first == len || begins(first + 1));
            is_lawful.then_some((len, prefix))
        }
        Some(_) => None,
    }
}

/// How many bytes at the front are ASCII characters of a name.
fn name_part(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| class(*byte) > WITHIN)
        .unwrap_or(bytes.len())
}

/// The same for names of any script.
fn any_qualified_name(text: &str) -> Option<(usize, usize)> {
    let ends = |c: char| SPACES.contains(&c) || c == '=';
    let len = text.find(ends).unwrap_or(text.len());
    let name = text.get(..len)?;
    match name.split_once(':') {
        None => is_ncname(name).then_some((len, 0)),
        Some((prefix, local)) => {
            (is_ncname(prefix) && is_ncname(local)).then_some((len, prefix.len()))
        }
    }
}

const START: u8 = 0;
const WITHIN: u8 = 1;
const COLON: u8 = 2;
const END: u8 = 3;
const NEITHER: u8 = 4;
const WIDE: u8 = 5;

/// What a byte is to a name; `WIDE` belongs to a character that is not ASCII.
#[inline]
fn class(byte: u8) -> u8 {
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    NAME_CLASS[usize::from(byte)]
}

const NAME_CLASS: [u8; 256] = {
    let mut classes = [NEITHER; 256];
    let mut index = 0;
    while index < 256 {
        #[allow(
            clippy::indexing_slicing,
            reason = "a constant; out of bounds does not compile"
        )]
        {
            classes[index] = match index as u8 {
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => START,
                b'0'..=b'9' | b'-' | b'.' => WITHIN,
                b':' => COLON,
                b' ' | b'\t' | b'\n' | b'\r' | b'=' => END,
                0x80.. => WIDE,
                _ => NEITHER,
            };
        }
        index += 1;
    }
    classes
};

/// XML white space, for patterns.
pub(crate) const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text after the white space that it begins with.
pub(crate) fn skip_spaces(text: &str) -> &str {
    let bytes = text.as_bytes();
    let spaces = bytes.iter().position(|byte| !is_space(*byte));
    text.get(spaces.unwrap_or(text.len())..).unwrap_or_default()
}

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
    fn one_pass_over_a_table_finds_what_the_productions_find() {
        let some: Vec<char> = ('\0'..'\u{180}')
            .chain(['苏', '\u{2FFF}', '\u{10000}', '\u{37E}'])
            .collect();
        for first in &some {
            for second in &some {
                for name in [
                    first.to_string(),
                    format!("{first}{second}"),
                    format!("a{first}{second}"),
                ] {
                    let by_table = qualified_name(&name);
                    assert_eq!(by_table, any_qualified_name(&name), "{name:?}");
                }
            }
        }
        assert_eq!(qualified_name(""), None);
        assert_eq!(qualified_name("c:Body id=\"1\""), Some((6, 1)));
        assert_eq!(qualified_name("园:门="), Some((7, 3)));
        for unlawful in [":a", "a:", "a:b:c", "a:1", "1", "=", " a", "a;b", "园:"] {
            assert_eq!(qualified_name(unlawful), None, "{unlawful:?}");
        }
    }
}
