//! Handing over messages and asking for receipts: the same on every service, whoever is asked.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::service::{Answer, GetReceiptResponse, SubmissionResult, SubmitMessagesResponse};
use cordon_model::{NAMESPACE, Receipt};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;
use cordon_xml::Node;

use crate::answer::{self, Reply};
use crate::call::{operation, payload, reply};
use crate::lawful::lawful;
use crate::{Parts, Refused};

/// Whether the call brings messages; every other one only asks.
pub(crate) fn is_submission(call: &VerifiedEnvelope) -> bool {
    operation(call).is_ok_and(|name| name == "SubmitMessages")
}

/// Of a call that brings messages: whether it brings nothing else.
pub(crate) fn messages_of(call: &VerifiedEnvelope) -> Option<Result<(), Fault>> {
    is_submission(call).then(|| only_messages(payload(call)?))
}

/// Hands the messages to the hub; each is answered on its own. What the hub refuses as a whole it
/// has recorded.
pub(crate) async fn submit(parts: &Parts, call: VerifiedEnvelope) -> Result<Reply, Refused> {
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
    let written = wire::write_submit_messages_response(&SubmitMessagesResponse { result });
    reply(written).map_err(|fault| (fault, None))
}

/// What stands beside the messages would be signed, kept as evidence and read by nobody.
fn only_messages(submission: Node<'_>) -> Result<(), Fault> {
    let foreign = submission
        .children()
        .find(|child| !child.is(NAMESPACE, "Message"));
    let place = match foreign {
        Some(child) => child.path(),
        None if submission.has_stray_text() => submission.path(),
        None => return Ok(()),
    };
    Err(
        Fault::new("S060", "SubmitMessages holds something beside c:Message")
            .at(place)
            .remedy("send c:Message elements alone, without text between them"),
    )
}

/// The first answer to one of the caller's messages again.
pub(crate) async fn receipt(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_get_receipt(payload(call)?).map_err(lawful)?;
    if asked.sender_id != call.identity().id {
        return Err(Fault::new("S011", "receipts are given to the sender only")
            .at("/Envelope/Body/GetReceipt/SenderId")
            .remedy("ask with your own party id"));
    }
    let core = Arc::clone(&parts.core);
    let look = async move { core.receipt(&asked.sender_id, &asked.message_id).await };
    let found: Option<Receipt> = parts.questions.ask(call.identity(), look).await?;
    let receipt = found.ok_or_else(|| {
        Fault::new("S012", "no message with this id was accepted from you")
            .at("/Envelope/Body/GetReceipt/MessageId")
            .remedy("submit the message; the same id may be used")
    })?;
    reply(wire::write_get_receipt_response(&GetReceiptResponse {
        answer: Answer::Receipt(receipt),
    }))
}

#[cfg(test)]
mod tests {
    use cordon_xml::{Document, Limits};

    use super::only_messages;

    #[test]
    fn what_stands_beside_the_messages_is_refused_with_its_place() {
        let refused = |content: &str| {
            let text = format!(
                "<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\" \
                 xmlns:c=\"urn:cordon:park:1\">{content}</svc:SubmitMessages>"
            );
            let document = Document::parse(text.into_bytes(), &Limits::default()).unwrap();
            let fault = only_messages(document.root()).err()?;
            Some((fault.code(), fault.place().to_owned()))
        };
        let at = |place: &str| Some(("S060", place.to_owned()));
        for fine in [
            "",
            "<c:Message/>",
            " <c:Message/>\n<!-- a note --><c:Message/> ",
        ] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for (content, place) in [
            ("<c:Message/><c:Note/>", "/svc:SubmitMessages/c:Note"),
            (
                "<x:Message xmlns:x=\"urn:other\"/>",
                "/svc:SubmitMessages/x:Message",
            ),
            ("<Message/><c:Message/>", "/svc:SubmitMessages/Message"),
            ("<c:Message/>and open the gate", "/svc:SubmitMessages"),
            ("<![CDATA[x]]><c:Message/>", "/svc:SubmitMessages"),
        ] {
            assert_eq!(refused(content), at(place), "{content}");
        }
    }
}
