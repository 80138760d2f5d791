//! Registrations of vehicles and persons: from when to when each form of them held, and on whose word.
//!
//! What acts is what acts at the gates: the park's word on a vehicle or person replaces everybody's, and an owner
//! changes nothing of it but that it rests. Of a person nothing is kept but his id in the park and his kind.

use cordon_contract::{Entry, EntryKind, Standing};
use cordon_model::codes::person_id;
use cordon_model::name::mark;
use cordon_model::{Body, LifeState, PersonRegistration, Timestamp, VehicleRegistration};
use rusqlite::params;
use serde::Serialize;

use super::kept::{Kept, over_at};
use super::names;
use crate::asked::{By, Face, Kind};
use crate::fault::{BROKEN, fault};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE registrations (
    entry INTEGER NOT NULL,        -- that said it
    owner TEXT NOT NULL,           -- on whose word; empty for the park's
    time INTEGER NOT NULL,         -- of that entry: from then on it held
    ended INTEGER, ended_time INTEGER,
    what TEXT NOT NULL,            -- VEHICLE or PERSON
    subject TEXT NOT NULL,         -- number and colour, or the person's id
    sender TEXT NOT NULL,
    id TEXT NOT NULL,
    plate TEXT, colour TEXT, person TEXT,
    kind TEXT NOT NULL,
    enterprise TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    state TEXT NOT NULL,
    over_at INTEGER NOT NULL,      -- past its validity, or taken back for good
    form INTEGER NOT NULL,         -- tells forms apart also in what is not kept here
    PRIMARY KEY (entry, owner)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX registrations_now ON registrations (what, subject, owner) WHERE ended IS NULL;
CREATE INDEX registrations_plate ON registrations (plate, entry) WHERE plate IS NOT NULL;
CREATE INDEX registrations_person ON registrations (person, entry) WHERE person IS NOT NULL;
CREATE INDEX registrations_state ON registrations (state, entry);
CREATE INDEX registrations_room ON registrations (owner, over_at, entry) WHERE ended IS NULL;
CREATE INDEX registrations_standing ON registrations (time) WHERE ended IS NULL;
CREATE INDEX registrations_over ON registrations (ended_time) WHERE ended IS NOT NULL;
CREATE TABLE registrations_kept (owner TEXT PRIMARY KEY, many INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// What stands.
const KEPT: Kept = Kept("registrations");

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::REGISTRATIONS,
    fold: names::REGISTRATIONS,
    table: "registrations",
    columns: &[
        ("what", "what", Kind::Text),
        ("id", "id", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("kind", "kind", Kind::Text),
        ("enterprise", "enterprise", Kind::Text),
        ("state", "state", Kind::Text),
        ("valid_from", "valid_from", Kind::Time),
        ("valid_to", "valid_to", Kind::Time),
        ("owner", "on_word_of", Kind::Owner),
        ("sender", "sender", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("ended_time", "until", Kind::Time),
    ],
    key: &[("entry", Kind::Number), ("owner", Kind::Text)],
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
pub(crate) struct Registrations;

impl Fold for Registrations {
    fn name(&self) -> &'static str {
        names::REGISTRATIONS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref();
        // What is overtaken, a test, or waits for the park's word changes nothing.
        let acts = entry.kind == EntryKind::Message
            && !entry.overtaken
            && entry.standing != Standing::Proposal;
        let Some(message) = said.filter(|message| acts && !message.header.test) else {
            return Ok(());
        };
        match &message.body {
            Body::VehicleRegistration(vehicle) => take(entry, &of_vehicle(entry, vehicle)?, rows),
            Body::PersonRegistration(person) => take(entry, &of_person(entry, person)?, rows),
            _ => Ok(()),
        }
    }

    fn takes(&self, message: &str) -> bool {
        matches!(message, "VehicleRegistration" | "PersonRegistration")
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        KEPT.forget(then, rows)
    }
}

/// One form of a registration.
#[derive(Clone)]
struct Registered {
    what: &'static str,
    subject: String,
    owner: String,
    id: String,
    plate: Option<(String, &'static str)>,
    person: Option<String>,
    kind: &'static str,
    enterprise: String,
    valid: (Timestamp, Timestamp),
    state: LifeState,
    form: i64,
}

fn of_vehicle(entry: &Entry, said: &VehicleRegistration) -> Result<Registered, Failure> {
    let plate = (said.plate.number.to_string(), said.plate.colour.as_str());
    Ok(Registered {
        what: "VEHICLE",
        subject: format!("{}/{}", plate.0, plate.1),
        owner: owner_of(entry, said.enterprise_id.as_str()),
        id: said.registration_id.clone(),
        plate: Some(plate),
        person: None,
        kind: said.subject_kind.as_str(),
        enterprise: said.enterprise_id.to_string(),
        valid: (said.valid_from, said.valid_to),
        state: said.state,
        form: form_of(said)?,
    })
}

fn of_person(entry: &Entry, said: &PersonRegistration) -> Result<Registered, Failure> {
    let person = person_id::normalise(&said.person_id);
    Ok(Registered {
        what: "PERSON",
        subject: person.clone(),
        owner: owner_of(entry, said.enterprise_id.as_str()),
        id: said.registration_id.clone(),
        plate: None,
        person: Some(person),
        kind: said.person_kind.as_str(),
        enterprise: said.enterprise_id.to_string(),
        valid: (said.valid_from, said.valid_to),
        state: said.state,
        form: form_of(said)?,
    })
}

fn owner_of(entry: &Entry, enterprise: &str) -> String {
    match entry.standing {
        Standing::Park => String::new(),
        _ => enterprise.to_owned(),
    }
}

/// A number that tells one form from another.
pub(crate) fn form_of(said: &impl Serialize) -> Result<i64, Failure> {
    let text = serde_json::to_string(said)
        .map_err(|error| fault(BROKEN, format!("what was said cannot be kept: {error}")))?;
    Ok(i64::from_ne_bytes(mark(&text).to_ne_bytes()))
}

fn take(entry: &Entry, said: &Registered, rows: &Rows<'_>) -> Result<(), Failure> {
    if said.owner.is_empty() {
        end_others(entry, said, rows)?;
    } else if let Some(parks) = standing_by_park(entry, said, rows)? {
        if said.state == LifeState::Active {
            return Ok(());
        }
        rest(entry, parks, said.state, rows)?;
    }
    let now = "SELECT entry, form FROM registrations WHERE what = ?1 AND subject = ?2 AND owner = ?3 AND ended IS NULL";
    let known = rows.one(now, params![said.what, said.subject, said.owner], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    match known {
        Some((_, form)) if form == said.form => return Ok(()),
        Some((which, _)) => KEPT.end(entry, (which, &said.owner), rows)?,
        None if !KEPT.has_place(entry, &said.owner, rows)? => return Ok(()),
        None => {}
    }
    put(entry, said, rows)
}

/// The park's own registration of it that holds, by its entry.
fn standing_by_park(
    entry: &Entry,
    said: &Registered,
    rows: &Rows<'_>,
) -> Result<Option<i64>, Failure> {
    rows.one(
        "SELECT entry FROM registrations WHERE what = ?1 AND subject = ?2 AND owner = '' AND ended IS NULL
            AND state = 'ACTIVE' AND valid_to >= ?3",
        params![said.what, said.subject, entry.clock.micros()],
        |row| row.get(0),
    )
}

/// What the park registered rests, or is taken back, on its owner's word.
fn rest(entry: &Entry, parks: i64, state: LifeState, rows: &Rows<'_>) -> Result<(), Failure> {
    let at = (number(entry.number), entry.time.micros());
    KEPT.end(entry, (parks, ""), rows)?;
    rows.set(
        "INSERT INTO registrations
         SELECT ?2, owner, ?3, NULL, NULL, what, subject, ?4, id, plate, colour, person, kind, enterprise,
            valid_from, valid_to, ?5, min(over_at, ?6), 0 FROM registrations WHERE entry = ?1 AND owner = ''",
        params![
            parks,
            at.0,
            at.1,
            entry.sender.as_str(),
            state.as_str(),
            over_at(entry, state, None)
        ],
    )?;
    KEPT.one_more("", rows)
}

/// The park's word replaces what enterprises said.
fn end_others(entry: &Entry, said: &Registered, rows: &Rows<'_>) -> Result<(), Failure> {
    let sql = "SELECT entry, owner FROM registrations WHERE what = ?1 AND subject = ?2 AND owner <> '' AND ended IS NULL";
    let others = rows.all(sql, params![said.what, said.subject], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    for (which, owner) in &others {
        KEPT.end(entry, (*which, owner), rows)?;
    }
    Ok(())
}

fn put(entry: &Entry, said: &Registered, rows: &Rows<'_>) -> Result<(), Failure> {
    let plate = said.plate.as_ref();
    rows.set(
        "INSERT INTO registrations VALUES
         (?1, ?2, ?3, NULL, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            number(entry.number),
            said.owner,
            entry.time.micros(),
            said.what,
            said.subject,
            entry.sender.as_str(),
            said.id,
            plate.map(|plate| &plate.0),
            plate.map(|plate| plate.1),
            said.person,
            said.kind,
            said.enterprise,
            said.valid.0.micros(),
            said.valid.1.micros(),
            said.state.as_str(),
            over_at(entry, said.state, Some(said.valid.1)),
            said.form,
        ],
    )?;
    KEPT.one_more(&said.owner, rows)
}
