//! What is known of the journal from beside it: state, witness, pinned heads. A journal that does not
//! hold it is refused; a loss is accepted by name, and that is an entry.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use cordon_contract::{Clock, Fault};
use cordon_flow::{Audited, EntryReader, Ledger, Opened, RunningHub};
use cordon_journal::{
    Expectation, FaultKind, Journal, JournalFault, Options, Position, Reader, State as _,
    StateStore, Unmet, Witness,
};
use cordon_model::{AlarmCode, AlarmLevel, AuditOutcome, Body, Digest, PartyId, Timestamp};
use cordon_security::TrustStore;
use serde::{Deserialize, Serialize};

use crate::config::ParkConfig;
use crate::keeping::Keeping;
use crate::pins::{self, Pin, Proof, Unread, pinned, readable};

/// What is given up where no entry is named: the last batch, that was changed after it was written.
const CHANGED: &str = "the last batch was changed after it was written";

/// The same of the last file, cut short, with what stood at its end.
const CUT: &str = "the journal's last file was cut short";

/// Losses told one by one in an entry; more are counted.
const TOLD_MAX: usize = 5;

/// Journal and state of a configuration, held to all that is known of the journal at each opening.
pub struct Past {
    data: PathBuf,
    identity: String,
    warn_used_percent: u8,
    /// Bytes of a new segment.
    segment_bytes: u64,
    pinned: Vec<Expectation>,
    /// Pins that could not be read or are not proven, and hold it to nothing yet.
    unread: Arc<Unread>,
    /// A loss that somebody accepted and that is not journaled yet.
    accepted: Option<Acceptance>,
    /// What an opening of this process found to be known. It holds for the next one too, which may find
    /// an empty folder in the same place: the disk is unmounted for repair.
    seen: Mutex<Vec<Expectation>>,
    /// What packs and moves old segments of the journal that is open.
    keeping: Arc<Keeping>,
    /// The store of the present opening, which its hub alone holds.
    state: Mutex<Weak<StateStore>>,
}

/// The journal's folder of a configuration.
pub fn folder(config: &ParkConfig) -> PathBuf {
    config.hub.data.join("journal")
}

/// The witness beside a journal's folder.
pub fn witness_of(journal: &Path) -> PathBuf {
    match journal.parent() {
        Some(data) if !data.as_os_str().is_empty() => data.join("witness"),
        _ => PathBuf::from("witness"),
    }
}

