//! One push over HTTP.

use std::time::Duration;

use cordon_contract::{Outcome, OutcomeKind, SignedReport};
use cordon_http::Client;

use crate::command::{request, verdict};

/// Posts a report once and says what came of it. The idempotency key makes every further try
/// harmless, so an answer that got lost is a failure for now and not an end.
pub async fn push(
    client: &Client,
    report: &SignedReport,
    url: &str,
    token: Option<&str>,
    patience: Duration,
) -> Outcome {
    let request = match request(report, url, token) {
        Ok(request) => request,
        Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
    };
    match client.status_within(request, patience).await {
        Ok(answer) => {
            let said: String = String::from_utf8_lossy(answer.body())
                .chars()
                .take(120)
                .collect();
            Outcome::new(
                verdict(answer.status()),
                format!("answered {} {said}", answer.status()),
            )
        }
        Err(error) => Outcome::new(OutcomeKind::Failed, error.to_string()),
    }
}
