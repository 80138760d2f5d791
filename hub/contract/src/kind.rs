//! A kind of plug-in that need not run: what of the configuration it is made of.
//!
//! It brings one type, read from the section `[plugins.NAME]`. The program knows the type by its place in one list; the
//! section is checked with the rest of the configuration, is a part of the settings in the journal, and is taken up
//! while the hub runs. Without the section the plug-in does not run.

use std::fmt;
use std::sync::Arc;

use cordon_model::PartyId;
use cordon_model::plan::ParkPlan;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Fault, Plugin};

/// What a plug-in finds where it runs, beside its own section.
#[derive(Clone, Debug)]
pub struct Premises {
    /// The park's plan, as it held when the entries were written that it steps next.
    pub plan: Arc<ParkPlan>,
    /// In whose name it says what it decides.
    pub hub: PartyId,
}

/// The section of a plug-in. The type is strict (unknown keys are refused), and all of it stands in the journal, which is
/// given to others: no secret, no address and no path is in it.
///
/// It begins with nothing at the entry that says its settings for the first time, keeps what it remembers while they
/// change, and forgets all at the entry that says that the section is gone.
///
/// ```
/// use std::sync::Arc;
///
/// use cordon_contract::{Decisions, Entry, EntryKind, Fault, Plugin, PluginKind, Premises, Rows, Table};
/// use cordon_model::plan::ParkPlan;
/// use cordon_model::{AuditEvent, AuditOutcome, Body, PartyId};
///
/// /// `[plugins.talkers]`
/// #[derive(Debug, serde::Deserialize, serde::Serialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config {
///     /// Messages of one party after which that is noted, and after as many again.
///     noted_each: u64,
/// }
///
/// impl PluginKind for Config {
///     const NAME: &'static str = "talkers";
///
///     fn check(&self, _plan: &ParkPlan) -> Vec<Fault> {
///         let wrong = Fault::new("P050", "must be at least 1").at("noted_each").remedy("1000 suits most parks");
///         Vec::from_iter((self.noted_each == 0).then_some(wrong))
///     }
///
///     fn plugin(self, premises: &Premises) -> Box<dyn Plugin> {
///         let hub = premises.hub.clone();
///         Box::new(Talkers { config: self, hub, said: Table::new("said", 1) })
///     }
/// }
///
/// struct Talkers {
///     config: Config,
///     hub: PartyId,
///     said: Table<PartyId, u64>,
/// }
///
/// impl Plugin for Talkers {
///     fn name(&self) -> &'static str {
///         Config::NAME
///     }
///     fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
///         if entry.kind != EntryKind::Message {
///             return;
///         }
///         let said = self.said.or_default(entry.sender.clone());
///         *said += 1;
///         // Settings of another day are checked by nobody: no value of them may break a step.
///         if said.checked_rem(self.config.noted_each) == Some(0) {
///             let noted = AuditEvent {
///                 action: "talkers.many".to_owned(),
///                 actor_id: self.hub.clone(),
///                 target: Some(entry.sender.to_string()),
///                 outcome: AuditOutcome::Success,
///                 detail: None,
///                 at: entry.time,
///             };
///             decisions.emit(Body::AuditEvent(noted), None);
///         }
///     }
///     fn is_due(&self, _time: cordon_model::Timestamp, _clock: cordon_model::Timestamp) -> bool {
///         false
///     }
///     fn tables(&mut self) -> Vec<&mut dyn Rows> {
///         vec![&mut self.said]
///     }
/// }
///
/// let config: Config = serde_json::from_str(r#"{"noted_each": 1000}"#)?;
/// let plan: ParkPlan = serde_json::from_str(r#"{"code": "JS-DEMO", "name": "a park"}"#)?;
/// assert!(config.check(&plan).is_empty());
/// let premises = Premises { plan: Arc::new(plan), hub: PartyId::new("HUB-1")? };
/// assert_eq!(config.plugin(&premises).name(), "talkers");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PluginKind: fmt::Debug + DeserializeOwned + Serialize + Send + Sync + 'static {
    /// The plug-in's name, which [`Plugin::name`] gives too: small letters, digits and `-`, 40 at most. It stands in
    /// `[plugins.NAME]`, in the journal as the part `plugins.NAME`, and in the ids of what is decided, so it is never
    /// changed.
    const NAME: &'static str;

    /// The number of the section's form: another one when what stands in a journal cannot be read as before.
    const FORM: u16 = 1;

    /// What is wrong with its values, and what contradicts the plan; touches no file and no network. Places are inside
    /// the section (`limits[2].gate`); the program says which file and line that is.
    fn check(&self, plan: &ParkPlan) -> Vec<Fault>;

    /// The plug-in, which remembers nothing yet. The same section and premises give the same plug-in. A section of
    /// another day may be one that [`PluginKind::check`] refuses today: it gives a plug-in all the same.
    fn plugin(self, premises: &Premises) -> Box<dyn Plugin>;
}
