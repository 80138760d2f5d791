//! What can be saved of an answer that is no XML, or that did not come to its end. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

use crate::cut::cut;
use crate::decode::{NOTIFICATIONS_MAX, Notification, notification};
use crate::mend::{declared, mend};
use crate::soap::{Answer, below};

/// Most bytes kept of what is lost; its digest is of all of it.
const KEPT_MAX: usize = 16 * 1024;
/// Encodings of Chinese that firmware uses where it should use UTF-8; no decoder of them is here.
const CHINESE: [&str; 4] = ["gb2312", "gbk", "gb18030", "gb_2312"];

/// Why a message is lost that stands beyond the limit.
const BEYOND: &str = "a message beyond the 1,000 that are taken of one answer";

/// What is worth an entry: how many there are of it, why, and the first of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// How many.
    pub(crate) count: u64,
    /// What is wrong with the first.
    pub(crate) why: String,
    /// Which the first is: its size and its digest.
    pub(crate) which: String,
    /// Its bytes, cut.
    pub(crate) raw: Bytes,
}

/// What was saved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Salvaged {
    /// What can be read, mended or not.
    pub(crate) notifications: Vec<Notification>,
    /// Of these what was mended.
    pub(crate) mended: Told,
    /// What cannot be read.
    pub(crate) lost: Told,
    /// Messages that were found, whole or not.
    pub(crate) found: usize,
}

impl Told {
    fn note(&mut self, why: &str, raw: &[u8]) {
        self.count += 1;
        if self.count > 1 {
            return;
        }
        let hash = digest(&SHA256, raw);
        let hash: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        self.why = why.to_owned();
        self.which = format!("{} bytes, sha-256 {hash}", raw.len());
        self.raw = Bytes::copy_from_slice(raw.get(..KEPT_MAX).unwrap_or(raw));
    }
}

impl Salvaged {
    /// Reads one message; `harm` says of it, and of whether it was mended, why it counts as lost.
    fn read(
        &mut self,
        raw: &[u8],
        declared: &[(String, String)],
        harm: impl Fn(&Notification, bool) -> Option<&'static str>,
    ) {
        let read = mend(raw, declared).and_then(|mended| {
            let found = below(mended.document.root(), "NotificationMessage");
            let found = found.and_then(notification);
            let found = found.ok_or("a message without a topic")?;
            Ok((found, mended.why))
        });
        let (found, why) = match read {
            Ok(read) => read,
            Err(why) => return self.lost.note(&why, raw),
        };
        match harm(&found, !why.is_empty()) {
            Some(harm) => self.lost.note(harm, raw),
            None if why.is_empty() => {}
            None => self.mended.note(&why.join(", "), raw),
        }
        let raw = Bytes::copy_from_slice(raw.get(..KEPT_MAX).unwrap_or(raw));
        self.notifications.push(Notification { raw, ..found });
    }
}

/// An answer to look for notifications in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wreck<'a> {
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// Whether all of it came.
    pub(crate) is_whole: bool,
    /// Whether it was sent as Chinese in another encoding than UTF-8.
    pub(crate) is_chinese: bool,
    /// What is wrong with it.
    pub(crate) why: &'a str,
}

/// Looks for notifications in an answer, each by itself. Where none is found all of it is lost; where the
/// answer did not come to its end, what is missing is. `harmed` says of a message that had to be mended what of
/// it can no longer mean anything: it counts as lost, and what is left of it is read all the same.
pub(crate) fn salvage(
    wreck: Wreck<'_>,
    harmed: impl Fn(&Notification) -> Option<&'static str>,
) -> Salvaged {
    let Wreck {
        bytes,
        is_whole,
        why,
        ..
    } = wreck;
    let mut saved = Salvaged::default();
    let is_chinese = wreck.is_chinese || is_chinese(declared_encoding(bytes));
    let pieces = cut(bytes);
    saved.found = pieces.len();
    let first = pieces.first().map_or(0, |piece| piece.at.start);
    let declared = declared(bytes.get(..first).unwrap_or_default());
    for (number, piece) in pieces.iter().enumerate() {
        let raw = bytes.get(piece.at.clone()).unwrap_or_default();
        if number >= NOTIFICATIONS_MAX {
            saved.lost.note(BEYOND, raw);
            continue;
        }
        if !piece.is_whole {
            saved.lost.note("a message without its end", raw);
            continue;
        }
        let judge = |found: &Notification, is_mended: bool| match is_chinese && !raw.is_ascii() {
            true => Some("letters that are not UTF-8"),
            false => harmed(found).filter(|_| is_mended),
        };
        saved.read(raw, &declared, judge);
    }
    if pieces.is_empty() || !is_whole && saved.lost.count == 0 {
        saved.lost.note(why, bytes);
    }
    saved
}

