//! Documents made to be costly: each is refused, and what refusing costs grows no faster than the
//! document. Work is counted in steps (bytes, look-ups, comparisons), never timed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::Timestamp;
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::wsse::{self, Policy, Rejected, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};

/// Sizes of each kind of document, in its own unit; each is four times the one before.
const SIZES: [usize; 3] = [500, 2_000, 8_000];
/// Steps for a further byte may grow by so much from size to size: tables double, sixty-four things
/// are sorted.
const SLACK: f64 = 1.2;
/// What a further byte may cost whatever it cost before: reading it, and a look.
const LINEAR: f64 = 1.5;
/// Steps for each byte, and beside.
const STEPS_PER_BYTE: u64 = 12;
const STEPS_BESIDE: u64 = 400_000;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const X509: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What one costly document is made of; everything else is as it should be.
#[derive(Clone, Default)]
struct Parts {
    envelope: String,
    header: String,
    body_attributes: String,
    body: String,
    prefixes: String,
    references: String,
    transforms: String,
    timestamp: String,
    token_extra: String,
    key_info: String,
    before: String,
    after: String,
}

fn repeat(count: usize, mut each: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::new();
    for number in 0..count {
        each(number, &mut text);
    }
    text
}

fn body(body: String) -> Parts {
    Parts {
        body,
        ..Parts::default()
    }
}

type Make = fn(usize) -> Parts;

