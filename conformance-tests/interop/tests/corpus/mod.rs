//! A corpus of signed submissions: the forms in which toolkits, proxies and people write one and the
//! same thing, each signed here by hand, because no toolkit writes them all.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::{MessageId, Timestamp};
use cordon_security::Signer;
use cordon_wire::soap::{SoapVersion, WSSE};
use cordon_xml::{Document, Limits, Node, canonical_exclusive};

const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const TOKEN: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
const ADDRESSING: &str = "<a:To xmlns:a=\"http://www.w3.org/2005/08/addressing\">urn:hub</a:To>\
    <a:Action xmlns:a=\"http://www.w3.org/2005/08/addressing\">urn:cordon:SubmitMessages</a:Action>\
    <a:MessageID xmlns:a=\"http://www.w3.org/2005/08/addressing\">urn:uuid:1</a:MessageID>";

/// The three parts of a message as an enterprise writes it; `ID`, `NOW`, `PARTY` and `PARK` are filled in.
const DUTY: &str = "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header>\
    <c:MessageId>ID</c:MessageId><c:MessageType>OnDutyStatus</c:MessageType>\
    <c:SchemaVersion>1.0</c:SchemaVersion><c:ParkCode>PARK</c:ParkCode><c:SenderId>PARTY</c:SenderId>\
    <c:OccurredAt>NOW</c:OccurredAt><c:SentAt>NOW</c:SentAt><c:Sequence>7</c:Sequence>\
    <c:Quality>MANUAL</c:Quality><c:Sensitivity>INTERNAL</c:Sensitivity><c:Test>false</c:Test>\
    </c:Header><c:Body><c:OnDutyStatus><c:EnterpriseId>PARTY</c:EnterpriseId>\
    <c:Required>3</c:Required><c:OnPost>2</c:OnPost>\
    <c:Persons><c:PersonId>P-1</c:PersonId><c:Post>POST</c:Post><c:OnPost>true</c:OnPost></c:Persons>\
    <c:ObservedAt>NOW</c:ObservedAt></c:OnDutyStatus></c:Body></c:Message>";

/// Messages of every type that enterprises know, as the schemas show them.
const EXAMPLES: [&str; 14] = [
    "access-grant",
    "access-grant-visitor",
    "alarm-event",
    "alarm-event-vehicle",
    "alarm-update",
    "device-status",
    "list-entry",
    "list-entry-number",
    "list-entry-person",
    "occupancy-snapshot",
    "passage-record",
    "person-registration",
    "sensor-reading-batch",
    "vehicle-registration",
];

/// Whoever writes the corpus.
pub struct Pen {
    /// Signs it.
    pub signer: Arc<Signer>,
    /// The signer's certificate, base64 of its DER.
    pub token: String,
    /// The signer.
    pub party: String,
    /// The park.
    pub park: String,
}

/// What must come of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expect {
    /// Every message gets a receipt.
    Receipts,
    /// The request is refused as a whole with this code.
    Refused(&'static str),
    /// Each message is judged by who may say what; the request is not refused as a whole.
    Answers,
}

/// One form of a submission.
#[derive(Clone)]
pub struct Shape {
    pub name: String,
    pub version: SoapVersion,
    pub expect: Expect,
    /// The ids of its messages, in order.
    pub ids: Vec<MessageId>,
    /// Prefix of SOAP's own elements; empty for a default namespace.
    prefix: &'static str,
    prolog: &'static str,
    epilog: &'static str,
    /// Attributes of the envelope, of its body.
    root: String,
    body: &'static str,
    /// Header blocks before and after the signature; `E:` is a prefix of SOAP's namespace.
    before: String,
    after: String,
    /// Whether a header block with the id `H-1` is signed too.
    signs_block: bool,
    payload: String,
}

/// A change of a message's text.
type Change = fn(&str) -> String;

fn between(text: &str, filler: &str) -> String {
    text.replace("><", &format!(">{filler}<"))
}

