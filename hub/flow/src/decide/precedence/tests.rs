//! The order of statements: of one author, of several, and where there is a doubt.

use cordon_contract::{Kept, Passed};
use cordon_model::Timestamp;

use super::lean::Lean::{self, Open, Safe};
use super::stamp::Stamp;
use super::stamps::Stamps;
use super::{Precedence, Standing};

const SECOND: i64 = 1_000_000;

/// Of a clock that is right, and came at once.
fn stamp(said_micros: i64, sequence: u64) -> Stamp {
    Stamp {
        said_micros,
        came_micros: said_micros,
        author: 1,
        sequence,
        bars: false,
    }
}

/// Of another author.
fn by(author: u32, said_micros: i64) -> Stamp {
    Stamp {
        author,
        ..stamp(said_micros, 0)
    }
}

/// Said by a clock that may be off, and came then.
fn came(said_micros: i64, came_micros: i64, sequence: u64) -> Stamp {
    Stamp {
        came_micros,
        ..stamp(said_micros, sequence)
    }
}

fn said(stamps: &[Stamp]) -> Stamps {
    let mut all = Stamps::default();
    for stamp in stamps {
        all.note(*stamp);
    }
    all
}

#[test]
fn time_decides_and_the_count_where_times_are_equal() {
    let newest = stamp(100, 7);
    for older in [stamp(99, 6), stamp(99, 7), stamp(99, 0), stamp(100, 6)] {
        assert!(older.is_before(newest, Open), "{older:?}");
    }
    assert!(!stamp(100, 7).is_before(newest, Open));
    assert!(stamp(99, 8).is_before(newest, Open), "a count that went on");
    assert!(!stamp(101, 1).is_before(newest, Open), "a count begun anew");
    assert!(stamp(99, 8).is_before(stamp(100, 0), Open));
}

/// One operator's whole seconds are behind another's fractions. Where that leaves a doubt barriers rise.
#[test]
fn words_of_two_people_close_together_are_of_no_order() {
    for (lean, apart) in [(Open, 800_000), (Safe, 2_000_000)] {
        assert!(!by(2, 0).is_before(by(3, apart - 1), lean));
        assert!(by(2, 0).is_before(by(3, apart), lean));
    }
}

/// What came late is told by its author's clock and count together, also by a clock that is ahead.
#[test]
fn of_one_author_the_older_is_older_however_far_his_clock_is_ahead() {
    for ahead in [0, SECOND / 10, SECOND, 240 * SECOND] {
        let newer = came(500_000 + ahead, 500_001, 12);
        for lean in [Safe, Open] {
            let late = came(ahead, 800_000, 11);
            assert!(late.is_before(newer, lean), "{ahead} {lean:?}");
            assert!(!newer.is_before(late, lean), "{ahead} {lean:?}");
        }
        // The clock was put right since, the count goes on: it is what came last.
        let right = stamp(900_000, 13);
        for lean in [Safe, Open] {
            assert!(!right.is_before(newer, lean), "{ahead} {lean:?}");
        }
    }
    // A count that begins anew within the same second, or none: barriers rise.
    for anew in [stamp(0, 0), stamp(0, 1), stamp(-500_000, 1)] {
        assert!(!anew.is_before(stamp(0, 900), Safe), "{anew:?}");
        assert!(anew.is_before(stamp(0, 900), Open), "{anew:?}");
    }
    assert!(stamp(98, 3).is_before(stamp(99, 2), Open));
    assert!(!stamp(98, 3).is_before(stamp(99, 2), Safe));
    assert!(
        !stamp(98, 3).is_before(stamp(5_000_098, 2), Safe),
        "the clock was put back"
    );
    assert!(stamp(98, 300).is_before(stamp(2_000_098, 2), Safe));
}

/// His clock was ahead and was put right, and what he had said before came late: it lowered, and let in.
#[test]
fn what_a_clock_ahead_said_before_it_was_put_right_is_older_by_its_number() {
    for ahead in [10, 20, 240] {
        let opened = stamp(10 * SECOND, 52);
        let before = came((3 + ahead) * SECOND, 10 * SECOND, 51);
        let is_told = before.said_micros > before.came_micros;
        assert_eq!(before.is_before(opened, Open), is_told, "{ahead}");
        // A count that was begun anew, another device far off in its count, or none.
        for sequence in [0, 53, 600] {
            let other = Stamp { sequence, ..before };
            assert!(!other.is_before(opened, Open), "{ahead} {sequence}");
        }
        // A clock that is always ahead: its time tells.
        let ahead_too = came((8 + ahead) * SECOND, 9 * SECOND, 52);
        let later = came((9 + ahead) * SECOND, 10 * SECOND, 51);
        assert!(!later.is_before(ahead_too, Open), "{ahead}");
        let late = came((7 + ahead) * SECOND, 11 * SECOND, 900);
        assert!(late.is_before(ahead_too, Open), "{ahead}");
    }
    // Beyond what a clock can be off it is the newest, whatever its number.
    let much_later = came(313 * SECOND, 310 * SECOND, 51);
    assert!(!much_later.is_before(stamp(10 * SECOND, 52), Open));
    // A little ahead is everyday.
    let later = came(12 * SECOND, 11 * SECOND, 51);
    assert!(!later.is_before(stamp(10 * SECOND, 52), Open));
}

