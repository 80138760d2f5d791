//! A strict, bounded JSON reader that keeps numbers as the digits they came with.
//!
//! Readings may not pass through floating point, so numbers stay text. What devices write and JSON does
//! not have (`NaN`, `+1`, `.5`, `007`, `0x10`, a name given twice, a bare control character, half of a
//! surrogate pair, bytes that are not UTF-8, nesting without need) does not lose the document: a value that
//! nobody can rely on is [`Json::Odd`], which no field takes, and letters that cannot be read are replaced by
//! U+FFFD. A byte order mark before it, and NUL bytes and white space behind it, are no part of it.

use std::fmt::Write as _;

/// Deepest nesting that is read; what lies deeper is passed over.
const DEPTH_MAX: usize = 32;
/// Most values (scalars, arrays, objects together) in one document.
const VALUES_MAX: usize = 100_000;

/// A JSON value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, escapes resolved.
    Text(String),
    /// A value that cannot be relied on: what it is, for messages.
    Odd(&'static str),
    /// An array.
    Array(Vec<Json>),
    /// An object; names are unique and keep their order.
    Object(Vec<(String, Json)>),
}

/// Why a text is not read, with its place as `line:column` counted from 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JsonFault {
    /// Line and column of the first byte that cannot be read.
    pub place: (usize, usize),
    /// What is wrong there.
    pub detail: &'static str,
}

impl Json {
    /// Reads one document; anything but white space after it is a fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_padding = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
        let end = bytes.iter().rposition(|byte| !is_padding(byte));
        let bytes = bytes.get(..end.map_or(0, |end| end + 1)).unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader {
            bytes: text.as_bytes(),
            text: &text,
            at: 0,
            values: 0,
        };
        let value = reader.value(0)?;
        reader.space();
        if reader.at < reader.bytes.len() {
            return Err(reader.fault("text after the end of the document"));
        }
        Ok(value)
    }

    /// The value at a JSON pointer (RFC 6901); `""` is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |value, part| {
                let name = part.replace("~1", "/").replace("~0", "~");
                match value {
                    Self::Object(members) => members
                        .iter()
                        .find(|(key, _)| *key == name)
                        .map(|(_, value)| value),
                    Self::Array(items) => items.get(name.parse::<usize>().ok()?),
                    _ => None,
                }
            })
    }

    /// The text of a scalar; `None` for null, arrays and objects.
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Null | Self::Odd(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Odd(what) => what,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn fault(&self, detail: &'static str) -> JsonFault {
        JsonFault {
            place: line_column(self.bytes, self.at),
            detail,
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, detail: &'static str) -> Result<(), JsonFault> {
        self.space();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(detail))
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.space();
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(self.fault("more than 100000 values"));
        }
        if depth > DEPTH_MAX && matches!(self.peek(), Some(b'{' | b'[')) {
            return self.pass_over();
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-') if self.rest().starts_with("-Infinity") => self.word(),
            Some(b'+' | b'-' | b'.' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.fault("the document ends too early")),
        }
    }

    fn word(&mut self) -> Result<Json, JsonFault> {
        let rest = self.rest();
        for (word, value) in [
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("null", Json::Null),
            ("NaN", Json::Odd("NaN, which is no number")),
            ("nan", Json::Odd("NaN, which is no number")),
            ("Infinity", Json::Odd("infinite, which is no number")),
            ("-Infinity", Json::Odd("infinite, which is no number")),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("not a JSON value"))
    }

    /// A number, or what firmware writes for one and nobody can rely on: `+1`, `.5`, `1.`, `007`, `0x10`.
    fn number(&mut self) -> Result<Json, JsonFault> {
        let start = self.at;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if is_number(text.as_bytes()) {
            return Ok(Json::Number(text.to_owned()));
        }
        // A word with a sign or a digit somewhere is another thing than a number.
        let looks_like = text.bytes().any(|byte| byte.is_ascii_digit());
        let is_hex = text.trim_start_matches(['+', '-']).starts_with(['0']);
        let others = text.bytes().filter(u8::is_ascii_alphabetic).count();
        if looks_like && (is_hex || others <= 1) {
            return Ok(Json::Odd("a number as JSON does not write it"));
        }
        self.at = start;
        Err(self.fault("not a JSON number"))
    }

    /// Goes past an array or object without looking into it.
    fn pass_over(&mut self) -> Result<Json, JsonFault> {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(Json::Odd("nested deeper than 32"));
            }
        }
        Err(self.fault("the document ends too early"))
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.fault("`,` or `]` expected")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("a name in quotes expected"));
            }
            let name = self.string()?;
            self.expect(b':', "`:` expected")?;
            let value = self.value(depth + 1)?;
            match places.get(&name).and_then(|at| members.get_mut(*at)) {
                // Two readers could take two of them, so nobody takes one.
                Some((_, first)) if *first != value => {
                    *first = Json::Odd("given twice with two values");
                }
                Some(_) => {}
                None => {
                    places.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return Err(self.fault("`,` or `}` expected")),
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self
                .peek()
                .is_some_and(|byte| byte != b'"' && byte != b'\\')
            {
                self.at += 1;
            }
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.fault("the document ends inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let byte = self
            .peek()
            .ok_or_else(|| self.fault("the document ends inside a string"))?;
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.fault("unknown escape")),
        })
    }

    /// The letter of `\uHHHH`; half of a surrogate pair has none.
    fn unicode(&mut self) -> Result<char, JsonFault> {
        let high = self.hex()?;
        let pair = (0xD800..0xDC00).contains(&high);
        if pair && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, JsonFault> {
        let digits = self.text.get(self.at..self.at + 4);
        let code = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.fault("four hexadecimal digits expected"))?;
        self.at += 4;
        Ok(code)
    }
}

