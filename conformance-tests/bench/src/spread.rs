//! Median and range of a few rounds, percentiles of many steps.

use std::time::Duration;

/// Median, least and most of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle value.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of at least one value; of none everything is not a number, which no goal accepts.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        Self {
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            min: at(0),
            max: at(last),
        }
    }

    /// The same value thrice.
    pub fn single(value: f64) -> Self {
        Self::of([value])
    }
}

/// The step that `percent` of all steps do not exceed, in milliseconds.
pub(crate) fn percentile_ms(steps: &mut [Duration], percent: usize) -> f64 {
    steps.sort_unstable();
    let rank = (steps.len() * percent).div_ceil(100).saturating_sub(1);
    steps
        .get(rank)
        .map_or(f64::NAN, |step| step.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_ends() {
        let spread = Spread::of([3.0, 1.0, 2.0, 10.0]);
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 10.0));
        assert_eq!(Spread::of([7.0, 1.0, 2.0]).median, 2.0);
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn percentiles_are_steps_that_happened() {
        let mut steps: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&mut steps, 50), 100.0);
        assert_eq!(percentile_ms(&mut steps, 99), 198.0);
        assert_eq!(percentile_ms(&mut steps[..1], 99), 1.0);
        assert!(percentile_ms(&mut [], 99).is_nan());
    }
}
