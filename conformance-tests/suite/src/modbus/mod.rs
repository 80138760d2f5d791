//! The examination of a barrier lane over Modbus TCP: cases M01 to M24.
//!
//! The lane is driven over the wire as a hub drives it. Inputs that a vehicle or a hand would
//! press are pressed by the rehearsal coils of the profile's `[stimulus]` section, or by the
//! operator; where there is neither, the case is not applicable and says so.

mod barrier;
mod client;
mod lane;
mod profile;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use cordon_contract::{BoxFuture, Clock};
use cordon_model::MessageId;

use self::lane::Lane;
pub use self::profile::Profile;
use crate::{Case, Examination, Examined, OnCase, Stop, Subject, Verdict, hex_digest};

/// Name of this suite.
pub const SUITE: &str = "modbus-lane";

/// Asks a person to do something at the lane; true when it was done.
pub type Operator = Arc<dyn Fn(String) -> BoxFuture<'static, bool> + Send + Sync>;

/// How to examine.
#[derive(Clone)]
pub struct Options {
    /// Unit id.
    pub unit: u8,
    /// A person at the lane, when there is one.
    pub operator: Option<Operator>,
    /// Who is told of each case as it ends.
    pub on_case: Option<OnCase>,
    /// Ids of the cases to ask; all when empty.
    pub only: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            unit: 255,
            operator: None,
            on_case: None,
            only: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}

const fn case(number: u16, id: &'static str, title: &'static str, clause: &'static str) -> Case {
    Case {
        number,
        id,
        title,
        clause,
    }
}

/// The cases in the order in which they are asked.
pub const CASES: &[Case] = &[
    case(1, "M01", "answers at its address", "Modbus TCP V1.0b 4.2"),
    case(
        2,
        "M02",
        "tells vendor, product and revision",
        "Modbus V1.1b3 6.21",
    ),
    case(
        3,
        "M03",
        "repeats transaction, protocol and unit id",
        "Modbus TCP V1.0b 3.1.3",
    ),
    case(
        4,
        "M04",
        "every input of the profile can be read",
        "profile [inputs]",
    ),
    case(
        5,
        "M05",
        "every output can be read back and no pulse stands at rest",
        "profile [outputs]",
    ),
    case(
        6,
        "M06",
        "rests at exactly one limit",
        "R094; profile [inputs]",
    ),
    case(
        7,
        "M07",
        "refuses addresses outside its map with exception 2",
        "Modbus V1.1b3 7",
    ),
    case(
        8,
        "M08",
        "refuses unknown functions with exception 1",
        "Modbus V1.1b3 7",
    ),
    case(
        9,
        "M09",
        "refuses quantities out of range with exception 3",
        "Modbus V1.1b3 6.1, 6.2",
    ),
    case(
        10,
        "M10",
        "answers within its stated time",
        "profile wire.response_ms",
    ),
    case(
        11,
        "M11",
        "survives malformed frames without moving",
        "Modbus TCP V1.0b 4.4.2",
    ),
    case(
        12,
        "M12",
        "half a frame on one connection holds up no other",
        "Modbus TCP V1.0b 4.2",
    ),
    case(
        13,
        "M13",
        "takes new connections after cuts",
        "Modbus TCP V1.0b 4.2",
    ),
    case(
        14,
        "M14",
        "serves its stated number of connections",
        "profile wire.connections",
    ),
    case(
        15,
        "M15",
        "opens within its stated time",
        "R094; profile barrier.travel_ms",
    ),
    case(
        16,
        "M16",
        "closes within its stated time",
        "R094; profile barrier.travel_ms",
    ),
    case(
        17,
        "M17",
        "stops where it is and stays",
        "profile outputs.stop",
    ),
    case(
        18,
        "M18",
        "does not fall through a broken beam",
        "R094; profile inputs.photocell",
    ),
    case(
        19,
        "M19",
        "does not fall on a vehicle on the safety loop",
        "R094; profile inputs.safety_loop",
    ),
    case(
        20,
        "M20",
        "does not begin to fall into a broken beam",
        "R094; profile inputs.photocell",
    ),
    case(
        21,
        "M21",
        "locked open, it rises and stays up",
        "R046; profile outputs.lock_open",
    ),
    case(
        22,
        "M22",
        "on local, it takes no remote command",
        "profile inputs.local",
    ),
    case(
        23,
        "M23",
        "takes its stated safe state when the heartbeat stops",
        "profile [heartbeat]",
    ),
    case(
        24,
        "M24",
        "powers up with outputs off and without moving",
        "R094; profile [outputs]",
    ),
];

