//! Following the journal: reads entries behind each fold's position and writes rows and position together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use cordon_contract::{Entry, Fault};
use cordon_flow::{EntryReader, Expired, Reach};
use cordon_journal::FaultKind;
use cordon_model::Digest;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::age::then;
use crate::ask::{Answer, Look, answer};
use crate::fault::{BROKEN, STOPPED, fault};
use crate::fold::{Failure, Fold, Rows, Whose};
use crate::standing::{Broken, FoldStanding, Missing};
use crate::store::{Place, Store, Trouble, put, put_broken, put_missing};

/// Entries of one transaction at most.
const ENTRIES: usize = 2_000;
/// Bytes of their records at most, where it is more than one.
const BYTES: usize = 4 << 20;

const HOUR: i64 = 3_600_000_000;

/// Whether there is more to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// There may be.
    More,
    /// Every fold that goes on stands at the entry that was named.
    AtEnd,
}

/// Why following stopped.
#[derive(Debug)]
pub enum Halt {
    /// Another try may succeed.
    Again(Fault),
    /// The file is not that of this journal, or is damaged: it must be set aside.
    Unfit(String),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Disk(words) => Self::Again(fault(STOPPED, words)),
            Trouble::Unfit(words) => Self::Unfit(words),
        }
    }
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::from(error).into()
    }
}

/// An entry, and where a fold stands that has taken it in.
struct Told {
    entry: Entry,
    place: Place,
}

impl Told {
    /// By what the age of rows is told here.
    fn reach(&self) -> Reach {
        Reach {
            number: self.entry.number,
            time: self.entry.time,
            settled: self.entry.settled,
            ran: self.place.ran,
        }
    }
}

/// A fold on its way.
struct Seat {
    fold: Arc<dyn Fold>,
    place: Place,
    broken: Option<Broken>,
    missing: Option<Missing>,
}

/// Every fold of a file on its way through the journal.
pub struct Follower {
    store: Store,
    reader: EntryReader,
    seats: Vec<Seat>,
    days_kept: u32,
    /// Whose turn it is, when not all folds stand at the same entry.
    front: bool,
    /// Folds that begin anew in a file that was there.
    anew: Vec<String>,
    /// What was read already while something else was written.
    ahead: Option<Read>,
}

impl Follower {
    /// Opens the file of records of the journal behind `reader`, or makes it, and holds it to that journal, which
    /// is durable up to `durable`.
    ///
    /// # Errors
    /// Why it cannot be used now, or at all.
    pub fn open(
        path: &Path,
        reader: EntryReader,
        folds: Vec<Arc<dyn Fold>>,
        days_kept: u32,
        durable: (u64, Digest),
    ) -> Result<Self, Halt> {
        let mut store = Store::open(path, reader.journal().identity())?;
        let anew = store.admit(&folds)?;
        let mut seats = Vec::new();
        for fold in folds {
            let place = store.place(fold.name())?;
            let missing = store.missing(fold.name())?;
            seats.push(Seat {
                fold,
                place,
                broken: None,
                missing,
            });
        }
        let follower = Self {
            store,
            reader,
            seats,
            days_kept,
            front: false,
            anew,
            ahead: None,
        };
        follower.hold_to(durable)?;
        Ok(follower)
    }

