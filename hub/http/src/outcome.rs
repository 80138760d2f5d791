//! What a partner's answer means for the order it answers. Pure.

use cordon_contract::{Outcome, OutcomeKind};
use http::StatusCode;

/// Success and "known already" confirm, what may pass by itself has failed for now, every other
/// client error is a refusal.
pub fn outcome_of(status: StatusCode, body: &[u8]) -> Outcome {
    let said: String = String::from_utf8_lossy(body).chars().take(120).collect();
    match status {
        status if status.is_success() => {
            Outcome::new(OutcomeKind::Confirmed, format!("answered {status}"))
        }
        StatusCode::CONFLICT => Outcome::new(OutcomeKind::Confirmed, "it had it already"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Outcome::new(OutcomeKind::Failed, format!("answered {status}"))
        }
        status if status.is_client_error() => {
            Outcome::new(OutcomeKind::Refused, format!("answered {status}: {said}"))
        }
        status => Outcome::new(OutcomeKind::Failed, format!("answered {status}")),
    }
}
