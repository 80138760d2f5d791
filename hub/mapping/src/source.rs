//! A field's source, checked at load: where its value comes from and what is done to it.

use std::cmp::Ordering;

use cordon_contract::{Fault, Reading};
use cordon_model::{PlateNumber, Timestamp};

use crate::exact::Exact;
use crate::json::Json;
use crate::moment::{self, TimeFormat};
use crate::text::{Case, ConditionText, Fact, Form, Names, SourceText, Table};

/// What a source may look at: the reading, its document and the current element of `each`.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The reading.
    pub reading: &'a Reading,
    /// Its topic.
    pub topic: &'a str,
    /// The segments of it that the rule's `#` stands for.
    pub rest: Option<&'a str>,
    /// Its document; points appear as an object of scalars.
    pub document: &'a Json,
    /// Name and value of the current element of `each`.
    pub item: Option<(&'a str, &'a Json)>,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The first present of these places in the document.
    Document(Vec<Place>),
    /// A constant.
    Constant(String),
    /// A fact of the reading.
    Reading(Fact),
    /// A topic segment.
    Topic(usize),
    /// The segments that `#` stands for.
    Rest,
    /// The name of the current element.
    Key,
}

/// One place in a document.
#[derive(Clone, Debug)]
pub enum Place {
    /// JSON pointer from the top.
    Top(String),
    /// JSON pointer from the current element.
    Item(String),
}

/// A checked source.
#[derive(Clone, Debug)]
pub struct Source {
    origin: Origin,
    steps: Steps,
    default: Option<String>,
    known_only: bool,
    /// Whether the field is left out when nothing is there.
    pub optional: bool,
}

#[derive(Clone, Debug, Default)]
struct Steps {
    prefix: String,
    case: Option<Case>,
    table: Option<(Table, Option<String>)>,
    form: Option<Form>,
    scale: Option<Exact>,
    offset: Option<Exact>,
    round: Option<u32>,
    time: Option<(TimeFormat, String)>,
}

/// What the load check needs to know of the package.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Named tables.
    pub tables: &'a std::collections::BTreeMap<String, Table>,
    /// The package's zone.
    pub zone: &'a str,
    /// Whether `from` (JSON) or `point` (points) is the way into the document.
    pub points: bool,
    /// Whether an `each` is around.
    pub each: bool,
    /// Segments every matching topic has.
    pub segments: usize,
    /// Whether the topic has a `#`.
    pub rest: bool,
}

impl Source {
    /// Checks a written source; the error says what is wrong in words.
    pub fn compile(text: &SourceText, setting: Setting<'_>) -> Result<Self, String> {
        let origin = Origin::compile(
            (
                text.from.as_ref(),
                text.point.as_ref(),
                text.reading,
                text.topic,
                (text.rest, text.key),
            ),
            text.value.as_ref(),
            setting,
        )?;
        if text.optional && text.default.is_some() {
            return Err("`optional` and `default` exclude each other".to_owned());
        }
        let tabled = text.table.is_some() || text.map.is_some();
        if text.known_only && (!tabled || !text.optional || text.otherwise.is_some()) {
            return Err("`known_only` needs `optional` and a table without `otherwise`".to_owned());
        }
        Ok(Self {
            origin,
            steps: Steps::compile(text, setting)?,
            default: text.default.clone(),
            known_only: text.known_only,
            optional: text.optional,
        })
    }

    /// Every text this source can give, when that is known before any reading: constants and
    /// tables. `None` when it depends on the reading.
    pub fn possible(&self) -> Option<Vec<&str>> {
        if let Some((table, otherwise)) = &self.steps.table {
            let names = table.values().chain(otherwise).chain(&self.default);
            return Some(names.map(String::as_str).collect());
        }
        match &self.origin {
            Origin::Constant(value) if self.steps.is_plain() => Some(vec![value]),
            _ => None,
        }
    }

    /// Whether it always gives a time.
    pub fn is_time(&self) -> bool {
        self.steps.time.is_some()
            || matches!(
                self.origin,
                Origin::Reading(Fact::ObservedAt | Fact::ReceivedAt | Fact::Time)
            )
    }

    /// The value, or `None` when nothing is there and the field may be left out.
    pub fn read(&self, scope: &Scope<'_>) -> Result<Option<String>, Fault> {
        let found = self.origin.find(scope)?;
        match found {
            Some(text) => self.apply(&text),
            None if self.default.is_some() => Ok(self.default.clone()),
            None if self.optional => Ok(None),
            None => Err(
                Fault::new("M009", format!("{} is missing", self.origin.describe()))
                    .remedy("send it, or give the field a `default` or `optional = true`"),
            ),
        }
    }
}

