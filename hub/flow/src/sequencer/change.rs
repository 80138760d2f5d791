//! Other settings while the hub runs. Their entries are durable before anybody goes by them: a disk that fails leaves
//! everything as it was, and a hub that ends in between begins with what the journal says.

use std::sync::Arc;

use cordon_contract::Fault;

use crate::corridor::work::SettingsWork;
use crate::decide::batch::{Batch, Line};
use crate::decide::settings::{ChangedPart, SettingsChange, SettingsLabel};
use crate::sequencer::Sequencer;

/// Why settings are written while the hub runs.
const AT_RELOAD: &str = "reload";

impl Sequencer {
    /// Lets other settings hold from here on. Nothing else is in the batch: what came before was decided under those of
    /// before, and what comes now under these.
    ///
    /// # Errors
    /// The journal failed. Those of before hold, and whoever asked was told so.
    pub(crate) fn change_settings(&mut self, work: SettingsWork) -> Result<(), Fault> {
        let SettingsWork { change, answer } = work;
        match self.write_settings(&change) {
            Ok(lines) => {
                // Whoever asked may be gone; they hold all the same.
                let _ = answer.send(Ok(self.take_up(*change, &lines)));
                Ok(())
            }
            Err(fault) => {
                let _ = answer.send(Err(fault.clone()));
                Err(fault)
            }
        }
    }

    /// Makes the parts durable that are others than the journal says last.
    fn write_settings(&mut self, change: &SettingsChange) -> Result<Vec<Line>, Fault> {
        let mut batch: Batch = self.next_batch()?;
        let core = &self.kit.core;
        let today = change.maker.today();
        let drafts = core
            .settings()
            .drafts(core.sealer().hub(), (today, AT_RELOAD), batch.next());
        let mut places = Vec::with_capacity(drafts.len());
        for draft in drafts {
            places.push(batch.push(draft, 0));
        }
        let lines = places.iter().filter_map(|place| batch.line(*place));
        let lines = lines.cloned().collect();
        self.commit(batch, Vec::new())?;
        Ok(lines)
    }

    fn take_up(&mut self, change: SettingsChange, lines: &[Line]) -> Vec<ChangedPart> {
        let SettingsChange {
            maker,
            plugins,
            authority,
            mappings,
        } = change;
        let core = &mut self.kit.core;
        core.take_up(lines, maker, plugins);
        self.reader.mark_unusable(core.take_unusable());
        self.kit.ties.in_force.change(Arc::new(authority), mappings);
        let changed = lines.iter().filter_map(|line| {
            let label = SettingsLabel::read(&line.draft.label)?;
            tracing::info!(number = line.entry.number, label = %line.draft.label, "other settings hold from here on");
            Some(ChangedPart {
                name: label.name,
                number: line.entry.number,
            })
        });
        changed.collect()
    }
}
