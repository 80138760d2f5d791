//! A partner's submissions beside a crowd of connections that are worth nothing and a flood of bodies
//! that are refused.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use cordon_journal::disk::RealDisk;

use super::load::Load;
use super::server::Served;
use crate::park::Park;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Connections of the crowd, kept open throughout.
const CROWD: usize = 1_000;
/// Connections of the flood and the bytes of its bodies.
const FLOOD: [usize; 5] = [65_536, 65_536, 65_536, 65_536, 4_194_304];
/// Times that the partner is measured, quiet and beside them.
const ROUNDS: usize = 3;

/// Measures quiet and loud in turns over one hub and one port.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let hub = Arc::new(
        park.start("hostile", Arc::new(RealDisk), Vec::new(), Vec::new())
            .await?,
    );
    let served = Served::start(park, "hostile", Arc::clone(&hub)).await?;
    let window = size.window / 2;
    let (mut quiet, mut loud) = (Vec::new(), Vec::new());
    let mut refused = 0;
    for _ in 0..ROUNDS {
        quiet.push(p99(park, &served, size.letters, window).await?);
        let crowd = crowd(&served)?;
        let flood = Flood::start(park, &served)?;
        loud.push(p99(park, &served, size.letters, window).await?);
        refused += flood.stop();
        drop(crowd);
    }
    served.stop().await;
    let hub = Arc::into_inner(hub).ok_or("somebody still holds the hub")?;
    hub.shutdown().await?;
    let ratios = quiet.iter().zip(&loud).map(|(quiet, loud)| loud / quiet);
    let ratio = Spread::of(ratios);
    Ok(Section {
        title: "A partner beside a crowd and a flood",
        about: format!(
            "One enterprise sends signed submissions of one message over one connection, durable journal, signed \
             receipts: alone, and beside {CROWD} connections that say nothing or begin a greeting and stop and {} \
             connections of another enterprise whose bodies, of 64 KiB and 4 MiB, are refused one after the other \
             ({refused} in all). In turns, {ROUNDS} times; clients and hub share the processors.",
            FLOOD.len()
        ),
        rows: vec![
            Row::figure(
                "p99 of a submission beside them",
                Spread::of(loud).median,
                "ms",
            )
            .beside("alone", Spread::of(quiet).median, "ms")
            .ratio(Ratio::Times(ratio))
            .goal(Goal::RatioAtMost(3.0)),
        ],
    })
}

async fn p99(park: &Park, served: &Served, letters: usize, window: Duration) -> Outcome<f64> {
    let load = Load::sign(&park.p256, letters, 1)?;
    Ok(load.run(served, 1, window).await?.percentile_ms(99))
}

/// Half of them say nothing, half begin a greeting.
fn crowd(served: &Served) -> Outcome<Vec<TcpStream>> {
    let begun: [&[u8]; 2] = [b"", b"\x16\x03\x01\x02\x00\x01"];
    let mut crowd = Vec::with_capacity(CROWD);
    for words in begun.iter().cycle().take(CROWD) {
        let mut stream = TcpStream::connect(served.address())?;
        // The hub may have closed it already, which is one of the things measured.
        let _ = std::io::Write::write_all(&mut stream, words);
        crowd.push(stream);
    }
    Ok(crowd)
}

/// Sends from a thread of its own, so that the partner's client does not wait for it.
struct Flood {
    going: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start(park: &Park, served: &Served) -> Outcome<Self> {
        let going = Arc::new(AtomicBool::new(true));
        let sent = Arc::new(AtomicUsize::new(0));
        let mut links = Vec::new();
        for bytes in FLOOD {
            links.push((served.link(&park.rsa)?, Bytes::from(vec![b'x'; bytes])));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (told, count) = (Arc::clone(&going), Arc::clone(&sent));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let mut tasks = tokio::task::JoinSet::new();
                for (link, body) in links {
                    let (told, count) = (Arc::clone(&told), Arc::clone(&count));
                    tasks.spawn(async move {
                        while told.load(Ordering::Relaxed) {
                            // A connection that is closed is as good an answer as a fault.
                            let _ = link.send(body.clone()).await;
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                while tasks.join_next().await.is_some() {}
            });
        });
        Ok(Self {
            going,
            sent,
            thread,
        })
    }

    /// Ends it and says how many were answered.
    fn stop(self) -> usize {
        self.going.store(false, Ordering::Relaxed);
        // A thread that panicked has nothing left to stop.
        let _ = self.thread.join();
        self.sent.load(Ordering::Relaxed)
    }
}
