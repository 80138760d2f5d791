//! A way to a lane that says wrong things of the lock, or has it obey later than it was acknowledged.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The read of coil 3, the lock, and its write, behind the head of seven bytes.
const LOOK: [u8; 5] = [1, 0, 3, 0, 1];
const RELEASE: [u8; 5] = [5, 0, 3, 0, 0];

/// How many looks are answered wrongly, and how many a release waits for.
#[derive(Debug, Default)]
pub struct Lies {
    wrong: AtomicUsize,
    lag: AtomicUsize,
    looks: AtomicUsize,
}

/// The way that lies.
pub struct LyingWay {
    pub address: SocketAddr,
    lies: Arc<Lies>,
}

impl LyingWay {
    pub async fn to(lane: SocketAddr) -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(any_port).await.unwrap();
        let way = Self {
            address: listener.local_addr().unwrap(),
            lies: Arc::default(),
        };
        let lies = Arc::clone(&way.lies);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(lane).await.unwrap();
                tokio::spawn(carry(near, far, Arc::clone(&lies)));
            }
        });
        way
    }

    /// The next looks show the lock as it is not.
    pub fn shows_wrongly(&self, looks: usize) {
        self.lies.wrong.store(looks, SeqCst);
    }

    /// Releases are acknowledged at once, and reach the lane after so many looks.
    pub fn lags(&self, looks: usize) {
        self.lies.lag.store(looks, SeqCst);
    }

    /// How often the lock was looked at.
    pub fn looks(&self) -> usize {
        self.lies.looks.load(SeqCst)
    }
}

async fn frame(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 6];
    from.read_exact(&mut bytes).await.ok()?;
    let length = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    bytes.resize(6 + length, 0);
    from.read_exact(&mut bytes[6..]).await.ok()?;
    Some(bytes)
}

async fn ask(far: &mut TcpStream, request: &[u8]) -> Option<Vec<u8>> {
    far.write_all(request).await.ok()?;
    frame(far).await
}

async fn carry(near: TcpStream, far: TcpStream, lies: Arc<Lies>) {
    let _ = carry_on(near, far, &lies).await;
}

async fn carry_on(mut near: TcpStream, mut far: TcpStream, lies: &Lies) -> Option<()> {
    let mut kept: Option<(Vec<u8>, usize)> = None;
    loop {
        let request = frame(&mut near).await?;
        let lag = lies.lag.load(SeqCst);
        if request[7..] == RELEASE && lag > 0 {
            near.write_all(&request).await.ok()?;
            kept = Some((request, lag));
            continue;
        }
        let looks = request[7..] == LOOK;
        let mut answer = ask(&mut far, &request).await?;
        if looks {
            lies.looks.fetch_add(1, SeqCst);
            let lie = |left: usize| left.checked_sub(1);
            if lies.wrong.fetch_update(SeqCst, SeqCst, lie).is_ok() {
                answer[9] ^= 1;
            }
        }
        near.write_all(&answer).await.ok()?;
        kept = match kept {
            Some((release, 1)) if looks => {
                ask(&mut far, &release).await?;
                None
            }
            Some((release, left)) if looks => Some((release, left - 1)),
            kept => kept,
        };
    }
}
