//! What is let go, and when: by what has surely passed, whatever the clock shows at a start.

use cordon_contract::EntryKind;
use cordon_model::{
    AlarmLevel, AlarmState, DecisionOutcome, DeviceState, Direction, LifeState, ListSubject,
    SubjectKind,
};

use crate::made::*;

const DAY: i64 = 86_400;
/// Between two ticks, seconds.
const TICK: i64 = 60;

/// A hub as it writes its journal: entry time never goes back, and how far it is ahead of the clock is told.
struct Clocked {
    park: Park,
    lines: Vec<Line>,
    /// Time of the last entry, seconds.
    last: i64,
    /// How far entries are ahead of the clock, seconds.
    lead: i64,
    /// The time that is true, seconds.
    now: i64,
}

impl Clocked {
    fn new() -> Self {
        Self {
            park: Park::new(),
            lines: Vec::new(),
            last: 0,
            lead: 0,
            now: 1,
        }
    }

    /// The time of the next entry, while the clock shows so much more than is true.
    fn time(&mut self, ahead: i64) -> i64 {
        let clock = self.now + ahead;
        let most = (self.last + TICK - clock).max(0);
        let before = self.lead;
        // The tenth by which it closes is left out: it is ahead for years.
        self.lead = self.lead.min(most).max(self.last - clock);
        if self.lead != before {
            let micros = at(clock).micros();
            let target = format!("lead:{};clock:{micros}", self.lead * 1_000_000);
            let told = audit(at(clock + self.lead), "clock.lead", Some(&target));
            self.lines.push(told);
        }
        self.last = clock + self.lead;
        self.last
    }

    fn says(&mut self, ahead: i64, line: impl FnOnce(cordon_model::Timestamp) -> Line) {
        self.now += 1;
        let time = self.time(ahead);
        self.lines.push(line(at(time)));
    }

    /// It runs for so long with a tick now and then.
    fn runs(&mut self, ahead: i64, seconds: i64) {
        let until = self.now + seconds;
        while self.now < until {
            self.now = (self.now + TICK).min(until);
            let time = self.time(ahead);
            let tick = following(EntryKind::Tick, 0, audit(at(time), "tick", None));
            self.lines.push(tick);
        }
    }

    /// One row of each kind that is over.
    fn what_is_over(&mut self, name: &str) {
        let rejected = |time| {
            let (raised, to) = (AlarmState::Raised, AlarmState::Rejected);
            step(time, name, raised, to, "officer-1")
        };
        let ends = at(9_000 * DAY);
        self.says(0, |time| alarm(time, name, AlarmLevel::Red));
        self.says(0, rejected);
        self.says(0, |time| grant(time, "E-1", name, ends));
        self.says(0, |time| withdrawn(grant(time, "E-1", name, ends)));
        self.says(0, |time| passage(time, "G1-L1", Direction::In));
        self.says(0, |time| refused(time, "E-1", "V001"));
        self.says(0, |time| decision(time, "G1-L1", DecisionOutcome::Open));
        self.says(0, |time| link(time, "BR-1", DeviceState::Online));
        self.says(0, |time| link(time, "BR-1", DeviceState::Offline));
    }

    /// A start with the clock so many days ahead, and right soon after.
    fn wrong_start(&mut self, days: i64) {
        self.says(days * DAY, |time| audit(time, "hub.start", Some("epoch:2")));
        self.runs(days * DAY, 26);
        self.runs(0, 2 * 3_600);
    }

    /// The same of what was there, and of what is there now.
    fn what_was_there(&mut self, name: &str) {
        let plate = format!("苏{name}12345");
        let subject = || ListSubject::PlateNumber(plate.parse().unwrap());
        let kind = SubjectKind::VehHazmat;
        // Valid for little more than a day.
        self.says(0, |time| vehicle(time, "E-1", &plate, LifeState::Active));
        self.says(0, |time| vehicle(time, "E-1", &plate, LifeState::Suspended));
        self.says(0, |time| listed(time, name, subject(), LifeState::Active));
        self.says(0, |time| {
            listed(time, name, subject(), LifeState::Withdrawn)
        });
        self.says(0, |time| through(time, "G1-L1", Direction::In, &plate, ""));
        self.says(0, |time| through(time, "G1-L1", Direction::Out, &plate, ""));
        self.says(0, |time| snapshot(time, Some(name), &[(kind, 1)]));
        self.says(0, |time| snapshot(time, Some(name), &[]));
        self.says(0, |time| {
            read(time, vec![sample(&format!("S-{name}"), "1", time)])
        });
    }

    fn rows_there(&mut self) -> [usize; 5] {
        self.rows();
        let rows = self.park.dump();
        let tables = ["registrations", "lists", "visits", "occupancy", "readings"];
        tables.map(|table| rows[table].len())
    }

