//! Entries of the black and the white list: from when to when each form of them held.
//!
//! Why somebody is on a list is not kept here, nor a whole id document: the journal has both.

use cordon_contract::{Entry, EntryKind, Standing, speaker_of};
use cordon_model::codes::person_id;
use cordon_model::mask::{self, Depth};
use cordon_model::{Body, ListEntry, ListSubject};
use rusqlite::params;

use super::kept::{Kept, over_at};
use super::names;
use super::registrations::form_of;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE lists (
    entry INTEGER PRIMARY KEY,     -- that said it
    time INTEGER NOT NULL,         -- of that entry: from then on it held
    ended INTEGER, ended_time INTEGER,
    owner TEXT NOT NULL,           -- at whose gates it acts; empty for every gate, on the park's word
    id TEXT NOT NULL,
    sender TEXT NOT NULL,
    list TEXT NOT NULL,
    plate TEXT, colour TEXT,       -- no colour for a vehicle in whatever colour
    person TEXT, document TEXT,    -- the number of an id document masked
    valid_from INTEGER NOT NULL, valid_to INTEGER,
    state TEXT NOT NULL,
    over_at INTEGER NOT NULL,      -- past its validity, or taken back for good
    form INTEGER NOT NULL          -- tells forms apart also in what is not kept here
) STRICT;
CREATE UNIQUE INDEX lists_now ON lists (owner, id) WHERE ended IS NULL;
CREATE INDEX lists_plate ON lists (plate, entry) WHERE plate IS NOT NULL;
CREATE INDEX lists_person ON lists (person, entry) WHERE person IS NOT NULL;
CREATE INDEX lists_state ON lists (state, entry);
CREATE INDEX lists_room ON lists (owner, over_at, entry) WHERE ended IS NULL;
CREATE INDEX lists_standing ON lists (time) WHERE ended IS NULL;
CREATE INDEX lists_over ON lists (ended_time) WHERE ended IS NOT NULL;
CREATE TABLE lists_kept (owner TEXT PRIMARY KEY, many INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// What stands.
const KEPT: Kept = Kept("lists");

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::LISTS,
    fold: names::LISTS,
    table: "lists",
    columns: &[
        ("list", "list", Kind::Text),
        ("id", "id", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("document", "document", Kind::Text),
        ("state", "state", Kind::Text),
        ("valid_from", "valid_from", Kind::Time),
        ("valid_to", "valid_to", Kind::Time),
        ("owner", "on_word_of", Kind::Owner),
        ("sender", "sender", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("ended_time", "until", Kind::Time),
    ],
    key: &[("entry", Kind::Number)],
    time: "time",
    until: Some("ended_time"),
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::State, "state"),
    ],
    ..Face::NONE
};

/// The fold.
pub(crate) struct Lists;

impl Fold for Lists {
    fn name(&self) -> &'static str {
        names::LISTS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref();
        let acts = entry.kind == EntryKind::Message && !entry.overtaken;
        let Some(message) = said.filter(|message| acts && !message.header.test) else {
            return Ok(());
        };
        let Body::ListEntry(said) = &message.body else {
            return Ok(());
        };
        let owner = match entry.standing {
            Standing::Park => "",
            _ => speaker_of(message),
        };
        take(entry, (owner, said), rows)
    }

    fn takes(&self, message: &str) -> bool {
        message == "ListEntry"
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        KEPT.forget(then, rows)
    }
}

fn take(entry: &Entry, (owner, said): (&str, &ListEntry), rows: &Rows<'_>) -> Result<(), Failure> {
    let form = form_of(said)?;
    let now = "SELECT entry, form FROM lists WHERE owner = ?1 AND id = ?2 AND ended IS NULL";
    let known = rows.one(now, params![owner, said.entry_id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    match known {
        Some((_, known)) if known == form => return Ok(()),
        Some((which, _)) => KEPT.end(entry, (which, owner), rows)?,
        None if !KEPT.has_place(entry, owner, rows)? => return Ok(()),
        None => {}
    }
    put(entry, (owner, said, form), rows)
}

/// Plate, colour, person and masked document of whom an entry is about.
fn subject(said: &ListSubject) -> [Option<String>; 4] {
    match said {
        ListSubject::Plate(plate) => [
            Some(plate.number.to_string()),
            Some(plate.colour.as_str().to_owned()),
            None,
            None,
        ],
        ListSubject::PlateNumber(plate) => [Some(plate.to_string()), None, None, None],
        ListSubject::PersonId(id) => [None, None, Some(person_id::normalise(id)), None],
        ListSubject::PersonIdDocument(document) => {
            let masked = mask::id_number(&document.number, Depth::Report);
            [None, None, None, Some(masked)]
        }
    }
}

fn put(
    entry: &Entry,
    (owner, said, form): (&str, &ListEntry, i64),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let [plate, colour, person, document] = subject(&said.subject);
    rows.set(
        "INSERT INTO lists VALUES (?1, ?2, NULL, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            number(entry.number),
            entry.time.micros(),
            owner,
            said.entry_id,
            entry.sender.as_str(),
            said.list_kind.as_str(),
            plate,
            colour,
            person,
            document,
            said.valid_from.micros(),
            said.valid_to.map(|until| until.micros()),
            said.state.as_str(),
            over_at(entry, said.state, said.valid_to),
            form,
        ],
    )?;
    KEPT.one_more(owner, rows)
}
