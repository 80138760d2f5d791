//! Stays in the park: who came in where, and left where; one row each.
//!
//! What a stay is, access control says (`access.md`): a passage in at a gate of the park begins it, the next passage
//! out ends it, and a vehicle that comes in again without having been seen to leave ends its stay before. Its own
//! records name the stay they mean. What an enterprise says of its own gates moves nothing here, as there.

use cordon_contract::{Entry, EntryKind, Standing};
use cordon_model::codes::person_id;
use cordon_model::{
    AuditEvent, Body, Direction, GateTier, PartyId, PassageRecord, PassageResult, SubjectKind,
};
use rusqlite::params;

use super::names;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE visits (
    entry INTEGER PRIMARY KEY,     -- with which it began
    time INTEGER NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,            -- VEHICLE or PERSON
    plate TEXT, colour TEXT,       -- none of what nobody could name
    person TEXT,
    kind TEXT NOT NULL,
    entered INTEGER NOT NULL,      -- as the gate says
    gate_in TEXT NOT NULL, lane_in TEXT,
    grant_id TEXT,
    ended INTEGER, ended_time INTEGER,  -- the entry that ended it; none while it lasts
    until INTEGER,                 -- when it left as the gate says, else the time of that entry
    gate_out TEXT, lane_out TEXT,
    state TEXT NOT NULL            -- INSIDE; LEFT; UNSEEN came in again; CROWDED made room for another
) STRICT;
CREATE INDEX visits_now_plate ON visits (plate) WHERE ended IS NULL AND plate IS NOT NULL;
CREATE INDEX visits_now_person ON visits (person) WHERE ended IS NULL AND what = 'PERSON';
CREATE INDEX visits_now ON visits (what, entry) WHERE ended IS NULL;
CREATE INDEX visits_now_id ON visits (id) WHERE ended IS NULL;
CREATE INDEX visits_plate ON visits (plate, entry) WHERE plate IS NOT NULL;
CREATE INDEX visits_person ON visits (person, entry) WHERE person IS NOT NULL;
CREATE INDEX visits_gate_in ON visits (gate_in, entry);
CREATE INDEX visits_gate_out ON visits (gate_out, entry) WHERE gate_out IS NOT NULL;
CREATE INDEX visits_state ON visits (state, entry);
CREATE INDEX visits_when ON visits (entered);
CREATE INDEX visits_over ON visits (ended_time) WHERE ended IS NOT NULL;
CREATE TABLE visits_open (what TEXT PRIMARY KEY, many INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Vehicles that are in at once, and persons; the oldest stay gives way. Access control has no more places.
const OPEN_MAX: i64 = 1_000_000;
const VEHICLE: &str = "VEHICLE";
const PERSON: &str = "PERSON";
/// What access control says of stays that end without a passage.
const EXIT_UNSEEN: &str = "access.exit-unseen";
const VISITS_FULL: &str = "access.visits-full";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::VISITS,
    fold: names::VISITS,
    table: "visits",
    columns: &[
        ("id", "id", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("kind", "kind", Kind::Text),
        ("entered", "entered", Kind::Time),
        ("gate_in", "gate_in", Kind::Text),
        ("lane_in", "lane_in", Kind::Text),
        ("grant_id", "grant", Kind::Text),
        ("until", "left", Kind::Time),
        ("gate_out", "gate_out", Kind::Text),
        ("lane_out", "lane_out", Kind::Text),
        ("state", "state", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("ended", "ended_by", Kind::Number),
    ],
    key: &[("entry", Kind::Number)],
    time: "entered",
    until: Some("until"),
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::Gate, "gate_in"),
        (By::Gate, "gate_out"),
        (By::State, "state"),
    ],
    ..Face::NONE
};

/// The fold of a hub's park.
pub(crate) struct Visits(PartyId);

impl Visits {
    pub fn of(hub: PartyId) -> Self {
        Self(hub)
    }
}

