//! The table as a page for people: what `cordon explain authority` prints and
//! `docs/reference/authority.md` holds.

use std::fmt::Write as _;

use cordon_model::MessageType;

use super::table::Table;
use super::words::{Thing, Voice, Whose};

impl Table {
    /// The whole table in Markdown.
    pub fn page(&self) -> String {
        let mut page = String::new();
        let mut nobody = Vec::new();
        for message_type in MessageType::ALL.iter().copied() {
            let voices = Voice::ALL.into_iter();
            let speakers: Vec<Voice> = voices
                .filter(|voice| self.may_say(*voice, message_type))
                .collect();
            if speakers.is_empty() {
                nobody.push(format!("`{message_type}`"));
                continue;
            }
            self.section(&mut page, message_type, &speakers);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "## Nobody outside\n\nNobody may send {}: they are the hub's own.",
            nobody.join(", ")
        );
        page
    }

    fn section(&self, page: &mut String, message_type: MessageType, speakers: &[Voice]) {
        let things = Self::things(message_type);
        let names: Vec<&str> = things.iter().map(|thing| thing.as_str()).collect();
        let chinese = message_type.as_chinese();
        let _ = writeln!(page, "## {message_type} {chinese}\n");
        if things.is_empty() {
            let who: Vec<&str> = speakers.iter().map(|voice| voice.as_str()).collect();
            let _ = writeln!(
                page,
                "By {}. It names nothing of anybody's.\n",
                who.join(", ")
            );
            return;
        }
        let _ = writeln!(page, "| by | {} |", names.join(" | "));
        let _ = writeln!(page, "|{}", "---|".repeat(things.len() + 1));
        for voice in speakers {
            let cells = things
                .iter()
                .map(|thing| self.cell(*voice, message_type, *thing));
            let cells: Vec<String> = cells.collect();
            let _ = writeln!(page, "| {} | {} |", voice.as_str(), cells.join(" | "));
        }
        page.push('\n');
    }

    fn cell(&self, voice: Voice, message_type: MessageType, thing: Thing) -> String {
        let allowed = Whose::ALL
            .into_iter()
            .filter(|whose| self.allows(voice, message_type, thing, *whose));
        let words: Vec<&str> = allowed.map(Whose::as_str).collect();
        words.join(", ")
    }
}
