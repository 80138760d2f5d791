//! The routing tree: which receivers an alarm reaches, when, and what follows when nobody answers.
//!
//! The first child that matches takes the alarm, unless it says `continue`; where no child matches,
//! the route itself takes it. What a route does not say, it inherits.

mod check;
mod file;
mod later;
mod matcher;

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Fault;
use cordon_model::AlarmLevel;
use cordon_model::plan::ParkPlan;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
pub use cordon_contract::CONSOLE;
pub use later::Later;
use matcher::Matcher;

/// What alarms of one group have in common.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKey {
    /// The alarm code.
    Code,
    /// The level.
    Level,
    /// The control area.
    Area,
    /// The gate.
    Gate,
    /// The kind of device.
    Kind,
    /// The enterprise.
    Enterprise,
}

impl GroupKey {
    fn of(self, facts: &Facts) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match self {
            Self::Code => facts.code.to_string(),
            Self::Level => facts.level.to_string(),
            Self::Area => text(&facts.area),
            Self::Gate => text(&facts.gate),
            Self::Kind => facts.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            Self::Enterprise => text(&facts.enterprise),
        }
    }
}

/// Seconds in which an alarm must be acknowledged, by level (standards 5).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acknowledge {
    /// Red alarms.
    pub red: u32,
    /// Orange alarms.
    pub orange: u32,
    /// Yellow alarms.
    pub yellow: u32,
    /// Blue alarms.
    pub blue: u32,
}

impl Default for Acknowledge {
    fn default() -> Self {
        Self {
            red: 60,
            orange: 180,
            yellow: 600,
            blue: 1_800,
        }
    }
}

impl Acknowledge {
    /// The deadline of a level in seconds.
    pub fn within_s(&self, level: AlarmLevel) -> u32 {
        match level {
            AlarmLevel::Red => self.red,
            AlarmLevel::Orange => self.orange,
            AlarmLevel::Yellow => self.yellow,
            AlarmLevel::Blue => self.blue,
        }
    }
}

/// One step of an escalation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Step {
    /// Seconds after the alarm was raised.
    pub after_s: u32,
    /// Who is told then.
    pub receivers: Vec<String>,
}

/// What the tree says about one alarm at one route: complete, nothing inherited any more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Errand {
    /// The route that matched, as path from the root.
    pub route: String,
    /// Who is told first.
    pub receivers: Vec<String>,
    /// What makes alarms one group.
    pub group_by: Vec<GroupKey>,
    /// Seconds from the first alarm of a group to its notification; red and orange never wait.
    pub group_wait_s: u32,
    /// Seconds between two notifications of a group that grows.
    pub group_interval_s: u32,
    /// Seconds after which a group that nobody acknowledged is told again; 0 never.
    pub repeat_s: u32,
    /// What follows while nobody acknowledges; never empty.
    pub escalate: Vec<Step>,
}

impl Errand {
    /// The values that make this alarm's group.
    pub fn group(&self, facts: &Facts) -> String {
        let values: Vec<String> = self.group_by.iter().map(|key| key.of(facts)).collect();
        values.join("|")
    }

    /// Seconds until the first notification of an alarm of this level.
    pub fn wait_s(&self, level: AlarmLevel) -> u32 {
        match is_grave(level) {
            true => 0,
            false => self.group_wait_s,
        }
    }
}

/// Whether somebody may be hurt meanwhile: then nothing is put off, neither for a group nor because
/// the same was told a moment ago.
pub(crate) fn is_grave(level: AlarmLevel) -> bool {
    matches!(level, AlarmLevel::Red | AlarmLevel::Orange)
}

/// A route with everything it inherited.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Route {
    path: String,
    place: String,
    matcher: Matcher,
    goes_on: bool,
    receivers: Vec<String>,
    group_by: Vec<GroupKey>,
    group_wait_s: u32,
    group_interval_s: u32,
    repeat_s: u32,
    /// Seconds (`None`: the level's acknowledge deadline) and receivers.
    escalate: Vec<(Option<u32>, Vec<String>)>,
    children: Vec<Route>,
}

impl Route {
    /// The route of this path, here or below.
    fn at(&self, path: &str) -> Option<&Self> {
        if self.path == path {
            return Some(self);
        }
        if !path.starts_with(&self.path) {
            return None;
        }
        self.children.iter().find_map(|child| child.at(path))
    }
}