impl Fold for Visits {
    fn name(&self) -> &'static str {
        names::VISITS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref();
        let Some(message) = said.filter(|message| !entry.overtaken && !message.header.test) else {
            return Ok(());
        };
        match (entry.kind, &message.body) {
            (EntryKind::Message, Body::PassageRecord(record)) if self.is_parks(entry, record) => {
                passed(entry, record, rows)
            }
            (EntryKind::Audit, Body::AuditEvent(event)) if entry.sender == self.0 => {
                closed(entry, event, rows)
            }
            _ => Ok(()),
        }
    }

    fn takes(&self, message: &str) -> bool {
        message == "PassageRecord"
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM visits WHERE ended IS NOT NULL AND ended_time < ?1",
            "DELETE FROM visits WHERE ended IS NOT NULL AND ended <= ?1",
            rows,
        )
    }
}

impl Visits {
    /// Whether it is of a gate of the park, on the park's own word.
    fn is_parks(&self, entry: &Entry, record: &PassageRecord) -> bool {
        record.tier == GateTier::Park
            && record.enterprise_id.is_none()
            && (entry.sender == self.0 || entry.standing == Standing::Park)
    }
}

/// Who passed.
struct Who<'a> {
    what: &'static str,
    plate: Option<(&'a str, &'static str)>,
    person: Option<String>,
}

/// Who passed; nobody whose stay could be told apart from another's.
fn who(record: &PassageRecord) -> Option<Who<'_>> {
    let person = record.person_id.as_deref().map(person_id::normalise);
    match record.subject_kind {
        SubjectKind::Person => Some(Who {
            what: PERSON,
            plate: None,
            person: Some(person?),
        }),
        SubjectKind::Goods | SubjectKind::Vessel => None,
        _ => {
            let plate = record.plate.as_ref();
            let plate = plate.filter(|plate| !plate.number.is_unread());
            Some(Who {
                what: VEHICLE,
                plate: plate.map(|plate| (plate.number.as_str(), plate.colour.as_str())),
                person,
            })
        }
    }
}

fn passed(entry: &Entry, record: &PassageRecord, rows: &Rows<'_>) -> Result<(), Failure> {
    let Some(who) = who(record).filter(|_| record.result != PassageResult::BackedOut) else {
        return Ok(());
    };
    match record.direction {
        Direction::In => entered(entry, record, &who, rows),
        Direction::Out => match open_stay(record, &who, rows)? {
            Some(stay) => left(entry, record, (stay, who.what), rows),
            None => Ok(()),
        },
    }
}

fn entered(
    entry: &Entry,
    record: &PassageRecord,
    who: &Who<'_>,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    if let Some(before) = stay_of(who, rows)? {
        ended(entry, (before, who.what), "UNSEEN", rows)?;
    }
    let many = "SELECT many FROM visits_open WHERE what = ?1";
    let many = rows.one(many, [who.what], |row| row.get::<_, i64>(0))?;
    if many >= Some(OPEN_MAX)
        && let Some(oldest) = oldest(who.what, "", rows)?
    {
        ended(entry, (oldest, who.what), "CROWDED", rows)?;
    }
    let made = || format!("V-{}", entry.number);
    rows.set(
        "INSERT INTO visits (entry, time, id, what, plate, colour, person, kind, entered, gate_in, lane_in, grant_id, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'INSIDE')",
        params![
            number(entry.number),
            entry.time.micros(),
            record.visit_id.clone().unwrap_or_else(made),
            who.what,
            who.plate.map(|plate| plate.0),
            who.plate.map(|plate| plate.1),
            who.person,
            record.subject_kind.as_str(),
            record.passed_at.micros(),
            record.gate_id.as_str(),
            record.lane_id.as_ref().map(|lane| lane.as_str()),
            record.grant_id,
        ],
    )?;
    count(who.what, 1, rows)
}