/// An entry of an hour before bars another plate, or not as long: it took the place of the newer one.
#[test]
fn of_two_entries_that_bar_none_is_on_the_safe_side_of_the_other() {
    let barring = |said, sequence| Stamp {
        bars: true,
        ..stamp(said, sequence)
    };
    let newer = barring(3_600 * SECOND, 3);
    assert!(barring(0, 60).is_before(newer, Safe));
    let by_another = Stamp {
        author: 2,
        ..barring(3_299 * SECOND, 0)
    };
    assert!(by_another.is_before(newer, Safe));
    // A stricter one by a person whose clock is behind, or whose count went on.
    let behind = Stamp {
        author: 2,
        ..barring(3_598_500_000, 0)
    };
    assert!(!behind.is_before(newer, Safe));
    assert!(!barring(3_597 * SECOND, 4).is_before(newer, Safe));
    // One that lets in stands against it as ever.
    assert!(!stamp(0, 60).is_before(newer, Safe));
    assert!(!barring(0, 60).is_before(stamp(3_600 * SECOND, 3), Safe));
}

/// A person's other device was up to five minutes ahead: his opening from this one was refused so long.
#[test]
fn what_is_safe_is_silenced_by_no_other_clock_and_no_other_count_of_its_author() {
    let release = came(240 * SECOND, 0, 900);
    for sequence in [0, 1, 2, 13, 890, 899, 900, 901] {
        let open = stamp(4 * SECOND, sequence);
        assert!(!open.is_before(release, Safe), "{sequence}");
    }
    // Another device's clock that is ahead too, by much less.
    assert!(!came(64 * SECOND, 4 * SECOND, 890).is_before(release, Safe));
    // Two devices that are right, one of which shows whole seconds.
    assert!(!stamp(0, 13).is_before(stamp(350_000, 901), Safe));
    // No count: two devices within a second, and beyond it.
    assert!(!stamp(0, 0).is_before(stamp(750_000, 0), Safe));
    assert!(stamp(0, 0).is_before(stamp(800_000, 0), Safe));
    // The one device that is ahead, and what it said before came late.
    let before = came(239 * SECOND, SECOND, 899);
    assert!(before.is_before(release, Safe));
    // What lowers is told by clock and count alone.
    assert!(stamp(4 * SECOND, 13).is_before(release, Open));
}

/// One stamp was kept of a subject, and an older release lowered after another person's word in between.
#[test]
fn nobodys_word_takes_the_place_of_anothers() {
    let opened = came(60 * SECOND, 0, 12);
    let all = said(&[opened, by(2, SECOND), by(3, SECOND / 2)]);
    assert!(all.overrule(came(59 * SECOND, 2 * SECOND, 11), Open));
    // Openings of before that came later turned the time back.
    let chain = [by(1, 0), by(2, -19), by(3, -38), by(2, -57)];
    let tenths = chain.map(|it| by(it.author, it.said_micros * SECOND / 10));
    for count in 1..=tenths.len() {
        let all = said(&tenths[..count]);
        assert!(all.overrule(by(4, -SECOND), Open), "{count}");
    }
}

/// An evacuation by a clock that was ahead before was carried out and not remembered.
#[test]
fn what_is_taken_from_a_clock_that_was_put_right_is_remembered() {
    for ahead in [5, 10, 240] {
        let all = said(&[
            came(ahead * SECOND, 0, 900),
            came(3 * SECOND, 3 * SECOND, 901),
        ]);
        assert!(all.overrule(by(2, SECOND), Open), "{ahead}");
        assert!(
            all.overrule(came((ahead - 1) * SECOND, 4 * SECOND, 899), Open),
            "{ahead}"
        );
        assert!(!all.overrule(by(2, 4 * SECOND), Open), "{ahead}");
    }
    // What came between, by its own time older, turns nothing back.
    let all = said(&[
        came(240 * SECOND, 0, 900),
        stamp(10 * SECOND, 901),
        came(9 * SECOND, 11 * SECOND, 0),
    ]);
    assert!(all.overrule(by(2, 9 * SECOND), Open));
}

#[test]
fn of_many_authors_the_newest_are_remembered() {
    let mut all = Stamps::default();
    for author in 1..=100 {
        all.note(by(author, i64::from(author) * SECOND));
    }
    assert!(all.overrule(by(200, 90 * SECOND), Open));
    assert!(!all.overrule(by(200, 100 * SECOND), Open));
    let bytes = postcard::to_allocvec(&all).unwrap();
    assert!(bytes.len() < 32 * 60, "{}", bytes.len());
}

