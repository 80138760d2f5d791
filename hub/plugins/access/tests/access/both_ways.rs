//! Lanes that are driven both ways, and pictures of whom nobody asked for.

use cordon_model::*;

use crate::late_rise::stands;
use crate::park::*;

const SECOND: &str = "苏H00002";
const BANNED: &str = "苏H00009";

/// The two-way lane of an ordinary gate.
fn two_ways() -> Feed {
    let mut plan = plan();
    for lane in &mut plan.lanes {
        if lane.id == "L-02" {
            lane.direction = None;
        }
    }
    let mut feed = Feed::with(
        std::sync::Arc::new(PlainRules),
        cordon_access::AccessConfig::default(),
        plan,
    );
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    for number in [PLATE, SECOND, "苏H00004"] {
        feed.say(Body::AccessGrant(grant(number)));
    }
    feed
}

fn read(feed: &mut Feed, number: &str, direction: Direction) -> Told {
    let mut seen = capture("L-02", number, feed.now);
    seen.direction = direction;
    feed.say(Body::PlateCapture(seen))
}

fn boom(feed: &mut Feed, is: BarrierState) {
    feed.wait_s(1);
    let up = is == BarrierState::Open;
    feed.say(stands("L-02", is, up, feed.now));
}

fn goes(feed: &mut Feed, direction: Direction) -> Told {
    feed.vehicle("L-02", LoopEventKind::Passed, direction)
}

/// Who came out first made the one gone who was refused on the way in, and the boom rose in front of him for the next.
#[test]
fn who_leaves_the_park_takes_nobody_away_who_waits_to_enter() {
    let mut feed = two_ways();
    assert_eq!(read(&mut feed, PLATE, Direction::In).orders.len(), 1);
    boom(&mut feed, BarrierState::Open);
    let told = read(&mut feed, BANNED, Direction::In);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    assert_eq!(read(&mut feed, SECOND, Direction::In).orders.len(), 1);
    boom(&mut feed, BarrierState::Open);
    assert_eq!(read(&mut feed, "苏H00004", Direction::Out).orders.len(), 1);
    boom(&mut feed, BarrierState::Open);
    goes(&mut feed, Direction::Out);
    let told = goes(&mut feed, Direction::In);
    let number = told.passages()[0].plate.as_ref().unwrap().number.clone();
    assert_eq!(number.as_str(), PLATE);
    boom(&mut feed, BarrierState::Closed);
    let told = feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    assert_eq!(told.orders.len(), 0, "he who was refused may stand there");
}

/// He who goes was decided again behind others, and they counted as gone when he went: the boom rose in front of one who had
/// been refused, for the vehicle behind him.
#[test]
fn who_is_decided_again_takes_nobody_away_who_came_after_him() {
    type Before = fn(&mut Feed);
    let befores: [(&str, Before); 4] = [
        ("his place had lapsed while another left", |feed| {
            read(feed, PLATE, Direction::In);
            boom(feed, BarrierState::Open);
            boom(feed, BarrierState::Closed);
            read(feed, BANNED, Direction::In);
            read(feed, "苏H00004", Direction::Out);
            boom(feed, BarrierState::Open);
            goes(feed, Direction::Out);
            boom(feed, BarrierState::Closed);
            feed.run_s(124);
        }),
        ("his grant came late", |feed| {
            feed.say(Body::ListEntry(ListEntry {
                entry_id: "LE-A".to_owned(),
                ..listed(PLATE, ListKind::Black)
            }));
            read(feed, PLATE, Direction::In);
            feed.wait_s(1);
            read(feed, BANNED, Direction::In);
            feed.run_s(590);
            feed.say(Body::ListEntry(ListEntry {
                entry_id: "LE-A".to_owned(),
                state: LifeState::Withdrawn,
                ..listed(PLATE, ListKind::Black)
            }));
        }),
        ("his opening was taken by another's backing out", |feed| {
            feed.say(Body::ListEntry(listed("苏H00008", ListKind::Black)));
            read(feed, "苏H00008", Direction::In);
            feed.run_s(122);
            read(feed, PLATE, Direction::In);
            boom(feed, BarrierState::Open);
            read(feed, BANNED, Direction::In);
            feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
            boom(feed, BarrierState::Closed);
            feed.wait_s(1);
        }),
        ("he was seen in another colour", |feed| {
            let mut blue = capture("L-02", PLATE, feed.now);
            blue.plate_colour = PlateColour::Blue;
            feed.say(Body::PlateCapture(blue));
            feed.wait_s(1);
            read(feed, BANNED, Direction::In);
            feed.wait_s(1);
        }),
    ];
    for (what, before) in befores {
        let mut feed = two_ways();
        before(&mut feed);
        assert_eq!(
            read(&mut feed, PLATE, Direction::In).orders.len(),
            1,
            "{what}"
        );
        boom(&mut feed, BarrierState::Open);
        assert_eq!(
            read(&mut feed, SECOND, Direction::In).orders.len(),
            1,
            "{what}"
        );
        boom(&mut feed, BarrierState::Open);
        goes(&mut feed, Direction::In);
        boom(&mut feed, BarrierState::Closed);
        let told = feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        assert_eq!(told.orders.len(), 0, "{what}");
    }
}

/// So it was where it was read long before the loops said that it had gone.
#[test]
fn a_rear_is_nobody_while_its_vehicle_goes() {
    let mut feed = two_ways();
    assert_eq!(read(&mut feed, PLATE, Direction::Out).orders.len(), 1);
    boom(&mut feed, BarrierState::Open);
    feed.wait_s(1);
    assert_eq!(read(&mut feed, PLATE, Direction::In).bodies, []);
    feed.wait_s(8);
    goes(&mut feed, Direction::Out);
    boom(&mut feed, BarrierState::Closed);
    feed.wait_s(6);
    assert_eq!(read(&mut feed, PLATE, Direction::In).orders.len(), 1);
}

/// A rear was read by the camera that looks the other way, and the boom rose for nobody.
#[test]
fn a_rear_is_nobody_who_comes_the_other_way() {
    for (waits_s, orders) in [(1, 0), (4, 0), (6, 1)] {
        let mut feed = two_ways();
        assert_eq!(read(&mut feed, PLATE, Direction::In).orders.len(), 1);
        boom(&mut feed, BarrierState::Open);
        goes(&mut feed, Direction::In);
        boom(&mut feed, BarrierState::Closed);
        feed.wait_s(waits_s - 1);
        let told = read(&mut feed, PLATE, Direction::Out);
        assert_eq!(told.orders.len(), orders, "{waits_s}");
    }
}

/// He went through before his only picture came, and the boom rose for whoever stood there.
#[test]
fn a_picture_of_one_who_went_unasked_opens_for_nobody() {
    // Seconds between picture and passage, and how late it comes.
    for (before_s, late_s, orders) in [(3, 6, 0), (1, 1, 1), (-1, 6, 1)] {
        let mut feed = two_ways();
        let taken = feed.now;
        feed.wait_s(before_s);
        goes(&mut feed, Direction::In);
        feed.now = taken.plus_seconds(late_s.max(before_s));
        let late = Body::PlateCapture(capture("L-02", PLATE, taken));
        assert_eq!(feed.say(late).orders.len(), orders, "{before_s} {late_s}");
    }
}
