//! Grants as they act at the gates, and what stood before them.
//!
//! Kept is what access control keeps, by the same rule and within the same limits, so that what a question shows is
//! what acts at the gates.

use std::sync::{Arc, PoisonError, RwLock};

use cordon_contract::{Entry, EntryKind, Standing, Term, even_part};
use cordon_model::{AccessGrant, Body, LifeState, PartyId, Plate, Timestamp};
use rusqlite::{ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fault::{BROKEN, fault};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE grants (
    entry INTEGER PRIMARY KEY,     -- that said it
    time INTEGER NOT NULL,         -- of that entry: from then on it held
    ended INTEGER,                 -- the entry with which it held no more; none while it holds
    ended_time INTEGER,
    enterprise TEXT NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,           -- in whose part of the room it is; empty for the park
    stands INTEGER NOT NULL,       -- 0 for what was taken back
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    plate TEXT, colour TEXT, person TEXT,
    body BLOB                      -- all of it; none once it is over, the journal has it
) STRICT;
CREATE UNIQUE INDEX grants_now ON grants (enterprise, id) WHERE ended IS NULL;
CREATE INDEX grants_room ON grants (owner, stands, valid_to, enterprise, id) WHERE ended IS NULL;
CREATE INDEX grants_now_plate ON grants (plate, colour, enterprise, id) WHERE ended IS NULL;
CREATE INDEX grants_then_plate ON grants (plate, time);
CREATE INDEX grants_then ON grants (enterprise, id, time);
CREATE INDEX grants_over ON grants (ended_time) WHERE ended IS NOT NULL;
CREATE TABLE grants_kept (owner TEXT PRIMARY KEY, many INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::GRANTS,
    fold: names::GRANTS,
    table: "grants",
    columns: &[
        ("enterprise", "enterprise", Kind::Text),
        ("id", "id", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("kind", "kind", Kind::Text),
        ("class", "class", Kind::Text),
        ("state", "state", Kind::Text),
        ("valid_from", "valid_from", Kind::Time),
        ("valid_to", "valid_to", Kind::Time),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("ended_time", "until", Kind::Time),
    ],
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::State, "state"),
    ],
    until: Some("ended_time"),
    ..Face::NONE
};

/// How many grants are kept: what access control has room for today. Clones share it.
#[derive(Clone, Debug)]
pub struct GrantRoom(Arc<RwLock<(usize, usize)>>);

impl GrantRoom {
    /// Room for so many, shared by so many enterprises.
    pub fn of(most: usize, enterprises: usize) -> Self {
        Self(Arc::new(RwLock::new((most, even_part(most, enterprises)))))
    }

    /// It is another from now on.
    pub fn set(&self, most: usize, enterprises: usize) {
        let mut room = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *room = (most, even_part(most, enterprises));
    }

    /// How much an owner may keep; the park, which has no name here, all of it.
    fn of_owner(&self, owner: &str) -> i64 {
        let (most, part) = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = if owner.is_empty() { most } else { part };
        i64::try_from(own).unwrap_or(i64::MAX)
    }
}

/// The fold.
pub(crate) struct Grants(GrantRoom);

impl Grants {
    pub fn within(room: GrantRoom) -> Self {
        Self(room)
    }
}

impl Fold for Grants {
    fn name(&self) -> &'static str {
        names::GRANTS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let Some(message) = entry.message.as_deref() else {
            return Ok(());
        };
        // What is overtaken or a test changes nothing at a gate.
        match &message.body {
            Body::AccessGrant(grant)
                if entry.kind == EntryKind::Message && !entry.overtaken && !message.header.test =>
            {
                self.keep(entry, grant, rows)
            }
            _ => Ok(()),
        }
    }

    fn takes(&self, message: &str) -> bool {
        message == "AccessGrant"
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM grants WHERE ended IS NOT NULL AND ended_time < ?1",
            "DELETE FROM grants WHERE ended IS NOT NULL AND ended <= ?1",
            rows,
        )
    }
}

/// One that holds.
struct Known {
    entry: i64,
    owner: String,
    body: Vec<u8>,
}

impl Grants {
    fn keep(&self, entry: &Entry, grant: &AccessGrant, rows: &Rows<'_>) -> Result<(), Failure> {
        let enterprise = grant.enterprise_id.as_str();
        let owner = match entry.standing {
            Standing::Park => "",
            _ => enterprise,
        };
        let body = postcard::to_stdvec(grant)
            .map_err(|error| fault(BROKEN, format!("a grant cannot be kept: {error}")))?;
        let known = rows.one(
            "SELECT entry, owner, body FROM grants WHERE enterprise = ?1 AND id = ?2 AND ended IS NULL",
            params![enterprise, grant.grant_id],
            |row| {
                Ok(Known {
                    entry: row.get(0)?,
                    owner: row.get(1)?,
                    body: row.get(2)?,
                })
            },
        )?;
        let known_owner = known.as_ref().map(|known| known.owner.as_str());
        let replaces = known_owner == Some(owner);
        if replaces && known.as_ref().is_some_and(|known| known.body == body) {
            return Ok(());
        }
        if let Some(known) = &known {
            end(entry, known.entry, &known.owner, rows)?;
        }
        let term = Term::new(grant.state != LifeState::Withdrawn, Some(grant.valid_to));
        if !replaces && !self.has_place(entry, owner, term, rows)? {
            return Ok(());
        }
        put(entry, owner, grant, (term, &body), rows)
    }

