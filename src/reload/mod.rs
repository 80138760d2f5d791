//! Taking up a changed configuration while the hub runs: what decides, whole or not at all.
//!
//! The file that the hub was started with is read anew and checked as at a start. With any fault nothing changes. Else
//! all that decides of it, together with everything else as it runs, is checked once more; it becomes entries of the
//! journal, and from there on it holds for plug-ins, door, page, reports and records. What else differs is named.

mod pace;
mod prepared;
mod running;

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use cordon_console::{FaultLine, Reloaded, ReloadedPart};
use cordon_contract::Fault;
use cordon_flow::{Audited, ChangedPart, Submit, THREAD, UNSETTLED};
use cordon_model::plan::ParkPlan;
use cordon_model::{AuditOutcome, PartyId};
use cordon_records::GrantRoom;
use tokio::sync::{Mutex, watch};

use crate::config::ParkConfig;
use crate::core::HubCore;
use crate::reports::reported_by;
use crate::settings::ParkSettings;

use pace::{A_MINUTE, Pace};
use prepared::Prepared;
pub use running::Running;

/// `K100`: what decides does not fit what runs; a restart takes up both.
const UNFIT: &str = "K100";
/// `K101`: too many reloads in a minute.
const TOO_MANY: &str = "K101";
/// `K102`: the hub could not take it up.
const NOT_TAKEN: &str = "K102";

/// Audit actions of a configuration that was taken up, and of one that was not.
const TAKEN_UP: &str = "settings.reloaded";
const REFUSED: &str = "settings.refused";

/// Longest wait of whoever asks; the program's own client waits longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longest detail of an audit entry, letters; the words about who asked fit behind it.
const DETAIL_CHARS_MAX: usize = 1_800;
/// Faults that an audit entry names; log and answer have all.
const FAULTS_TOLD_MAX: usize = 12;

/// What runs, and what is told of other settings.
pub struct Reloader {
    /// The file that the hub was started with; nobody can name another.
    path: PathBuf,
    running: Running,
    present: Arc<ParkSettings>,
    submit: Submit,
    /// For page and metrics.
    plan: watch::Sender<Arc<ParkPlan>>,
    /// For the records.
    room: GrantRoom,
    core: Weak<HubCore>,
    /// One after the other.
    turn: Mutex<Pace>,
}

/// What a reloader is made of.
pub struct ReloaderParts {
    /// The configuration's file.
    pub path: PathBuf,
    /// What of it runs.
    pub running: Running,
    /// The settings of the start.
    pub present: Arc<ParkSettings>,
    /// Where other settings go.
    pub submit: Submit,
    /// Who shows the plan.
    pub plan: watch::Sender<Arc<ParkPlan>>,
    /// How many grants are kept to be asked.
    pub room: GrantRoom,
}

impl Reloader {
    /// Of a running hub.
    pub fn new(parts: ReloaderParts, core: &Arc<HubCore>) -> Self {
        let ReloaderParts {
            path,
            running,
            present,
            submit,
            plan,
            room,
        } = parts;
        Self {
            path,
            running,
            present,
            submit,
            plan,
            room,
            core: Arc::downgrade(core),
            turn: Mutex::default(),
        }
    }

