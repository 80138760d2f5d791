//! The program as a client of a running hub's console.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use cordon_console::{NotReloaded, Reloaded};
use cordon_http::{Client, ClientOptions, HttpFault};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands::print_faults;
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, UNAVAILABLE, USAGE};
use crate::say::plain;

/// Lines of one page; the console gives at most so many.
const LINES: usize = 200;

/// Longest wait for one answer: an adapter may wait 30 s for its partner.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which hub.
#[derive(clap::Args, Debug)]
pub struct ConsoleArgs {
    /// The configuration of the hub on this machine
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// Address of its console, instead of the configuration
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    console: Option<String>,
}

/// A hub's console.
pub struct Console {
    base: String,
    client: Client,
}

/// One page, as far as this command looks into it.
#[derive(Default, Deserialize)]
pub struct Page {
    /// Open orders.
    pub open: Vec<Value>,
    open_next: Option<u64>,
    /// What was given up.
    pub dead_letters: Vec<Value>,
    next: Option<String>,
}

impl Console {
    /// The console that the command line names.
    pub fn of(args: &ConsoleArgs) -> Result<Self, Ending> {
        let base = match &args.console {
            Some(url) if url.starts_with("http://") => url.trim_end_matches('/').to_owned(),
            Some(url) => {
                let words = format!("no console at `{url}`; write http://127.0.0.1:8080");
                return Err(Ending::new(USAGE, words));
            }
            None => format!("http://{}", configured(&args.config)?),
        };
        let client = Client::new(ClientOptions {
            timeout: PATIENCE,
            ..ClientOptions::default()
        });
        Ok(Self { base, client })
    }

    /// Every page of both lists of the outbox.
    pub async fn outbox(&self) -> Result<Page, Ending> {
        let mut all = Page::default();
        let (mut more, mut open_more) = (true, true);
        while more || open_more {
            let mut path = format!("/outbox?limit={LINES}");
            if let Some(after) = &all.next {
                path = format!("{path}&after={}", escaped(after));
            }
            if let Some(after) = all.open_next {
                path = format!("{path}&open_after={after}");
            }
            let said = self.ask(&path, None).await?.map_err(Ending::failed)?;
            let page: Page = serde_json::from_value(said)
                .map_err(|error| Ending::failed(format!("{} is no console: {error}", self.base)))?;
            // A list that has ended is given again while the other goes on.
            if more {
                all.dead_letters.extend(page.dead_letters);
                more = page.next.is_some();
                all.next = page.next.or(all.next);
            }
            if open_more {
                all.open.extend(page.open);
                open_more = page.open_next.is_some();
                all.open_next = page.open_next.or(all.open_next);
            }
        }
        Ok(all)
    }

    /// Sends a dead letter again. The inner error is what the hub refused with.
    pub async fn rerun(
        &self,
        id: &str,
        who: Option<&str>,
    ) -> Result<Result<Value, String>, Ending> {
        let body = match who {
            Some(who) => json!({ "ordered_by": who }),
            None => json!({}),
        };
        let path = format!("/outbox/{}/rerun", escaped(id));
        self.ask(&path, Some(&body)).await
    }

    /// Has the hub take up its changed configuration. The inner error is what is wrong with it.
    pub async fn reload(&self, who: Option<&str>) -> Result<Result<Reloaded, NotReloaded>, Ending> {
        let body = match who {
            Some(who) => json!({ "ordered_by": who }),
            None => json!({}),
        };
        let answer = self.send("/api/reload", Some(&body)).await?;
        let text = String::from_utf8_lossy(answer.body());
        let strange = |_| Ending::failed(format!("{} answers: {}", self.base, plain(text.trim())));
        match answer.status().is_success() {
            true => serde_json::from_str(&text).map(Ok).map_err(strange),
            false => serde_json::from_str(&text).map(Err).map_err(strange),
        }
    }

    /// Asks, or with a body acts. The inner error is what the hub refused with.
    async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Result<Value, String>, Ending> {
        let answer = self.send(path, body).await?;
        let text = String::from_utf8_lossy(answer.body());
        if !answer.status().is_success() {
            return Ok(Err(plain(text.trim())));
        }
        serde_json::from_str(&text)
            .map(Ok)
            .map_err(|error| Ending::failed(format!("{} is no console: {error}", self.base)))
    }

    async fn send(
        &self,
        path: &str,
        body: Option<&Value>,
    ) -> Result<http::Response<Bytes>, Ending> {
        let url = format!("{}{path}", self.base);
        let request = match body {
            None => http::Request::get(&url).body(Bytes::new()),
            Some(body) => http::Request::post(&url)
                .header("x-cordon-console", "1")
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(Bytes::from(body.to_string())),
        };
        let request =
            request.map_err(|error| Ending::new(USAGE, format!("address `{url}`: {error}")))?;
        let answer = self.client.send(request).await;
        answer.map_err(|fault| unreachable(&self.base, &fault))
    }
}

fn configured(config: &Path) -> Result<std::net::SocketAddr, Ending> {
    let read = ParkConfig::read(config);
    // What else is wrong with the file is for the hub to say: it runs as it did before.
    let listen = read.map(|config| config.console.listen);
    listen.or_else(|faults| {
        console_of(config).ok_or_else(|| {
            print_faults(&faults);
            Ending::new(CONFIG, format!("{} faults", faults.len()))
        })
    })
}

/// Where the console of a configuration listens whose other sections cannot be read.
fn console_of(config: &Path) -> Option<std::net::SocketAddr> {
    let table = ParkConfig::table(config).ok()?;
    let console = match table.get("console") {
        Some(section) => section.clone().try_into().ok()?,
        None => cordon_console::Config::default(),
    };
    Some(console.listen)
}

fn unreachable(base: &str, fault: &HttpFault) -> Ending {
    Ending::new(
        UNAVAILABLE,
        format!("no console at {base}; the hub must run: `cordon run`\n  {fault}"),
    )
}

/// A name as one step of a path.
fn escaped(id: &str) -> String {
    id.bytes().fold(String::new(), |text, byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b':' => {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        }
        other => format!("{text}%{other:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_step_of_a_path() {
        assert_eq!(escaped("province:RPT-01:2"), "province:RPT-01:2");
        assert_eq!(escaped("a/b 省?"), "a%2Fb%20%E7%9C%81%3F");
    }
}