    /// Whether one more of this owner's is kept, as [`cordon_contract::Pot::taken`] says: what is over gives way.
    fn has_place(
        &self,
        entry: &Entry,
        owner: &str,
        term: Term,
        rows: &Rows<'_>,
    ) -> Result<bool, Failure> {
        let many = rows.one(
            "SELECT many FROM grants_kept WHERE owner = ?1",
            [owner],
            |row| row.get::<_, i64>(0),
        )?;
        if many.unwrap_or_default() < self.0.of_owner(owner) {
            return Ok(true);
        }
        let first = |stands: bool| {
            rows.one(
                "SELECT entry, valid_to FROM grants WHERE ended IS NULL AND owner = ?1 AND stands = ?2
                 ORDER BY valid_to, enterprise, id LIMIT 1",
                params![owner, stands],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
        };
        let spared = match first(false)? {
            Some((spared, _)) => Some(spared),
            None => first(true)?
                .filter(|(_, until)| *until < entry.clock.micros())
                .map(|(spared, _)| spared),
        };
        match spared {
            Some(spared) => end(entry, spared, owner, rows).map(|()| true),
            None => Ok(!term.is_over(entry.clock)),
        }
    }
}

fn put(
    entry: &Entry,
    owner: &str,
    grant: &AccessGrant,
    (term, body): (Term, &[u8]),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let plate = grant.plate.as_ref();
    rows.set(
        "INSERT INTO grants (entry, time, enterprise, id, owner, stands, valid_from, valid_to, state, kind, class,
            plate, colour, person, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            number(entry.number),
            entry.time.micros(),
            grant.enterprise_id.as_str(),
            grant.grant_id,
            owner,
            term.stands,
            grant.valid_from.micros(),
            grant.valid_to.micros(),
            grant.state.as_str(),
            grant.subject_kind.as_str(),
            grant.class_letter.as_str(),
            plate.map(|plate| plate.number.as_str()),
            plate.map(|plate| plate.colour.as_str()),
            grant.person_id,
            body,
        ],
    )?;
    rows.set(
        "INSERT INTO grants_kept VALUES (?1, 1) ON CONFLICT DO UPDATE SET many = many + 1",
        [owner],
    )
    .map(drop)
}

/// It holds no more. What it said of a person goes with it.
fn end(entry: &Entry, which: i64, owner: &str, rows: &Rows<'_>) -> Result<(), Failure> {
    rows.set(
        "UPDATE grants SET ended = ?2, ended_time = ?3, body = NULL WHERE entry = ?1",
        params![which, number(entry.number), entry.time.micros()],
    )?;
    rows.set(
        "UPDATE grants_kept SET many = many - 1 WHERE owner = ?1",
        [owner],
    )
    .map(drop)
}

/// Which grants are asked for.
#[derive(Clone, Debug, Default)]
pub struct GrantsAsked {
    /// Of this vehicle.
    pub plate: Option<Plate>,
    /// In this state.
    pub state: Option<LifeState>,
    /// Behind the one with this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl Look<'_> {
    /// Grants of one enterprise that hold now, by id.
    ///
    /// # Errors
    /// Of the engine, and `J071` for a row that cannot be read.
    pub fn grants(
        &self,
        enterprise: &PartyId,
        asked: &GrantsAsked,
    ) -> Result<Vec<AccessGrant>, Failure> {
        let mut sql = String::from(
            "SELECT body FROM grants WHERE ended IS NULL AND enterprise = ? AND id > ?",
        );
        let (own, after) = (enterprise.as_str(), asked.after.clone().unwrap_or_default());
        let mut with: Vec<&dyn ToSql> = vec![&own, &after];
        let plate = asked.plate.as_ref();
        let plate = plate.map(|plate| (plate.number.as_str(), plate.colour.as_str()));
        if let Some((number, colour)) = &plate {
            sql += " AND plate = ? AND colour = ?";
            with.extend([number as &dyn ToSql, colour]);
        }
        let state = asked.state.map(|state| state.as_str());
        if let Some(state) = &state {
            sql += " AND state = ?";
            with.push(state);
        }
        let limit = number(asked.limit as u64);
        sql += " ORDER BY id LIMIT ?";
        with.push(&limit);
        let bodies = self
            .rows
            .all(&sql, with.as_slice(), |row| row.get::<_, Vec<u8>>(0))?;
        let read = bodies.iter().map(|body| postcard::from_bytes(body));
        let read: Result<_, _> = read.collect();
        read.map_err(|error| fault(BROKEN, format!("a grant cannot be read: {error}")).into())
    }

    /// Ids of the grants for a vehicle that were known at a time, with their states, the oldest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn grants_at(
        &self,
        plate: &str,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<(String, String, u64)>, Failure> {
        self.rows.all(
            "SELECT enterprise || '/' || id, state, entry FROM grants
             WHERE plate = ?1 AND time <= ?2 AND (ended_time IS NULL OR ended_time > ?2) ORDER BY time, entry LIMIT ?3",
            params![plate, at.micros(), number(limit as u64)],
            |row| Ok((row.get(0)?, row.get(1)?, crate::fold::unsigned(row.get(2)?))),
        )
    }
}
