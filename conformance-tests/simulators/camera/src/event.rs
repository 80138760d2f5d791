//! What happens in front of the camera, and how it is told.

use std::fmt::Write as _;

use crate::Topic;
use crate::ids::DIALECT_SET;
use crate::soap::escape;

/// What a message says about a property.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PropertyOperation {
    /// The state as it is, told after a subscription or a synchronisation point.
    Initialized,
    /// The state changed now.
    Changed,
    /// The object is gone.
    Deleted,
}

impl PropertyOperation {
    fn name(self) -> &'static str {
        match self {
            Self::Initialized => "Initialized",
            Self::Changed => "Changed",
            Self::Deleted => "Deleted",
        }
    }
}

/// A plate as the recognition tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plate {
    /// Letters and digits.
    pub number: String,
    /// How sure it is, percent.
    pub likelihood_percent: u8,
    /// Colour in the maker's words, such as `yellow`.
    pub color: String,
    /// Kind of vehicle in the maker's words, such as `truck`.
    pub vehicle: String,
    /// `in` or `out`.
    pub direction: String,
}

/// One event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its topic.
    pub topic: Topic,
    /// For properties, what happened to the state.
    pub operation: Option<PropertyOperation>,
    /// Items that say where it happened.
    pub source: Vec<(String, String)>,
    /// Items that say which object.
    pub key: Vec<(String, String)>,
    /// Items that say what.
    pub data: Vec<(String, String)>,
    /// The plate of [`Topic::LicensePlate`].
    pub plate: Option<Plate>,
}

impl Event {
    /// An object crossed the line of a rule. There is no message when it has left the line.
    pub fn line_crossed(rule: &str, object: u32) -> Self {
        Self::of(Topic::LineCrossed, rule).with_data("ObjectId", &object.to_string())
    }

    /// An object entered (`inside`) or left the field of a rule.
    pub fn field_intrusion(rule: &str, object: u32, inside: bool) -> Self {
        let mut event =
            Self::of(Topic::FieldIntrusion, rule).with_data("IsInside", &inside.to_string());
        event.key.push(("ObjectId".to_owned(), object.to_string()));
        event
    }

    /// An object stays too long.
    pub fn loitering(rule: &str, object: u32, since: &str) -> Self {
        let mut event = Self::of(Topic::Loitering, rule).with_data("Since", since);
        event.key.push(("ObjectId".to_owned(), object.to_string()));
        event
    }

    /// A plate was read.
    pub fn licence_plate(rule: &str, plate: Plate) -> Self {
        let mut event = Self::of(Topic::LicensePlate, rule)
            .with_data("PlateColor", &plate.color)
            .with_data("VehicleType", &plate.vehicle)
            .with_data("Direction", &plate.direction);
        event.plate = Some(plate);
        event
    }

    /// The view was covered or turned, or is as it was again.
    pub fn tamper(active: bool) -> Self {
        Self::of(Topic::Tamper, "").with_data("State", &active.to_string())
    }

    /// The picture is gone, or back.
    pub fn signal_loss(active: bool) -> Self {
        Self::of(Topic::SignalLoss, "").with_data("State", &active.to_string())
    }

    /// Something moves, or nothing does.
    pub fn motion(active: bool) -> Self {
        Self::of(Topic::Motion, "").with_data("State", &active.to_string())
    }

    /// Something moves in a cell of the picture.
    pub fn cell_motion(active: bool) -> Self {
        Self::of(Topic::CellMotion, "MyMotionDetectorRule")
            .with_data("IsMotion", &active.to_string())
    }

    /// A digital input closed (`active`) or opened.
    pub fn digital_input(token: &str, active: bool) -> Self {
        let mut event =
            Self::of(Topic::DigitalInput, "").with_data("LogicalState", &active.to_string());
        event.source = vec![("InputToken".to_owned(), token.to_owned())];
        event
    }

    /// A relay output was switched.
    pub fn relay(token: &str, active: bool) -> Self {
        let state = if active { "active" } else { "inactive" };
        let mut event = Self::of(Topic::Relay, "").with_data("LogicalState", state);
        event.source = vec![("RelayToken".to_owned(), token.to_owned())];
        event
    }

    /// A line of a maker's debug log.
    pub fn vendor_log(text: &str) -> Self {
        Self::of(Topic::VendorLog, "").with_data("Text", text)
    }

    fn of(topic: Topic, rule: &str) -> Self {
        let source = topic.source().iter().map(|(name, _)| {
            let value = match *name {
                "Rule" => rule,
                "VideoAnalyticsConfigurationToken" => "analytics-1",
                _ => "video-source-1",
            };
            ((*name).to_owned(), value.to_owned())
        });
        Self {
            topic,
            operation: topic.is_property().then_some(PropertyOperation::Changed),
            source: source.collect(),
            key: Vec::new(),
            data: Vec::new(),
            plate: None,
        }
    }

    /// Adds a data item.
    #[must_use]
    pub fn with_data(mut self, name: &str, value: &str) -> Self {
        self.data.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What tells one property from another.
    pub(crate) fn property(&self) -> String {
        format!("{:?} {:?} {:?}", self.topic, self.source, self.key)
    }

    /// `wsnt:NotificationMessage` with this time.
    pub(crate) fn notification(&self, time: &str, operation: Option<PropertyOperation>) -> String {
        let mut out = format!(
            "<wsnt:NotificationMessage><wsnt:Topic Dialect=\"{DIALECT_SET}\">{}</wsnt:Topic>\
             <wsnt:Message><tt:Message UtcTime=\"{time}\"",
            self.topic.expression()
        );
        if let Some(operation) = operation {
            let _ = write!(out, " PropertyOperation=\"{}\"", operation.name());
        }
        out.push('>');
        items(&mut out, "Source", &self.source, None);
        items(&mut out, "Key", &self.key, None);
        items(&mut out, "Data", &self.data, self.plate.as_ref());
        out.push_str("</tt:Message></wsnt:Message></wsnt:NotificationMessage>");
        out
    }
}

fn items(out: &mut String, part: &str, items: &[(String, String)], plate: Option<&Plate>) {
    if items.is_empty() && plate.is_none() {
        return;
    }
    let _ = write!(out, "<tt:{part}>");
    for (name, value) in items {
        let _ = write!(
            out,
            "<tt:SimpleItem Name=\"{}\" Value=\"{}\"/>",
            escape(name),
            escape(value)
        );
    }
    if let Some(plate) = plate {
        let likelihood = u32::from(plate.likelihood_percent.min(100));
        let _ = write!(
            out,
            "<tt:ElementItem Name=\"LicensePlateInfo\"><tt:LicensePlateInfo>\
             <tt:PlateNumber Likelihood=\"{}.{:02}\">{}</tt:PlateNumber>\
             <tt:CountryCode Likelihood=\"1.00\">CN</tt:CountryCode>\
             </tt:LicensePlateInfo></tt:ElementItem>",
            likelihood / 100,
            likelihood % 100,
            escape(&plate.number)
        );
    }
    let _ = write!(out, "</tt:{part}>");
}
