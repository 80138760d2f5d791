//! The arena that every XML document passes through.

use cordon_xml::{Document, Limits, canonical_exclusive};

/// Elements of which all is asked.
const LOOKED_AT: usize = 200;

/// Parses, asks every element everything, and writes the canonical form, which must read as itself.
pub(crate) fn arena(bytes: &[u8]) {
    let tight = Limits {
        bytes_max: 2_000,
        depth_max: 4,
        nodes_max: 40,
        attributes_max: 3,
    };
    let within = Document::parse(bytes, &tight).is_ok();
    let document = match Document::parse_or_return(bytes, &Limits::default()) {
        Ok(document) => document,
        Err(unread) => {
            assert_eq!(unread.bytes, bytes, "the bytes are given back");
            assert!(!within, "read within tighter limits alone");
            return;
        }
    };
    assert_eq!(document.bytes(), bytes);
    for node in document.root().elements().take(LOOKED_AT) {
        let span = node.span();
        assert!(bytes.get(span).is_some_and(|text| text.starts_with(b"<")));
        assert_eq!(document.node(node.id()).local(), node.local());
        let _ = (
            node.text(),
            node.has_stray_text(),
            node.path(),
            node.position(),
        );
        for attribute in node.attributes() {
            let again = node.attribute(attribute.namespace, attribute.local);
            assert_eq!(
                again,
                Some(attribute.value),
                "each attribute is found by its name"
            );
        }
        for child in node.children() {
            assert_eq!(child.parent().map(|parent| parent.id()), Some(node.id()));
            assert!(node.contains(child.id()));
        }
    }
    let once = canonical(&document);
    let wide = Limits {
        bytes_max: usize::MAX,
        nodes_max: usize::MAX,
        attributes_max: 255,
        depth_max: 70,
    };
    let again = Document::parse(once.clone(), &wide).expect("a canonical form reads");
    assert_eq!(canonical(&again), once, "and is its own canonical form");
}

fn canonical(document: &Document) -> Vec<u8> {
    let mut out = Vec::new();
    canonical_exclusive(document.root(), &[], None, &mut out);
    out
}
