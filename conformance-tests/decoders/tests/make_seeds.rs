//! Writes the seeds in `fuzz/seeds` anew, and the papers that the signed ones are judged by:
//! `cargo test -p cordon-decoders --test make_seeds -- --ignored`. The keys that sign are thrown away.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_decoders::seeds;
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::probe::sample_batch;
use cordon_journal::{Journal, Options, Packer};
use cordon_model::Timestamp;
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::wsse::{self, SoapVersion};
use cordon_security::{Role, Signer, xmldsig};
use cordon_wire::soap;
use cordon_xml::{Document, Limits};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn put(decoder: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = seeds(decoder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

/// Those examples of the language whose names begin so.
fn examples(begin: &str) -> Vec<(String, &'static str)> {
    let found = cordon_schemas::files("examples/").filter(|(path, _)| path.ends_with(".xml"));
    let found = found.map(|(path, text)| (path.trim_start_matches("examples/"), text));
    let mine = found.filter(|(path, _)| path.starts_with(begin));
    mine.map(|(path, text)| (path.rsplit('/').next().unwrap().to_owned(), text))
        .collect()
}

#[test]
#[ignore = "writes into the source tree"]
fn make() {
    language();
    signed();
    journal();
    packed();
    checkpoint();
    flow();
    mapping();
    devices();
    others();
}

fn language() {
    for (name, text) in examples("valid/") {
        let decoder = match name.starts_with("service-") {
            true => "wire_service",
            false => "wire_message",
        };
        put(decoder, &name, text);
    }
    for (name, text) in examples("refused/")
        .into_iter()
        .chain(examples("valid/form-"))
    {
        put("xml_arena", &name, text);
    }
    put(
        "xml_arena",
        "all-kinds.xml",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><a:r xmlns:a=\"urn:a\" xmlns=\"urn:d\" \
         xmlns:b=\"urn:b\" b:y='2' x=\"&lt;&#x4E2D;&#10;\"><e xmlns=\"\"/><![CDATA[<]]]]><a:f b:z=\"\t\"> \r\n</a:f>\
         \u{82cf}A&amp;<b:g/></a:r>",
    );
    put(
        "pulled_page",
        "example.xml",
        read("schemas/examples/valid/service-get-messages-response.xml"),
    );
    let request = read("schemas/examples/valid/service-submit-messages.xml");
    for (version, name) in [
        (SoapVersion::V11, "soap11.xml"),
        (SoapVersion::V12, "soap12.xml"),
    ] {
        let text = std::str::from_utf8(&request).unwrap();
        let wrapped = format!(
            "<s:Envelope xmlns:s=\"{}\"><s:Header/><s:Body>{text}</s:Body></s:Envelope>",
            version.namespace()
        );
        put("soap_envelope", name, wrapped);
        let fault = Document::parse(
            read("schemas/examples/valid/service-fault.xml"),
            &Limits::default(),
        );
        let fault = cordon_wire::service::read_fault(fault.unwrap().root()).unwrap();
        put(
            "soap_envelope",
            &format!("fault-{name}"),
            soap::fault(version, soap::Side::Sender, &fault),
        );
    }
    let values = [
        "0192f4a0-7c1e-7d3a-9b57-0123456789ab",
        "2026-11-24T08:00:00.2512345+08:00",
        "-12.3450",
        "JS-320700-01",
        "苏A12345",
        "粤Z1234港",
        "91350100M000100Y43",
        "11010519491231002X",
        "13800138000",
        "LSVAA4182E2184847",
        "64-17-5",
        "UN1203",
        "320700",
        "u.warehouse-2_2fsmoke",
        "FIRE",
        " \t collapsed \n text ",
    ];
    for (number, value) in values.iter().enumerate() {
        put("model_facets", &format!("value-{number:02}"), value);
    }
}

fn signed() {
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let folder = tempfile::tempdir().unwrap();
    let settings = CaSettings::new("JS-320700-01".parse().unwrap());
    let ca = folder.path().join("ca");
    let mut authority = Authority::init(&ca, &settings, now).unwrap();
    let mut signer = |role, id: &str, key| {
        let wanted = IssueRequest {
            role,
            id: id.parse().unwrap(),
            key: KeySource::Fresh(key),
            hosts: Vec::new(),
            days: Some(10),
        };
        let issued = authority.issue(&wanted, now).unwrap();
        let out = folder.path().join(id);
        Bundle::write(&issued, &out).unwrap();
        Signer::load(&out.join(Bundle::CHAIN), &out.join(Bundle::KEY)).unwrap()
    };
    let plant = signer(Role::Enterprise, "enterprise-1", KeyAlgorithm::P256);
    let rsa = signer(Role::Enterprise, "enterprise-2", KeyAlgorithm::Rsa2048);
    let hub = signer(Role::Hub, "hub-1", KeyAlgorithm::P256);
    authority.crl(now).unwrap();
    let body = String::from_utf8(read("schemas/examples/valid/service-get-receipt.xml")).unwrap();
    for (name, signer, version) in [
        ("signed-p256-12.xml", &plant, SoapVersion::V12),
        ("signed-p256-11.xml", &plant, SoapVersion::V11),
        ("signed-rsa-12.xml", &rsa, SoapVersion::V12),
    ] {
        put(
            "wsse_verify",
            name,
            wsse::sign(signer, version, [], &body, now).unwrap(),
        );
    }
    let report = read("schemas/examples/valid/report-document.xml");
    put(
        "xmldsig_verify",
        "signed-report.xml",
        xmldsig::sign_enveloped(&hub, report).unwrap(),
    );
    let trust = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trust");
    std::fs::create_dir_all(&trust).unwrap();
    for name in [
        "root.pem",
        "issuing.pem",
        "root.crl.pem",
        "issuing.crl.pem",
        "register.json",
    ] {
        let text = std::fs::read(ca.join(name)).unwrap();
        std::fs::write(trust.join(name), &text).unwrap();
        put("trust_papers", name, &text);
    }
    put(
        "trust_papers",
        "enterprise-1.der",
        plant.certificate().der(),
    );
    put("trust_papers", "enterprise-2.der", rsa.certificate().der());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let wanted = rcgen::CertificateParams::new(vec!["plant.example".to_owned()]).unwrap();
    let request = wanted.serialize_request(&key).unwrap().pem().unwrap();
    put("trust_papers", "request.pem", request);
}

fn journal() {
    for (name, records, body) in [("small", 1, 10), ("usual", 3, 200)] {
        for (number, record) in sample_batch(records, body, 5).iter().enumerate() {
            let mut bytes = Vec::new();
            record.encode_into(&mut bytes).unwrap();
            put("journal_record", &format!("{name}-{number}"), bytes);
            let mut bytes = Vec::new();
            let expired = record.without_body().unwrap();
            expired.encode_into(&mut bytes).unwrap();
            put("journal_record", &format!("{name}-{number}-expired"), bytes);
        }
        let disk = SimDisk::new(3);
        let options = Options {
            segment_bytes: 16 * 1_024,
            background: false,
            reserve_bytes: 4_096,
            warn_free_bytes: 0,
            floor_free_bytes: 0,
            ..Options::new("JS-320700-01")
        };
        let mut journal = Journal::open_on(Arc::new(disk.clone()), "/journal", options).unwrap();
        for seed in 0..3 {
            journal
                .append_batch(&sample_batch(records, body, seed))
                .unwrap();
        }
        drop(journal);
        let bytes = disk.bytes(Path::new("/journal/00000001.seg")).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        put("journal_segment", name, &bytes[..=end]);
        put(
            "journal_record",
            &format!("{name}-batch"),
            &bytes[4_096..=end],
        );
    }
}

/// A journal whose oldest segment is packed.
fn packed() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        segment_bytes: 16 * 1_024,
        background: false,
        reserve_bytes: 4_096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        ..Options::new("JS-320700-01")
    };
    let mut journal = Journal::open(folder.path(), options).unwrap();
    while !folder.path().join("00000004.seg").exists() {
        let seed = journal.last();
        journal.append_batch(&sample_batch(3, 700, seed)).unwrap();
    }
    drop(journal);
    let mut packer = Packer::alone(folder.path()).unwrap();
    assert!(packer.pack_next(i64::MAX).unwrap().is_some());
    put(
        "journal_packed",
        "usual",
        std::fs::read(folder.path().join("00000001.segz")).unwrap(),
    );
}

