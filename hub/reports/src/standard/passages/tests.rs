//! How many are inside is what was counted last, and what does not concern passages is not booked.

use super::{Passages, Report};
use crate::Span;
use crate::standard::said;

#[test]
fn the_last_count_of_the_park_is_shown() {
    let noon = said::at("2026-03-31T12:00:00+08:00");
    let mut passages = Passages::default();
    said::booked(&mut passages, &said::on_duty(1, noon));
    assert_eq!(passages, Passages::default());
    for (number, inside) in [(2, 4), (3, 3)] {
        let at = noon.plus_seconds(i64::from(inside));
        said::booked(&mut passages, &said::count_of_park(number, at, inside));
    }
    // The count of 4 was made a second later, although it came first.
    let shown = said::rows(&passages, Span::day(noon), "in-park");
    let expected = "VEH_HAZMAT 4 -NOT_APPLICABLE 2026-03-31T12:00:04+08:00";
    assert_eq!(shown, [expected]);
    passages.forget(i64::MAX);
    assert_eq!(passages, Passages::default());
}
