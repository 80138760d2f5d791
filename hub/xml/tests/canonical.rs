//! Canonical form against two independent programs on generated documents.
//!
//! `xmllint --exc-c14n` (libxml2) writes the canonical form of a whole document; `xmlsec1` is the
//! oracle for subtrees, prefix lists and the enveloped-signature transform, through the digests it
//! puts into a signature. Where the programs are not installed the tests say so and stop.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::process::Command;

use cordon_xml::{Document, Limits, Node, canonical_exclusive};

/// A small seeded generator (xorshift64*), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

// libxml2 2.9 refuses namespace names that are not ASCII and writes `&` in them unescaped, so neither
// can be compared; `namespace_names_are_escaped` holds ours to the standard.
const URIS: &[&str] = &[
    "urn:one",
    "urn:two",
    "http://three/?a=1",
    "urn:z",
    "urn:%E8%8B%8F",
];
const TEXTS: &[&str] = &[
    "plain",
    "苏A·12345",
    "a&amp;b",
    "&lt;tag&gt;",
    "&#13;",
    "&#x9;",
    "\r\n",
    "\r",
    "  ",
    "a>b",
    "<![CDATA[<&>]]>",
    "<![CDATA[]]>",
    "<!-- comment -->",
    "\"'",
    "&quot;&apos;",
    "\u{1F69A}",
    "]]",
];
const PLAIN_VALUES: &[&str] = &["plain", "苏", "", "a>b"];
const VALUES: &[&str] = &[
    "plain",
    "a&quot;b",
    "a&#xA;b",
    "a\nb",
    "a\tb",
    "a\r\nb",
    "&#13;",
    "&lt;&gt;>",
    "苏",
    "",
    "&amp;",
    "&apos;",
];

