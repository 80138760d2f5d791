//! On which days the hub ran: of a day without an entry nothing is known but what is said of it later.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::span::{Span, hour_of};

/// Days that are known, more than figures are ever held of; the oldest go.
const DAYS_MAX: usize = 1_000;

/// Days of park time, counted from 1970-01-01, that have an entry by the hub's time.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Lived {
    days: BTreeSet<i64>,
}

impl Lived {
    /// There is an entry of this time, in microseconds.
    pub(crate) fn at(&mut self, now: i64) {
        self.days.insert(day_of(now));
        if self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
    }

    /// The clock was ahead until now.
    pub(crate) fn put_right(&mut self, now: i64) {
        self.days.split_off(&day_of(now).saturating_add(1));
    }

    /// Whether the hub ran within the span.
    pub(crate) fn within(&self, span: Span) -> bool {
        let last = day_of(span.to().micros().saturating_sub(1));
        let mut days = self.days.range(day_of(span.from().micros())..=last);
        days.next().is_some()
    }

    /// Some time of the last day before the span's end on which the hub ran, in microseconds.
    pub(crate) fn last_before(&self, span: Span) -> Option<i64> {
        let mut days = self.days.range(..day_of(span.to().micros()));
        let day = days.next_back()?;
        Some(crate::span::hour_start(day.saturating_mul(24)).micros())
    }
}

fn day_of(micros: i64) -> i64 {
    hour_of(micros).div_euclid(24)
}
