//! Gate decisions: capture in, command durable, with and without sensor load beside them.

pub mod crowded;
mod door;
pub mod resent;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{Adapter, Plugin};
use cordon_flow::RunningHub;
use cordon_journal::disk::RealDisk;
use cordon_journal::probe;
use cordon_rules::CedarRules;
use cordon_security::wsse;

pub use self::door::Door;
use self::traffic::Traffic;
pub use self::traffic::reading;
use crate::fields::{grant_for, plate};
use crate::letters::submission;
use crate::park::{Park, now};
use crate::spread::percentile_ms;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Bytes of a batch with one decision in it.
const BATCH_BYTES: usize = 6_000;
/// Vehicles with a grant in one submission.
const GRANTS: usize = 100;

/// Measures a quiet park and one with all its sensors talking.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let before = probe::raw_sync_rate(park.folder(), BATCH_BYTES, size.syncs)?;
    let gates = Gates::start(park, "gate", AccessConfig::default()).await?;
    let vehicles = size.letters.min(80_000);
    give_grants(park, &gates.hub, vehicles).await?;

    let (mut first, mut second) = gates.traffic(vehicles).halves();
    let quiet = first.run(0, size.window).await?;
    let between = probe::raw_sync_rate(park.folder(), BATCH_BYTES, size.syncs)?;
    let busy = second.run(size.samples, size.window * 2).await?;
    gates.hub.shutdown().await?;
    let after = probe::raw_sync_rate(park.folder(), BATCH_BYTES, size.syncs)?;
    let sync = [before.p50, between.p50, after.p50].map(|time| time.as_secs_f64() * 1_000.0);

    let p99 =
        Spread::of([before.p99, between.p99, after.p99].map(|time| time.as_secs_f64() * 1_000.0));
    let mut rows = vec![
        Row::figure("raw write and fdatasync, p99", p99.median, "ms")
            .beside("its median", Spread::of(sync).median, "ms")
            .ratio(Ratio::Times(Spread::single(
                p99.median / Spread::of(sync).median,
            ))),
    ];
    rows.extend(lines("no sensor load", quiet.steps, sync, false));
    rows.push(Row::figure(
        "sensor samples made durable beside the decisions",
        busy.samples as f64 / busy.wall.as_secs_f64(),
        "samples/s",
    ));
    rows.extend(lines("with sensor load", busy.steps, sync, true));
    Ok(Section {
        title: "Gate decision",
        about: format!(
            "Six lanes, the access plug-in with the built-in Cedar rules and {vehicles} granted vehicles, durable \
             journal. Clock: from the moment an adapter offers a `PlateCapture` to the moment its answer says that \
             the capture, the `PassageDecision` and the `GateCommand` are durable (they are one batch), and to the \
             moment the barrier's adapter has the command. Each vehicle then drives through. Sensor load: {} samples \
             a second from {} gateways, one message for each gateway and second.",
            size.samples,
            traffic::GATEWAYS
        ),
        rows,
    })
}

/// A hub with the access plug-in and the doors of its lanes and sensors.
struct Gates {
    hub: RunningHub,
    lanes: Arc<Door>,
    sensors: Arc<Door>,
}

impl Gates {
    /// Starts it over the journal `name`.
    async fn start(park: &Park, name: &str, config: AccessConfig) -> Outcome<Self> {
        let plan = Arc::new(crate::plan::plan()?);
        let rules = CedarRules::built_in().map_err(|faults| format!("{faults:?}"))?;
        let access = AccessPlugin::new(plan, Arc::new(rules), config);
        let lanes = Arc::new(Door::new("lanes", traffic::barriers()));
        let sensors = Arc::new(Door::new("sensors", Vec::new()));
        let adapters = vec![
            Arc::clone(&lanes) as Arc<dyn Adapter>,
            Arc::clone(&sensors) as Arc<dyn Adapter>,
        ];
        let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(access)];
        let hub = park
            .start(name, Arc::new(RealDisk), plugins, adapters)
            .await?;
        Ok(Self {
            hub,
            lanes,
            sensors,
        })
    }

    /// Vehicles with these numbers, coming once.
    fn traffic(&self, vehicles: usize) -> Traffic {
        Traffic {
            lanes: Arc::clone(&self.lanes),
            sensors: Arc::clone(&self.sensors),
            vehicles: (0..vehicles).collect(),
        }
    }
}

/// Every vehicle gets its grant through the signed door.
async fn give_grants(park: &Park, hub: &RunningHub, vehicles: usize) -> Outcome<()> {
    let policy = park.policy()?;
    for from in (0..vehicles).step_by(GRANTS) {
        let grants = (from..vehicles.min(from + GRANTS))
            .map(|number| grant_for(plate(number)?, &park.p256.id, now()))
            .collect::<Outcome<Vec<_>>>()?;
        let letter = submission(&park.p256, &grants)?;
        let envelope = wsse::verify(Vec::from(letter), &park.trust, &policy, now())?;
        for answer in hub.submit().submit(envelope).await? {
            answer?;
        }
    }
    Ok(())
}

/// What a capture took: until durable, until at the barrier's adapter.
type Step = (Duration, Duration);

fn lines(name: &str, steps: Vec<Step>, sync: [f64; 3], judged: bool) -> Vec<Row> {
    let count = steps.len();
    let (mut durable, mut at_barrier): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
    let row = |steps: &mut [Duration], percent, what| {
        let time = percentile_ms(steps, percent);
        let times = Spread::of(sync.map(|sync| time / sync));
        Row::figure(format!("{name}: {what}, p{percent} of {count}"), time, "ms")
            .beside(
                "raw write and fdatasync, median",
                Spread::of(sync).median,
                "ms",
            )
            .ratio(Ratio::Times(times))
    };
    let p99 = row(&mut durable, 99, "command durable");
    vec![
        row(&mut durable, 50, "command durable"),
        if judged {
            p99.goal(Goal::AtMost(5.0))
        } else {
            p99
        },
        row(&mut at_barrier, 50, "command at the adapter"),
        row(&mut at_barrier, 99, "command at the adapter"),
    ]
}
