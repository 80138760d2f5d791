//! One device under examination: a thin client of the suite's own, and what it has learnt.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cordon_contract::Clock;
use cordon_model::{MessageId, Timestamp};
use cordon_xml::{Document, Limits, Node, Writer};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::events::{Subscription, Topic};
use super::forms;
use super::names::{SOAP, TDS, TEV, TT, WSA, WSNT, action};
use super::{Options, Stir};
use crate::Stop;

/// Path of the device service, the same on every device (ONVIF Core, device management).
pub(super) const DEVICE: &str = "/onvif/device_service";
/// Largest answer that is read.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Complaints about forms that are kept; the rest is only counted.
const COMPLAINTS_MAX: usize = 20;

/// One answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) challenges: Vec<String>,
    document: Result<Document, String>,
}

/// A SOAP 1.2 fault.
#[derive(Clone, Debug)]
pub(super) struct SoapFault {
    pub(super) code: String,
    pub(super) subcodes: Vec<String>,
    pub(super) detail: String,
    pub(super) reason: String,
}

impl std::fmt::Display for SoapFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fault {}", self.code)?;
        for part in self.subcodes.iter().chain([&self.detail, &self.reason]) {
            if !part.is_empty() {
                write!(f, " / {part}")?;
            }
        }
        Ok(())
    }
}

impl Answer {
    /// The element in the body.
    pub(super) fn payload(&self) -> Result<Node<'_>, Stop> {
        let document = self
            .document
            .as_ref()
            .map_err(|text| Stop::fail(format!("HTTP {}: {text}", self.status)))?;
        document
            .root()
            .child(SOAP, "Body")
            .filter(|_| document.root().is(SOAP, "Envelope"))
            .and_then(|body| body.children().next())
            .ok_or_else(|| Stop::fail("the answer is not a SOAP 1.2 envelope with a body"))
    }

    /// The fault, when it is one.
    pub(super) fn fault(&self) -> Option<SoapFault> {
        let node = self.payload().ok().filter(|node| node.is(SOAP, "Fault"))?;
        let local = |node: Node<'_>| {
            let text = node.text();
            let text = text.trim();
            text.rsplit(':').next().unwrap_or(text).to_owned()
        };
        let mut code = node.child(SOAP, "Code");
        let mut values = Vec::new();
        while let Some(inner) = code {
            values.extend(inner.child(SOAP, "Value").map(local));
            code = inner.child(SOAP, "Subcode");
        }
        let detail = node.child(SOAP, "Detail").and_then(|d| d.children().next());
        let reason = node
            .child(SOAP, "Reason")
            .and_then(|r| r.child(SOAP, "Text"));
        let mut values = values.into_iter();
        Some(SoapFault {
            code: values.next().unwrap_or_default(),
            subcodes: values.collect(),
            detail: detail.map(|d| d.local().to_owned()).unwrap_or_default(),
            reason: reason
                .map(|r| r.text().trim().to_owned())
                .unwrap_or_default(),
        })
    }

    /// Whether it says that the caller may not.
    pub(super) fn refuses_login(&self) -> bool {
        self.status == 401
            || self.status == 403
            || self.fault().is_some_and(|fault| {
                fault
                    .subcodes
                    .iter()
                    .any(|code| code == "NotAuthorized" || code == "FailedAuthentication")
            })
    }

    /// The answer when it is no fault.
    pub(super) fn good(self, what: &str) -> Result<Self, Stop> {
        if let Some(fault) = self.fault() {
            return Err(Stop::fail(format!("{what}: {fault}")));
        }
        if !(200..300).contains(&self.status) {
            return Err(Stop::fail(format!("{what}: HTTP {}", self.status)));
        }
        self.payload()?;
        Ok(self)
    }
}

/// By which way the device takes the login.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Token,
    Digest,
}

/// What a request carries beside its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    /// Blocks of the SOAP header.
    pub(super) header: String,
    /// HTTP `Authorization`.
    pub(super) authorization: Option<String>,
    /// Added to the time allowed for an answer.
    pub(super) longer: Duration,
}

