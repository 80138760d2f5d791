//! What a request says, as JSON.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::server::refuse;

/// Longest name of who asks.
const WHO_CHARS_MAX: usize = 64;

/// What somebody typed or pasted, as a message can hold it: what no message may hold is a blank, so that it is no
/// cause to refuse an act. XML allows neither U+FFFE nor U+FFFF, which are no control characters.
pub(crate) fn sayable(text: &str) -> String {
    let blank = |letter: char| letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}');
    let letters = text.chars();
    let said: String = letters
        .map(|letter| if blank(letter) { ' ' } else { letter })
        .collect();
    said.trim().to_owned()
}

/// Who asks, if that is said: 1 to 64 letters.
pub(crate) fn who(said: Option<String>) -> Result<Option<String>, Response> {
    let who = said.map(|who| sayable(&who));
    let length = who.as_ref().map(|who| who.chars().count());
    match length.is_some_and(|length| !(1..=WHO_CHARS_MAX).contains(&length)) {
        true => Err(refuse(
            "say who wants it, in 1 to 64 letters, or leave it out",
        )),
        false => Ok(who),
    }
}

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
