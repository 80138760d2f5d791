//! A way to a lane that keeps what goes to it until it is told to let it go, as a slow gateway does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Whether what comes goes on, and when what was kept is let go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gateway {
    Passes,
    /// Connections that are there, and those that come, keep what they get.
    Keeps,
    /// As [`Self::Keeps`], from the next write of the lock on.
    KeepsLock,
    /// What was kept is sent; what comes goes on.
    LetsGo,
}

/// The slow way.
pub struct SlowWay {
    pub address: SocketAddr,
    now: watch::Sender<Gateway>,
    /// Writes of single coils that are kept.
    kept: Arc<AtomicUsize>,
}

impl SlowWay {
    pub async fn to(lane: SocketAddr) -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(any_port).await.unwrap();
        let way = Self {
            address: listener.local_addr().unwrap(),
            now: watch::channel(Gateway::Passes).0,
            kept: Arc::default(),
        };
        let (now, kept) = (way.now.clone(), Arc::clone(&way.kept));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(lane).await.unwrap();
                tokio::spawn(carry(near, far, now.subscribe(), Arc::clone(&kept)));
            }
        });
        way
    }

    pub fn becomes(&self, gateway: Gateway) {
        self.now.send_replace(gateway);
    }

    /// How many writes of coils are kept.
    pub fn kept(&self) -> usize {
        self.kept.load(Ordering::SeqCst)
    }
}

async fn carry(
    near: TcpStream,
    far: TcpStream,
    mut now: watch::Receiver<Gateway>,
    kept: Arc<AtomicUsize>,
) {
    let (mut from, mut answers) = near.into_split();
    let (mut replies, mut to) = far.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut replies, &mut answers).await;
    });
    let mut held = Vec::new();
    let mut bytes = [0; 512];
    while let Ok(count) = from.read(&mut bytes).await {
        if count == 0 {
            break;
        }
        // What was kept stays before what comes after it.
        let keeps = match *now.borrow() {
            Gateway::Keeps => true,
            // Function 5, coil 3.
            Gateway::KeepsLock => (bytes[7], bytes[9]) == (5, 3),
            Gateway::Passes | Gateway::LetsGo => false,
        };
        if held.is_empty() && !keeps {
            to.write_all(&bytes[..count]).await.unwrap();
            continue;
        }
        held.extend_from_slice(&bytes[..count]);
        // Function 5 behind a header of seven bytes: one request at a time, never pipelined.
        kept.fetch_add(usize::from(bytes[7] == 5), Ordering::SeqCst);
    }
    if !held.is_empty() {
        now.wait_for(|now| *now == Gateway::LetsGo).await.unwrap();
        to.write_all(&held).await.unwrap();
        let mut more = [0; 1];
        // Until the lane has closed as well, or the test is over.
        let _ = from.read(&mut more).await;
        std::future::pending::<()>().await;
    }
    back.abort();
}
