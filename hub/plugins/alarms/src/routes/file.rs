//! `routes.toml`: its shape, and everything that can be wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::str::FromStr;

use cordon_contract::Fault;
use cordon_model::name::mark;
use cordon_model::{AlarmCode, AlarmLevel, DeviceKind};
use serde::Deserialize;
use toml::Spanned;

use super::check::{self, nearest};
use super::matcher::Matcher;
use super::{Acknowledge, GroupKey, Later, Route, Routes};

/// Routes below routes, and routes in all.
const DEPTH_MAX: usize = 8;
const ROUTES_MAX: usize = 500;
/// Steps of one escalation.
const STEPS_MAX: usize = 20;
/// Receivers of a park.
const RECEIVERS_MAX: usize = 200;
/// Longest time anything may be put off: a week.
const SECONDS_MAX: u32 = 7 * 86_400;
/// Longest name; with its kind before it, a target still fits into an entry's label.
const NAME_CHARS_MAX: usize = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    receivers: Vec<Spanned<String>>,
    #[serde(default)]
    hears: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    acknowledge: Option<Spanned<Acknowledge>>,
    route: Spanned<RouteText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteText {
    name: Option<String>,
    #[serde(default, rename = "match")]
    matcher: MatchText,
    receivers: Option<Vec<Spanned<String>>>,
    group_by: Option<Vec<GroupKey>>,
    group_wait_s: Option<Spanned<u32>>,
    group_interval_s: Option<Spanned<u32>>,
    repeat_s: Option<Spanned<u32>>,
    #[serde(default, rename = "continue")]
    goes_on: bool,
    escalate: Option<Vec<Spanned<StepText>>>,
    #[serde(default, rename = "route")]
    children: Vec<Spanned<RouteText>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MatchText {
    code: Vec<Spanned<String>>,
    level: Option<Spanned<String>>,
    area: Vec<String>,
    gate: Vec<String>,
    kind: Vec<Spanned<String>>,
    enterprise: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    after_s: Option<u32>,
    receivers: Vec<Spanned<String>>,
}

/// The root before anything is said, from which all others inherit.
pub(super) fn root() -> Route {
    Route {
        path: "route".to_owned(),
        place: String::new(),
        matcher: Matcher::default(),
        goes_on: false,
        receivers: Vec::new(),
        group_by: vec![GroupKey::Code, GroupKey::Area],
        group_wait_s: 5,
        group_interval_s: 300,
        repeat_s: 14_400,
        escalate: Vec::new(),
        children: Vec::new(),
    }
}

pub(super) fn read(text: &str, file: &str) -> Result<Routes, Vec<Fault>> {
    let shape: FileText = toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => place(text, file, &span),
            None => file.to_owned(),
        };
        let message = error.message().trim().replace('\n', "; ");
        let remedy = "docs/reference/routes.md shows every key";
        vec![Fault::new("P030", message).at(place).remedy(remedy)]
    })?;
    let mut builder = Builder {
        text,
        file,
        receivers: BTreeSet::new(),
        count: 0,
        faults: Vec::new(),
    };
    builder.declare(&shape.receivers);
    let hears = builder.hears(&shape.hears);
    let acknowledge = builder.acknowledge(shape.acknowledge.as_ref());
    let root = builder.route(&shape.route, &root(), "route".to_owned(), 0);
    if root.receivers.is_empty() {
        let at = shape.route.span();
        builder
            .complain("P036", "what no other route takes reaches nobody", &at)
            .push("give the root route receivers");
    }
    if builder.faults.is_empty() {
        check::reach(&root, &Matcher::default(), &mut builder.faults);
    }
    if !builder.faults.is_empty() {
        return Err(builder.faults);
    }
    Ok(Routes {
        receivers: builder.receivers,
        hears,
        acknowledge,
        root,
        mark: mark(text),
    })
}

/// Turns the file's shape into the tree, collecting every fault on the way.
struct Builder<'a> {
    text: &'a str,
    file: &'a str,
    receivers: BTreeSet<String>,
    count: usize,
    faults: Vec<Fault>,
}

/// A fault that waits for its remedy.
struct Complaint<'a>(&'a mut Vec<Fault>, Fault);

impl Complaint<'_> {
    fn push(self, remedy: impl Into<String>) {
        self.0.push(self.1.remedy(remedy));
    }
}

