//! A gateway with lane controllers behind it, each with manners of its own. It writes down what it was asked and
//! when, by tokio's time: under a paused clock that is exact, whatever the machine does meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// How long a boom travels.
const TRAVEL: Duration = Duration::from_millis(300);
/// The lock among the coils.
const LOCK: u8 = 3;

/// How a unit, or the gateway for it, treats a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Manner {
    /// It answers after so many milliseconds.
    Answers(u64),
    /// The gateway ends the connection in an orderly way.
    Fin,
    /// The gateway resets the connection.
    Reset,
    /// As [`Self::Fin`], when the unit is written to alone.
    FinOnWrite,
    /// As [`Self::Fin`], each time it was asked so often.
    FinEach(usize),
    /// Writes of the lock are not answered.
    HangsOnLock,
    /// As [`Self::HangsOnLock`], and each is carried out.
    ObeysLockSilently,
    /// Nothing is answered.
    Hangs,
    /// Its inputs are not answered.
    HangsOnPoll,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    pub unit: u8,
    pub pdu: Vec<u8>,
}

impl Asked {
    pub fn is_heartbeat(&self) -> bool {
        self.pdu[0] == 6
    }

    pub fn is_poll(&self) -> bool {
        self.pdu[0] == 2
    }

    /// Whether it switches this coil on.
    pub fn switches_on(&self, coil: u8) -> bool {
        self.pdu == [5, 0, coil, 0xff, 0]
    }
}

#[derive(Default)]
struct Unit {
    manner: Option<Manner>,
    coils: BTreeSet<u8>,
    /// Since when the boom goes up (true) or down.
    moves: Option<(bool, Instant)>,
    /// How long its boom travels, where that is not [`TRAVEL`].
    travel: Option<Duration>,
}

impl Unit {
    fn is_up(&self) -> bool {
        let travel = self.travel.unwrap_or(TRAVEL);
        self.moves
            .is_some_and(|(up, since)| up && since.elapsed() >= travel)
    }

    fn is_down(&self) -> bool {
        let travel = self.travel.unwrap_or(TRAVEL);
        self.moves
            .is_none_or(|(up, since)| !up && since.elapsed() >= travel)
    }

    fn obey(&mut self, coil: u8, on: bool) {
        let up = match coil {
            0 | LOCK => true,
            1 => false,
            _ => {
                self.switch(coil, on);
                return;
            }
        };
        let moves = self.moves.is_some_and(|(up, _)| up);
        if on && moves != up && (up || !self.coils.contains(&LOCK)) {
            self.moves = Some((up, Instant::now()));
        }
        self.switch(coil, on);
    }

    fn switch(&mut self, coil: u8, on: bool) {
        match on {
            true => self.coils.insert(coil),
            false => self.coils.remove(&coil),
        };
    }

    /// The answer of a controller in good order.
    fn answer(&mut self, pdu: &[u8]) -> Vec<u8> {
        let from = pdu[2];
        match pdu[0] {
            1 => {
                let on = u8::from(self.coils.contains(&from));
                vec![1, 1, on]
            }
            2 => vec![
                2,
                2,
                u8::from(self.is_up()) | u8::from(self.is_down()) << 1,
                0,
            ],
            5 => {
                self.obey(from, pdu[3] != 0);
                pdu.to_vec()
            }
            6 => pdu.to_vec(),
            function => vec![function | 0x80, 1],
        }
    }
}

#[derive(Default)]
struct Inside {
    units: BTreeMap<u8, Unit>,
    asked: Vec<Asked>,
    connections: usize,
    /// How long it closes every connection after it closed one.
    unready: Duration,
    ready: Option<Instant>,
    /// It closes a connection after so many answers.
    answers_max: Option<usize>,
    /// It asks one unit after the other, over whichever connection it was told to.
    serial: Option<Arc<tokio::sync::Mutex<()>>>,
}

impl Inside {
    /// It closes a connection.
    fn close(&mut self) {
        self.ready = Some(Instant::now() + self.unready);
    }

    /// Whether it serves the connection that comes.
    fn serves(&mut self) -> bool {
        self.connections += 1;
        self.ready.is_none_or(|ready| Instant::now() >= ready)
    }
}

/// The gateway.
pub struct Gateway {
    pub address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
}