impl Past {
    /// Reads what others pinned and what was accepted; the journal itself is opened by its hub.
    pub fn of(config: &ParkConfig, trust: Arc<TrustStore>) -> Result<Self, Fault> {
        let proof = Proof::of(config, trust);
        let (pinned, unread) = readable(&config.hub.data, &proof)?;
        let identity = format!("{}/{}", config.plan.code, config.hub.id);
        Ok(Self {
            data: config.hub.data.clone(),
            unread: Unread::of(&config.hub.data, proof, unread),
            identity,
            warn_used_percent: config.hub.disk_warn_percent,
            segment_bytes: Options::default().segment_bytes,
            pinned: expected_of(&pinned),
            accepted: Acceptance::read(&config.hub.data)?,
            keeping: Keeping::by(config),
            seen: Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// New segments have so many bytes.
    #[cfg(test)]
    pub fn cut_by(&mut self, bytes: u64) {
        self.segment_bytes = bytes;
    }

    /// What an earlier opening of this process knew and what its hub wrote itself, without what was given
    /// up by name.
    fn required(&self, own: Option<&Expectation>) -> Result<Vec<Expectation>, JournalFault> {
        let mut required = self.seen().clone();
        required.extend(own.cloned());
        match &self.accepted {
            Some(accepted) if !required.is_empty() => {
                accepted.waive(&self.journal(), &mut required)?;
            }
            _ => {}
        }
        Ok(required)
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Expectation>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what is known; of each source the newest.
    fn see(&self, known: impl IntoIterator<Item = Expectation>) {
        let mut seen = self.seen();
        for expectation in known {
            seen.retain(|earlier| earlier.source != expectation.source);
            seen.push(expectation);
        }
    }

    fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// The pins that could not be read at the start.
    pub fn unread_pins(&self) -> Arc<Unread> {
        Arc::clone(&self.unread)
    }

    /// What packs and moves old segments of the journal.
    pub fn keeping(&self) -> Arc<Keeping> {
        Arc::clone(&self.keeping)
    }

    /// Journals an accepted loss with an alarm, lets the witness begin anew, and removes its file. A
    /// crash in between makes the next start say it once more. It is kept, too, while a pin that was given up
    /// cannot be set aside: without it the next start would be refused again.
    pub async fn settle(
        &self,
        hub: &RunningHub,
        actor: &PartyId,
        clock: &dyn Clock,
    ) -> Result<(), Fault> {
        let Some(accepted) = &self.accepted else {
            return Ok(());
        };
        let position = accepted.journaled(hub, actor, clock).await?;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = state.upgrade() {
            state.note(position).map_err(of_journal)?;
        }
        if let Err(fault) = accepted.set_pins_aside(&self.data) {
            tracing::error!(%fault, "the acceptance stays and is journaled again by the next start");
            return Ok(());
        }
        let path = self.data.join(Acceptance::NAME);
        std::fs::remove_file(&path).map_err(|error| unreadable(&path, &error))
    }
}

impl Past {
    /// A state that holds nothing, or is older than a checkpoint, goes on from the newest one; without one the journal must be there
    /// from its first entry.
    fn begin_state(&self, state: &StateStore, reader: &Reader) -> Result<(), JournalFault> {
        let begun = Instant::now();
        if let Some(number) = self.keeping.checkpoints().fill(state, reader)? {
            tracing::warn!(number, took = ?begun.elapsed(), "the state goes on from a checkpoint");
            return Ok(());
        }
        if state.position()?.0 > 0 {
            return Ok(());
        }
        match reader.first()? {
            Some(first) if first > 1 => {
                let detail = format!(
                    "there is no state, the journal, with what its archive holds, begins with entry {first}, and no checkpoint that it names is there"
                );
                let place = self.data.join("checkpoints").display().to_string();
                Err(JournalFault::new(FaultKind::Checkpoint, place, detail))
            }
            _ => Ok(()),
        }
    }
}

fn expected_of(pins: &[Pin]) -> Vec<Expectation> {
    pins.iter().map(Pin::expectation).collect()
}

impl Ledger for Past {
    fn open(&self, own: Option<&Expectation>) -> Result<Opened, JournalFault> {
        let dir = self.journal();
        let mut options = Options {
            warn_used_percent: self.warn_used_percent,
            segment_bytes: self.segment_bytes,
            ..Options::new(self.identity.clone())
        };
        // Before anything is opened, because opening makes what is not there.
        let required = self.required(own)?;
        for expectation in &required {
            expectation.require(&dir, &options)?;
        }
        self.see(witnessed(&self.data)?);
        let state = open_state(&self.data)?;
        // A running hub knows its journal better than any file beside it: one that says otherwise was put there,
        // and is built again.
        let mut expected = match own {
            Some(_) => witnessed(&self.data)?.into_iter().collect(),
            None => known(&self.data, &state)?,
        };
        self.see(expected.iter().cloned());
        expected.extend(self.pinned.iter().cloned());
        if let Some(accepted) = &self.accepted {
            accepted.waive(&dir, &mut expected)?;
        }
        expected.extend(required);
        options.expect = expected;
        options.gives_up_changed = self
            .accepted
            .as_ref()
            .is_some_and(Acceptance::gives_up_changed);
        options.gives_up_segments = self
            .accepted
            .as_ref()
            .map_or_else(Vec::new, Acceptance::segments);
        options.archive = self.keeping.archive();
        let journal = Journal::open(&dir, options)?;
        let reader = self.reader();
        if let Some(why) = state.fit(&reader)? {
            tracing::warn!(%why, "the state is rebuilt from the journal");
        }
        if journal.last() > 0 && self.keeping.checkpoints().is_newer(state.position()?.0)? {
            self.begin_state(&state, &reader)?;
        }
        state.watched_by(Witness::open(witness_of(&dir))?);
        let state = Arc::new(state);
        let known = Arc::downgrade(&state);
        self.keeping.takes(&journal, Weak::clone(&known));
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(Opened { journal, state })
    }

    fn reader(&self) -> Reader {
        self.keeping.reader()
    }
}

/// Reads the journal of a configuration, its archive included, beside a hub or without one.
pub fn reader(config: &ParkConfig) -> Result<EntryReader, Fault> {
    let reader = Reader::open(folder(config)).map_err(of_journal)?;
    let archive = config.retention.archive.as_deref();
    Ok(EntryReader::over(reader.with_archive(archive)))
}

fn open_state(data: &Path) -> Result<StateStore, JournalFault> {
    let (state, rebuild) = StateStore::open(data.join("state.redb"))?;
    if let Some(why) = rebuild {
        tracing::warn!(%why, "the state is rebuilt from the journal");
    }
    Ok(state)
}

/// What the state and the witness know of the journal beside them.
fn known(data: &Path, state: &StateStore) -> Result<Vec<Expectation>, JournalFault> {
    let known = expect(state.position()?, "the state").into_iter();
    Ok(known.chain(witnessed(data)?).collect())
}

/// What the witness knows; reading it makes and changes nothing.
fn witnessed(data: &Path) -> Result<Option<Expectation>, JournalFault> {
    let position = Witness::read(witness_of(&data.join("journal")))?;
    Ok(position.and_then(|position| expect(position, "the witness")))
}

fn expect((number, chain): Position, source: &str) -> Option<Expectation> {
    (number > 0).then(|| Expectation {
        number,
        chain: Some(chain),
        source: source.to_owned(),
    })
}

/// A record that was known and is not there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lost {
    /// Who knows it.
    pub source: String,
    /// Its number.
    pub number: u64,
    /// Its chain hash.
    pub chain: Digest,
    /// The segment before the last one that is missing or broken, where it is no single record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<u64>,
}

impl Lost {
    /// What stood in a damaged file, in words.
    fn of_damage(source: String, segment: Option<u64>) -> Self {
        Self {
            source,
            number: 0,
            chain: Digest([0; 32]),
            segment,
        }
    }

    /// No entry that is known, but what stood in a damaged file.
    fn is_damage(&self) -> bool {
        self.segment.is_some() || self.is_of_last()
    }

    /// What stood at the end of the last file.
    fn is_of_last(&self) -> bool {
        self.source == CHANGED || self.source == CUT
    }
}

/// A journal as it was accepted although more, or something else, is known of it. It lies as a file
/// in the data folder until the next start has journaled it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Last entry of the journal that was accepted; 0 for an empty one.
    pub number: u64,
    /// Its chain hash.
    pub chain: Digest,
    /// What was known and is given up.
    pub lost: Vec<Lost>,
    /// Files of pinned heads that are given up with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<String>,
    /// Who accepts it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Acceptance {
    const NAME: &'static str = "accepted.json";

    /// Whether a last batch that was changed or cut after it was written is given up.
    fn gives_up_changed(&self) -> bool {
        self.lost.iter().any(Lost::is_of_last)
    }

    /// Earlier segments that are given up.
    fn segments(&self) -> Vec<u64> {
        self.lost.iter().filter_map(|lost| lost.segment).collect()
    }

    /// What would have to be accepted; `None` when the journal holds all that is known of it. The
    /// hub must not run.
    pub fn needed(
        config: &ParkConfig,
        by: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<Option<Self>, Fault> {
        let dir = folder(config);
        let data = &config.hub.data;
        let state = open_state(data).map_err(of_journal)?;
        let mut expected = known(data, &state).map_err(of_journal)?;
        let pins = pinned(data, &Proof::beside_no_hub(config))?;
        expected.extend(expected_of(&pins));
        let identity = format!("{}/{}", config.plan.code, config.hub.id);
        let mut options = Options::new(identity);
        let mut lost = broken(&dir, &options);
        options.gives_up_segments = lost.iter().filter_map(|lost| lost.segment).collect();
        let is_broken = !lost.is_empty();
        for expectation in expected {
            let unmet = match expectation.unmet(&dir) {
                // It stands in what is given up.
                Err(_) if is_broken => None,
                unmet => unmet.map_err(of_journal)?,
            };
            if let (Some(_), Some(chain)) = (unmet, expectation.chain) {
                lost.push(Lost {
                    source: expectation.source,
                    number: expectation.number,
                    chain: Digest(chain),
                    segment: None,
                });
            }
        }
        let damage = Expectation::damage(&dir, &options);
        let given_up = damage.as_ref().and_then(|fault| match fault.kind() {
            FaultKind::Changed => Some(CHANGED),
            FaultKind::Cut => Some(CUT),
            _ => None,
        });
        match (damage, given_up) {
            (_, Some(source)) => lost.push(Lost::of_damage(source.to_owned(), None)),
            // Nothing said by name makes a damaged journal whole: its own remedy is what helps, also where
            // damage is all there is.
            (Some(fault), None) if fault.kind() != FaultKind::Io => {
                return Err(of_journal(fault));
            }
            _ => {}
        }
        if lost.is_empty() {
            return Ok(None);
        }
        let (number, chain) = match Reader::open(&dir) {
            Ok(reader) => reader.position().map_err(of_journal)?,
            // Nothing at all is left, not even the folder.
            Err(_) => (0, [0; 32]),
        };
        let mut pins = names_of(&pins, &lost);
        // Nothing has journaled it yet, and its pins lie aside already.
        if let Some(earlier) = Self::read(data)? {
            let known = earlier.lost.into_iter().filter(|it| !it.is_damage());
            lost.extend(known.filter(|it| !lost.contains(it)).collect::<Vec<_>>());
            pins.extend(earlier.pins);
        }
        Ok(Some(Self {
            number,
            chain: Digest(chain),
            lost,
            pins,
            by: by.to_owned(),
            reason: reason.to_owned(),
            at,
        }))
    }

    /// Puts it where the next start finds it; durable when this returns.
    pub fn write(&self, data: &Path) -> Result<(), Fault> {
        let path = data.join(Self::NAME);
        let unusable = |error: &dyn std::fmt::Display| {
            Fault::new("J053", format!("the acceptance cannot be written: {error}"))
                .at(path.display().to_string())
                .remedy("check path and rights")
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| unusable(&error))?;
        cordon_services::client::write_durably(&path, &text)
    }

    fn read(data: &Path) -> Result<Option<Self>, Fault> {
        let path = data.join(Self::NAME);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| unreadable(&path, &error))
    }

    /// Sets the pins aside that are given up with it, so that no later start asks for them. Gives where they lie.
    pub fn set_pins_aside(&self, data: &Path) -> Result<Vec<PathBuf>, Fault> {
        let known = self.lost.iter().filter(|lost| !lost.is_damage());
        let heads: Vec<Position> = known.map(|lost| (lost.number, lost.chain.0)).collect();
        pins::set_aside(data, &heads)
    }

    /// Takes back the expectations that were given up by name, and expects what was accepted instead.
    fn waive(&self, dir: &Path, expected: &mut Vec<Expectation>) -> Result<(), JournalFault> {
        let mut kept = Vec::new();
        for expectation in expected.drain(..) {
            let unmet = match expectation.unmet(dir) {
                // It stands in what was given up.
                Err(_) if self.lost.iter().any(|lost| lost.segment.is_some()) => None,
                unmet => unmet?,
            };
            let named = self.lost.iter().any(|lost| {
                (lost.number, Some(lost.chain.0)) == (expectation.number, expectation.chain)
            });
            match unmet {
                Some(Unmet::Short { .. } | Unmet::Other) if named => {}
                _ => kept.push(expectation),
            }
        }
        kept.push(Expectation {
            number: self.number,
            chain: Some(self.chain.0),
            source: "the acceptance".to_owned(),
        });
        *expected = kept;
        Ok(())
    }

    /// Journals it with an alarm; the position of the alarm's entry.
    async fn journaled(
        &self,
        hub: &RunningHub,
        actor: &PartyId,
        clock: &dyn Clock,
    ) -> Result<Position, Fault> {
        let words = self.words();
        tracing::error!(by = self.by, reason = self.reason, "{words}");
        let submit = hub.submit();
        submit
            .audit(&Audited {
                action: "journal.accepted".to_owned(),
                actor: actor.clone(),
                target: Some(format!("entry {}", self.number)),
                outcome: AuditOutcome::Success,
                detail: Some(words.clone()),
            })
            .await?;
        let id = format!("journal-accepted-{}", self.number);
        let kind = (AlarmCode::StorageFail, AlarmLevel::Orange);
        let alarm = crate::alarm::of_hub(id, kind, &words, clock.now());
        let receipt = submit.internal(Body::AlarmEvent(alarm), actor).await?;
        Ok((receipt.number, receipt.chain.0))
    }

    /// What was accepted, in one sentence, and which pins hold nothing any more.
    pub fn words(&self) -> String {
        let aside = match self.pins.is_empty() {
            true => String::new(),
            false => format!(
                "; set aside in pins/accepted, and asked for no more: {}",
                first_of(self.pins.clone())
            ),
        };
        let told = |lost: &Lost| match lost.is_damage() {
            true => lost.source.clone(),
            false => format!("{} knew entry {}", lost.source, lost.number),
        };
        let lost = first_of(self.lost.iter().map(told).collect());
        let highest = self.lost.iter().map(|lost| lost.number).max();
        let again = match highest {
            Some(highest) if highest > self.number => format!(
                "; entries {} to {highest} are gone and their numbers are issued again",
                self.number + 1
            ),
            _ if self.lost.iter().all(Lost::is_damage) => String::new(),
            _ => "; it is another journal than the one known".to_owned(),
        };
        format!(
            "{} accepted at {} that the journal ends with entry {} (chain {}) although {lost}{again}{aside}. Reason: {}",
            self.by, self.at, self.number, self.chain, self.reason
        )
    }
}

/// The first few of these; more are counted.
fn first_of(mut words: Vec<String>) -> String {
    let more = words.len().saturating_sub(TOLD_MAX);
    words.truncate(TOLD_MAX);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// The files of those pins that are lost.
fn names_of(pins: &[Pin], lost: &[Lost]) -> Vec<String> {
    let is_lost = |pin: &&Pin| {
        lost.iter()
            .any(|lost| (lost.number, lost.chain.0) == pin.head())
    };
    pins.iter().filter(is_lost).map(Pin::name).collect()
}

/// The segments before the last one that are missing or broken, each as a loss.
fn broken(dir: &Path, options: &Options) -> Vec<Lost> {
    let options = Options {
        // What is wrong with the last one is told apart.
        gives_up_changed: true,
        ..options.clone()
    };
    let broken = Expectation::broken(dir, &options).unwrap_or_default();
    broken
        .into_iter()
        .map(|(number, fault)| {
            let words = format!(
                "segment {number} is lost ({}: {})",
                fault.code(),
                fault.log_text()
            );
            Lost::of_damage(words, Some(number))
        })
        .collect()
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("J053", format!("the acceptance cannot be used: {error}"))
        .at(path.display().to_string())
        .remedy("remove the file and accept again with cordon journal accept")
}

/// A journal failure as a fault of the program.
pub fn of_journal(fault: JournalFault) -> Fault {
    Fault::new(fault.code(), fault.peer_text())
        .remedy(fault.remedy())
        .log(fault.log_text())
}
