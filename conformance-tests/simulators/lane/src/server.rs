//! The sockets: accepts connections, frames requests, and misbehaves where a fault says so.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::controller;
use crate::frame::{self, Header};
use crate::plant::{Plant, PlantState};
use crate::{Input, LaneFault, LaneSettings, Vehicle};

/// How long a stunned controller stays away.
const STUN_MS: u64 = 2_000;
/// A connection that sends nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Why a lane could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The address cannot be listened on.
    #[error("the lane cannot listen on {address}: {source}")]
    Listen {
        /// The wanted address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Too many vehicles wait already.
    #[error("the lane's queue is full; let some vehicles pass first")]
    QueueFull,
}

/// The simulated lane; see [`Lane::start`].
#[derive(Debug)]
pub struct Lane;

/// What can be seen of a running lane.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct LaneState {
    /// The lane itself.
    #[serde(flatten)]
    pub plant: PlantState,
    /// Connections open now.
    pub connections: usize,
    /// Requests answered or deliberately not answered since the start.
    pub requests: usize,
}

#[derive(Debug)]
struct Shared {
    plant: Mutex<Plant>,
    started: Instant,
    stunned_until_ms: Mutex<u64>,
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// One for all lanes behind an address.
    cut: Arc<watch::Sender<u64>>,
}

impl Shared {
    fn new(settings: LaneSettings, cut: Arc<watch::Sender<u64>>) -> Arc<Self> {
        Arc::new(Self {
            plant: Mutex::new(Plant::new(settings)),
            started: Instant::now(),
            stunned_until_ms: Mutex::new(0),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            cut,
        })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The lane, moved to the present.
    fn plant(&self) -> MutexGuard<'_, Plant> {
        let mut plant = self.plant.lock().unwrap_or_else(PoisonError::into_inner);
        plant.advance(self.now_ms());
        plant
    }

    fn stun(&self) {
        let mut until = self
            .stunned_until_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *until = self.now_ms() + STUN_MS;
    }

    fn stunned_ms(&self) -> u64 {
        let until = self
            .stunned_until_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.saturating_sub(self.now_ms())
    }
}

/// Holds a running lane; dropping it stops the lane and closes its connections.
#[derive(Debug)]
pub struct LaneHandle {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Lane {
    /// Starts a lane on `address` (port 0 picks a free one).
    pub async fn start(
        settings: LaneSettings,
        address: SocketAddr,
    ) -> Result<LaneHandle, LaneError> {
        let cut = Arc::new(watch::Sender::new(0));
        let shared = Shared::new(settings, cut);
        let (address, accepting) = listen(address, vec![Arc::clone(&shared)]).await?;
        let tasks = vec![accepting, tokio::spawn(move_on(Arc::clone(&shared)))];
        Ok(LaneHandle {
            address,
            shared,
            tasks,
        })
    }

    /// Starts lanes behind one address, as a gateway has them: each answers to the unit id of its
    /// settings and to no other. The first handle holds the socket, and how many connections are
    /// served is its setting; dropping any of them cuts the connections.
    pub async fn start_gateway(
        lanes: Vec<LaneSettings>,
        address: SocketAddr,
    ) -> Result<Vec<LaneHandle>, LaneError> {
        let cut = Arc::new(watch::Sender::new(0));
        let units: Vec<Arc<Shared>> = lanes
            .into_iter()
            .map(|settings| Shared::new(settings, Arc::clone(&cut)))
            .collect();
        let (address, accepting) = listen(address, units.clone()).await?;
        let mut accepting = Some(accepting);
        Ok(units
            .into_iter()
            .map(|shared| {
                let moving = tokio::spawn(move_on(Arc::clone(&shared)));
                LaneHandle {
                    address,
                    tasks: accepting.take().into_iter().chain([moving]).collect(),
                    shared,
                }
            })
            .collect())
    }
}

async fn listen(
    address: SocketAddr,
    units: Vec<Arc<Shared>>,
) -> Result<(SocketAddr, JoinHandle<()>), LaneError> {
    let failed = |source| LaneError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((address, tokio::spawn(accept(listener, units))))
}

impl LaneHandle {
    /// Where the lane listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Lets a vehicle come.
    pub fn vehicle(&self, vehicle: Vehicle) -> Result<(), LaneError> {
        if self.shared.plant().traffic.come(vehicle) {
            Ok(())
        } else {
            Err(LaneError::QueueFull)
        }
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: LaneFault) {
        self.shared.plant().faults.insert(fault);
    }

    /// Switches a fault off.
    pub fn mend(&self, fault: LaneFault) {
        self.shared.plant().faults.remove(&fault);
    }

    /// Holds an input at a value, or lets go of it with `None`.
    pub fn force(&self, input: Input, value: Option<bool>) {
        let mut plant = self.shared.plant();
        match value {
            Some(value) => plant.forced.insert(input, value),
            None => plant.forced.remove(&input),
        };
    }

    /// Closes every open connection at once, as a pulled cable does; new ones are welcome.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// Power off and on.
    pub fn restart(&self) {
        self.shared.plant().restart();
        self.cut();
    }

