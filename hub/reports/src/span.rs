//! The span of a report, in park time (UTC+8): days, weeks and months that are over, today so far,
//! or any whole hours.

use cordon_model::{Civil, Granularity, ParkCode, Period, ReportType, Timestamp};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const OFFSET: i64 = Timestamp::PARK_OFFSET_MINUTES as i64 * 60_000_000;

/// Which hour of park time, counted from 1970-01-01T00:00+08:00.
pub(crate) fn hour_of(micros: i64) -> i64 {
    micros.saturating_add(OFFSET).div_euclid(HOUR)
}

/// When an hour begins.
pub(crate) fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour.saturating_mul(HOUR).saturating_sub(OFFSET))
        .at_offset(Timestamp::PARK_OFFSET_MINUTES)
}

/// The same moment, in whatever offset it was written.
fn same(a: Timestamp, b: Timestamp) -> bool {
    a.micros() == b.micros()
}

/// What is reported on, from inclusive, to exclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    from: Timestamp,
    to: Timestamp,
    granularity: Granularity,
    so_far: bool,
}

impl Span {
    /// The park's day that holds `at`.
    pub fn day(at: Timestamp) -> Self {
        let from = park(at).start_of_day();
        Self::new(from, from.plus_micros(DAY), Granularity::Day)
    }

    /// The week, from Monday on, that holds `at`.
    pub fn week(at: Timestamp) -> Self {
        let day = park(at).start_of_day();
        // 1970-01-01 was a Thursday, the fourth day from Monday on.
        let since_monday = (hour_of(day.micros()).div_euclid(24) + 3).rem_euclid(7);
        let from = day.plus_micros(-since_monday * DAY);
        Self::new(from, from.plus_micros(7 * DAY), Granularity::Week)
    }

    /// The calendar month that holds `at`.
    pub fn month(at: Timestamp) -> Self {
        let first = |at: Timestamp| {
            let back = i64::from(park(at).civil().day) - 1;
            park(at).start_of_day().plus_micros(-back * DAY)
        };
        let from = first(at);
        // 32 days after the first lies in the next month, whatever its length.
        let to = first(from.plus_micros(32 * DAY));
        Self::new(from, to, Granularity::Month)
    }

    /// The day that holds `at`, up to `until`: a report of its own, never mixed with the day's.
    pub fn so_far(at: Timestamp, until: Timestamp) -> Self {
        let day = Self::day(at);
        Self {
            to: park(until).max(day.from).min(day.to),
            granularity: Granularity::OnDemand,
            so_far: true,
            ..day
        }
    }

    /// Whole hours; `None` unless both are on the hour of park time and in order.
    pub fn hours(from: Timestamp, to: Timestamp) -> Option<Self> {
        let whole = |at: Timestamp| hour_start(hour_of(at.micros())) == at;
        (from < to && whole(from) && whole(to))
            .then(|| Self::new(park(from), park(to), Granularity::OnDemand))
    }

    /// The span that a request names; `None` when its ends are not those of a span that reports are
    /// built for: a whole day, week or month, whole hours, or a day from its start on.
    pub fn asked(period: &Period) -> Option<Self> {
        let (from, to) = (period.from, period.to);
        let whole = match period.granularity {
            Granularity::Day => Self::day(from),
            Granularity::Week => Self::week(from),
            Granularity::Month => Self::month(from),
            Granularity::OnDemand => {
                let so_far = Self::so_far(from, to);
                let is_day = same(Self::day(from).from, from) && same(so_far.to, to) && from < to;
                return Self::hours(from, to).or_else(|| is_day.then_some(so_far));
            }
        };
        (same(whole.from, from) && same(whole.to, to)).then_some(whole)
    }

    /// The newest span of this length that is over at `now`; `ON_DEMAND` is today so far.
    pub fn last_over(granularity: Granularity, now: Timestamp) -> Self {
        let holding = Self::holding(granularity, now);
        match granularity {
            Granularity::OnDemand => holding,
            _ => holding.previous(),
        }
    }

    /// The span of this length that holds `at`.
    pub(crate) fn holding(granularity: Granularity, at: Timestamp) -> Self {
        match granularity {
            Granularity::Day => Self::day(at),
            Granularity::Week => Self::week(at),
            Granularity::Month => Self::month(at),
            Granularity::OnDemand => Self::so_far(at, at),
        }
    }

