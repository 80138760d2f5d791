//! The examination as JUnit XML, for whoever runs it in a pipeline.

use cordon_xml::Writer;

use crate::{Examination, Verdict};

/// The document. Not applicable is `skipped`.
pub fn junit(examination: &Examination) -> Vec<u8> {
    let counts = examination.counts();
    let total_ms: u64 = examination
        .results
        .iter()
        .map(|examined| examined.took_ms)
        .sum();
    let mut writer = Writer::new();
    writer
        .start("", "testsuites")
        .start("", "testsuite")
        .attribute("name", examination.suite)
        .attribute("hostname", &examination.subject.address)
        .attribute("timestamp", &examination.started_at.to_string())
        .attribute("tests", &examination.results.len().to_string())
        .attribute("failures", &counts.failed.to_string())
        .attribute("errors", "0")
        .attribute("skipped", &counts.not_applicable.to_string())
        .attribute("time", &seconds(total_ms));
    for examined in &examination.results {
        writer
            .start("", "testcase")
            .attribute("classname", examination.suite)
            .attribute(
                "name",
                &format!("{} {}", examined.case.id, examined.case.title),
            )
            .attribute("time", &seconds(examined.took_ms));
        match &examined.verdict {
            Verdict::Pass => {}
            Verdict::Fail(reason) => {
                writer
                    .start("", "failure")
                    .attribute("message", reason)
                    .attribute("type", examined.case.clause)
                    .end();
            }
            Verdict::NotApplicable(reason) => {
                writer
                    .start("", "skipped")
                    .attribute("message", reason)
                    .end();
            }
        }
        writer.end();
    }
    let mut document = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
    document.extend(writer.finish());
    document.push(b'\n');
    document
}

/// Milliseconds as seconds with three decimals.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
