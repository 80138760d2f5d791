//! SOAP 1.2 envelopes: written strictly, read leniently. Pure.
//!
//! Cameras break the schema, so what they say is found by local name below the body; what the hub
//! says follows the standards to the letter.

use cordon_xml::{Document, Limits, Node, Writer};

use crate::login::Token;
use crate::mend::mend;

/// SOAP 1.2.
pub(crate) const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PASSWORD_DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// Fault codes looked at; further ones are ignored.
const CODES_MAX: usize = 16;

/// One request before it has an address and a login.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The operation's action URI.
    pub(crate) action: String,
    /// The content of the body, with its own namespace declarations.
    pub(crate) body: String,
    /// Whether addressing headers are needed: operations of the event service.
    pub(crate) addressed: bool,
}

/// Writes an envelope. `references` are reference parameters, echoed as headers word for word.
pub(crate) fn envelope(
    request: &Request,
    to: &str,
    references: &str,
    token: Option<&Token>,
) -> Vec<u8> {
    let mut xml = Writer::with(&[("s", SOAP12), ("wsa", WSA), ("wsse", WSSE), ("wsu", WSU)]);
    xml.start("s", "Envelope");
    if request.addressed || token.is_some() {
        xml.start("s", "Header");
        if request.addressed {
            xml.element("wsa", "Action", &request.action);
            xml.element("wsa", "To", to);
            xml.raw(references);
        }
        if let Some(token) = token {
            security(&mut xml, token);
        }
        xml.end();
    }
    xml.start("s", "Body").raw(&request.body).end();
    xml.finish()
}

fn security(xml: &mut Writer, token: &Token) {
    xml.start("wsse", "Security")
        .attribute("s:mustUnderstand", "true");
    xml.start("wsse", "UsernameToken");
    xml.element("wsse", "Username", &token.user);
    xml.start("wsse", "Password")
        .attribute("Type", PASSWORD_DIGEST)
        .text(&token.digest)
        .end();
    xml.start("wsse", "Nonce")
        .attribute("EncodingType", BASE64)
        .text(&token.nonce)
        .end();
    xml.element("wsu", "Created", &token.created);
    xml.end().end();
}

/// A SOAP fault, as far as it is understood.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SoapFault {
    /// Local names of code, subcodes and detail elements.
    names: Vec<String>,
    /// The reason in words.
    pub(crate) reason: String,
}

impl SoapFault {
    /// Whether one of its codes or details has this name, with or without `Fault` behind it.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|own| own == name || own.strip_suffix("Fault") == Some(name))
    }

    /// Whether it is about who is asking.
    pub(crate) fn is_login(&self) -> bool {
        [
            "NotAuthorized",
            "FailedAuthentication",
            "InvalidSecurity",
            "SenderNotAuthorized",
        ]
        .iter()
        .any(|name| self.says(name))
    }

    /// Codes and reason in words.
    pub(crate) fn text(&self) -> String {
        let codes = self.names.join("/");
        match self.reason.trim() {
            "" => codes,
            reason => format!("{codes}: {reason}"),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The operation's answer.
    Answer(Answer),
    /// A fault.
    Fault(SoapFault),
}

/// An answer whose payload is known to be there.
#[derive(Debug)]
pub(crate) struct Answer(Document);

impl Answer {
    /// The operation's response element.
    pub(crate) fn payload(&self) -> Node<'_> {
        let root = envelope_of(&self.0);
        below(root, "Body")
            .and_then(|body| body.children().next())
            .unwrap_or(root)
    }
}

/// Reads an envelope; the error says in words what is wrong with it.
pub(crate) fn read(bytes: impl Into<Vec<u8>>, bytes_max: usize) -> Result<Reply, String> {
    let bytes = bytes.into();
    let limits = Limits {
        bytes_max,
        ..Limits::default()
    };
    let bytes = trimmed(bytes);
    let document = Document::parse(bytes, &limits).map_err(|fault| fault.to_string())?;
    reply(document)
}

/// Reads an envelope that is no XML, mended by rule; for answers that are not events.
pub(crate) fn read_mended(bytes: &[u8]) -> Result<Reply, String> {
    reply(mend(bytes, &[])?.document)
}