/// Every kind of costly document, by name.
const KINDS: &[(&str, Make)] = &[
    ("a prefix list as long as the document", |n| Parts {
        prefixes: repeat(n, |i, t| write!(t, "p{i} ").unwrap()),
        body: repeat(n / 64, |i, t| {
            t.push_str("<e");
            for j in i * 64..i * 64 + 64 {
                write!(t, " xmlns:p{j}='u:{}'", j % 200).unwrap();
            }
            t.push_str("/>");
        }),
        ..Parts::default()
    }),
    (
        "as many prefixes as are allowed, listed, on every element",
        |n| Parts {
            prefixes: repeat(64, |i, t| write!(t, "p{i} ").unwrap()),
            body: repeat(n / 64, |_, t| {
                t.push_str("<e");
                for j in 0..64 {
                    write!(t, " xmlns:p{j}='u:{j}'").unwrap();
                }
                t.push_str("/>");
            }),
            ..Parts::default()
        },
    ),
    ("prefixes listed and declared at every level", |n| Parts {
        prefixes: repeat(64, |i, t| write!(t, "p{i} ").unwrap()),
        body: repeat(n / 240, |_, t| {
            for level in 0..60 {
                write!(
                    t,
                    "<e xmlns:p{level}='u:{level}' xmlns:p{}='v:{level}'>",
                    level + 1
                )
                .unwrap();
            }
            t.push_str(&"</e>".repeat(60));
        }),
        ..Parts::default()
    }),
    ("a scope that is full, elements of its oldest prefix", |n| {
        let mut text = String::new();
        for level in 0..4 {
            text.push_str("<e");
            for j in 0..50 {
                write!(text, " xmlns:p{level}_{j}='u:{j}'").unwrap();
            }
            text.push('>');
        }
        text.push_str(&"<p0_0:a/>".repeat(n));
        text.push_str(&"</e>".repeat(4));
        body(text)
    }),
    (
        "a namespace name far outside that is written again at each use",
        |n| Parts {
            envelope: format!(" xmlns:far='u:{}'", "f".repeat(1_000)),
            body: "<far:a/>".repeat(n),
            ..Parts::default()
        },
    ),
    ("many namespace names that begin alike", |n| {
        body(repeat(n / 8, |i, t| {
            write!(t, "<e xmlns='u:{}{}'/>", "u".repeat(900), i % 240).unwrap();
        }))
    }),
    ("a namespace name as long as the document", |n| {
        body(format!("<e xmlns='u:{}'/>", "u".repeat(n * 20)))
    }),
    ("more namespace names than are allowed", |n| {
        body(repeat(n, |i, t| write!(t, "<e xmlns='u:{i}'/>").unwrap()))
    }),
    ("more prefixes than are allowed", |n| {
        body(repeat(n, |i, t| {
            write!(t, "<e xmlns:q{i}='u:1'/>").unwrap()
        }))
    }),
    ("sixty-four attributes in the wrong order", |n| {
        body(repeat(n / 64, |_, t| {
            t.push_str("<e");
            for j in (0..64).rev() {
                write!(t, " a{j:02}=''").unwrap();
            }
            t.push_str("/>");
        }))
    }),
    (
        "sixty-four attributes of as many namespaces that begin alike",
        |n| {
            let mut text = String::from("<w");
            for j in 0..60 {
                write!(text, " xmlns:n{j}='u:{}{j:02}'", "x".repeat(900)).unwrap();
            }
            text.push('>');
            for _ in 0..n / 16 {
                text.push_str("<e");
                for j in (0..60).rev() {
                    write!(text, " n{j}:a=''").unwrap();
                }
                text.push_str("/>");
            }
            body(text + "</w>")
        },
    ),
    ("attribute names that begin alike", |n| {
        body(repeat(n / 64, |_, t| {
            t.push_str("<e");
            for j in (0..60).rev() {
                write!(t, " {}{j:02}=''", "n".repeat(200)).unwrap();
            }
            t.push_str("/>");
        }))
    }),
    ("more attributes than are allowed", |n| {
        body(format!(
            "<e{}/>",
            repeat(n, |i, t| write!(t, " a{i}=''").unwrap())
        ))
    }),
    ("siblings of one name", |n| body("<e/>".repeat(n * 4))),
    ("siblings of one name around a fault", |n| {
        body(format!("{}<e>&no;</e>", "<e/>".repeat(n * 4)))
    }),
    ("depth to the limit, again and again", |n| {
        body(repeat(n / 60, |_, t| {
            t.push_str(&"<e>".repeat(60));
            t.push_str(&"</e>".repeat(60));
        }))
    }),
    ("deeper than the limit", |n| body("<e>".repeat(n))),
    ("two namespaces in turn", |n| Parts {
        envelope: " xmlns:a='u:a' xmlns:b='u:b'".to_owned(),
        body: "<a:x><b:y><a:z/></b:y></a:x>".repeat(n),
        ..Parts::default()
    }),
    ("Ids up to the limit and beyond", |n| {
        body(repeat(n * 2, |i, t| write!(t, "<e Id='i{i}'/>").unwrap()))
    }),
    ("Ids that begin alike", |n| {
        body(repeat(n / 8, |i, t| {
            write!(t, "<e Id='{}{i}'/>", "i".repeat(300)).unwrap()
        }))
    }),
    ("one Id many times", |n| body("<e Id='same'/>".repeat(n))),
    ("more references than are allowed", |n| Parts {
        references: repeat(n, |i, t| t.push_str(&reference(&format!("r{i}"), "", ""))),
        ..Parts::default()
    }),
    ("references to a part that is not there", |n| Parts {
        references: reference(&"r".repeat(n * 10), "", ""),
        ..Parts::default()
    }),
    ("header blocks with Ids", |n| Parts {
        header: repeat(n, |i, t| write!(t, "<h xmlns='u:h' Id='h{i}'/>").unwrap()),
        ..Parts::default()
    }),
    ("many transforms", |n| Parts {
        transforms: format!("<ds:Transform Algorithm='{C14N}'/>").repeat(n),
        ..Parts::default()
    }),
    ("a token as long as the document", |n| Parts {
        token_extra: "A".repeat(n * 20),
        ..Parts::default()
    }),
    ("many children in KeyInfo", |n| Parts {
        key_info: "<wsse:SecurityTokenReference/>".repeat(n),
        ..Parts::default()
    }),
    ("many times in the timestamp", |n| Parts {
        timestamp: "<wsu:Created>2026-01-01T00:00:00Z</wsu:Created>".repeat(n),
        ..Parts::default()
    }),
    ("comments in text", |n| {
        body(format!("<e>{}</e>", "a<!--c-->".repeat(n)))
    }),
    ("references in text", |n| {
        body(format!("<e>{}</e>", "&#x41;&amp;".repeat(n)))
    }),
    ("pieces of CDATA", |n| {
        body(format!("<e>{}</e>", "<![CDATA[<]]>".repeat(n)))
    }),
    ("carriage returns", |n| {
        body(format!("<e>{}</e>", "\r".repeat(n * 10)))
    }),
    ("a value of references", |n| {
        body(format!("<e a='{}'/>", "&lt;&#9;".repeat(n)))
    }),
    ("a value of ampersands", |n| {
        body(format!("<e a='{}'/>", "&".repeat(n * 10)))
    }),
    ("text where none may be", |n| Parts {
        after: "x".repeat(n * 10),
        ..Parts::default()
    }),
    ("white space before the document", |n| Parts {
        before: " \n".repeat(n * 5),
        ..Parts::default()
    }),
    ("a declaration of entities", |n| Parts {
        before: format!("<!DOCTYPE a [{}]>", "<!ENTITY e 'eeee'>".repeat(n)),
        ..Parts::default()
    }),
    ("an end that never comes", |n| Parts {
        after: format!("<e {}", "a".repeat(n * 10)),
        ..Parts::default()
    }),
    ("attributes of the body", |n| Parts {
        body_attributes: repeat(60.min(n), |i, t| {
            write!(t, " b{i}='{}'", "v".repeat(n / 10)).unwrap()
        }),
        ..Parts::default()
    }),
];

