//! A stimulus over HTTP: a test rig, or the virtual camera, lets things happen on request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::Stimulus;

/// Time allowed for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// `POST URL/NAME` for each thing that is to happen, with the names of [`super::Stir::name`]; any
/// answer of the 200s means that it happened. Only `http`.
pub fn http_stimulus(url: &str) -> Stimulus {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let base = url.trim_end_matches('/').to_owned();
    Arc::new(move |stir| {
        let (client, url) = (client.clone(), format!("{base}/{}", stir.name()));
        Box::pin(async move {
            let request = http::Request::post(&url)
                .body(Empty::new())
                .map_err(|error| format!("{url}: {error}"))?;
            let answer = tokio::time::timeout(PATIENCE, client.request(request))
                .await
                .map_err(|_| format!("{url}: no answer"))?
                .map_err(|error| format!("{url}: {error}"))?;
            if answer.status().is_success() {
                Ok(())
            } else {
                Err(format!("{url}: HTTP {}", answer.status().as_u16()))
            }
        })
    })
}
