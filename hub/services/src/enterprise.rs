//! The enterprise's operations: submit, receipts, grants.

use cordon_contract::Fault;
use cordon_model::Receipt;
use cordon_model::service::{
    Answer, GetReceiptResponse, QueryGrantsResponse, SubmissionResult, SubmitMessagesResponse,
};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;
use cordon_xml::Node;

use crate::Parts;
use crate::answer::{self, Reply};
use crate::lawful::lawful;

/// Grants in one answer at most.
const GRANTS_MAX: u32 = 500;

/// Answers a verified call.
pub async fn answer(parts: &Parts, call: VerifiedEnvelope) -> Result<Reply, Fault> {
    let name = operation(&call)?;
    match name.as_str() {
        "SubmitMessages" => submit(parts, call).await,
        "GetReceipt" => receipt(parts, &call).await,
        "QueryGrants" => grants(parts, &call),
        _ => Err(unknown(&name)),
    }
}

/// The name of the asked operation.
pub(crate) fn operation(call: &VerifiedEnvelope) -> Result<String, Fault> {
    let payload = payload(call)?;
    if payload.namespace() == cordon_model::SERVICE_NAMESPACE {
        Ok(payload.local().to_owned())
    } else {
        Err(unknown(payload.local()))
    }
}

/// The body's only child.
pub(crate) fn payload(call: &VerifiedEnvelope) -> Result<Node<'_>, Fault> {
    call.payload().ok_or_else(|| unknown(""))
}

pub(crate) fn unknown(name: &str) -> Fault {
    Fault::new("S010", format!("this service has no operation `{name}`"))
        .at("/Envelope/Body")
        .remedy("see the WSDL for the operations of each service")
}

async fn submit(parts: &Parts, call: VerifiedEnvelope) -> Result<Reply, Fault> {
    let now = parts.clock.now();
    let answers = parts.core.submit(call).await?;
    let result = answers
        .into_iter()
        .zip(1..)
        .map(|(result, index)| SubmissionResult {
            index,
            answer: answer::of_message(result, now),
        })
        .collect();
    reply(wire::write_submit_messages_response(
        &SubmitMessagesResponse { result },
    ))
}

async fn receipt(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_receipt(payload(call)?).map_err(lawful)?;
    if asked.sender_id != call.identity().id {
        return Err(Fault::new("S011", "receipts are given to the sender only")
            .at("/Envelope/Body/GetReceipt/SenderId")
            .remedy("ask with your own party id"));
    }
    let found: Option<Receipt> = parts
        .core
        .receipt(&asked.sender_id, &asked.message_id)
        .await?;
    let receipt = found.ok_or_else(|| {
        Fault::new("S012", "no message with this id was accepted from you")
            .at("/Envelope/Body/GetReceipt/MessageId")
            .remedy("submit the message; the same id may be used")
    })?;
    reply(wire::write_get_receipt_response(&GetReceiptResponse {
        answer: Answer::Receipt(receipt),
    }))
}

fn grants(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_query_grants(payload(call)?).map_err(lawful)?;
    let own = &call.identity().id;
    if asked.enterprise_id.as_ref().is_some_and(|id| id != own) {
        return Err(
            Fault::new("S011", "grants are shown to their own enterprise only")
                .at("/Envelope/Body/QueryGrants/EnterpriseId")
                .remedy("leave the field out, or name your own party id"),
        );
    }
    let limit = asked.limit.unwrap_or(GRANTS_MAX).clamp(1, GRANTS_MAX);
    let (grant, more) = parts
        .grants
        .query(own, &asked, usize::try_from(limit).unwrap_or(1));
    reply(wire::write_query_grants_response(&QueryGrantsResponse {
        grant,
        more,
    }))
}

pub(crate) fn reply(written: Result<Vec<u8>, cordon_wire::WireFault>) -> Result<Reply, Fault> {
    Ok(Reply {
        payload: written.map_err(lawful)?,
    })
}
