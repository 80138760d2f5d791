//! What can be saved of an answer that is no XML, or that did not come to its end. Pure.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

use crate::cut::cut;
use crate::decode::{Notification, notification};
use crate::mend::{declared, mend};
use crate::soap::{Answer, below};

/// Most bytes kept of what is lost; its digest is of all of it.
const KEPT_MAX: usize = 16 * 1024;

/// What is worth an entry: how many there are of it, why, and the first of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// How many.
    pub(crate) count: u64,
    /// What is wrong with the first.
    pub(crate) why: String,
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
        self.why = format!("{why} ({} bytes, sha-256 {hash})", raw.len());
        self.raw = Bytes::copy_from_slice(raw.get(..KEPT_MAX).unwrap_or(raw));
    }
}

/// Looks for notifications in an answer, each by itself. Where none is found all of it is lost; where the
/// answer did not come to its end, what is missing is.
pub(crate) fn salvage(bytes: &[u8], is_whole: bool, why: &str) -> Salvaged {
    let mut saved = Salvaged::default();
    let pieces = cut(bytes);
    saved.found = pieces.len();
    let first = pieces.first().map_or(0, |piece| piece.at.start);
    let declared = declared(bytes.get(..first).unwrap_or_default());
    for piece in &pieces {
        let raw = bytes.get(piece.at.clone()).unwrap_or_default();
        if !piece.is_whole {
            saved.lost.note("a message without its end", raw);
            continue;
        }
        let read = mend(raw, &declared).and_then(|mended| {
            let found = below(mended.document.root(), "NotificationMessage");
            let found = found.and_then(notification);
            let found = found.ok_or("a message without a topic")?;
            Ok((found, mended.why))
        });
        match read {
            Ok((found, why)) => {
                if !why.is_empty() {
                    saved.mended.note(&why.join(", "), raw);
                }
                let raw = Bytes::copy_from_slice(raw.get(..KEPT_MAX).unwrap_or(raw));
                saved.notifications.push(Notification { raw, ..found });
            }
            Err(why) => saved.lost.note(&why, raw),
        }
    }
    if pieces.is_empty() || !is_whole && saved.lost.count == 0 {
        saved.lost.note(why, bytes);
    }
    saved
}

/// Messages of a sound answer that have no topic, or none that can be read: nobody knows what they say.
pub(crate) fn unnamed(answer: &Answer) -> Told {
    let mut told = Told::default();
    let messages = answer.payload().children();
    let messages = messages.filter(|node| node.local() == "NotificationMessage");
    for node in messages.filter(|node| node.children().next().is_some()) {
        if notification(node).is_none() {
            let raw = node.document().bytes().get(node.span());
            told.note("a message without a topic", raw.unwrap_or_default());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{Salvaged, salvage};

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
        salvage(text.as_bytes(), !tail.is_empty(), "no end")
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
        assert!(saved.lost.why.contains("sha-256"), "{}", saved.lost.why);
        assert!(saved.lost.raw.starts_with(b"<n:NotificationMessage>"));
    }

    #[test]
    fn of_what_was_cut_off_the_whole_messages_are_used() {
        let cut = message("true", "").replace("</n:NotificationMessage>", "");
        let one = saved(&[message("true", ""), cut], "");
        assert_eq!((one.notifications.len(), one.lost.count), (1, 1));
        let one = saved(&[message("true", "")], "");
        assert_eq!((one.notifications.len(), one.lost.count), (1, 1));
        let none = salvage(b"\x00\x01 no answer", true, "no XML");
        assert_eq!((none.notifications.len(), none.lost.count), (0, 1));
    }
}
