//! The examination as one HTML page: no script, no file beside it, fit for print.

use std::fmt::Write as _;

use crate::{Examination, Verdict};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;\
border-bottom:1px solid #d0d7de}.PASS{color:#116329}.FAIL{color:#a40e26;font-weight:600}.NOT_APPLICABLE{color:#57606a}\
small{color:#57606a}";

/// The page. Chinese stands beside English where an inspector reads it.
pub fn html(examination: &Examination) -> String {
    let subject = &examination.subject;
    let counts = examination.counts();
    let mut page = String::new();
    let headline = if examination.passed() {
        "passed 通过"
    } else {
        "failed 未通过"
    };
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    page.push_str(&escape(&format!(
        "{} {}: examination",
        subject.vendor, subject.model
    )));
    page.push_str("</title><style>");
    page.push_str(STYLE);
    page.push_str("</style></head><body>\n<h1>Examination ");
    page.push_str(headline);
    page.push_str("</h1>\n<table>");
    let rows = [
        (
            "Subject 受检设备",
            format!("{} {}", subject.vendor, subject.model),
        ),
        ("Kind 类别", subject.kind.clone()),
        ("Address 地址", subject.address.clone()),
        ("Firmware 固件", subject.firmware.clone()),
        ("Serial 序列号", subject.serial.clone()),
        ("Profile SHA-256", subject.profile_digest.clone()),
        (
            "Suite 测试集",
            format!("{} {}", examination.suite, examination.suite_version),
        ),
        ("Run 编号", examination.id.to_string()),
        ("Started 开始", examination.started_at.to_string()),
        ("Finished 结束", examination.finished_at.to_string()),
        (
            "Verdicts 结论",
            format!(
                "{} passed, {} failed, {} not applicable",
                counts.passed, counts.failed, counts.not_applicable
            ),
        ),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.trim().is_empty()) {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "<tr><th>{}</th><td>{}</td></tr>",
            escape(name),
            escape(value)
        );
    }
    page.push_str("</table>\n<h2>Cases 测试项</h2>\n<table><tr><th>No.</th><th>Case</th><th>Verdict</th></tr>\n");
    for examined in &examination.results {
        let case = examined.case;
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}<br><small>{} · {} ms</small></td><td class=\"{}\">{}{}</td></tr>",
            escape(case.id),
            escape(case.title),
            escape(case.clause),
            examined.took_ms,
            examined.verdict.word(),
            word(&examined.verdict),
            escape(&reason(&examined.verdict)),
        );
    }
    page.push_str("</table>\n</body></html>\n");
    page
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass 通过",
        Verdict::Fail(_) => "fail 未通过",
        Verdict::NotApplicable(_) => "not applicable 不适用",
    }
}

fn reason(verdict: &Verdict) -> String {
    match verdict.reason() {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
