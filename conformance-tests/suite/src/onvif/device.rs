//! Cases O01 to O15: the device service, logins, and what must not bring it down.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::login::Login;
use super::names::{TDS, TEV};
use super::session::{Answer, DEVICE, Extras, Session, empty};
use crate::{Stop, Subject};

/// The operation that asks for a login: every device has it, and it changes nothing.
const PROTECTED: &str = "GetDeviceInformation";

/// O01: it is there.
pub(super) async fn reach(session: &mut Session<'_>) -> Result<(), Stop> {
    let body = empty("tds", TDS, "GetSystemDateAndTime");
    let envelope = session.envelope(DEVICE, "GetSystemDateAndTime", "", &body);
    session
        .post(DEVICE, envelope, &Extras::default())
        .await
        .map(|_| ())
}

pub(super) fn limit_ms(session: &Session<'_>) -> i64 {
    i64::try_from(session.options.clock_limit.as_millis()).unwrap_or(i64::MAX)
}

/// O03: its clock is near the examiner's.
pub(super) async fn clock(session: &mut Session<'_>) -> Result<(), Stop> {
    session.read_clock().await?;
    let limit = limit_ms(session);
    let offset = session.offset_ms;
    if offset.abs() <= limit {
        Ok(())
    } else {
        Err(Stop::fail(format!(
            "its clock differs by {offset} ms; allowed are {limit} ms"
        )))
    }
}

/// O04: it says who it is.
pub(super) async fn identity(session: &mut Session<'_>, subject: &mut Subject) -> Result<(), Stop> {
    let answer = session.device(PROTECTED).await?;
    let payload = answer.payload()?;
    let part = |name: &str| {
        let node = payload.child(TDS, name);
        node.map(|node| node.text().trim().to_owned())
            .unwrap_or_default()
    };
    subject.vendor = part("Manufacturer");
    subject.model = part("Model");
    subject.firmware = part("FirmwareVersion");
    subject.serial = part("SerialNumber");
    let names = [
        "Manufacturer",
        "Model",
        "FirmwareVersion",
        "SerialNumber",
        "HardwareId",
    ];
    match names.into_iter().find(|name| part(name).is_empty()) {
        None => Ok(()),
        Some(name) => Err(Stop::fail(format!("{name} is empty"))),
    }
}

/// O05: it lists its services under addresses that lead to it.
pub(super) async fn services(session: &mut Session<'_>) -> Result<(), Stop> {
    let services = session.services().await?;
    for needed in [TDS, TEV] {
        if !services.iter().any(|(namespace, _)| namespace == needed) {
            return Err(Stop::fail(format!("GetServices does not list {needed}")));
        }
    }
    for (_, address) in &services {
        let uri: http::Uri = address
            .parse()
            .map_err(|_| Stop::fail(format!("`{address}` is no address")))?;
        if uri.host() != Some(session.address.ip().to_string().as_str()) {
            return Err(Stop::fail(format!(
                "it names the address {address}, but is examined at {}",
                session.address
            )));
        }
    }
    Ok(())
}

fn login(session: &Session<'_>) -> Result<Login, Stop> {
    session
        .options
        .login
        .clone()
        .ok_or_else(|| Stop::skip("no user and password were given"))
}

async fn protected(session: &mut Session<'_>, extras: &Extras) -> Result<Answer, Stop> {
    let body = empty("tds", TDS, PROTECTED);
    session.bare(DEVICE, PROTECTED, &body, extras).await
}

async fn refused(session: &mut Session<'_>, extras: &Extras, what: &str) -> Result<(), Stop> {
    let answer = protected(session, extras).await?;
    if answer.refuses_login() {
        return Ok(());
    }
    Err(Stop::fail(match answer.fault() {
        Some(fault) => format!("{what} was answered by {fault}, not by NotAuthorized or HTTP 401"),
        None => format!("{what} was accepted: HTTP {}", answer.status),
    }))
}

fn with(header: String) -> Extras {
    Extras {
        header,
        ..Extras::default()
    }
}

/// O06: no login, no answer.
pub(super) async fn nobody(session: &mut Session<'_>) -> Result<(), Stop> {
    refused(session, &Extras::default(), "a call without login").await
}

/// O07: the right login works.
pub(super) async fn right_login(session: &mut Session<'_>) -> Result<(), Stop> {
    login(session)?;
    if session.way.is_none() {
        return Err(Stop::fail(
            "neither the token nor the digest login with the given password is accepted",
        ));
    }
    session.device(PROTECTED).await.map(|_| ())
}

/// O08: a token with another password is refused.
pub(super) async fn wrong_token(session: &mut Session<'_>) -> Result<(), Stop> {
    let token = login(session)?.wrong().token(session.device_now());
    refused(session, &with(token), "a token with a wrong password").await
}

/// O09: a digest with another password is refused.
pub(super) async fn wrong_digest(session: &mut Session<'_>) -> Result<(), Stop> {
    let wrong = login(session)?.wrong();
    let first = protected(session, &Extras::default()).await?;
    let digest = first
        .challenges
        .iter()
        .find_map(|challenge| wrong.digest(challenge, DEVICE));
    let Some(digest) = digest else {
        return Err(Stop::skip("the device offers no HTTP Digest"));
    };
    let extras = Extras {
        authorization: Some(digest),
        ..Extras::default()
    };
    refused(session, &extras, "a digest with a wrong password").await
}

