//! What the page shows: once, and as a stream of events as it changes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};

use crate::device::lines as device_lines;
use crate::server::Console;
use crate::{Expiring, alarms};

/// How often the page is told of changes at most; a flood of entries is one update.
const UPDATE_EVERY: Duration = Duration::from_millis(250);

pub(crate) async fn view_once(State(console): State<Arc<Console>>) -> Response {
    match snapshot(&console) {
        Some(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The view with open alarms, figures and devices, as JSON.
fn snapshot(console: &Console) -> Option<String> {
    let now = console.desk.park_now();
    let figures = console.desk.figures();
    let planned = console.planned();
    let view = planned
        .view
        .at(now.as_ref(), &figures, &console.desk.page());
    let mut value = serde_json::to_value(view).ok()?;
    let fields = value.as_object_mut()?;
    fields.insert("entries".to_owned(), figures.position.into());
    fields.insert(
        "decision_p99_ms".to_owned(),
        figures
            .decision_p99_ms
            .map(|ms| (ms * 10.0).round() / 10.0)
            .into(),
    );
    let open = console.desk.alarms(None, alarms::SHOWN);
    fields.insert("alarms".to_owned(), serde_json::to_value(&open.lines).ok()?);
    // Which alarms are open is not known before the journal was read.
    let known = figures.position.is_some();
    fields.insert("open_alarms".to_owned(), known.then_some(open.total).into());
    let by_level = serde_json::to_value(known.then_some(&open.by_level)).ok()?;
    fields.insert("alarms_by_level".to_owned(), by_level);
    fields.insert("figures".to_owned(), serde_json::to_value(&figures).ok()?);
    fields.insert(
        "devices".to_owned(),
        serde_json::to_value(device_lines(&console.desk.devices())).ok()?,
    );
    let mut expiring = console.desk.expiring();
    expiring.retain(Expiring::is_soon);
    fields.insert("expiring".to_owned(), serde_json::to_value(expiring).ok()?);
    Some(value.to_string())
}

pub(crate) async fn events(State(console): State<Arc<Console>>) -> impl IntoResponse {
    let mut changed = console.changed.subscribe();
    changed.mark_changed();
    let (sender, receiver) =
        tokio::sync::mpsc::channel::<Result<Event, std::convert::Infallible>>(1);
    tokio::spawn(async move {
        loop {
            // A stream would otherwise last as long as its page, and hold up the hub's end.
            tokio::select! {
                () = console.shutdown.wait() => return,
                change = changed.changed() => if change.is_err() { return },
            }
            let Some(text) = snapshot(&console) else {
                return;
            };
            let event = Event::default().event("view").data(text);
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
            tokio::time::sleep(UPDATE_EVERY).await;
        }
    });
    Sse::new(Stream { receiver }).keep_alive(KeepAlive::default())
}

/// A channel's receiving end as a stream.
struct Stream {
    receiver: tokio::sync::mpsc::Receiver<Result<Event, std::convert::Infallible>>,
}

impl futures_core::Stream for Stream {
    type Item = Result<Event, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context)
    }
}
