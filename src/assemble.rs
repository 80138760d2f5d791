//! Putting a hub together: the journal, the flow with its adapters, the two servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_console::Front;
use cordon_contract::{Clock, Fault, Shutdown, ShutdownTrigger, SteadyClock};
use cordon_flow::{
    Audited, Authority, Hub, HubConfig, HubParts, Ledger as _, Mode, RunningHub, Submit,
};
use cordon_http::{Budget, Places, Rate, Server, ServerOptions};
use cordon_journal::SpaceLevel;
use cordon_model::{AuditOutcome, Digest};
use cordon_records::Records;
use cordon_reports::Reports;
use cordon_security::Due;
use cordon_security::wsse::Policy;
use cordon_services::{Exchange, Parts, Questions, RefusalLimits, Refusals, Verifier};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::calendar::{self, Calendar};
use crate::config::papers::shown_dues;
use crate::config::{Loaded, ParkConfig};
use crate::core::HubCore;
use crate::keeping;
use crate::limits::Shares;
use crate::lists::Lists;
use crate::past::Past;
use crate::pins;
use crate::records;
use crate::reload::{Reloader, ReloaderParts, Running};
use crate::reports;
use crate::spool::{self, SpoolWatch};
use crate::trouble;
use crate::trust;

/// How often refusals that were only counted are looked for.
const COUNTED_AGAIN: Duration = Duration::from_secs(10);

const MIB: usize = 1024 * 1024;

/// A folder of reports that takes longer to open is opened beside the running hub.
const REPORTS_IN: Duration = Duration::from_secs(5);

/// Rest between two tries to read what a failing disk did not give.
const AGAIN: Duration = Duration::from_secs(2);

/// A park that is up.
pub struct Park {
    hub: Arc<RunningHub>,
    records: Arc<Records>,
    reloader: Arc<Reloader>,
    trigger: ShutdownTrigger,
    servers: Vec<JoinHandle<()>>,
}

