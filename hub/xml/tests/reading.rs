//! What the reader accepts, what it refuses and with which code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_xml::{Document, Limits, Position, XmlFault};

fn parse(xml: &str) -> Document {
    Document::parse(xml, &Limits::default()).unwrap_or_else(|fault| panic!("{xml}: {fault}"))
}

fn refuse(xml: &str) -> XmlFault {
    match Document::parse(xml, &Limits::default()) {
        Ok(_) => panic!("accepted: {xml}"),
        Err(fault) => fault,
    }
}

#[test]
fn each_fault_has_its_code() {
    let cases: &[(&str, &str)] = &[
        ("<!DOCTYPE a><a/>", "X004"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "X004"),
        ("<!doctype a><a/>", "X004"),
        ("<a><?php x?></a>", "X005"),
        ("<?xml-stylesheet href='a'?><a/>", "X005"),
        ("<a><?xml version='1.0'?></a>", "X005"),
        (" <?xml version='1.0'?><a/>", "X005"),
        ("<a>&nbsp;</a>", "X006"),
        ("<a>&#0;</a>", "X006"),
        ("<a>&#xFFFE;</a>", "X006"),
        ("<a>&#xD800;</a>", "X006"),
        ("<a>&#+65;</a>", "X006"),
        ("<a>&#X41;</a>", "X006"),
        ("<a>&;</a>", "X006"),
        ("<a b='&copy;'/>", "X006"),
        ("<a b='&amp'/>", "X006"),
        ("<p:a/>", "X007"),
        ("<a p:b='1'/>", "X007"),
        ("<a xmlns:p=''/>", "X007"),
        ("<a xmlns:xml='urn:x'/>", "X007"),
        ("<a xmlns:xmlns='urn:x'/>", "X007"),
        ("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", "X007"),
        ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "X007"),
        ("<a b='1' b='2'/>", "X008"),
        ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "X008"),
        ("<a xmlns:p='u' xmlns:p='v'/>", "X008"),
        ("<a xmlns='u' xmlns='v'/>", "X008"),
        ("<a>\u{1}</a>", "X012"),
        ("<a>\u{FFFF}</a>", "X012"),
        ("<a b='\u{FFFE}'/>", "X012"),
        ("<1a/>", "X013"),
        ("< a/>", "X013"),
        ("<a:b:c xmlns:a='u'/>", "X013"),
        ("<:a/>", "X013"),
        ("<a: xmlns:a='u'/>", "X013"),
        ("<a 1='2'/>", "X013"),
        ("<a b.c/d='2'/>", "X013"),
        ("", "X003"),
        ("   ", "X003"),
        ("text", "X003"),
        ("<a>", "X003"),
        ("<a></b>", "X003"),
        ("</a>", "X003"),
        ("<a/><b/>", "X003"),
        ("<a/>text", "X003"),
        ("<a/>&amp;", "X003"),
        ("<![CDATA[x]]><a/>", "X003"),
        ("<a>]]></a>", "X003"),
        ("<a b/>", "X003"),
        ("<a b=c/>", "X003"),
        ("<a b='c/>", "X003"),
        ("<a b='<'/>", "X003"),
        ("<a b='1'c='2'/>", "X003"),
        ("<a><!-- a -- b --></a>", "X003"),
        ("<a><!-- a</a>", "X003"),
        ("<a>&amp</a>", "X003"),
        ("<a><![CDATA[x</a>", "X003"),
        ("<?xml version='1.1'?><a/>", "X003"),
        ("<?xml version='1.0' encoding='GBK'?><a/>", "X002"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", "X002"),
    ];
    for (xml, code) in cases {
        let fault = refuse(xml);
        assert_eq!(fault.code(), *code, "{xml}: {fault}");
        assert!(!fault.remedy().is_empty());
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    let fault = Document::parse(b"<a>\n\xC4\xE3</a>".to_vec(), &Limits::default()).unwrap_err();
    assert_eq!(
        (fault.code(), fault.position()),
        ("X002", Position { line: 2, column: 1 })
    );
}

#[test]
fn limits_hold_at_their_edge() {
    let limits = Limits {
        bytes_max: 200,
        depth_max: 3,
        nodes_max: 6,
        attributes_max: 2,
    };
    let code = |xml: &str| {
        Document::parse(xml, &limits)
            .err()
            .map(|fault| fault.code())
    };
    assert_eq!(code("<a><b><c/></b></a>"), None);
    assert_eq!(code("<a><b><c><d/></c></b></a>"), Some("X009"));
    assert_eq!(code("<a><b/><b/><b/><b/><b/></a>"), None);
    assert_eq!(code("<a><b/><b/><b/><b/><b/><b/></a>"), Some("X010"));
    assert_eq!(code("<a>1&amp;2&amp;3</a>"), None);
    assert_eq!(code("<a>1&amp;2&amp;3&amp;</a>"), Some("X010"));
    assert_eq!(code("<a b='1' c='2'/>"), None);
    assert_eq!(code("<a b='1' c='2' d='3'/>"), Some("X011"));
    assert_eq!(code("<a xmlns:b='1' xmlns:c='2'/>"), None);
    assert_eq!(
        code("<a xmlns:b='1' xmlns:c='2' xmlns:d='3'/>"),
        Some("X011")
    );
    let long = format!("<a>{}</a>", "x".repeat(193));
    assert_eq!(code(&long), None);
    assert_eq!(code(&format!("{long} ")), Some("X001"));
}