#[test]
fn the_parks_word_on_a_grant_gives_way_only_once_the_grant_is_over() {
    let at = |second: i64| Timestamp::from_micros(second * SECOND);
    let by = |second: i64| Passed {
        clock: at(second),
        settled: at(second),
    };
    let mut said = Standing::within(2);
    let (one, two, three) = ([1; 16], [2; 16], [3; 16]);
    said.note(one, stamp(0, 0), at(100), by(0));
    said.note(two, stamp(1, 0), at(200), by(1));
    assert!(
        said.has_room(&one, false, by(99)),
        "a further word on the same"
    );
    assert!(!said.has_room(&three, false, by(99)));
    assert!(said.has_room(&three, true, by(99)), "what takes back");
    said.note(three, stamp(2, 0), at(300), by(99));
    assert!(
        [one, two, three].iter().all(|key| said.said(key).is_some()),
        "what was taken is kept"
    );
    let kept = Kept::of(vec![said.table()]).unwrap();
    let mut said = Standing::within(2);
    kept.put_back(vec![said.table()]).unwrap();
    said.restored();
    said.note([4; 16], stamp(3, 0), at(400), by(101));
    assert_eq!(said.said(&one), None, "it was over");
    assert!(said.said(&two).is_some() && said.said(&three).is_some());
}

/// Every order in which these can arrive.
fn orders(stamps: &[Stamp]) -> Vec<Vec<Stamp>> {
    if stamps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in stamps.iter().enumerate() {
        let mut rest = stamps.to_vec();
        rest.remove(index);
        for mut order in orders(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}

/// What holds at the end: the last that nothing overruled.
fn holds(order: &[Stamp], lean: Lean) -> Option<Stamp> {
    let mut known = Stamps::default();
    let mut last = None;
    for stamp in order {
        if !known.overrule(*stamp, lean) {
            known.note(*stamp);
            last = Some(*stamp);
        }
    }
    last
}

/// A count begun anew, and a late statement of the old count: that one won.
#[test]
fn the_newest_holds_in_whatever_order_they_arrive() {
    let sets = [
        vec![stamp(0, 1_000), stamp(90, 1), stamp(1, 1_001)],
        vec![stamp(0, 5), stamp(10, 4), stamp(20, 3), stamp(30, 2)],
        vec![
            stamp(5, 9),
            stamp(5, 1),
            stamp(4, 10),
            stamp(6, 0),
            stamp(1, 99),
        ],
    ];
    for set in sets {
        let newest = set
            .iter()
            .max_by_key(|it| (it.said_micros, it.sequence))
            .copied();
        for order in orders(&set) {
            assert_eq!(holds(&order, Open), newest, "{order:?}");
        }
    }
}

#[test]
fn a_sender_of_many_statements_forgets_its_own() {
    let mut all = Precedence::within(4);
    let key = |number: u8| [number; 16];
    let known =
        |all: &Precedence, sender: &str, number: u8| all.words.said(sender, &key(number)).cloned();
    all.words.note("quiet", key(1), stamp(1, 0));
    for number in 2..20 {
        all.words
            .note("loud", key(number), stamp(i64::from(number), 0));
    }
    assert_eq!(known(&all, "quiet", 1), Some(said(&[stamp(1, 0)])));
    assert_eq!(known(&all, "loud", 16), None);
    assert!(known(&all, "loud", 17).is_some());
    let kept = Kept::of(all.tables()).unwrap();
    let mut stored = Precedence::within(4);
    kept.put_back(stored.tables()).unwrap();
    stored.restored();
    stored.words.note("loud", key(20), stamp(20, 0));
    assert_eq!(
        known(&stored, "loud", 17),
        None,
        "the oldest gives way here too"
    );
    assert!(known(&stored, "loud", 18).is_some() && known(&stored, "quiet", 1).is_some());
}

/// A plant's word of next year was taken by one door, and nothing that it said until then held.
#[test]
fn a_partners_time_holds_five_minutes_beyond_its_coming_at_most() {
    let partner = |said_s: i64, came_s: i64| Stamp {
        author: 0,
        ..came(said_s * SECOND, came_s * SECOND, 0)
    };
    let (year, now) = (partner(365 * 86_400, 0), |at_s| partner(at_s, at_s));
    assert!(now(290).is_before(year, Open));
    for lean in [Open, Safe] {
        assert!(!now(310).is_before(year, lean), "{lean:?}");
        assert!(!said(&[year]).overrule(now(310), lean));
    }
    // It is no longer the newest of what its author said.
    let both = said(&[year, now(400)]);
    assert!(both.overrule(now(350), Open));
}
