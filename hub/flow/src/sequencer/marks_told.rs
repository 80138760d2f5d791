//! Telling of entries that are marked.

use cordon_contract::Fault;
use cordon_model::{AuditOutcome, MessageId, Timestamp};

use crate::decide::batch::Batch;
use crate::decide::fold::{MARKED, entry_text};
use crate::decide::sealer::AuditNote;
use crate::fault::of_wire;
use crate::sequencer::Sequencer;

impl Sequencer {
    /// Tells of marked entries that nobody was told of yet: one audit entry, on which the guard raises
    /// an alarm. The fold remembers how far was told, so that the next start is quiet.
    pub(crate) fn admit_marks(&mut self, batch: &mut Batch, time: Timestamp) -> Result<(), Fault> {
        let marked = self.kit.core.fold().now.marked;
        if marked.last <= marked.told {
            return Ok(());
        }
        let mut detail = format!(
            "{} entries of the journal cannot be read, {} were read although their form is refused today, {} say what their sender may not say",
            marked.unreadable, marked.older_form, marked.unlawful
        );
        for mark in self.reader.marks() {
            if mark.number > marked.told {
                detail.push_str(&format!("; {mark}"));
            }
        }
        tracing::error!("{detail}");
        let hub = self.kit.core.sealer().hub().clone();
        let note = AuditNote {
            action: MARKED,
            actor: &hub,
            target: Some(&entry_text(marked.last)),
            outcome: match marked.unreadable + marked.unlawful {
                0 => AuditOutcome::Success,
                _ => AuditOutcome::Failure,
            },
            detail: Some(&detail),
        };
        let audit = self
            .kit
            .core
            .sealer()
            .audit(MessageId::random(), time, note);
        self.kit.core.admit(batch, audit.map_err(of_wire)?);
        Ok(())
    }
}
