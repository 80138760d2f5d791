//! Reads elements that hold one value.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::{CountFacets, Decimal, DecimalFacets, TextFacets};
use cordon_xml::Node;

use crate::children::refuse_attributes;
use crate::fault::{ELEMENT_IN_VALUE, FORM, Problem, RANGE, WireFault};

/// The text of an element that may hold nothing else.
fn plain<'a>(node: Node<'a>) -> Result<Cow<'a, str>, WireFault> {
    refuse_attributes(node)?;
    match node.children().next() {
        None => Ok(node.text()),
        Some(child) => Err(WireFault::at(
            ELEMENT_IN_VALUE,
            child,
            "an element where only text may be",
        )),
    }
}

/// Text with facets.
pub(crate) fn text(node: Node<'_>, facets: &TextFacets) -> Result<String, WireFault> {
    let raw = plain(node)?;
    let normal = facets.normal(&raw);
    facets
        .check(&normal)
        .map_err(|error| WireFault::facet(error.into(), node.path()))?;
    Ok(normal.into_owned())
}

/// A value that checks itself when made.
pub(crate) fn value<T>(node: Node<'_>) -> Result<T, WireFault>
where
    T: FromStr,
    T::Err: Into<Problem>,
{
    let raw = plain(node)?;
    // White space at the ends is all that collapsing can change in a value that has none inside.
    let trimmed = raw.trim_matches([' ', '\t', '\r', '\n']);
    trimmed
        .parse()
        .map_err(|error: T::Err| WireFault::facet(error.into(), node.path()))
}

/// A fixed-point number.
pub(crate) fn decimal(node: Node<'_>, facets: &DecimalFacets) -> Result<Decimal, WireFault> {
    facets
        .read(&plain(node)?)
        .map_err(|error| WireFault::facet(error.into(), node.path()))
}

/// A whole number.
pub(crate) fn count<T: TryFrom<i128>>(
    node: Node<'_>,
    facets: &CountFacets,
) -> Result<T, WireFault> {
    let value = facets
        .read(&plain(node)?)
        .map_err(|error| WireFault::facet(error.into(), node.path()))?;
    T::try_from(value).map_err(|_| WireFault::at(RANGE, node, "the number is too large"))
}

/// A truth value.
pub(crate) fn boolean(node: Node<'_>) -> Result<bool, WireFault> {
    match plain(node)?.trim_matches([' ', '\t', '\r', '\n']) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(WireFault::at(FORM, node, "neither true nor false")),
    }
}

/// Bytes in base64, white space anywhere.
pub(crate) fn binary(node: Node<'_>) -> Result<Vec<u8>, WireFault> {
    let mut raw = plain(node)?.into_owned();
    raw.retain(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n'));
    STANDARD
        .decode(raw)
        .map_err(|_| WireFault::at(FORM, node, "not base64"))
}
