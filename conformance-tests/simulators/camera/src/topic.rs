//! The topics the camera knows, with the message description each has in `GetEventProperties`.

use std::fmt::Write as _;

use crate::ids::{TNS_VENDOR, TNS1};

/// A topic.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Someone crossed a line: `tns1:RuleEngine/LineDetector/Crossed`. An event without an end.
    LineCrossed,
    /// Someone is inside a field: `tns1:RuleEngine/FieldDetector/ObjectsInside`.
    FieldIntrusion,
    /// Someone stays too long: `tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering`.
    Loitering,
    /// A plate was read: `tns1:RuleEngine/Recognition/LicensePlate`.
    LicensePlate,
    /// The view was covered or turned: `tns1:VideoSource/GlobalSceneChange/ImagingService`.
    Tamper,
    /// The picture is gone: `tns1:VideoSource/SignalLoss`.
    SignalLoss,
    /// Something moves: `tns1:VideoSource/MotionAlarm`.
    Motion,
    /// Something moves in a cell: `tns1:RuleEngine/CellMotionDetector/Motion`.
    CellMotion,
    /// A digital input changed: `tns1:Device/Trigger/DigitalInput`.
    DigitalInput,
    /// A relay output changed: `tns1:Device/Trigger/Relay`.
    Relay,
    /// A maker's debug log, never claimed: `tnscam:Log/Trace`.
    VendorLog,
}

pub(crate) type Items = &'static [(&'static str, &'static str)];

const RULE_SOURCE: Items = &[
    ("VideoSourceConfigurationToken", "tt:ReferenceToken"),
    ("VideoAnalyticsConfigurationToken", "tt:ReferenceToken"),
    ("Rule", "xs:string"),
];
const VIDEO_SOURCE: Items = &[("Source", "tt:ReferenceToken")];

impl Topic {
    /// Every topic of the standard that the camera can emit.
    pub const ALL: [Self; 10] = [
        Self::LineCrossed,
        Self::FieldIntrusion,
        Self::Loitering,
        Self::LicensePlate,
        Self::Tamper,
        Self::SignalLoss,
        Self::Motion,
        Self::CellMotion,
        Self::DigitalInput,
        Self::Relay,
    ];