/// Whether JSON has this number.
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (text, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (text.get(..at), text.get(at + 1..)),
        None => (Some(text), None),
    };
    let mut parts = text.unwrap_or_default().splitn(2, |byte| *byte == b'.');
    let is_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole = parts.next().unwrap_or_default();
    let is_whole = is_digits(whole) && (whole.len() == 1 || !whole.starts_with(b"0"));
    let power = power.map(|power| {
        let signed = power
            .strip_prefix(b"+")
            .or_else(|| power.strip_prefix(b"-"));
        signed.unwrap_or(power)
    });
    is_whole && parts.next().is_none_or(is_digits) && power.is_none_or(is_digits)
}

fn line_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count()
        + 1;
    (line, column)
}

impl std::fmt::Display for JsonFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut place = String::new();
        write!(place, "{}:{}", self.place.0, self.place.1)?;
        write!(f, "{} at {place}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn numbers_keep_their_digits() {
        let json = Json::parse(br#"{"a":[21.50,-0,1e3,12345678901234567890]}"#).unwrap();
        let all: Vec<_> = (0..4)
            .map(|i| json.pointer(&format!("/a/{i}")).unwrap().scalar().unwrap())
            .collect();
        assert_eq!(all, ["21.50", "-0", "1e3", "12345678901234567890"]);
    }

    #[test]
    fn escapes_and_pointers() {
        let json = Json::parse(r#"{"a/b":{"~":"\u82cf\ud83d\ude9aA\n"}}"#.as_bytes()).unwrap();
        assert_eq!(json.pointer("/a~1b/~0").unwrap().scalar(), Some("苏🚚A\n"));
        assert_eq!(json.pointer("/a"), None);
    }

    #[test]
    fn what_devices_write_loses_no_document() {
        let json = Json::parse(
            b"{\"a\":NaN,\"b\":[-Infinity,1],\"c\":1,\"c\":2,\"d\":1,\"d\":1,\"e\":\"x\x01\xffy\",\"f\":\"\\ud800\\u0041\"}",
        )
        .unwrap();
        let at = |pointer: &str| json.pointer(pointer).unwrap();
        for odd in ["/a", "/b/0", "/c"] {
            assert!(matches!(at(odd), Json::Odd(_)), "{odd}");
            assert_eq!(at(odd).scalar(), None);
        }
        assert_eq!(
            (at("/b/1").scalar(), at("/d").scalar()),
            (Some("1"), Some("1"))
        );
        assert_eq!(at("/e").scalar(), Some("x\u{1}\u{fffd}y"));
        assert_eq!(at("/f").scalar(), Some("\u{fffd}A"));
    }

    #[test]
    fn a_side_field_that_is_nearly_json_loses_no_document() {
        for side in ["+1", ".5", "1.", "007", "-007", "0x10", "1e", "1-2", "12V"] {
            let text = format!("{{\"side\":{side},\"smoke\":true}}");
            let json = Json::parse(text.as_bytes()).unwrap();
            let odd = json.pointer("/side").unwrap();
            assert!(matches!(odd, Json::Odd(_)), "{side}: {odd:?}");
            assert_eq!(json.pointer("/smoke").unwrap().scalar(), Some("true"));
        }
        let deep = format!(
            "{{\"a\":{}\"]\"{},\"smoke\":true}}",
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        let json = Json::parse(deep.as_bytes()).unwrap();
        assert_eq!(json.pointer("/smoke").unwrap().scalar(), Some("true"));
    }

    #[test]
    fn what_stands_around_a_document_is_no_part_of_it() {
        for text in ["\u{feff}{\"a\":1}", "{\"a\":1}\0", "{\"a\":1} \r\n\0\0"] {
            let json = Json::parse(text.as_bytes()).unwrap();
            assert_eq!(json.pointer("/a").unwrap().scalar(), Some("1"), "{text:?}");
        }
        assert!(Json::parse(b"{\"a\":1}\0{}").is_err());
        assert!(Json::parse(b"\0").is_err());
    }

    #[test]
    fn every_kind_of_garbage_is_refused_with_its_place() {
        for (text, place) in [
            ("", (1, 1)),
            ("[1,]", (1, 4)),
            ("{\n \"a\" 1}", (2, 6)),
            ("1 2", (1, 3)),
            ("-x", (1, 1)),
            ("\"\\x\"", (1, 4)),
            ("nul", (1, 1)),
            ("{} {}", (1, 4)),
            ("\"open", (1, 6)),
            ("[NAN]", (1, 2)),
        ] {
            assert_eq!(
                Json::parse(text.as_bytes()).unwrap_err().place,
                place,
                "{text}"
            );
        }
        let open = "[".repeat(40);
        assert!(Json::parse(open.as_bytes()).is_err());
    }
}
