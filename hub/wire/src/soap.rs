//! The SOAP envelope, versions 1.1 and 1.2, document/literal.
//!
//! The version is told by the namespace of the envelope alone. An answer goes back in the version of
//! the question.

use cordon_model::service::Fault;
use cordon_xml::{Document, Node, Writer};

use crate::fault::WireFault;
use crate::service::{read_fault, write_fault};

/// Namespace of WS-Security 1.0, whose header block is understood.
pub const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// X130: no SOAP envelope of a known version.
const VERSION_MISMATCH: &str = "X130";
/// X131: something beside header and body.
const ODD_ENVELOPE: &str = "X131";
/// X132: the body does not hold exactly one element.
const NOT_ONE_PAYLOAD: &str = "X132";
/// X133: a header block that must be understood is not.
const NOT_UNDERSTOOD: &str = "X133";
/// X134: text where an envelope has elements alone.
const STRAY_TEXT: &str = "X134";
/// X135: whether a header block must be understood cannot be told.
const NOT_BOOLEAN: &str = "X135";

/// Version of an envelope.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SoapVersion {
    /// SOAP 1.1.
    V11,
    /// SOAP 1.2.
    V12,
}

impl SoapVersion {
    /// Namespace of its envelope.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// Content type of its messages over HTTP.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }

    fn of(namespace: &str) -> Option<Self> {
        [Self::V11, Self::V12]
            .into_iter()
            .find(|version| version.namespace() == namespace)
    }

    /// Whether a header block with this actor or role is meant for the one who answers.
    fn is_for_us(self, role: &str) -> bool {
        match self {
            Self::V11 => role.is_empty() || role == "http://schemas.xmlsoap.org/soap/actor/next",
            Self::V12 => matches!(
                role,
                "" | "http://www.w3.org/2003/05/soap-envelope/role/next"
                    | "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
            ),
        }
    }
}

/// Whose fault it is, as SOAP sorts faults.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// The message is at fault; sending it again unchanged will not help.
    Sender,
    /// The one who answers is at fault; the same message may be sent again.
    Receiver,
    /// A header block that must be understood is not.
    MustUnderstand,
    /// Neither SOAP 1.1 nor 1.2.
    VersionMismatch,
}

impl Side {
    /// The side a refusal of one of this file's codes is on; of any other code the sender's.
    pub fn of_code(code: &str) -> Self {
        match code {
            VERSION_MISMATCH => Self::VersionMismatch,
            NOT_UNDERSTOOD => Self::MustUnderstand,
            _ => Self::Sender,
        }
    }

    fn code(self, version: SoapVersion) -> &'static str {
        match (self, version) {
            (Self::Sender, SoapVersion::V11) => "s:Client",
            (Self::Receiver, SoapVersion::V11) => "s:Server",
            (Self::Sender, SoapVersion::V12) => "s:Sender",
            (Self::Receiver, SoapVersion::V12) => "s:Receiver",
            (Self::MustUnderstand, _) => "s:MustUnderstand",
            (Self::VersionMismatch, _) => "s:VersionMismatch",
        }
    }
}

/// An opened envelope.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Its version.
    pub version: SoapVersion,
    /// Its header, when it has one.
    pub header: Option<Node<'a>>,
    /// Its body.
    pub body: Node<'a>,
    /// The one element in the body.
    pub payload: Node<'a>,
}

/// An envelope that cannot be opened: the version to answer in, whose fault, and what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SoapFault {
    /// The version to answer in.
    pub version: SoapVersion,
    /// Whose fault.
    pub side: Side,
    /// Code, place, detail and remedy.
    pub breach: WireFault,
}

impl SoapFault {
    fn new(
        version: SoapVersion,
        code: &'static str,
        node: Node<'_>,
        detail: String,
        remedy: &'static str,
    ) -> Self {
        Self {
            version,
            side: Side::of_code(code),
            breach: WireFault {
                code,
                place: node.path(),
                detail,
                remedy,
            },
        }
    }
}