impl Source {
    fn apply(&self, text: &str) -> Result<Option<String>, Fault> {
        match self.steps.apply(text) {
            Err(fault) if self.known_only && fault.code() == "M011" => Ok(None),
            // A normal form that cannot be made leaves an optional field out.
            Err(_) if self.optional && self.steps.form.is_some() => Ok(None),
            other => other.map(Some),
        }
    }
}

type OriginKeys<'a> = (
    Option<&'a Names>,
    Option<&'a Names>,
    Option<Fact>,
    Option<usize>,
    (bool, bool),
);

impl Origin {
    fn compile(
        keys: OriginKeys<'_>,
        value: Option<&String>,
        setting: Setting<'_>,
    ) -> Result<Self, String> {
        let (from, point, reading, topic, (rest, key)) = keys;
        let given = [
            from.is_some(),
            point.is_some(),
            reading.is_some(),
            topic.is_some(),
            rest,
            key,
            value.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err(
                "exactly one of `from`, `point`, `value`, `reading`, `topic`, `rest`, `key` is needed"
                    .to_owned(),
            );
        }
        if point.is_some() && !setting.points {
            return Err("`point` is for packages with format = \"points\"; use `from`".to_owned());
        }
        if let Some(index) = topic {
            if index >= setting.segments {
                return Err(format!("the topic need not have a segment {index}"));
            }
            return Ok(Self::Topic(index));
        }
        if rest {
            let none = || "`rest` needs a `#` in the topic".to_owned();
            return setting.rest.then_some(Self::Rest).ok_or_else(none);
        }
        if key && !setting.each {
            return Err("`key` needs an `each` around it".to_owned());
        }
        if let Some(names) = from {
            let places = names
                .all()
                .iter()
                .map(|name| place(name, setting))
                .collect::<Result<_, _>>()?;
            return Ok(Self::Document(places));
        }
        if let Some(names) = point {
            let pointer = |name: &String| name.replace('~', "~0").replace('/', "~1");
            let places = names
                .all()
                .iter()
                .map(|name| Place::Top(format!("/{}", pointer(name))));
            return Ok(Self::Document(places.collect()));
        }
        Ok(match (reading, value) {
            (Some(fact), _) => Self::Reading(fact),
            (None, Some(value)) => Self::Constant(value.clone()),
            (None, None) => Self::Key,
        })
    }

    /// The scalar's text; an empty or null value counts as missing.
    fn find(&self, scope: &Scope<'_>) -> Result<Option<String>, Fault> {
        let text = match self {
            Self::Document(places) => return first(places, scope),
            Self::Constant(value) => Some(value.clone()),
            Self::Topic(index) => scope.topic.split('/').nth(*index).map(str::to_owned),
            Self::Rest => scope.rest.map(str::to_owned),
            Self::Key => scope.item.map(|(key, _)| key.to_owned()),
            Self::Reading(fact) => match fact {
                Fact::Device => Some(scope.reading.device.to_string()),
                Fact::ObservedAt => scope.reading.observed_at.map(|time| time.to_string()),
                Fact::ReceivedAt => Some(scope.reading.received_at.to_string()),
                Fact::Time => Some(time_of(scope.reading).to_string()),
                Fact::SourceRef => scope.reading.source_ref.clone(),
                Fact::EventId => Some(event_id(scope.reading)),
            },
        };
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn describe(&self) -> String {
        match self {
            Self::Document(places) => {
                let names: Vec<&str> = places
                    .iter()
                    .map(|place| match place {
                        Place::Top(name) | Place::Item(name) => name.as_str(),
                    })
                    .collect();
                format!("`{}`", names.join("` or `"))
            }
            Self::Constant(_) => "the constant".to_owned(),
            Self::Reading(fact) => format!("the reading's {fact:?}"),
            Self::Topic(index) => format!("topic segment {index}"),
            Self::Rest => "what `#` stands for".to_owned(),
            Self::Key => "the element's name".to_owned(),
        }
    }
}

/// The device's own time, or the hub's when it sent none.
pub fn time_of(reading: &Reading) -> Timestamp {
    reading.observed_at.unwrap_or(reading.received_at)
}

/// An identity for what has none of its own: device, instant in microseconds and, when the reading has
/// one, eight letters of its message id.
pub fn event_id(reading: &Reading) -> String {
    let mut id = cordon_contract::made_name(reading.device.as_str(), time_of(reading));
    if let Some(message_id) = &reading.message_id {
        let letters = message_id.to_string().chars().take(8).collect::<String>();
        id.push(':');
        id.push_str(&letters);
    }
    id
}

fn place(name: &str, setting: Setting<'_>) -> Result<Place, String> {
    if setting.points && name != "." {
        return Err(
            "`from` is for JSON packages; use `point`, or `from = \".\"` under `each`".to_owned(),
        );
    }
    if let Some(rest) = name.strip_prefix('.') {
        if !setting.each {
            return Err(format!("`{name}` needs an `each` around it"));
        }
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(format!("`{name}` is not `.`, `./name` or `/name`"));
        }
        return Ok(Place::Item(rest.to_owned()));
    }
    if !name.starts_with('/') {
        return Err(format!(
            "`{name}` is not a JSON pointer; it must begin with `/` or `./`"
        ));
    }
    Ok(Place::Top(name.to_owned()))
}

