//! Why a document was refused: stable codes X001 to X019, each with place and remedy.

use std::fmt;

use crate::Position;

/// What kind of fault a document has. Codes X001 to X019 belong to this crate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum XmlFaultKind {
    /// X001: more bytes than the limit.
    TooLarge,
    /// X002: not UTF-8, or declared in another encoding.
    NotUtf8,
    /// X003: not well-formed.
    Malformed,
    /// X004: a document type declaration.
    Doctype,
    /// X005: a processing instruction.
    ProcessingInstruction,
    /// X006: an entity other than the five predefined ones, or an unlawful character reference.
    Entity,
    /// X007: a prefix without declaration, or an unlawful declaration.
    Namespace,
    /// X008: the same attribute twice.
    DuplicateAttribute,
    /// X009: nested deeper than the limit.
    TooDeep,
    /// X010: more elements and text pieces than the limit.
    TooManyNodes,
    /// X011: more attributes or namespace declarations than the limit.
    TooManyAttributes,
    /// X012: a character that XML 1.0 does not allow.
    Character,
    /// X013: a name that XML 1.0 with namespaces does not allow, or one that is too long.
    Name,
}

impl XmlFaultKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "X001",
            Self::NotUtf8 => "X002",
            Self::Malformed => "X003",
            Self::Doctype => "X004",
            Self::ProcessingInstruction => "X005",
            Self::Entity => "X006",
            Self::Namespace => "X007",
            Self::DuplicateAttribute => "X008",
            Self::TooDeep => "X009",
            Self::TooManyNodes => "X010",
            Self::TooManyAttributes => "X011",
            Self::Character => "X012",
            Self::Name => "X013",
        }
    }

    /// What the sender should do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::TooLarge => "send fewer messages in one document",
            Self::NotUtf8 => "send the document in UTF-8",
            Self::Malformed => "send well-formed XML 1.0",
            Self::Doctype => "remove the DOCTYPE",
            Self::ProcessingInstruction => "remove the processing instruction",
            Self::Entity => "use only &amp; &lt; &gt; &quot; &apos; and character references",
            Self::Namespace => "declare every prefix with a namespace name",
            Self::DuplicateAttribute => "write each attribute once",
            Self::TooDeep => "send a flatter document",
            Self::TooManyNodes => "send fewer messages in one document",
            Self::TooManyAttributes => "use fewer attributes on one element",
            Self::Character => "remove the control character",
            Self::Name => "use a name that XML 1.0 with namespaces allows",
        }
    }
}

/// A refused document: kind, detail and place. The detail quotes nothing of the document but names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct XmlFault {
    kind: XmlFaultKind,
    detail: String,
    position: Position,
}

impl XmlFault {
    pub(crate) fn new(kind: XmlFaultKind, detail: impl Into<String>, position: Position) -> Self {
        Self {
            kind,
            detail: detail.into(),
            position,
        }
    }

    /// The kind of fault.
    pub fn kind(&self) -> XmlFaultKind {
        self.kind
    }

    /// The stable code, `X001` to `X013`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What is wrong, as a lower-case fragment.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What the sender should do.
    pub fn remedy(&self) -> &'static str {
        self.kind.remedy()
    }

    /// Where in the document.
    pub fn position(&self) -> Position {
        self.position
    }
}

impl fmt::Display for XmlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code(), self.detail, self.position)
    }
}

impl std::error::Error for XmlFault {}
