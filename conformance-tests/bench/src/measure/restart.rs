//! How long a start takes, by the length of the journal, after a clean end and after one that saved nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{Adapter, Intake, Plugin};
use cordon_flow::RunningHub;
use cordon_journal::disk::RealDisk;
use cordon_model::DeviceId;
use cordon_rules::CedarRules;
use tokio::task::JoinSet;

use super::gate::{Door, reading};
use crate::fields::samples;
use crate::park::{Park, now};
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// The large journal has so many times the entries of the small one.
const TIMES: usize = 10;
/// Offers under way while a journal is filled.
const UNDERWAY: usize = 512;
/// Messages since the last save when a hub is killed: about as many as make one due.
const UNSAVED: usize = 600;
/// Turns of each.
const TURNS: usize = 5;

/// Starts over a short and a long journal, in turn.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let many = size.entries;
    let few = (many / TIMES).max(1);
    let short = Store::fill(park, "short", few).await?;
    let long = Store::fill(park, "long", many).await?;
    let (mut clean, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        clean.push((short.start(park).await?, long.start(park).await?));
        killed.push((short.recover(park).await?, long.recover(park).await?));
    }
    let mut rows = Vec::new();
    for (starts, how) in [(clean, "a clean end"), (killed, "a kill")] {
        let times = Spread::of(starts.iter().map(|(short, long)| long / short));
        let (short, long): (Vec<f64>, Vec<f64>) = starts.into_iter().unzip();
        let (short, long) = (Spread::of(short).median, Spread::of(long).median);
        rows.push(
            Row::figure(format!("start after {how}, {many} entries"), long, "ms")
                .beside("the short journal", short, "ms")
                .ratio(Ratio::Times(times))
                .goal(Goal::RatioAtMost(1.5)),
        );
        rows.push(
            Row::figure(format!("the same, {many} entries"), long, "ms").goal(Goal::AtMost(500.0)),
        );
    }
    Ok(Section {
        title: "Start",
        about: format!(
            "From opening journal and state to the first healthy answer of the hub, with the access plug-in, over journals \
             of {few} and of {many} messages of sensors, in turn. After a kill: the state lacks the last {UNSAVED} messages, \
             which are stepped again. What the program starts beside the hub (adapters, services, reports) is not in it."
        ),
        rows,
    })
}

/// A journal with its state, and a copy of the state from before the last messages.
struct Store {
    name: &'static str,
    state: PathBuf,
    kept: PathBuf,
}

impl Store {
    async fn fill(park: &Park, name: &'static str, messages: usize) -> Outcome<Self> {
        let state = park.folder().join(format!("{name}.redb"));
        let store = Self {
            kept: state.with_extension("kept"),
            state,
            name,
        };
        store.add(park, messages).await?;
        std::fs::copy(&store.state, &store.kept)?;
        store.add(park, UNSAVED.min(messages)).await?;
        Ok(store)
    }

    /// Lets sensors say so much, and ends.
    async fn add(&self, park: &Park, messages: usize) -> Outcome<()> {
        let (hub, door) = self.open(park).await?;
        let intake = door.intake().await.ok_or("the hub has no door")?;
        say(&intake, messages).await?;
        Ok(hub.shutdown().await?)
    }

    async fn open(&self, park: &Park) -> Outcome<(RunningHub, Arc<Door>)> {
        let plan = Arc::new(crate::plan::plan()?);
        let rules = CedarRules::built_in().map_err(|faults| format!("{faults:?}"))?;
        let access = AccessPlugin::new(plan, Arc::new(rules), AccessConfig::default());
        let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(access)];
        let door = Arc::new(Door::new("sensors", Vec::new()));
        let adapters = vec![Arc::clone(&door) as Arc<dyn Adapter>];
        let disk = Arc::new(RealDisk);
        let hub = park.start(self.name, disk, plugins, adapters).await?;
        Ok((hub, door))
    }

    /// Milliseconds of a start, which ends well again.
    async fn start(&self, park: &Park) -> Outcome<f64> {
        let begun = Instant::now();
        let (hub, _) = self.open(park).await?;
        while hub.health().position == 0 || hub.health().fault.is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = begun.elapsed();
        hub.shutdown().await?;
        Ok(took.as_secs_f64() * 1_000.0)
    }

    /// Milliseconds of a start whose state is the older one.
    async fn recover(&self, park: &Park) -> Outcome<f64> {
        put_back(&self.kept, &self.state)?;
        self.start(park).await
    }
}

fn put_back(kept: &Path, state: &Path) -> Outcome<()> {
    std::fs::copy(kept, state)?;
    Ok(std::fs::File::open(state)?.sync_all()?)
}

async fn say(intake: &Intake, messages: usize) -> Outcome<()> {
    let gateway = DeviceId::new("GW-01")?;
    let mut offers = JoinSet::new();
    for _ in 0..messages {
        if offers.len() >= UNDERWAY
            && let Some(done) = offers.join_next().await
        {
            done??;
        }
        let (intake, body) = (intake.clone(), samples(&gateway, 1, now())?);
        let reading = reading(gateway.clone(), body);
        offers.spawn(async move { intake.offer(reading).await });
    }
    while let Some(done) = offers.join_next().await {
        done??;
    }
    Ok(())
}
