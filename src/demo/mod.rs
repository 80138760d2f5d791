//! `cordon demo`: a living park on one machine. The hub is the one of `cordon run`; around it stand
//! simulators of all outside systems, two enterprises, a regulator and a duty officer.

mod enterprise;
mod officer;
mod outside;
mod papers;
mod regulator;
mod summary;
mod teller;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Clock as _, Shutdown, ShutdownTrigger, SystemClock};
use cordon_flow::{EntryReader, RunningHub, StatsSnapshot};
use cordon_model::{Body, GateClass, PartyId};
use cordon_security::tls::{self, Expect, TlsKey};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::client::{Link, LinkOptions};
use cordon_sim_park::{Outside, STORY, Scene, cast};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::assemble;
use crate::config::{DemoSection, ParkConfig};
use crate::exit::{CONFIG, Ending};
use enterprise::{Enterprise, Filed};
use officer::{Duty, Officer};
use papers::Filer;
use regulator::{Pulled, Regulator};
use summary::{JournalState, Reports, Summary};

/// How a demo is run.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The prepared configuration.
    pub config: PathBuf,
    /// The folder that holds everything.
    pub data: PathBuf,
    /// Ends by itself after this long; without it on Ctrl-C.
    pub length: Option<Duration>,
    /// Where the summary goes.
    pub summary: Option<PathBuf>,
    /// No words on the terminal.
    pub quiet: bool,
}

/// The people and partners around a running hub.
struct Company {
    trigger: ShutdownTrigger,
    enterprises: Vec<(PartyId, JoinHandle<Filed>)>,
    regulator: JoinHandle<Pulled>,
    officer: JoinHandle<Duty>,
    story: JoinHandle<()>,
}

impl Demo {
    /// Runs the park to its end.
    pub async fn run(self) -> Result<(), Ending> {
        let (config, loaded) = ParkConfig::check(&self.config).map_err(|faults| {
            crate::commands::print_faults(&faults);
            Ending::new(
                CONFIG,
                format!("{} faults; nothing was started", faults.len()),
            )
        })?;
        let Some(demo) = config.demo.clone() else {
            return Err(Ending::new(
                CONFIG,
                format!(
                    "{} has no [demo] section; name another folder with --data, or add the section",
                    self.config.display()
                ),
            ));
        };
        let outside = Outside::start(outside::settings(&config, &demo)?).await;
        let outside = Arc::new(outside.map_err(|fault| {
            Ending::failed(format!(
                "an outside system could not be started: {fault}; choose other ports in {}, or --port-base with a new --data folder",
                self.config.display()
            ))
        })?);
        let park = assemble::start(&self.config, &config, loaded).await?;
        let begun = Instant::now();
        self.announce(&config);
        let teller = tokio::spawn(teller::tell(park.hub().feed(), self.quiet));
        office(&config, park.hub()).await?;
        let company = self.company(&config, &demo, &outside)?;
        let ended = self.wait(&park).await;
        tell!("stopping");
        let (pulled, filed, duty) = company.go_home().await;
        teller.abort();
        let (stats, escalated) = last_look(park.hub()).await?;
        let pushed = outside.taken();
        let platforms: u64 = config
            .adapters
            .of::<cordon_regulator::Config>()
            .filter_map(|regulator| pushed.get(regulator.platform.as_str()))
            .map(|count| *count as u64)
            .sum();
        drop(outside);
        let stopped = park.stop().await;
        let journal = verified(&config.hub.data.join("journal"));
        let mut adapters = summary::directions(&config, &stats);
        let regulator = adapters.entry("regulator").or_default();
        regulator.incoming += pulled.pulled;
        regulator.outgoing += pulled.verified.values().sum::<u64>();
        regulator.outgoing_done += pulled.verified.values().sum::<u64>();
        let summary = Summary {
            park: config.plan.code.to_string(),
            seconds: begun.elapsed().as_secs(),
            adapters,
            decisions: stats.decisions,
            refusals: stats.refusals,
            commands: stats.commands,
            deliveries: stats.deliveries,
            alarms: stats.alarms,
            escalated,
            reports: Reports {
                pulled,
                pushed: platforms,
            },
            enterprises: filed,
            officer: duty,
            messages: stats.messages,
            journal,
            decision_ms: stats.decision.into(),
            commit_ms: stats.commit.into(),
        };
        self.write(&summary)?;
        ended?;
        stopped?;
        if summary.journal.verified {
            Ok(())
        } else {
            Err(Ending::failed(format!(
                "the journal is not clean: {}",
                summary.journal.problems.join("; ")
            )))
        }
    }