/// Examines the lane at `address` against its profile. Takes the better part of a minute, and
/// moves the barrier: nobody may stand under it.
pub async fn examine(
    address: SocketAddr,
    profile_text: &str,
    options: &Options,
    clock: &dyn Clock,
) -> Result<Examination, cordon_contract::Fault> {
    let profile = Profile::parse(profile_text, "profile")?;
    let started_at = clock.now();
    let mut subject = Subject {
        kind: SUITE.to_owned(),
        address: address.to_string(),
        vendor: profile.about.vendor.clone(),
        model: profile.about.model.clone(),
        profile_digest: hex_digest(profile_text.as_bytes()),
        ..Subject::default()
    };
    let mut lane = Lane::new(address, &profile, options);
    let mut results = Vec::with_capacity(CASES.len());
    let mut absent = false;
    for case in CASES {
        // Whether it is there at all is always asked.
        let wanted = options.only.is_empty() || options.only.iter().any(|id| id == case.id);
        if !wanted && case.number != 1 {
            continue;
        }
        let asked = Instant::now();
        let verdict = if absent {
            Verdict::NotApplicable("not asked: the lane does not answer".to_owned())
        } else {
            Verdict::from(ask(*case, &mut lane, &mut subject).await)
        };
        absent |= case.number == 1 && verdict != Verdict::Pass;
        let took_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        let examined = Examined {
            case: *case,
            verdict,
            took_ms,
        };
        if let Some(on_case) = &options.on_case {
            on_case(&examined);
        }
        results.push(examined);
    }
    // Leave the lane as one would want to find it.
    if !absent && lane.settle().await.is_ok() {
        let _ = lane.home().await;
    }
    Ok(Examination {
        id: MessageId::random(),
        suite: SUITE,
        suite_version: env!("CARGO_PKG_VERSION"),
        subject,
        started_at,
        finished_at: clock.now(),
        results,
    })
}

async fn ask(case: Case, lane: &mut Lane<'_>, subject: &mut Subject) -> Result<(), Stop> {
    lane.settle().await?;
    match case.number {
        1 => wire::reach(lane).await,
        2 => wire::identity(lane, subject).await,
        3 => wire::echoes(lane).await,
        4 => wire::inputs(lane).await,
        5 => wire::outputs(lane).await,
        6 => wire::one_limit(lane).await,
        7 => wire::illegal_address(lane).await,
        8 => wire::illegal_function(lane).await,
        9 => wire::illegal_quantity(lane).await,
        10 => wire::response_time(lane).await,
        11 => wire::garbage(lane).await,
        12 => wire::half_frame(lane).await,
        13 => wire::reconnect(lane).await,
        14 => wire::connections(lane).await,
        15 => barrier::opens(lane).await,
        16 => barrier::closes(lane).await,
        17 => barrier::stops(lane).await,
        18 => barrier::photocell_holds(lane).await,
        19 => barrier::safety_loop_holds(lane).await,
        20 => barrier::photocell_forbids(lane).await,
        21 => barrier::lock_open(lane).await,
        22 => barrier::local(lane).await,
        23 => barrier::watchdog(lane).await,
        24 => barrier::power_up(lane).await,
        _ => Err(Stop::skip("no such case")),
    }
}
