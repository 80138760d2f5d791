//! The namespaces and actions of the ONVIF services that are examined.

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const WSA: &str = "http://www.w3.org/2005/08/addressing";
pub(super) const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(super) const PASSWORD_DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
pub(super) const TDS: &str = "http://www.onvif.org/ver10/device/wsdl";
pub(super) const TEV: &str = "http://www.onvif.org/ver10/events/wsdl";
pub(super) const TT: &str = "http://www.onvif.org/ver10/schema";
pub(super) const WSNT: &str = "http://docs.oasis-open.org/wsn/b-2";
pub(super) const WSTOP: &str = "http://docs.oasis-open.org/wsn/t-1";
/// ONVIF's topic dialect, which every device knows (Core specification, event handling).
pub(super) const CONCRETE_SET: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";

/// The `wsa:Action` of an operation, as the WSDL gives it; empty for the device service, which
/// needs none.
pub(super) fn action(name: &str) -> String {
    match name {
        "Renew" | "Unsubscribe" => {
            format!("http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/{name}Request")
        }
        "PullMessages" | "SetSynchronizationPoint" => {
            format!("{TEV}/PullPointSubscription/{name}Request")
        }
        "CreatePullPointSubscription" | "GetEventProperties" => {
            format!("{TEV}/EventPortType/{name}Request")
        }
        _ => String::new(),
    }
}