/// Starts everything, or nothing. `file` is where the configuration stands, which may change later.
pub async fn start(file: &Path, config: &ParkConfig, loaded: Loaded) -> Result<Park, Fault> {
    let running = Running::read(file, config.written(), &config.silent);
    let running = running.map_err(|mut faults| faults.swap_remove(0))?;
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::default());
    let (trigger, shutdown) = Shutdown::pair();
    for fault in &loaded.overdue {
        tracing::error!(%fault, "the park starts all the same; partners will refuse it or be refused");
    }
    for fault in &loaded.resting {
        tracing::error!(%fault, "the park starts all the same; what needs it rests until this is put right");
    }
    // Addresses first: a port that is taken must not leave half a hub behind.
    let console = tokio::net::TcpListener::bind(config.console.listen)
        .await
        .map_err(|error| taken("console.listen", &error))?;
    let of_adapters = config.adapters.open_files();
    let shares = Shares::of_this_process(config.exchange.connections_max, of_adapters);
    // Answered from now on: who asks while the journal is read hears that, and does not hang.
    let front = Front::open(console, shares.console, shutdown.clone())
        .map_err(|error| taken("console.listen", &error))?;
    let budget = Budget::new(config.exchange.bytes_in_flight_mib * MIB);
    if config.exchange.tls12 {
        tracing::warn!("exchange.tls12 is on: partners may connect with TLS 1.2");
    }
    let exchange = exchange_server(config, &loaded, shares, &budget).await?;
    let past = Arc::new(Past::of(config, Arc::clone(&loaded.trust))?);
    let journal_reader = past.reader();
    let authority = Authority::new(
        Arc::new(config.plan.clone()),
        config.hub.id.clone(),
        config.authority.clone(),
    )?;
    let mut hub_config = HubConfig::new(authority, config.hub.spool());
    hub_config.tick_ms = config.hub.tick_ms;
    let settings = loaded.plugins.settings;
    hub_config.settings = Some(Arc::clone(&settings) as _);
    hub_config.served = Arc::new(config.adapters.ordered());
    let openable = config.adapters.openable();
    hub_config.rules.openable = Some(openable.clone());
    hub_config.rules.refused_bytes_of_party = config.exchange.refused_mib_of_party * MIB as u64;
    hub_config.rules.asked =
        Some(|request, now| cordon_reports::asked_span(request, now).map(drop));
    let parts = HubParts {
        ledger: Arc::clone(&past) as _,
        plugins: loaded.plugins.list,
        adapters: loaded.adapters,
        mappings: Arc::clone(&loaded.mappings),
        clock: Arc::clone(&clock),
    };
    let hub = Arc::new(Hub::start(hub_config, parts).await?);
    if hub.modes().now() == Mode::Normal {
        // Else the next start on a disk that works says it.
        let settled = past.settle(&hub, &config.hub.id, clock.as_ref()).await;
        if let Err(fault) = settled
            && !is_found_failing(&hub).await
        {
            return Err(fault);
        }
    }
    let open_alarms = settings.open_alarms();
    let room = records::room(config);
    let records = records::start(config, &hub, &room)?;
    let core = HubCore::new(
        (Arc::clone(&hub), Arc::clone(&records)),
        config.hub.id.clone(),
        openable,
        (settings.open_alarms(), settings.park_now()),
    );
    let mut papers = shown_dues(config);
    papers.push(Due::of_certificate(loaded.signer.certificate()));
    let calendar = Arc::new(Calendar::new(
        config,
        Arc::clone(&loaded.trust),
        papers,
        Arc::clone(&clock),
    ));
    core.show_calendar(Arc::clone(&calendar));
    core.show_trust(Arc::clone(&loaded.trust));
    core.show_keeping(past.keeping());
    core.show_pins(past.unread_pins());
    let mut servers = Vec::new();
    // Without one of its own it lies beside the journal, which tells by itself how its disk stands.
    if let Some(spool) = &config.hub.spool {
        let spool = SpoolWatch::new(spool.clone());
        core.show_spool(Arc::clone(&spool));
        servers.push(tokio::spawn(spool::watch(
            spool,
            (Arc::downgrade(&hub), open_alarms.clone()),
            config.hub.id.clone(),
            shutdown.clone(),
        )));
    }
    let plan = watch::Sender::new(Arc::new(config.plan.clone()));
    // Before reports, which may have much to read: the page does not need them.
    servers.push(tokio::spawn({
        let (plans, operator) = (plan.subscribe(), config.hub.id.clone());
        let (desk, clock) = (Arc::clone(&core), Arc::clone(&clock));
        async move { front.serve(plans, operator, desk, clock).await }
    }));
    let reloader = ReloaderParts {
        path: file.to_owned(),
        running,
        present: Arc::clone(&settings),
        submit: hub.submit(),
        plan,
        room,
    };
    let reloader = Arc::new(Reloader::new(reloader, &core));
    core.reload_by(Arc::clone(&reloader));
    let refusals = Arc::new(Refusals::new(RefusalLimits {
        bytes_of_party: config.exchange.refused_mib_of_party * MIB as u64,
        of_party_a_minute: config.exchange.refusals_of_party_a_minute,
        of_party_a_second: config.exchange.refusals_of_party_a_second,
    }));
    let signer = Arc::clone(&loaded.signer);
    let shelf = ReportService {
        core: Arc::clone(&core),
        door: loaded.reports,
        hub: Arc::clone(&hub),
        shutdown: shutdown.clone(),
    };
    let opening = Arc::new(reports::Opening::of(config, signer, Arc::clone(&clock))?);
    servers.push(tokio::spawn(trouble::watch(
        trouble::Stands {
            reports: core.reports_stand(),
            trust: Arc::clone(&loaded.trust),
            pins: past.unread_pins(),
        },
        (Arc::downgrade(&hub), open_alarms),
        config.hub.id.clone(),
        shutdown.clone(),
    )));
    // Whatever is wrong with them, the gates are worth more: the hub is up without them.
    let mut asked = opening.ask(&hub);
    match tokio::time::timeout(REPORTS_IN, &mut asked).await {
        Ok(Ok(Ok(reports))) => servers.extend(shelf.serve(reports)),
        Ok(opened) => {
            shelf.failed(opened);
            servers.push(tokio::spawn(shelf.serve_later(opening, None)));
        }
        Err(_) => servers.push(tokio::spawn(shelf.serve_later(opening, Some(asked)))),
    }
    let mut lists = Lists::new(Arc::clone(&loaded.trust), &hub);
    lists.begin().await;
    let parts = Arc::new(Parts {
        core: Arc::clone(&core) as _,
        reader: journal_reader,
        trust: Arc::clone(&loaded.trust),
        signer: loaded.signer,
        refusals: Arc::clone(&refusals),
        budget,
        questions: Questions::default(),
        verifier: Verifier::start(cores())?,
        policy: Policy::new(&[]).for_park(config.plan.code.clone()),
        clock: Arc::clone(&clock),
        base_url: config
            .exchange
            .public_url
            .clone()
            .unwrap_or_else(|| format!("https://{}", exchange.address())),
        public_wsdl: config.exchange.public_wsdl,
    });
    servers.push(tokio::spawn(
        exchange.serve(Arc::new(Exchange::new(parts)), shutdown.clone()),
    ));
    servers.push(tokio::spawn(calendar::watch(
        calendar,
        Arc::downgrade(&hub),
        config.hub.id.clone(),
        shutdown.clone(),
    )));
    servers.push(tokio::spawn(keeping::keep(
        past.keeping(),
        (hub.submit(), hub.clock(), hub.aging()),
        config.hub.id.clone(),
        shutdown.clone(),
    )));
    let tell = tell_counted(refusals, (hub.submit(), hub.clock()), shutdown.clone());
    servers.push(tokio::spawn(tell));
    servers.push(tokio::spawn(lists.tell(shutdown.clone())));
    servers.push(tokio::spawn(pins::watch(
        past.unread_pins(),
        shutdown.clone(),
    )));
    servers.push(tokio::spawn(trust::read_again(loaded.trust, shutdown)));
    Ok(Park {
        hub,
        records,
        reloader,
        trigger,
        servers,
    })
}