    /// Rows of the tables that hold what is over.
    fn rows(&mut self) -> [usize; 7] {
        for some in self.lines.chunks(500) {
            let numbered = (self.park.journal.next_number()..).zip(some);
            let records: Vec<_> = numbered.map(|(n, line)| line.record(n)).collect();
            self.park.journal.append_batch(&records).unwrap();
        }
        self.lines.clear();
        self.park.follow_days(2);
        let rows = self.park.dump();
        let tables = [
            "alarms",
            "alarms_steps",
            "grants",
            "passages",
            "refusals",
            "passages_decided",
            "devices",
        ];
        tables.map(|table| rows[table].len())
    }
}

/// One start with the year wrong let go of all, for good and without a word.
#[test]
fn starts_with_the_clock_ahead_let_go_of_nothing_that_is_not_old() {
    for days in [400, 4_000] {
        let mut hub = Clocked::new();
        hub.what_is_over("A-1");
        for start in 1..=10 {
            hub.wrong_start(days);
            let what = format!("start {start}, {days} days ahead");
            assert_eq!(hub.rows(), [1, 2, 2, 1, 1, 1, 2], "{what}");
        }
    }
}

/// What was recorded while the journal was ahead would stay for as long as it is.
#[test]
fn what_is_old_is_let_go_with_a_right_clock_whatever_the_entries_carry() {
    for days in [0, 400, 4_000] {
        let mut hub = Clocked::new();
        hub.what_is_over("A-1");
        hub.wrong_start(days);
        hub.what_is_over("A-2");
        // Half a day beside the two: marks are a day apart.
        hub.runs(0, 3 * DAY - 6 * 3_600);
        hub.what_is_over("A-3");
        let kept = hub.rows();
        assert!(kept[0] < 3 && kept[3] < 3, "{days}: {kept:?}");
        hub.runs(0, 6 * 3_600);
        assert_eq!(hub.rows()[3..6], [1, 1, 1], "{days}");
        let built = hub.park.dump();
        std::fs::remove_file(hub.park.file()).unwrap();
        hub.rows();
        assert_eq!(
            hub.park.dump(),
            built,
            "{days}: the same from the journal alone"
        );
    }
}

#[test]
fn what_was_there_is_let_go_when_it_is_old_and_no_earlier() {
    for days in [0, 400, 4_000] {
        let mut hub = Clocked::new();
        hub.what_was_there("A");
        assert_eq!(hub.rows_there(), [2, 2, 1, 1, 1], "{days}");
        hub.wrong_start(days);
        assert_eq!(hub.rows_there(), [2, 2, 1, 1, 1], "{days}");
        // What is recorded while the journal is ahead is let go too.
        hub.what_was_there("B");
        // What has no end, and who is inside, stays.
        let subject = ListSubject::PlateNumber("苏C12345".parse().unwrap());
        hub.says(0, |time| listed(time, "C", subject, LifeState::Active));
        hub.says(0, |time| {
            through(time, "G1-L1", Direction::In, "苏C12345", "")
        });
        hub.says(0, |time| {
            snapshot(time, Some("C"), &[(SubjectKind::VehHazmat, 1)])
        });
        hub.runs(0, 4 * DAY);
        assert_eq!(hub.rows_there(), [0, 1, 1, 1, 0], "{days}");
        let built = hub.park.dump();
        let counted = |table: &str| {
            built[table]
                .iter()
                .map(|row| row.rsplit('|').next().unwrap())
        };
        assert!(counted("registrations_kept").all(|many| many == "Integer(0)"));
        assert!(counted("lists_kept").all(|many| many == "Integer(1)"));
        assert!(counted("visits_open").all(|many| many == "Integer(1)"));
        assert!(counted("readings_all").all(|many| many == "Integer(0)"));
        assert!(built["readings_minutes"].is_empty());
        std::fs::remove_file(hub.park.file()).unwrap();
        hub.rows();
        assert_eq!(
            hub.park.dump(),
            built,
            "{days}: the same from the journal alone"
        );
    }
}

/// A file that only grows is full one day.
#[test]
fn what_stands_stays_however_old_it_is() {
    let mut hub = Clocked::new();
    hub.says(0, |time| alarm(time, "A-1", AlarmLevel::Red));
    hub.says(0, |time| grant(time, "E-1", "a", at(900 * DAY)));
    hub.says(0, |time| passage(time, "G1-L1", Direction::In));
    hub.says(0, |time| refused(time, "E-1", "V001"));
    hub.runs(0, 3 * DAY);
    assert_eq!(hub.rows(), [1, 1, 1, 0, 0, 0, 0]);
}

/// The records of an earlier program go on where they stand.
#[test]
fn a_file_of_an_earlier_program_goes_on() {
    let mut hub = Clocked::new();
    hub.what_is_over("A-1");
    hub.runs(0, 3_600);
    let before = hub.rows();
    let file = rusqlite::Connection::open(hub.park.file()).unwrap();
    file.execute_batch("DROP TABLE IF EXISTS passed; DROP TABLE IF EXISTS marks")
        .unwrap();
    drop(file);
    hub.wrong_start(400);
    assert_eq!(hub.rows(), before);
    hub.runs(0, 4 * DAY);
    assert_eq!(hub.rows()[3..6], [0, 0, 0]);
}
