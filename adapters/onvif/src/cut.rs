//! Cuts an answer that is no XML into its notifications. Pure.
//!
//! One `&` in the name of a rule makes a whole answer unreadable, and with it the alarms beside it. So
//! the notifications are found by their tags alone, whatever prefix they have, and each is read by itself.
//! One pass; what a comment or a CDATA section holds is no tag.

use std::ops::Range;

use memchr::memchr;
use memchr::memmem;

/// The element that holds one notification.
const NOTIFICATION: &[u8] = b"NotificationMessage";
/// Most notifications taken of one answer.
const PIECES_MAX: usize = 1_000;

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
        if pieces.len() >= PIECES_MAX {
            return pieces;
        }
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
            self.at = end;
            return Some((start, end, tag));
        }
    }
}

/// Whether a start tag, its name taken away, is the end of its element too.
fn is_empty(rest: &[u8]) -> bool {
    let rest = rest.get(..ATTRIBUTES_MAX).unwrap_or(rest);
    memchr(b'>', rest).is_some_and(|end| rest.get(..end).is_some_and(|tag| tag.ends_with(b"/")))
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

    /// Each opens a comment that nothing ends: looked for once.
    #[test]
    fn a_text_of_beginnings_costs_one_pass() {
        let begun = std::time::Instant::now();
        for text in ["<!--", "<![CDATA[", "<NotificationMessage", "<"] {
            cut(text.repeat(400_000 / text.len()).as_bytes());
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
