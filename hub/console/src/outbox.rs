//! The outbox page by page: what is open, what was given up, and sending it again.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::acts::ActId;
use crate::said::{Said, who};
use crate::server::{Console, answer, done, refusal, refuse, refused};

/// Lines of one page when nothing is asked for, and at most; each may cost a look into the journal.
const LINES: usize = 50;
const LINES_MAX: usize = 200;

/// Which page of the outbox is asked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct PageAsked {
    /// Lines of each list at most.
    pub limit: usize,
    /// Dead letters behind the one with this id.
    pub after: Option<String>,
    /// Open orders behind the one with this number.
    pub open_after: Option<u64>,
}

impl Default for PageAsked {
    fn default() -> Self {
        Self {
            limit: LINES,
            after: None,
            open_after: None,
        }
    }
}

/// One page of the outbox.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct OutboxPage {
    /// Orders without an outcome, by number.
    pub open: Vec<OpenLine>,
    /// How many there are in all.
    pub open_total: usize,
    /// `open_after` of the next page; absent on the last.
    pub open_next: Option<u64>,
    /// What was given up: orders by number, then what adapters send by themselves, by id.
    pub dead_letters: Vec<LetterLine>,
    /// How many there are in all.
    pub dead_total: usize,
    /// `after` of the next page; absent on the last.
    pub next: Option<String>,
}

/// An order without an outcome.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OpenLine {
    /// Its journal entry.
    pub number: u64,
    /// When it was ordered; absent when the journal has it no longer.
    pub time: Option<Timestamp>,
    /// Whom it is for.
    pub target: String,
    /// What it carries; absent as `time`.
    pub kind: Option<&'static str>,
    /// `EMERGENCY`, `ACCESS` or `ROUTINE`.
    pub lane: &'static str,
    /// After this instant it is expired.
    pub deadline: Timestamp,
}

/// Something that was given up.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LetterLine {
    /// What it is sent again by: an order's number, or the adapter's name and its key.
    pub id: String,
    /// Journal entry of the order; absent for what an adapter sends by itself.
    pub number: Option<u64>,
    /// `outbox`, or the protocol of the adapter that sends it by itself.
    pub source: String,
    /// When it was given up.
    pub time: Timestamp,
    /// Whom it was for.
    pub target: String,
    /// What it carries; absent when the journal has the order no longer.
    pub kind: Option<&'static str>,
    /// Why, in words.
    pub reason: String,
    /// The order's lane.
    pub lane: Option<&'static str>,
    /// Until when the order was tried.
    pub deadline: Option<Timestamp>,
}

/// A dead letter on its way again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct SentAgain {
    /// The entry that says so: the new order, or the audit entry of an adapter's sending.
    pub entry: u64,
    /// True when it has been taken already; false for an order, whose outcome is an entry to come.
    pub delivered: bool,
}

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    asked: Result<Query<PageAsked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) if (1..=LINES_MAX).contains(&asked.limit) => asked,
        _ => return refuse("limit is 1 to 200, after an id of the list, open_after a number"),
    };
    match console.desk.outbox(&asked).await {
        Ok(page) => Json(page).into_response(),
        Err(fault) => refused(StatusCode::SERVICE_UNAVAILABLE, &fault),
    }
}

/// Who wants it, as page and command send it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RerunRequest {
    ordered_by: Option<String>,
    act: Option<ActId>,
}

pub(crate) async fn rerun(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    Said(asked): Said<RerunRequest>,
) -> Response {
    let who = match who(asked.ordered_by) {
        Ok(who) => who,
        Err(refused) => return refused,
    };
    let desk = Arc::clone(&console.desk);
    let sent = async move {
        match desk.rerun(&id, who.as_deref()).await {
            Ok(again) => done(&again),
            Err(fault) => refusal(StatusCode::CONFLICT, &fault),
        }
    };
    answer(console.acts.once(asked.act, sent).await)
}
