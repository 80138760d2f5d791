//! The webhook: the plant's system calls, we answer when it is durable.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Accepted, Clock, Fault, Intake, IntakeError, LinkState};
use cordon_http::{Handler, Request, Response};
use http::{Method, StatusCode};

use crate::answer;
use crate::authenticate::{Call, SIGNATURE_HEADER, TIMESTAMP_HEADER, admit};
use crate::config::{Config, Webhook};
use crate::decode::{Common, decode};
use crate::health::Health;
use crate::secret::Secret;

/// Answers calls.
pub struct Hook {
    /// The configuration.
    pub config: Arc<Config>,
    /// Its webhook part.
    pub webhook: Webhook,
    /// The shared secret.
    pub secret: Option<Secret>,
    /// Where events go.
    pub intake: Intake,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What operators see.
    pub health: Arc<Health>,
}

impl Handler for Hook {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(async move {
            match self.take(&request).await {
                Ok(answer) => answer,
                Err((status, fault)) => {
                    tracing::warn!(
                        adapter = %self.config.name, peer = %request.peer, %fault, "call refused"
                    );
                    answer::refusal(status, &fault)
                }
            }
        })
    }
}

impl Hook {
    async fn take(&self, request: &Request) -> Result<Response, (StatusCode, Fault)> {
        let http = &request.http;
        let path = http.uri().path();
        let event = self.event(path).ok_or_else(|| {
            let fault = Fault::new("A047", "no such address")
                .remedy(format!("post events to {}/EVENT", self.webhook.path));
            (StatusCode::NOT_FOUND, fault)
        })?;
        if http.method() != Method::POST {
            let fault = Fault::new("A047", "events are posted").remedy("use POST");
            return Err((StatusCode::METHOD_NOT_ALLOWED, fault));
        }
        // Nothing reads one, and nobody signs it.
        if http.uri().query().is_some() {
            let fault = Fault::new("A047", "the address has no query")
                .remedy(format!("post to {path} alone"));
            return Err((StatusCode::BAD_REQUEST, fault));
        }
        let header = |name: &str| {
            http.headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let call = Call {
            path,
            body: http.body(),
            timestamp: header(TIMESTAMP_HEADER),
            signature: header(SIGNATURE_HEADER),
            certificate: request.certificates.first().map(AsRef::as_ref),
        };
        let now = self.clock.now();
        let (known, window_s) = (&self.webhook.certificates, self.webhook.window_s);
        admit(call, self.secret.as_ref(), known, window_s, now)
            .map_err(|fault| (StatusCode::UNAUTHORIZED, fault))?;
        self.health.link(LinkState::Online, "", now);
        let common = Common {
            partner: &self.config.partner,
            mapping: &self.config.mapping,
            event,
            id: &self.webhook.id,
            is_record: self.config.is_record(event),
            received_at: now,
        };
        let events =
            decode(http.body(), common).map_err(|fault| (StatusCode::PAYLOAD_TOO_LARGE, fault))?;
        let readings = events.into_iter().map(|event| event.reading);
        let offers = self.intake.offer_all(readings);
        let patience = Duration::from_secs(u64::from(self.webhook.answer_within_s));
        match tokio::time::timeout(patience, offers).await {
            Ok(results) => Ok(self.answer(&results)),
            Err(_) => Ok(answer::later()),
        }
    }

    fn answer(&self, results: &[Result<Accepted, IntakeError>]) -> Response {
        for result in results {
            match result {
                Ok(_) => self.health.event(true),
                Err(IntakeError::Refused(fault)) => {
                    tracing::warn!(adapter = %self.config.name, %fault, "event refused");
                    self.health.event(false);
                }
                Err(IntakeError::Closed) => {}
            }
        }
        answer::of_events(results)
    }

    /// The event name in a path.
    fn event<'a>(&self, path: &'a str) -> Option<&'a str> {
        let event = path
            .strip_prefix(self.webhook.path.as_str())?
            .strip_prefix('/')?;
        let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (!event.is_empty() && event.len() <= 64 && event.bytes().all(lawful)).then_some(event)
    }
}