fn first(places: &[Place], scope: &Scope<'_>) -> Result<Option<String>, Fault> {
    for place in places {
        let (name, found) = match place {
            Place::Top(name) => (name, scope.document.pointer(name)),
            Place::Item(name) => (name, scope.item.and_then(|(_, item)| item.pointer(name))),
        };
        match found {
            None | Some(Json::Null) => {}
            Some(value @ (Json::Array(_) | Json::Object(_) | Json::Odd(_))) => {
                let detail = format!("`{name}` is {}, a single value is needed", value.kind());
                return Err(Fault::new("M010", detail).remedy("correct the pointer, or use `each`"));
            }
            Some(value) => {
                let text = value.scalar().unwrap_or_default().trim();
                if !text.is_empty() {
                    return Ok(Some(text.to_owned()));
                }
            }
        }
    }
    Ok(None)
}

impl Steps {
    fn compile(text: &SourceText, setting: Setting<'_>) -> Result<Self, String> {
        let table = match (&text.table, &text.map) {
            (Some(_), Some(_)) => return Err("`table` and `map` exclude each other".to_owned()),
            (Some(name), None) => Some(
                setting
                    .tables
                    .get(name)
                    .ok_or_else(|| format!("no table `{name}` in mapping.toml"))?
                    .clone(),
            ),
            (None, map) => map.clone(),
        };
        if table.is_none() && text.otherwise.is_some() {
            return Err("`otherwise` needs `table` or `map`".to_owned());
        }
        let zone = text.zone.as_deref().unwrap_or(setting.zone);
        if !moment::is_zone(zone) {
            return Err(format!("`{zone}` is not an offset such as `+08:00`"));
        }
        if text.zone.is_some() && text.time.is_none() {
            return Err("`zone` needs `time`".to_owned());
        }
        let steps = Self {
            prefix: text.prefix.clone().unwrap_or_default(),
            case: text.case,
            table: table.map(|table| (table, text.otherwise.clone())),
            form: text.form,
            scale: decimal(text.scale.as_ref())?,
            offset: decimal(text.offset.as_ref())?,
            round: text.round,
            time: text.time.map(|format| (format, zone.to_owned())),
        };
        let number = steps.is_number();
        let kinds = [
            number,
            steps.time.is_some(),
            steps.table.is_some(),
            steps.form.is_some(),
        ];
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            return Err(
                "a value is a number, a time, a code or has a form, not two of them".to_owned(),
            );
        }
        if steps.round.is_some_and(|round| round > 12) {
            return Err("`round` goes up to 12 digits".to_owned());
        }
        Ok(steps)
    }

    fn is_number(&self) -> bool {
        self.scale.is_some() || self.offset.is_some() || self.round.is_some()
    }

    fn is_plain(&self) -> bool {
        !self.is_number()
            && self.time.is_none()
            && self.form.is_none()
            && self.prefix.is_empty()
            && self.case.is_none()
    }

    fn apply(&self, text: &str) -> Result<String, Fault> {
        let text = match self.case {
            Some(Case::Upper) => text.to_uppercase(),
            Some(Case::Lower) => text.to_lowercase(),
            None => text.to_owned(),
        };
        if let Some((table, otherwise)) = &self.table {
            return table
                .get(&text)
                .or(otherwise.as_ref())
                .cloned()
                .ok_or_else(|| {
                    Fault::new(
                        "M011",
                        format!("code `{}` is not in the table", short(&text)),
                    )
                    .remedy("add the code to the package's table, or say `otherwise`")
                });
        }
        if let Some((format, zone)) = &self.time {
            return moment::read(&text, *format, zone)
                .map(|time| time.to_string())
                .ok_or_else(|| {
                    Fault::new(
                        "M012",
                        format!(
                            "`{}` is not a time of format {format:?} between 2000 and 2100",
                            short(&text)
                        ),
                    )
                    .remedy("correct the format or its unit in the package, or the device's clock")
                });
        }
        if let Some(form) = self.form {
            return formed(&text, form).ok_or_else(|| {
                Fault::new("M010", format!("`{}` is no {form:?}", short(&text)))
                    .remedy("correct the value at its source, or make the field optional")
            });
        }
        if self.is_number() {
            return self.number(&text).ok_or_else(|| {
                Fault::new(
                    "M010",
                    format!("`{}` is not a number that can be scaled", short(&text)),
                )
                .remedy("send a decimal number of at most 27 digits")
            });
        }
        Ok(format!("{}{text}", self.prefix))
    }

    fn number(&self, text: &str) -> Option<String> {
        let mut number = Exact::parse(text)?;
        if let Some(scale) = self.scale {
            number = number.times(scale)?;
        }
        if let Some(offset) = self.offset {
            number = number.plus(offset)?;
        }
        if let Some(round) = self.round {
            number = number.round(round);
        }
        Some(number.to_string())
    }
}

