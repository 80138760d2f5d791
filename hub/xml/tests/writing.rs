//! The writer's output is deterministic and already canonical.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_xml::{Document, Limits, Writer, canonical_exclusive};

fn canonical(xml: &[u8]) -> Vec<u8> {
    let document = Document::parse(xml, &Limits::default()).unwrap();
    let mut out = Vec::new();
    canonical_exclusive(document.root(), &[], None, &mut out);
    out
}

#[test]
fn a_message_is_written_with_one_declaration_at_the_root() {
    let mut writer = Writer::with(&[("c", "urn:cordon:park:1")]);
    writer
        .start("c", "Message")
        .start("c", "Header")
        .element("c", "Id", "1 < 2 & \"3\" > 0\r\n");
    writer.end().start("c", "Body").end().end();
    let bytes = writer.finish();
    assert_eq!(
        String::from_utf8(bytes.clone()).unwrap(),
        "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header><c:Id>1 &lt; 2 &amp; \"3\" &gt; 0&#xD;\n\
         </c:Id></c:Header><c:Body></c:Body></c:Message>"
    );
    assert_eq!(canonical(&bytes), bytes);
}

#[test]
fn many_namespaces_and_attributes_come_out_canonical() {
    let mut writer = Writer::with(&[
        ("z", "urn:a"),
        ("a", "urn:z"),
        ("", "urn:d"),
        ("b", "urn:b"),
    ]);
    writer
        .start("", "root")
        .attribute("z:q", "1")
        .attribute("a:q", "2")
        .attribute("q", "\"\t\n\r<&>");
    writer.start("b", "one").attribute("xml:lang", "zh").end();
    writer.start("b", "two").text("苏").end();
    writer
        .start("z", "three")
        .attribute("b", "1")
        .attribute("a", "2");
    let bytes = writer.finish();
    assert_eq!(
        canonical(&bytes),
        bytes,
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains(" xmlns=\"urn:d\" xmlns:a=\"urn:z\" xmlns:z=\"urn:a\" q="),
        "{text}"
    );
}

#[test]
fn forbidden_characters_never_make_a_broken_document() {
    let mut writer = Writer::new();
    writer
        .start("", "a")
        .attribute("b", "\u{0}")
        .text("\u{1}\u{FFFF}");
    let bytes = writer.finish();
    let document = Document::parse(bytes, &Limits::default()).unwrap();
    assert_eq!(document.root().text(), "\u{FFFD}\u{FFFD}");
}

#[test]
fn finish_closes_what_is_open() {
    let mut writer = Writer::new();
    writer.start("", "a").start("", "b").raw("<c></c>");
    assert_eq!(writer.finish(), b"<a><b><c></c></b></a>");
}
