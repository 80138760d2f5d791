//! One page of the outbox: which lines stand on it, and what they say.

use cordon_console::{LetterLine, OpenLine, PageAsked};
use cordon_contract::{Fault, OrderLane};
use cordon_flow::{DeadLetter, OpenOrder, OrderNote, Outbox};
use cordon_model::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use super::{Own, lost};

/// What of the lists stands on one page.
pub(super) struct Cut {
    pub(super) open: Vec<(u64, OpenOrder)>,
    pub(super) open_total: usize,
    pub(super) open_more: bool,
    pub(super) dead: Vec<DeadLetter>,
    pub(super) own: Vec<LetterLine>,
    pub(super) dead_total: usize,
    pub(super) more: bool,
}

impl Cut {
    /// The lists come sorted. Dead orders stand first, by number; an id that is no number stands
    /// behind all of them.
    pub(super) fn new(
        asked: &PageAsked,
        mut open: Vec<(u64, OpenOrder)>,
        mut dead: Vec<DeadLetter>,
        mut own: Vec<LetterLine>,
    ) -> Self {
        let (open_total, dead_total) = (open.len(), dead.len() + own.len());
        open.retain(|(number, _)| asked.open_after.is_none_or(|after| *number > after));
        if let Some(after) = asked.after.as_deref() {
            match after.parse::<u64>() {
                Ok(number) => dead.retain(|letter| letter.number > number),
                Err(_) => {
                    dead.clear();
                    own.retain(|line| line.id.as_str() > after);
                }
            }
        }
        let open_more = open.len() > asked.limit;
        let more = dead.len() + own.len() > asked.limit;
        open.truncate(asked.limit);
        dead.truncate(asked.limit);
        own.truncate(asked.limit - dead.len());
        Self {
            open,
            open_total,
            open_more,
            dead,
            own,
            dead_total,
            more,
        }
    }
}

/// The lines of orders, with what the journal says of each. The place is kept as long as it is read.
pub(super) async fn described(
    (outbox, place): (Outbox, OwnedSemaphorePermit),
    open: Vec<(u64, OpenOrder)>,
    dead: Vec<DeadLetter>,
) -> Result<(Vec<OpenLine>, Vec<LetterLine>), Fault> {
    let look = move || {
        let open = open
            .into_iter()
            .map(|(number, order)| Ok(open_line(number, order, outbox.note(number)?)));
        let open = open.collect::<Result<_, Fault>>()?;
        let dead = dead.into_iter().map(|letter| {
            let note = outbox.note(letter.number)?;
            Ok(letter_line(letter, note))
        });
        let dead = dead.collect::<Result<_, Fault>>()?;
        drop(place);
        Ok((open, dead))
    };
    tokio::task::spawn_blocking(look).await.map_err(lost)?
}

fn open_line(number: u64, order: OpenOrder, note: Option<OrderNote>) -> OpenLine {
    OpenLine {
        number,
        time: note.map(|note| local(note.ordered)),
        target: order.target.0,
        kind: note.map(|note| note.kind.as_str()),
        lane: lane(order.lane),
        deadline: local(Timestamp::from_micros(order.deadline_micros)),
    }
}

fn letter_line(letter: DeadLetter, note: Option<OrderNote>) -> LetterLine {
    LetterLine {
        id: letter.number.to_string(),
        number: Some(letter.number),
        source: "outbox".to_owned(),
        time: local(Timestamp::from_micros(letter.given_up_micros)),
        target: letter.target,
        kind: note.map(|note| note.kind.as_str()),
        reason: letter.reason,
        lane: note.map(|note| lane(note.lane)),
        deadline: note.map(|note| local(note.deadline)),
    }
}

pub(super) fn own_line(own: Own) -> LetterLine {
    LetterLine {
        id: own.id,
        number: None,
        source: own.source.to_owned(),
        time: local(own.letter.since),
        target: own.letter.target.0,
        kind: Some(own.letter.kind.as_str()),
        reason: own.letter.reason,
        lane: None,
        deadline: None,
    }
}

const fn lane(lane: OrderLane) -> &'static str {
    match lane {
        OrderLane::Emergency => "EMERGENCY",
        OrderLane::Access => "ACCESS",
        OrderLane::Routine => "ROUTINE",
    }
}

/// As the park's clocks show it.
fn local(time: Timestamp) -> Timestamp {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use cordon_contract::Target;

    use super::*;

    fn cut(limit: usize, after: Option<&str>, open_after: Option<u64>) -> Cut {
        let open = |number| {
            let order = OpenOrder {
                target: Target::device("BR-01"),
                lane: OrderLane::Access,
                deadline_micros: 0,
                gate_command: true,
                late: false,
                rank: Default::default(),
            };
            (number, order)
        };
        let dead = |number| DeadLetter {
            number,
            target: "receiver:duty".to_owned(),
            reason: "answered 422".to_owned(),
            given_up_micros: 0,
        };
        let own = |id: &str| LetterLine {
            id: id.to_owned(),
            ..letter_line(dead(0), None)
        };
        let asked = PageAsked {
            limit,
            after: after.map(str::to_owned),
            open_after,
        };
        Cut::new(
            &asked,
            vec![open(3), open(8)],
            vec![dead(5), dead(7), dead(10)],
            vec![own("north:R:1"), own("south:R:1")],
        )
    }

    fn ids(cut: &Cut) -> Vec<String> {
        let dead = cut.dead.iter().map(|letter| letter.number.to_string());
        dead.chain(cut.own.iter().map(|line| line.id.clone()))
            .collect()
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_repetition() {
        let mut all = Vec::new();
        let mut pages = 0;
        loop {
            let page = cut(2, all.last().map(String::as_str), None);
            assert_eq!(page.dead_total, 5);
            all.extend(ids(&page));
            pages += 1;
            if !page.more {
                break;
            }
        }
        assert_eq!(all, ["5", "7", "10", "north:R:1", "south:R:1"]);
        assert_eq!(pages, 3);
        assert!(!cut(5, None, None).more, "a full page may be the last");
    }

    #[test]
    fn a_page_goes_on_although_its_last_line_is_gone() {
        assert_eq!(ids(&cut(2, Some("6"), None)), ["7", "10"]);
        assert_eq!(
            ids(&cut(2, Some("north:R:0"), None)),
            ["north:R:1", "south:R:1"]
        );
    }

    #[test]
    fn open_orders_have_pages_of_their_own() {
        let first = cut(1, None, None);
        assert_eq!(
            (first.open.len(), first.open_more, first.open_total),
            (1, true, 2)
        );
        let last = cut(1, None, Some(3));
        assert_eq!((last.open.first().unwrap().0, last.open_more), (8, false));
    }
}
