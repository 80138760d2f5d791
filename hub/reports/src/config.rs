//! The `[reports]` section. Unknown keys are refused; every default is a stated number.

use cordon_contract::Fault;
use cordon_model::plan::ParkPlan;
use cordon_model::{AlarmLevel, DeviceId, DeviceKind, Granularity, PartyId, ReportType, Timestamp};
use serde::Deserialize;

use crate::standard::{built_in_words, is_built};
use cordon_model::Schedule;

/// The `[reports]` section of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsConfig {
    /// What is built when.
    pub build: Vec<Job>,
    /// How often a source has something to say; a source without a line has nothing expected of it.
    pub expect: Vec<Expect>,
    /// Days of figures held for building and correcting, 35 to 400.
    pub days_kept: u32,
    /// How many spans that are over a scheduled build looks at again for late data, 1 to 31.
    pub look_back: u32,
    /// Rows of one report at most, 100 to 12000; what is left out is said in the report.
    pub rows_max: u32,
    /// Versions of one report at most.
    pub versions_max: u32,
    /// Days that reports are kept after the end of their span; each removal is recorded.
    pub keep_days: u32,
    /// The same for `ON_DEMAND` reports.
    pub keep_on_demand_days: u32,
    /// How soon an alarm must be acknowledged: not of this section, but what the alarms' own routes
    /// say, so that a report and an escalation never differ. The program fills it in.
    #[serde(skip)]
    pub acknowledge_s: AcknowledgeLimits,
}

impl Default for ReportsConfig {
    fn default() -> Self {
        Self {
            build: Vec::new(),
            expect: Vec::new(),
            days_kept: 62,
            look_back: 3,
            rows_max: 10_000,
            versions_max: 10_000,
            keep_days: 3_653,
            keep_on_demand_days: 30,
            acknowledge_s: AcknowledgeLimits::default(),
        }
    }
}

/// One report on schedule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Which report, such as `RPT-01`.
    pub report: ReportType,
    /// `{ every_s = 20 }` or `{ daily_at = "00:10" }`.
    pub schedule: Schedule,
    /// `DAY`, `WEEK` or `MONTH`: the spans that are over; `ON_DEMAND`: today so far.
    #[serde(default = "day")]
    pub granularity: Granularity,
}

fn day() -> Granularity {
    Granularity::Day
}

/// How often a source has something to say. Exactly one of the three names is set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// One device; goes before a line for its kind.
    pub device: Option<DeviceId>,
    /// All devices of a kind.
    pub kind: Option<DeviceKind>,
    /// One enterprise.
    pub enterprise: Option<PartyId>,
    /// Seconds from one message to the next.
    pub every_s: u32,
}

/// Seconds within which an alarm must be acknowledged, by level (standards 5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AcknowledgeLimits {
    /// Red.
    pub red: u32,
    /// Orange.
    pub orange: u32,
    /// Yellow.
    pub yellow: u32,
    /// Blue.
    pub blue: u32,
}

impl Default for AcknowledgeLimits {
    fn default() -> Self {
        Self {
            red: 60,
            orange: 180,
            yellow: 600,
            blue: 1_800,
        }
    }
}

impl AcknowledgeLimits {
    /// The limit of a level in milliseconds.
    pub fn of(self, level: AlarmLevel) -> i64 {
        let seconds = match level {
            AlarmLevel::Red => self.red,
            AlarmLevel::Orange => self.orange,
            AlarmLevel::Yellow => self.yellow,
            AlarmLevel::Blue => self.blue,
        };
        i64::from(seconds) * 1_000
    }
}

impl ReportsConfig {
    /// Looks at the values, and at the plan for what they name; touches nothing.
    pub fn check(&self, plan: &ParkPlan) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_limits(&mut faults);
        for (index, job) in self.build.iter().enumerate() {
            let place = format!("reports.build[{index}]");
            if job.schedule.next(Timestamp::from_micros(0)).is_none() {
                let remedy = "write { every_s = 20 } or { daily_at = \"00:10\" }";
                faults.push(bad(&format!("{place}.schedule"), "not a time", remedy));
            }
            if !is_built(job.report) {
                let text = format!("{} is not built by this hub", job.report);
                let place = format!("{place}.report");
                faults.push(bad(&place, &text, &built_in_words()));
            }
        }
        for (index, expect) in self.expect.iter().enumerate() {
            faults.extend(expect.check(&format!("reports.expect[{index}]"), plan));
        }
        faults
    }

    fn check_limits(&self, faults: &mut Vec<Fault>) {
        let limits = [
            ("days_kept", self.days_kept, 35, 400),
            ("look_back", self.look_back, 1, 31),
            ("rows_max", self.rows_max, 100, 12_000),
            ("versions_max", self.versions_max, 1, 1_000_000),
            ("keep_days", self.keep_days, 1, 36_530),
            ("keep_on_demand_days", self.keep_on_demand_days, 1, 36_530),
        ];
        for (field, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                let text = format!("{value} is outside {least} to {most}");
                faults.push(bad(
                    &format!("reports.{field}"),
                    &text,
                    "see docs/reference/reports.md",
                ));
            }
        }
    }

    /// Seconds between two messages of a device; `None` when nothing is expected.
    pub(crate) fn device_every_s(&self, id: &DeviceId, kind: DeviceKind) -> Option<u32> {
        let own = self
            .expect
            .iter()
            .find(|expect| expect.device.as_ref() == Some(id));
        own.or_else(|| self.expect.iter().find(|expect| expect.kind == Some(kind)))
            .map(|expect| expect.every_s)
    }

    /// The same for an enterprise.
    pub(crate) fn enterprise_every_s(&self, id: &PartyId) -> Option<u32> {
        self.expect
            .iter()
            .find(|expect| expect.enterprise.as_ref() == Some(id))
            .map(|expect| expect.every_s)
    }
}

impl Expect {
    fn check(&self, place: &str, plan: &ParkPlan) -> Option<Fault> {
        let names = usize::from(self.device.is_some())
            + usize::from(self.kind.is_some())
            + usize::from(self.enterprise.is_some());
        if names != 1 {
            let remedy = "name exactly one of device, kind and enterprise";
            return Some(bad(place, "it must be clear whom it is about", remedy));
        }
        if self.every_s == 0 {
            let field = format!("{place}.every_s");
            return Some(bad(&field, "must be at least 1", "60 suits most sensors"));
        }
        let no_device = |id: &DeviceId| plan.device(id).is_none();
        let no_enterprise = |id: &PartyId| !plan.enterprises.iter().any(|one| one.id == *id);
        let missing = self.device.as_ref().is_some_and(no_device)
            || self.enterprise.as_ref().is_some_and(no_enterprise);
        missing.then(|| {
            bad(
                place,
                "not in the plan",
                "name one of the plan, or add it there",
            )
        })
    }
}

fn bad(place: &str, detail: &str, remedy: &str) -> Fault {
    Fault::new("K090", detail).at(place).remedy(remedy)
}