    /// Whether the path still leads to the file that is written.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.store.is_at(path)
    }

    /// Names of the folds that are built anew alone.
    pub fn anew(&self) -> &[String] {
        &self.anew
    }

    /// How each fold stands.
    pub fn standing(&self) -> Vec<FoldStanding> {
        let seats = self.seats.iter();
        seats
            .map(|seat| FoldStanding {
                name: seat.fold.name(),
                number: seat.place.number,
                broken: seat.broken.clone(),
                missing: seat.missing,
            })
            .collect()
    }

    /// Asks of the rows of one fold, without a thread of its own.
    ///
    /// # Errors
    /// Those of the question.
    pub fn ask<T>(
        &self,
        fold: &str,
        question: impl FnOnce(&Look<'_>) -> Result<T, Failure>,
    ) -> Result<Answer<T>, Failure> {
        answer(&self.store.connection, fold, question)
    }

    /// What stands in the file, for a question of whoever writes it.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows::of(&self.store.connection)
    }

    /// Whether the rows come from this journal: it must hold the entries at which the folds stand.
    pub(crate) fn hold_to(&self, (durable, chain): (u64, Digest)) -> Result<(), Halt> {
        for place in self.seats.iter().map(|seat| seat.place) {
            let there = match place.number {
                0 => continue,
                number if number > durable => {
                    return Err(Halt::Unfit(format!(
                        "it holds entry {number}, the journal ends at {durable}"
                    )));
                }
                number if number == durable => Some(chain),
                number => self.chain_at(number)?,
            };
            if there.is_some_and(|there| there != place.chain) {
                let number = place.number;
                return Err(Halt::Unfit(format!(
                    "the journal holds another entry {number} than the one it was built from"
                )));
            }
        }
        Ok(())
    }

    /// The journal's hash at an entry; none where it was trimmed or given up by name.
    fn chain_at(&self, number: u64) -> Result<Option<Digest>, Halt> {
        match self.reader.journal().get(number) {
            Ok(record) => Ok(record.map(|record| Digest(record.chain))),
            Err(failure) if failure.kind() == FaultKind::Io => {
                Err(Halt::Again(fault(STOPPED, failure.to_string())))
            }
            Err(_) => Ok(None),
        }
    }

    /// Takes the next entries in, of the folds that stand together at one place: those in front and those behind
    /// have every other turn, so that one which is built anew holds nobody back.
    ///
    /// # Errors
    /// Why nothing was taken in.
    pub fn step(&mut self, durable: (u64, Digest)) -> Result<Progress, Halt> {
        let going = self.seats.iter().filter(|seat| seat.broken.is_none());
        let mut places: Vec<Place> = going.map(|seat| seat.place).collect();
        places.retain(|place| place.number < durable.0);
        places.sort_by_key(|place| place.number);
        places.dedup_by_key(|place| place.number);
        if self.seats.iter().any(|seat| seat.place.number > durable.0) {
            self.hold_to(durable)?;
        }
        self.front = !self.front;
        let place = match self.front {
            true => places.last(),
            false => places.first(),
        };
        let Some(place) = place.copied() else {
            return Ok(Progress::AtEnd);
        };
        // No further than where others stand: from there on they go together.
        let ahead = places.iter().find(|other| other.number > place.number);
        let to = ahead.map_or(durable, |other| (other.number, other.chain));
        let read = match self.ahead.take().filter(|read| read.from == place) {
            Some(read) => read,
            None => read(&self.reader, place, to)?,
        };
        // While these are written, a thread reads on: half of what building again costs is reading.
        let reader = self.reader.clone();
        let (written, ahead) = std::thread::scope(|scope| {
            let next = read.end;
            let ahead = read.is_full && next.number < to.0;
            let ahead = ahead.then(|| scope.spawn(move || read_on(&reader, next, to)));
            let written = self.write(place.number, &read);
            let ahead = ahead.and_then(|ahead| ahead.join().ok().flatten());
            (written, ahead)
        });
        written?;
        self.ahead = ahead;
        Ok(Progress::More)
    }

    /// Writes what every fold that stands at `number` makes of these entries: rows and positions are there together
    /// or not at all.
    fn write(&mut self, number: u64, read: &Read) -> Result<(), Halt> {
        let (told, end) = (read.told.as_slice(), read.end);
        let days_kept = self.days_kept;
        let mut transaction = self
            .store
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut reached = Vec::new();
        for (index, seat) in self.seats.iter().enumerate() {
            if seat.place.number == number && seat.broken.is_none() {
                let (place, broken) = take_in(&mut transaction, seat, told, end, days_kept)?;
                let missing = missing_in(seat, read);
                if let Some(missing) = missing.filter(|_| broken.is_none()) {
                    put_missing(&transaction, seat.fold.name(), &missing)?;
                }
                reached.push((index, place, broken, missing));
            }
        }
        transaction.commit()?;
        for (index, place, broken, missing) in reached {
            if let Some(seat) = self.seats.get_mut(index) {
                if let Some(broken) = &broken {
                    let (entry, code, words) = (broken.entry, &broken.code, &broken.words);
                    tracing::error!(fold = seat.fold.name(), entry, code, %words, "records go no further");
                }
                seat.place = place;
                if broken.is_none() {
                    seat.missing = missing.or(seat.missing);
                }
                seat.broken = broken;
            }
        }
        Ok(())
    }
}