impl Builder<'_> {
    fn complain(
        &mut self,
        code: &'static str,
        what: impl Into<String>,
        at: &Range<usize>,
    ) -> Complaint<'_> {
        let fault = Fault::new(code, what).at(place(self.text, self.file, at));
        Complaint(&mut self.faults, fault)
    }

    fn declare(&mut self, names: &[Spanned<String>]) {
        for name in names {
            let text = name.get_ref();
            let lawful = !text.is_empty()
                && text.chars().count() <= NAME_CHARS_MAX
                && !text.contains(|letter: char| letter.is_whitespace() || ":;".contains(letter));
            if !lawful {
                self.complain("P034", format!("`{text}` is no name"), &name.span())
                    .push("use up to 60 letters without space, colon and semicolon");
            } else if !self.receivers.insert(text.clone()) {
                self.complain(
                    "P034",
                    format!("receiver `{text}` is declared twice"),
                    &name.span(),
                )
                .push("keep one of the two");
            } else if self.receivers.len() == RECEIVERS_MAX + 1 {
                self.complain(
                    "P037",
                    format!("more than {RECEIVERS_MAX} receivers"),
                    &name.span(),
                )
                .push("let one receiver pass on to several");
            }
        }
    }

    /// What each receiver hears of an alarm it was told of.
    fn hears(
        &mut self,
        given: &BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    ) -> BTreeMap<String, BTreeSet<Later>> {
        let mut hears = BTreeMap::new();
        for (receiver, texts) in given {
            self.named(Some(std::slice::from_ref(receiver)), &[]);
            let mut named = BTreeSet::new();
            for text in texts {
                if let Ok(later) = text.get_ref().parse() {
                    named.insert(later);
                    continue;
                }
                let known: Vec<&str> = Later::all().into_iter().map(Later::name).collect();
                let remedy = match nearest(text.get_ref(), &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write some of {}", known.join(", ")),
                };
                let what = format!("`{}` is nothing that becomes of an alarm", text.get_ref());
                self.complain("P042", what, &text.span()).push(remedy);
            }
            hears.insert(receiver.get_ref().clone(), named);
        }
        hears
    }

    fn acknowledge(&mut self, given: Option<&Spanned<Acknowledge>>) -> Acknowledge {
        let Some(given) = given else {
            return Acknowledge::default();
        };
        for level in AlarmLevel::ALL {
            let within_s = given.get_ref().within_s(*level);
            if !(1..=SECONDS_MAX).contains(&within_s) {
                let what = format!("{within_s} s for {level} is outside 1 to {SECONDS_MAX}");
                self.complain("P035", what, &given.span())
                    .push("standards set red 60, orange 180, yellow 600, blue 1800");
            }
        }
        *given.get_ref()
    }

    fn route(
        &mut self,
        given: &Spanned<RouteText>,
        above: &Route,
        path: String,
        depth: usize,
    ) -> Route {
        let text = given.get_ref();
        self.count += 1;
        if self.count == ROUTES_MAX + 1 {
            self.complain(
                "P037",
                format!("more than {ROUTES_MAX} routes"),
                &given.span(),
            )
            .push("match on lists instead of one value a route");
        }
        let mut made = Route {
            place: place(self.text, self.file, &given.span()),
            matcher: self.matcher(&text.matcher),
            goes_on: text.goes_on,
            receivers: self.named(text.receivers.as_deref(), &above.receivers),
            group_by: text
                .group_by
                .clone()
                .unwrap_or_else(|| above.group_by.clone()),
            group_wait_s: self.seconds(text.group_wait_s.as_ref(), above.group_wait_s, 3_600),
            group_interval_s: self.seconds(
                text.group_interval_s.as_ref(),
                above.group_interval_s,
                86_400,
            ),
            repeat_s: self.seconds(text.repeat_s.as_ref(), above.repeat_s, SECONDS_MAX),
            escalate: match &text.escalate {
                Some(steps) => self.steps(steps),
                None => above.escalate.clone(),
            },
            path,
            children: Vec::new(),
        };
        if depth == DEPTH_MAX {
            self.complain(
                "P037",
                format!("routes lie deeper than {DEPTH_MAX}"),
                &given.span(),
            )
            .push("flatten the tree");
            return made;
        }
        let mut names = BTreeSet::new();
        for (index, child) in text.children.iter().enumerate() {
            let name = child
                .get_ref()
                .name
                .clone()
                .unwrap_or_else(|| (index + 1).to_string());
            if !names.insert(name.clone()) {
                let what = format!("two routes at this level are named `{name}`");
                self.complain("P034", what, &child.span())
                    .push("give each a name of its own");
            }
            let path = format!("{}/{name}", made.path);
            let built = self.route(child, &made, path, depth + 1);
            made.children.push(built);
        }
        made
    }

    fn matcher(&mut self, text: &MatchText) -> Matcher {
        Matcher {
            codes: self.values(&text.code, "alarm code", AlarmCode::ALL, |code| {
                code.as_str()
            }),
            level: text.level.as_ref().and_then(|level| {
                let one = std::slice::from_ref(level);
                self.values(one, "level", AlarmLevel::ALL, |level| level.as_str())
                    .pop_first()
            }),
            areas: text.area.iter().cloned().collect(),
            gates: text.gate.iter().cloned().collect(),
            kinds: self.values(&text.kind, "device kind", DeviceKind::ALL, |kind| {
                kind.as_str()
            }),
            enterprises: text.enterprise.iter().cloned().collect(),
        }
    }

    fn values<T: FromStr + Ord + Copy>(
        &mut self,
        given: &[Spanned<String>],
        what: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> BTreeSet<T> {
        let mut values = BTreeSet::new();
        for text in given {
            if let Ok(value) = text.get_ref().parse() {
                values.insert(value);
                continue;
            }
            let known: Vec<&str> = all.iter().map(|value| name(*value)).collect();
            let remedy = match nearest(text.get_ref(), &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "docs/reference/routes.md says where the values are listed".to_owned(),
            };
            self.complain(
                "P032",
                format!("unknown {what} `{}`", text.get_ref()),
                &text.span(),
            )
            .push(remedy);
        }
        values
    }

    fn named(&mut self, given: Option<&[Spanned<String>]>, inherited: &[String]) -> Vec<String> {
        let Some(given) = given else {
            return inherited.to_vec();
        };
        for name in given {
            if !self.receivers.contains(name.get_ref()) {
                let known: Vec<&str> = self.receivers.iter().map(String::as_str).collect();
                let remedy = match nearest(name.get_ref(), &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it in `receivers` at the top of the file".to_owned(),
                };
                self.complain(
                    "P031",
                    format!("unknown receiver `{}`", name.get_ref()),
                    &name.span(),
                )
                .push(remedy);
            }
        }
        given.iter().map(|name| name.get_ref().clone()).collect()
    }

    fn seconds(&mut self, given: Option<&Spanned<u32>>, inherited: u32, most: u32) -> u32 {
        let Some(given) = given else {
            return inherited;
        };
        if *given.get_ref() > most {
            self.complain(
                "P035",
                format!("{} s is over {most} s", given.get_ref()),
                &given.span(),
            )
            .push("write a shorter time");
        }
        *given.get_ref()
    }

    fn steps(&mut self, given: &[Spanned<StepText>]) -> Vec<(Option<u32>, Vec<String>)> {
        let mut steps: Vec<(Option<u32>, Vec<String>)> = Vec::new();
        let mut before: Option<u32> = None;
        if let Some(surplus) = given.get(STEPS_MAX) {
            self.complain(
                "P037",
                format!("more than {STEPS_MAX} steps"),
                &surplus.span(),
            )
            .push("repeat_s tells a receiver again");
        }
        for step in given {
            let text = step.get_ref();
            if text.receivers.is_empty() {
                self.complain("P036", "this step reaches nobody", &step.span())
                    .push("name receivers");
            }
            if text.after_s.is_none() && !steps.is_empty() {
                self.complain(
                    "P035",
                    "only the first step may leave out `after_s`",
                    &step.span(),
                )
                .push("say how many seconds after the alarm was raised");
            }
            if let Some(after_s) = text.after_s {
                if before.is_some_and(|before| after_s <= before)
                    || !(1..=SECONDS_MAX).contains(&after_s)
                {
                    self.complain(
                        "P035",
                        "each step comes later than the one before",
                        &step.span(),
                    )
                    .push("seconds count from when the alarm was raised, at most a week");
                }
                before = Some(after_s);
            }
            steps.push((text.after_s, self.named(Some(&text.receivers), &[])));
        }
        steps
    }
}

/// `file:line:column`.
fn place(text: &str, file: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("{file}:{line}:{column}")
}
