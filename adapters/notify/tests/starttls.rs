//! Mail over TLS: what is said before it, with whom it is made, and what is sent inside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use cordon_contract::{Adapter as _, Clock as _, Fault, Order, OutcomeKind, Running, SystemClock};
use cordon_model::{AlarmState, AlarmUpdate, Body, Message, MessageId, PartyId};
use cordon_notify::{Config, NotifyAdapter, Seal};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Webhooks are not tested here.
struct NoSeal;

impl Seal for NoSeal {
    fn seal(&self, _: &Message) -> Result<Vec<u8>, Fault> {
        Err(Fault::new("S030", "no seal here"))
    }
}

/// Writes `NAME.pem` of a new authority and gives the server that it certifies.
fn certified(folder: &Path, name: &str) -> TlsAcceptor {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&ca_key).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let own = own
        .signed_by(&key, &Issuer::new(authority, ca_key))
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// What clients said: whether inside TLS, and the line.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

/// A mail server for one test. `wrapped` speaks TLS from the first byte.
async fn server(tls: TlsAcceptor, wrapped: bool) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Heard::default();
    let told = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that leaves is the client's affair; the test looks at what was heard.
            let _ = serve(stream, &tls, wrapped, &told).await;
        }
    });
    (address, heard)
}

async fn serve(
    stream: TcpStream,
    tls: &TlsAcceptor,
    wrapped: bool,
    heard: &Heard,
) -> std::io::Result<()> {
    if wrapped {
        let mut inside = BufReader::new(tls.accept(stream).await?);
        inside.write_all(b"220 mail.example\r\n").await?;
        return talk(&mut inside, true, heard).await;
    }
    let mut outside = BufReader::new(stream);
    outside.write_all(b"220 mail.example\r\n").await?;
    talk(&mut outside, false, heard).await?;
    let mut inside = BufReader::new(tls.accept(outside.into_inner()).await?);
    talk(&mut inside, true, heard).await
}

/// Answers until the client leaves, or until it wants TLS.
async fn talk<S>(stream: &mut BufReader<S>, inside: bool, heard: &Heard) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut in_letter = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push((inside, line.clone()));
        let verb = line.split(' ').next().unwrap_or_default();
        let answer = match verb {
            "." => {
                in_letter = false;
                "250 taken"
            }
            _ if in_letter => continue,
            "EHLO" if inside => "250-mail.example\r\n250 AUTH PLAIN",
            "EHLO" => "250-mail.example\r\n250 STARTTLS",
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(());
            }
            "AUTH" => "235 welcome",
            "DATA" => {
                in_letter = true;
                "354 write"
            }
            "QUIT" => "221 bye",
            _ => "250 well",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

fn adapter(folder: &Path, address: SocketAddr, security: &str, ca: &str) -> Arc<dyn Running> {
    std::fs::write(folder.join("password"), "a password\n").unwrap();
    let config: Config = toml::from_str(&format!(
        "name = \"mails\"\n[[mail]]\nreceiver = \"duty\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"{security}\"\n\
         ca = \"{}\"\nuser = \"hub\"\npassword_file = \"{}\"\nfrom = \"hub@park.example\"\nto = [\"duty@park.example\"]\n",
        address.port(),
        folder.join(ca).display(),
        folder.join("password").display(),
    ))
    .unwrap();
    let adapter = NotifyAdapter::new(config, Arc::new(NoSeal), &BTreeMap::new())
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    Arc::new(adapter).start(cordon_fixtures::resting_link())
}

fn order() -> Order {
    let now = SystemClock.now();
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: "alarm-7-0".to_owned(),
        state: AlarmState::Raised,
        previous: AlarmState::Raised,
        actor_id: PartyId::new("HUB-1").unwrap(),
        receiver: Some("duty".to_owned()),
        escalation_level: Some(1),
        note: None,
        updated_at: now,
    });
    cordon_fixtures::order(MessageId::random(), body, "duty", now)
}

/// First words of what was said, outside or inside TLS.
fn said(heard: &Heard, inside: bool) -> Vec<String> {
    let heard = heard.lock().unwrap();
    let lines = heard.iter().filter(|(was_inside, _)| *was_inside == inside);
    lines
        .map(|(_, line)| line.split([' ', ':']).next().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn starttls_is_made_before_anything_is_told_and_the_mail_goes_through() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = server(certified(folder.path(), "ca"), false).await;
    let adapter = adapter(folder.path(), address, "starttls", "ca.pem");
    let outcome = adapter.execute(order()).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(outcome.detail, "answered 250");
    assert_eq!(said(&heard, false), ["EHLO", "STARTTLS"], "in plain text");
    let inside = said(&heard, true);
    assert_eq!(
        inside[..5],
        ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"],
        "{inside:?}"
    );
    for field in ["From", "To", "Subject", "Message-ID", "."] {
        assert!(
            inside.iter().any(|word| word == field),
            "{field}: {inside:?}"
        );
    }
}

#[tokio::test]
async fn tls_from_the_first_byte_goes_through_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = server(certified(folder.path(), "ca"), true).await;
    let adapter = adapter(folder.path(), address, "tls", "ca.pem");
    let outcome = adapter.execute(order()).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert!(said(&heard, false).is_empty());
    assert!(said(&heard, true).contains(&"AUTH".to_owned()));
}

#[tokio::test]
async fn a_server_of_another_authority_hears_no_password_and_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = server(certified(folder.path(), "ca"), false).await;
    drop(certified(folder.path(), "other"));
    let adapter = adapter(folder.path(), address, "starttls", "other.pem");
    let outcome = adapter.execute(order()).await;
    assert_eq!(outcome.kind, OutcomeKind::Failed, "{}", outcome.detail);
    assert_eq!(said(&heard, false), ["EHLO", "STARTTLS"]);
    assert!(said(&heard, true).is_empty(), "{heard:?}");
}