/// Opens an envelope; of header blocks that must be understood only `wsse:Security` may be there, and
/// no text beside the elements: it would be signed and read by nobody.
pub fn open(document: &Document) -> Result<Envelope<'_>, SoapFault> {
    let root = document.root();
    let version = match SoapVersion::of(root.namespace()) {
        Some(version) if root.local() == "Envelope" => version,
        _ => {
            return Err(SoapFault::new(
                SoapVersion::V11,
                VERSION_MISMATCH,
                root,
                "the document is not a SOAP 1.1 or 1.2 envelope".to_owned(),
                "wrap the request into an envelope of SOAP 1.1 or 1.2",
            ));
        }
    };
    let (header, body) = parts(root, version)?;
    if let Some(header) = header {
        understand(header, version)?;
    }
    let mut parts = [Some(root), header, Some(body)].into_iter().flatten();
    if let Some(odd) = parts.find(|node| has_text(*node)) {
        return Err(SoapFault::new(
            version,
            STRAY_TEXT,
            odd,
            format!("there is text in {} beside its elements", odd.local()),
            "leave the text out; what is meant goes into the request",
        ));
    }
    let mut payloads = body.children();
    let (Some(payload), None) = (payloads.next(), payloads.next()) else {
        return Err(SoapFault::new(
            version,
            NOT_ONE_PAYLOAD,
            body,
            "the body does not hold exactly one element".to_owned(),
            "send one request in one envelope, document/literal wrapped",
        ));
    };
    Ok(Envelope {
        version,
        header,
        body,
        payload,
    })
}

/// The body of an envelope, whatever [`open`] says of header and content; `None` when there is none
/// at its one place. For reading again what was taken when less was demanded.
pub fn body(document: &Document) -> Option<Node<'_>> {
    let root = document.root();
    let version = SoapVersion::of(root.namespace()).filter(|_| root.local() == "Envelope")?;
    parts(root, version).ok().map(|(_, body)| body)
}

/// Header and body; nothing else may be in an envelope.
fn parts(root: Node<'_>, version: SoapVersion) -> Result<(Option<Node<'_>>, Node<'_>), SoapFault> {
    let namespace = version.namespace();
    let mut children = root.children().peekable();
    let header = children.next_if(|node| node.is(namespace, "Header"));
    let body = children.next_if(|node| node.is(namespace, "Body"));
    match (body, children.next()) {
        (Some(body), None) => Ok((header, body)),
        (_, odd) => Err(SoapFault::new(
            version,
            ODD_ENVELOPE,
            odd.unwrap_or(root),
            "an envelope holds an optional header and one body".to_owned(),
            "send Header and Body, in this order, and nothing else",
        )),
    }
}

/// Whether there is text other than white space directly in an element that holds elements.
fn has_text(node: Node<'_>) -> bool {
    match node.children().next() {
        Some(_) => node.has_stray_text(),
        None => !node.text().trim().is_empty(),
    }
}

