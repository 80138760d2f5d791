//! What is ordered of the lock and what is seen of it: every state against every look, and what is written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::sync::LazyLock;

use cordon_contract::OutcomeKind;
use cordon_modbus::decode::Signals;
use cordon_modbus::profile::{Input, Output, Profile};
use cordon_modbus::state::{Action, LockNews, Machine, Rules, Task};

use LockNews::{Found, OpeningUndone, Over, ReleaseUndone, Stays};

const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");

const UP: &[Input] = &[Input::UpLimit];
const DOWN: &[Input] = &[Input::DownLimit];
const ON: Option<bool> = Some(true);
const OFF: Option<bool> = Some(false);
/// The read of the lock was answered with an exception.
const UNREAD: Option<bool> = None;

/// Travel 3 s plus 1 s margin, hold 10 s, clear 0.5 s.
fn machine() -> Machine {
    static RULES: LazyLock<Rules> =
        LazyLock::new(|| Rules::of(&Profile::parse(LANE, "lane").unwrap()));
    Machine::new(RULES.clone())
}

fn signals(on: &[Input]) -> Signals {
    let all = [
        Input::UpLimit,
        Input::DownLimit,
        Input::SafetyLoop,
        Input::Photocell,
        Input::Local,
        Input::EmergencyStop,
    ];
    Signals::of(all.map(|input| (input, on.contains(&input))))
}

/// A machine and what it is told and does, a second from look to look.
struct Lane {
    machine: Machine,
    now_ms: u64,
    boom: Vec<Input>,
    ticket: u64,
    /// Everything that moves or locks the boom.
    writes: Vec<Task>,
    ends: Vec<OutcomeKind>,
    news: Vec<LockNews>,
}

impl Lane {
    fn new(boom: &[Input]) -> Self {
        let mut lane = Self {
            machine: machine(),
            now_ms: 0,
            boom: boom.to_vec(),
            ticket: 0,
            writes: vec![],
            ends: vec![],
            news: vec![],
        };
        lane.poll();
        lane
    }

    fn take(&mut self, tasks: Vec<Task>) {
        for task in tasks {
            match task {
                Task::Set(Output::LampRed | Output::LampGreen | Output::Siren, _) => {}
                Task::Finish { kind, .. } => self.ends.push(kind),
                Task::Seen(_) => {}
                write => self.writes.push(write),
            }
        }
    }

    fn poll(&mut self) {
        let tasks = self.machine.see(self.now_ms, signals(&self.boom));
        self.take(tasks);
    }

    fn boom(mut self, boom: &[Input]) -> Self {
        self.now_ms += 100;
        self.boom = boom.to_vec();
        self.poll();
        self
    }

    fn order(mut self, action: Action) -> Self {
        self.ticket += 1;
        let tasks = self.machine.order(self.now_ms, action, self.ticket);
        self.take(tasks);
        self
    }

    /// The write of the lock got no answer.
    fn unanswered(mut self) -> Self {
        self.machine.lock_unanswered(self.now_ms);
        self
    }

    fn taken(mut self) -> Self {
        self.machine.lock_let_go(self.now_ms);
        self
    }

    fn after_ms(mut self, ms: u64) -> Self {
        self.now_ms += ms;
        self
    }

    fn look(mut self, look: Option<bool>) -> Self {
        let (tasks, news) = match look {
            Some(is_on) => self.machine.lock_seen(self.now_ms, is_on),
            None => (self.machine.lock_unseen(self.now_ms), None),
        };
        self.news.extend(news);
        self.take(tasks);
        self.poll();
        self.now_ms += 1_000;
        self
    }

    fn looks(self, looks: &[Option<bool>]) -> Self {
        looks.iter().fold(self, |lane, look| lane.look(*look))
    }

    fn relinked(mut self) -> Self {
        let tasks = self.machine.lose("cut");
        self.take(tasks);
        let tasks = self.machine.linked(self.now_ms);
        self.take(tasks);
        self.poll();
        self
    }

    fn forgets(mut self) -> Self {
        self.writes.clear();
        self.ends.clear();
        self.news.clear();
        self
    }
}

