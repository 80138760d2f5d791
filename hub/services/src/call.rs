//! A verified call: what it asks, and the form of its answer.

use cordon_contract::Fault;
use cordon_security::wsse::VerifiedEnvelope;
use cordon_xml::Node;

use crate::answer::Reply;
use crate::lawful::lawful;

/// The name of the asked operation.
pub(crate) fn operation(call: &VerifiedEnvelope) -> Result<String, Fault> {
    let payload = payload(call)?;
    if payload.namespace() == cordon_model::SERVICE_NAMESPACE {
        Ok(payload.local().to_owned())
    } else {
        Err(unknown(payload.local()))
    }
}

/// The body's only child.
pub(crate) fn payload(call: &VerifiedEnvelope) -> Result<Node<'_>, Fault> {
    call.payload().ok_or_else(|| unknown(""))
}

pub(crate) fn unknown(name: &str) -> Fault {
    Fault::new("S010", format!("this service has no operation `{name}`"))
        .at("/Envelope/Body")
        .remedy("see the WSDL for the operations of each service")
}

pub(crate) fn reply(written: Result<Vec<u8>, cordon_wire::WireFault>) -> Result<Reply, Fault> {
    Ok(Reply {
        payload: written.map_err(lawful)?,
        room: None,
    })
}

/// How many things an answer holds when the call does not say. The schema keeps what it says
/// within 1 and the most that one answer holds.
pub(crate) const LIMIT_DEFAULT: u32 = 100;

/// The limit of a call as a count.
pub(crate) fn limit(asked: Option<u32>) -> usize {
    usize::try_from(asked.unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use cordon_xml::{Document, Limits};

    use super::LIMIT_DEFAULT;

    const XS: &str = "http://www.w3.org/2001/XMLSchema";

    /// Largest value of a simple type, and what its description says of an absent one.
    fn limits_of(document: &Document, name: &str) -> (u32, String) {
        let types = document.root().children();
        let kind = types
            .filter(|node| node.is(XS, "simpleType"))
            .find(|node| node.attribute("", "name").as_deref() == Some(name))
            .unwrap();
        let max = kind
            .elements()
            .find(|node| node.is(XS, "maxInclusive"))
            .and_then(|node| node.attribute("", "value")?.parse().ok())
            .unwrap();
        let told = kind.elements().find(|node| node.is(XS, "documentation"));
        (max, told.unwrap().text().into_owned())
    }

    /// `maxOccurs` of an element of a complex type.
    fn occurs_max(document: &Document, kind: &str, element: &str) -> u32 {
        let types = document.root().children();
        let kind = types
            .filter(|node| node.is(XS, "complexType"))
            .find(|node| node.attribute("", "name").as_deref() == Some(kind))
            .unwrap();
        let element = kind
            .elements()
            .filter(|node| node.is(XS, "element"))
            .find(|node| node.attribute("", "name").as_deref() == Some(element))
            .unwrap();
        element.attribute("", "maxOccurs").unwrap().parse().unwrap()
    }

    #[test]
    fn the_schema_and_the_hub_have_the_same_limits() {
        let text = cordon_schemas::file("xsd/service.xsd").unwrap();
        let document = Document::parse(text.as_bytes().to_vec(), &Limits::default()).unwrap();
        for (name, answer, element) in [
            ("GrantLimit", "QueryGrantsResponse", "Grant"),
            ("ReportLimit", "ListReportsResponse", "Report"),
            ("EntryLimit", "GetMessagesResponse", "Entry"),
        ] {
            let (max, told) = limits_of(&document, name);
            assert_eq!(max, occurs_max(&document, answer, element), "{name}");
            assert!(
                told.contains(&format!("{LIMIT_DEFAULT} when absent")),
                "{name}: {told}"
            );
        }
    }
}