/// The stay that a passage out ends: the one it names, else his who passed, else the oldest of somebody whom nobody
/// could name either.
fn open_stay(
    record: &PassageRecord,
    who: &Who<'_>,
    rows: &Rows<'_>,
) -> Result<Option<i64>, Failure> {
    let named = match &record.visit_id {
        Some(id) => rows.one(
            "SELECT entry FROM visits WHERE id = ?1 AND ended IS NULL AND what = ?2 ORDER BY entry DESC LIMIT 1",
            params![id, who.what],
            |row| row.get(0),
        )?,
        None => None,
    };
    match named {
        Some(named) => Ok(Some(named)),
        None if who.what == VEHICLE && who.plate.is_none() => {
            oldest(who.what, "AND plate IS NULL", rows)
        }
        None => stay_of(who, rows),
    }
}

/// His open stay: a colour that was not seen may be any.
fn stay_of(who: &Who<'_>, rows: &Rows<'_>) -> Result<Option<i64>, Failure> {
    match (who.what, who.plate, &who.person) {
        (VEHICLE, Some((plate, colour)), _) => rows.one(
            "SELECT entry FROM visits WHERE plate = ?1 AND ended IS NULL
                AND (colour = ?2 OR colour = 'OTHER' OR ?2 = 'OTHER')
             ORDER BY colour = ?2 DESC, entry LIMIT 1",
            [plate, colour],
            |row| row.get(0),
        ),
        (PERSON, _, Some(person)) => rows.one(
            "SELECT entry FROM visits WHERE person = ?1 AND ended IS NULL AND what = 'PERSON' LIMIT 1",
            [person],
            |row| row.get(0),
        ),
        _ => Ok(None),
    }
}

fn oldest(what: &str, which: &str, rows: &Rows<'_>) -> Result<Option<i64>, Failure> {
    let sql = format!(
        "SELECT entry FROM visits WHERE ended IS NULL AND what = ?1 {which} ORDER BY entry LIMIT 1"
    );
    rows.one(&sql, [what], |row| row.get(0))
}

fn left(
    entry: &Entry,
    record: &PassageRecord,
    (stay, what): (i64, &str),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    ended(entry, (stay, what), "LEFT", rows)?;
    rows.set(
        "UPDATE visits SET until = ?2, gate_out = ?3, lane_out = ?4 WHERE entry = ?1",
        params![
            stay,
            record.passed_at.micros(),
            record.gate_id.as_str(),
            record.lane_id.as_ref().map(|lane| lane.as_str()),
        ],
    )
    .map(drop)
}

/// Access control closed it.
fn closed(entry: &Entry, event: &AuditEvent, rows: &Rows<'_>) -> Result<(), Failure> {
    let how = match event.action.as_str() {
        EXIT_UNSEEN => "UNSEEN",
        VISITS_FULL => "CROWDED",
        _ => return Ok(()),
    };
    let sql = "SELECT entry FROM visits WHERE id = ?1 AND ended IS NULL AND what = ?2 ORDER BY entry LIMIT 1";
    let stay = rows.one(sql, params![event.target, VEHICLE], |row| row.get(0))?;
    match stay {
        Some(stay) => ended(entry, (stay, VEHICLE), how, rows),
        None => Ok(()),
    }
}

fn ended(
    entry: &Entry,
    (stay, what): (i64, &str),
    how: &str,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let at = (number(entry.number), entry.time.micros());
    rows.set(
        "UPDATE visits SET ended = ?2, ended_time = ?3, until = ?3, state = ?4 WHERE entry = ?1",
        params![stay, at.0, at.1, how],
    )?;
    count(what, -1, rows)
}

fn count(what: &str, more: i64, rows: &Rows<'_>) -> Result<(), Failure> {
    let sql = "INSERT INTO visits_open VALUES (?1, ?2) ON CONFLICT DO UPDATE SET many = many + excluded.many";
    rows.set(sql, params![what, more]).map(drop)
}