fn held() -> Lane {
    Lane::new(DOWN).order(Action::LockOpen).boom(UP).look(ON)
}

fn released() -> Lane {
    held()
        .order(Action::Release)
        .taken()
        .looks(&[OFF, OFF])
        .boom(DOWN)
}

/// A state, and how a lane gets there.
type Way = (&'static str, fn() -> Lane);

/// States in which nobody here holds the lock.
const UNHELD: [Way; 14] = [
    ("closed", || Lane::new(DOWN)),
    ("up by another hand", || Lane::new(UP)),
    ("between the limits", || Lane::new(&[])),
    ("local", || Lane::new(&[Input::DownLimit, Input::Local])),
    ("stopped", || {
        Lane::new(&[Input::DownLimit, Input::EmergencyStop])
    }),
    ("under way", || {
        Lane::new(DOWN).order(Action::Open).boom(&[])
    }),
    ("opened", || Lane::new(DOWN).order(Action::Open).boom(UP)),
    ("closed again", || {
        Lane::new(UP).order(Action::Close).boom(DOWN)
    }),
    ("stopped by order", || Lane::new(&[]).order(Action::Stop)),
    ("released", released),
    ("relinked", || released().relinked()),
    ("found", || Lane::new(UP).looks(&[ON, ON])),
    ("found and over", || {
        Lane::new(UP).looks(&[ON, ON, OFF, OFF])
    }),
    ("released and stays", || {
        held().order(Action::Release).taken().looks(&[ON; 6])
    }),
];

/// Every row of up to four looks.
fn rows() -> Vec<Vec<Option<bool>>> {
    let mut rows: Vec<Vec<Option<bool>>> = vec![vec![]];
    for length in 0..4 {
        let longer: Vec<_> = rows
            .iter()
            .filter(|row| row.len() == length)
            .flat_map(|row| [ON, OFF, UNREAD].map(|look| [row.as_slice(), &[look]].concat()))
            .collect();
        rows.extend(longer);
    }
    rows
}

/// A lock that was seen on once, by mistake, was set and the barrier raised by the hub itself.
#[test]
fn nothing_is_written_because_of_what_is_seen() {
    let booms: [&[Input]; 4] = [UP, DOWN, &[], &[Input::DownLimit, Input::Local]];
    for row in rows() {
        for (name, begins) in UNHELD {
            for boom in booms {
                let lane = begins().forgets().looks(&row).boom(boom);
                // A boom that leaves its limit is no order either, and a new link none.
                let lane = lane.after_ms(1_000).boom(boom).relinked().look(OFF);
                // An opening of ours ends by its own time.
                let is_opened = matches!(name, "under way" | "opened");
                let mut writes = lane.writes.iter();
                let own = |write: &Task| is_opened && *write == Task::Pulse(Output::Lower);
                assert!(
                    writes.all(own),
                    "{name} {row:?} {boom:?}: {:?}",
                    lane.writes
                );
            }
        }
    }
}

/// Looks, what is told of them, and whether the lane is shown as held after them.
type Row = (&'static [Option<bool>], &'static [LockNews], bool);

/// Two looks in a row count, for on as for off, and each turn is told once.
#[test]
fn what_is_seen_is_shown_after_two_looks_and_over_after_two() {
    let table: &[Row] = &[
        (&[ON], &[], false),
        (&[ON, OFF], &[], false),
        (&[ON, OFF, ON, OFF], &[], false),
        (&[ON, UNREAD, ON], &[], false),
        (&[ON, ON], &[Found], true),
        (&[ON, ON, ON, ON], &[Found], true),
        (&[ON, ON, OFF], &[Found], true),
        (&[ON, ON, OFF, ON], &[Found], true),
        (&[ON, ON, OFF, UNREAD, OFF], &[Found], true),
        (&[ON, ON, OFF, OFF], &[Found, Over], false),
        (&[ON, ON, OFF, OFF, OFF, ON], &[Found, Over], false),
        (&[ON, ON, OFF, OFF, ON, ON], &[Found, Over, Found], true),
        (&[OFF, OFF], &[], false),
    ];
    for (row, news, found) in table {
        for lane in [Lane::new(DOWN), Lane::new(UP), released()] {
            let lane = lane.forgets().looks(row);
            assert_eq!(
                (lane.news.as_slice(), lane.machine.is_found_locked()),
                (*news, *found),
                "{row:?}"
            );
            assert!(
                !lane.machine.is_locked_open() && lane.writes.is_empty(),
                "{row:?}"
            );
        }
    }
}

/// What is seen holds back what would lower a boom under it, from the first look on.
#[test]
fn nothing_is_lowered_under_a_lock_that_may_be_on() {
    for row in [&[ON][..], &[ON, ON], &[ON, ON, OFF]] {
        let lane = Lane::new(UP).looks(row).order(Action::Close);
        assert_eq!(lane.ends, [OutcomeKind::Refused], "{row:?}");
        let lane = Lane::new(DOWN).order(Action::Open).boom(UP).forgets();
        let lane = lane.looks(row).after_ms(20_000).boom(UP);
        assert!(lane.writes.is_empty(), "{row:?}");
        // The opening was ours, so its end is as well once the lock is off.
        let lane = lane.looks(&[OFF, OFF]).boom(UP);
        assert_eq!(lane.writes, [Task::Pulse(Output::Lower)], "{row:?}");
    }
}

/// An opening of ours is carried out until its release.
#[test]
fn what_is_ordered_is_set_again_after_two_looks_or_when_the_boom_comes_down() {
    let lock = Task::Set(Output::LockOpen, true);
    for row in [
        &[OFF][..],
        &[OFF, ON, OFF],
        &[OFF, UNREAD, OFF],
        &[UNREAD, UNREAD],
    ] {
        let lane = held().forgets().looks(row);
        assert!(lane.writes.is_empty() && lane.news.is_empty(), "{row:?}");
    }
    let lane = held().forgets().looks(&[OFF, OFF]);
    assert_eq!(
        (lane.writes.as_slice(), lane.news.as_slice()),
        (&[lock.clone()][..], &[OpeningUndone][..])
    );
    let lane = held().after_ms(5_000).forgets().boom(&[]);
    assert_eq!(lane.writes, [lock, Task::Pulse(Output::Raise)]);
}

/// A release was told as confirmed when it was acknowledged, and lowered a boom that was still locked.
#[test]
fn a_release_is_confirmed_and_lowers_when_the_lock_is_off() {
    let off = Task::Set(Output::LockOpen, false);
    // One look may be a wrong bit.
    let lane = held().forgets().order(Action::Release).taken();
    let lane = lane.looks(&[OFF, ON, OFF]).boom(UP);
    assert!(lane.ends.is_empty() && lane.writes == [off.clone()]);
    for lags in 0..4 {
        let lane = held().forgets().order(Action::Release).taken();
        let lane = lane.looks(&vec![ON; lags]).boom(UP);
        assert_eq!(
            (lane.writes.as_slice(), lane.ends.len()),
            (&[off.clone()][..], 0),
            "{lags}"
        );
        let mut lane = lane.looks(&[OFF, OFF]).boom(UP);
        assert_eq!(lane.ends, [OutcomeKind::Confirmed], "{lags}");
        let lower = Task::Pulse(Output::Lower);
        assert_eq!(lane.writes, [off.clone(), lower.clone()], "{lags}");
        // A pulse that a controller took before it had let go is given once more, and once only.
        lane = lane.forgets().after_ms(4_100).boom(UP);
        assert_eq!(lane.writes.contains(&lower), lags > 0, "{lags}");
        lane = lane
            .forgets()
            .after_ms(4_100)
            .boom(UP)
            .after_ms(4_100)
            .boom(UP);
        assert!(
            !lane.writes.contains(&lower) || lags == 0,
            "{lags}: {:?}",
            lane.writes
        );
        assert!(lane.news.is_empty(), "{lags}");
    }
}

/// A lock that does not go off was told as released.
#[test]
fn a_release_fails_when_the_lock_stays_on_or_cannot_be_read() {
    let lane = held()
        .forgets()
        .order(Action::Release)
        .taken()
        .looks(&[ON; 5]);
    assert_eq!(lane.ends, [OutcomeKind::Failed]);
    assert_eq!(lane.news, [Stays]);
    assert!(lane.machine.is_found_locked() && !lane.machine.is_locked_open());
    assert_eq!(lane.writes, [Task::Set(Output::LockOpen, false)]);
    // Whoever was told so sees no boom come down, and hears when the lock is off after all.
    let lane = lane.forgets().looks(&[OFF, OFF]).after_ms(20_000).boom(UP);
    assert_eq!(lane.news, [Over]);
    assert!(lane.writes.is_empty() && !lane.machine.is_found_locked());
    let lane = held()
        .forgets()
        .order(Action::Release)
        .taken()
        .looks(&[UNREAD; 5]);
    assert_eq!(lane.ends, [OutcomeKind::Failed]);
    assert_eq!(lane.forgets().looks(&[OFF, OFF]).news, [Over]);
    let mut lane = held().forgets().order(Action::Release).taken().look(ON);
    let tasks = lane.machine.expire(lane.ticket);
    lane.take(tasks);
    assert_eq!(lane.ends, [OutcomeKind::Expired]);
    let lane = lane.looks(&[OFF, OFF]).boom(UP);
    assert_eq!(lane.news, [Over]);
    assert_eq!(lane.writes, [Task::Set(Output::LockOpen, false)]);
}

/// What is ordered while the lock is not off yet says what becomes of the boom.
#[test]
fn a_newer_order_than_the_release_has_the_last_word_about_the_boom() {
    let letting_go = || held().forgets().order(Action::Release).taken().look(ON);
    let lane = letting_go().order(Action::Open).looks(&[OFF, OFF]).boom(UP);
    assert!(!lane.writes.contains(&Task::Pulse(Output::Lower)));
    let lane = letting_go().order(Action::Stop).looks(&[OFF, OFF]).boom(UP);
    assert!(!lane.writes.contains(&Task::Pulse(Output::Lower)));
    let lane = letting_go()
        .order(Action::Close)
        .forgets()
        .looks(&[OFF, OFF])
        .boom(UP)
        .boom(DOWN);
    assert_eq!(lane.writes, [Task::Pulse(Output::Lower)]);
    assert_eq!(lane.ends, [OutcomeKind::Confirmed; 2]);
    let lane = letting_go().order(Action::LockOpen).boom(UP);
    assert_eq!(lane.ends, [OutcomeKind::Failed, OutcomeKind::Confirmed]);
    assert!(lane.machine.is_lock_confirmed() && !lane.machine.is_letting_go());
}

/// Another hand's openings were undone as late writes of ours, and two of three were not told.
#[test]
fn a_lock_is_undone_only_for_an_unanswered_write_of_ours_and_each_is_told() {
    let lane = Lane::new(DOWN)
        .order(Action::LockOpen)
        .unanswered()
        .unanswered();
    let lane = lane
        .boom(UP)
        .order(Action::Release)
        .taken()
        .looks(&[OFF, OFF])
        .boom(DOWN);
    let mut lane = lane.forgets();
    let off = Task::Set(Output::LockOpen, false);
    for _ in 0..2 {
        lane = lane.look(ON);
        assert!(lane.writes.is_empty(), "one look");
        lane = lane.look(ON);
        assert_eq!(
            (lane.writes.as_slice(), lane.news.as_slice()),
            (&[off.clone()][..], &[ReleaseUndone][..])
        );
        lane = lane.taken().looks(&[OFF, OFF]).boom(DOWN).forgets();
    }
    lane = lane.looks(&[ON, ON]);
    assert_eq!((lane.writes.len(), lane.news.as_slice()), (0, &[Found][..]));
    // Whose writes were all answered undoes nothing at all.
    let lane = released().forgets().looks(&[ON, ON, ON]);
    assert_eq!((lane.writes.len(), lane.news.as_slice()), (0, &[Found][..]));
}
