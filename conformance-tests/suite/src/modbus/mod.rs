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

use cordon_contract::{BoxFuture, Clock};

use self::lane::Lane;
pub use self::profile::Profile;
use crate::round::{self, Round, Target};
use crate::{Case, Examination, OnCase, Stop, Subject, hex_digest};

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

/// The cases in the order in which they are asked.
pub const CASES: &[Case] = &[
    Case::new(1, "M01", "answers at its address", "Modbus TCP V1.0b 4.2"),
    Case::new(
        2,
        "M02",
        "tells vendor, product and revision",
        "Modbus V1.1b3 6.21",
    ),
    Case::new(
        3,
        "M03",
        "repeats transaction, protocol and unit id",
        "Modbus TCP V1.0b 3.1.3",
    ),
    Case::new(
        4,
        "M04",
        "every input of the profile can be read",
        "profile [inputs]",
    ),
    Case::new(
        5,
        "M05",
        "every output can be read back and no pulse stands at rest",
        "profile [outputs]",
    ),
    Case::new(
        6,
        "M06",
        "rests at exactly one limit",
        "R094; profile [inputs]",
    ),
    Case::new(
        7,
        "M07",
        "refuses addresses outside its map with exception 2",
        "Modbus V1.1b3 7",
    ),
    Case::new(
        8,
        "M08",
        "refuses unknown functions with exception 1",
        "Modbus V1.1b3 7",
    ),
    Case::new(
        9,
        "M09",
        "refuses quantities out of range with exception 3",
        "Modbus V1.1b3 6.1, 6.2",
    ),
    Case::new(
        10,
        "M10",
        "answers within its stated time",
        "profile wire.response_ms",
    ),
    Case::new(
        11,
        "M11",
        "survives malformed frames without moving",
        "Modbus TCP V1.0b 4.4.2",
    ),
    Case::new(
        12,
        "M12",
        "half a frame on one connection holds up no other",
        "Modbus TCP V1.0b 4.2",
    ),
    Case::new(
        13,
        "M13",
        "takes new connections after cuts",
        "Modbus TCP V1.0b 4.2",
    ),
    Case::new(
        14,
        "M14",
        "serves its stated number of connections",
        "profile wire.connections",
    ),
    Case::new(
        15,
        "M15",
        "opens within its stated time",
        "R094; profile barrier.travel_ms",
    ),
    Case::new(
        16,
        "M16",
        "closes within its stated time",
        "R094; profile barrier.travel_ms",
    ),
    Case::new(
        17,
        "M17",
        "stops where it is and stays",
        "profile outputs.stop",
    ),
    Case::new(
        18,
        "M18",
        "does not fall through a broken beam",
        "R094; profile inputs.photocell",
    ),
    Case::new(
        19,
        "M19",
        "does not fall on a vehicle on the safety loop",
        "R094; profile inputs.safety_loop",
    ),
    Case::new(
        20,
        "M20",
        "does not begin to fall into a broken beam",
        "R094; profile inputs.photocell",
    ),
    Case::new(
        21,
        "M21",
        "locked open, it rises and stays up",
        "R046; profile outputs.lock_open",
    ),
    Case::new(
        22,
        "M22",
        "on local, it takes no remote command",
        "profile inputs.local",
    ),
    Case::new(
        23,
        "M23",
        "takes its stated safe state when the heartbeat stops",
        "profile [heartbeat]",
    ),
    Case::new(
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
    let subject = Subject {
        vendor: profile.about.vendor.clone(),
        model: profile.about.model.clone(),
        profile_digest: hex_digest(profile_text.as_bytes()),
        ..round::subject::<Lane<'_>>(address)
    };
    let round = Round {
        only: &options.only,
        on_case: options.on_case.as_ref(),
        clock,
    };
    let lane = Lane::new(address, &profile, options);
    Ok(round.of(lane, subject).await)
}

impl Target for Lane<'_> {
    const SUITE: &'static str = SUITE;
    const CASES: &'static [Case] = CASES;
    const DEVICE: &'static str = "lane";

    async fn ask(&mut self, case: Case, subject: &mut Subject) -> Result<(), Stop> {
        self.settle().await?;
        match case.number {
            1 => wire::reach(self).await,
            2 => wire::identity(self, subject).await,
            3 => wire::echoes(self).await,
            4 => wire::inputs(self).await,
            5 => wire::outputs(self).await,
            6 => wire::one_limit(self).await,
            7 => wire::illegal_address(self).await,
            8 => wire::illegal_function(self).await,
            9 => wire::illegal_quantity(self).await,
            10 => wire::response_time(self).await,
            11 => wire::garbage(self).await,
            12 => wire::half_frame(self).await,
            13 => wire::reconnect(self).await,
            14 => wire::connections(self).await,
            15 => barrier::opens(self).await,
            16 => barrier::closes(self).await,
            17 => barrier::stops(self).await,
            18 => barrier::photocell_holds(self).await,
            19 => barrier::safety_loop_holds(self).await,
            20 => barrier::photocell_forbids(self).await,
            21 => barrier::lock_open(self).await,
            22 => barrier::local(self).await,
            23 => barrier::watchdog(self).await,
            24 => barrier::power_up(self).await,
            _ => Err(Stop::skip("no such case")),
        }
    }

    async fn leave(&mut self, there: bool) {
        if there && self.settle().await.is_ok() {
            let _ = self.home().await;
        }
    }
}
