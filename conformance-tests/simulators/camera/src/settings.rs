//! What the camera is and how it behaves when it behaves well.

use crate::{Mutant, Quirks, Topic};

/// The nameplate, as `GetDeviceInformation` tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Maker.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    pub firmware: String,
    /// Serial number.
    pub serial: String,
    /// Hardware id.
    pub hardware: String,
}

/// Someone who may log in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// Settings of one camera.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The nameplate.
    pub identity: Identity,
    /// Who may log in; nobody else may do more than the standard's `PRE_AUTH` operations.
    pub users: Vec<User>,
    /// Realm of HTTP Digest.
    pub realm: String,
    /// How far the `Created` of a token may be from the camera's clock, milliseconds.
    pub token_age_ms_max: i64,
    /// Pull points at once; one more is refused.
    pub pull_points_max: usize,
    /// Messages kept for one pull point; the oldest is dropped and counted when one more comes.
    pub queue_max: usize,
    /// Longest `Timeout` of `PullMessages`, milliseconds; a longer one is cut to it.
    pub pull_timeout_ms_max: i64,
    /// Most messages in one answer.
    pub message_limit_max: usize,
    /// Longest life of a subscription, milliseconds; a longer wish is cut to it.
    pub termination_ms_max: i64,
    /// Largest request body, bytes; a larger one is answered 413.
    pub body_max: usize,
    /// How long a reboot takes, milliseconds.
    pub reboot_ms: u64,
    /// The topics it claims and may emit.
    pub topics: Vec<Topic>,
    /// Whether `POST /rehearsal/NAME` lets something happen: `crossing`, `motion-begins`, `motion-ends`.
    pub rehearsal: bool,
    /// What it does as some real cameras do.
    pub quirks: Quirks,
    /// What it does wrong, for tests of the examination.
    pub mutant: Option<Mutant>,
}

impl Default for Settings {
    /// A well-behaved camera with the user `admin`, password `cordon-camera`.
    fn default() -> Self {
        Self {
            identity: Identity {
                manufacturer: "Cordon".to_owned(),
                model: "Virtual Camera".to_owned(),
                firmware: env!("CARGO_PKG_VERSION").to_owned(),
                serial: "VC-0001".to_owned(),
                hardware: "virtual-1".to_owned(),
            },
            users: vec![User {
                name: "admin".to_owned(),
                password: "cordon-camera".to_owned(),
            }],
            realm: "cordon-virtual-camera".to_owned(),
            token_age_ms_max: 10_000,
            pull_points_max: 10,
            queue_max: 1_000,
            pull_timeout_ms_max: 60_000,
            message_limit_max: 100,
            termination_ms_max: 24 * 3_600_000,
            body_max: 1024 * 1024,
            reboot_ms: 400,
            topics: Topic::ALL.to_vec(),
            rehearsal: false,
            quirks: Quirks::default(),
            mutant: None,
        }
    }
}
