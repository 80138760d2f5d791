//! A numbered case and what came of it.

use serde::{Deserialize, Serialize};

/// One question of an examination. Numbers and ids never change their meaning; a case that falls
/// away leaves its number empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Case {
    /// Its number within the suite.
    pub number: u16,
    /// Its id, such as `M15`.
    pub id: &'static str,
    /// What is asked, in one sentence.
    pub title: &'static str,
    /// Where the demand comes from: a standard's clause, the profile, or a requirement number.
    pub clause: &'static str,
}

impl Case {
    /// Number, id, title, clause: a line of a suite's table.
    pub(crate) const fn new(
        number: u16,
        id: &'static str,
        title: &'static str,
        clause: &'static str,
    ) -> Self {
        Self {
            number,
            id,
            title,
            clause,
        }
    }
}

/// What came of a case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Verdict {
    /// The demand is met.
    Pass,
    /// It is not, and why.
    Fail(String),
    /// The case could not be asked here, and why.
    NotApplicable(String),
}

impl Verdict {
    /// The word used in reports and documents.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail(_) => "FAIL",
            Self::NotApplicable(_) => "NOT_APPLICABLE",
        }
    }

    /// Why; empty for a pass.
    pub fn reason(&self) -> &str {
        match self {
            Self::Pass => "",
            Self::Fail(reason) | Self::NotApplicable(reason) => reason,
        }
    }
}

/// How a case ends early; `?` in a case turns an error of the wire into a failure.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The demand is not met.
    Fail(String),
    /// The case cannot be asked here.
    Skip(String),
}

impl Stop {
    /// A failure.
    pub fn fail(text: impl Into<String>) -> Self {
        Self::Fail(text.into())
    }

    /// Not applicable.
    pub fn skip(text: impl Into<String>) -> Self {
        Self::Skip(text.into())
    }
}

impl From<Result<(), Stop>> for Verdict {
    fn from(result: Result<(), Stop>) -> Self {
        match result {
            Ok(()) => Self::Pass,
            Err(Stop::Fail(reason)) => Self::Fail(reason),
            Err(Stop::Skip(reason)) => Self::NotApplicable(reason),
        }
    }
}
