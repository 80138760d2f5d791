//! One click is one act, however often its request arrives.
//!
//! The page gives each click an id. A request with an id that was seen gets the first one's answer and
//! does nothing; while the first is under way, the second waits for it.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use serde::Deserialize;
use tokio::sync::OnceCell;

/// Acts that are remembered; the oldest is forgotten first.
const ACTS_MAX: usize = 1_000;

/// Longest id of an act.
const ID_BYTES_MAX: usize = 64;

/// The id of a click: 1 to 64 letters, digits and hyphens.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct ActId(String);

impl TryFrom<String> for ActId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lawful = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(lawful);
        fits.then_some(Self(text))
            .ok_or("an act is 1 to 64 letters, digits and hyphens")
    }
}

/// What an act was answered: status, and text or JSON.
pub(crate) type Answer = (StatusCode, String);

/// The acts of late.
#[derive(Default)]
pub(crate) struct Acts {
    recent: Mutex<VecDeque<(ActId, Arc<OnceCell<Answer>>)>>,
}

impl Acts {
    /// Does it, unless an act of this id was done or is being done; the answer is the same for all.
    /// A caller that goes away does not break it off. Without an id it is simply done.
    pub(crate) async fn once(
        &self,
        id: Option<ActId>,
        doing: impl Future<Output = Answer> + Send + 'static,
    ) -> Answer {
        let cell = id.map_or_else(Arc::default, |id| self.cell(id));
        let done = tokio::spawn(async move { cell.get_or_init(|| doing).await.clone() });
        done.await
            .unwrap_or_else(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    fn cell(&self, id: ActId) -> Arc<OnceCell<Answer>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = recent.iter().find(|(known, _)| *known == id) {
            return Arc::clone(cell);
        }
        if recent.len() >= ACTS_MAX {
            recent.pop_front();
        }
        let cell = Arc::default();
        recent.push_back((id, Arc::clone(&cell)));
        cell
    }
}