/// The normal form of a value; `None` when it has none.
fn formed(text: &str, form: Form) -> Option<String> {
    match form {
        Form::Plate => {
            let plate = PlateNumber::normalised(text).unwrap_or_else(|_| PlateNumber::unread());
            Some(plate.to_string())
        }
        Form::Ratio => {
            let (one, zero) = (Exact::parse("1")?, Exact::parse("0")?);
            let mut share = Exact::parse(text)?;
            if share.compare(one)? == Ordering::Greater {
                share = share.times(Exact::parse("0.01")?)?;
            }
            let lawful =
                share.compare(one)? != Ordering::Greater && share.compare(zero)? != Ordering::Less;
            lawful.then(|| share.round(4).to_string())
        }
        Form::Uri => {
            let lawful =
                text.len() <= 500 && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
            lawful.then(|| text.to_owned())
        }
    }
}

fn decimal(text: Option<&String>) -> Result<Option<Exact>, String> {
    text.map(|text| Exact::parse(text).ok_or_else(|| format!("`{text}` is not a decimal number")))
        .transpose()
}

/// Peer text in messages is cut, so that a huge value cannot fill a log.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A checked condition.
#[derive(Clone, Debug)]
pub struct Condition {
    origin: Origin,
    demand: Demand,
}

#[derive(Clone, Debug)]
enum Demand {
    Present(bool),
    Equals(Vec<String>),
    Differs(Vec<String>),
    Above(Exact),
    Below(Exact),
}

impl Condition {
    /// Checks a written condition.
    pub fn compile(text: &ConditionText, setting: Setting<'_>) -> Result<Self, String> {
        let origin = Origin::compile(
            (
                text.from.as_ref(),
                text.point.as_ref(),
                text.reading,
                text.topic,
                (text.rest, text.key),
            ),
            None,
            setting,
        )?;
        let mut demands = Vec::new();
        demands.extend(text.present.map(Demand::Present));
        demands.extend(
            text.equals
                .as_ref()
                .map(|names| Demand::Equals(names.all().to_vec())),
        );
        demands.extend(
            text.differs
                .as_ref()
                .map(|names| Demand::Differs(names.all().to_vec())),
        );
        demands.extend(decimal(text.above.as_ref())?.map(Demand::Above));
        demands.extend(decimal(text.below.as_ref())?.map(Demand::Below));
        match (demands.pop(), demands.is_empty()) {
            (Some(demand), true) => Ok(Self { origin, demand }),
            _ => Err(
                "exactly one of `present`, `equals`, `differs`, `above`, `below` is needed"
                    .to_owned(),
            ),
        }
    }

    /// Whether it holds. A missing value fulfils only `present = false`.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, Fault> {
        let is_structure = matches!(self.demand, Demand::Present(_));
        let found = match self.origin.find(scope) {
            // An array or object is present, even though it is no single value; so is what is odd.
            Err(_) if is_structure => Some(String::new()),
            other => other?,
        };
        Ok(match (&self.demand, found) {
            (Demand::Present(wanted), found) => found.is_some() == *wanted,
            (_, None) => false,
            (Demand::Equals(names), Some(text)) => names.contains(&text),
            (Demand::Differs(names), Some(text)) => !names.contains(&text),
            (Demand::Above(limit), Some(text)) => is(&text, *limit, Ordering::Greater)?,
            (Demand::Below(limit), Some(text)) => is(&text, *limit, Ordering::Less)?,
        })
    }
}

fn is(text: &str, limit: Exact, wanted: Ordering) -> Result<bool, Fault> {
    let order = Exact::parse(text).and_then(|number| number.compare(limit));
    order.map(|order| order == wanted).ok_or_else(|| {
        Fault::new(
            "M010",
            format!("`{}` is not a number that can be compared", short(text)),
        )
        .remedy("send a decimal number of at most 27 digits")
    })
}
