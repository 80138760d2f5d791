//! The network: calls within their time, and what the answers mean. Mails go by [`crate::smtp`].

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Outcome, OutcomeKind};
use cordon_http::Client;

/// Calls a webhook and reads its answer.
pub(crate) async fn call(
    client: &Client,
    request: http::Request<Bytes>,
    patience: Duration,
) -> Outcome {
    match client.status_within(request, patience).await {
        Ok(answer) => cordon_http::outcome_of(answer.status(), answer.body()),
        // The idempotency key makes a second try harmless, so "it may have heard" is no end.
        Err(error) => Outcome::new(OutcomeKind::Failed, error.to_string()),
    }
}