#[test]
fn names_and_namespaces_have_limits_too() {
    let name = "n".repeat(512);
    parse(&format!("<{name}/>"));
    assert_eq!(refuse(&format!("<{name}n/>")).code(), "X013");
    let many: String = (0..300).map(|n| format!("<b xmlns='urn:{n}'/>")).collect();
    assert_eq!(refuse(&format!("<a>{many}</a>")).code(), "X011");
}

#[test]
fn hostile_documents_end_quickly() {
    let started = std::time::Instant::now();
    let deep = "<a>".repeat(1_000_000);
    assert_eq!(refuse(&deep).code(), "X009");
    let wide = format!("<a>{}</a>", "<b/>".repeat(1_000_000));
    assert_eq!(refuse(&wide).code(), "X010");
    let scope: String = (0..4).fold("<x/>".repeat(100_000), |inner, level| {
        let declarations: String = (0..60)
            .map(|n| format!(" xmlns:p{level}x{n}='urn:{n}'"))
            .collect();
        format!("<a{declarations}>{inner}</a>")
    });
    parse(&scope);
    assert!(
        started.elapsed().as_secs() < 10,
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn names_resolve_through_scopes() {
    let document = parse(
        "<r xmlns='urn:d' xmlns:p='urn:p' p:x='1' x='2'>\
         <p:a/><a xmlns=''><b/></a><c xmlns:p='urn:q'><p:a/></c></r>",
    );
    let root = document.root();
    assert!(root.is("urn:d", "r"));
    assert_eq!(root.attribute("urn:p", "x").as_deref(), Some("1"));
    assert_eq!(root.attribute("", "x").as_deref(), Some("2"));
    assert_eq!(root.attribute("urn:d", "x"), None);
    let children: Vec<_> = root
        .children()
        .map(|n| (n.namespace(), n.local()))
        .collect();
    assert_eq!(children, [("urn:p", "a"), ("", "a"), ("urn:d", "c")]);
    assert!(root.child("", "a").unwrap().child("", "b").is_some());
    let inner = root
        .child("urn:d", "c")
        .unwrap()
        .child("urn:q", "a")
        .unwrap();
    assert_eq!(inner.path(), "/r/c/p:a");
    assert_eq!(inner.resolve_prefix("p"), Some("urn:q"));
    assert_eq!(inner.resolve_prefix(""), Some("urn:d"));
    assert_eq!(inner.resolve_prefix("none"), None);
    assert_eq!(root.child("", "a").unwrap().resolve_prefix(""), None);
    assert_eq!(root.elements().count(), 6);
}

#[test]
fn text_is_what_was_signed_even_around_comments() {
    let document = parse("<a>1<!-- no -->2<b/>&#x33;&amp;<![CDATA[<&>]]>\r\n\r4&gt;</a>");
    assert_eq!(document.root().text(), "123&<&>\n\n4>");
    assert!(document.root().has_stray_text());
    assert!(!parse("<a> <b/>\n</a>").root().has_stray_text());
    assert!(!parse("<a>x</a>").root().has_stray_text());
    assert!(parse("<a><b/>&#x41;</a>").root().has_stray_text());
}

#[test]
fn attribute_values_are_normalised() {
    let document = parse("<a b='1\t2\r\n3\n4&#xA;5&quot;' c='苏A12345'/>");
    let root = document.root();
    assert_eq!(root.attribute("", "b").as_deref(), Some("1 2 3 4\n5\""));
    assert_eq!(root.attribute("", "c").as_deref(), Some("苏A12345"));
}

#[test]
fn places_name_siblings_lines_and_characters() {
    let document = parse("<s:e xmlns:s='u'>\n 苏 <m/><m><h/></m></s:e>");
    let second = document.root().children().nth(1).unwrap();
    assert_eq!(second.children().next().unwrap().path(), "/s:e/m[2]/h");
    assert_eq!(second.position(), Position { line: 2, column: 8 });
    assert_eq!(&document.bytes()[second.span()], b"<m><h/></m>");
    assert!(second.contains(second.children().next().unwrap().id()));
    assert!(!second.contains(document.root().id()));
}

#[test]
fn byte_order_mark_and_declaration_are_accepted() {
    let document = parse("\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a><b/></a>\n");
    let inner = document.root().children().next().unwrap();
    assert_eq!(&document.bytes()[inner.span()], b"<b/>");
}

#[test]
fn end_tags_may_have_space_but_nothing_else() {
    parse("<a></a >");
    assert_eq!(refuse("<a></a b='1'>").code(), "X003");
}

#[test]
fn every_cut_of_a_document_is_refused_or_whole() {
    let xml = "<?xml version='1.0'?><a b=\"c&amp;\" xmlns:p='u'><p:d>e&#65;<![CDATA[f]]><!--g--></p:d></a>";
    for cut in 0..xml.len() {
        assert!(
            Document::parse(&xml[..cut], &Limits::default()).is_err(),
            "{}",
            &xml[..cut]
        );
    }
    parse(xml);
}
