//! A report becomes a call to the platform, and the answer a verdict. Pure.

use aws_lc_rs::digest;
use bytes::Bytes;
use cordon_contract::{Fault, OutcomeKind, SignedReport};
use http::{Request, StatusCode};

/// Writes the call. The idempotency key is report, version and digest: the same bytes tried again
/// have the same key.
pub fn request(
    report: &SignedReport,
    url: &str,
    token: Option<&str>,
) -> Result<Request<Bytes>, Fault> {
    let hash = digest::digest(&digest::SHA256, &report.bytes);
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let short = hex.get(..16).unwrap_or_default();
    let mut request = Request::post(url)
        .header(http::header::CONTENT_TYPE, "application/xml; charset=utf-8")
        .header(
            "idempotency-key",
            format!("{}/{}/{short}", report.report_id, report.version),
        )
        .header("x-content-sha256", &hex);
    if let Some(token) = token {
        request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(report.bytes.clone()).map_err(|error| {
        Fault::new("A051", format!("the call cannot be written: {error}"))
            .remedy("correct url or token")
    })
}

/// What a status means: taken, refused for good, or to be tried again.
pub fn verdict(status: StatusCode) -> OutcomeKind {
    match status {
        status if status.is_success() => OutcomeKind::Confirmed,
        // It has this very report already.
        StatusCode::CONFLICT => OutcomeKind::Confirmed,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED => {
            OutcomeKind::Failed
        }
        status if status.is_client_error() => OutcomeKind::Refused,
        _ => OutcomeKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::{request, verdict};
    use bytes::Bytes;
    use cordon_contract::OutcomeKind;
    use cordon_contract::SignedReport;
    use http::StatusCode;

    #[test]
    fn the_key_follows_the_bytes() {
        let report = |bytes: &'static [u8]| SignedReport {
            report_id: "RPT-01-20260331".to_owned(),
            version: 2,
            bytes: Bytes::from_static(bytes),
        };
        let key = |bytes| {
            let request = request(&report(bytes), "http://localhost/in", Some("t")).unwrap();
            request.headers()["idempotency-key"]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(key(b"<r/>"), key(b"<r/>"));
        assert_ne!(key(b"<r/>"), key(b"<s/>"));
        assert!(key(b"<r/>").starts_with("RPT-01-20260331/2/"));
    }

    #[test]
    fn verdicts() {
        for (status, kind) in [
            (StatusCode::CREATED, OutcomeKind::Confirmed),
            (StatusCode::CONFLICT, OutcomeKind::Confirmed),
            (StatusCode::UNPROCESSABLE_ENTITY, OutcomeKind::Refused),
            (StatusCode::TOO_MANY_REQUESTS, OutcomeKind::Failed),
            (StatusCode::BAD_GATEWAY, OutcomeKind::Failed),
        ] {
            assert_eq!(verdict(status), kind, "{status}");
        }
    }
}
