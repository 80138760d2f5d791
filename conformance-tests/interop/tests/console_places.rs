//! Connections that say nothing, half a head or no body do not keep a person from the console.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use cordon_interop::Park;

/// Connections that are held at once; more than the console has places.
const HELD: usize = 500;

/// Holds connections that say `words` and no more; each that is closed is opened again.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    fn start(address: &str, words: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, address) = (Arc::clone(&stop), address.to_owned());
        let mut held: Vec<Option<TcpStream>> = (0..HELD).map(|_| open(&address, words)).collect();
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                for slot in &mut held {
                    if slot.as_ref().is_none_or(is_closed) {
                        *slot = open(&address, words);
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn open(address: &str, words: &str) -> Option<TcpStream> {
    let soon = std::time::Duration::from_millis(200);
    let mut stream = TcpStream::connect_timeout(&address.parse().unwrap(), soon).ok()?;
    stream.set_nonblocking(true).ok()?;
    let _ = stream.write_all(words.as_bytes());
    Some(stream)
}

fn is_closed(stream: &TcpStream) -> bool {
    let mut byte = [0];
    match (&mut &*stream).read(&mut byte) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Five hundred connections that said nothing had all the places, or all the open files: everybody
/// else's were closed at once or never answered.
#[test]
fn a_person_always_gets_in() {
    // So few that the system's limit is met, where there is none of the console's own.
    let park = Park::start_within(Some(256), |_| {});
    let address = park.console().replace("http://", "");
    let silent = "";
    let half_a_head = "GET /api/view HTTP/1.1\r\nhost:";
    let no_body =
        "POST /api/acknowledge HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n";
    for words in [silent, half_a_head, no_body] {
        let _flood = Flood::start(&address, words);
        for _ in 0..5 {
            let health = park.get("/healthz");
            let is_well = |answer: &String| answer.starts_with("HTTP/1.1 200");
            assert!(
                health.as_ref().is_some_and(is_well),
                "{words:?}: {health:?}"
            );
            // No barrier is there to be opened; that it is told so shows that it was heard.
            let act = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"drill"}"#;
            let heard = park.post("/api/emergency-open", act).unwrap_or_default();
            assert!(heard.contains("C001"), "{words:?}: {heard}");
        }
    }
}