    fn announce(&self, config: &ParkConfig) {
        tell!(
            "park {} is up\n  status page   http://{}\n  exchange      https://{}  (certificates in {})\n  configuration {}",
            config.plan.code,
            config.console.listen,
            config.exchange.listen,
            self.data.join("certs").display(),
            self.config.display(),
        );
        match self.length {
            Some(length) => tell!("  it ends by itself after {} s\n", length.as_secs()),
            None => tell!("  Ctrl-C ends it\n"),
        }
    }

    /// Everybody who works with the hub from outside.
    fn company(
        &self,
        config: &ParkConfig,
        demo: &DemoSection,
        outside: &Arc<Outside>,
    ) -> Result<Company, Ending> {
        let (trigger, shutdown) = Shutdown::pair();
        let mut enterprises = Vec::new();
        for (index, known) in config.plan.enterprises.iter().take(2).enumerate() {
            let (link, _) = self.link(config, known.id.as_str(), "enterprise")?;
            let folder = self.data.join("partners").join(known.id.as_str());
            let enterprise =
                Enterprise::new(config.plan.code.clone(), known.id.clone(), link, &folder)?;
            enterprises.push((
                known.id.clone(),
                tokio::spawn(enterprise.run(index == 0, shutdown.clone())),
            ));
        }
        let (link, trust) = self.link(config, "regulator-1", "regulator")?;
        let regulator = Regulator {
            link,
            trust,
            folder: self.data.join("partners/regulator-1/reports"),
            every: Duration::from_secs(demo.pull_every_s),
        };
        let quiet = self.quiet;
        let told = move |words: String| {
            if !quiet {
                teller::say(SystemClock.now(), &words);
            }
        };
        let gate = config.plan.gates.iter();
        let gate = gate
            .filter(|gate| gate.class == GateClass::Emergency)
            .map(|gate| gate.id.to_string())
            .next();
        let (ring, phone) = watch::channel(false);
        let officer = Officer::new(config.console.listen, gate, phone);
        Ok(Company {
            enterprises,
            regulator: tokio::spawn(regulator.run(shutdown.clone(), told)),
            officer: tokio::spawn(officer.run(shutdown.clone())),
            story: tokio::spawn(play(Arc::clone(outside), demo.pace_ms, ring, shutdown)),
            trigger,
        })
    }

    /// A signed conversation of one party with a service of the hub.
    fn link(
        &self,
        config: &ParkConfig,
        party: &str,
        service: &str,
    ) -> Result<(Link, Arc<TrustStore>), Ending> {
        let trust = Arc::new(TrustStore::load(&config.hub.trust)?);
        let certs = self.data.join("certs").join(party);
        let (chain, key) = (certs.join("chain.pem"), certs.join("key.pem"));
        let signer = Arc::new(Signer::load(&chain, &key)?);
        let tls = tls::client_config(
            Arc::clone(&trust),
            Some(TlsKey::load(&chain, &key)?),
            Expect::Roles(vec![Role::Hub]),
        )?;
        let options = LinkOptions {
            url: format!("https://{}/soap/{service}", config.exchange.listen),
            tls,
            timeout: Duration::from_secs(30),
        };
        let link = Link::new(options, signer, Arc::clone(&trust), Arc::new(SystemClock));
        Ok((link, trust))
    }