/// The same message in other words of XML.
const FORMS: &[(&str, Change)] = &[
    ("plain", |m| m.to_owned()),
    ("another prefix", |m| {
        m.replace("c:", "park-1.x:")
            .replace("xmlns:c=", "xmlns:park-1.x=")
    }),
    ("a default namespace", |m| {
        m.replace("<c:", "<")
            .replace("</c:", "</")
            .replace("xmlns:c=", "xmlns=")
    }),
    ("the envelope's own prefix", |m| {
        m.replace("c:", "s:").replace("xmlns:c=", "xmlns:s=")
    }),
    ("a prefix bound anew on the way", |m| {
        m.replace("<c:Body>", "<c:Body xmlns:x=\"urn:x\" xmlns:e=\"urn:y\">")
            .replace("<c:OnDutyStatus>", "<c:OnDutyStatus xmlns:x=\"urn:z\">")
    }),
    ("indented", |m| between(m, "\n    ")),
    ("indented by tabs and CRLF", |m| between(m, "\r\n\t\t")),
    ("comments everywhere", |m| {
        between(m, "<!-- 注释 <c:Message> -->")
    }),
    ("CDATA", |m| m.replace("POST", "<![CDATA[a<b&c]]>")),
    ("half CDATA", |m| m.replace("POST", "x<![CDATA[ ]]>y")),
    ("character references", |m| {
        m.replace("POST", "&#x82cf;&#65;&#x1F692;")
    }),
    ("entities", |m| {
        m.replace("POST", "&amp;&lt;&gt;&quot;&apos;")
    }),
    ("a comment within a value", |m| {
        m.replace(">POST<", ">中<!-- x -->控<")
    }),
    ("spaces around values", |m| {
        m.replace(">3<", "> 3\n<").replace(">MANUAL<", "> MANUAL <")
    }),
    ("numbers with zeros", |m| m.replace(">3<", ">003<")),
    ("truth as a digit", |m| m.replace(">false<", ">0<")),
    ("signs of four bytes", |m| {
        m.replace("POST", "𠮷🚒\u{1F1E8}\u{1F1F3}")
    }),
    ("combining and right-to-left", |m| {
        m.replace("POST", "e\u{301}\u{202b}شب\u{200d}")
    }),
    ("the longest text", |m| m.replace("POST", &"岗".repeat(60))),
    ("single quotes", |m| {
        m.replace("\"urn:cordon:park:1\"", "'urn:cordon:park:1'")
    }),
    ("spaces within tags", |m| {
        m.replace("<c:Required>", "<c:Required >")
            .replace("</c:Required>", "</c:Required\n>")
    }),
    ("where the schema lies", |m| {
        m.replacen(
            "<c:Message ",
            "<c:Message xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"urn:cordon:park:1 message.xsd\" ",
            1,
        )
    }),
    ("thirty namespaces nobody uses", |m| {
        let mut unused = String::new();
        for number in 0..30 {
            write!(unused, "xmlns:n{number}=\"urn:n:{number}\" ").unwrap();
        }
        m.replacen("<c:Message ", &format!("<c:Message {unused}"), 1)
    }),
    ("the same namespace twice", |m| {
        m.replacen("<c:Body>", "<d:Body xmlns:d=\"urn:cordon:park:1\">", 1)
            .replace("</c:Body>", "</d:Body>")
    }),
    ("times in UTC with six decimals", |m| {
        m.replace(
            "NOW</c:ObservedAt>",
            "2026-11-24T00:00:00.123456Z</c:ObservedAt>",
        )
    }),
    ("times west of Greenwich", |m| {
        m.replace(
            "NOW</c:ObservedAt>",
            "2026-11-23T18:30:00.5-05:30</c:ObservedAt>",
        )
    }),
];

