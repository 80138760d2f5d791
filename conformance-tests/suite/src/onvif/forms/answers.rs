//! The table of answers: elements in their order, each with how often it comes and what it holds.

use super::super::names::{TDS, TEV, TT, WSA, WSNT, WSTOP};
use super::Form::{self, Extensible, Int, OneOf, Open, Parts, Text, Time, Truth, Uri};
use super::{Part, any, maybe, one, some};

/// Operation, namespace of its answer, form of its answer.
pub(super) const ANSWERS: &[(&str, &str, Form)] = &[
    ("GetSystemDateAndTime", TDS, Parts(SYSTEM_TIME)),
    ("GetDeviceInformation", TDS, Parts(INFORMATION)),
    ("GetServices", TDS, Parts(SERVICES)),
    ("GetScopes", TDS, Parts(SCOPES)),
    ("GetServiceCapabilities", TDS, Parts(CAPABILITIES)),
    ("SystemReboot", TDS, Parts(REBOOT)),
    ("GetEventProperties", TEV, Extensible(PROPERTIES)),
    ("CreatePullPointSubscription", TEV, Extensible(CREATED)),
    ("PullMessages", TEV, Parts(PULLED)),
    ("SetSynchronizationPoint", TEV, Parts(&[])),
    ("Renew", WSNT, Extensible(RENEWED)),
    ("Unsubscribe", WSNT, Extensible(&[])),
];

const SYSTEM_TIME: &[Part] = &[one(TDS, "SystemDateAndTime", Parts(CLOCK))];
const CLOCK: &[Part] = &[
    one(TT, "DateTimeType", OneOf(&["Manual", "NTP"])),
    one(TT, "DaylightSavings", Truth),
    maybe(TT, "TimeZone", Parts(&[one(TT, "TZ", Text)])),
    maybe(TT, "UTCDateTime", Parts(DATE_TIME)),
    maybe(TT, "LocalDateTime", Parts(DATE_TIME)),
    maybe(TT, "Extension", Open),
];
const DATE_TIME: &[Part] = &[one(TT, "Time", Parts(TIME)), one(TT, "Date", Parts(DATE))];
const TIME: &[Part] = &[
    one(TT, "Hour", Int),
    one(TT, "Minute", Int),
    one(TT, "Second", Int),
];
const DATE: &[Part] = &[
    one(TT, "Year", Int),
    one(TT, "Month", Int),
    one(TT, "Day", Int),
];
const INFORMATION: &[Part] = &[
    one(TDS, "Manufacturer", Text),
    one(TDS, "Model", Text),
    one(TDS, "FirmwareVersion", Text),
    one(TDS, "SerialNumber", Text),
    one(TDS, "HardwareId", Text),
];
const SERVICES: &[Part] = &[some(TDS, "Service", Extensible(SERVICE))];
const SERVICE: &[Part] = &[
    one(TDS, "Namespace", Uri),
    one(TDS, "XAddr", Uri),
    maybe(TDS, "Capabilities", Open),
    one(TDS, "Version", Parts(VERSION)),
];
const VERSION: &[Part] = &[one(TT, "Major", Int), one(TT, "Minor", Int)];
const SCOPES: &[Part] = &[some(TDS, "Scopes", Parts(SCOPE))];
const SCOPE: &[Part] = &[
    one(TT, "ScopeDef", OneOf(&["Fixed", "Configurable"])),
    one(TT, "ScopeItem", Uri),
];
const CAPABILITIES: &[Part] = &[one(TDS, "Capabilities", Parts(DEVICE_CAPABILITIES))];
const DEVICE_CAPABILITIES: &[Part] = &[
    one(TDS, "Network", Open),
    one(TDS, "Security", Open),
    one(TDS, "System", Open),
    maybe(TDS, "Misc", Open),
];
const REBOOT: &[Part] = &[one(TDS, "Message", Text)];
const PROPERTIES: &[Part] = &[
    some(TEV, "TopicNamespaceLocation", Uri),
    one(WSNT, "FixedTopicSet", Truth),
    one(WSTOP, "TopicSet", Open),
    some(WSNT, "TopicExpressionDialect", Uri),
    some(TEV, "MessageContentFilterDialect", Uri),
    any(TEV, "ProducerPropertiesFilterDialect", Uri),
    some(TEV, "MessageContentSchemaLocation", Uri),
];
const CREATED: &[Part] = &[
    one(TEV, "SubscriptionReference", Extensible(REFERENCE)),
    one(WSNT, "CurrentTime", Time),
    one(WSNT, "TerminationTime", Time),
];
const REFERENCE: &[Part] = &[
    one(WSA, "Address", Uri),
    maybe(WSA, "ReferenceParameters", Open),
    maybe(WSA, "Metadata", Open),
];
const PULLED: &[Part] = &[
    one(TEV, "CurrentTime", Time),
    one(TEV, "TerminationTime", Time),
    any(WSNT, "NotificationMessage", Parts(NOTIFICATION)),
];
const NOTIFICATION: &[Part] = &[
    maybe(WSNT, "SubscriptionReference", Open),
    maybe(WSNT, "Topic", Text),
    maybe(WSNT, "ProducerReference", Open),
    one(WSNT, "Message", Parts(CONTENT)),
];
const CONTENT: &[Part] = &[one(TT, "Message", Parts(MESSAGE))];
const MESSAGE: &[Part] = &[
    maybe(TT, "Source", Parts(ITEMS)),
    maybe(TT, "Key", Parts(ITEMS)),
    maybe(TT, "Data", Parts(ITEMS)),
    maybe(TT, "Extension", Open),
];
const ITEMS: &[Part] = &[
    any(TT, "SimpleItem", Open),
    any(TT, "ElementItem", Open),
    maybe(TT, "Extension", Open),
];
const RENEWED: &[Part] = &[
    one(WSNT, "TerminationTime", Time),
    maybe(WSNT, "CurrentTime", Time),
];