/// What a fold lacks that takes this in; none while that is no more than before.
fn missing_in(seat: &Seat, read: &Read) -> Option<Missing> {
    let expired = read.expired.by_type.iter();
    let expired = expired.filter(|(name, _)| seat.fold.takes(name));
    let (last, time_micros) = read.expired.last;
    let expired = Missing {
        entries: expired.map(|(_, count)| count).sum(),
        last,
        time_micros,
    };
    let new = [expired, read.gone].into_iter();
    let new = new.filter(|missing| missing.entries > 0);
    let new = new.reduce(Missing::and)?;
    Some(seat.missing.unwrap_or_default().and(new))
}

/// Entries that were read.
struct Read {
    from: Place,
    told: Vec<Told>,
    /// What was left out in between.
    expired: Expired,
    /// What is no longer there at all.
    gone: Missing,
    /// Where whoever takes them in stands.
    end: Place,
    /// There are more.
    is_full: bool,
}

/// The same ahead of time; what fails is read once more when it is needed.
fn read_on(reader: &EntryReader, place: Place, to: (u64, Digest)) -> Option<Read> {
    read(reader, place, to).ok()
}

/// The entries behind a place, up to and including another, or fewer.
fn read(reader: &EntryReader, place: Place, to: (u64, Digest)) -> Result<Read, Halt> {
    let mut from = place.number + 1;
    let mut gone = Missing::default();
    loop {
        let fault = match read_from(reader, from, place, to) {
            Ok(read) => return Ok(Read { gone, ..read }),
            Err(fault) => fault,
        };
        let journal = reader.journal();
        let first = journal.first().ok().flatten();
        // What was trimmed, or given up by name, nobody waits for.
        let next = match first.filter(|first| *first > from) {
            Some(first) => Some(first),
            None => journal.behind_given_up(from).ok().flatten(),
        };
        match next {
            Some(next) if next <= to.0 => {
                tracing::warn!(from, next, "the records pass over entries that are gone");
                gone = gone.and(without(from, next - 1));
                from = next;
            }
            Some(_) => {
                return Ok(Read {
                    from: place,
                    told: Vec::new(),
                    expired: Expired::default(),
                    gone: gone.and(without(from, to.0)),
                    end: at(place, to),
                    is_full: false,
                });
            }
            None => return Err(Halt::Again(fault)),
        }
    }
}

fn without(from: u64, last: u64) -> Missing {
    Missing {
        entries: (last + 1).saturating_sub(from),
        last,
        time_micros: 0,
    }
}

