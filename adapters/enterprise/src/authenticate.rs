//! Who calls: a known client certificate, or a signature with the shared secret. Pure.
//!
//! The signature is HMAC-SHA256 over `TIMESTAMP "\n" PATH "\n" BODY`, written in hexadecimal.
//! A call outside the time window is refused. Inside the window a repeated call has no effect: its
//! events are recognised by their ids and the first answer is given again.

use aws_lc_rs::{digest, hmac};
use cordon_contract::Fault;
use cordon_model::Timestamp;

use crate::secret::Secret;

/// Seconds since 1970 at which a call was signed.
pub const TIMESTAMP_HEADER: &str = "x-cordon-timestamp";
/// The signature in hexadecimal.
pub const SIGNATURE_HEADER: &str = "x-cordon-signature";

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The path.
    pub path: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The header [`TIMESTAMP_HEADER`].
    pub timestamp: Option<&'a str>,
    /// The header [`SIGNATURE_HEADER`].
    pub signature: Option<&'a str>,
    /// The client's certificate (DER), checked by TLS.
    pub certificate: Option<&'a [u8]>,
}

/// Lets a call in or says why not. The two texts differ: a caller learns nothing about which part
/// of a signature was wrong.
pub fn admit(
    call: Call<'_>,
    secret: Option<&Secret>,
    certificates: &[String],
    window_s: u32,
    now: Timestamp,
) -> Result<(), Fault> {
    if let Some(certificate) = call.certificate {
        let print = hex(digest::digest(&digest::SHA256, certificate).as_ref());
        if certificates
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&print))
        {
            return Ok(());
        }
    }
    let refuse = |log: &str| {
        Err(Fault::new("A041", "the caller is not known")
            .remedy("sign the call with the shared secret, or use the registered certificate")
            .log(format!("webhook call refused: {log}")))
    };
    let Some(secret) = secret else {
        return refuse("no known certificate");
    };
    let (Some(timestamp), Some(signature)) = (call.timestamp, call.signature) else {
        return refuse("no signature");
    };
    let Some(signed_at) = seconds(timestamp) else {
        return refuse("unreadable time");
    };
    let Some(signature) = unhex(signature.strip_prefix("sha256=").unwrap_or(signature)) else {
        return refuse("unreadable signature");
    };
    let message = message(timestamp, call.path, call.body);
    if hmac::verify(&secret.0, &message, &signature).is_err() {
        return refuse("wrong signature");
    }
    let away_s = signed_at
        .saturating_sub(now.micros().div_euclid(1_000_000))
        .unsigned_abs();
    if away_s > u64::from(window_s) {
        return Err(Fault::new(
            "A042",
            format!("the call's time is {away_s} s away from ours"),
        )
        .at(TIMESTAMP_HEADER)
        .remedy("set the clock, or sign the call again"));
    }
    Ok(())
}

/// Signs a call; for our own pushes and for whoever writes a plant's side.
pub fn sign(secret: &[u8], timestamp: &str, path: &str, body: &[u8]) -> String {
    sign_with(&Secret::new(secret), timestamp, path, body)
}

/// Signs a call with a key already made.
pub fn sign_with(secret: &Secret, timestamp: &str, path: &str, body: &[u8]) -> String {
    hex(hmac::sign(&secret.0, &message(timestamp, path, body)).as_ref())
}

/// Seconds since 1970 in the one way of writing them: digits, without a sign or a zero before them.
fn seconds(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

fn message(timestamp: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{timestamp}\n{path}\n").into_bytes();
    message.extend_from_slice(body);
    message
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|letter| u8::try_from(letter.to_digit(16)?).ok())
        .collect();
    Some(
        digits?
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Call, admit, hex, sign};
    use crate::secret::Secret;
    use cordon_model::Timestamp;

    const SECRET: &[u8] = b"sixteen letters!!";

    fn attempt(
        timestamp: &str,
        signature: &str,
        body: &[u8],
        certificate: Option<&[u8]>,
    ) -> Option<&'static str> {
        let call = Call {
            path: "/events/passage",
            body,
            timestamp: Some(timestamp),
            signature: Some(signature),
            certificate,
        };
        let known = vec![hex(aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            b"plant",
        )
        .as_ref())];
        let now = Timestamp::from_micros(1_774_932_645_000_000);
        admit(call, Some(&Secret::new(SECRET)), &known, 300, now)
            .err()
            .map(|fault| fault.code())
    }

    #[test]
    fn signature_window_and_certificate() {
        let good = sign(SECRET, "1774932600", "/events/passage", b"{}");
        assert_eq!(attempt("1774932600", &good, b"{}", None), None);
        assert_eq!(
            attempt("1774932600", &format!("sha256={good}"), b"{}", None),
            None
        );
        assert_eq!(attempt("1774932600", &good, b"{ }", None), Some("A041"));
        assert_eq!(attempt("1774932601", &good, b"{}", None), Some("A041"));
        assert_eq!(attempt("1774932600", "zz", b"{}", None), Some("A041"));
        assert_eq!(attempt("soon", &good, b"{}", None), Some("A041"));
        for written in ["+1774932600", "01774932600", " 1774932600", "-0", ""] {
            let signed = sign(SECRET, written, "/events/passage", b"{}");
            let answer = attempt(written, &signed, b"{}", None);
            assert_eq!(answer, Some("A041"), "{written}");
        }
        assert_eq!(
            attempt(
                "1774932600",
                &sign(b"another secret!!!", "1774932600", "/events/passage", b"{}"),
                b"{}",
                None
            ),
            Some("A041")
        );
        assert_eq!(
            attempt(
                "1774932600",
                &sign(SECRET, "1774932600", "/events/other", b"{}"),
                b"{}",
                None
            ),
            Some("A041")
        );
        let old = sign(SECRET, "1774932000", "/events/passage", b"{}");
        assert_eq!(attempt("1774932000", &old, b"{}", None), Some("A042"));
        assert_eq!(attempt("x", "y", b"{}", Some(b"plant")), None);
        assert_eq!(attempt("x", "y", b"{}", Some(b"stranger")), Some("A041"));
    }
}