/// Header blocks before and after the signature, and whether the first is signed.
const HEADERS: &[(&str, &str, &str, bool)] = &[
    ("a block before", "<h xmlns=\"urn:h\"/>", "", false),
    ("a block after", "", "<h xmlns=\"urn:h\">x</h>", false),
    (
        "blocks on both sides",
        "<h xmlns=\"urn:h\"/>",
        "<k xmlns=\"urn:k\"><l/></k>",
        false,
    ),
    (
        "need not be understood",
        "<h xmlns=\"urn:h\" E:mustUnderstand=\"0\"/>",
        "",
        false,
    ),
    (
        "another's to understand",
        "<h xmlns=\"urn:h\" E:mustUnderstand=\"1\" E:ROLE=\"urn:another\"/>",
        "",
        false,
    ),
    (
        "for whoever is next",
        "<h xmlns=\"urn:h\" E:ROLE=\"urn:next\" E:mustUnderstand=\"0\"/>",
        "",
        false,
    ),
    (
        "an attribute that only looks so",
        "<h xmlns=\"urn:h\" mustUnderstand=\"1\"/>",
        "",
        false,
    ),
    ("addressing before", ADDRESSING, "", false),
    ("addressing after", "", ADDRESSING, false),
    (
        "a signed block",
        "<h xmlns=\"urn:h\" xmlns:wsu=\"WSU\" wsu:Id=\"H-1\">x</h>",
        "",
        true,
    ),
    (
        "comments and spaces",
        "\n  <!-- before -->\n",
        "\n  <!-- after -->\n",
        false,
    ),
    (
        "a block that looks like a body",
        "<s:Body xmlns:s=\"urn:s\"><x/></s:Body>",
        "",
        false,
    ),
    (
        "a block with a message in it",
        "<h xmlns=\"urn:h\"><c:Message xmlns:c=\"urn:cordon:park:1\"/></h>",
        "",
        false,
    ),
];

impl Shape {
    fn new(name: &str, version: SoapVersion, payload: String, ids: Vec<MessageId>) -> Self {
        Self {
            name: format!("{name} ({version:?})"),
            version,
            expect: Expect::Receipts,
            ids,
            prefix: "s",
            prolog: "",
            epilog: "",
            root: String::new(),
            body: "",
            before: String::new(),
            after: String::new(),
            signs_block: false,
            payload,
        }
    }

    fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    fn around(self, prolog: &'static str, epilog: &'static str) -> Self {
        Self {
            prolog,
            epilog,
            ..self
        }
    }

    fn header(self, before: &str, after: &str) -> Self {
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
            ..self
        }
    }

    fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

fn submission(messages: &str) -> String {
    format!(
        "<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">{messages}</svc:SubmitMessages>"
    )
}

