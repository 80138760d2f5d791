//! SOAP 1.2 from the camera's side: what a request asks, what an answer and a fault look like.

use std::fmt::Write as _;

use cordon_xml::{Document, Limits, Node};

use crate::ids::{SOAP12, SUBSCRIPTION_ID, WSA, WSSE};

/// Limits of a request; cameras are small.
pub(crate) const LIMITS: Limits = Limits {
    bytes_max: 4 * 1024 * 1024,
    depth_max: 32,
    nodes_max: 20_000,
    attributes_max: 32,
};

/// One request, opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The SOAP header, if there is one.
    pub(crate) header: Option<Node<'a>>,
    /// The element that asks for something.
    pub(crate) payload: Node<'a>,
}

impl<'a> Call<'a> {
    /// Finds the parts of an envelope.
    pub(crate) fn open(document: &'a Document) -> Result<Self, Fault> {
        let root = document.root();
        if root.local() == "Envelope" && root.namespace() != SOAP12 {
            return Err(Fault::new(
                "VersionMismatch",
                &[],
                "SOAP 1.2 is needed",
                500,
            ));
        }
        if !root.is(SOAP12, "Envelope") {
            return Err(Fault::sender(&["ter:WellFormed"], "not a SOAP envelope"));
        }
        let header = root.child(SOAP12, "Header");
        if let Some(strange) = header
            .into_iter()
            .flat_map(Node::children)
            .find(not_understood)
        {
            let reason = format!("header {} is not understood", strange.local());
            return Err(Fault::new("MustUnderstand", &[], &reason, 500));
        }
        let payload = root
            .child(SOAP12, "Body")
            .and_then(|body| body.children().next())
            .ok_or_else(|| Fault::sender(&["ter:WellFormed"], "the SOAP body is empty"))?;
        Ok(Self { header, payload })
    }

    /// A header block.
    pub(crate) fn header(&self, namespace: &str, local: &str) -> Option<Node<'a>> {
        self.header?.child(namespace, local)
    }

    /// The text of a child of the payload, wherever its namespace.
    pub(crate) fn text(&self, local: &str) -> Option<String> {
        let node = self.payload.children().find(|node| node.local() == local)?;
        Some(node.text().trim().to_owned())
    }

    /// The addressing header that belongs into the answer.
    pub(crate) fn reply_header(&self) -> String {
        let mut header = String::new();
        if let Some(action) = self.header(WSA, "Action") {
            let action = action.text();
            let action = action.trim();
            let action = action.strip_suffix("Request").unwrap_or(action);
            let _ = write!(
                header,
                "<wsa:Action>{}Response</wsa:Action>",
                escape(action)
            );
        }
        if let Some(id) = self.header(WSA, "MessageID") {
            let id = escape(id.text().trim());
            let _ = write!(header, "<wsa:RelatesTo>{id}</wsa:RelatesTo>");
        }
        header
    }
}

fn not_understood(block: &Node<'_>) -> bool {
    let demanded = block
        .attribute(SOAP12, "mustUnderstand")
        .is_some_and(|value| matches!(value.as_ref(), "1" | "true"));
    demanded && ![WSSE, WSA, SUBSCRIPTION_ID].contains(&block.namespace())
}

/// A SOAP fault with its HTTP status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// HTTP status of the answer.
    pub(crate) status: u16,
    code: &'static str,
    subcodes: Vec<&'static str>,
    reason: String,
    detail: String,
}

impl Fault {
    /// A fault with a code of SOAP 1.2.
    pub(crate) fn new(
        code: &'static str,
        subcodes: &[&'static str],
        reason: &str,
        status: u16,
    ) -> Self {
        Self {
            status,
            code,
            subcodes: subcodes.to_vec(),
            reason: reason.to_owned(),
            detail: String::new(),
        }
    }

    /// The request is at fault.
    pub(crate) fn sender(subcodes: &[&'static str], reason: &str) -> Self {
        Self::new("Sender", subcodes, reason, 400)
    }

    /// The camera is at fault.
    pub(crate) fn receiver(subcodes: &[&'static str], reason: &str) -> Self {
        Self::new("Receiver", subcodes, reason, 500)
    }

    /// Nobody logged in, or not rightly.
    pub(crate) fn not_authorized(reason: &str) -> Self {
        Self::sender(&["ter:NotAuthorized"], reason)
    }

    /// A fault of WS-BaseNotification or WS-ResourceFramework, with the detail these demand.
    pub(crate) fn notification(name: &'static str, reason: &str, time: &str) -> Self {
        let (subcode, prefix) = match name {
            "ResourceUnknownFault" => ("wsrfr:ResourceUnknownFault", "wsrfr"),
            _ => ("ter:InvalidArgVal", "wsnt"),
        };
        // Two of these faults carry one more required element.
        let more = match name {
            "UnacceptableInitialTerminationTimeFault" => {
                format!("<wsnt:MinimumTime>{time}</wsnt:MinimumTime>")
            }
            "InvalidFilterFault" => {
                "<wsnt:UnknownFilter>wsnt:ProducerProperties</wsnt:UnknownFilter>".to_owned()
            }
            _ => String::new(),
        };
        let mut fault = Self::sender(&[subcode], reason);
        fault.detail = format!(
            "<{prefix}:{name}><wsrfbf:Timestamp>{time}</wsrfbf:Timestamp>\
             <wsrfbf:Description>{}</wsrfbf:Description>{more}</{prefix}:{name}>",
            escape(reason)
        );
        fault
    }

    /// Whether it says that there is no such operation.
    pub(crate) fn unsupported(&self) -> bool {
        self.subcodes.first() == Some(&"ter:ActionNotSupported")
    }

    /// The whole envelope.
    pub(crate) fn envelope(&self) -> String {
        let mut subcode = String::new();
        for name in self.subcodes.iter().rev() {
            subcode = format!("<s:Subcode><s:Value>{name}</s:Value>{subcode}</s:Subcode>");
        }
        let detail = match self.detail.as_str() {
            "" => String::new(),
            detail => format!("<s:Detail>{detail}</s:Detail>"),
        };
        let body = format!(
            "<s:Fault><s:Code><s:Value>s:{}</s:Value>{subcode}</s:Code>\
             <s:Reason><s:Text xml:lang=\"en\">{}</s:Text></s:Reason>{detail}</s:Fault>",
            self.code,
            escape(&self.reason)
        );
        envelope("", &body)
    }
}

/// An envelope with every prefix declared at its root, as cameras do.
pub(crate) fn envelope(header: &str, body: &str) -> String {
    let header = match header {
        "" => String::new(),
        header => format!("<s:Header>{header}</s:Header>"),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope \
         xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
         xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" \
         xmlns:wstop=\"http://docs.oasis-open.org/wsn/t-1\" \
         xmlns:wsrfr=\"http://docs.oasis-open.org/wsrf/r-2\" \
         xmlns:wsrfbf=\"http://docs.oasis-open.org/wsrf/bf-2\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" \
         xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\" \
         xmlns:tev=\"http://www.onvif.org/ver10/events/wsdl\" \
         xmlns:ter=\"http://www.onvif.org/ver10/error\" \
         xmlns:tns1=\"http://www.onvif.org/ver10/topics\" \
         xmlns:tnscam=\"urn:cordon:camera:topics\">{header}<s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// Text and attribute values.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
