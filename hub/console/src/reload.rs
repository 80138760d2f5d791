//! Taking up a changed configuration, as `cordon reload` asks for it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cordon_contract::Fault;
use serde::{Deserialize, Serialize};

use crate::said::{Said, who};
use crate::server::{Console, answer, done};

/// What a reload came to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reloaded {
    /// The parts of the settings that are others from now on; empty when nothing differs.
    pub changed: Vec<ReloadedPart>,
    /// Keys and files that are others too, and stay as they were until a restart.
    pub kept: Vec<String>,
    /// What is lawful and better otherwise: papers whose time is over.
    pub warnings: Vec<FaultLine>,
    /// The audit entry that says so; none when it could not be written.
    pub entry: Option<u64>,
}

/// A part of the settings, and the entry from which on it holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReloadedPart {
    /// Its name.
    pub part: String,
    /// The entry that says it.
    pub entry: u64,
}

/// Why a reload was refused, whole.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NotReloaded {
    /// All that is wrong.
    pub faults: Vec<FaultLine>,
}

/// A fault as it is given out here; who asks stands at the hub's own machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FaultLine {
    /// Its stable code.
    pub code: String,
    /// Where it is.
    pub place: String,
    /// In words.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
}

impl From<&Fault> for FaultLine {
    fn from(fault: &Fault) -> Self {
        Self {
            code: fault.code().to_owned(),
            place: fault.place().to_owned(),
            text: fault.log_text().to_owned(),
            remedy: fault.remedy_text().to_owned(),
        }
    }
}

/// Who wants it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReloadRequest {
    ordered_by: Option<String>,
}

pub(crate) async fn reload(
    State(console): State<Arc<Console>>,
    Said(asked): Said<ReloadRequest>,
) -> Response {
    let who = match who(asked.ordered_by) {
        Ok(who) => who,
        Err(refused) => return refused,
    };
    let desk = Arc::clone(&console.desk);
    // A caller that goes away does not break it off.
    let doing = async move {
        match desk.reload(who.as_deref()).await {
            Ok(reloaded) => done(&reloaded),
            Err(faults) => {
                let faults = faults.iter().map(FaultLine::from).collect();
                let (_, text) = done(&NotReloaded { faults });
                (StatusCode::CONFLICT, text)
            }
        }
    };
    answer(console.acts.once(None, doing).await)
}