fn read_from(
    reader: &EntryReader,
    from: u64,
    begin: Place,
    to: (u64, Digest),
) -> Result<Read, Fault> {
    let mut place = begin;
    let mut told: Vec<Told> = Vec::new();
    let mut bytes = 0;
    let full = |told, expired, end| Read {
        from: begin,
        told,
        expired,
        gone: Missing::default(),
        end,
        is_full: true,
    };
    let mut entries = reader.read_range(from, to.0)?;
    while let Some(stored) = entries.next() {
        let expired = || entries.expired().clone();
        let mut stored = match stored {
            Ok(stored) => stored,
            // What comes before it is good.
            Err(_) if !told.is_empty() => return Ok(full(told, expired(), place)),
            Err(fault) => return Err(fault),
        };
        place.ran = place.ran.saturating_add(place.times.tell(&mut stored));
        place.number = stored.entry.number;
        place.chain = stored.chain();
        place.time = stored.entry.time.micros();
        bytes += stored.record.body.len();
        let entry = stored.entry;
        told.push(Told { entry, place });
        if told.len() >= ENTRIES || bytes >= BYTES {
            return Ok(full(told, expired(), place));
        }
    }
    if place.number < to.0 {
        // The last ones cannot be read, and are passed over; but they must be there.
        let there = reader.journal().get(to.0);
        let is_there = there.is_ok_and(|there| there.is_some());
        if !is_there {
            let words = format!("the journal does not give entry {}, which is durable", to.0);
            return Err(fault(STOPPED, words));
        }
    }
    Ok(Read {
        from: begin,
        told,
        expired: entries.expired().clone(),
        gone: Missing::default(),
        end: at(place, to),
        is_full: false,
    })
}

fn at(place: Place, (number, chain): (u64, Digest)) -> Place {
    Place {
        number,
        chain,
        ..place
    }
}

/// What one fold makes of entries, in a savepoint of its own: one that fails is left standing before the entry at
/// which it fails, and the others go on.
fn take_in(
    transaction: &mut Transaction<'_>,
    seat: &Seat,
    told: &[Told],
    end: Place,
    days_kept: u32,
) -> Result<(Place, Option<Broken>), Halt> {
    let fold = seat.fold.as_ref();
    let (index, broken) = match try_all(transaction, seat, told, end, days_kept)? {
        None => return Ok((end, None)),
        Some(failed) => failed,
    };
    let before = told.get(..index).unwrap_or_default();
    let stands = before.last().map_or(seat.place, |told| told.place);
    // What it took in before it is taken in once more, without the entry. Else it stays where it was.
    let stands = match try_all(transaction, seat, before, stands, days_kept)? {
        None => stands,
        Some(_) => seat.place,
    };
    put_broken(transaction, fold.name(), &broken)?;
    Ok((stands, Some(broken)))
}

/// Takes all of them in and writes the position down, or nothing of it; then gives at which one it failed, and why.
fn try_all(
    transaction: &mut Transaction<'_>,
    seat: &Seat,
    told: &[Told],
    end: Place,
    days_kept: u32,
) -> Result<Option<(usize, Broken)>, Halt> {
    // Dropped without a commit it is rolled back.
    let savepoint = transaction.savepoint()?;
    let mut time = seat.place.time;
    for (index, told) in told.iter().enumerate() {
        if let Err(failure) = one(&savepoint, seat, told, time, days_kept) {
            let why = match failure {
                Failure::Engine(failure) if failure.whose() != Whose::Statement => {
                    return Err(Trouble::from(failure).into());
                }
                Failure::Engine(failure) => fault(BROKEN, failure.to_string()),
                Failure::Own(fault) => fault,
            };
            let broken = Broken {
                entry: told.entry.number,
                code: why.code().to_owned(),
                words: why.to_string(),
            };
            return Ok(Some((index, broken)));
        }
        time = told.place.time;
    }
    put(&savepoint, seat.fold.as_ref(), &end)?;
    savepoint.commit()?;
    Ok(None)
}

/// Takes one entry in. A fold that panics harms no other.
fn one(
    connection: &Connection,
    seat: &Seat,
    told: &Told,
    before: i64,
    days_kept: u32,
) -> Result<(), Failure> {
    let now = told.place.time;
    let is_new_hour = before != 0 && before.div_euclid(HOUR) != now.div_euclid(HOUR);
    let done = catch_unwind(AssertUnwindSafe(|| {
        let rows = Rows::of(connection);
        if is_new_hour {
            let days_kept = seat.fold.days_kept(days_kept);
            let then = then(seat.fold.name(), &told.reach(), days_kept, &rows)?;
            seat.fold.forget(then, &rows)?;
        }
        seat.fold.apply(&told.entry, &rows)
    }));
    done.unwrap_or_else(|_| Err(fault(BROKEN, "it panicked").into()))
}
