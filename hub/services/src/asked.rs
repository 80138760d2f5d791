//! Which request an answer answers: a signed header block of every answer names its digest.

use cordon_contract::Fault;
use cordon_model::{Digest, SERVICE_NAMESPACE};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::digest_of_bytes;

/// Local name of the header block.
const REQUEST_DIGEST: &str = "RequestDigest";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// The header block of an answer to the request with these bytes: what [`cordon_security::wsse::sign`]
/// takes and signs. Nobody needs to understand it.
pub fn request_digest(request: &[u8]) -> String {
    block(digest_of_bytes(request))
}

/// The same of a digest that is known.
pub(crate) fn block(request: Digest) -> String {
    format!(
        "<svc:{REQUEST_DIGEST} xmlns:svc=\"{SERVICE_NAMESPACE}\" xmlns:wsu=\"{WSU}\" \
         wsu:Id=\"RQ-{request}\">{request}</svc:{REQUEST_DIGEST}>"
    )
}

/// Whether an answer is to the request with this digest; else it may be an old one, kept and given
/// again.
pub(crate) fn is_to(answer: &VerifiedEnvelope, request: Digest) -> Result<(), Fault> {
    let Some(named) = answer.signed_block(SERVICE_NAMESPACE, REQUEST_DIGEST) else {
        let text = "the answer does not say, signed, which request it is to";
        return Err(Fault::new("S064", text)
            .at("/Envelope/Header/RequestDigest")
            .remedy("nothing in it was used; call the park: its hub must name the digest"));
    };
    let named_digest = named.text();
    match named_digest.trim().parse::<Digest>() {
        Ok(digest) if digest == request => Ok(()),
        _ => Err(Fault::new("S065", "the answer is to another request")
            .at(named.path())
            .log(format!(
                "sent {request}, the answer names {}",
                named_digest.trim()
            ))
            .remedy(
                "nothing in it was used; send again; if it stays so, somebody keeps answers \
                 and gives them again: call the park",
            )),
    }
}