    /// The span of the same length before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        match self.granularity {
            Granularity::Day => Self::day(self.before()),
            Granularity::Week => Self::week(self.before()),
            Granularity::Month => Self::month(self.before()),
            Granularity::OnDemand => Self::so_far(self.before(), self.before()),
        }
    }

    /// Start, inclusive.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// End, exclusive.
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// Which span.
    pub fn granularity(self) -> Granularity {
        self.granularity
    }

    /// Whether it is a day that may not be over yet.
    pub fn is_so_far(self) -> bool {
        self.so_far
    }

    /// As the language has it.
    pub fn period(self) -> Period {
        Period {
            from: self.from,
            to: self.to,
            granularity: self.granularity,
        }
    }

    /// The id of a report over this span. Versions share it; a day so far has another than the day.
    pub fn report_id(self, report: ReportType, park: &ParkCode) -> String {
        let from = self.from.civil();
        let date = date(from);
        let tail = match self.granularity {
            Granularity::Day => date,
            Granularity::Week => format!("week-{date}"),
            Granularity::Month => format!("month-{:04}-{:02}", from.year, from.month),
            Granularity::OnDemand if self.so_far => format!("{date}.so-far"),
            Granularity::OnDemand => {
                let to = self.to.civil();
                format!("{}.{}", hour_name(from), hour_name(to))
            }
        };
        format!("{}.{park}.{tail}", report.as_str())
    }

    pub(crate) fn hours_covered(self) -> std::ops::Range<i64> {
        // A day so far ends within an hour, which belongs to it.
        let last = hour_of(self.to.micros().saturating_sub(1));
        let first = hour_of(self.from.micros());
        first..last.saturating_add(1).max(first)
    }

    fn new(from: Timestamp, to: Timestamp, granularity: Granularity) -> Self {
        Self {
            from,
            to,
            granularity,
            so_far: false,
        }
    }

    fn before(self) -> Timestamp {
        self.from.plus_micros(-1)
    }
}

fn park(at: Timestamp) -> Timestamp {
    at.at_offset(Timestamp::PARK_OFFSET_MINUTES)
}

fn date(day: Civil) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

fn hour_name(at: Civil) -> String {
    format!("{}T{:02}", date(at), at.hour)
}

#[cfg(test)]
mod tests {
    use cordon_model::{Granularity, ParkCode, ReportType, Timestamp};

    use cordon_model::Period;

    use super::Span;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn id(span: Span) -> String {
        span.report_id(ReportType::Rpt01, &ParkCode::new("JS-DEMO").unwrap())
    }

    #[test]
    fn spans_follow_the_park_calendar() {
        // 16:30 UTC is already tomorrow in the park.
        let day = Span::day(at("2026-03-30T16:30:00Z"));
        assert_eq!(day.from(), at("2026-03-31T00:00:00+08:00"));
        assert_eq!(day.to(), at("2026-04-01T00:00:00+08:00"));
        assert_eq!(id(day), "RPT-01.JS-DEMO.2026-03-31");
        let week = Span::week(at("2026-04-05T23:59:59+08:00"));
        assert_eq!(id(week), "RPT-01.JS-DEMO.week-2026-03-30");
        assert_eq!(week.to(), at("2026-04-06T00:00:00+08:00"));
        let month = Span::month(at("2028-02-29T12:00:00+08:00"));
        assert_eq!(month.to(), at("2028-03-01T00:00:00+08:00"));
        assert_eq!(id(month), "RPT-01.JS-DEMO.month-2028-02");
        assert_eq!(id(month.previous()), "RPT-01.JS-DEMO.month-2028-01");
    }

    #[test]
    fn today_so_far_is_another_report_than_the_day() {
        let now = at("2026-03-31T10:20:30+08:00");
        let so_far = Span::so_far(now, now);
        assert_ne!(id(so_far), id(Span::day(now)));
        assert_eq!(so_far.granularity(), Granularity::OnDemand);
        assert_eq!(so_far.hours_covered().count(), 11);
        assert_eq!(so_far.to(), now);
    }

    #[test]
    fn hours_are_whole() {
        let (from, to) = (
            at("2026-03-31T08:00:00+08:00"),
            at("2026-03-31T12:00:00+08:00"),
        );
        let span = Span::hours(from, to).unwrap();
        assert_eq!(id(span), "RPT-01.JS-DEMO.2026-03-31T08.2026-03-31T12");
        assert_eq!(span.hours_covered().count(), 4);
        assert_eq!(Span::hours(to, from), None);
        assert_eq!(Span::hours(from.plus_seconds(1), to), None);
    }

    #[test]
    fn a_request_names_a_whole_span_or_none() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let asked = |from: &str, to: &str, granularity| {
            Span::asked(&Period {
                from: at(from),
                to: at(to),
                granularity,
            })
        };
        // The same moments in another offset are the same day.
        let day = asked(
            "2026-03-30T16:00:00Z",
            "2026-03-31T16:00:00Z",
            Granularity::Day,
        )
        .unwrap();
        assert_eq!(day, Span::day(at("2026-03-31T12:00:00+08:00")));
        assert!(
            asked(
                "2026-03-31T00:00:00+08:00",
                "2026-04-02T00:00:00+08:00",
                Granularity::Day
            )
            .is_none()
        );
        let hours = asked(
            "2026-03-31T07:00:00+08:00",
            "2026-03-31T09:00:00+08:00",
            Granularity::OnDemand,
        );
        assert!(!hours.unwrap().is_so_far());
        let so_far = asked(
            "2026-03-31T00:00:00+08:00",
            "2026-03-31T09:12:31+08:00",
            Granularity::OnDemand,
        );
        assert!(so_far.unwrap().is_so_far());
        assert!(
            asked(
                "2026-03-31T07:00:01+08:00",
                "2026-03-31T09:12:31+08:00",
                Granularity::OnDemand
            )
            .is_none()
        );
        assert!(
            asked(
                "2026-03-31T00:00:00+08:00",
                "2026-03-31T00:00:00+08:00",
                Granularity::OnDemand
            )
            .is_none()
        );
    }
}