    /// Reads the configuration anew and takes up what decides; `asked` says who wanted it. Whoever goes away breaks
    /// nothing off.
    ///
    /// # Errors
    /// All that is wrong with it, and nothing changed; or that a disk hangs, and what came of it is told later.
    pub async fn reload(self: &Arc<Self>, asked: &str) -> Result<Reloaded, Vec<Fault>> {
        let (own, asked) = (Arc::clone(self), asked.to_owned());
        let doing = tokio::spawn(async move { own.read_anew(&asked).await });
        match tokio::time::timeout(PATIENCE, doing).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => Err(vec![not_taken(&ended(&error))]),
            Err(_) => Err(vec![not_yet()]),
        }
    }

    async fn read_anew(self: &Arc<Self>, asked: &str) -> Result<Reloaded, Vec<Fault>> {
        let mut turn = self.turn.lock().await;
        if !turn.takes(Instant::now()) {
            tracing::warn!(asked, "{TOO_MANY}: the configuration is not read again");
            return Err(vec![too_many()]);
        }
        let asked = match turn.take_turned_away() {
            0 => asked.to_owned(),
            turned => format!("{asked}; {turned} before were turned away ({TOO_MANY})"),
        };
        match self.take_up().await {
            Ok((changed, prepared)) => Ok(self.taken_up(changed, prepared, &asked).await),
            Err(faults) => {
                self.refused(&faults, &asked).await;
                Err(faults)
            }
        }
    }

    async fn take_up(self: &Arc<Self>) -> Result<(Vec<ChangedPart>, Told), Vec<Fault>> {
        let own = Arc::clone(self);
        let prepared = tokio::task::spawn_blocking(move || {
            Prepared::read(&own.path, &own.running, &own.present)
        });
        let prepared = prepared.await;
        let prepared = prepared.map_err(|error| vec![not_taken(&ended(&error))])??;
        let Prepared {
            config,
            change,
            kept,
            warnings,
        } = prepared;
        let changed = self.submit.change_settings(change).await;
        let changed = changed.map_err(|fault| vec![not_taken(&fault)])?;
        let told = Told {
            config,
            kept,
            warnings,
        };
        Ok((changed, told))
    }

    /// Tells everybody who goes by the settings beside the flow, and writes down what was done.
    async fn taken_up(&self, changed: Vec<ChangedPart>, told: Told, asked: &str) -> Reloaded {
        if !changed.is_empty() {
            self.tell(&told.config);
        }
        for fault in &told.warnings {
            tracing::error!(%fault, "the configuration is taken up all the same");
        }
        let names: Vec<&str> = changed.iter().map(|part| part.name.as_str()).collect();
        let entries: Vec<String> = changed
            .iter()
            .map(|part| format!("{} by entry {}", part.name, part.number))
            .collect();
        let mut words = match entries.is_empty() {
            true => "nothing that decides differs".to_owned(),
            false => format!("from here on hold: {}", entries.join(", ")),
        };
        if !told.kept.is_empty() {
            words += &format!("; as before until a restart: {}", told.kept.join(", "));
        }
        tracing::warn!(asked, "the configuration was read anew: {words}");
        let target = Some(names.join(", ")).filter(|names| !names.is_empty());
        let entry = self
            .audit((TAKEN_UP, AuditOutcome::Success), target, &words, asked)
            .await;
        let changed = changed.into_iter().map(|part| ReloadedPart {
            part: part.name,
            entry: part.number,
        });
        Reloaded {
            changed: changed.collect(),
            kept: told.kept,
            warnings: told.warnings.iter().map(FaultLine::from).collect(),
            entry,
        }
    }

    fn tell(&self, config: &ParkConfig) {
        let plan = Arc::new(config.plan.clone());
        self.room
            .set(config.access.grants_max, plan.enterprises.len());
        match (self.core.upgrade(), reported_by(config, &plan)) {
            (Some(core), Ok(by)) => core.report_by(by),
            (_, Err(fault)) => tracing::error!(%fault, "reports go by the plan of before"),
            (None, _) => {}
        }
        self.plan.send_replace(plan);
    }

    async fn refused(&self, faults: &[Fault], asked: &str) {
        for fault in faults {
            tracing::error!(%fault, asked, "the configuration is not taken up; the hub goes on as it was");
        }
        // Places and codes alone: a text may hold what stands in the file, and the journal is given to others.
        let told = faults.iter().take(FAULTS_TOLD_MAX).map(|fault| {
            match self.running.without_folder(fault.place()) {
                place if place.is_empty() => fault.code().to_owned(),
                place => format!("{} at {place}", fault.code()),
            }
        });
        let told: Vec<String> = told.collect();
        let mut words = format!("nothing changed: {}", told.join("; "));
        let more = faults.len().saturating_sub(FAULTS_TOLD_MAX);
        if more > 0 {
            words += &format!("; {more} more faults");
        }
        self.audit((REFUSED, AuditOutcome::Denied), None, &words, asked)
            .await;
    }

    async fn audit(
        &self,
        (action, outcome): (&str, AuditOutcome),
        target: Option<String>,
        words: &str,
        asked: &str,
    ) -> Option<u64> {
        let words: String = words.chars().take(DETAIL_CHARS_MAX).collect();
        let actor: PartyId = self.submit.hub().clone();
        let audited = Audited {
            action: action.to_owned(),
            actor,
            target,
            outcome,
            detail: Some(format!("{words}; asked by {asked}")),
        };
        match self.submit.audit(&audited).await {
            Ok(receipt) => Some(receipt.number),
            Err(fault) => {
                tracing::warn!(%fault, action, "what came of a reload could not be recorded");
                None
            }
        }
    }
}

/// What is told of a configuration that was taken up.
struct Told {
    config: ParkConfig,
    kept: Vec<String>,
    warnings: Vec<Fault>,
}

fn ended(error: &tokio::task::JoinError) -> Fault {
    Fault::new(THREAD, "a thread of the hub ended").log(error.to_string())
}

/// It is being done, and a disk lets it wait.
fn not_yet() -> Fault {
    let words = "whether the settings change is not known yet: the disk hangs, or another reload is under way";
    Fault::new(NOT_TAKEN, words)
        .remedy("the log says what comes of it, and so does an audit entry; see `/healthz`")
}

fn too_many() -> Fault {
    Fault::new(
        TOO_MANY,
        format!(
            "the configuration was read {A_MINUTE} times within a minute, and is not read again yet"
        ),
    )
    .remedy("wait a minute; `cordon check` tries a configuration as often as you like")
}

/// The hub has no place for it now.
fn not_taken(why: &Fault) -> Fault {
    let words = match why.code() {
        UNSETTLED => format!("whether the settings changed is not known, a start finds out: {why}"),
        _ => format!("the settings were not changed, those of before hold: {why}"),
    };
    Fault::new(NOT_TAKEN, words).remedy("see `/healthz`; reload again when the hub takes messages")
}

/// What decides and what runs do not go together.
fn unfit(why: &Fault) -> Fault {
    Fault::new(
        UNFIT,
        format!(
            "this fits the file, and not what runs of it: {}",
            why.log_text()
        ),
    )
    .at(why.place().to_owned())
    .remedy("restart the hub, which takes up both; or change the two one after the other")
}
