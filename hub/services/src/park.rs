//! The park's own operations: what operators say, the grants of any enterprise, the reports.

use cordon_contract::Fault;
use cordon_security::wsse::VerifiedEnvelope;
use cordon_wire::service as wire;

use crate::Parts;
use crate::answer::Reply;
use crate::call::{operation, payload, unknown};
use crate::enterprise::grants_of;
use crate::lawful::lawful;
use crate::regulator::{get_report, list_reports};
use crate::submission::receipt;

/// Answers a verified question.
pub async fn answer(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let name = operation(call)?;
    match name.as_str() {
        "GetReceipt" => receipt(parts, call).await,
        "QueryGrants" => grants(parts, call).await,
        "ListReports" => list_reports(parts, call).await,
        "GetReport" => get_report(parts, call).await,
        _ => Err(unknown(&name)),
    }
}

/// Pages go by the ids of one enterprise's grants, so the enterprise must be named.
async fn grants(parts: &Parts, call: &VerifiedEnvelope) -> Result<Reply, Fault> {
    let asked = wire::read_query_grants(payload(call)?).map_err(lawful)?;
    let enterprise = asked.enterprise_id.clone().ok_or_else(|| {
        Fault::new(
            "S061",
            "the enterprise whose grants are asked for is missing",
        )
        .at("/Envelope/Body/QueryGrants/EnterpriseId")
        .remedy("name the enterprise")
    })?;
    grants_of(parts, call, enterprise, asked).await
}
