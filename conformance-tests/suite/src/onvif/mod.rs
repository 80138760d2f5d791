//! The examination of an ONVIF camera: cases O01 to O29.
//!
//! The device is asked by a thin client of the suite's own, never by the adapter's. Answers are
//! judged twice: each case by what it asks, and all of them together by their form (`forms.rs`,
//! written by hand from the WSDL; the official files may only be passed on whole). Events need
//! something to happen: a stimulus that the caller hands in, or a person at the device.

mod device;
mod events;
mod forms;
mod login;
mod names;
mod session;
mod stimulus;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{BoxFuture, Clock};

pub use self::login::Login;
use self::session::Session;
pub use self::stimulus::http_stimulus;
use crate::round::{self, Round, Target};
use crate::{Case, Examination, OnCase, Stop, Subject};

/// Name of this suite.
pub const SUITE: &str = "onvif-camera";

/// What is to happen in front of the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stir {
    /// Something crosses a line, or any other event without an end.
    Crossing,
    /// Something begins to move, or any other state comes on.
    MotionBegins,
    /// Nothing moves any more, or the state goes off.
    MotionEnds,
}

impl Stir {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Crossing, Self::MotionBegins, Self::MotionEnds];

    /// The name by which a stimulus is asked for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crossing => "crossing",
            Self::MotionBegins => "motion-begins",
            Self::MotionEnds => "motion-ends",
        }
    }

    /// What a person at the device is asked to do.
    pub fn words(self) -> &'static str {
        match self {
            Self::Crossing => "Cause an event: let something cross the line of a rule.",
            Self::MotionBegins => "Let a state come on: move in front of the camera.",
            Self::MotionEnds => "Let the state go off again: stand still or step aside.",
        }
    }
}

