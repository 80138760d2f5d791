//! A histogram of durations with logarithmic buckets: fixed memory, error under 7 %.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling.
const SUB: u64 = 16;
const BUCKETS: usize = 64 * SUB as usize;

/// Counts durations in microseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

/// What is told of a histogram.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many durations were counted.
    pub count: u64,
    /// Half took no longer, microseconds.
    pub p50_us: u64,
    /// 99 of 100 took no longer, microseconds.
    pub p99_us: u64,
    /// The longest, microseconds.
    pub max_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(micros)) {
            *count += 1;
            self.total += 1;
        }
        self.max = self.max.max(micros);
    }

    /// The upper end of the bucket in which the `permille`th part lies, microseconds.
    pub fn quantile_us(&self, permille: u64) -> u64 {
        let wanted = self.total.saturating_mul(permille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper(index).min(self.max);
            }
        }
        0
    }

    /// Count, median, 99th of 100, longest.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles {
            count: self.total,
            p50_us: self.quantile_us(500),
            p99_us: self.quantile_us(990),
            max_us: self.max,
        }
    }
}

/// Values below 16 have a bucket each; above, 16 buckets for each doubling.
fn bucket(micros: u64) -> usize {
    if micros < SUB {
        return usize::try_from(micros).unwrap_or(0);
    }
    let exponent = u64::from(micros.ilog2()) - 4;
    let index = (exponent + 1) * SUB + ((micros >> exponent) - SUB);
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn upper(index: usize) -> u64 {
    let index = index as u64;
    if index < SUB {
        return index;
    }
    let exponent = index / SUB - 1;
    let mantissa = index % SUB + SUB;
    ((mantissa + 1) << exponent) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_a_bucket() {
        let mut histogram = Histogram::default();
        for micros in 1..=10_000 {
            histogram.note(Duration::from_micros(micros));
        }
        let found = histogram.quantiles();
        assert_eq!((found.count, found.max_us), (10_000, 10_000));
        assert!((5_000..5_400).contains(&found.p50_us), "{found:?}");
        assert!((9_900..=10_000).contains(&found.p99_us), "{found:?}");
    }

    #[test]
    fn every_value_lies_in_its_bucket() {
        for micros in [
            0,
            1,
            15,
            16,
            17,
            31,
            32,
            1_000,
            123_456,
            u64::from(u32::MAX),
            u64::MAX / 2,
        ] {
            let index = bucket(micros);
            assert!(upper(index) >= micros);
            assert!(index == 0 || upper(index - 1) < micros, "{micros}");
        }
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }
}
