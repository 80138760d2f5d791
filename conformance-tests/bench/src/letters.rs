//! Signed submissions, made before the clock runs.

use bytes::Bytes;
use cordon_model::Message;
use cordon_security::wsse::{self, SoapVersion};

use crate::Outcome;
use crate::fields::grant;
use crate::park::{Partner, now};

/// Signs `count` submissions of `messages` new messages each.
pub fn letters(partner: &Partner, count: usize, messages: usize) -> Outcome<Vec<Bytes>> {
    (0..count).map(|_| letter(partner, messages)).collect()
}

fn letter(partner: &Partner, count: usize) -> Outcome<Bytes> {
    let now = now();
    let messages: Vec<Message> = (0..count)
        .map(|_| grant(&partner.id, now))
        .collect::<Outcome<_>>()?;
    submission(partner, &messages)
}

/// Signs one submission.
pub fn submission(partner: &Partner, messages: &[Message]) -> Outcome<Bytes> {
    let mut body = b"<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">".to_vec();
    for message in messages {
        body.extend_from_slice(&cordon_wire::write_message(message)?);
    }
    body.extend_from_slice(b"</svc:SubmitMessages>");
    let bytes = wsse::sign(&partner.signer, SoapVersion::V12, [], body, now())?;
    Ok(Bytes::from(bytes))
}

/// Mean size in bytes.
pub fn mean_bytes(letters: &[Bytes]) -> usize {
    letters.iter().map(Bytes::len).sum::<usize>() / letters.len().max(1)
}