/// The routing tree with the receivers it may name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Routes {
    receivers: BTreeSet<String>,
    hears: BTreeMap<String, BTreeSet<Later>>,
    acknowledge: Acknowledge,
    root: Route,
    /// A mark of the file; none where there is none.
    mark: u64,
}

impl Default for Routes {
    /// Everything to the console.
    fn default() -> Self {
        let console = CONSOLE.to_owned();
        Self {
            receivers: BTreeSet::from([console.clone()]),
            hears: BTreeMap::new(),
            acknowledge: Acknowledge::default(),
            root: Route {
                receivers: vec![console],
                ..file::root()
            },
            mark: 0,
        }
    }
}

impl Routes {
    /// Reads a tree; `file` is how it is named in places.
    ///
    /// # Errors
    /// Everything that is wrong, each with `file:line:column` and remedy (`P030` to `P037`, `P042`).
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Fault>> {
        file::read(text, file)
    }

    /// Compares what matchers name with the park's plan (`P038`).
    pub fn check(&self, plan: &ParkPlan) -> Vec<Fault> {
        let mut faults = Vec::new();
        check::against_plan(&self.root, plan, &mut faults);
        faults
    }

    /// Every receiver the file declares; each but [`CONSOLE`] needs an adapter that serves it.
    pub fn receivers(&self) -> impl Iterator<Item = &str> {
        self.receivers.iter().map(String::as_str)
    }

    /// Whether the file declares a receiver.
    pub fn names(&self, receiver: &str) -> bool {
        self.receivers.contains(receiver)
    }

    /// A mark that other routes do not have; the same in every build.
    pub(crate) fn mark(&self) -> u64 {
        self.mark
    }

    /// Who is told first by the route of this path; of one that is not there, by the root.
    pub(crate) fn receivers_at(&self, path: &str) -> &[String] {
        &self.root.at(path).unwrap_or(&self.root).receivers
    }

    /// How often the route of this path tells again what nobody acknowledged.
    pub(crate) fn repeat_s_at(&self, path: &str) -> u32 {
        self.root.at(path).map_or(0, |route| route.repeat_s)
    }

    /// Whether a receiver that was told of an alarm also hears of this. One that the file does not declare any more
    /// hears nothing.
    pub fn hears(&self, receiver: &str, later: Later) -> bool {
        if !self.names(receiver) {
            return false;
        }
        match self.hears.get(receiver) {
            Some(named) => named.contains(&later),
            None => later.is_heard_by_default(receiver),
        }
    }

    /// The acknowledge deadlines.
    pub fn acknowledge(&self) -> Acknowledge {
        self.acknowledge
    }

    /// What is to be done about an alarm, in the order of the tree; never empty.
    pub fn resolve(&self, facts: &Facts) -> Vec<Errand> {
        let mut found = Vec::new();
        walk(&self.root, facts, &mut found);
        found
            .into_iter()
            .map(|route| self.errand(route, facts.level))
            .collect()
    }

    fn errand(&self, route: &Route, level: AlarmLevel) -> Errand {
        let deadline = self.acknowledge.within_s(level);
        let mut escalate: Vec<Step> = route
            .escalate
            .iter()
            .map(|(after_s, receivers)| Step {
                after_s: after_s.unwrap_or(deadline),
                receivers: receivers.clone(),
            })
            .collect();
        if escalate.is_empty() {
            // Nobody is named for it: the same receivers hear again that it was missed.
            escalate.push(Step {
                after_s: deadline,
                receivers: route.receivers.clone(),
            });
        }
        escalate.sort_by_key(|step| step.after_s);
        Errand {
            route: route.path.clone(),
            receivers: route.receivers.clone(),
            group_by: route.group_by.clone(),
            group_wait_s: route.group_wait_s,
            group_interval_s: route.group_interval_s,
            repeat_s: route.repeat_s,
            escalate,
        }
    }
}

/// Whether this route or one below it took the alarm.
fn walk<'a>(route: &'a Route, facts: &Facts, found: &mut Vec<&'a Route>) -> bool {
    if !route.matcher.matches(facts) {
        return false;
    }
    let mut taken = false;
    for child in &route.children {
        if walk(child, facts, found) {
            taken = true;
            if !child.goes_on {
                break;
            }
        }
    }
    if !taken {
        found.push(route);
    }
    true
}
