//! The operations asked of a camera, and what is read out of their answers. Pure.

use cordon_model::Timestamp;
use cordon_xml::{Node, Writer, canonical_exclusive};

use crate::soap::{Answer, Request, below, text_of};
use crate::times;

const TDS: &str = "http://www.onvif.org/ver10/device/wsdl";
const TEV: &str = "http://www.onvif.org/ver10/events/wsdl";
const WSNT: &str = "http://docs.oasis-open.org/wsn/b-2";
const TNS1: &str = "http://www.onvif.org/ver10/topics";
const CONCRETE_SET: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";
const SUBSCRIPTION_MANAGER: &str = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager";

/// Largest reference parameters of a subscription, bytes.
const REFERENCES_MAX: usize = 4_096;
/// Most topics remembered of `GetEventProperties`.
const TOPICS_MAX: usize = 1_024;
/// Longest text taken from a nameplate, letters.
const NAME_MAX: usize = 100;

fn device(name: &str, content: &[(&str, &str)]) -> Request {
    let mut xml = Writer::with(&[("tds", TDS)]);
    xml.start("tds", name);
    for (local, text) in content {
        xml.element("tds", local, text);
    }
    Request {
        action: format!("{TDS}/{name}"),
        body: text(xml),
        addressed: false,
    }
}

fn text(xml: Writer) -> String {
    String::from_utf8(xml.finish()).unwrap_or_default()
}

/// `GetSystemDateAndTime`; the one operation that needs no login anywhere.
pub(crate) fn date_and_time() -> Request {
    device("GetSystemDateAndTime", &[])
}

/// `GetServices`.
pub(crate) fn services() -> Request {
    device("GetServices", &[("IncludeCapability", "false")])
}

/// `GetCapabilities`, for cameras that do not know `GetServices`.
pub(crate) fn capabilities() -> Request {
    device("GetCapabilities", &[("Category", "All")])
}

/// `GetDeviceInformation`.
pub(crate) fn information() -> Request {
    device("GetDeviceInformation", &[])
}

/// `GetEventProperties`.
pub(crate) fn event_properties() -> Request {
    Request {
        action: format!("{TEV}/EventPortType/GetEventPropertiesRequest"),
        body: format!("<tev:GetEventProperties xmlns:tev=\"{TEV}\"></tev:GetEventProperties>"),
        addressed: true,
    }
}

/// `CreatePullPointSubscription`. The life is asked for in seconds, the one form all understand.
pub(crate) fn create(filter: &[String], life_s: u32) -> Request {
    let mut xml = Writer::with(&[("tev", TEV), ("wsnt", WSNT)]);
    xml.start("tev", "CreatePullPointSubscription");
    if !filter.is_empty() {
        // The prefix of the expression stands in text, so its declaration is written by hand.
        let expression = filter.join("|").replace('&', "&amp;").replace('<', "&lt;");
        xml.start("tev", "Filter").raw(&format!(
            "<wsnt:TopicExpression xmlns:wsnt=\"{WSNT}\" xmlns:tns1=\"{TNS1}\" \
             Dialect=\"{CONCRETE_SET}\">{expression}</wsnt:TopicExpression>"
        ));
        xml.end();
    }
    xml.element("tev", "InitialTerminationTime", &format!("PT{life_s}S"));
    Request {
        action: format!("{TEV}/EventPortType/CreatePullPointSubscriptionRequest"),
        body: text(xml),
        addressed: true,
    }
}

/// `PullMessages`.
pub(crate) fn pull(wait_s: u64, limit: u32) -> Request {
    let mut xml = Writer::with(&[("tev", TEV)]);
    xml.start("tev", "PullMessages")
        .element("tev", "Timeout", &format!("PT{wait_s}S"))
        .element("tev", "MessageLimit", &limit.to_string());
    Request {
        action: format!("{TEV}/PullPointSubscription/PullMessagesRequest"),
        body: text(xml),
        addressed: true,
    }
}

/// `SetSynchronizationPoint`: the camera tells the state of every property again.
pub(crate) fn synchronise() -> Request {
    Request {
        action: format!("{TEV}/PullPointSubscription/SetSynchronizationPointRequest"),
        body: format!(
            "<tev:SetSynchronizationPoint xmlns:tev=\"{TEV}\"></tev:SetSynchronizationPoint>"
        ),
        addressed: true,
    }
}

/// `Renew`.
pub(crate) fn renew(life_s: u32) -> Request {
    let mut xml = Writer::with(&[("wsnt", WSNT)]);
    xml.start("wsnt", "Renew")
        .element("wsnt", "TerminationTime", &format!("PT{life_s}S"));
    Request {
        action: format!("{SUBSCRIPTION_MANAGER}/RenewRequest"),
        body: text(xml),
        addressed: true,
    }
}