/// Whether the name of an encoding is one of Chinese that is not read.
pub(crate) fn is_chinese(name: &str) -> bool {
    CHINESE.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The encoding that an answer's XML declaration names; empty where it names none.
fn declared_encoding(bytes: &[u8]) -> &str {
    let head = bytes.get(..200).unwrap_or(bytes);
    let end = memchr::memmem::find(head, b"?>").unwrap_or(0);
    let head = head.get(..end).and_then(|head| str::from_utf8(head).ok());
    let after = head.and_then(|head| head.split_once("encoding"));
    let value = after.and_then(|(_, after)| after.split(['"', '\'']).nth(1));
    value.unwrap_or_default().trim()
}

/// Messages of a sound answer that nobody hears: those without a topic that can be read, so that nobody knows
/// what they say, and those beyond what is taken of one answer.
pub(crate) fn unheard(answer: &Answer) -> Told {
    let mut told = Told::default();
    let messages = answer.payload().children();
    let messages = messages.filter(|node| node.local() == "NotificationMessage");
    for (number, node) in messages.enumerate() {
        let why = match number >= NOTIFICATIONS_MAX {
            true => BEYOND,
            // One that is empty says nothing.
            false if node.children().next().is_none() || notification(node).is_some() => continue,
            false => "a message without a topic",
        };
        let raw = node.document().bytes().get(node.span());
        told.note(why, raw.unwrap_or_default());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{Salvaged, Wreck, salvage};

    const HEAD: &str = "<?xml version='1.0'?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
        xmlns:t='http://www.onvif.org/ver10/topics' xmlns:n='urn:n'><s:Body><e:PullMessagesResponse xmlns:e='urn:e'>";

    fn message(value: &str, more: &str) -> String {
        format!(
            "<n:NotificationMessage><n:Topic>t:Device/Trigger/DigitalInput</n:Topic><n:Message>\
             <Message UtcTime='2026-11-30T10:00:00Z'><Source><SimpleItem Name='InputToken' Value='in1'/>\
             </Source><Data><SimpleItem Name='LogicalState' Value='{value}'/>{more}</Data></Message>\
             </n:Message></n:NotificationMessage>"
        )
    }

    fn saved(messages: &[String], tail: &str) -> Salvaged {
        let text = format!("{HEAD}{}{tail}", messages.concat());
        of(text.as_bytes(), !tail.is_empty())
    }

    fn of(bytes: &[u8], is_whole: bool) -> Salvaged {
        let wreck = Wreck {
            bytes,
            is_whole,
            is_chinese: false,
            why: "no end",
        };
        salvage(wreck, |found| {
            found.topic.contains('\u{fffd}').then_some("its topic")
        })
    }

    const TAIL: &str = "</e:PullMessagesResponse></s:Body></s:Envelope>";

    #[test]
    fn a_broken_message_loses_neither_itself_nor_its_neighbours() {
        let broken = "<SimpleItem Name='Rule' Value='Tor & Hof'/>";
        let saved = saved(&[message("true", broken), message("false", "")], TAIL);
        let values = saved.notifications.iter();
        let values: Vec<_> = values.map(|one| one.item("data.LogicalState")).collect();
        assert_eq!(values, [Some("true"), Some("false")]);
        assert_eq!((saved.mended.count, saved.lost.count), (1, 0));
        let first = &saved.notifications[0];
        assert_eq!(first.topic, "tns1:Device/Trigger/DigitalInput");
        assert_eq!(first.item("data.Rule"), Some("Tor & Hof"));
        assert!(saved.mended.raw.starts_with(b"<n:NotificationMessage>"));
    }

    #[test]
    fn what_cannot_be_mended_is_told_with_its_bytes() {
        let saved = saved(&[message("true", "<A></B>"), message("true", "")], TAIL);
        assert_eq!(saved.notifications.len(), 1);
        assert_eq!((saved.mended.count, saved.lost.count), (0, 1));
        let which = &saved.lost.which;
        assert!(which.contains("sha-256"), "{which}");
        assert!(saved.lost.raw.starts_with(b"<n:NotificationMessage>"));
    }

    #[test]
    fn of_what_was_cut_off_the_whole_messages_are_used() {
        let cut = message("true", "").replace("</n:NotificationMessage>", "");
        let one = saved(&[message("true", ""), cut], "");
        assert_eq!((one.notifications.len(), one.lost.count), (1, 1));
        let one = saved(&[message("true", "")], "");
        assert_eq!((one.notifications.len(), one.lost.count), (1, 1));
        let none = of(b"\x00\x01 no answer", true);
        assert_eq!((none.notifications.len(), none.lost.count), (0, 1));
    }

    #[test]
    fn two_names_that_look_like_a_comment_swallow_nothing() {
        let rule = |name: &str| format!("<SimpleItem Name='Rule' Value='{name}'/>");
        for (from, to) in [("<!-- x", "y -->"), ("<![CDATA[", "]]>")] {
            let messages = [
                message("false", &rule(from)),
                message("true", ""),
                message("false", &rule(to)),
            ];
            let saved = saved(&messages, TAIL);
            let values = saved.notifications.iter();
            let values: Vec<_> = values.map(|one| one.item("data.LogicalState")).collect();
            assert_eq!(values, [Some("false"), Some("true"), Some("false")]);
            assert_eq!(saved.lost.count, 0);
        }
    }

    #[test]
    fn what_lies_beyond_the_limit_is_lost_and_told() {
        let mut messages = vec![message("false", ""); 1_003];
        messages[7] = message("false", "<SimpleItem Name='Rule' Value='a&b'/>");
        let saved = saved(&messages, TAIL);
        assert_eq!(saved.notifications.len(), 1_000);
        assert_eq!((saved.mended.count, saved.lost.count), (1, 3));
        assert!(saved.lost.why.contains("1,000"), "{}", saved.lost.why);
    }

    #[test]
    fn what_is_harmed_where_it_matters_is_lost_and_not_mended() {
        let topic = |with: &str| message("true", "").replace("Input</n", &format!("{with}</n"));
        let one = saved(&[topic("Input&#0;")], TAIL);
        assert_eq!((one.mended.count, one.lost.count), (1, 0));
        assert_eq!(
            one.notifications[0].topic,
            "tns1:Device/Trigger/DigitalInput"
        );
        let one = saved(&[topic("In&#0;put")], TAIL);
        assert_eq!((one.mended.count, one.lost.count), (0, 1));
        assert_eq!(one.lost.why, "its topic");
    }

    #[test]
    fn chinese_in_another_encoding_is_lost_and_its_ascii_is_read() {
        let head = HEAD.replace("'1.0'?", "'1.0' encoding=\"GB2312\" ?");
        let mut text = format!("{head}{}", message("true", "")).into_bytes();
        text.extend_from_slice(b"<n:NotificationMessage><n:Topic>t:X</n:Topic><A V='\xd4\xa5'/>");
        text.extend_from_slice(format!("</n:NotificationMessage>{TAIL}").as_bytes());
        let one = of(&text, true);
        assert_eq!((one.notifications.len(), one.lost.count), (2, 1));
        assert!(one.lost.why.contains("not UTF-8"), "{}", one.lost.why);
        assert_eq!(one.mended.count, 0);
    }
}
