//! What a request says, as JSON.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

/// The body of a request, read as JSON whatever it calls itself; 400 with words when it is not what is
/// asked for.
pub(crate) struct Said<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Said<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        match serde_json::from_slice(&bytes) {
            Ok(asked) => Ok(Self(asked)),
            Err(error) => {
                let words = format!("the request is not understood: {error}\n");
                Err((StatusCode::BAD_REQUEST, words).into_response())
            }
        }
    }
}