impl Pen {
    /// Every shape, with messages of their own.
    pub fn corpus(&self, now: Timestamp) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for version in [SoapVersion::V11, SoapVersion::V12] {
            self.forms(version, now, &mut shapes);
            self.headers(version, now, &mut shapes);
            self.envelopes(version, now, &mut shapes);
            self.many(version, now, &mut shapes);
            self.types(version, now, &mut shapes);
            self.unlawful(version, now, &mut shapes);
        }
        shapes
    }

    fn fill(&self, text: &str, id: MessageId, now: Timestamp) -> String {
        text.replace(">ID<", &format!(">{id}<"))
            .replace("NOW<", &format!("{now}<"))
            .replace(">PARTY<", &format!(">{}<", self.party))
            .replace(">PARK<", &format!(">{}<", self.park))
            .replace(">POST<", ">中控室<")
    }

    fn duty(&self, change: Change, now: Timestamp) -> (String, MessageId) {
        let id = MessageId::random();
        (self.fill(&change(DUTY), id, now), id)
    }

    fn one(&self, name: &str, version: SoapVersion, now: Timestamp) -> Shape {
        let (message, id) = self.duty(|message| message.to_owned(), now);
        Shape::new(name, version, submission(&message), vec![id])
    }

    fn forms(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        for (name, change) in FORMS {
            let (message, id) = self.duty(*change, now);
            shapes.push(Shape::new(name, version, submission(&message), vec![id]));
        }
        // The language's prefix is declared further out than the message.
        let declaration = " xmlns:c=\"urn:cordon:park:1\"";
        for place in ["the envelope", "the body", "the request"] {
            let (message, id) = self.duty(|message| message.to_owned(), now);
            let payload = submission(&message.replace(declaration, ""));
            let name = format!("a prefix declared at {place}");
            let mut shape = Shape::new(&name, version, payload, vec![id]);
            match place {
                "the envelope" => shape.root = declaration.to_owned(),
                "the body" => shape.body = declaration,
                _ => {
                    let open = "<svc:SubmitMessages";
                    shape.payload = shape.payload.replace(open, &format!("{open}{declaration}"));
                }
            }
            shapes.push(shape);
        }
    }

    fn headers(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        let (role, next) = match version {
            SoapVersion::V11 => ("actor", "http://schemas.xmlsoap.org/soap/actor/next"),
            SoapVersion::V12 => ("role", "http://www.w3.org/2003/05/soap-envelope/role/next"),
        };
        for (name, before, after, signs_block) in HEADERS {
            let fit = |text: &str| {
                text.replace("ROLE", role)
                    .replace("urn:next", next)
                    .replace("WSU", WSU)
            };
            let shape = self
                .one(name, version, now)
                .header(&fit(before), &fit(after));
            shapes.push(Shape {
                signs_block: *signs_block,
                ..shape
            });
        }
    }

    fn envelopes(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        let one = |name: &str| self.one(name, version, now);
        shapes.extend([
            one("SOAP as the default namespace").prefix(""),
            one("soapenv").prefix("soapenv"),
            one("SOAP-ENV").prefix("SOAP-ENV"),
            one("the language's prefix for SOAP").prefix("c"),
            one("an XML declaration").around("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "\n"),
            one("single quotes").around("<?xml version='1.0' encoding='utf-8'?>", ""),
            one("standalone").around("<?xml version=\"1.0\" standalone=\"yes\"?>", ""),
            one("a byte order mark").around("\u{feff}", ""),
            one("comments around").around("<!-- 前 -->\n", "<!-- 后 -->\n"),
            Shape {
                body: " wsse:x=\"1\" xmlns:wsse=\"urn:other\"",
                ..one("attributes of the body")
            },
            Shape {
                root: " xmlns:q=\"urn:q\" q:z=\"1\"".to_owned(),
                ..one("attributes of the envelope")
            },
        ]);
        let mut spaced = one("space around the request");
        spaced.payload = format!("\n  <!-- x -->{}\r\n", spaced.payload);
        shapes.push(spaced);
        for kib in [64, 4_096, 7_680] {
            let mut large = one(&format!("a comment of {kib} KiB"));
            let comment = format!("<!--{}-->", "x".repeat(kib << 10));
            large.payload =
                large
                    .payload
                    .replacen("<c:Message", &format!("{comment}<c:Message"), 1);
            shapes.push(large);
        }
    }

    fn many(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        for count in [2, 10, 100, 500] {
            let (mut text, mut ids) = (String::new(), Vec::new());
            for _ in 0..count {
                let (message, id) = self.duty(|message| message.to_owned(), now);
                text.push_str(&message);
                ids.push(id);
            }
            let name = format!("{count} messages");
            shapes.push(Shape::new(&name, version, submission(&text), ids));
        }
        let (message, id) = self.duty(|message| message.to_owned(), now);
        let twice = submission(&message.repeat(2));
        shapes.push(Shape::new("the same twice", version, twice, vec![id, id]));
        let (message, id) = self.duty(|message| message.to_owned(), now);
        let (foreign, other) = self.duty(|message| message.replace("PARTY", "somebody"), now);
        let mixed = submission(&format!("{foreign}{message}"));
        let mixed = Shape::new(
            "another's beside one's own",
            version,
            mixed,
            vec![other, id],
        );
        shapes.push(mixed.expect(Expect::Answers));
    }

    fn types(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = folder.join("../../schemas/examples/valid");
        for name in EXAMPLES {
            let text = std::fs::read_to_string(folder.join(format!("{name}.xml"))).unwrap();
            let (head, body) = text.split_once("</c:Header>").unwrap();
            let id = MessageId::random();
            let mut head = head.to_owned();
            for (element, value) in [
                ("MessageId", id.to_string()),
                ("ParkCode", self.park.clone()),
                ("SenderId", self.party.clone()),
                ("OccurredAt", now.to_string()),
                ("SentAt", now.to_string()),
            ] {
                let (before, rest) = head.split_once(&format!("<c:{element}>")).unwrap();
                let (_, after) = rest.split_once("</c:").unwrap();
                head = format!("{before}<c:{element}>{value}</c:{after}");
            }
            let message = format!("{head}</c:Header>{body}");
            let message = message.split_once("<c:Message").unwrap().1;
            let payload = submission(&format!("<c:Message{message}"));
            let shape = Shape::new(name, version, payload, vec![id]);
            shapes.push(shape.expect(Expect::Answers));
        }
    }

    /// What could not be read again must not get a receipt.
    fn unlawful(&self, version: SoapVersion, now: Timestamp, shapes: &mut Vec<Shape>) {
        let one = |name: &str| self.one(name, version, now);
        let must = |value: &str| format!("<h xmlns=\"urn:h\" E:mustUnderstand=\"{value}\"/>");
        let addressing = ADDRESSING.replace("<a:To", "<a:To E:mustUnderstand=\"1\"");
        for (name, before, after) in [
            ("must be understood, before", must("1"), String::new()),
            ("must be understood, after", String::new(), must("true")),
            (
                "addressing that must be understood",
                addressing,
                String::new(),
            ),
        ] {
            let shape = one(name).header(&before, &after);
            shapes.push(shape.expect(Expect::Refused("X133")));
        }
        for (name, more) in [
            (
                "two children in the body",
                "<x xmlns=\"urn:x\"/>".to_owned(),
            ),
            (
                "two requests",
                submission(&self.duty(|message| message.to_owned(), now).0),
            ),
        ] {
            let mut shape = one(name).expect(Expect::Refused("X132"));
            shape.payload.push_str(&more);
            shapes.push(shape);
        }
    }

    /// The envelope of a shape, signed now.
    pub fn sign(&self, shape: &Shape, now: Timestamp) -> Vec<u8> {
        const PLACE: &str = "<!--signature-->";
        let text = self.unsigned(shape, now, PLACE);
        let document = Document::parse(text.replacen(PLACE, "", 1), &Limits::default()).unwrap();
        let namespace = shape.version.namespace();
        let root = document.root();
        let header = root.child(namespace, "Header").unwrap();
        let security = header.child(WSSE, "Security").unwrap();
        let mut signed = vec![
            ("TS-1", security.child(WSU, "Timestamp").unwrap()),
            ("B-1", root.child(namespace, "Body").unwrap()),
        ];
        if shape.signs_block {
            signed.push(("H-1", header.child("urn:h", "h").unwrap()));
        }
        let info = self.signed_info(&signed);
        let value = STANDARD.encode(self.signer.sign(info.as_bytes()).unwrap());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DS}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>\
             <ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI=\"#T-1\" ValueType=\"{TOKEN}\"/>\
             </wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
        );
        text.replacen(PLACE, &signature, 1).into_bytes()
    }

    fn unsigned(&self, shape: &Shape, now: Timestamp, place: &str) -> String {
        let namespace = shape.version.namespace();
        let (soap, declared) = match shape.prefix {
            "" => (String::new(), format!("xmlns=\"{namespace}\"")),
            prefix => (
                format!("{prefix}:"),
                format!("xmlns:{prefix}=\"{namespace}\""),
            ),
        };
        let block = |text: &str| text.replace("E:", "env:");
        let (until, token) = (now.plus_seconds(240), &self.token);
        format!(
            "{}<{soap}Envelope {declared} xmlns:env=\"{namespace}\" xmlns:wsu=\"{WSU}\"{}>\
             <{soap}Header>{}<wsse:Security xmlns:wsse=\"{WSSE}\" env:mustUnderstand=\"1\">\
             <wsse:BinarySecurityToken ValueType=\"{TOKEN}\" wsu:Id=\"T-1\">{token}</wsse:BinarySecurityToken>\
             <wsu:Timestamp wsu:Id=\"TS-1\"><wsu:Created>{now}</wsu:Created><wsu:Expires>{until}</wsu:Expires>\
             </wsu:Timestamp>{place}</wsse:Security>{}</{soap}Header>\
             <{soap}Body wsu:Id=\"B-1\"{}>{}</{soap}Body></{soap}Envelope>{}",
            shape.prolog,
            shape.root,
            block(&shape.before),
            block(&shape.after),
            shape.body,
            shape.payload,
            shape.epilog,
        )
    }

    fn signed_info(&self, signed: &[(&str, Node<'_>)]) -> String {
        let mut info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DS}\"><ds:CanonicalizationMethod Algorithm=\"{C14N}\">\
             </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>",
            self.signer.algorithm().uri()
        );
        for (id, node) in signed {
            let mut bytes = Vec::new();
            canonical_exclusive(*node, &[], None, &mut bytes);
            let digest = STANDARD.encode(cordon_wire::digest_of_bytes(&bytes).as_bytes());
            write!(
                info,
                "<ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{C14N}\">\
                 </ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod>\
                 <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
            )
            .unwrap();
        }
        info + "</ds:SignedInfo>"
    }
}