impl Park {
    /// The running hub.
    pub fn hub(&self) -> &Arc<RunningHub> {
        &self.hub
    }

    /// Who takes up a changed configuration.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Returns when the core has ended by a defect; the fault says why. A disk that fails is none: the
    /// park stays up for emergencies.
    pub async fn failed(&self) -> Fault {
        self.hub.vital().failed().await
    }

    /// Ends in good order: servers, adapters, journal, state. Gives the last entry's number and the
    /// state hash there.
    pub async fn stop(self) -> Result<Option<(u64, Digest)>, Fault> {
        self.trigger.pull();
        for server in self.servers {
            // A server that panicked has nothing left to stop.
            let _ = server.await;
        }
        self.records.stop().await;
        // The feed tasks let go of the hub when it stops; what still holds it is about to end.
        for _ in 0..50 {
            if Arc::strong_count(&self.hub) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match Arc::try_unwrap(self.hub) {
            Ok(hub) => hub.shutdown_at().await,
            Err(_) => Err(Fault::new(
                "K054",
                "the hub was still in use at its end; the journal is whole, the state is rebuilt at the next start",
            )),
        }
    }
}

/// Whether the disk fails or has no room, so that what lies on it cannot be opened or recorded.
fn is_failing(hub: &RunningHub) -> bool {
    hub.modes().now() != Mode::Normal || hub.health().space != SpaceLevel::Normal.as_str()
}

/// The same, when something else has failed just now: a disk that begins to fail in the middle of a start
/// is found by the hub with its next tick.
async fn is_found_failing(hub: &RunningHub) -> bool {
    const FOUND_IN: Duration = Duration::from_secs(5);
    let modes = hub.modes();
    let found = modes.until(|mode| *mode != Mode::Normal);
    is_failing(hub) || tokio::time::timeout(FOUND_IN, found).await.is_ok()
}

/// What a thread that opens the reports answered, or that there was none.
type Answered = Result<reports::Opened, oneshot::error::RecvError>;

/// The reports of a running hub and everyone who gives them out.
struct ReportService {
    core: Arc<HubCore>,
    door: Arc<reports::ReportDoor>,
    hub: Arc<RunningHub>,
    shutdown: Shutdown,
}

impl ReportService {
    fn serve(self, reports: Arc<Reports>) -> [JoinHandle<()>; 2] {
        self.core.serve_reports(Arc::clone(&reports));
        self.door.open(Arc::clone(&reports));
        let stop = self.shutdown.clone();
        [
            tokio::spawn(reports::answer_requests(
                self.hub,
                Arc::clone(&reports),
                self.shutdown,
            )),
            tokio::spawn(cordon_reports::run(reports, stop)),
        ]
    }

