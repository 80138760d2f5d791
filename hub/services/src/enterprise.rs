//! The enterprise's operations: submit, receipts, its own grants.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::PartyId;
use cordon_model::service::{QueryGrants, QueryGrantsResponse};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;

use crate::Parts;
use crate::answer::Reply;
use crate::call::{limit, operation, payload, reply, unknown};
use crate::lawful::lawful;
use crate::submission::receipt;

/// Answers a verified question.
pub async fn answer(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let name = operation(call)?;
    match name.as_str() {
        "GetReceipt" => receipt(parts, call).await,
        "QueryGrants" => grants(parts, call).await,
        _ => Err(unknown(&name)),
    }
}

async fn grants(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_query_grants(payload(call)?).map_err(lawful)?;
    let own = &call.identity().id;
    if asked.enterprise_id.as_ref().is_some_and(|id| id != own) {
        return Err(
            Fault::new("S011", "grants are shown to their own enterprise only")
                .at("/Envelope/Body/QueryGrants/EnterpriseId")
                .remedy("leave the field out, or name your own party id"),
        );
    }
    grants_of(parts, call, own.clone(), asked).await
}

/// One enterprise's grants, as far as they were asked for.
pub(crate) async fn grants_of(
    parts: &Parts,
    call: &VerifiedEnvelope,
    enterprise: PartyId,
    asked: QueryGrants,
) -> Result<Reply, Fault> {
    let core = Arc::clone(&parts.core);
    let limit = limit(asked.limit);
    let look = async move { core.grants(&enterprise, &asked, limit).await };
    let (grant, more) = parts.questions.ask(call.identity(), look).await?;
    reply(wire::write_query_grants_response(&QueryGrantsResponse {
        grant,
        more,
    }))
}