/// The truth value of a `mustUnderstand`, as XML Schema writes it; none when it is none.
fn truth(value: &str) -> Option<bool> {
    match value.trim() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn understand(header: Node<'_>, version: SoapVersion) -> Result<(), SoapFault> {
    let namespace = version.namespace();
    let role = match version {
        SoapVersion::V11 => "actor",
        SoapVersion::V12 => "role",
    };
    for block in header.children() {
        let must = block.attribute(namespace, "mustUnderstand");
        let must = must.as_deref().map_or(Some(false), truth).ok_or_else(|| {
            SoapFault::new(
                version,
                NOT_BOOLEAN,
                block,
                "mustUnderstand is neither true nor false".to_owned(),
                "write 1 or 0, or leave the attribute out",
            )
        })?;
        let ours = version.is_for_us(
            block
                .attribute(namespace, role)
                .as_deref()
                .unwrap_or_default(),
        );
        if must && ours && !block.is(WSSE, "Security") {
            return Err(SoapFault::new(
                version,
                NOT_UNDERSTOOD,
                block,
                format!("header block {} is not understood", block.local()),
                "send the block without mustUnderstand, or do not send it",
            ));
        }
    }
    Ok(())
}

/// An envelope around ready XML. The pieces must declare their own prefixes; an empty header piece
/// leaves the header out.
pub fn envelope(
    version: SoapVersion,
    header_xml: impl AsRef<[u8]>,
    body_xml: impl AsRef<[u8]>,
) -> Vec<u8> {
    let (header, body) = (header_xml.as_ref(), body_xml.as_ref());
    let mut made = Vec::with_capacity(header.len() + body.len() + 160);
    made.extend_from_slice(b"<s:Envelope xmlns:s=\"");
    made.extend_from_slice(version.namespace().as_bytes());
    made.extend_from_slice(b"\">");
    if !header.is_empty() {
        made.extend_from_slice(b"<s:Header>");
        made.extend_from_slice(header);
        made.extend_from_slice(b"</s:Header>");
    }
    made.extend_from_slice(b"<s:Body>");
    made.extend_from_slice(body);
    made.extend_from_slice(b"</s:Body></s:Envelope>");
    made
}

/// A whole answer that is a fault.
pub fn fault(version: SoapVersion, side: Side, fault: &Fault) -> Vec<u8> {
    envelope(version, "", fault_body(version, side, fault))
}

/// The `Fault` element for the body of an answer, with `svc:Fault` as its detail.
pub fn fault_body(version: SoapVersion, side: Side, fault: &Fault) -> Vec<u8> {
    // A detail that broke the schema's own limits would hide the fault; the reason still tells it.
    let detail = write_fault(fault)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    let reason = format!("{}: {}", fault.code, fault.detail);
    let mut writer = Writer::with(&[("s", version.namespace())]);
    writer.start("s", "Fault");
    match version {
        SoapVersion::V11 => {
            writer.element("", "faultcode", side.code(version));
            writer.element("", "faultstring", &reason);
            writer.start("", "detail").raw(&detail).end();
        }
        SoapVersion::V12 => {
            writer
                .start("s", "Code")
                .element("s", "Value", side.code(version))
                .end();
            writer.start("s", "Reason").start("s", "Text");
            writer.attribute("xml:lang", "en").text(&reason).end().end();
            writer.start("s", "Detail").raw(&detail).end();
        }
    }
    writer.finish()
}

/// A fault that came as an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnsweredFault {
    /// The fault code as written, without prefix, such as `Sender` or `Client`.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// The detail, when it is one of Cordon's.
    pub detail: Option<Fault>,
}

/// The fault in an answer; `None` when the answer is no fault.
pub fn answered_fault(envelope: &Envelope<'_>) -> Option<AnsweredFault> {
    let namespace = envelope.version.namespace();
    let fault = envelope.payload;
    if !fault.is(namespace, "Fault") {
        return None;
    }
    let text = |node: Option<Node<'_>>| {
        node.map(|node| node.text().trim().to_owned())
            .unwrap_or_default()
    };
    let (code, reason, detail) = match envelope.version {
        SoapVersion::V11 => (
            text(fault.child("", "faultcode")),
            text(fault.child("", "faultstring")),
            fault.child("", "detail"),
        ),
        SoapVersion::V12 => (
            text(
                fault
                    .child(namespace, "Code")
                    .and_then(|code| code.child(namespace, "Value")),
            ),
            text(
                fault
                    .child(namespace, "Reason")
                    .and_then(|reason| reason.child(namespace, "Text")),
            ),
            fault.child(namespace, "Detail"),
        ),
    };
    Some(AnsweredFault {
        code: code.rsplit(':').next().unwrap_or_default().to_owned(),
        reason,
        detail: detail.and_then(|detail| detail.children().find_map(|node| read_fault(node).ok())),
    })
}