    /// The lane as it is now.
    pub fn state(&self) -> LaneState {
        LaneState {
            plant: self.shared.plant().state(),
            connections: self.shared.connections.load(Ordering::SeqCst),
            requests: self.shared.requests.load(Ordering::SeqCst),
        }
    }
}

impl Drop for LaneHandle {
    fn drop(&mut self) {
        self.cut();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The boom moves although nobody asks.
async fn move_on(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        ticks.tick().await;
        drop(shared.plant());
    }
}

/// How long a new connection waits for one that is just being closed.
const GRACE: Duration = Duration::from_millis(300);

/// Whether one more connection may be served. A caller that hangs up and calls again at once may be
/// quicker than the end of its first connection.
async fn has_room(shared: &Shared, room: usize) -> bool {
    let begun = Instant::now();
    loop {
        if shared.connections.load(Ordering::SeqCst) < room {
            return true;
        }
        if begun.elapsed() >= GRACE {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn accept(listener: TcpListener, units: Vec<Arc<Shared>>) {
    let Some(shared) = units.first().cloned() else {
        return;
    };
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the lane cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let room = {
            let plant = shared.plant();
            let most = usize::from(plant.settings.connections_max);
            if plant.has(LaneFault::OneConnection) {
                1
            } else {
                most
            }
        };
        if !has_room(&shared, room).await {
            tracing::debug!(%peer, "connection refused, the lane serves {room} at a time");
            continue;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (shared, units) = (Arc::clone(&shared), units.clone());
        tokio::spawn(async move {
            let mut cut = shared.cut.subscribe();
            cut.borrow_and_update();
            tokio::select! {
                biased;
                // An error means that the lane is gone.
                _ = cut.changed() => {}
                result = serve(stream, &units) => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "connection ended");
                    }
                }
            }
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// What to do with one request.
enum Answer {
    Send { data: Vec<u8>, transaction: u16 },
    Raw(Vec<u8>),
    Nothing,
    Close,
}

/// The lane that answers to a unit id.
fn lane_of(units: &[Arc<Shared>], unit: u8) -> Option<&Shared> {
    let mut lanes = units.iter().map(Arc::as_ref);
    lanes.find(|lane| {
        let own = lane.plant().settings.unit;
        own == 0 || own == unit
    })
}

async fn serve(mut stream: TcpStream, units: &[Arc<Shared>]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut head = [0; 7];
        match tokio::time::timeout(IDLE, stream.read_exact(&mut head)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Ok(()),
        }
        let header = Header::read(head);
        if !header.is_lawful() {
            for shared in units {
                if shared.plant().has(LaneFault::GarbageStuns) {
                    shared.stun();
                }
            }
            // Framing is lost; closing is the only way back.
            return Ok(());
        }
        let mut data = vec![0; usize::from(header.length) - 1];
        stream.read_exact(&mut data).await?;
        let Some(shared) = lane_of(units, header.unit) else {
            continue;
        };
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let (answer, delay) = answer(shared, header, &data);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match answer {
            Answer::Send { data, transaction } => {
                stream
                    .write_all(&frame::reply(header, transaction, &data))
                    .await?;
            }
            Answer::Raw(bytes) => stream.write_all(&bytes).await?,
            Answer::Nothing => {}
            Answer::Close => return Ok(()),
        }
    }
}

fn answer(shared: &Shared, header: Header, data: &[u8]) -> (Answer, Duration) {
    let stunned = shared.stunned_ms();
    let mut plant = shared.plant();
    let function = data.first().copied().unwrap_or(0);
    let writes = matches!(function, 5 | 6 | 15 | 16);
    if plant.has(LaneFault::DropsConnection) {
        return (Answer::Close, Duration::ZERO);
    }
    if plant.has(LaneFault::Hangs) {
        return (Answer::Nothing, Duration::ZERO);
    }
    if plant.has(LaneFault::GatewayTimesOut) {
        let send = Answer::Send {
            data: frame::exception(function, frame::GATEWAY_TARGET),
            transaction: header.transaction,
        };
        let late_ms = u64::from(plant.settings.late_ms);
        return (send, Duration::from_millis(late_ms));
    }
    let mut reply = controller::answer(&mut plant, data);
    if writes && plant.faults.remove(&LaneFault::CutsAfterWrite) {
        return (Answer::Close, Duration::ZERO);
    }
    if plant.has(LaneFault::Garbage) {
        let count = 7 + usize::try_from(plant.seed.next() % 24).unwrap_or(0);
        return (Answer::Raw(plant.seed.bytes(count)), Duration::ZERO);
    }
    if plant.has(LaneFault::ShortReply) && (1..=4).contains(&function) {
        reply.pop();
    }
    let mut transaction = header.transaction;
    if plant.has(LaneFault::WrongTransaction) {
        transaction = transaction.wrapping_add(1);
    }
    let mut delay_ms = u64::from(plant.settings.reply_ms).max(stunned);
    if plant.has(LaneFault::SlowReply) {
        delay_ms = delay_ms.max(u64::from(plant.settings.slow_ms));
    }
    if plant.has(LaneFault::LateReply) {
        delay_ms = delay_ms.max(u64::from(plant.settings.late_ms));
    }
    let send = Answer::Send {
        data: reply,
        transaction,
    };
    (send, Duration::from_millis(delay_ms))
}
