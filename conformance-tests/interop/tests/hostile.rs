//! A park under attack: costly signatures, callers without certificate, crowds of connections, floods
//! of refused bodies, few open files, revoked certificates.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_http::{Client, ClientOptions};
use cordon_interop::{Lane, Park, change_config};
use cordon_journal::{Reader, Record};
use cordon_security::ca::{Authority, Reason};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::wsse::{self, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A client of the exchange; each request has a connection of its own.
fn client(park: &Park, party: Option<&str>) -> Client {
    let certs = park.data().join("certs");
    let trust = Arc::new(TrustStore::load(&certs.join("ca")).unwrap());
    let key = party.map(|party| {
        let folder = certs.join(party);
        TlsKey::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap()
    });
    Client::new(ClientOptions {
        tls: Some(tls::client_config(trust, key, Expect::Roles(vec![Role::Hub])).unwrap()),
        idle: Duration::ZERO,
        timeout: Duration::from_secs(60),
        ..ClientOptions::default()
    })
}

fn post(park: &Park, body: String) -> http::Request<Bytes> {
    http::Request::post(format!("{}/soap/enterprise", park.exchange()))
        .header("content-type", "application/soap+xml; charset=utf-8")
        .body(Bytes::from(body))
        .unwrap()
}

fn records(park: &Park) -> Vec<Record> {
    let reader = Reader::open(park.data().join("journal")).unwrap();
    reader.read_from(0).unwrap().map(Result::unwrap).collect()
}

fn refused(records: &[Record]) -> usize {
    let refused = |record: &&Record| record.kind == EntryKind::Refused.number();
    records.iter().filter(refused).count()
}

/// Processor time of a process so far, in hundredths of a second.
fn processor_time(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Most memory that a process had so far, in MiB.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1_024
}

/// A value of the console's metrics, 0 when it is not there.
fn metric(park: &Park, name: &str) -> f64 {
    let text = park.get("/metrics").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok())
        .unwrap_or(0.0)
}

/// A message of enterprise-1 whose body was changed after signing, so that it is refused at its
/// digest; `list` is put into the transform of the body, `inside` into the body.
fn broken(park: &Park, list: &str, inside: &str) -> String {
    let folder = park.data().join("certs/enterprise-1");
    let signer = Signer::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap();
    let now = SystemClock.now();
    let signed = wsse::sign(&signer, SoapVersion::V12, [], "<a></a>", now).unwrap();
    let text = String::from_utf8(signed).unwrap();
    let transform = format!("<ds:Transform Algorithm=\"{C14N}\">");
    let list =
        format!("{transform}<ec:InclusiveNamespaces xmlns:ec=\"{C14N}\" PrefixList=\"{list}\"/>");
    assert!(text.contains(WSSE) && text.contains(&transform));
    text.replace(&transform, &list).replace("<a></a>", inside)
}

#[tokio::test]
async fn a_long_prefix_list_costs_no_more_than_any_message_of_its_size() {
    const PREFIXES: usize = 60_000;
    let park = Park::start();
    let client = client(&park, Some("enterprise-1"));
    let mut list = String::new();
    let mut declared = String::new();
    for group in 0..PREFIXES / 60 {
        declared.push_str("<e");
        for number in group * 60..group * 60 + 60 {
            write!(list, "p{number} ").unwrap();
            write!(declared, " xmlns:p{number}=\"u:1\"").unwrap();
        }
        declared.push_str("/>");
    }
    let costly = broken(&park, &list, &declared);
    let plain = broken(&park, "p1", &"<e>text</e>".repeat(costly.len() / 11));
    let mut spent = Vec::new();
    for body in [plain, costly] {
        let before = processor_time(park.id());
        for _ in 0..3 {
            let answer = client.send(post(&park, body.clone())).await.unwrap();
            assert!(!answer.status().is_success());
        }
        spent.push(processor_time(park.id()) - before);
    }
    println!(
        "hundredths of a second: plain {}, costly {}",
        spent[0], spent[1]
    );
    assert!(
        spent[1] <= 8 * spent[0] + 60,
        "plain {}, costly {}",
        spent[0],
        spent[1]
    );
}