#[cfg(test)]
mod tests {
    use cordon_xml::{Document, Limits};

    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(text, &Limits::default()).unwrap()
    }

    fn sample() -> Fault {
        Fault {
            code: "X102".to_owned(),
            place: "/a:b[1]".to_owned(),
            detail: "LaneId is missing & more".to_owned(),
            remedy: "add it".to_owned(),
            entry_number: Some(7),
        }
    }

    #[test]
    fn envelopes_open_in_both_versions() {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let bytes = envelope(version, "<h/>", "<q xmlns=\"urn:x\"/>");
            let document = Document::parse(bytes, &Limits::default()).unwrap();
            let opened = open(&document).unwrap();
            assert_eq!(opened.version, version);
            assert!(opened.header.is_some());
            assert!(opened.payload.is("urn:x", "q"));
        }
    }

    #[test]
    fn faults_there_and_back() {
        for (version, code) in [(SoapVersion::V11, "Client"), (SoapVersion::V12, "Sender")] {
            let document =
                Document::parse(fault(version, Side::Sender, &sample()), &Limits::default())
                    .unwrap();
            let answered = answered_fault(&open(&document).unwrap()).unwrap();
            assert_eq!(answered.code, code);
            assert_eq!(answered.reason, "X102: LaneId is missing & more");
            assert_eq!(answered.detail, Some(sample()));
        }
    }

    #[test]
    fn odd_envelopes_are_refused() {
        let s = "http://www.w3.org/2003/05/soap-envelope";
        let cases = [
            ("<x/>".to_owned(), "X130", Side::VersionMismatch),
            (
                format!("<Envelope xmlns='{s}x'><Body><a/></Body></Envelope>"),
                "X130",
                Side::VersionMismatch,
            ),
            (
                format!("<Envelope xmlns='{s}'><Header/></Envelope>"),
                "X131",
                Side::Sender,
            ),
            (
                format!("<Envelope xmlns='{s}'><Body><a/></Body><Body><a/></Body></Envelope>"),
                "X131",
                Side::Sender,
            ),
            (
                format!("<Envelope xmlns='{s}'><Body/></Envelope>"),
                "X132",
                Side::Sender,
            ),
            (
                format!("<Envelope xmlns='{s}'><Body><a/><b/></Body></Envelope>"),
                "X132",
                Side::Sender,
            ),
        ];
        for (text, code, side) in cases {
            let refused = open(&document(&text)).unwrap_err();
            assert_eq!((refused.breach.code, refused.side), (code, side), "{text}");
            assert_eq!(body(&document(&text)).is_some(), code == "X132", "{text}");
        }
    }

    #[test]
    fn text_beside_the_elements_is_refused_and_its_body_is_still_found() {
        let with = |in_envelope: &str, in_header: &str, in_body: &str| {
            let s = SoapVersion::V11.namespace();
            document(&format!(
                "<e:Envelope xmlns:e='{s}'>{in_envelope}<e:Header>{in_header}</e:Header>\
                 <e:Body>{in_body}<a>text</a></e:Body></e:Envelope>"
            ))
        };
        for (odd, place) in [
            (with("open", "", ""), "/e:Envelope"),
            (with("", "open", ""), "/e:Envelope/e:Header"),
            (with("", "<h/>&#111;pen", ""), "/e:Envelope/e:Header"),
            (with("", "", "open the gate"), "/e:Envelope/e:Body"),
            (with("", "", "<![CDATA[x]]>"), "/e:Envelope/e:Body"),
        ] {
            let refused = open(&odd).unwrap_err();
            assert_eq!((refused.breach.code, refused.side), ("X134", Side::Sender));
            assert_eq!(refused.breach.place, place);
            assert!(body(&odd).is_some(), "what was taken once is still read");
        }
        for fine in [
            with("", "", ""),
            with("\n ", "\t<h>text</h>\r\n", " <!-- a note -->\n"),
        ] {
            assert!(open(&fine).is_ok());
        }
    }

    #[test]
    fn must_understand_is_honoured() {
        let s = SoapVersion::V12.namespace();
        let with = |block: &str| {
            format!(
                "<e:Envelope xmlns:e='{s}'><e:Header>{block}</e:Header><e:Body><a/></e:Body></e:Envelope>"
            )
        };
        let refused = open(&document(&with("<h e:mustUnderstand='true'/>"))).unwrap_err();
        assert_eq!(
            (refused.breach.code, refused.side),
            ("X133", Side::MustUnderstand)
        );
        assert_eq!(refused.breach.place, "/e:Envelope/e:Header/h");
        for fine in [
            "<h e:mustUnderstand='false'/>".to_owned(),
            "<h e:mustUnderstand=' 0 '/>".to_owned(),
            "<h/>".to_owned(),
            "<h e:mustUnderstand='1' e:role='urn:somebody-else'/>".to_owned(),
            format!("<w:Security xmlns:w='{WSSE}' e:mustUnderstand='1'/>"),
        ] {
            assert!(open(&document(&with(&fine))).is_ok(), "{fine}");
        }
        for odd in [
            "<h e:mustUnderstand='yes'/>".to_owned(),
            "<h e:mustUnderstand=''/>".to_owned(),
            "<h e:mustUnderstand='TRUE' e:role='urn:somebody-else'/>".to_owned(),
            format!("<w:Security xmlns:w='{WSSE}' e:mustUnderstand='yes'/>"),
        ] {
            let refused = open(&document(&with(&odd))).unwrap_err();
            assert_eq!((refused.breach.code, refused.side), ("X135", Side::Sender));
        }
    }
}