/// Writes a random element; `scope` holds the prefixes bound here (the empty one always is).
fn element(dice: &mut Dice, depth: usize, scope: &[&'static str], out: &mut String) {
    const PREFIXES: &[&str] = &["", "a", "b", "z", "ns-1"];
    let mut scope = scope.to_vec();
    let mut declared = Vec::new();
    let mut tag = String::new();
    for prefix in PREFIXES {
        if dice.roll(8) != 0 {
            continue;
        }
        declared.push(*prefix);
        if prefix.is_empty() {
            let uri = if dice.roll(3) == 0 {
                ""
            } else {
                dice.pick(URIS)
            };
            tag.push_str(&format!(" xmlns=\"{uri}\""));
        } else {
            tag.push_str(&format!(" xmlns:{prefix}='{}'", dice.pick(URIS)));
        }
    }
    scope.extend(declared);
    let prefix = scope[dice.roll(scope.len())];
    let colon = if prefix.is_empty() { "" } else { ":" };
    let name = format!(
        "{prefix}{colon}{}",
        dice.pick(&["e", "f", "g.h-i", "_j", "门"])
    );
    // Half of all tags are written as the canonical form writes them, if nothing else prevents it:
    // those are copied, the rest is written anew.
    let as_canonical = dice.roll(2) == 0;
    let locals = match dice.roll(2) {
        0 => ["A", "x", "y"],
        _ => ["x", "A", "y"],
    };
    for local in locals {
        if dice.roll(3) == 0 {
            let value = dice.pick(if as_canonical { PLAIN_VALUES } else { VALUES });
            let equals = if as_canonical { "=" } else { " = " };
            tag.push_str(&format!(" {local}{equals}\"{value}\""));
        }
    }
    if dice.roll(4) == 0 {
        let quote = if as_canonical { '"' } else { '\'' };
        let language = dice.pick(&["zh", "en"]);
        tag.push_str(&format!(" xml:lang={quote}{language}{quote}"));
    }
    let attribute_prefix = scope[dice.roll(scope.len())];
    if !attribute_prefix.is_empty() && dice.roll(2) == 0 {
        let value = dice.pick(VALUES);
        match dice.roll(3) {
            0 => tag.push_str(&format!("\n\t{attribute_prefix}:w='{value}'")),
            1 => tag.push_str(&format!(" {attribute_prefix}:w=\"{value}\"")),
            _ => tag.insert_str(0, &format!(" {attribute_prefix}:w=\"{value}\"")),
        }
    }
    let pieces = if depth == 0 { 0 } else { dice.roll(5) };
    if pieces == 0 {
        out.push_str(&format!("<{name}{tag}/>"));
        return;
    }
    let space = if as_canonical { "" } else { " " };
    out.push_str(&format!("<{name}{tag}{space}>"));
    for _ in 0..pieces {
        if dice.roll(2) == 0 {
            out.push_str(dice.pick(TEXTS));
        } else {
            element(dice, depth - 1, &scope, out);
        }
    }
    let space = dice.pick(&["", "", "\n"]);
    out.push_str(&format!("</{name}{space}>"));
}

fn generated(seed: u64) -> String {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<!-- before -->");
    element(&mut dice, 6, &[""], &mut xml);
    xml.push_str("<!-- after -->\n");
    xml
}

fn canonical(node: Node<'_>, prefixes: &[&str]) -> String {
    let mut out = Vec::new();
    canonical_exclusive(node, prefixes, None, &mut out);
    String::from_utf8(out).unwrap()
}

fn is_missing(program: &str) -> bool {
    let missing = Command::new(program).arg("--version").output().is_err();
    if missing {
        eprintln!("skipped: {program} is not installed");
    }
    missing
}

#[test]
fn whole_documents_agree_with_libxml2() {
    if is_missing("xmllint") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for seed in 1..=300 {
        let xml = generated(seed);
        let path = folder.path().join("generated.xml");
        std::fs::write(&path, &xml).unwrap();
        let output = Command::new("xmllint")
            .arg("--exc-c14n")
            .arg(&path)
            .output()
            .unwrap();
        // xmllint keeps comments; ours drops them, so theirs is canonicalised without comments by
        // removing them textually (they never hold markup in the generated documents).
        let mut theirs = String::from_utf8(output.stdout).unwrap();
        for comment in ["<!-- before -->\n", "\n<!-- after -->", "<!-- comment -->"] {
            theirs = theirs.replace(comment, "");
        }
        let document = Document::parse(xml.as_str(), &Limits::default()).unwrap();
        assert_eq!(
            canonical(document.root(), &[]),
            theirs,
            "seed {seed}:\n{xml}"
        );
        compared += 1;
    }
    eprintln!("{compared} documents agree with xmllint");
}

#[test]
fn canonical_form_is_a_fixed_point() {
    for seed in 1..=500 {
        let xml = generated(seed);
        let document = Document::parse(xml.as_str(), &Limits::default()).unwrap();
        for node in document.root().elements() {
            let once = canonical(node, &[]);
            let again = Document::parse(once.as_str(), &Limits::default()).unwrap();
            assert_eq!(canonical(again.root(), &[]), once, "seed {seed}");
            assert_eq!(again.root().elements().count(), node.elements().count());
        }
    }
}

#[test]
fn subtrees_and_prefix_lists_agree_with_libxml2() {
    // lxml is libxml2 with an interface to subtrees and prefix lists.
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/py/bin/python");
    let script = r#"
import sys
from lxml import etree
parser = etree.XMLParser(resolve_entities=False, remove_comments=False)
root = etree.parse(sys.argv[1], parser).getroot()
elements = [e for e in root.iter() if isinstance(e.tag, str)]
for number, e in enumerate(elements):
    for prefixes in ([], ["a", "z"], ["ns-1", "b"]):
        # lxml copies the subtree with the declarations in scope, as the standard demands.
        out = etree.tostring(e, method="c14n", exclusive=True, with_comments=False,
                             inclusive_ns_prefixes=prefixes,
                             with_tail=False)
        print(number, ",".join(prefixes) or "-", out.hex())
"#;
    if !std::path::Path::new(python).exists() {
        eprintln!("skipped: no Python with lxml in .tools/py");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("generated.xml");
    let mut compared = 0;
    for seed in 1..=40 {
        let xml = generated(seed);
        std::fs::write(&path, &xml).unwrap();
        let output = Command::new(python)
            .args(["-c", script])
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let document = Document::parse(xml.as_str(), &Limits::default()).unwrap();
        let elements: Vec<_> = document.root().elements().collect();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let mut fields = line.split(' ');
            let number: usize = fields.next().unwrap().parse().unwrap();
            let list = fields.next().unwrap();
            let prefixes: Vec<&str> = if list == "-" {
                vec![]
            } else {
                list.split(',').collect()
            };
            let ours = canonical(elements[number], &prefixes);
            let hex: String = ours.bytes().map(|byte| format!("{byte:02x}")).collect();
            if hex != fields.next().unwrap() {
                panic!("seed {seed}, element {number}, list {list}:\n{xml}\nours:\n{ours}");
            }
            compared += 1;
        }
    }
    eprintln!("{compared} subtrees agree with lxml");
}

#[test]
fn prefix_lists_render_what_is_in_scope() {
    let document = Document::parse(
        "<r xmlns='urn:d' xmlns:a='urn:a' xmlns:b='urn:b'><b:x><y xmlns:a='urn:2'/></b:x></r>",
        &Limits::default(),
    )
    .unwrap();
    let x = document.root().children().next().unwrap();
    assert_eq!(
        canonical(x, &["a", "#default"]),
        "<b:x xmlns=\"urn:d\" xmlns:a=\"urn:a\" xmlns:b=\"urn:b\"><y xmlns:a=\"urn:2\"></y></b:x>"
    );
    assert_eq!(
        canonical(x, &[]),
        "<b:x xmlns:b=\"urn:b\"><y xmlns=\"urn:d\"></y></b:x>"
    );
}

#[test]
fn the_enveloped_signature_is_left_out() {
    let document = Document::parse("<r>1<s><t/></s>2<s/></r>", &Limits::default()).unwrap();
    let first = document.root().children().next().unwrap();
    let mut out = Vec::new();
    canonical_exclusive(document.root(), &[], Some(first.id()), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "<r>12<s></s></r>");
}

#[test]
fn namespace_names_are_escaped() {
    let xml = "<p:r xmlns:p='http://a/?b=1&amp;c=&quot;苏'></p:r>";
    let document = Document::parse(xml, &Limits::default()).unwrap();
    assert_eq!(document.root().namespace(), "http://a/?b=1&c=\"苏");
    assert_eq!(
        canonical(document.root(), &[]),
        "<p:r xmlns:p=\"http://a/?b=1&amp;c=&quot;苏\"></p:r>"
    );
}