/// Opens TLS without a certificate, sends `head`, and reads what comes.
fn ask_without_certificate(park: &Park, head: &str) -> String {
    let certs = park.data().join("certs/ca");
    let trust = Arc::new(TrustStore::load(&certs).unwrap());
    let config = tls::client_config(trust, None, Expect::AnyServer).unwrap();
    let name = "127.0.0.1".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(config, name).unwrap();
    let mut socket = TcpStream::connect(address(park)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The end comes with or without a closing alert; a body that never comes is not waited for.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn address(park: &Park) -> SocketAddr {
    park.exchange()
        .strip_prefix("https://")
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn without_a_certificate_nothing_is_read_and_nothing_is_kept() {
    // A prepared park shows its documents to everybody.
    let mut park = Park::start();
    let head = "POST /soap/enterprise HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    for _ in 0..20 {
        let answer = ask_without_certificate(&park, head);
        assert!(
            answer.starts_with("HTTP/1.1 403"),
            "before its body: {answer:?}"
        );
    }
    let document = "GET /soap/enterprise?wsdl HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(ask_without_certificate(&park, document).starts_with("HTTP/1.1 200"));
    assert!(metric(&park, "cordon_attempts_total{cause=\"http-403\"}") >= 20.0);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let records = records(&park);
    assert_eq!(refused(&records), 0);
    let audits = records
        .iter()
        .filter(|record| record.label == "door.http-403");
    // An hour may end meanwhile.
    let hours: Vec<i64> = audits.map(|it| it.time_micros / 3_600_000_000).collect();
    let unique: std::collections::BTreeSet<&i64> = hours.iter().collect();
    assert!(
        !hours.is_empty() && hours.len() == unique.len(),
        "one for the address, the cause and the hour: {hours:?}"
    );
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let park = Park::start();
    let client = client(&park, Some("enterprise-1"));
    let url = format!("{}/soap/enterprise", park.exchange());
    let request = http::Request::delete(url).body(Bytes::new()).unwrap();
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.status(), http::StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers().get("allow").unwrap(), "GET, HEAD, POST");
}

/// It was 404, as if the address were wrong.
#[tokio::test]
async fn a_service_that_is_read_like_a_page_says_what_it_is() {
    let park = Park::start();
    let client = client(&park, Some("enterprise-1"));
    let get = async |path: &str| {
        let url = format!("{}/soap/{path}", park.exchange());
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        client.send(request).await.unwrap()
    };
    for path in ["enterprise", "park", "regulator?wsdll"] {
        let answer = get(path).await;
        assert_eq!(
            answer.status(),
            http::StatusCode::METHOD_NOT_ALLOWED,
            "{path}"
        );
        assert_eq!(answer.headers().get("allow").unwrap(), "POST");
        assert!(String::from_utf8_lossy(answer.body()).contains("?wsdl"));
    }
    assert_eq!(get("other").await.status(), http::StatusCode::NOT_FOUND);
}

/// How long one request on a connection of its own takes, the slowest of a hundred but one.
async fn slow_request(park: &Park, client: &Client, requests: usize) -> Duration {
    let mut times = Vec::new();
    for _ in 0..requests {
        let since = Instant::now();
        document(park, client).await;
        times.push(since.elapsed());
    }
    times.sort_unstable();
    times[requests * 99 / 100 - 1]
}

/// Reads the service's description, on a connection of its own.
async fn document(park: &Park, client: &Client) {
    let url = format!("{}/soap/enterprise?wsdl", park.exchange());
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.status(), http::StatusCode::OK);
}

/// A flood of refused bodies by the second enterprise.
struct Flood {
    going: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
}