/// The envelope of a document; a mended one has an element around it.
fn envelope_of(document: &Document) -> Node<'_> {
    let root = document.root();
    match root.local() {
        "Envelope" => root,
        _ => below(root, "Envelope").unwrap_or(root),
    }
}

fn reply(document: Document) -> Result<Reply, String> {
    let root = envelope_of(&document);
    if root.local() != "Envelope" || ![SOAP12, SOAP11].contains(&root.namespace()) {
        return Err(format!("a `{}` element is no SOAP envelope", root.local()));
    }
    let payload = below(root, "Body").and_then(|body| body.children().next());
    match payload {
        None => Err("the SOAP body is empty".to_owned()),
        Some(fault) if fault.local() == "Fault" => Ok(Reply::Fault(fault_of(fault))),
        Some(_) => Ok(Reply::Answer(Answer(document))),
    }
}

/// White space before the XML declaration, which some cameras send, is no XML.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(0);
    bytes.drain(..start);
    bytes
}

fn fault_of(fault: Node<'_>) -> SoapFault {
    let mut names = Vec::new();
    let mut reason = String::new();
    for node in fault.elements() {
        match node.local() {
            "Value" | "faultcode" => {
                let text = node.text();
                let name = text.trim().rsplit(':').next().unwrap_or_default();
                names.push(name.chars().take(64).collect());
            }
            "Text" | "faultstring" if reason.is_empty() => {
                reason = node.text().trim().chars().take(400).collect();
            }
            "Detail" | "detail" => {
                names.extend(node.children().map(|child| child.local().to_owned()));
            }
            _ => {}
        }
        if names.len() >= CODES_MAX {
            break;
        }
    }
    SoapFault { names, reason }
}

/// The first child of this local name.
pub(crate) fn below<'a>(node: Node<'a>, local: &str) -> Option<Node<'a>> {
    node.children().find(|child| child.local() == local)
}

/// The trimmed text of the first child of this local name; `None` when empty.
pub(crate) fn text_of(node: Node<'_>, local: &str) -> Option<String> {
    let text = below(node, local)?.text().trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Reply, Request, envelope, read};
    use crate::login::Token;

    #[test]
    fn what_is_written_can_be_read() {
        let request = Request {
            action: "urn:a&b".to_owned(),
            body: "<x:Ask xmlns:x=\"urn:x\"></x:Ask>".to_owned(),
            addressed: true,
        };
        let token = Token {
            user: "a<b".to_owned(),
            digest: "d".to_owned(),
            nonce: "n".to_owned(),
            created: "c".to_owned(),
        };
        let bytes = envelope(
            &request,
            "http://cam/",
            "<y:Id xmlns:y=\"urn:y\">7</y:Id>",
            Some(&token),
        );
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(
            text.contains(">7</y:Id>") && text.contains("a&lt;b"),
            "{text}"
        );
        let Ok(Reply::Answer(answer)) = read(bytes, 100_000) else {
            panic!("not read back: {text}");
        };
        assert_eq!(answer.payload().local(), "Ask");
    }

    #[test]
    fn faults_of_both_versions() {
        let twelve = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
            xmlns:ter="http://www.onvif.org/ver10/error"><s:Body><s:Fault><s:Code>
            <s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode>
            </s:Code><s:Reason><s:Text xml:lang="en">who are you</s:Text></s:Reason></s:Fault>
            </s:Body></s:Envelope>"#;
        let Ok(Reply::Fault(fault)) = read(twelve, 10_000) else {
            panic!("no fault");
        };
        assert!(fault.is_login());
        assert_eq!(fault.text(), "Sender/NotAuthorized: who are you");
        let eleven = r#"  <?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">
            <e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring>
            <detail><r:ResourceUnknownFault xmlns:r="urn:r"/></detail></e:Fault></e:Body></e:Envelope>"#;
        let Ok(Reply::Fault(fault)) = read(eleven, 10_000) else {
            panic!("no fault");
        };
        assert!(fault.says("ResourceUnknown") && !fault.is_login());
        for bad in [
            "",
            "<a/>",
            "HTTP/1.1",
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>",
        ] {
            assert!(read(bad, 10_000).is_err(), "{bad}");
        }
    }
}
