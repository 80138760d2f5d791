//! Cuts an answer that is no XML into its notifications. Pure.
//!
//! One `&` in the name of a rule makes a whole answer unreadable, and with it the alarms beside it. So
//! the notifications are found by their tags alone, whatever prefix they have, and each is read by itself.
//! One pass; what a comment or a CDATA section holds is no tag, and what an attribute's value holds begins no
//! such section.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

/// The element that holds one notification.
const NOTIFICATION: &[u8] = b"NotificationMessage";
/// Bytes of a start tag in which its end is looked for.
const ATTRIBUTES_MAX: usize = 2_048;

/// A notification in the bytes of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Piece {
    /// Its place in the answer.
    pub(crate) at: Range<usize>,
    /// Whether it came to its end.
    pub(crate) is_whole: bool,
}

/// The notifications of an answer, in their order.
pub(crate) fn cut(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Option<usize> = None;
    let mut scan = Scan::new(bytes);
    while let Some((start, end, tag)) = scan.tag() {
        let begun = open.filter(|_| tag != Tag::Other);
        match tag {
            Tag::Opens => {
                // One that begins within another says that the first was never ended.
                pieces.extend(begun.map(|from| piece(from..start, false)));
                open = Some(start);
            }
            Tag::Closes => {
                pieces.extend(begun.map(|from| piece(from..end, true)));
                open = None;
            }
            Tag::Other => {}
        }
    }
    pieces.extend(open.map(|from| piece(from..bytes.len(), false)));
    pieces
}

fn piece(at: Range<usize>, is_whole: bool) -> Piece {
    Piece { at, is_whole }
}

/// What a tag is to a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tag {
    Opens,
    Closes,
    Other,
}

/// Goes over the tags of a text.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// A section that does not end is none; found out once, so that the pass stays one.
    endless: [bool; 2],
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            endless: [false; 2],
        }
    }

    /// The next tag: where it begins, where it ends, and what it is.
    fn tag(&mut self) -> Option<(usize, usize, Tag)> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            let start = self.at + memchr(b'<', rest)?;
            self.at = start + 1;
            let rest = self.bytes.get(start..)?;
            let closed = [("<!--", "-->"), ("<![CDATA[", "]]>")];
            let section = closed.iter().zip(self.endless.iter_mut());
            let section = section.filter(|((opens, _), _)| rest.starts_with(opens.as_bytes()));
            if let Some(((opens, closes), is_endless)) = section.into_iter().next() {
                let inside = rest.get(opens.len()..).filter(|_| !*is_endless);
                match inside.and_then(|inside| memmem::find(inside, closes.as_bytes())) {
                    Some(len) => self.at = start + opens.len() + len + closes.len(),
                    None => *is_endless = true,
                }
                continue;
            }
            let is_end = rest.get(1) == Some(&b'/');
            let name = rest.get(1 + usize::from(is_end)..).unwrap_or_default();
            // No name is longer; a text without an end is not looked through for each of its tags.
            let len = name.iter().take(600).position(|byte| ends_name(*byte));
            let Some(len) = len else {
                continue;
            };
            let name = name.get(..len).unwrap_or_default();
            let local = name.rsplit(|byte| *byte == b':').next();
            let tag = match (local == Some(NOTIFICATION), is_end) {
                (true, true) => Tag::Closes,
                (true, false) => Tag::Opens,
                (false, _) => Tag::Other,
            };
            let after = start + 1 + usize::from(is_end) + len;
            // One that is empty says nothing, and is none.
            let tag = match tag {
                Tag::Opens if is_empty(self.bytes.get(after..).unwrap_or_default()) => Tag::Other,
                tag => tag,
            };
            let end = match tag {
                Tag::Closes => {
                    let rest = self.bytes.get(after..).unwrap_or_default();
                    memchr(b'>', rest).map_or(after, |len| after + len + 1)
                }
                _ => after,
            };
            self.at = match tag {
                Tag::Closes => end,
                _ if is_end || !begins_name(name) => end,
                _ => end + attributes(self.bytes.get(end..).unwrap_or_default()),
            };
            return Some((start, end, tag));
        }
    }
}

/// Whether a start tag, its name taken away, is the end of its element too.
fn is_empty(rest: &[u8]) -> bool {
    let rest = rest.get(..ATTRIBUTES_MAX).unwrap_or(rest);
    // Another tag says that this one was not ended; so many of them cost no more than one.
    memchr2(b'>', b'<', rest).is_some_and(|end| {
        let is_ended = rest.get(end) == Some(&b'>');
        is_ended && rest.get(..end).is_some_and(|tag| tag.ends_with(b"/"))
    })
}