impl Flood {
    /// Sends them on several connections, each as fast as it is answered; one sends long ones.
    fn start(park: &Park) -> Self {
        let flood = Self {
            going: Arc::new(AtomicBool::new(true)),
            sent: Arc::default(),
        };
        let client = client(park, Some("enterprise-2"));
        for kib in [64, 64, 64, 64, 4_096] {
            let request = post(park, "x".repeat(kib * 1_024));
            let (client, going) = (client.clone(), Arc::clone(&flood.going));
            let sent = Arc::clone(&flood.sent);
            tokio::spawn(async move {
                while going.load(Ordering::Relaxed) {
                    // A refused connection is as good an answer as a fault.
                    let _ = client.send(request.clone()).await;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        flood
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
    }
}

/// Connections that are worth nothing: that say nothing, begin a greeting and stop, speak no TLS.
const WORTH_NOTHING: [&[u8]; 3] = [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"];

/// So many connections that say these words in turn and no more.
fn crowd(park: &Park, count: usize, words: &[&[u8]]) -> Vec<TcpStream> {
    let address = address(park);
    (0..count)
        .filter_map(|number| {
            let mut stream = TcpStream::connect(address).ok()?;
            // It may be closed already, which is all the same.
            let _ = stream.write_all(words[number % words.len()]);
            Some(stream)
        })
        .collect()
}

/// Travel and margin of the shipped profile: a boom that is not up by then has failed.
const IN_ITS_TIME: Duration = Duration::from_millis(3_000 + 1_000);

/// Opens the emergency gate by the console's one key and waits until it is confirmed.
fn open_the_gate(park: &Park, lane: &Lane) -> Duration {
    let order = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;
    let since = Instant::now();
    let answer = park.post("/api/emergency-open", order).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    park.until("the opening is confirmed", || {
        let confirmed = park.view()["commands"]["CONFIRMED"].as_u64();
        confirmed.is_some_and(|count| count > 0) && lane.is_up()
    });
    since.elapsed()
}

/// A partner waited 8 s, one partner's refused bodies filled 128 MiB in 1.6 s and took the time of all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_and_a_flood_leave_partners_their_time_and_an_emergency_its_opening() {
    let lane = Lane::start();
    let mut park = Park::start_with(|data| change_config(data, &[], &lane.section()));
    park.until_online("BR-06");
    let partner = client(&park, Some("enterprise-1"));
    let quiet = slow_request(&park, &partner, 200).await;
    let crowd = crowd(&park, 1_050, &WORTH_NOTHING);
    let flood = Flood::start(&park);
    let loud = slow_request(&park, &partner, 200).await;
    let took = tokio::task::block_in_place(|| open_the_gate(&park, &lane));
    let (sent, memory) = (flood.sent(), most_memory(park.id()));
    drop(flood);
    println!(
        "quiet {quiet:?}, loud {loud:?}, opening confirmed after {took:?}, {sent} refused bodies, \
         {memory} MiB"
    );
    assert!(crowd.len() == 1_050 && sent > 0);
    // On a busy machine a moment is long; what is mended here took eight seconds.
    let bound = (3 * quiet).max(Duration::from_millis(1_500));
    assert!(loud <= bound, "quiet {quiet:?}, loud {loud:?}");
    assert!(memory <= 300, "{memory} MiB");
    assert!(took <= IN_ITS_TIME, "{took:?}");
    let commands = park.view()["commands"].clone();
    assert!(commands["EXPIRED"].as_u64().unwrap_or(0) == 0, "{commands}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let records = records(&park);
    let kept = refused(&records);
    assert!(kept <= 120, "{kept} entries for {sent} refused bodies");
}

/// A park with this line in `[exchange]`.
fn exchange_with(line: &str) -> Park {
    Park::start_with(|data| {
        let with = format!("[exchange]\n{line}\n");
        change_config(data, &[("[exchange]\n", &with)], "");
    })
}

/// They came as fast as the machine could.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_bodies_come_no_faster_than_their_party_is_answered() {
    let park = exchange_with("refusals_of_party_a_second = 5");
    let since = Instant::now();
    let flood = Flood::start(&park);
    let partner = client(&park, Some("enterprise-1"));
    let mut answered = 0;
    while flood.sent() < 25 {
        document(&park, &partner).await;
        answered += 1;
    }
    // Eight at once, and then five a second.
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(3_000), "{took:?}");
    assert!(
        answered >= 10,
        "the other is answered meanwhile: {answered}"
    );
}

/// A party could have as many handshakes as the machine could bear.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partys_new_connections_wait_their_turn_and_anothers_do_not() {
    let park = exchange_with("handshakes_of_party_a_second = 5");
    let one = client(&park, Some("enterprise-1"));
    let since = Instant::now();
    for _ in 0..20 {
        document(&park, &one).await;
    }
    // Five at once, and then five a second.
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(2_900), "{took:?}");
    let other = client(&park, Some("enterprise-2"));
    for _ in 0..5 {
        document(&park, &other).await;
    }
    let metrics = park.get("/metrics").unwrap();
    assert!(
        !metrics.contains("too-many-handshakes"),
        "nobody is turned away"
    );
}

/// So could an address, with nobody behind it who is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_addresss_handshakes_wait_their_turn_and_parties_use_none() {
    let park = exchange_with("handshakes_of_address_a_second = 5");
    let partner = client(&park, Some("enterprise-1"));
    for _ in 0..20 {
        document(&park, &partner).await;
    }
    let stranger = "GET /soap/enterprise?wsdl HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let since = Instant::now();
    for _ in 0..15 {
        let answer = ask_without_certificate(&park, stranger);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
}

/// The most files that a process has open while this is looked at.
struct OpenFiles {
    most: Arc<AtomicUsize>,
    going: Arc<AtomicBool>,
}

impl OpenFiles {
    fn watch(process: u32) -> Self {
        let watch = Self {
            most: Arc::default(),
            going: Arc::new(AtomicBool::new(true)),
        };
        let (most, going) = (Arc::clone(&watch.most), Arc::clone(&watch.going));
        std::thread::spawn(move || {
            while going.load(Ordering::Relaxed) {
                let open = std::fs::read_dir(format!("/proc/{process}/fd"));
                let count = open.map_or(0, Iterator::count);
                most.fetch_max(count, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        watch
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

impl Drop for OpenFiles {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
    }
}

/// Silent connections took every file that there was: none was left for the journal's next segment, whose
/// failure ended the core.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_and_fifty_six_open_files_are_enough() {
    let mut park = Park::start_within(Some(256), |_| {});
    let partner = client(&park, Some("enterprise-1"));
    let files = OpenFiles::watch(park.id());
    // Each holds its file until its time for a greeting is over. They stand before the partner's in the
    // queue, so an answer to it says that all of them were taken in or turned away.
    let crowd = crowd(&park, 600, &[b""]);
    slow_request(&park, &partner, 100).await;
    let most = files.most();
    println!("{most} files open at most");
    assert!(most < 240, "{most} files open");
    drop(crowd);
    assert!(park.get("/healthz").unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}

fn revoke_second_enterprise(data: &Path) {
    let certs = data.join("certs");
    let folder = certs.join("enterprise-2");
    let signer = Signer::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap();
    let now = SystemClock.now();
    let mut ca = Authority::open(&certs.join("ca")).unwrap();
    ca.revoke(signer.certificate().serial(), Reason::KeyCompromise, now)
        .unwrap();
    ca.crl(now).unwrap();
}

/// The partner was told "unknown CA".
#[tokio::test]
async fn a_list_of_revoked_certificates_that_is_over_is_named_on_both_sides() {
    let park = Park::start_with(|data| {
        let mut ca = Authority::open(&data.join("certs/ca")).unwrap();
        let long_ago = SystemClock.now().plus_seconds(-400 * 86_400);
        ca.crl(long_ago).unwrap();
    });
    let certs = park.data().join("certs");
    // The partner has the park's certificates and no list.
    let known = park.scratch().join("known");
    std::fs::create_dir(&known).unwrap();
    for name in ["root.pem", "issuing.pem"] {
        std::fs::copy(certs.join("ca").join(name), known.join(name)).unwrap();
    }
    let trust = Arc::new(TrustStore::load_without_crl(&known).unwrap());
    let folder = certs.join("enterprise-1");
    let key = TlsKey::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap();
    let client = Client::new(ClientOptions {
        tls: Some(tls::client_config(trust, Some(key), Expect::AnyServer).unwrap()),
        idle: Duration::ZERO,
        ..ClientOptions::default()
    });
    let url = format!("{}/soap/enterprise?wsdl", park.exchange());
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let error = client.send(request).await.unwrap_err().to_string();
    assert!(error.contains("certificates is over"), "{error}");
    let name = "cordon_attempts_total{cause=\"crl-expired\"}";
    park.until("the attempt is counted", || metric(&park, name) >= 1.0);
    park.until("and logged", || park.log().contains("crl-expired"));
    assert!(park.log().contains("cordon cert crl"), "{}", park.log());
}

#[tokio::test]
async fn a_revoked_certificate_that_is_tried_is_counted_told_and_alarmed() {
    let mut park = Park::start_with(revoke_second_enterprise);
    let client = client(&park, Some("enterprise-2"));
    for _ in 0..3 {
        let url = format!("{}/soap/enterprise?wsdl", park.exchange());
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        assert!(client.send(request).await.is_err());
    }
    let name = "cordon_attempts_total{cause=\"certificate-revoked\"}";
    let deadline = Instant::now() + Duration::from_secs(20);
    while metric(&park, name) < 3.0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        metric(&park, name) >= 3.0,
        "{}",
        park.get("/metrics").unwrap()
    );
    assert!(park.log().contains("certificate-revoked"), "{}", park.log());
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let records = records(&park);
    let mut tried = records
        .iter()
        .filter(|one| one.label == "door.certificate-revoked");
    let first = tried.next().unwrap();
    assert!(tried.next().is_none(), "once an hour");
    let is_alarm = |one: &&Record| one.label == "AlarmEvent" && one.cause == first.number;
    let alarm = records.iter().find(is_alarm).unwrap();
    assert!(String::from_utf8_lossy(&alarm.body).contains("revoked certificate"));
}
