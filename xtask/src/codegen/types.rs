//! The list of message types in `envelope.xsd`: made of the branches of `Body` in `message.xsd`, so that a message is
//! named once.

use roxmltree::{Document, Node};

const HEAD: &str = "<xs:simpleType name=\"MessageType\">";
const BEGIN: &str = "    <xs:restriction base=\"xs:token\">\n";
const END: &str = "    </xs:restriction>\n";

/// The text of `envelope.xsd` with the types that `message.xsd` has.
pub fn listed(envelope: &str, message: &str) -> Result<String, String> {
    let document = Document::parse(message).map_err(|error| format!("message.xsd: {error}"))?;
    let mut values = String::new();
    for branch in branches(document.root_element()) {
        let name = branch.attribute("name").unwrap_or_default();
        let english = said(branch, "en").replace("The statement is", "The body is");
        let chinese = said(branch, "zh");
        values += &format!(
            "      <xs:enumeration value=\"{name}\">\n        <xs:annotation>\n          \
             <xs:documentation xml:lang=\"en\">{english}</xs:documentation>\n          \
             <xs:documentation xml:lang=\"zh\">{chinese}</xs:documentation>\n        \
             </xs:annotation>\n      </xs:enumeration>\n"
        );
    }
    let missing = || "envelope.xsd: there is no list of message types".to_owned();
    let head = envelope.find(HEAD).ok_or_else(missing)?;
    let begin = place(envelope, head, BEGIN).ok_or_else(missing)? + BEGIN.len();
    let end = place(envelope, begin, END).ok_or_else(missing)?;
    let parts = envelope.get(..begin).zip(envelope.get(end..));
    let (before, behind) = parts.ok_or_else(missing)?;
    Ok(format!("{before}{values}{behind}"))
}

fn place(text: &str, from: usize, wanted: &str) -> Option<usize> {
    Some(from + text.get(from..)?.find(wanted)?)
}

/// The elements of which a body is one.
fn branches<'a>(root: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    let bodies = root
        .children()
        .filter(|node| node.attribute("name") == Some("Body"));
    let choices = bodies.flat_map(|body| body.children());
    let choices = choices.filter(|node| node.tag_name().name() == "choice");
    let branches = choices.flat_map(|choice| choice.children());
    branches.filter(|node| node.tag_name().name() == "element")
}

fn said<'a>(branch: Node<'a, 'a>, language: &str) -> &'a str {
    const LANG: (&str, &str) = ("http://www.w3.org/XML/1998/namespace", "lang");
    let said = branch
        .descendants()
        .find(|node| node.attribute(LANG) == Some(language));
    said.and_then(|node| node.text()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::listed;

    const MESSAGE: &str = "<xs:schema xmlns:xs=\"x\"><xs:complexType name=\"Body\"><xs:choice>\
        <xs:element name=\"Alpha\"><xs:documentation xml:lang=\"en\">The statement is an Alpha.</xs:documentation>\
        <xs:documentation xml:lang=\"zh\">甲</xs:documentation></xs:element></xs:choice></xs:complexType></xs:schema>";

    #[test]
    fn the_list_is_that_of_the_branches() {
        let envelope = "a\n  <xs:simpleType name=\"MessageType\">\n    <xs:restriction base=\"xs:token\">\n      old\n    \
                        </xs:restriction>\nz\n";
        let made = listed(envelope, MESSAGE).unwrap();
        assert!(made.starts_with("a\n") && made.ends_with("    </xs:restriction>\nz\n"));
        assert!(made.contains("<xs:enumeration value=\"Alpha\">") && !made.contains("old"));
        assert!(made.contains("The body is an Alpha.") && made.contains("甲"));
        assert_eq!(listed(&made, MESSAGE).unwrap(), made);
        assert!(listed("nothing", MESSAGE).is_err());
    }
}
