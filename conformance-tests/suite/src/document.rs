//! The two documents of an examination, in the namespace `urn:cordon:conformance:1`.
//!
//! `ConformanceResult` holds every verdict. `DeclarationOfConformance` is only made when nothing
//! failed; it names the result by digest, so the short paper cannot outlive the long one. Both are
//! signed by whoever runs the examination: the caller hands in the signing (enveloped XML
//! signature under the park CA), so no key is seen here. `docs/guide/certify.md` shows both.

use aws_lc_rs::digest::{SHA256, digest};
use cordon_contract::Fault;
use cordon_model::{MessageId, Timestamp};
use cordon_xml::Writer;

use crate::html::html;
use crate::junit::junit;
use crate::{Examination, Subject};

/// Namespace of both documents.
pub const NAMESPACE: &str = "urn:cordon:conformance:1";

/// Everything that an examination leaves behind.
#[derive(Clone, Debug)]
pub struct Papers {
    /// A page to read.
    pub html: String,
    /// A file for pipelines.
    pub junit: Vec<u8>,
    /// The signed `ConformanceResult`.
    pub result: Vec<u8>,
    /// The signed `DeclarationOfConformance`; `None` when a case failed or was not asked.
    pub declaration: Option<Vec<u8>>,
}

/// Makes all papers. `sign` turns a document into the same document with an enveloped signature;
/// `issuer` is who signs, in words.
pub fn papers(
    examination: &Examination,
    issuer: &str,
    sign: impl Fn(&[u8]) -> Result<Vec<u8>, Fault>,
) -> Result<Papers, Fault> {
    let result = sign(&conformance_result(examination))?;
    let declaration = if examination.passed() && examination.is_complete() {
        let unsigned = declaration(examination, &result, issuer, examination.finished_at);
        Some(sign(&unsigned)?)
    } else {
        None
    };
    Ok(Papers {
        html: html(examination),
        junit: junit(examination),
        result,
        declaration,
    })
}

/// SHA-256 in hexadecimal.
pub fn hex_digest(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The unsigned `ConformanceResult`, in canonical form.
pub fn conformance_result(examination: &Examination) -> Vec<u8> {
    let mut writer = Writer::with(&[("k", NAMESPACE)]);
    let counts = examination.counts();
    writer
        .start("k", "ConformanceResult")
        .element("k", "ResultId", &examination.id.to_string());
    suite(&mut writer, examination);
    subject(&mut writer, &examination.subject);
    writer
        .element("k", "StartedAt", &examination.started_at.to_string())
        .element("k", "FinishedAt", &examination.finished_at.to_string())
        .start("k", "Summary")
        .attribute("passed", &counts.passed.to_string())
        .attribute("failed", &counts.failed.to_string())
        .attribute("notApplicable", &counts.not_applicable.to_string())
        .end();
    for examined in &examination.results {
        writer
            .start("k", "Case")
            .attribute("number", &examined.case.number.to_string())
            .attribute("id", examined.case.id)
            .attribute("verdict", examined.verdict.word())
            .attribute("tookMs", &examined.took_ms.to_string())
            .element("k", "Title", examined.case.title)
            .element("k", "Clause", examined.case.clause);
        if !examined.verdict.reason().is_empty() {
            writer.element("k", "Reason", examined.verdict.reason());
        }
        writer.end();
    }
    writer.end();
    writer.finish()
}

/// The unsigned `DeclarationOfConformance` for a signed result.
fn declaration(examination: &Examination, result: &[u8], issuer: &str, at: Timestamp) -> Vec<u8> {
    let counts = examination.counts();
    let mut writer = Writer::with(&[("k", NAMESPACE)]);
    writer
        .start("k", "DeclarationOfConformance")
        .element("k", "DeclarationId", &MessageId::random().to_string())
        .element("k", "ResultId", &examination.id.to_string())
        .start("k", "ResultDigest")
        .attribute("algorithm", "SHA-256")
        .text(&hex_digest(result))
        .end();
    suite(&mut writer, examination);
    subject(&mut writer, &examination.subject);
    writer
        .element(
            "k",
            "Statement",
            &format!(
                "The subject met {} of the suite's cases; {} did not apply; none failed.",
                counts.passed, counts.not_applicable
            ),
        )
        .element("k", "IssuedBy", issuer)
        .element("k", "IssuedAt", &at.to_string())
        .end();
    writer.finish()
}

fn suite(writer: &mut Writer, examination: &Examination) {
    writer
        .start("k", "Suite")
        .element("k", "Name", examination.suite)
        .element("k", "Version", examination.suite_version)
        .end();
}

fn subject(writer: &mut Writer, subject: &Subject) {
    writer.start("k", "Subject");
    for (name, value) in [
        ("Kind", &subject.kind),
        ("Address", &subject.address),
        ("Vendor", &subject.vendor),
        ("Model", &subject.model),
        ("Firmware", &subject.firmware),
        ("Serial", &subject.serial),
        ("ProfileDigest", &subject.profile_digest),
    ] {
        if !value.is_empty() {
            writer.element("k", name, value);
        }
    }
    writer.end();
}
