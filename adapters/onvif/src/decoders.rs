//! Readers of what a camera answers beside its events. They have no other public face; `fuzz/` calls them.
//! No interface.

use crate::login::{Account, Challenge};
use crate::soap::{self, Reply};
use crate::{operation, times};

/// Reads an answer in every way in which an answer is read; in words.
pub fn answer(bytes: &[u8], bytes_max: usize) -> Result<String, String> {
    let read = soap::read(bytes, bytes_max);
    let read = read.or_else(|detail| soap::read_mended(bytes).map_err(|_| detail));
    let answer = match read? {
        Reply::Fault(fault) => return Ok(format!("{} {}", fault.text(), fault.is_login())),
        Reply::Answer(answer) => answer,
    };
    Ok(format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        operation::read_clock(&answer),
        operation::read_event_service(&answer),
        operation::read_nameplate(&answer),
        operation::read_topics(&answer),
        operation::read_made(&answer),
        operation::read_life(&answer),
        operation::read_now(&answer),
    ))
}

/// Reads the header with which a camera asks for a login, and answers it.
pub fn challenge(header: &str) -> Option<String> {
    let account = Account {
        user: "park".to_owned(),
        password: "secret".to_owned(),
    };
    let challenge = Challenge::strongest(std::iter::once(header))?;
    Some(challenge.answer(&account, "POST", "/onvif/event_service", 1, "0a4f113b"))
}

/// Reads a time in one of the forms that cameras use.
pub fn time(text: &str) -> Option<String> {
    times::date_time(text).map(times::zulu)
}
