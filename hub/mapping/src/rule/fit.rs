//! What fits a field: a value in the canonical way of writing its kind, and the kind in words.

use crate::catalogue::Simple;
use crate::exact::Exact;

/// The value in the canonical way of writing its kind.
pub(super) fn fit(text: &str, kind: &Simple) -> Option<String> {
    match kind {
        Simple::Text | Simple::Time => Some(text.to_owned()),
        Simple::Code(names) => names
            .iter()
            .any(|name| name == text)
            .then(|| text.to_owned()),
        Simple::Integer => Some(Exact::parse(text)?.whole()?.to_string()),
        Simple::Decimal => Some(Exact::parse(text)?.to_string()),
        Simple::Truth => match text {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        },
    }
}

pub(super) fn name(kind: &Simple) -> &'static str {
    match kind {
        Simple::Text => "text",
        Simple::Code(_) => "a canonical code name",
        Simple::Time => "a time",
        Simple::Integer => "a whole number",
        Simple::Decimal => "a decimal number",
        Simple::Truth => "a truth value",
    }
}