/// Lets something happen; an error says why it could not.
pub type Stimulus = Arc<dyn Fn(Stir) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// How to examine.
#[derive(Clone)]
pub struct Options {
    /// Who logs in; without it most cases cannot be asked.
    pub login: Option<Login>,
    /// Lets something happen in front of the device.
    pub stimulus: Option<Stimulus>,
    /// Who is told of each case as it ends.
    pub on_case: Option<OnCase>,
    /// Ids of the cases to ask; all when empty.
    pub only: Vec<String>,
    /// Time allowed for one answer.
    pub timeout: Duration,
    /// How far the device's clock may be off.
    pub clock_limit: Duration,
    /// Time allowed from what happens to its event.
    pub event_wait: Duration,
    /// Whether the device may be rebooted.
    pub reboot: bool,
    /// Time allowed for a reboot.
    pub reboot_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            login: None,
            stimulus: None,
            on_case: None,
            only: Vec::new(),
            timeout: Duration::from_secs(10),
            clock_limit: Duration::from_secs(5),
            event_wait: Duration::from_secs(10),
            reboot: true,
            reboot_limit: Duration::from_secs(180),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

const CORE_DEVICE: &str = "ONVIF Core, device management";
const CORE_SECURITY: &str = "ONVIF Core, security";
const CORE_EVENTS: &str = "ONVIF Core, event handling";
const CORE_FAULTS: &str = "ONVIF Core, fault handling";
const ROBUST: &str = "issue 2, part 9: garbage";

/// The cases in the order in which they are asked.
pub const CASES: &[Case] = &[
    Case::new(1, "O01", "answers at its address", CORE_DEVICE),
    Case::new(2, "O02", "tells its time without a login", CORE_SECURITY),
    Case::new(3, "O03", "has a clock within the limit", CORE_DEVICE),
    Case::new(
        4,
        "O04",
        "tells maker, model, firmware, serial and hardware",
        CORE_DEVICE,
    ),
    Case::new(
        5,
        "O05",
        "lists its services under addresses that lead to it",
        CORE_DEVICE,
    ),
    Case::new(
        6,
        "O06",
        "refuses protected calls without a login",
        CORE_SECURITY,
    ),
    Case::new(7, "O07", "takes the right login", CORE_SECURITY),
    Case::new(
        8,
        "O08",
        "refuses a token with a wrong password",
        CORE_SECURITY,
    ),
    Case::new(
        9,
        "O09",
        "refuses a digest with a wrong password",
        "RFC 7616 3.4",
    ),
    Case::new(
        10,
        "O10",
        "refuses a token of yesterday",
        "UsernameToken Profile 1.0 3.1",
    ),
    Case::new(
        11,
        "O11",
        "refuses a token used before",
        "UsernameToken Profile 1.0 3.1",
    ),
    Case::new(
        12,
        "O12",
        "refuses unknown operations by the right fault",
        CORE_FAULTS,
    ),
    Case::new(13, "O13", "refuses garbage and lives on", ROBUST),
    Case::new(14, "O14", "survives an oversized request", ROBUST),
    Case::new(15, "O15", "half a request holds up no other", ROBUST),
    Case::new(16, "O16", "names its event topics", CORE_EVENTS),
    Case::new(
        17,
        "O17",
        "gives a subscription with a stated end",
        CORE_EVENTS,
    ),
    Case::new(
        18,
        "O18",
        "tells a new subscription the states as they are",
        CORE_EVENTS,
    ),
    Case::new(19, "O19", "delivers an event with its time", CORE_EVENTS),
    Case::new(20, "O20", "announces every topic it delivers", CORE_EVENTS),
    Case::new(21, "O21", "delivers events in their order", CORE_EVENTS),
    Case::new(22, "O22", "honours a topic filter", CORE_EVENTS),
    Case::new(23, "O23", "waits in a pull as long as asked", CORE_EVENTS),
    Case::new(
        24,
        "O24",
        "a renewal prolongs",
        "WS-BaseNotification 1.3, 6.1.1",
    ),
    Case::new(
        25,
        "O25",
        "a subscription ends when its time is over",
        CORE_EVENTS,
    ),
    Case::new(
        26,
        "O26",
        "a cancelled subscription is gone",
        "WS-BaseNotification 1.3, 6.1.2",
    ),
    Case::new(27, "O27", "serves several subscriptions", CORE_EVENTS),
    Case::new(
        28,
        "O28",
        "every answer has the form of the schemas",
        "ONVIF WSDL; WS-BaseNotification",
    ),
    Case::new(
        29,
        "O29",
        "comes back from a reboot within the limit",
        CORE_DEVICE,
    ),
];

/// Examines the device at `address`. Takes about a quarter of a minute and the time of a reboot.
pub async fn examine(address: SocketAddr, options: &Options, clock: &dyn Clock) -> Examination {
    let round = Round {
        only: &options.only,
        on_case: options.on_case.as_ref(),
        clock,
    };
    let session = Session::new(address, options, clock);
    round
        .of(session, round::subject::<Session<'_>>(address))
        .await
}

impl Target for Session<'_> {
    const SUITE: &'static str = SUITE;
    const CASES: &'static [Case] = CASES;
    const DEVICE: &'static str = "device";

    async fn ask(&mut self, case: Case, subject: &mut Subject) -> Result<(), Stop> {
        if case.number > 1 {
            self.prepare().await;
        }
        match case.number {
            1 => device::reach(self).await,
            2 => self.read_clock().await,
            3 => device::clock(self).await,
            4 => device::identity(self, subject).await,
            5 => device::services(self).await,
            6 => device::nobody(self).await,
            7 => device::right_login(self).await,
            8 => device::wrong_token(self).await,
            9 => device::wrong_digest(self).await,
            10 => device::stale_token(self).await,
            11 => device::used_token(self).await,
            12 => device::unknown_operation(self).await,
            13 => device::garbage(self).await,
            14 => device::oversized(self).await,
            15 => device::half_request(self).await,
            16 => events::properties(self).await,
            17 => events::subscribe(self).await,
            18 => events::initial_state(self).await,
            19 => events::delivered(self).await,
            20 => events::announced(self).await,
            21 => events::order(self).await,
            22 => events::filter(self).await,
            23 => events::pull_timeout(self).await,
            24 => events::renew(self).await,
            25 => events::expiry(self).await,
            26 => events::unsubscribe(self).await,
            27 => events::several(self).await,
            28 => events::forms(self).await,
            29 => device::reboot(self).await,
            _ => Err(Stop::skip("no such case")),
        }
    }

    async fn leave(&mut self, _: bool) {
        self.end_watch().await;
    }
}