/// Head and items of a checkpoint, not packed: one of each kind, each length in four bytes before what it is of.
fn checkpoint() {
    let mut bytes = b"CORDONK1\x08park/hub\x014".to_vec();
    let long = |bytes: &mut Vec<u8>, of: &[u8]| {
        bytes.extend_from_slice(&u32::try_from(of.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(of);
    };
    bytes.push(1);
    for of in [&b"plugin.access.grants"[..], b"key", b"row"] {
        long(&mut bytes, of);
    }
    bytes.push(2);
    for of in [&b"flow.forms"[..], b"access grants/1"] {
        long(&mut bytes, of);
    }
    bytes.push(3);
    long(&mut bytes, b"enterprise-1");
    bytes.extend_from_slice(&[7; 16 + 8 + 8 + 2 + 96]);
    bytes.push(0);
    bytes.extend_from_slice(&3_u64.to_le_bytes());
    assert_eq!(cordon_journal::decoders::checkpoint(&bytes), Some(3));
    put("state_checkpoint", "usual", bytes);
}

/// Kinds of records, by number: what follows is their name, sender, label and body.
fn flow() {
    let example = |name: &str| read(&format!("schemas/examples/valid/{name}.xml"));
    let entry = |name: &str, kind: u8, part: u16, names: &str, body: &[u8]| {
        let [low, high] = part.to_le_bytes();
        let mut bytes = vec![kind, low, high, 0, 0];
        bytes.extend_from_slice(names.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        put("journal_entry", name, bytes);
    };
    let opening = example("emergency-gate-open");
    for kind in 0..9 {
        entry(
            &format!("kind-{kind}"),
            kind,
            0,
            "enterprise-1 EmergencyGateOpen",
            &opening,
        );
    }
    let refusal = example("refusal");
    let length = u16::try_from(refusal.len()).unwrap();
    let mut refused = refusal.clone();
    refused.extend_from_slice(b"what was refused");
    for kind in 0..9 {
        entry(
            &format!("refused-{kind}"),
            kind,
            length,
            "enterprise-1 AccessGrant",
            &refused,
        );
    }
    let soap = std::fs::read(seeds("soap_envelope").join("soap12.xml")).unwrap();
    entry("submission", 1, 0, "enterprise-1 SubmitMessages", &soap);
    entry("part", 2, 0, "enterprise-1 AccessGrant", &soap);
    let xml = String::from_utf8(opening)
        .unwrap()
        .replace('\n', "\\n")
        .replace('"', "\\\"");
    let opened = format!(
        "\n{{\"opening\":{{\"at_micros\":1790000000000000,\"clock_micros\":1790000000000000,\"run\":7,\
         \"sender\":\"OP-7\",\"xml\":\"{xml}\",\"id\":\"0192f4a0-7c1e-7d3a-9b57-000000000017\",\"acted\":[\"G4\"]}}}}\n"
    );
    let outcome = "{\"outcome\":{\"at_micros\":1,\"opening\":\"0192f4a0-7c1e-7d3a-9b57-000000000017\",\
                   \"target\":\"BR-01\",\"kind\":\"Confirmed\",\"detail\":\"up\"}}\n";
    put("spool_lines", "opening", &opened);
    put(
        "spool_lines",
        "both-and-torn",
        format!("{opened}{outcome}\n{{\"opening\":{{\"at_mic"),
    );
    for (name, bytes) in [
        ("empty", &b"\0"[..]),
        ("text-key", b"\x05\x04abcd\x01\x02\x03\x04"),
        ("numbers", b"\x02\x01\x02\x80\x80\x01\x00\x00\x05hello\x01"),
    ] {
        put("state_rows", name, bytes);
    }
}

fn mapping() {
    let packages = cordon_mapping::Mappings::load(&root().join("mappings")).unwrap();
    for (number, package) in packages.packages().enumerate() {
        let text = |name: &str| std::fs::read_to_string(package.folder.join(name)).unwrap();
        let name = package.id.replace('/', "-");
        let manifest = text("mapping.toml").replace(&package.id, "a/b/1");
        put(
            "mapping_package",
            &name,
            format!("{manifest}\n---\n{}", text("points.toml")),
        );
        let mut cases: Vec<PathBuf> = std::fs::read_dir(package.folder.join("tests"))
            .unwrap()
            .map(|case| case.unwrap().path())
            .collect();
        cases.sort();
        for case in cases.iter().step_by(3) {
            let input = std::fs::read_to_string(case.join("input.toml")).unwrap();
            let input: toml::Table = toml::from_str(&input).unwrap();
            let mut seed = vec![u8::try_from(number).unwrap()];
            seed.extend_from_slice(input["topic"].as_str().unwrap().as_bytes());
            seed.push(b'\n');
            match std::fs::read(case.join("input.json")) {
                Ok(json) => seed.extend_from_slice(&json),
                Err(_) => {
                    for (name, value) in input["points"].as_table().unwrap() {
                        let value = value.as_str().map_or(value.to_string(), str::to_owned);
                        seed.extend_from_slice(format!("{name}={value}\n").as_bytes());
                    }
                }
            }
            let case = case.file_name().unwrap().to_string_lossy().into_owned();
            put("mapping_payload", &format!("{name}-{case}"), seed);
        }
    }
}

fn devices() {
    for (number, name) in ["lane", "lane-registers"].iter().enumerate() {
        let text =
            String::from_utf8(read(&format!("mappings/generic/{name}/1/profile.toml"))).unwrap();
        put("modbus_profile", name, &text);
        let profile = cordon_modbus::Profile::parse(&text, "profile.toml").unwrap();
        let mut frames = vec![u8::try_from(number).unwrap()];
        for (turn, read) in cordon_modbus::decode::Plan::of(&profile)
            .reads()
            .iter()
            .enumerate()
        {
            use cordon_modbus::profile::Table;
            let count = usize::from(read.count);
            let (function, data) = match read.table {
                Table::Coil => (1, vec![0x55; count.div_ceil(8)]),
                Table::Discrete => (2, vec![0x55; count.div_ceil(8)]),
                Table::Holding => (3, vec![0x55; count * 2]),
                Table::Input => (4, vec![0x55; count * 2]),
            };
            let length = u8::try_from(data.len()).unwrap();
            frames.extend_from_slice(&[
                0,
                u8::try_from(turn).unwrap(),
                0,
                0,
                0,
                length + 3,
                255,
                function,
                length,
            ]);
            frames.extend_from_slice(&data);
        }
        put("modbus_frames", name, &frames);
    }
    put(
        "modbus_frames",
        "exception",
        b"\0\0\0\0\0\0\x03\xff\x82\x02",
    );
    for (name, seed) in [
        ("json", &b"\x07\x00\x00sensors/GW-01/GAS-7\n{\"time\":\"2026-11-24T08:00:00Z\",\"values\":[{\"point\":\"lel\",\"value\":12.5,\"unit\":\"%LEL\"}]}"[..]),
        ("retained", b"\x00\x00\x01s/1/LWT\nOnline"),
        ("state", b"\x01\x00\x03s/1/state\n{\"state\":\"offline\",\"a\":{\"b\":1795478400}}"),
        ("text", b"\x02\x00\x00s/a b/x\n23.5"),
    ] {
        put("mqtt_publish", name, seed);
    }
    let events = read("adapters/onvif/testdata/plain/pull-messages.xml");
    put("onvif_events", "plain.xml", &events);
    let login = "Digest realm=\"cam\", qop=\"auth\", nonce=\"abc\\\"d\", algorithm=SHA-256, opaque=\"o\", stale=false, Basic realm=\"x\"";
    let soap = |body: &str| {
        format!(
            "{login}\n<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>{body}</s:Body></s:Envelope>"
        )
    };
    for (name, body) in [
        (
            "clock",
            "<r><SystemDateAndTime><UTCDateTime><Time><Hour>8</Hour><Minute>1</Minute><Second>2</Second></Time>\
                   <Date><Year>2026</Year><Month>11</Month><Day>24</Day></Date></UTCDateTime></SystemDateAndTime></r>",
        ),
        (
            "services",
            "<r><Service><Namespace>http://www.onvif.org/ver10/events/wsdl</Namespace><XAddr>http://c/e</XAddr></Service></r>",
        ),
        (
            "information",
            "<r><Manufacturer>a</Manufacturer><Model>b</Model><FirmwareVersion>1</FirmwareVersion><SerialNumber>9</SerialNumber></r>",
        ),
        (
            "topics",
            "<r><TopicSet xmlns:w=\"http://docs.oasis-open.org/wsn/t-1\"><RuleEngine><LineDetector><Crossed w:topic=\"true\"/></LineDetector></RuleEngine></TopicSet></r>",
        ),
        (
            "subscription",
            "<r><SubscriptionReference><Address>http://c/s</Address><ReferenceParameters><x:i xmlns:x=\"urn:x\">7</x:i></ReferenceParameters>\
                          </SubscriptionReference><CurrentTime>2026-11-24T08:00:00Z</CurrentTime><TerminationTime>2026-11-24T08:01:00Z</TerminationTime></r>",
        ),
        (
            "fault",
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>",
        ),
    ] {
        put("onvif_answers", name, soap(body));
    }
    put(
        "onvif_answers",
        "time",
        "2026-11-24T08:00:00.1234567+08:00\n",
    );
    put(
        "onvif_answers",
        "address",
        "http://10.1.2.3:8080/onvif/device_service\n",
    );
}

fn others() {
    let event =
        "[{\"id\":\"P-1\",\"time\":\"2026-11-24 08:00:00\",\"plate\":\"苏A12345\"},{\"id\":2}]";
    let signature = cordon_enterprise::sign(
        b"a secret of the test",
        "1790000000",
        "/events/passage",
        event.as_bytes(),
    );
    put(
        "enterprise_webhook",
        "signed",
        format!("1790000000 sha256={signature}\n{event}"),
    );
    put("enterprise_webhook", "one", "\n{\"id\":\"P-1\",\"v\":1.50}");
    put(
        "http_answers",
        "list",
        format!("/data/list\n{{\"data\":{{\"list\":{event}}}}}"),
    );
    put("http_answers", "page", "\n<html><body>login</body></html>");
    put(
        "report_shelf",
        "report.xml",
        read("schemas/examples/valid/report-document.xml"),
    );
    let golden = read("hub/reports/src/standard/devices/golden.xml");
    put("report_shelf", "rpt-07.xml", &golden);
    put(
        "report_shelf",
        "listing.json",
        cordon_reports::decoders::report(&golden).unwrap(),
    );
    put("settings_toml", "routes", read("src/prepare/routes.toml"));
    let plan = String::from_utf8(read("src/prepare/plan.toml")).unwrap();
    put(
        "settings_toml",
        "plan",
        plan.replace("[plan]\n", "").replace("plan.", ""),
    );
    for (name, text) in [
        (
            "modbus",
            "name = \"lanes\"\n[[bus]]\naddress = \"127.0.0.1:502\"\n[[bus.lane]]\ndevice = \"BR-01\"\ngate = \"G-01\"\nlane = \"L-01\"\ndirection = \"IN\"\nprofile = \"p.toml\"\n",
        ),
        (
            "mqtt",
            "name = \"s\"\nhost = \"127.0.0.1\"\nport = 1883\nclient_id = \"hub\"\ngateway = \"MQ-01\"\n[[subscription]]\nfilter = \"s/#\"\nmapping = \"json/sensor/1\"\n[[presence]]\nfilter = \"s/+/LWT\"\n[[receiver]]\nname = \"siren\"\ntopic = \"t\"\nform = \"json\"\n",
        ),
        (
            "onvif",
            "name = \"c\"\n[[camera]]\ndevice = \"CAM-1\"\naddress = \"http://10.1.2.3/onvif/device_service\"\nuser = \"u\"\npassword_file = \"p\"\nauth = \"digest\"\n",
        ),
        ("access", "grants_max = 100\nsnapshot_s = 30\n"),
        ("alarms", "flood_s = 30\nopen_max = 100\n"),
        ("authority", "late_opening_s = 120\nlate_lowering_s = 30\n"),
        (
            "reports",
            "[[build]]\nreport = \"RPT-01\"\ngranularity = \"DAY\"\nschedule = { daily_at = \"00:10\" }\n",
        ),
        (
            "notify",
            "name = \"n\"\n[[webhook]]\nreceiver = \"duty\"\nurl = \"https://a.example/x\"\nsecret_file = \"s\"\n",
        ),
    ] {
        put("settings_toml", name, text);
    }
}
