//! What is said of what goes, and of what cannot.

use cordon_flow::Audited;
use cordon_journal::JournalFault;
use cordon_model::{AuditOutcome, PartyId};
use cordon_reports::Gone;

use super::last_said::{REMOVED, UP_TO};
use super::{Due, Forgetting, Told};

/// Why something stays, for log and health.
pub(super) fn stuck(number: u64, is_folder: bool, fault: &JournalFault) -> String {
    let others = match is_folder {
        true => " and what else lies there",
        false => "",
    };
    format!("segment {number}{others}: {fault}")
}

impl Forgetting {
    /// The entry that says what is being forgotten and why; it comes before.
    pub fn said(&self, due: Due, told: &Told, actor: &PartyId) -> Audited {
        let action = match due {
            Due::Bodies(..) => "journal.forgotten",
            Due::Segment(_) => REMOVED,
        };
        let mut words = self.words(due, ("go", ", their digests stay"));
        words += &Gone::words(&told.gone);
        if let Some(settings) = told.settings {
            words += &format!("; their settings are kept, sha256 {settings}");
        }
        entry(action, (due, actor), AuditOutcome::Success, words)
    }

    /// The entry that says what is due and could not go.
    pub fn not_said(&self, due: Due, fault: &JournalFault, actor: &PartyId) -> Audited {
        let words = self.words(due, ("cannot go", ""));
        let words = format!("{words}: {} {}", fault.code(), fault.log_text());
        entry(
            "journal.not-forgotten",
            (due, actor),
            AuditOutcome::Failure,
            words,
        )
    }

    fn words(&self, due: Due, (go, stay): (&str, &str)) -> String {
        let last = due.aged().last;
        match due {
            Due::Bodies(class, ..) => {
                let days = self.days.iter().find(|(of, _)| *of == class);
                let days = days.map_or(0, |(_, days)| *days);
                let name = class.name();
                format!(
                    "bodies up to entry {last} that are kept {days} days or less ({name}) {go}{stay}"
                )
            }
            Due::Segment(_) => {
                let days = self.remove_days.unwrap_or_default();
                format!("{UP_TO}{last} {go}: older than {days} days")
            }
        }
    }
}

fn entry(
    action: &str,
    (due, actor): (Due, &PartyId),
    outcome: AuditOutcome,
    detail: String,
) -> Audited {
    Audited {
        action: action.to_owned(),
        actor: actor.clone(),
        target: Some(format!("segment {}", due.aged().number)),
        outcome,
        detail: Some(detail),
    }
}
