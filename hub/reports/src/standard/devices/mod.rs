//! RPT-07 device online rate: by kind and maker installed, online, rate, outages, time to repair,
//! clock offset (R050).
//!
//! A device that reports its state has a timeline by the hub's time; its known time is what lies
//! between its first state and the end, without the times in which the hub did not run. A device
//! that only sends data counts as online in each hour in which something came.

mod fold;

use std::collections::BTreeMap;

use cordon_model::plan::Device as Planned;
use cordon_model::{Absence, Body, Cell, ColumnKind, Decimal, DeviceKind, DeviceState, ReportType};

use super::{About, Report, Told};
use crate::document::Look;
use crate::figure::percent;
use crate::received::Source;
use crate::table::{Head, Sheet, Table, code, integer, optional, text, time};
pub(super) use fold::Devices;
use fold::Timeline;

/// The report.
pub(super) const ABOUT: About = About {
    kind: ReportType::Rpt07,
    folder: "devices",
    title: "Device online rate",
    tells: "devices online, outages, time to repair, clock offset",
    text: include_str!("about.md"),
    sheets: &[&GROUPS, &OFFLINE],
    form: 1,
};

const HOUR: i64 = 3_600_000_000;

const KIND: Head = ("kind", "Kind of device", "设备类别", ColumnKind::Code, None);
const VENDOR: Head = ("vendor", "Maker", "厂商", ColumnKind::Text, None);

const GROUPS: Sheet = Sheet {
    name: "devices",
    title: "Devices by kind and maker",
    title_zh: "设备在线率",
    heads: GROUP_HEADS,
};

const OFFLINE: Sheet = Sheet {
    name: "offline",
    title: "Offline at the end",
    title_zh: "期末离线设备",
    heads: LIST_HEADS,
};

const GROUP_HEADS: &[Head] = &[
    KIND,
    VENDOR,
    (
        "installed",
        "Installed",
        "安装数",
        ColumnKind::Integer,
        None,
    ),
    (
        "online",
        "Online at the end",
        "期末在线数",
        ColumnKind::Integer,
        None,
    ),
    (
        "without-data",
        "Without any data",
        "无数据设备数",
        ColumnKind::Integer,
        None,
    ),
    (
        "online-rate",
        "Online rate",
        "在线率",
        ColumnKind::Number,
        Some("%"),
    ),
    ("outages", "Outages", "离线次数", ColumnKind::Integer, None),
    (
        "mttr",
        "Mean time to repair",
        "平均修复时间",
        ColumnKind::Number,
        Some("s"),
    ),
    (
        "clock-offset",
        "Largest clock offset",
        "最大时钟偏差",
        ColumnKind::Integer,
        Some("ms"),
    ),
];

const LIST_HEADS: &[Head] = &[
    ("device", "Device", "设备", ColumnKind::Text, None),
    KIND,
    VENDOR,
    ("lane", "Lane", "车道", ColumnKind::Text, None),
    (
        "since",
        "Offline since",
        "离线起始时间",
        ColumnKind::Time,
        None,
    ),
];

impl Report for Devices {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn book(&mut self, told: &Told<'_>) -> Option<i64> {
        if let Body::DeviceStatus(status) = &told.message.body {
            self.status(status, told.now);
        }
        None
    }

    fn unwatched(&mut self, at: i64) {
        self.unknown_after(at);
    }

    fn put_right(&mut self, now: i64) {
        self.book_at(now);
    }

    fn forget(&mut self, before: i64) {
        self.drop_before(before);
    }

    fn tables(&self, look: &Look<'_>) -> Vec<Table> {
        tables(self, look)
    }
}

fn tables(figures: &Devices, look: &Look<'_>) -> Vec<Table> {
    let mut groups: BTreeMap<(DeviceKind, Option<String>), Group> = BTreeMap::new();
    let mut offline = Table::of(&OFFLINE);
    for planned in &look.plan.devices {
        let seen = Seen::of(figures, look, planned);
        if let Some((since, DeviceState::Offline)) = seen.state {
            offline.row(vec![
                text(planned.id.as_str()),
                code(planned.kind.as_str()),
                maker(seen.vendor.as_deref()),
                optional(planned.lane.as_ref().map(|lane| lane.as_str())),
                time(since),
            ]);
        }
        let key = (planned.kind, seen.vendor.clone());
        groups.entry(key).or_default().add(&seen);
    }
    let mut table = Table::of(&GROUPS);
    for ((kind, vendor), group) in groups {
        table.row(group.cells(kind, vendor.as_deref()));
    }
    vec![table, offline]
}