    /// Until the time is over, somebody interrupts, or the core fails.
    async fn wait(&self, park: &assemble::Park) -> Result<(), Ending> {
        let length = async {
            match self.length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = length => Ok(()),
            interrupted = crate::commands::interrupted() => interrupted,
            fault = park.failed() => Err(Ending::from(fault)),
        }
    }

    fn write(&self, summary: &Summary) -> Result<(), Ending> {
        let text = serde_json::to_string_pretty(summary)
            .map_err(|error| Ending::failed(format!("the summary: {error}")))?;
        match &self.summary {
            Some(file) => {
                std::fs::write(file, text + "\n").map_err(|error| Ending::file(file, &error))
            }
            None => {
                show!("{text}");
                Ok(())
            }
        }
    }
}

impl Company {
    async fn go_home(self) -> (Pulled, std::collections::BTreeMap<String, Filed>, Duty) {
        self.trigger.pull();
        self.story.abort();
        let mut filed = std::collections::BTreeMap::new();
        for (id, task) in self.enterprises {
            filed.insert(id.to_string(), task.await.unwrap_or_default());
        }
        (
            self.regulator.await.unwrap_or_default(),
            filed,
            self.officer.await.unwrap_or_default(),
        )
    }
}

/// Plays the story again and again; `ring` calls the officer on duty.
async fn play(outside: Arc<Outside>, pace_ms: u64, ring: watch::Sender<bool>, shutdown: Shutdown) {
    // The enterprises file their papers first, and the cameras are subscribed to.
    let pace = Duration::from_millis(pace_ms);
    let begin = tokio::time::Instant::now() + pace.max(Duration::from_secs(2));
    let mut beat = tokio::time::interval_at(begin, pace);
    for scene in STORY.iter().cycle() {
        tokio::select! {
                   () = shutdown.wait() => return,
                   _ = beat.tick() => match scene {
                       Scene::EmergencyCall => {
        ring.send_replace(true);
        },
                       Scene::EmergencyOver => {
        ring.send_replace(false);
        },
                       scene => outside.play(*scene),
                   },
               }
    }
}

/// Counters, and how many alarms were escalated, from the journal itself.
async fn last_look(hub: &RunningHub) -> Result<(StatsSnapshot, u64), Ending> {
    let stats = hub.stats().snapshot();
    let (reader, last) = (hub.reader(), hub.health().position);
    let counted = tokio::task::spawn_blocking(move || escalations(&reader, last)).await;
    let escalated = counted.map_err(|error| Ending::failed(format!("the journal: {error}")))??;
    Ok((stats, escalated))
}

fn escalations(reader: &EntryReader, last: u64) -> Result<u64, Ending> {
    let mut count = 0;
    for stored in reader.read_range(1, last)? {
        let entry = stored?.entry;
        if let Some(Body::AlarmUpdate(update)) = entry.message.as_ref().map(|message| &message.body)
            && entry.kind == cordon_contract::EntryKind::Message
        {
            count += u64::from(update.escalation_level.is_some_and(|level| level > 0));
        }
    }
    Ok(count)
}

fn verified(journal: &Path) -> JournalState {
    match cordon_journal::verify(journal) {
        Ok(report) => JournalState {
            verified: report.is_clean(),
            entries: report.last,
            problems: report
                .problems
                .iter()
                .map(|problem| format!("{problem:?}"))
                .collect(),
        },
        Err(fault) => JournalState {
            verified: false,
            entries: 0,
            problems: vec![fault.to_string()],
        },
    }
}

/// What the park's office has said before anybody comes: the tank trucks that it registered for Plant
/// One, and the black list that it confirmed.
async fn office(config: &ParkConfig, hub: &RunningHub) -> Result<(), Ending> {
    let Some(plant) = config.plan.enterprises.first() else {
        return Ok(());
    };
    let filer = Filer {
        park: config.plan.code.clone(),
        enterprise: plant.id.clone(),
    };
    for vehicle in &cast::ALL {
        if let Some(body) = filer.office(vehicle, SystemClock.now())? {
            hub.submit().internal(body, &config.hub.id).await?;
        }
    }
    Ok(())
}
