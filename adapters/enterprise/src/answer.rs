//! Answers of the webhook as JSON: what was recorded where, what was refused and why. Pure.

use cordon_contract::{Accepted, Fault, IntakeError};
use cordon_http::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// Answers a call by what became of its events, in order.
pub fn of_events(results: &[Result<Accepted, IntakeError>]) -> Response {
    if results
        .iter()
        .any(|result| matches!(result, Err(IntakeError::Closed)))
    {
        return later();
    }
    let events: Vec<Value> = results
        .iter()
        .map(|result| match result {
            Ok(accepted) => json!({
                "accepted": true,
                "entry": accepted.number,
                "digest": accepted.digest.to_string(),
                "duplicate": accepted.duplicate,
            }),
            Err(IntakeError::Refused(fault)) => json!({ "accepted": false, "error": error(fault) }),
            Err(IntakeError::Closed) => Value::Null,
        })
        .collect();
    let refused = results.iter().filter(|result| result.is_err()).count();
    let status = match refused {
        0 => StatusCode::OK,
        some if some == results.len() => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::MULTI_STATUS,
    };
    json_answer(status, &json!({ "events": events }))
}

/// Refuses a whole call.
pub fn refusal(status: StatusCode, fault: &Fault) -> Response {
    json_answer(status, &json!({ "error": error(fault) }))
}

/// Nothing is certain yet: the caller sends the same again, and duplicates are recognised.
pub fn later() -> Response {
    let fault =
        Fault::new("A045", "not durable yet").remedy("send the same call again in a moment");
    let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, &fault);
    answer.headers_mut().insert(
        http::header::RETRY_AFTER,
        http::HeaderValue::from_static("5"),
    );
    answer
}

fn error(fault: &Fault) -> Value {
    json!({
        "code": fault.code(),
        "text": fault.peer_text(),
        "place": fault.place(),
        "remedy": fault.remedy_text(),
    })
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let mut answer = Response::new(body.to_string().into());
    *answer.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    answer
}
