//! Why a message is not lawful: stable codes X001 to X199, with place and remedy.

use std::fmt;

use cordon_model::{FacetError, FacetKind, TimestampError};
use cordon_xml::{Node, XmlFault};

/// A breach of the language. Codes X001 to X019 come from the XML layer, X101 to X129 from the
/// schemas, X130 to X139 from SOAP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WireFault {
    /// The stable code.
    pub code: &'static str,
    /// Where: an XPath with the prefixes of the document, or line and column.
    pub place: String,
    /// What is wrong, as a lower-case fragment that may be told to the sender.
    pub detail: String,
    /// What the sender should do.
    pub remedy: &'static str,
}

/// X101: an element that cannot be there.
pub(crate) const UNKNOWN_ELEMENT: &str = "X101";
/// X102: an element that must be there is not.
pub(crate) const MISSING_ELEMENT: &str = "X102";
/// X103: an element after another that it must come before, or once more than once.
pub(crate) const MISPLACED_ELEMENT: &str = "X103";
/// X104: a known element in another namespace.
pub(crate) const WRONG_NAMESPACE: &str = "X104";
/// X105: an element more often than allowed.
pub(crate) const TOO_MANY: &str = "X105";
/// X106: an attribute that cannot be there.
pub(crate) const UNKNOWN_ATTRIBUTE: &str = "X106";
/// X107: text where only elements may be.
pub(crate) const STRAY_TEXT: &str = "X107";
/// X108: an element where only text may be.
pub(crate) const ELEMENT_IN_VALUE: &str = "X108";
/// X110: a value that does not fit its pattern.
pub(crate) const PATTERN: &str = "X110";
/// X111: a value too short or too long.
pub(crate) const LENGTH: &str = "X111";
/// X112: a number too small or too large.
pub(crate) const RANGE: &str = "X112";
/// X113: not a number, time, truth value or base64 at all.
pub(crate) const FORM: &str = "X113";
/// X114: not one of the listed codes.
pub(crate) const ENUMERATION: &str = "X114";
/// X115: the head announces another message than the body holds.
pub(crate) const TYPE_MISMATCH: &str = "X115";
/// X116: a character that XML does not allow, found when writing.
pub(crate) const CHARACTER: &str = "X116";

impl WireFault {
    /// A fault with the remedy that belongs to its code.
    pub(crate) fn new(code: &'static str, place: String, detail: impl Into<String>) -> Self {
        Self {
            code,
            place,
            detail: detail.into(),
            remedy: remedy(code),
        }
    }

    /// A fault at an element.
    pub(crate) fn at(code: &'static str, node: Node<'_>, detail: impl Into<String>) -> Self {
        Self::new(code, node.path(), detail)
    }

    /// A broken facet at a place.
    pub(crate) fn facet(problem: Problem, place: String) -> Self {
        Self::new(problem.code, place, problem.detail)
    }
}

fn remedy(code: &str) -> &'static str {
    match code {
        UNKNOWN_ELEMENT => "remove the element, or use the schema version that has it",
        MISSING_ELEMENT => "add the element at its place in the schema's order",
        MISPLACED_ELEMENT => "write the elements in the schema's order, each once",
        WRONG_NAMESPACE => "put the element into the namespace the schema gives it",
        TOO_MANY => "send fewer of these elements, if need be in several messages",
        UNKNOWN_ATTRIBUTE => "remove the attribute; this language has none",
        STRAY_TEXT => "remove the text between the elements",
        ELEMENT_IN_VALUE => "write plain text into the element",
        PATTERN => "write the value in the form the schema demands",
        LENGTH => "keep the value within the lengths the schema allows",
        RANGE => "keep the value within the bounds the schema allows",
        FORM => "write the value in the lexical form of its XML Schema type",
        ENUMERATION => "use one of the codes listed in the schema",
        TYPE_MISMATCH => "make MessageType equal to the name of the element in the body",
        CHARACTER => "remove control characters from the text",
        _ => "see the section of this code in docs/reference/errors.md",
    }
}

impl From<XmlFault> for WireFault {
    fn from(fault: XmlFault) -> Self {
        Self {
            code: fault.code(),
            place: fault.position().to_string(),
            detail: fault.detail().to_owned(),
            remedy: fault.remedy(),
        }
    }
}

impl fmt::Display for WireFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} at {} ({})",
            self.code, self.detail, self.place, self.remedy
        )
    }
}

impl std::error::Error for WireFault {}

/// What is wrong with a value, before its place is known.
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl From<FacetError> for Problem {
    fn from(error: FacetError) -> Self {
        let code = match error.kind() {
            FacetKind::Pattern => PATTERN,
            FacetKind::Length => LENGTH,
            FacetKind::Range => RANGE,
            FacetKind::Form => FORM,
            FacetKind::Enumeration => ENUMERATION,
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

impl From<TimestampError> for Problem {
    fn from(error: TimestampError) -> Self {
        Self {
            code: FORM,
            detail: error.to_string(),
        }
    }
}
