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
use std::time::{Duration, Instant};

use cordon_contract::{BoxFuture, Clock};
use cordon_model::MessageId;

pub use self::login::Login;
use self::session::Session;
pub use self::stimulus::http_stimulus;
use crate::{Case, Examination, Examined, OnCase, Stop, Subject, Verdict};

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

/// Number, id, title, clause.
const fn case(number: u16, id: &'static str, title: &'static str, clause: &'static str) -> Case {
    Case {
        number,
        id,
        title,
        clause,
    }
}

const CORE_DEVICE: &str = "ONVIF Core, device management";
const CORE_SECURITY: &str = "ONVIF Core, security";
const CORE_EVENTS: &str = "ONVIF Core, event handling";
const CORE_FAULTS: &str = "ONVIF Core, fault handling";
const ROBUST: &str = "issue 2, part 9: garbage";

/// The cases in the order in which they are asked.
pub const CASES: &[Case] = &[
    case(1, "O01", "answers at its address", CORE_DEVICE),
    case(2, "O02", "tells its time without a login", CORE_SECURITY),
    case(3, "O03", "has a clock within the limit", CORE_DEVICE),
    case(
        4,
        "O04",
        "tells maker, model, firmware, serial and hardware",
        CORE_DEVICE,
    ),
    case(
        5,
        "O05",
        "lists its services under addresses that lead to it",
        CORE_DEVICE,
    ),
    case(
        6,
        "O06",
        "refuses protected calls without a login",
        CORE_SECURITY,
    ),
    case(7, "O07", "takes the right login", CORE_SECURITY),
    case(
        8,
        "O08",
        "refuses a token with a wrong password",
        CORE_SECURITY,
    ),
    case(
        9,
        "O09",
        "refuses a digest with a wrong password",
        "RFC 7616 3.4",
    ),
    case(
        10,
        "O10",
        "refuses a token of yesterday",
        "UsernameToken Profile 1.0 3.1",
    ),
    case(
        11,
        "O11",
        "refuses a token used before",
        "UsernameToken Profile 1.0 3.1",
    ),
    case(
        12,
        "O12",
        "refuses unknown operations by the right fault",
        CORE_FAULTS,
    ),
    case(13, "O13", "refuses garbage and lives on", ROBUST),
    case(14, "O14", "survives an oversized request", ROBUST),
    case(15, "O15", "half a request holds up no other", ROBUST),
    case(16, "O16", "names its event topics", CORE_EVENTS),
    case(
        17,
        "O17",
        "gives a subscription with a stated end",
        CORE_EVENTS,
    ),
    case(
        18,
        "O18",
        "tells a new subscription the states as they are",
        CORE_EVENTS,
    ),
    case(19, "O19", "delivers an event with its time", CORE_EVENTS),
    case(20, "O20", "announces every topic it delivers", CORE_EVENTS),
    case(21, "O21", "delivers events in their order", CORE_EVENTS),
    case(22, "O22", "honours a topic filter", CORE_EVENTS),
    case(23, "O23", "waits in a pull as long as asked", CORE_EVENTS),
    case(
        24,
        "O24",
        "a renewal prolongs",
        "WS-BaseNotification 1.3, 6.1.1",
    ),
    case(
        25,
        "O25",
        "a subscription ends when its time is over",
        CORE_EVENTS,
    ),
    case(
        26,
        "O26",
        "a cancelled subscription is gone",
        "WS-BaseNotification 1.3, 6.1.2",
    ),
    case(27, "O27", "serves several subscriptions", CORE_EVENTS),
    case(
        28,
        "O28",
        "every answer has the form of the schemas",
        "ONVIF WSDL; WS-BaseNotification",
    ),
    case(
        29,
        "O29",
        "comes back from a reboot within the limit",
        CORE_DEVICE,
    ),
];

/// Examines the device at `address`. Takes about a quarter of a minute and the time of a reboot.
pub async fn examine(address: SocketAddr, options: &Options, clock: &dyn Clock) -> Examination {
    let started_at = clock.now();
    let mut subject = Subject {
        kind: SUITE.to_owned(),
        address: address.to_string(),
        ..Subject::default()
    };
    let mut session = Session::new(address, options, clock);
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
            Verdict::NotApplicable("not asked: the device does not answer".to_owned())
        } else {
            Verdict::from(ask(*case, &mut session, &mut subject).await)
        };
        absent |= case.number == 1 && verdict != Verdict::Pass;
        let examined = Examined {
            case: *case,
            verdict,
            took_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        if let Some(on_case) = &options.on_case {
            on_case(&examined);
        }
        results.push(examined);
    }
    session.leave().await;
    Examination {
        id: MessageId::random(),
        suite: SUITE,
        suite_version: env!("CARGO_PKG_VERSION"),
        subject,
        started_at,
        finished_at: clock.now(),
        results,
    }
}

async fn ask(case: Case, session: &mut Session<'_>, subject: &mut Subject) -> Result<(), Stop> {
    if case.number > 1 {
        session.prepare().await;
    }
    match case.number {
        1 => device::reach(session).await,
        2 => session.read_clock().await,
        3 => device::clock(session).await,
        4 => device::identity(session, subject).await,
        5 => device::services(session).await,
        6 => device::nobody(session).await,
        7 => device::right_login(session).await,
        8 => device::wrong_token(session).await,
        9 => device::wrong_digest(session).await,
        10 => device::stale_token(session).await,
        11 => device::used_token(session).await,
        12 => device::unknown_operation(session).await,
        13 => device::garbage(session).await,
        14 => device::oversized(session).await,
        15 => device::half_request(session).await,
        16 => events::properties(session).await,
        17 => events::subscribe(session).await,
        18 => events::initial_state(session).await,
        19 => events::delivered(session).await,
        20 => events::announced(session).await,
        21 => events::order(session).await,
        22 => events::filter(session).await,
        23 => events::pull_timeout(session).await,
        24 => events::renew(session).await,
        25 => events::expiry(session).await,
        26 => events::unsubscribe(session).await,
        27 => events::several(session).await,
        28 => events::forms(session).await,
        29 => device::reboot(session).await,
        _ => Err(Stop::skip("no such case")),
    }
}