/// `Unsubscribe`.
pub(crate) fn unsubscribe() -> Request {
    Request {
        action: format!("{SUBSCRIPTION_MANAGER}/UnsubscribeRequest"),
        body: format!("<wsnt:Unsubscribe xmlns:wsnt=\"{WSNT}\"></wsnt:Unsubscribe>"),
        addressed: true,
    }
}

/// The camera's UTC, to the second. `None` when it tells none that can be read.
pub(crate) fn read_clock(answer: &Answer) -> Option<Timestamp> {
    let node = below(answer.payload(), "SystemDateAndTime")?;
    times::utc_parts(below(node, "UTCDateTime")?)
}

/// The address of the event service, from `GetServices` or `GetCapabilities`.
pub(crate) fn read_event_service(answer: &Answer) -> Option<String> {
    let payload = answer.payload();
    let service = payload.children().find(|node| {
        node.local() == "Service" && text_of(*node, "Namespace").is_some_and(|name| name == TEV)
    });
    if let Some(service) = service {
        return text_of(service, "XAddr");
    }
    text_of(below(below(payload, "Capabilities")?, "Events")?, "XAddr")
}

/// What a camera says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Nameplate {
    pub(crate) vendor: String,
    pub(crate) model: String,
    pub(crate) firmware: String,
    pub(crate) serial: String,
}

/// Reads `GetDeviceInformationResponse`; missing parts are empty.
pub(crate) fn read_nameplate(answer: &Answer) -> Nameplate {
    let part = |name: &str| {
        let text = text_of(answer.payload(), name).unwrap_or_default();
        text.chars().take(NAME_MAX).collect()
    };
    Nameplate {
        vendor: part("Manufacturer"),
        model: part("Model"),
        firmware: part("FirmwareVersion"),
        serial: part("SerialNumber"),
    }
}

/// The topics of `GetEventProperties` as paths without prefixes, `RuleEngine/LineDetector/Crossed`.
pub(crate) fn read_topics(answer: &Answer) -> Vec<String> {
    let mut topics = Vec::new();
    let Some(set) = below(answer.payload(), "TopicSet") else {
        return topics;
    };
    for node in set.elements() {
        let leaf = node
            .attributes()
            .any(|attribute| attribute.local == "topic" && attribute.value == "true");
        if !leaf || topics.len() >= TOPICS_MAX {
            continue;
        }
        let mut path = vec![node.local()];
        let mut above = node.parent();
        while let Some(parent) = above.filter(|parent| parent.id() != set.id()) {
            path.push(parent.local());
            above = parent.parent();
        }
        path.reverse();
        topics.push(path.join("/"));
    }
    topics
}

/// A subscription as the camera made it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Made {
    /// Its address as told.
    pub(crate) address: String,
    /// Its reference parameters, ready to be echoed.
    pub(crate) references: String,
    /// How long it lives by the camera's own times, milliseconds.
    pub(crate) life_ms: Option<i64>,
}

/// Reads `CreatePullPointSubscriptionResponse`; the error says what is missing.
pub(crate) fn read_made(answer: &Answer) -> Result<Made, String> {
    let payload = answer.payload();
    let reference = below(payload, "SubscriptionReference")
        .ok_or("CreatePullPointSubscriptionResponse has no SubscriptionReference")?;
    let address =
        text_of(reference, "Address").ok_or("the SubscriptionReference has no Address")?;
    let mut references = Vec::new();
    for parameter in below(reference, "ReferenceParameters")
        .into_iter()
        .flat_map(Node::children)
    {
        canonical_exclusive(parameter, &[], None, &mut references);
    }
    if references.len() > REFERENCES_MAX {
        return Err(format!(
            "the ReferenceParameters have more than {REFERENCES_MAX} bytes"
        ));
    }
    Ok(Made {
        address,
        references: String::from_utf8_lossy(&references).into_owned(),
        life_ms: read_life(answer),
    })
}

/// How long a subscription lives on by the camera's own times, milliseconds; also for
/// `RenewResponse` and `PullMessagesResponse`. `None` when the answer does not say, or says
/// nothing sensible.
pub(crate) fn read_life(answer: &Answer) -> Option<i64> {
    let end = times::date_time(&text_of(answer.payload(), "TerminationTime")?)?;
    let life = end.ms_since(read_now(answer)?);
    (life > 0).then_some(life)
}

/// The camera's clock as an event service's answer tells it.
pub(crate) fn read_now(answer: &Answer) -> Option<Timestamp> {
    times::date_time(&text_of(answer.payload(), "CurrentTime")?)
}
