//! The exchange with one camera: HTTP, login, retries. With `session.rs` the only file that
//! touches the network.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use bytes::Bytes;
use cordon_contract::{Clock, Shutdown};
use cordon_http::{Client, ClientOptions, HttpFault};
use cordon_model::Timestamp;
use http::header;

use crate::address::Address;
use crate::config::{Auth, CameraConfig};
use crate::login::{self, Account, Challenge, Token};
use crate::operation;
use crate::salvage::is_chinese;
use crate::soap::{self, Answer, Reply, Request, SoapFault};
use crate::times;
use crate::trouble::Trouble;

/// Tries of a request that changes nothing.
const TRIES: u32 = 3;
/// Between two such tries.
const PAUSE: Duration = Duration::from_millis(200);
/// A clock this far off may be a local time told as UTC: at least half an hour, at most a zone.
const ZONE_MS: std::ops::RangeInclusive<i64> = 1_800_000..=54_000_000;
const QUARTER_MS: i64 = 900_000;
/// How far a local time may lie beside a whole quarter of an hour.
const ZONE_SLACK_MS: i64 = 120_000;
/// A clock that moved by this much makes another token worth a try.
const MOVED_MS: i64 = 2_000;
/// Challenges answered for one request.
const ROUNDS: u32 = 3;

/// How the camera wants a login.
#[derive(Clone, Debug)]
enum Way {
    /// Not known yet: asked without one.
    Unknown,
    /// HTTP Digest with this challenge, used so often.
    Digest(Challenge, u32),
    /// A token.
    Token,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct To<'a> {
    /// The address.
    pub(crate) url: &'a str,
    /// Reference parameters to echo.
    pub(crate) references: &'a str,
}

impl<'a> To<'a> {
    /// An address without reference parameters.
    pub(crate) fn at(url: &'a str) -> Self {
        Self {
            url,
            references: "",
        }
    }
}

/// The line to one camera.
pub(crate) struct Line {
    client: Client,
    pub(crate) address: Address,
    auth: Auth,
    account: Option<Account>,
    way: Way,
    /// Camera clock minus hub clock for tokens, best guess first; milliseconds.
    offsets: Vec<i64>,
    clock: Arc<dyn Clock>,
    shutdown: Option<Shutdown>,
    timeout: Duration,
    bytes_max: usize,
    unread: Option<Part>,
}

/// An answer that could not be read, as far as it came.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) status: u16,
    pub(crate) bytes: Bytes,
    /// Whether all of it came.
    pub(crate) is_whole: bool,
    /// Whether it was sent as Chinese that is not UTF-8.
    pub(crate) is_chinese: bool,
}

impl Line {
    /// A line that was not used yet.
    pub(crate) fn new(
        config: &CameraConfig,
        tls: Option<Arc<rustls::ClientConfig>>,
        clock: Arc<dyn Clock>,
        shutdown: Option<Shutdown>,
    ) -> Result<Self, Trouble> {
        let timeout = Duration::from_secs(u64::from(config.timeout_s));
        let client = Client::new(ClientOptions {
            tls,
            connect_timeout: timeout,
            timeout,
            body_max: config.answer_bytes_max,
            idle: Duration::from_secs(30),
        });
        Ok(Self {
            client,
            address: Address::parse(&config.address).map_err(Trouble::Link)?,
            auth: config.auth,
            account: None,
            way: Way::Unknown,
            offsets: vec![0],
            clock,
            shutdown,
            timeout,
            bytes_max: config.answer_bytes_max,
            unread: None,
        })
    }

    /// What came last, if it could not be read. A camera hands an event over once, so it is looked at again.
    pub(crate) fn take_unread(&mut self) -> Option<Part> {
        self.unread.take()
    }

    /// Who the hub is from now on.
    pub(crate) fn log_in_as(&mut self, account: Option<Account>) {
        self.account = account;
    }

    /// From now on requests are sent although the hub stops: to say goodbye.
    pub(crate) fn ignore_shutdown(&mut self) {
        self.shutdown = None;
    }

    /// The hub's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks for the camera's clock and remembers how far it is off. Milliseconds; `None` when the
    /// camera tells no time that can be read.
    pub(crate) async fn read_clock(&mut self) -> Result<Option<i64>, Trouble> {
        let url = self.address.device_service();
        let sent = self.now();
        let request = operation::date_and_time();
        let answer = self.ask(&request, To::at(&url)).await?;
        let middle = sent.plus_micros(self.now().ms_since(sent) * 500);
        let Some(told) = operation::read_clock(&answer) else {
            self.offsets = vec![0];
            return Ok(None);
        };
        // The camera tells whole seconds; on average half a second is missing.
        let offset = told.ms_since(middle) + 500;
        self.offsets = guesses(offset);
        Ok(Some(offset))
    }

