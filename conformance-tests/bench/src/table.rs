//! What was measured: rows of a figure, its bound, their ratio and the goal.

use crate::Spread;

/// A figure with its unit.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// The figure.
    pub value: f64,
    /// Its unit, such as `messages/s`.
    pub unit: &'static str,
}

/// How a ratio is shown.
#[derive(Clone, Copy, Debug)]
pub enum Ratio {
    /// A share of the bound, in percent.
    Share(Spread),
    /// A multiple of the bound.
    Times(Spread),
}

impl Ratio {
    /// The figures behind it.
    pub fn spread(&self) -> Spread {
        match self {
            Self::Share(spread) | Self::Times(spread) => *spread,
        }
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// The figure itself is at least this.
    AtLeast(f64),
}

/// Whether a goal is met, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Met.
    Met,
    /// Missed: the figure divided by the goal, or the other way round; always above 1.
    MissedBy(f64),
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub measured: Amount,
    /// What it is compared with, and in which words.
    pub bound: Option<(&'static str, Amount)>,
    /// Figure and bound put together, round by round.
    pub ratio: Option<Ratio>,
    /// What is wanted.
    pub goal: Option<Goal>,
}

impl Row {
    /// A figure that stands alone.
    pub fn figure(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            measured: Amount { value, unit },
            bound: None,
            ratio: None,
            goal: None,
        }
    }

    /// Sets it beside a bound.
    #[must_use]
    pub fn beside(mut self, name: &'static str, value: f64, unit: &'static str) -> Self {
        self.bound = Some((name, Amount { value, unit }));
        self
    }

    /// Says the ratio.
    #[must_use]
    pub fn ratio(mut self, ratio: Ratio) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// Says the goal.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Judges the row; `None` when it has no goal. A figure that is no number misses every goal.
    pub fn verdict(&self) -> Option<Verdict> {
        let ratio = self.ratio.map_or(f64::NAN, |ratio| ratio.spread().median);
        let missed = match self.goal? {
            Goal::RatioAtLeast(least) => least / ratio,
            Goal::RatioAtMost(most) => ratio / most,
            Goal::AtMost(most) => self.measured.value / most,
            Goal::AtLeast(least) => least / self.measured.value,
        };
        Some(if missed <= 1.0 {
            Verdict::Met
        } else {
            Verdict::MissedBy(missed)
        })
    }
}

/// One table with the words before it.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// What is compared with what, in a sentence or two.
    pub about: String,
    /// The lines.
    pub rows: Vec<Row>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let share = |ratio| {
            Row::figure("x", 1.0, "1/s")
                .ratio(Ratio::Share(Spread::single(ratio)))
                .goal(Goal::RatioAtLeast(0.5))
                .verdict()
        };
        assert_eq!(share(0.5), Some(Verdict::Met));
        assert_eq!(share(0.25), Some(Verdict::MissedBy(2.0)));
        assert!(matches!(share(f64::NAN), Some(Verdict::MissedBy(_))));
        let time = Row::figure("x", 6.0, "ms").goal(Goal::AtMost(5.0));
        assert_eq!(time.verdict(), Some(Verdict::MissedBy(1.2)));
        let rate = Row::figure("x", 6.0, "1/s").goal(Goal::AtLeast(9.0));
        assert_eq!(rate.verdict(), Some(Verdict::MissedBy(1.5)));
        assert_eq!(Row::figure("x", 6.0, "ms").verdict(), None);
    }
}