    /// The names from the root of the topic tree on.
    pub(crate) fn path(self) -> &'static [&'static str] {
        match self {
            Self::LineCrossed => &["RuleEngine", "LineDetector", "Crossed"],
            Self::FieldIntrusion => &["RuleEngine", "FieldDetector", "ObjectsInside"],
            Self::Loitering => &["RuleEngine", "LoiteringDetector", "ObjectIsLoitering"],
            Self::LicensePlate => &["RuleEngine", "Recognition", "LicensePlate"],
            Self::Tamper => &["VideoSource", "GlobalSceneChange", "ImagingService"],
            Self::SignalLoss => &["VideoSource", "SignalLoss"],
            Self::Motion => &["VideoSource", "MotionAlarm"],
            Self::CellMotion => &["RuleEngine", "CellMotionDetector", "Motion"],
            Self::DigitalInput => &["Device", "Trigger", "DigitalInput"],
            Self::Relay => &["Device", "Trigger", "Relay"],
            Self::VendorLog => &["Log", "Trace"],
        }
    }

    /// The namespace of the root of the path.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::VendorLog => TNS_VENDOR,
            _ => TNS1,
        }
    }

    /// The topic expression with the camera's own prefix.
    pub fn expression(self) -> String {
        let prefix = match self {
            Self::VendorLog => "tnscam",
            _ => "tns1",
        };
        format!("{prefix}:{}", self.path().join("/"))
    }

    /// Whether the topic has a state that lasts.
    pub fn is_property(self) -> bool {
        !matches!(
            self,
            Self::LineCrossed | Self::LicensePlate | Self::VendorLog
        )
    }

    pub(crate) fn source(self) -> Items {
        match self {
            Self::LineCrossed | Self::FieldIntrusion | Self::Loitering | Self::CellMotion => {
                RULE_SOURCE
            }
            Self::LicensePlate => &[("VideoSource", "tt:ReferenceToken"), ("Rule", "xs:string")],
            Self::Tamper | Self::SignalLoss | Self::Motion => VIDEO_SOURCE,
            Self::DigitalInput => &[("InputToken", "tt:ReferenceToken")],
            Self::Relay => &[("RelayToken", "tt:ReferenceToken")],
            Self::VendorLog => &[],
        }
    }

    pub(crate) fn key(self) -> Items {
        match self {
            Self::FieldIntrusion | Self::Loitering => &[("ObjectId", "xs:integer")],
            _ => &[],
        }
    }

    pub(crate) fn data(self) -> Items {
        match self {
            Self::LineCrossed => &[("ObjectId", "xs:integer")],
            Self::FieldIntrusion => &[("IsInside", "xs:boolean")],
            Self::Loitering => &[("Since", "xs:dateTime")],
            Self::LicensePlate => &[
                ("PlateColor", "xs:string"),
                ("VehicleType", "xs:string"),
                ("Direction", "xs:string"),
                ("SnapshotUri", "xs:anyURI"),
            ],
            Self::CellMotion => &[("IsMotion", "xs:boolean")],
            Self::Tamper | Self::SignalLoss | Self::Motion => &[("State", "xs:boolean")],
            Self::DigitalInput => &[("LogicalState", "xs:boolean")],
            Self::Relay => &[("LogicalState", "tt:RelayLogicalState")],
            Self::VendorLog => &[("Text", "xs:string")],
        }
    }

    fn description(self) -> String {
        let mut out = format!(
            "<tt:MessageDescription IsProperty=\"{}\">",
            self.is_property()
        );
        for (part, items) in [
            ("Source", self.source()),
            ("Key", self.key()),
            ("Data", self.data()),
        ] {
            if items.is_empty() {
                continue;
            }
            let _ = write!(out, "<tt:{part}>");
            for (name, kind) in items {
                let _ = write!(
                    out,
                    "<tt:SimpleItemDescription Name=\"{name}\" Type=\"{kind}\"/>"
                );
            }
            if (self, part) == (Self::LicensePlate, "Data") {
                out.push_str(
                    "<tt:ElementItemDescription Name=\"LicensePlateInfo\" \
                     Type=\"tt:LicensePlateInfo\"/>",
                );
            }
            let _ = write!(out, "</tt:{part}>");
        }
        out.push_str("</tt:MessageDescription>");
        out
    }
}

/// `wstop:TopicSet` of these topics: a tree in which each leaf carries its description.
pub(crate) fn topic_set(topics: &[Topic]) -> String {
    let mut sorted: Vec<Topic> = topics.to_vec();
    sorted.sort_by_key(|topic| topic.path());
    let mut out = String::from("<wstop:TopicSet>");
    let mut open: Vec<&str> = Vec::new();
    for topic in sorted {
        let path = topic.path();
        let (leaf, branch) = match path.split_last() {
            Some((leaf, branch)) => (*leaf, branch),
            None => continue,
        };
        let shared = open.iter().zip(branch).take_while(|(a, b)| a == b).count();
        close(&mut out, &mut open, shared);
        for name in branch.iter().skip(shared) {
            let _ = match open.is_empty() {
                true => write!(out, "<tns1:{name}>"),
                false => write!(out, "<{name}>"),
            };
            open.push(name);
        }
        let _ = write!(
            out,
            "<{leaf} wstop:topic=\"true\">{}</{leaf}>",
            topic.description()
        );
    }
    close(&mut out, &mut open, 0);
    out.push_str("</wstop:TopicSet>");
    out
}

fn close(out: &mut String, open: &mut Vec<&str>, keep: usize) {
    while open.len() > keep {
        let Some(name) = open.pop() else { return };
        let _ = match open.is_empty() {
            true => write!(out, "</tns1:{name}>"),
            false => write!(out, "</{name}>"),
        };
    }
}