    /// They could not be opened. What lies on a disk that fails under the journal too is told by the hub.
    fn failed(&self, opened: Answered) {
        let fault = match opened {
            Ok(Ok(_)) => return,
            Ok(Err(fault)) => fault,
            Err(_) => Fault::new("S045", "the folder of reports cannot be used")
                .log("no thread could open it")
                .remedy("it is tried again"),
        };
        if self.hub.modes().now() == Mode::Normal {
            self.core.reports_stand().stay_shut(fault);
        } else {
            tracing::error!(%fault, "there are no reports until the disk works again");
        }
    }

    /// Serves them once they can be opened; `asked` is who is at it already.
    async fn serve_later(
        self,
        opening: Arc<reports::Opening>,
        mut asked: Option<oneshot::Receiver<reports::Opened>>,
    ) {
        let modes = self.hub.modes();
        loop {
            let mut asking = match asked.take() {
                Some(asking) => asking,
                None => {
                    tokio::select! {
                        () = self.shutdown.wait() => return,
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                    tokio::select! {
                        () = self.shutdown.wait() => return,
                        () = modes.until(|mode| *mode == Mode::Normal) => {}
                    }
                    opening.ask(&self.hub)
                }
            };
            let answered = tokio::select! {
                () = self.shutdown.wait() => return,
                answered = tokio::time::timeout(REPORTS_IN, &mut asking) => answered,
            };
            match answered {
                Ok(Ok(Ok(reports))) => {
                    for served in self.serve(reports) {
                        // One that panicked has nothing left to stop.
                        let _ = served.await;
                    }
                    return;
                }
                Ok(opened) => self.failed(opened),
                Err(_) => {
                    let fault = Fault::new("S045", "the folder of reports cannot be used");
                    let fault = fault.log("it could not be read yet: its disk does not answer, or there is much in it");
                    let stand = self.core.reports_stand();
                    stand.stay_shut(fault.remedy("look at the disk; it is waited for"));
                    asked = Some(asking);
                }
            }
        }
    }
}

/// How many threads can work at once.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

async fn exchange_server(
    config: &ParkConfig,
    loaded: &Loaded,
    shares: Shares,
    budget: &Arc<Budget>,
) -> Result<Server, Fault> {
    let tls = Arc::clone(&loaded.exchange);
    let rate = |a_second| Rate {
        at_once: a_second,
        a_second,
    };
    Server::bind(
        config.exchange.listen,
        Some(Arc::new(ArcSwap::new(tls))),
        ServerOptions {
            places: Places {
                of_address: rate(config.exchange.handshakes_of_address_a_second),
                handshakes: rate(config.exchange.handshakes_of_party_a_second),
                ..shares.exchange
            },
            budget: Some(Arc::clone(budget)),
            ..ServerOptions::default()
        },
    )
    .await
    .map_err(|error| taken("exchange.listen", &error))
}

/// Records refusals that were only counted, once their minute is over.
async fn tell_counted(
    refusals: Arc<Refusals>,
    (submit, clock): (Submit, Arc<dyn Clock>),
    shutdown: Shutdown,
) {
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(COUNTED_AGAIN) => {}
        }
        for tally in refusals.tallies(clock.now()) {
            let audited = Audited {
                action: "refusals.counted".to_owned(),
                actor: tally.party.clone(),
                target: Some(tally.code.to_owned()),
                outcome: AuditOutcome::Denied,
                detail: Some(format!(
                    "{} more refusals of {} with {} in the minute from {} on",
                    tally.count, tally.party, tally.code, tally.since
                )),
            };
            if let Err(fault) = submit.audit(&audited).await {
                tracing::warn!(%fault, "counted refusals could not be recorded");
            }
        }
    }
}

fn taken(place: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("K041", format!("cannot listen: {error}"))
        .at(place)
        .remedy("stop whatever listens there, or choose another port")
}