impl Gateway {
    pub async fn start() -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(any_port).await.unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            inside: Arc::default(),
        };
        let inside = Arc::clone(&gateway.inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                if inside.lock().unwrap().serves() {
                    tokio::spawn(serve(stream, Arc::clone(&inside)));
                }
            }
        });
        gateway
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    pub fn becomes(&self, unit: u8, manner: Manner) {
        self.inside().units.entry(unit).or_default().manner = Some(manner);
    }

    /// Once it closed a connection it closes every other for so long, as one that still holds the old one.
    pub fn is_unready_for(&self, unready: Duration) {
        self.inside().unready = unready;
    }

    /// It closes each connection after so many answers.
    pub fn closes_after(&self, answers: usize) {
        self.inside().answers_max = Some(answers);
    }

    /// It has one serial line: what comes waits for the question before it, although nobody waits for that any more.
    pub fn has_one_line(&self) {
        self.inside().serial = Some(Arc::default());
    }

    /// How long the boom of a unit travels.
    pub fn travels_for(&self, unit: u8, travel: Duration) {
        self.inside().units.entry(unit).or_default().travel = Some(travel);
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.inside().connections
    }

    /// What was asked since a moment.
    pub fn asked_since(&self, since: Instant) -> Vec<Asked> {
        let inside = self.inside();
        let asked = inside.asked.iter().filter(|asked| asked.at >= since);
        asked.cloned().collect()
    }

    pub fn is_up(&self, unit: u8) -> bool {
        self.inside().units.get(&unit).is_some_and(Unit::is_up)
    }

    /// When a coil of the unit was first switched on since a moment.
    pub fn switched_on(&self, unit: u8, coil: u8, since: Instant) -> Option<Instant> {
        let asked = self.asked_since(since);
        let mut asked = asked.iter();
        let found = asked.find(|asked| asked.unit == unit && asked.switches_on(coil));
        found.map(|asked| asked.at)
    }

    /// The longest time between two heartbeats of the unit since a moment, until now.
    pub fn longest_gap(&self, unit: u8, since: Instant) -> Duration {
        let asked = self.asked_since(since);
        let beats = asked
            .iter()
            .filter(|asked| asked.unit == unit && asked.is_heartbeat());
        let mut last = since;
        let mut longest = Duration::ZERO;
        for at in beats.map(|beat| beat.at).chain([Instant::now()]) {
            longest = longest.max(at - last);
            last = at;
        }
        longest
    }
}

async fn serve(stream: TcpStream, inside: Arc<Mutex<Inside>>) {
    let _ = serve_on(stream, &inside).await;
}

async fn serve_on(mut stream: TcpStream, inside: &Mutex<Inside>) -> Option<()> {
    for answers in 0_usize.. {
        let most = inside.lock().unwrap().answers_max;
        if most.is_some_and(|most| answers >= most) {
            return None;
        }
        let mut head = [0; 7];
        stream.read_exact(&mut head).await.ok()?;
        let mut pdu = vec![0; usize::from(head[5]) - 1];
        stream.read_exact(&mut pdu).await.ok()?;
        let unit = head[6];
        let writes = matches!(pdu[0], 5 | 6 | 15 | 16);
        let manner = {
            let mut inside = inside.lock().unwrap();
            let at = Instant::now();
            let asked = Asked {
                at,
                unit,
                pdu: pdu.clone(),
            };
            inside.asked.push(asked);
            let manner = inside.units.entry(unit).or_default().manner;
            let times = inside.asked.iter().filter(|asked| asked.unit == unit);
            let is_over = match manner {
                Some(Manner::Fin | Manner::Reset) => true,
                Some(Manner::FinOnWrite) => writes,
                Some(Manner::FinEach(each)) => times.count() % each == 0,
                _ => false,
            };
            if is_over {
                inside.close();
                if manner == Some(Manner::Reset) {
                    stream.set_zero_linger().unwrap();
                }
                return None;
            }
            manner
        };
        let serial = inside.lock().unwrap().serial.clone();
        let _line = match &serial {
            Some(serial) => Some(serial.lock().await),
            None => None,
        };
        match manner {
            Some(Manner::HangsOnLock) if pdu[..3] == [5, 0, LOCK] => continue,
            Some(Manner::ObeysLockSilently) if pdu[..3] == [5, 0, LOCK] => {
                let mut inside = inside.lock().unwrap();
                inside.units.entry(unit).or_default().answer(&pdu);
                continue;
            }
            Some(Manner::Hangs) => continue,
            Some(Manner::HangsOnPoll) if pdu[0] == 2 => continue,
            Some(Manner::Answers(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        let answer = {
            let mut inside = inside.lock().unwrap();
            inside.units.entry(unit).or_default().answer(&pdu)
        };
        let length = u8::try_from(answer.len() + 1).unwrap();
        let mut bytes = vec![head[0], head[1], 0, 0, 0, length, unit];
        bytes.extend(answer);
        stream.write_all(&bytes).await.ok()?;
    }
    None
}
