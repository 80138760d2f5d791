//! The HTTP side: connections, logins, limits, and the quirks of the transport.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use cordon_xml::Document;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::auth::{Attempt, Login};
use crate::camera::{Core, Power};
use crate::clock::true_ms;
use crate::ids::{TDS, TEV, TRT, WSNT, WSSE};
use crate::soap::{Call, Fault, LIMITS, envelope};
use crate::{Event, Mutant, device, events, media};

type Answer = http::Response<Full<Bytes>>;

/// The exchange is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

/// Accepts connections for as long as the task lives.
pub(crate) async fn serve(core: Arc<Core>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if *core.power.borrow() == Power::On {
            connections.spawn(connection(Arc::clone(&core), stream));
        }
    }
}

/// Serves one connection until it ends or the camera goes off.
async fn connection(core: Arc<Core>, stream: TcpStream) {
    let mut power = core.power.subscribe();
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| exchange(Arc::clone(&core), request));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        _ = power.wait_for(|power| *power == Power::Off) => {}
    }
}

async fn exchange(core: Arc<Core>, request: http::Request<Incoming>) -> Result<Answer, Cut> {
    core.count_request();
    let number = core.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
    let quirks = &core.settings.quirks;
    let due = |every: u32| every > 0 && number.is_multiple_of(u64::from(every));
    if quirks.slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(quirks.slow_ms)).await;
    }
    if due(quirks.hang_every) {
        std::future::pending::<Infallible>().await;
    }
    if due(quirks.drop_every) {
        return Err(Cut);
    }
    if due(quirks.garbage_every) {
        return Ok(plain(200, "\u{0}<<<%% lp0 on fire"));
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, core.settings.body_max).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(closing(plain(413, "the request is too large"))),
    };
    Ok(respond(&core, &head, body).await)
}

async fn respond(core: &Arc<Core>, head: &http::request::Parts, body: Bytes) -> Answer {
    let path = head.uri.path();
    if head.method == http::Method::GET && path == "/onvif/snapshot" {
        return snapshot(core, head);
    }
    if let Some(name) = path.strip_prefix("/rehearsal/") {
        return rehearse(core, name);
    }
    if !path.starts_with("/onvif/") {
        return plain(404, "nothing here");
    }
    if head.method != http::Method::POST {
        return plain(405, "SOAP wants POST");
    }
    let document = match Document::parse(body, &LIMITS) {
        Ok(document) => document,
        Err(fault) => {
            let reason = format!("not well-formed: {fault}");
            return faulty(core, &Fault::sender(&["ter:WellFormed"], &reason));
        }
    };
    let call = match Call::open(&document) {
        Ok(call) => call,
        Err(fault) => return faulty(core, &fault),
    };
    if let Some(refusal) = login(core, head, Some(&call)) {
        return refusal;
    }
    match dispatch(core, &call, head).await {
        Ok(answer) => soap(200, envelope(&call.reply_header(), &answer)),
        Err(fault) => faulty(core, &fault),
    }
}

/// Lets something happen on request; only a camera that is there to be rehearsed with does this.
fn rehearse(core: &Core, name: &str) -> Answer {
    let event = match name {
        _ if !core.settings.rehearsal => return plain(404, "nothing here"),
        "crossing" => Event::line_crossed("Fence", 1),
        "motion-begins" => Event::motion(true),
        "motion-ends" => Event::motion(false),
        _ => return plain(404, "crossing, motion-begins or motion-ends"),
    };
    core.tell(&event);
    plain(200, "done")
}

/// Operations of the standard's access class `PRE_AUTH`.
fn needs_login(call: &Call<'_>) -> bool {
    let open = [
        "GetWsdlUrl",
        "GetServices",
        "GetServiceCapabilities",
        "GetCapabilities",
        "GetHostname",
        "GetSystemDateAndTime",
    ];
    !open.contains(&call.payload.local())
}

/// `None` when the caller may go on.
fn login(core: &Core, head: &http::request::Parts, call: Option<&Call<'_>>) -> Option<Answer> {
    if !call.is_none_or(needs_login) {
        return None;
    }
    let attempt = Attempt {
        authorization: head
            .headers
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()),
        security: call.and_then(|call| call.header(WSSE, "Security")),
        now_ms: true_ms(),
        camera_ms: core.camera_ms(),
        method: head.method.as_str(),
    };
    let mut state = core.state();
    let login = state.logins.judge(&core.settings, attempt);
    let stale = match login {
        Login::Known => return None,
        Login::Nobody if core.settings.mutant == Some(Mutant::OpenDoor) => return None,
        Login::TokenRefused(why) => {
            drop(state);
            core.count_refused();
            return Some(faulty(core, &Fault::not_authorized(why)));
        }
        Login::Nobody => false,
        Login::DigestRefused { stale } => stale,
    };
    let challenges = match core.settings.quirks.token_only {
        true => Vec::new(),
        false => state.logins.challenge(&core.settings, true_ms(), stale),
    };
    drop(state);
    core.count_refused();
    let fault = Fault::not_authorized("a login is needed");
    if challenges.is_empty() {
        return Some(faulty(core, &fault));
    }
    let mut answer = soap(401, fault.envelope());
    for challenge in challenges {
        if let Ok(value) = http::HeaderValue::from_str(&challenge) {
            answer
                .headers_mut()
                .append(http::header::WWW_AUTHENTICATE, value);
        }
    }
    Some(answer)
}

async fn dispatch(
    core: &Arc<Core>,
    call: &Call<'_>,
    head: &http::request::Parts,
) -> Result<String, Fault> {
    let host = head
        .headers
        .get(http::header::HOST)
        .and_then(|value| value.to_str().ok())
        .map_or_else(|| core.addr.to_string(), str::to_owned);
    let path = head.uri.path();
    let on_subscription = path.starts_with("/onvif/subscription");
    let answer = match call.payload.namespace() {
        TDS => device::answer(core, call, &host),
        TRT => media::answer(core, call, &host),
        WSNT => events::manage(core, call, path).await,
        TEV if on_subscription => events::manage(core, call, path).await,
        TEV => events::answer(core, call, &host),
        _ => Err(device::unknown(core, call.payload.local())),
    };
    match answer {
        Err(fault) if core.settings.mutant == Some(Mutant::YesMan) && fault.unsupported() => Ok(
            "<tds:SystemRebootResponse><tds:Message>ok</tds:Message></tds:SystemRebootResponse>"
                .to_owned(),
        ),
        answer => answer,
    }
}

fn snapshot(core: &Core, head: &http::request::Parts) -> Answer {
    if let Some(refusal) = login(core, head, None) {
        return refusal;
    }
    let picture = base64::engine::general_purpose::STANDARD
        .decode(media::SNAPSHOT)
        .unwrap_or_default();
    typed(200, "image/jpeg", picture)
}

fn faulty(core: &Core, fault: &Fault) -> Answer {
    core.count_fault();
    soap(fault.status, fault.envelope())
}

fn soap(status: u16, text: String) -> Answer {
    typed(
        status,
        "application/soap+xml; charset=utf-8",
        text.into_bytes(),
    )
}

fn plain(status: u16, text: &str) -> Answer {
    typed(
        status,
        "text/plain; charset=utf-8",
        text.as_bytes().to_vec(),
    )
}

fn closing(mut answer: Answer) -> Answer {
    let close = http::HeaderValue::from_static("close");
    answer.headers_mut().insert(http::header::CONNECTION, close);
    answer
}

fn typed(status: u16, kind: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = http::Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(kind),
    );
    answer
}
