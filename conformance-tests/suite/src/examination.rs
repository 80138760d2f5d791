//! A finished examination: who was asked, what was asked, what came of it.

use cordon_model::{MessageId, Timestamp};
use serde::Serialize;

use crate::{Case, Verdict};

/// Who was examined.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Subject {
    /// What kind of thing it is: `modbus-lane`, `onvif-camera`.
    pub kind: String,
    /// Where it was reached.
    pub address: String,
    /// Maker, as it says or as its profile says.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Firmware or revision; empty when it does not tell.
    pub firmware: String,
    /// Serial number; empty when it does not tell.
    pub serial: String,
    /// SHA-256 of the profile it was examined against, in hexadecimal; empty when there is none.
    pub profile_digest: String,
}

/// Is told of each case as it ends.
pub type OnCase = std::sync::Arc<dyn Fn(&Examined) + Send + Sync>;

/// One case with its verdict.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Examined {
    /// The case.
    pub case: Case,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not applicable.
    pub not_applicable: usize,
}

/// A finished examination.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Examination {
    /// Identity of this run.
    pub id: MessageId,
    /// Name of the suite: `modbus-lane`, `onvif-camera`.
    pub suite: &'static str,
    /// Version of the suite.
    pub suite_version: &'static str,
    /// Who was examined.
    pub subject: Subject,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Cases in the order of their numbers.
    pub results: Vec<Examined>,
}

impl Examination {
    /// How many of each.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for examined in &self.results {
            match examined.verdict {
                Verdict::Pass => counts.passed += 1,
                Verdict::Fail(_) => counts.failed += 1,
                Verdict::NotApplicable(_) => counts.not_applicable += 1,
            }
        }
        counts
    }

    /// Whether nothing failed and something passed.
    pub fn passed(&self) -> bool {
        let counts = self.counts();
        counts.failed == 0 && counts.passed > 0
    }

    /// Whether every case of the suite was asked; only then is there a declaration.
    pub fn is_complete(&self) -> bool {
        let cases = match self.suite {
            crate::onvif::SUITE => crate::onvif::CASES.len(),
            _ => crate::modbus::CASES.len(),
        };
        self.results.len() == cases
    }

    /// Whether the subject did not answer at all.
    pub fn is_absent(&self) -> bool {
        self.results
            .first()
            .is_some_and(|first| matches!(first.verdict, Verdict::Fail(_)))
    }

    /// Ids of the cases that failed.
    pub fn failures(&self) -> Vec<&'static str> {
        self.results
            .iter()
            .filter(|examined| matches!(examined.verdict, Verdict::Fail(_)))
            .map(|examined| examined.case.id)
            .collect()
    }
}