/// A token that the device takes at all, without which replays prove nothing.
async fn taken(session: &mut Session<'_>) -> Result<String, Stop> {
    let token = login(session)?.token(session.device_now());
    if protected(session, &with(token.clone()))
        .await?
        .refuses_login()
    {
        return Err(Stop::skip("the device takes no tokens"));
    }
    Ok(token)
}

/// O10: a token of yesterday is refused.
pub(super) async fn stale_token(session: &mut Session<'_>) -> Result<(), Stop> {
    taken(session).await?;
    let yesterday = session.device_now().plus_seconds(-86_400);
    let token = login(session)?.token(yesterday);
    refused(session, &with(token), "a token of yesterday").await
}

/// O11: a token works once.
pub(super) async fn used_token(session: &mut Session<'_>) -> Result<(), Stop> {
    let token = taken(session).await?;
    refused(session, &with(token), "a token used before").await
}

/// O12: what it does not know, it refuses by the right fault.
pub(super) async fn unknown_operation(session: &mut Session<'_>) -> Result<(), Stop> {
    let body = empty("tds", TDS, "GetNothing");
    let answer = session
        .ask(DEVICE, "GetNothing", &body, Extras::default())
        .await?;
    let Some(fault) = answer.fault() else {
        return Err(Stop::fail(format!(
            "an unknown operation was answered with HTTP {} and no fault",
            answer.status
        )));
    };
    let known = ["ActionNotSupported", "UnknownAction", "WellFormed"];
    if fault
        .subcodes
        .iter()
        .any(|code| known.contains(&code.as_str()))
    {
        Ok(())
    } else {
        Err(Stop::fail(format!(
            "an unknown operation was answered by {fault}, not by ActionNotSupported"
        )))
    }
}

async fn alive(session: &mut Session<'_>, when: &str) -> Result<(), Stop> {
    session.read_clock().await.map_err(|stop| match stop {
        Stop::Fail(text) => Stop::Fail(format!("{when}: {text}")),
        skip => skip,
    })
}

/// O13: garbage is refused, and it lives on.
pub(super) async fn garbage(session: &mut Session<'_>) -> Result<(), Stop> {
    let old = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <GetDeviceInformation xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/></e:Body></e:Envelope>";
    let entities = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;</a>";
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("random bytes", &[0, 0xff, 0x13, 0x37, b'<', b'<', 0x80]),
        (
            "half an envelope",
            b"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Bo",
        ),
        ("an envelope of SOAP 1.1", old.as_bytes()),
        ("a document type with entities", entities.as_bytes()),
    ] {
        // A cut is as good an answer as a fault; a normal answer is none.
        if let Ok(answer) = session
            .post(DEVICE, bytes.to_vec(), &Extras::default())
            .await
        {
            let normal = (200..300).contains(&answer.status) && answer.fault().is_none();
            if normal && answer.payload().is_ok() {
                return Err(Stop::fail(format!("{name} got a normal answer")));
            }
        }
        alive(session, &format!("after {name}")).await?;
    }
    Ok(())
}

/// O14: a request of three megabytes does not bring it down.
pub(super) async fn oversized(session: &mut Session<'_>) -> Result<(), Stop> {
    let body = empty("tds", TDS, "GetSystemDateAndTime");
    let padding = " ".repeat(3 * 1024 * 1024);
    let envelope = session.envelope(DEVICE, "GetSystemDateAndTime", &padding, &body);
    let _ = session.post(DEVICE, envelope, &Extras::default()).await;
    alive(session, "after a request of 3 MiB").await
}

/// O15: half a request on one connection holds up no other.
pub(super) async fn half_request(session: &mut Session<'_>) -> Result<(), Stop> {
    let mut held = Vec::new();
    for half in [
        "POST /onvif/device_service HTTP/1.1\r\nHo",
        "POST /onvif/device_service HTTP/1.1\r\nHost: device\r\nContent-Length: 1000\r\n\r\n<s:",
    ] {
        let connecting = TcpStream::connect(session.address);
        let Ok(Ok(mut stream)) = tokio::time::timeout(session.options.timeout, connecting).await
        else {
            return Err(Stop::fail("it takes no second connection"));
        };
        let _ = stream.write_all(half.as_bytes()).await;
        held.push(stream);
    }
    for _ in 0..5 {
        alive(session, "while other connections hold half a request").await?;
    }
    Ok(())
}

/// O29: it comes back from a reboot, with its clock, and knows or refuses old subscriptions.
pub(super) async fn reboot(session: &mut Session<'_>) -> Result<(), Stop> {
    if !session.options.reboot {
        return Err(Stop::skip("the examiner was told not to reboot it"));
    }
    let before = session.offset_ms;
    let old = session.watched().await.ok();
    session.device("SystemReboot").await?;
    session.comes_back(session.options.reboot_limit).await?;
    if let Some(old) = old {
        // Alive or gone, both are lawful; silence is not.
        let pulled = session.pull(&old, 1, 10).await;
        if let Err(Stop::Fail(text)) = pulled
            && !text.contains("fault")
        {
            return Err(Stop::fail(format!(
                "after the reboot, the subscription from before: {text}"
            )));
        }
    }
    session.watch = None;
    let jump = session.offset_ms - before;
    if jump.abs() > limit_ms(session) {
        return Err(Stop::fail(format!(
            "the reboot moved its clock by {jump} ms"
        )));
    }
    tokio::time::timeout(Duration::from_secs(60), session.device(PROTECTED))
        .await
        .map_err(|_| Stop::fail("after the reboot no login works"))?
        .map(|_| ())
}
