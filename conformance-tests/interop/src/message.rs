//! Canonical messages as a partner's system would write them, for tests from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The head of a message; the rest of it is the same everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Who says it.
    pub sender: &'a str,
    /// When it was so, seconds from now; negative for the past.
    pub occurred_s: i64,
    /// The sender's running number.
    pub sequence: u64,
}

impl<'a> Head<'a> {
    /// Said now, with the running number 1.
    pub fn of(sender: &'a str) -> Self {
        Self {
            sender,
            occurred_s: 0,
            sequence: 1,
        }
    }
}

/// A moment so many seconds from now, in park time.
pub fn moment(seconds: i64) -> String {
    let words = format!("@{}", now().saturating_add(seconds));
    let output = crate::run(
        Command::new(crate::system("date"))
            .args(["-d", &words, "+%Y-%m-%dT%H:%M:%S+08:00"])
            .env("TZ", "UTC-8"),
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

/// A message id that nothing else has.
pub fn fresh_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    id.trim().to_owned()
}

/// A message of the demo park: `kind` names the body's element, `fields` is its content with the
/// prefix `c:`.
pub fn message(head: Head<'_>, id: &str, kind: &str, fields: &str) -> String {
    let (occurred, sent) = (moment(head.occurred_s), moment(0));
    let Head {
        sender, sequence, ..
    } = head;
    format!(
        "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header><c:MessageId>{id}</c:MessageId>\
         <c:MessageType>{kind}</c:MessageType><c:SchemaVersion>1.0</c:SchemaVersion>\
         <c:ParkCode>JS-DEMO</c:ParkCode><c:SenderId>{sender}</c:SenderId>\
         <c:OccurredAt>{occurred}</c:OccurredAt><c:SentAt>{sent}</c:SentAt>\
         <c:Sequence>{sequence}</c:Sequence><c:Quality>MANUAL</c:Quality>\
         <c:Sensitivity>INTERNAL</c:Sensitivity><c:Test>false</c:Test></c:Header>\
         <c:Body><c:{kind}>{fields}</c:{kind}></c:Body></c:Message>"
    )
}

/// Writes a message into a file of `folder` named after its id.
pub fn message_file(folder: &Path, id: &str, text: &str) -> PathBuf {
    let file = folder.join(format!("{id}.xml"));
    std::fs::write(&file, text).unwrap();
    file
}
