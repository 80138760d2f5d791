//! Exact figures: shares, means and 95th percentiles in whole numbers, rounded half away from zero.

use cordon_model::{Absence, Cell, Decimal};

/// `part` of `whole` in percent, two digits; not applicable when there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> Cell {
    let part = i64::try_from(u128::from(part).saturating_mul(100)).unwrap_or(i64::MAX);
    let whole = i64::try_from(whole).unwrap_or(i64::MAX);
    Decimal::from(part)
        .checked_div(Decimal::from(whole), 2)
        .map_or(Cell::Absent(Absence::NotApplicable), Cell::Number)
}

/// Mean of milliseconds in seconds, one digit; no data when there is nothing.
pub(crate) fn mean_s(values: &[i64]) -> Cell {
    let sum = values.iter().fold(0_i64, |sum, ms| sum.saturating_add(*ms));
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    Decimal::new(sum, 3)
        .checked_div(Decimal::from(count), 1)
        .map_or(Cell::Absent(Absence::NoData), Cell::Number)
}

/// 95th percentile of milliseconds by nearest rank, in seconds, one digit; `values` get sorted.
pub(crate) fn p95_s(values: &mut [i64]) -> Cell {
    values.sort_unstable();
    let rank = (values.len() * 95).div_ceil(100);
    let value = rank.checked_sub(1).and_then(|at| values.get(at)).copied();
    seconds(value)
}

/// Milliseconds in seconds, one digit; no data when there is nothing.
pub(crate) fn seconds(ms: Option<i64>) -> Cell {
    ms.and_then(|ms| Decimal::new(ms, 3).rescale(1))
        .map_or(Cell::Absent(Absence::NoData), Cell::Number)
}

#[cfg(test)]
mod tests {
    use cordon_model::{Absence, Cell, Decimal};

    use super::{mean_s, p95_s, percent, seconds};

    fn number(text: &str) -> Cell {
        Cell::Number(text.parse::<Decimal>().unwrap())
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        assert_eq!(percent(1, 8), number("12.50"));
        assert_eq!(percent(2, 3), number("66.67"));
        assert_eq!(percent(1, 20_000), number("0.01"));
        assert_eq!(percent(1, 0), Cell::Absent(Absence::NotApplicable));
        assert_eq!(mean_s(&[50, 50]), number("0.1"));
        assert_eq!(mean_s(&[1_000, 2_000, 2_000]), number("1.7"));
        assert_eq!(mean_s(&[]), Cell::Absent(Absence::NoData));
        assert_eq!(seconds(Some(1_249)), number("1.2"));
    }

    #[test]
    fn the_percentile_is_a_value_that_was_there() {
        let mut hundred: Vec<i64> = (1..=100).rev().map(|n| n * 1_000).collect();
        assert_eq!(p95_s(&mut hundred), number("95.0"));
        assert_eq!(p95_s(&mut [3_000]), number("3.0"));
        assert_eq!(p95_s(&mut [1_000, 9_000]), number("9.0"));
        assert_eq!(p95_s(&mut []), Cell::Absent(Absence::NoData));
    }
}
