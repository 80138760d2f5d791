//! The open alarms page by page, and the two steps an operator takes here: acknowledge and close.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cordon_model::{AlarmCode, AlarmLevel, AlarmState, AlarmUpdate, Body, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use crate::acts::ActId;
use crate::said::{Said, sayable};
use crate::server::{Console, Unsaid, refuse, say};

/// Alarms in each update of the page: the most urgent. The others are a page away.
pub(crate) const SHOWN: usize = 200;

/// Alarms of one page at most.
const LINES_MAX: usize = 1_000;

/// Longest disposal note.
const NOTE_CHARS_MAX: usize = 200;

/// An open alarm, as the page lists it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AlarmLine {
    /// Its identity.
    pub id: String,
    /// When it happened, on the park's clocks.
    #[serde(serialize_with = "local")]
    pub time: Timestamp,
    /// How bad.
    pub level: AlarmLevel,
    /// What happened.
    pub code: AlarmCode,
    /// Where it stands in its life.
    pub state: AlarmState,
    /// The narrowest place that is known; empty when none is.
    pub place: String,
    /// In words.
    pub description: String,
    /// The highest escalation so far, 0 for none.
    pub escalation: u32,
    /// Identical alarms counted under it.
    pub repeats: u32,
}

/// Open alarms, the most urgent first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AlarmsPage {
    /// These, red before orange before yellow before blue, the newest first.
    pub lines: Vec<AlarmLine>,
    /// How many are open in all.
    pub total: usize,
    /// How many are open of each level that has any.
    pub by_level: BTreeMap<AlarmLevel, usize>,
}

/// Which open alarms are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlarmsAsked {
    limit: usize,
    /// Alarms behind the one with this id.
    after: Option<String>,
}

impl Default for AlarmsAsked {
    fn default() -> Self {
        Self {
            limit: SHOWN,
            after: None,
        }
    }
}

/// One page, as JSON.
#[derive(Serialize)]
struct Listed {
    alarms: Vec<AlarmLine>,
    /// How many are open in all; none while the journal could not be read yet.
    open_alarms: Option<usize>,
    /// `after` of the next page; absent on the last.
    next: Option<String>,
}

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    asked: Result<Query<AlarmsAsked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) if (1..=LINES_MAX).contains(&asked.limit) => asked,
        _ => return refuse("limit is 1 to 1000, after an id of the list"),
    };
    // One more than asked for tells whether there is a next page.
    let page = console
        .desk
        .alarms(asked.after.as_deref(), asked.limit.saturating_add(1));
    let mut alarms = page.lines;
    let more = alarms.len() > asked.limit;
    alarms.truncate(asked.limit);
    let last = alarms.last().filter(|_| more);
    Json(Listed {
        next: last.map(|line| line.id.clone()),
        open_alarms: console.desk.figures().position.map(|_| page.total),
        alarms,
    })
    .into_response()
}

/// An acknowledgement, as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeRequest {
    alarm: String,
    act: Option<ActId>,
}

pub(crate) async fn acknowledge(
    State(console): State<Arc<Console>>,
    Said(asked): Said<AcknowledgeRequest>,
) -> Response {
    let state = AlarmState::Acknowledged;
    step(&console, asked.act, asked.alarm, state, None).await
}

/// The end of an alarm with its disposal note (R044), as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    alarm: String,
    note: String,
    act: Option<ActId>,
}

pub(crate) async fn close(
    State(console): State<Arc<Console>>,
    Said(asked): Said<CloseRequest>,
) -> Response {
    let note = sayable(&asked.note);
    if note.is_empty() || note.chars().count() > NOTE_CHARS_MAX {
        return refuse("say what was done, in 1 to 200 letters");
    }
    let closed = AlarmState::Closed;
    step(&console, asked.act, asked.alarm, closed, Some(note)).await
}

const NONE_OPEN: Unsaid = (StatusCode::BAD_REQUEST, "no such open alarm");

/// What the journal would hold as said and the alarm would not do is not said at all: whoever clicked
/// must not read that it was done.
fn possible(is: AlarmState, to: AlarmState) -> Result<(), Unsaid> {
    match (is, to) {
        (AlarmState::Raised, AlarmState::Closed) => Err((
            StatusCode::CONFLICT,
            "nobody has taken the alarm up: acknowledge it, then close it",
        )),
        (AlarmState::Raised | AlarmState::Acknowledged, _) | (_, AlarmState::Closed) => Ok(()),
        _ => Err((
            StatusCode::CONFLICT,
            "the alarm was taken up before: close it",
        )),
    }
}

/// One step in the life of an open alarm, in the operator's name.
async fn step(
    console: &Arc<Console>,
    act: Option<ActId>,
    alarm: String,
    to: AlarmState,
    note: Option<String>,
) -> Response {
    let desk = Arc::clone(&console.desk);
    let (actor_id, clock) = (console.operator.clone(), Arc::clone(&console.clock));
    // The state is looked up by the act itself: sent twice, it is one step from one state.
    let body = move || {
        let previous = desk.alarm_state(&alarm).ok_or(NONE_OPEN)?;
        possible(previous, to)?;
        Ok(Body::AlarmUpdate(AlarmUpdate {
            alarm_id: alarm,
            state: to,
            previous,
            actor_id,
            receiver: None,
            escalation_level: None,
            note,
            updated_at: clock.now(),
        }))
    };
    say(console, act, body).await
}

/// A time as the park's clocks show it, whatever the device's offset was.
fn local<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.at_offset(Timestamp::PARK_OFFSET_MINUTES))
}
