//! A provincial platform that takes signed reports.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::PartnerFault;
use crate::http1::{Call, serve};

/// Pushes kept; further ones are answered "storage full".
const PUSHES_MAX: usize = 10_000;

/// Named faults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformFaults {
    /// The first so many calls are answered 503.
    pub fail_first: u32,
    /// The first so many calls, after the failed ones, are taken but not answered.
    pub hang_up_first: u32,
    /// Everything is refused with 422.
    pub refuse: bool,
    /// The token that is asked for; none asks for none.
    pub token: Option<String>,
}

/// One report that was taken.
#[derive(Clone, Debug)]
pub struct Push {
    /// The idempotency key.
    pub key: String,
    /// The bytes as they came.
    pub body: Bytes,
}

/// A running platform; dropping it ends it.
#[derive(Debug)]
pub struct Platform {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    faults: PlatformFaults,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: u32,
    repeated: u32,
    pushes: Vec<Push>,
}

impl Platform {
    /// Starts listening on loopback; port 0 takes a free one.
    pub async fn start(port: u16, faults: PlatformFaults) -> Result<Self, PartnerFault> {
        let state = Arc::new(State {
            faults,
            inner: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let (address, task) = serve(port, move |call| {
            let state = Arc::clone(&shared);
            async move { state.answer(&call) }
        })
        .await?;
        Ok(Self {
            address,
            state,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reports taken, each once.
    pub fn pushes(&self) -> Vec<Push> {
        self.state.lock().pushes.clone()
    }

    /// Calls of all kinds.
    pub fn calls(&self) -> u32 {
        self.state.lock().calls
    }

    /// Calls with a key that was taken before.
    pub fn repeated(&self) -> u32 {
        self.state.lock().repeated
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call) -> Option<(StatusCode, String)> {
        let mut inner = self.lock();
        inner.calls += 1;
        let refuse =
            |status: StatusCode, why: &str| Some((status, json!({ "error": why }).to_string()));
        if let Some(token) = &self.faults.token
            && call.header("authorization") != format!("Bearer {token}")
        {
            return refuse(StatusCode::UNAUTHORIZED, "token");
        }
        if inner.calls <= self.faults.fail_first {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "busy");
        }
        if self.faults.refuse {
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, "not accepted");
        }
        let key = call.header("idempotency-key");
        if inner.pushes.iter().any(|push| push.key == key) {
            inner.repeated += 1;
            return refuse(StatusCode::CONFLICT, "known");
        }
        if inner.pushes.len() >= PUSHES_MAX {
            return refuse(StatusCode::INSUFFICIENT_STORAGE, "full");
        }
        inner.pushes.push(Push {
            key,
            body: call.body.clone(),
        });
        if inner.calls <= self.faults.fail_first + self.faults.hang_up_first {
            return None;
        }
        Some((StatusCode::CREATED, json!({ "taken": true }).to_string()))
    }
}