fn reference(id: &str, prefixes: &str, transforms: &str) -> String {
    let list = match prefixes {
        "" => String::new(),
        list => format!("<ec:InclusiveNamespaces xmlns:ec='{C14N}' PrefixList='{list}'/>"),
    };
    format!(
        "<ds:Reference URI='#{id}'><ds:Transforms>\
         <ds:Transform Algorithm='{C14N}'>{list}</ds:Transform>{transforms}</ds:Transforms>\
         <ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>\
         <ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
        STANDARD.encode([0; 32])
    )
}

impl Parts {
    /// The document, with this token; without a token it carries no signature at all.
    fn write(&self, token: Option<&str>) -> String {
        let security = token.map_or_else(String::new, |token| self.security(token));
        format!(
            "{}<s:Envelope xmlns:s='{SOAP}' xmlns:wsu='{WSU}'{}><s:Header>{}{security}</s:Header>\
             <s:Body wsu:Id='B'{}>{}</s:Body></s:Envelope>{}",
            self.before, self.envelope, self.header, self.body_attributes, self.body, self.after
        )
    }

    fn security(&self, token: &str) -> String {
        let references = format!(
            "{}{}{}",
            reference("B", &self.prefixes, &self.transforms),
            reference("T", "", ""),
            self.references
        );
        format!(
            "<wsse:Security xmlns:wsse='{WSSE}' xmlns:ds='{DS}'>\
             <wsse:BinarySecurityToken ValueType='{X509}' wsu:Id='X'>{token}{}</wsse:BinarySecurityToken>\
             <wsu:Timestamp wsu:Id='T'><wsu:Created>2026-09-21T14:13:20Z</wsu:Created>{}</wsu:Timestamp>\
             <ds:Signature><ds:SignedInfo><ds:CanonicalizationMethod Algorithm='{C14N}'/>\
             <ds:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256'/>\
             {references}</ds:SignedInfo><ds:SignatureValue>{}</ds:SignatureValue>\
             <ds:KeyInfo>{}<wsse:SecurityTokenReference><wsse:Reference URI='#X' ValueType='{X509}'/>\
             </wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>",
            self.token_extra,
            self.timestamp,
            STANDARD.encode([1; 64]),
            self.key_info
        )
    }
}

/// A park, a partner's certificate, and one of another park.
struct Court {
    _folders: [tempfile::TempDir; 2],
    trust: TrustStore,
    now: Timestamp,
    known: String,
    stranger: String,
}

impl Court {
    fn new() -> Self {
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let (here, ca) = authority(now, "JS-1");
        let (there, foreign) = authority(now, "JS-2");
        Self {
            trust: TrustStore::load(&here.path().join("ca")).unwrap(),
            known: token(ca, here.path(), now),
            stranger: token(foreign, there.path(), now),
            _folders: [here, there],
            now,
        }
    }

    fn judge(&self, document: String) -> Rejected {
        let policy = Policy::new(&[Role::Enterprise]);
        wsse::verify_from(document, &self.trust, &policy, self.now, |_| Ok(())).unwrap_err()
    }
}

fn authority(now: Timestamp, park: &str) -> (tempfile::TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let settings = CaSettings::new(park.parse().unwrap());
    let mut ca = Authority::init(&folder.path().join("ca"), &settings, now).unwrap();
    ca.crl(now).unwrap();
    (folder, ca)
}

