//! The namespaces a camera speaks.

pub(crate) const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(crate) const WSA: &str = "http://www.w3.org/2005/08/addressing";
pub(crate) const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(crate) const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(crate) const PASSWORD_DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
pub(crate) const TDS: &str = "http://www.onvif.org/ver10/device/wsdl";
pub(crate) const TRT: &str = "http://www.onvif.org/ver10/media/wsdl";
pub(crate) const TEV: &str = "http://www.onvif.org/ver10/events/wsdl";
pub(crate) const WSNT: &str = "http://docs.oasis-open.org/wsn/b-2";
pub(crate) const TNS1: &str = "http://www.onvif.org/ver10/topics";
/// Topics of the simulator's own, standing for a maker's additions.
pub(crate) const TNS_VENDOR: &str = "urn:cordon:camera:topics";
/// The header in which a subscription's id travels when the address alone does not name it. The
/// element is the one that Axis cameras use, so that clients made for them can be rehearsed.
pub(crate) const SUBSCRIPTION_ID: &str = "http://www.axis.com/2009/event";

/// The dialect of one topic path.
pub(crate) const DIALECT_CONCRETE: &str =
    "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete";
/// ONVIF's dialect: alternatives with `|`, subtrees with `//.`.
pub(crate) const DIALECT_SET: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";
/// The dialect of filters on message items.
pub(crate) const DIALECT_ITEMS: &str =
    "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter";