/// The device under examination.
pub(super) struct Session<'a> {
    pub(super) options: &'a Options,
    pub(super) clock: &'a dyn Clock,
    pub(super) address: SocketAddr,
    /// The device's clock minus the examiner's, milliseconds.
    pub(super) offset_ms: i64,
    pub(super) way: Option<Way>,
    pub(super) events: Option<String>,
    pub(super) watch: Option<Subscription>,
    /// Topics of the events that came.
    pub(super) seen: Vec<Topic>,
    pub(super) complaints: Vec<String>,
    pub(super) judged: usize,
    pub(super) prepared: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(address: SocketAddr, options: &'a Options, clock: &'a dyn Clock) -> Self {
        Self {
            options,
            clock,
            address,
            offset_ms: 0,
            way: None,
            events: None,
            watch: None,
            seen: Vec::new(),
            complaints: Vec::new(),
            judged: 0,
            prepared: false,
        }
    }

    /// The time by the device's clock.
    pub(super) fn device_now(&self) -> Timestamp {
        self.clock.now().plus_ms(self.offset_ms)
    }

    /// Posts a body as it is and reads the answer.
    pub(super) async fn post(
        &self,
        path: &str,
        body: Vec<u8>,
        extras: &Extras,
    ) -> Result<Answer, Stop> {
        let patience = self.options.timeout + extras.longer;
        tokio::time::timeout(patience, self.exchange(path, body, extras))
            .await
            .map_err(|_| Stop::fail(format!("no answer within {} ms", patience.as_millis())))?
            .map_err(Stop::Fail)
    }

    async fn exchange(&self, path: &str, body: Vec<u8>, extras: &Extras) -> Result<Answer, String> {
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| format!("cannot connect: {error}"))?;
        let lost = |error: hyper::Error| format!("connection lost: {error}");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, Full<bytes::Bytes>>(TokioIo::new(stream))
                .await
                .map_err(lost)?;
        let driving = Driving(tokio::spawn(async move {
            let _ = connection.await;
        }));
        let mut request = http::Request::post(path)
            .header(http::header::HOST, self.address.to_string())
            .header(http::header::CONNECTION, "close")
            .header(
                http::header::CONTENT_TYPE,
                "application/soap+xml; charset=utf-8",
            );
        if let Some(authorization) = &extras.authorization {
            request = request.header(http::header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::new(body.into()))
            .map_err(|error| format!("the device named an address that is none: {error}"))?;
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(lost)?
            .into_parts();
        let bytes = Limited::new(body, ANSWER_MAX)
            .collect()
            .await
            .map_err(|error| format!("the answer broke off: {error}"))?
            .to_bytes();
        drop(driving);
        let challenges = head
            .headers
            .get_all(http::header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned));
        Ok(Answer {
            status: head.status.as_u16(),
            challenges: challenges.collect(),
            document: Document::parse(bytes.to_vec(), &Limits::default())
                .map_err(|fault| format!("the answer is not XML: {fault}")),
        })
    }

    /// Wraps a body into an envelope.
    pub(super) fn envelope(&self, path: &str, name: &str, header: &str, body: &str) -> Vec<u8> {
        let mut writer = Writer::with(&[("s", SOAP), ("wsa", WSA)]);
        writer.start("s", "Envelope").start("s", "Header");
        let action = action(name);
        if !action.is_empty() {
            let to = format!("http://{}{path}", self.address);
            let id = format!("urn:uuid:{}", MessageId::random());
            writer
                .element("wsa", "Action", &action)
                .element("wsa", "MessageID", &id)
                .element("wsa", "To", &to);
        }
        writer.raw(header).end().start("s", "Body").raw(body);
        writer.finish()
    }

    /// Asks without any login of its own.
    pub(super) async fn bare(
        &mut self,
        path: &str,
        name: &str,
        body: &str,
        extras: &Extras,
    ) -> Result<Answer, Stop> {
        let envelope = self.envelope(path, name, &extras.header, body);
        let answer = self.post(path, envelope, extras).await?;
        if answer.fault().is_none() && (200..300).contains(&answer.status) {
            self.judge(name, &answer);
        }
        Ok(answer)
    }

    /// Asks with the login, by the way that the device takes.
    pub(super) async fn ask(
        &mut self,
        path: &str,
        name: &str,
        body: &str,
        mut extras: Extras,
    ) -> Result<Answer, Stop> {
        let Some(login) = self.options.login.clone() else {
            return self.bare(path, name, body, &extras).await;
        };
        if self.way != Some(Way::Digest) {
            extras.header.push_str(&login.token(self.device_now()));
            return self.bare(path, name, body, &extras).await;
        }
        let first = self.bare(path, name, body, &extras).await?;
        let header = first
            .challenges
            .iter()
            .find_map(|challenge| login.digest(challenge, path));
        let Some(header) = header.filter(|_| first.status == 401) else {
            return Ok(first);
        };
        extras.authorization = Some(header);
        self.bare(path, name, body, &extras).await
    }

    /// An operation of the device service without arguments.
    pub(super) async fn device(&mut self, name: &str) -> Result<Answer, Stop> {
        let body = empty("tds", TDS, name);
        self.ask(DEVICE, name, &body, Extras::default())
            .await?
            .good(name)
    }

    /// Notes what is wrong with the form of an answer.
    fn judge(&mut self, name: &str, answer: &Answer) {
        let Ok(payload) = answer.payload() else {
            self.complain(format!("{name}: the answer is not SOAP"));
            return;
        };
        self.judged += 1;
        if let Some(complaint) = forms::judge(name, payload) {
            self.complain(complaint);
        }
    }

    pub(super) fn complain(&mut self, text: String) {
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&text) {
            self.complaints.push(text);
        }
    }

    /// Learns the device's clock, by `GetSystemDateAndTime` without login.
    pub(super) async fn read_clock(&mut self) -> Result<(), Stop> {
        let name = "GetSystemDateAndTime";
        let body = empty("tds", TDS, name);
        let asked = self.clock.now();
        let answer = self.bare(DEVICE, name, &body, &Extras::default()).await?;
        let answer = answer.good(name)?;
        let told = device_time(answer.payload()?)
            .ok_or_else(|| Stop::fail("the answer holds no readable UTCDateTime"))?;
        let middle = asked.plus_ms(self.clock.now().ms_since(asked) / 2);
        self.offset_ms = told.ms_since(middle);
        Ok(())
    }

    /// Before the first case that needs it: clock, way of logging in, address of the event service.
    pub(super) async fn prepare(&mut self) {
        if self.prepared {
            return;
        }
        self.prepared = true;
        let _ = self.read_clock().await;
        for way in [Way::Token, Way::Digest] {
            self.way = Some(way);
            if self.device("GetDeviceInformation").await.is_ok() {
                break;
            }
            self.way = None;
        }
        if let Ok(services) = self.services().await {
            self.events = services
                .iter()
                .find(|(namespace, _)| namespace == TEV)
                .and_then(|(_, address)| path_of(address));
        }
    }

    /// Namespace and address of each service.
    pub(super) async fn services(&mut self) -> Result<Vec<(String, String)>, Stop> {
        let body = "<tds:GetServices xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\">\
             <tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>";
        let answer = self
            .ask(DEVICE, "GetServices", body, Extras::default())
            .await?
            .good("GetServices")?;
        let services = answer.payload()?.children().filter_map(|service| {
            let text = |name| Some(service.child(TDS, name)?.text().trim().to_owned());
            Some((text("Namespace")?, text("XAddr")?))
        });
        Ok(services.collect())
    }

    /// Lets something happen in front of the device.
    pub(super) async fn stir(&self, stir: Stir) -> Result<(), Stop> {
        let Some(stimulus) = &self.options.stimulus else {
            return Err(Stop::skip(
                "nothing can be made to happen in front of the device: no stimulus and no operator",
            ));
        };
        stimulus(stir)
            .await
            .map_err(|text| Stop::skip(format!("the stimulus did not work: {text}")))
    }

    /// Waits until the device answers again; how long it took.
    pub(super) async fn comes_back(&mut self, limit: Duration) -> Result<Duration, Stop> {
        let since = Instant::now();
        let mut went = false;
        // A device that was never seen away has had its time to go.
        let settled = Duration::from_secs(15).min(limit / 2);
        loop {
            match self.read_clock().await {
                Ok(()) if went || since.elapsed() > settled => return Ok(since.elapsed()),
                Ok(()) => {}
                Err(_) => went = true,
            }
            if since.elapsed() > limit {
                let text = format!("it was not back within {} s", limit.as_secs());
                return Err(Stop::fail(text));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Aborts the task when the exchange ends.
struct Driving(tokio::task::JoinHandle<()>);

impl Drop for Driving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An element without content.
pub(super) fn empty(prefix: &str, namespace: &str, name: &str) -> String {
    let mut writer = Writer::with(&[(prefix, namespace)]);
    writer.start(prefix, name).end();
    String::from_utf8_lossy(&writer.finish()).into_owned()
}

/// The path and query of an `http` address.
pub(super) fn path_of(address: &str) -> Option<String> {
    let uri: http::Uri = address.trim().parse().ok()?;
    Some(uri.path_and_query()?.as_str().to_owned())
}

fn device_time(payload: Node<'_>) -> Option<Timestamp> {
    let utc = payload.elements().find(|node| node.is(TT, "UTCDateTime"))?;
    let number = |part: &str, name: &str| -> Option<i32> {
        utc.child(TT, part)?
            .child(TT, name)?
            .text()
            .trim()
            .parse()
            .ok()
    };
    let small = |part: &str, name: &str| u8::try_from(number(part, name)?).ok();
    let civil = cordon_model::Civil {
        year: number("Date", "Year")?,
        month: small("Date", "Month")?,
        day: small("Date", "Day")?,
        hour: small("Time", "Hour")?,
        minute: small("Time", "Minute")?,
        second: small("Time", "Second")?,
        micro: 0,
    };
    // The device cuts the second; its middle is the best guess.
    Some(Timestamp::from_civil(civil, 0)?.plus_ms(500))
}

/// Namespace of the operations on a subscription.
pub(super) fn namespace_of(name: &str) -> &'static str {
    match name {
        "Renew" | "Unsubscribe" => WSNT,
        _ => TEV,
    }
}