    /// A request that changes nothing: tried again when the line or the answer is bad.
    pub(crate) async fn ask(&mut self, request: &Request, to: To<'_>) -> Result<Answer, Trouble> {
        let mut tries = 1;
        loop {
            match self.tell(request, to, self.timeout).await {
                Err(trouble) if trouble.passes() && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }

    /// A request sent once, with as many logins as it needs.
    pub(crate) async fn tell(
        &mut self,
        request: &Request,
        to: To<'_>,
        limit: Duration,
    ) -> Result<Answer, Trouble> {
        let refused = match self.attempt(request, to, limit).await {
            Err(Trouble::Login(text)) => text,
            other => return other,
        };
        // A token may be refused for its time: look at the clock again, then try what is left.
        let asks_for_time = request.action.ends_with("/GetSystemDateAndTime");
        if !matches!(self.way, Way::Token) || asks_for_time {
            return Err(Trouble::Login(refused));
        }
        let tried = self.offsets.first().copied().unwrap_or_default();
        Box::pin(self.read_clock()).await?;
        let mut left = self.offsets.clone();
        left.retain(|offset| (offset - tried).abs() > MOVED_MS);
        for offset in left {
            self.offsets.retain(|other| *other != offset);
            self.offsets.insert(0, offset);
            match self.attempt(request, to, limit).await {
                Err(Trouble::Login(_)) => {}
                other => return other,
            }
        }
        // None of them was right; the next try begins with the clock as told.
        self.offsets = vec![tried];
        Err(Trouble::Login(refused))
    }

    /// One request: bare at first where the way is not known, then as the camera asks.
    async fn attempt(
        &mut self,
        request: &Request,
        to: To<'_>,
        limit: Duration,
    ) -> Result<Answer, Trouble> {
        let mut rounds = 0;
        loop {
            let token = self.token(matches!(self.way, Way::Token));
            let shown_token = token.is_some();
            let answer = self.exchange(request, to, token, limit).await?;
            let denied = matches!(answer.status, 401 | 403);
            let said = match answer.reply {
                Ok(Reply::Answer(answer)) => return Ok(answer),
                Ok(Reply::Fault(fault)) if denied || fault.is_login() => fault.text(),
                Ok(Reply::Fault(fault)) => return Err(of_fault(&fault)),
                Err(_) if denied => format!("HTTP status {}", answer.status),
                Err(detail) => return Err(Trouble::Answer(detail)),
            };
            if self.account.is_none() {
                let text = format!("a login is needed and none is configured ({said})");
                return Err(Trouble::Login(text));
            }
            match answer.challenge.filter(|_| self.auth.digest()) {
                // A first challenge, or a new one for a nonce that was used up.
                Some(challenge) if rounds == 0 || (challenge.stale && rounds < ROUNDS) => {
                    rounds += 1;
                    self.way = Way::Digest(challenge, 0);
                }
                None if self.auth.token() && !shown_token => self.way = Way::Token,
                _ => {
                    if matches!(self.way, Way::Digest(..)) {
                        self.way = Way::Unknown;
                    }
                    return Err(Trouble::Login(format!(
                        "user or password is refused: {said}"
                    )));
                }
            }
        }
    }

    fn token(&self, wanted: bool) -> Option<Token> {
        let account = self.account.as_ref()?;
        if !wanted && self.auth != Auth::Both {
            return None;
        }
        let offset = self.offsets.first().copied().unwrap_or_default();
        let created = times::zulu(times::moved(self.now(), offset));
        Some(login::token(account, random(), created))
    }

    async fn exchange(
        &mut self,
        request: &Request,
        to: To<'_>,
        token: Option<Token>,
        limit: Duration,
    ) -> Result<Exchanged, Trouble> {
        let body = soap::envelope(request, to.url, to.references, token.as_ref());
        let uri: http::Uri = to
            .url
            .parse()
            .map_err(|error| Trouble::Answer(format!("`{}`: {error}", to.url)))?;
        let mut built = http::Request::post(uri.clone()).header(
            header::CONTENT_TYPE,
            format!(
                "application/soap+xml; charset=utf-8; action=\"{}\"",
                request.action
            ),
        );
        if let (Way::Digest(challenge, count), Some(account)) = (&mut self.way, &self.account) {
            *count = count.saturating_add(1);
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            let cnonce = login::hex(&random());
            let value = challenge.answer(account, "POST", path, *count, &cnonce);
            built = built.header(header::AUTHORIZATION, value);
        }
        let built = built
            .body(Bytes::from(body))
            .map_err(|error| Trouble::Answer(format!("request cannot be made: {error}")))?;
        self.unread = None;
        let sending = self.client.part_within(built, limit);
        let answer = match self.shutdown.clone() {
            Some(shutdown) => tokio::select! {
                biased;
                () = shutdown.wait() => return Err(Trouble::Stop),
                answer = sending => answer,
            },
            None => sending.await,
        };
        let (answer, cut) = answer.map_err(|fault| Trouble::Link(fault.to_string()))?;
        let (head, body) = answer.into_parts();
        let is_chinese = charset(&head.headers).is_some_and(is_chinese);
        let mut unread = |is_whole: bool| {
            self.unread = Some(Part {
                status: head.status.as_u16(),
                bytes: body.clone(),
                is_whole,
                is_chinese,
            });
        };
        if let Some(fault) = cut {
            unread(false);
            return Err(match fault {
                HttpFault::TooLarge { limit_bytes } => Trouble::TooLarge(limit_bytes),
                other => Trouble::Link(other.to_string()),
            });
        }
        let challenges = head.headers.get_all(header::WWW_AUTHENTICATE);
        let challenge =
            Challenge::strongest(challenges.iter().filter_map(|value| value.to_str().ok()));
        let status = head.status.as_u16();
        // Where it says so by its head alone, what it says may look like UTF-8 and mean something else.
        let read = match is_chinese && !body.is_ascii() {
            true => Err("letters that are not UTF-8".to_owned()),
            false => soap::read(body.to_vec(), self.bytes_max),
        };
        let reply = read.or_else(|detail| mended(request, &body).ok_or(detail));
        let reply = reply.map_err(|detail| {
            unread(true);
            let dump = String::from_utf8_lossy(body.get(..60).unwrap_or(&body)).into_owned();
            format!("HTTP status {status}, {detail}, begins with {dump:?}")
        });
        Ok(Exchanged {
            status,
            challenge,
            reply,
        })
    }
}

/// An answer before it is judged.
struct Exchanged {
    status: u16,
    challenge: Option<Challenge>,
    reply: Result<Reply, String>,
}

/// What an answer that is no XML says. Events are saved one by one instead, so that what is mended is told; a
/// fault holds none.
fn mended(request: &Request, body: &[u8]) -> Option<Reply> {
    let has_events = request.action.ends_with("/PullMessagesRequest");
    let reply = soap::read_mended(body).ok()?;
    (!has_events || matches!(reply, Reply::Fault(_))).then_some(reply)
}

/// The encoding that the head of an answer names.
fn charset(headers: &http::HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = value.split(';').filter_map(|part| part.split_once('='));
    let found = parts.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    found.map(|(_, value)| value.trim().trim_matches('"'))
}

fn of_fault(fault: &SoapFault) -> Trouble {
    let text = fault.text();
    if fault.says("ResourceUnknown") || fault.says("InvalidMessageContent") {
        Trouble::Gone(text)
    } else if fault.says("SubscribeCreationFailed") || fault.says("MaxPullPoints") {
        Trouble::Full(text)
    } else {
        Trouble::Refused(text)
    }
}

/// The clock as told, and what it would be if the field held local time.
fn guesses(offset: i64) -> Vec<i64> {
    let quarters = (offset + offset.signum() * QUARTER_MS / 2) / QUARTER_MS * QUARTER_MS;
    let rest = offset - quarters;
    if ZONE_MS.contains(&offset.abs()) && rest.abs() <= ZONE_SLACK_MS {
        vec![offset, rest]
    } else {
        vec![offset]
    }
}

/// Sixteen random bytes; zeros when the machine has none, which only makes a nonce a bad one.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let _ = rand::fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::{charset, guesses};

    #[test]
    fn the_head_names_an_encoding() {
        for (value, wanted) in [
            ("text/xml", None),
            (
                "application/soap+xml; Charset=\"GBK\"; action=\"a\"",
                Some("GBK"),
            ),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", value.parse().unwrap());
            assert_eq!(charset(&headers), wanted);
        }
    }

    #[test]
    fn a_local_time_is_guessed() {
        assert_eq!(guesses(400), vec![400]);
        assert_eq!(guesses(-20_000), vec![-20_000]);
        assert_eq!(guesses(28_800_700), vec![28_800_700, 700]);
        assert_eq!(guesses(-12_600_300), vec![-12_600_300, -300]);
        assert_eq!(guesses(-15_552_000_000), vec![-15_552_000_000]);
    }
}
