//! Mapped statements as readable XML, for golden files and for `cordon map try`.

use cordon_contract::Fault;
use cordon_model::{Header, Message, MessageId, Quality, Sensitivity};
use cordon_xml::{Document, Limits, Node};

use crate::rule::Mapped;

const CANONICAL: &str = "urn:cordon:park:1";

/// All statements, indented, below one root that carries the namespace; each body with the time
/// at which it happened.
pub fn mapped(all: &[Mapped]) -> Result<String, Fault> {
    let mut out = String::from("<Mapped xmlns:c=\"urn:cordon:park:1\">\n");
    for one in all {
        out.push_str(&format!(
            "  <Statement occurredAt=\"{}\">\n",
            one.occurred_at
        ));
        let bytes = written(one)?;
        let document = Document::parse(bytes, &Limits::default())
            .map_err(|fault| Fault::new("M013", format!("written XML is not read: {fault}")))?;
        let body = document.root().child(CANONICAL, "Body");
        for statement in body
            .into_iter()
            .flat_map(|body| body.children().collect::<Vec<_>>())
        {
            indent(statement, 4, &mut out);
        }
        out.push_str("  </Statement>\n");
    }
    out.push_str("</Mapped>\n");
    Ok(out)
}

/// The first line in which two files differ, leading and trailing white space aside: its number
/// in the expected file and both texts.
pub fn difference(expected: &str, got: &str) -> Option<(usize, String)> {
    let clean = |text: &str| -> Vec<(usize, String)> {
        let lines = text.lines().enumerate();
        let lines = lines.map(|(index, line)| (index + 1, line.trim().to_owned()));
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with("<!--"))
            .collect()
    };
    let (expected, got) = (clean(expected), clean(got));
    let last = expected.last().map_or(1, |(line, _)| *line);
    for index in 0..expected.len().max(got.len()) {
        let (wanted, found) = (expected.get(index), got.get(index));
        if wanted.map(|(_, text)| text) != found.map(|(_, text)| text) {
            let text = |line: Option<&(usize, String)>| {
                line.map_or_else(|| "nothing".to_owned(), |(_, text)| format!("`{text}`"))
            };
            let line = wanted.map_or(last, |(line, _)| *line);
            return Some((
                line,
                format!("expected {}, got {}", text(wanted), text(found)),
            ));
        }
    }
    None
}

fn written(one: &Mapped) -> Result<Vec<u8>, Fault> {
    let message = Message {
        header: head(one)?,
        body: one.body.clone(),
    };
    cordon_wire::write_message(&message).map_err(|fault| {
        Fault::new("M013", format!("no lawful message: {}", fault.detail))
            .at(fault.place)
            .remedy(fault.remedy)
    })
}

/// A head that only serves to make the statement writable; the hub makes the real one.
fn head(one: &Mapped) -> Result<Header, Fault> {
    let name = |text: &str| {
        text.parse()
            .map_err(|error| Fault::new("M013", format!("no lawful name: {error}")))
    };
    Ok(Header {
        message_id: MessageId::from_bytes([0; 16]),
        message_type: one.body.message_type(),
        schema_version: cordon_model::SCHEMA_VERSION.to_owned(),
        park_code: "MAPPING"
            .parse()
            .map_err(|error| Fault::new("M013", format!("no lawful park code: {error}")))?,
        sender_id: name("mapping")?,
        recipient_id: None,
        occurred_at: one.occurred_at,
        sent_at: one.occurred_at,
        sequence: 1,
        correlation_id: None,
        source_ref: None,
        quality: Quality::Measured,
        sensitivity: Sensitivity::Internal,
        test: false,
        attested_by: None,
    })
}

fn indent(node: Node<'_>, by: usize, out: &mut String) {
    let pad = " ".repeat(by);
    let name = node.local();
    let children: Vec<Node<'_>> = node.children().collect();
    if children.is_empty() {
        out.push_str(&format!(
            "{pad}<c:{name}>{}</c:{name}>\n",
            crate::tree::escape(&node.text())
        ));
        return;
    }
    out.push_str(&format!("{pad}<c:{name}>\n"));
    for child in children {
        indent(child, by + 2, out);
    }
    out.push_str(&format!("{pad}</c:{name}>\n"));
}
