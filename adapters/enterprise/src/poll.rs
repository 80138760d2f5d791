//! Polling: we ask for what came after the last event we took.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{DISK_ANSWERS_IN, Fault, IntakeError, Link, LinkState, aside, disk_hangs};
use cordon_http::Client;

use crate::authenticate::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_with};
use crate::config::{Config, Poll};
use crate::cursor;
use crate::decode::{Common, items};
use crate::health::Health;
use crate::secret::Secret;

const BACK_OFF_MAX_S: u64 = 300;
/// So long the end of the program waits for a cursor that is being written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Polls until shutdown.
pub async fn run(
    config: &Config,
    poll: &Poll,
    secret: Option<&Secret>,
    client: &Client,
    health: &Health,
    link: &Link,
) -> Result<(), Fault> {
    let file = poll.cursor_file.clone();
    let read = on_disk(config, poll, health, move || cursor::read(&file));
    let mut position = tokio::select! {
        () = link.shutdown.wait() => return Ok(()),
        read = read => read?,
    };
    let mut failures = 0_u32;
    loop {
        let asked = tokio::select! {
            () = link.shutdown.wait() => return Ok(()),
            asked = ask(config, poll, secret, client, &position, link) => asked,
        };
        let now = link.clock.now();
        let every = u64::from(poll.every_s);
        let wait = match asked {
            Ok(page) => {
                failures = 0;
                health.link(LinkState::Online, "", now);
                (0..page.taken).for_each(|_| health.event(true));
                (0..page.refused).for_each(|_| health.event(false));
                if let Some(last) = page.last {
                    let (file, kept) = (poll.cursor_file.clone(), last.clone());
                    let write = on_disk(config, poll, health, move || cursor::write(&file, &kept));
                    tokio::select! {
                        written = write => written?,
                        () = ends(link) => return Ok(()),
                    }
                    position = last;
                }
                // A page with something in it may have a next one.
                if page.taken + page.refused > 0 && !page.stuck {
                    Duration::ZERO
                } else {
                    Duration::from_secs(every)
                }
            }
            Err(fault) => {
                tracing::warn!(adapter = %config.name, %fault, "poll failed");
                health.link(LinkState::Offline, fault.to_string(), now);
                failures = failures.saturating_add(1);
                back_off(every, failures, now.micros())
            }
        };
        tokio::select! {
            () = link.shutdown.wait() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The end of the program, a moment later: a cursor that is being written is written by then.
async fn ends(link: &Link) {
    link.shutdown.wait().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// Reads or writes the cursor. Polling waits for its disk, nothing else does; one that does not answer is told.
async fn on_disk<T: Send + 'static>(
    config: &Config,
    poll: &Poll,
    health: &Health,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let hangs = disk_hangs(&poll.cursor_file);
    let mut work = pin!(aside(work));
    let done = match tokio::time::timeout(DISK_ANSWERS_IN, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            tracing::error!(adapter = %config.name, fault = %hangs, "polling waits for the disk of its cursor");
            health.rests(Some(hangs.clone()));
            let done = work.await;
            health.rests(None);
            tracing::info!(adapter = %config.name, "polling goes on");
            done
        }
    };
    done.unwrap_or(Err(hangs))
}

/// Doubles up to five minutes, and lies somewhere in the upper half of that.
fn back_off(every_s: u64, failures: u32, seed: i64) -> Duration {
    let full_s = every_s
        .saturating_mul(1 << failures.min(8))
        .min(BACK_OFF_MAX_S.max(every_s));
    let full_ms = full_s * 1_000;
    Duration::from_millis(full_ms / 2 + seed.unsigned_abs() % (full_ms / 2 + 1))
}

/// What one question brought.
struct Page {
    taken: usize,
    refused: usize,
    last: Option<String>,
    /// The cursor did not move: asking again at once would bring the same.
    stuck: bool,
}

async fn ask(
    config: &Config,
    poll: &Poll,
    secret: Option<&Secret>,
    client: &Client,
    position: &str,
    link: &Link,
) -> Result<Page, Fault> {
    let refuse = |detail: String| {
        Fault::new("A048", detail)
            .at(poll.url.clone())
            .remedy("look at the plant's system; polling goes on by itself")
    };
    let url = poll.url.replace("{cursor}", &encoded(position));
    let uri: http::Uri = url.parse().map_err(|error| refuse(format!("{error}")))?;
    let mut request = http::Request::get(&uri).header(http::header::ACCEPT, "application/json");
    if let Some(secret) = secret {
        let timestamp = (link.clock.now().micros() / 1_000_000).to_string();
        let path = uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let signature = sign_with(secret, &timestamp, path, b"");
        request = request
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature);
    }
    let request = request
        .body(Bytes::new())
        .map_err(|error| refuse(error.to_string()))?;
    let answer = client
        .send(request)
        .await
        .map_err(|error| refuse(error.to_string()))?;
    if !answer.status().is_success() {
        return Err(refuse(format!("answered {}", answer.status())));
    }
    let common = Common {
        partner: &config.partner,
        mapping: &config.mapping,
        event: &poll.event,
        id: &poll.id,
        is_record: config.is_record(&poll.event),
        received_at: link.clock.now(),
    };
    let events = items(answer.body(), &poll.items, common)?;
    let last = events.iter().rev().find_map(|event| event.own_id.clone());
    let stuck = last.as_deref().is_none_or(|last| last == position);
    let readings = events.into_iter().map(|event| event.reading);
    let (mut taken, mut refused) = (0, 0);
    for result in link.intake.offer_all(readings).await {
        match result {
            Ok(_) => taken += 1,
            Err(IntakeError::Refused(fault)) => {
                tracing::warn!(adapter = %config.name, %fault, "event refused");
                refused += 1;
            }
            Err(IntakeError::Closed) => return Err(refuse("the hub is stopping".to_owned())),
        }
    }
    Ok(Page {
        taken,
        refused,
        last,
        stuck,
    })
}

/// Percent-encodes everything that is not a plain letter or digit.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