/// How long the attributes are that come behind a tag's name. A value that a notification's tag stands in was
/// never ended, and one with no white space or end behind it was not ended there: from such a one on nothing is
/// passed over, so that what is broken takes nothing with it.
fn attributes(rest: &[u8]) -> usize {
    let mut len = 0;
    while let Some(more) = rest.get(len..).and_then(attribute) {
        len += more;
    }
    len
}

/// How long an attribute is, its value and the white space before it.
fn attribute(rest: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b'=' | b'<' | b'>' | b'/' | b'"' | b'\'');
    let equals = rest.iter().take(600).position(ends)?;
    let name = rest.get(..equals)?.trim_ascii();
    if name.is_empty() || rest.get(equals) != Some(&b'=') {
        return None;
    }
    let behind = rest.get(equals + 1..)?;
    let space = behind.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let quote = behind
        .get(space)
        .filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = behind.get(space + 1..)?;
    let len = memchr(*quote, value)?;
    let is_ended = value
        .get(len + 1)
        .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
    let holds_one = memmem::find(value.get(..len)?, NOTIFICATION).is_some();
    (is_ended && !holds_one).then_some(equals + 1 + space + 1 + len + 1)
}

fn begins_name(name: &[u8]) -> bool {
    let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || !byte.is_ascii();
    name.first().is_some_and(begins)
}

fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<' | b'=')
}

#[cfg(test)]
mod tests {
    use super::cut;

    fn texts(text: &str) -> Vec<(&str, bool)> {
        let pieces = cut(text.as_bytes()).into_iter();
        pieces
            .map(|piece| (text.get(piece.at).unwrap(), piece.is_whole))
            .collect()
    }

    #[test]
    fn notifications_are_found_whatever_stands_beside_them() {
        let text = "<e:B><!-- <n:NotificationMessage> --><n:NotificationMessage a='1'>a & b\
                    <n:NotificationMessages/></n:NotificationMessage ><NotificationMessage>\
                    <![CDATA[</NotificationMessage>]]></NotificationMessage></e:C>";
        let found = texts(text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, is_whole)| *is_whole), "{found:?}");
        assert!(found[0].0.ends_with("</n:NotificationMessage >"));
        assert!(found[1].0.ends_with("]]></NotificationMessage>"));
    }

    #[test]
    fn what_is_cut_off_is_told_from_what_is_whole() {
        let found = texts(
            "<w:NotificationMessage>1<w:NotificationMessage>2</w:NotificationMessage><w:NotificationMessage>3</w:Not",
        );
        let ends: Vec<bool> = found.iter().map(|(_, is_whole)| *is_whole).collect();
        assert_eq!(ends, [false, true, false]);
        assert_eq!(texts("<html>no</html>"), []);
        assert_eq!(texts("</NotificationMessage>"), []);
        assert_eq!(
            texts("<n:NotificationMessage/><n:NotificationMessage a='1' />"),
            []
        );
    }

    #[test]
    fn a_value_begins_no_section() {
        for (from, to) in [
            ("<!-- x", "y -->"),
            ("<![CDATA[", "]]>"),
            ("<b> <!--", "-->"),
        ] {
            let item = |value| {
                format!(
                    "<n:NotificationMessage a='1'><I N = \"{value}\" v='2'/></n:NotificationMessage>"
                )
            };
            let text = [item(from), item("fire"), item(to)].concat();
            let found = texts(&text);
            assert_eq!(found.len(), 3, "{from}");
            assert!(found.iter().all(|(_, is_whole)| *is_whole), "{found:?}");
        }
    }

    /// A value that does not end takes no neighbour with it.
    #[test]
    fn a_value_without_an_end_costs_its_own_message_alone() {
        for broken in [
            "<I V=\"x></I>",
            "<I V=\"a\"b\" W='/>",
            "<I V=\"x/><J W=\"<!-- <K>\"/>",
        ] {
            let text = format!(
                "<NotificationMessage>{broken}</NotificationMessage>\
                 <NotificationMessage a=\"1\" b='2'>2</NotificationMessage>"
            );
            let found = texts(&text);
            assert_eq!(found.len(), 2, "{broken}");
            assert!(
                found[1].0.ends_with("'2'>2</NotificationMessage>"),
                "{broken}"
            );
        }
    }

    /// Each opens a comment that nothing ends: looked for once.
    #[test]
    fn a_text_of_beginnings_costs_one_pass() {
        let begun = std::time::Instant::now();
        for text in [
            "<!--",
            "<![CDATA[",
            "<NotificationMessage",
            "<",
            "<a b=\"",
            "<a b='<a b=\"",
            "<a b='' c=\"NotificationMessage ",
            "<a b= ",
            "<a ",
        ] {
            cut(text.repeat(200_000 / text.len()).as_bytes());
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
