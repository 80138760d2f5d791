//! Orders pushed to the plant's system, and what its answers mean.

use std::time::Duration;

use cordon_contract::{Clock, Order, Outcome, OutcomeKind};
use cordon_http::{Client, HttpFault};

use crate::command;
use crate::config::Push;
use crate::secret::Secret;

/// Delivers an order before its deadline.
pub async fn deliver(
    order: &Order,
    push: &Push,
    secret: Option<&Secret>,
    client: &Client,
    clock: &dyn Clock,
) -> Outcome {
    let (now, steady) = clock.times();
    let left_ms = order.deadline.ms_since(steady);
    if left_ms <= 0 {
        return Outcome::new(
            OutcomeKind::Expired,
            "the deadline passed before it was sent",
        );
    }
    let request = match command::request(order, &push.url, secret, now.micros()) {
        Ok(request) => request,
        Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
    };
    let patience = Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())
        .min(Duration::from_secs(30));
    match client.status_within(request, patience).await {
        Ok(answer) => cordon_http::outcome_of(answer.status(), answer.body()),
        // The key makes a second try harmless, so "it may have acted" is a failure for now.
        Err(error @ (HttpFault::Timeout { .. } | HttpFault::Broken { .. })) => Outcome::new(
            OutcomeKind::Failed,
            format!("{error}; tried again with the same key"),
        ),
        Err(error) => Outcome::new(OutcomeKind::Failed, error.to_string()),
    }
}
