//! The two files of a package as they are written: every key is typed, unknown keys are refused.
//! `docs/reference/mapping.md` describes them for authors.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::moment::TimeFormat;

/// A code table: the other side's codes to canonical names.
pub type Table = BTreeMap<String, String>;

/// `mapping.toml`: what the package is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `vendor/model/version`, the same as its folder.
    pub id: Spanned<String>,
    /// What it maps, in words.
    pub title: String,
    /// The form of its input.
    pub format: Format,
    /// What carries out its rules.
    #[serde(default)]
    pub engine: EngineName,
    /// Licence of the tables, an SPDX name.
    pub licence: String,
    /// Where the facts come from (manual, capture, public repository).
    pub source: String,
    /// Offset of times that carry none, such as `+08:00`.
    #[serde(default = "default_zone")]
    pub zone: Spanned<String>,
    /// Named code tables for the rules.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
}

fn default_zone() -> Spanned<String> {
    Spanned::new(0..0, "+08:00".to_owned())
}

/// The form of a package's input.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A JSON document.
    Json,
    /// Named points.
    Points,
}

/// What carries out the rules of a package.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum EngineName {
    /// Typed tables in `points.toml`.
    #[default]
    Points,
}

/// `points.toml`: the rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The rules in order; all whose topic and conditions hold are carried out.
    pub rule: Vec<RuleText>,
}

/// One rule: a topic becomes a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Which topics it is for; `+` and `#` as in MQTT.
    pub topic: Spanned<String>,
    /// The canonical message it makes; absent when `ignore` says why nothing is made.
    pub emit: Option<Spanned<String>>,
    /// Why nothing is made of this topic.
    pub ignore: Option<String>,
    /// Not for repeated state after a (re)connect; alarms need this.
    #[serde(default)]
    pub events_only: bool,
    /// Nothing is made when none of the repeating groups appears; refused when absent.
    #[serde(default)]
    pub skip_empty: bool,
    /// All of these must hold.
    #[serde(default)]
    pub when: Vec<ConditionText>,
    /// One message for each element of this array or member of this object (JSON pointer; for
    /// points a name, where `*` stands for any letters).
    pub each: Option<String>,
    /// When it happened, for the header; the reading's time when absent.
    pub occurred_at: Option<SourceText>,
    /// The fields.
    #[serde(default)]
    pub set: BTreeMap<Spanned<String>, SourceText>,
    /// Groups of fields that repeat.
    #[serde(default)]
    pub repeat: Vec<RepeatText>,
}

/// A group of fields that repeats.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepeatText {
    /// The element that repeats, as a path below the message.
    pub element: Spanned<String>,
    /// One group for each element of this array; a single group when absent.
    pub each: Option<String>,
    /// Left out, not refused, when a required source is missing.
    #[serde(default)]
    pub optional: bool,
    /// All of these must hold for the group to appear.
    #[serde(default)]
    pub when: Vec<ConditionText>,
    /// The fields, as paths below the element.
    pub set: BTreeMap<Spanned<String>, SourceText>,
}

/// Where a field's value comes from and what is done to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceText {
    /// JSON pointer: `/a/b` from the document, `./a` from the current element of `each`, `.` the
    /// element itself. Several: the first that is present.
    pub from: Option<Names>,
    /// Name of a point. Several: the first that is present.
    pub point: Option<Names>,
    /// A constant.
    pub value: Option<String>,
    /// A fact of the reading itself.
    pub reading: Option<Fact>,
    /// A segment of the topic, counted from 0.
    pub topic: Option<usize>,
    /// The segments of the topic that `#` stands for.
    #[serde(default)]
    pub rest: bool,
    /// The name of the current member or point of `each`.
    #[serde(default)]
    pub key: bool,
    /// Put before the text.
    pub prefix: Option<String>,
    /// Letters made `upper` or `lower`.
    pub case: Option<Case>,
    /// Codes to names, by a named table of `mapping.toml`.
    pub table: Option<String>,
    /// Codes to names, here.
    pub map: Option<Table>,
    /// The name for codes that are not in the table; refused when absent.
    pub otherwise: Option<String>,
    /// A code that is not in the table leaves the field out; needs `optional`.
    #[serde(default)]
    pub known_only: bool,
    /// Brought into the normal form of this kind.
    pub form: Option<Form>,
    /// Multiplied by this decimal.
    pub scale: Option<String>,
    /// Then increased by this decimal.
    pub offset: Option<String>,
    /// Then rounded (half to even) to this many digits after the point.
    pub round: Option<u32>,
    /// Read as a time of this format.
    pub time: Option<TimeFormat>,
    /// Offset of a time that carries none; the package's zone when absent.
    pub zone: Option<String>,
    /// Used when the source is missing.
    pub default: Option<String>,
    /// The field is left out when the source is missing.
    #[serde(default)]
    pub optional: bool,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// The first that is present.
    Several(Vec<String>),
}

impl Names {
    /// All names in order.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A fact of the reading itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The device, gateway or partner.
    Device,
    /// The device's own time; missing when it sent none.
    ObservedAt,
    /// The hub's time when the bytes arrived.
    ReceivedAt,
    /// The device's own time, or the hub's when it sent none.
    Time,
    /// The other side's own id.
    SourceRef,
    /// An identity for alarms and passages that have none of their own: device, instant in
    /// microseconds and, when the reading has one, eight letters of its message id.
    EventId,
}

/// Normal forms of what devices write in many ways.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A plate in normal form; `UNREAD` for what is none, so that the passage is not lost.
    Plate,
    /// A share from 0 to 1 with four decimals; above 1 and up to 100 it is taken for percent.
    Ratio,
    /// An address in ASCII of at most 500 letters.
    Uri,
}

/// Upper or lower case.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// A to Z.
    Upper,
    /// a to z.
    Lower,
}

/// A condition: an origin and what is demanded of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionText {
    /// As in [`SourceText::from`].
    pub from: Option<Names>,
    /// As in [`SourceText::point`].
    pub point: Option<Names>,
    /// As in [`SourceText::reading`].
    pub reading: Option<Fact>,
    /// As in [`SourceText::topic`].
    pub topic: Option<usize>,
    /// As in [`SourceText::rest`].
    #[serde(default)]
    pub rest: bool,
    /// As in [`SourceText::key`].
    #[serde(default)]
    pub key: bool,
    /// Must be present (`true`) or missing (`false`).
    pub present: Option<bool>,
    /// Must be one of these.
    pub equals: Option<Names>,
    /// Must be present and none of these.
    pub differs: Option<Names>,
    /// Must be a number above this.
    pub above: Option<String>,
    /// Must be a number below this.
    pub below: Option<String>,
}