/// The certificate of a plant as a message carries it.
fn token(mut ca: Authority, folder: &std::path::Path, now: Timestamp) -> String {
    let wanted = IssueRequest {
        role: Role::Enterprise,
        id: "plant-a".parse().unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: Vec::new(),
        days: Some(10),
    };
    let issued = ca.issue(&wanted, now).unwrap();
    let out = folder.join("plant");
    Bundle::write(&issued, &out).unwrap();
    let signer = Signer::load(&out.join(Bundle::CHAIN), &out.join(Bundle::KEY)).unwrap();
    let signed = wsse::sign(&signer, SoapVersion::V12, [], "<a/>", now).unwrap();
    let text = String::from_utf8(signed).unwrap();
    let (_, rest) = text.split_once("<wsse:BinarySecurityToken").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[test]
fn costly_documents_are_refused_within_linear_work() {
    let court = Court::new();
    let tokens = [
        ("unsigned", None),
        ("a stranger's", Some(court.stranger.as_str())),
        ("a partner's", Some(court.known.as_str())),
    ];
    let mut documents = 0;
    let mut codes = std::collections::BTreeMap::<&str, usize>::new();
    let mut costly = Vec::new();
    for (kind, make) in KINDS {
        for (whose, token) in tokens {
            let mut seen: Vec<(f64, f64)> = Vec::new();
            for size in SIZES {
                let document = make(size).write(token);
                let bytes = document.len();
                let rejected = court.judge(document);
                let (fault, steps) = (rejected.fault, rejected.steps);
                assert_eq!(
                    rejected.bytes.len(),
                    bytes,
                    "{kind}: the bytes are given back"
                );
                documents += 1;
                *codes.entry(fault.code()).or_default() += 1;
                if steps > STEPS_PER_BYTE * bytes as u64 + STEPS_BESIDE {
                    costly.push(format!(
                        "{kind}, {whose}: {bytes} bytes, {steps} steps, {fault}"
                    ));
                }
                seen.push((bytes as f64, steps as f64));
            }
            let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0).max(1.0);
            let (first, second) = (slope(seen[0], seen[1]), slope(seen[1], seen[2]));
            if second > LINEAR.max(first * SLACK) {
                costly.push(format!(
                    "{kind}, {whose}: {first} then {second} steps a byte"
                ));
            }
        }
    }
    println!("{documents} documents refused: {codes:?}");
    assert!(costly.is_empty(), "{}", costly.join("\n"));
    assert!(documents >= 60 * SIZES.len(), "{documents}");
}

#[test]
fn a_prefix_list_beyond_the_limit_is_refused_by_its_code() {
    let court = Court::new();
    let listed = |count: usize| {
        let parts = Parts {
            prefixes: repeat(count, |i, t| write!(t, "p{i} ").unwrap()),
            ..Parts::default()
        };
        court.judge(parts.write(Some(&court.known))).fault
    };
    assert_eq!(listed(64).code(), "V006", "64 are allowed");
    assert_eq!(listed(65).code(), "V028");
}

#[test]
fn whose_certificate_it_is_comes_before_what_is_costly() {
    let court = Court::new();
    let costly = || Parts {
        prefixes: repeat(64, |i, t| write!(t, "p{i} ").unwrap()),
        body: "<e xmlns:p1='u:1'/>".repeat(5_000),
        ..Parts::default()
    };
    let stranger = court.judge(costly().write(Some(&court.stranger)));
    let known = court.judge(costly().write(Some(&court.known)));
    assert_eq!(
        (stranger.fault.code(), known.fault.code()),
        ("V014", "V006")
    );
    assert!(
        stranger.steps < known.steps / 2 + known.steps / 4,
        "no canonical form was made: {} steps, {} with one",
        stranger.steps,
        known.steps
    );

    let policy = Policy::new(&[Role::Regulator]);
    let document = costly().write(Some(&court.known));
    let rejected = wsse::verify_from(document, &court.trust, &policy, court.now, |_| {
        panic!("asked about somebody whose role is not wanted")
    })
    .unwrap_err();
    assert_eq!(rejected.fault.code(), "V015");
    // The two tokens are not equally long: DER writes an ECDSA signature in 70 to 72 bytes.
    let digests = known.steps - stranger.steps;
    assert!(
        rejected.steps <= stranger.steps + digests / 4,
        "the role comes before the digests: {} steps, {} of a stranger, {} with digests",
        rejected.steps,
        stranger.steps,
        known.steps
    );
}