/// What the span saw of one device.
struct Seen {
    vendor: Option<String>,
    /// Since when it was in which state at the end.
    state: Option<(i64, DeviceState)>,
    /// It sent something in the last hour of the span, and says nothing of its state.
    is_talking: bool,
    line: Timeline,
    offset: Option<i64>,
}

impl Seen {
    fn of(figures: &Devices, look: &Look<'_>, planned: &Planned) -> Self {
        let known = figures.known.get(&planned.id);
        let hours = look.span.hours_covered();
        let state = known.and_then(|device| device.state_at(look.to()));
        let mut seen = Self {
            vendor: planned
                .vendor
                .clone()
                .or_else(|| known.and_then(|device| device.vendor.clone())),
            state,
            is_talking: false,
            line: known
                .map(|device| device.timeline(look.from(), look.known_until()))
                .unwrap_or_default(),
            offset: known.and_then(|device| device.offset(hours.clone())),
        };
        if state.is_none() {
            let source = Source::Device(planned.id.clone());
            let received = &look.ledger.received;
            let heard = i64::try_from(received.total(&source, hours.clone()).hours).unwrap_or(0);
            if heard > 0 {
                let covered = hours.end.saturating_sub(hours.start);
                seen.line.known = covered.saturating_mul(HOUR);
                seen.line.online = heard.saturating_mul(HOUR);
                let last = hours.end.saturating_sub(1)..hours.end;
                seen.is_talking = received.total(&source, last).messages > 0;
            }
        }
        seen
    }

    fn is_online(&self) -> bool {
        let says = self.state.map(|(_, state)| state);
        self.is_talking || matches!(says, Some(DeviceState::Online | DeviceState::Degraded))
    }
}

#[derive(Default)]
struct Group {
    installed: u64,
    online: u64,
    without_data: u64,
    line: Timeline,
    offset: Option<i64>,
}

impl Group {
    fn add(&mut self, seen: &Seen) {
        self.installed += 1;
        self.online += u64::from(seen.is_online());
        self.without_data += u64::from(seen.line.known == 0);
        self.line.known += seen.line.known;
        self.line.online += seen.line.online;
        self.line.outages += seen.line.outages;
        self.line.repairs += seen.line.repairs;
        self.line.repair += seen.line.repair;
        let larger = |offset: &i64| offset.unsigned_abs();
        self.offset = self
            .offset
            .into_iter()
            .chain(seen.offset)
            .max_by_key(larger);
    }

    fn cells(&self, kind: DeviceKind, vendor: Option<&str>) -> Vec<Cell> {
        let no_data = || Cell::Absent(Absence::NoData);
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
        let repairs = Decimal::from(i64::try_from(self.line.repairs).unwrap_or(i64::MAX));
        vec![
            code(kind.as_str()),
            maker(vendor),
            integer(self.installed),
            integer(self.online),
            integer(self.without_data),
            if self.line.known == 0 {
                no_data()
            } else {
                // Milliseconds keep the product within range.
                percent(
                    unsigned(self.line.online / 1_000),
                    unsigned(self.line.known / 1_000),
                )
            },
            if self.line.known == 0 {
                no_data()
            } else {
                integer(self.line.outages)
            },
            Decimal::new(self.line.repair / 1_000, 3)
                .checked_div(repairs, 1)
                .map_or(Cell::Absent(Absence::NotApplicable), Cell::Number),
            self.offset.map_or_else(no_data, Cell::Integer),
        ]
    }
}

/// The maker, where somebody said it.
fn maker(vendor: Option<&str>) -> Cell {
    vendor.map_or(Cell::Absent(Absence::NoData), text)
}
