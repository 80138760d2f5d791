//! One connection: first packet, then packets both ways until one side ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::BrokerFault;
use crate::broker::Shared;
use crate::packet::{self, Connect, Packet, Version};
use crate::route::is_filter;
use crate::session::{Line, Session};

/// How long a client may take for TLS and for its first packet.
const FIRST_PACKET: Duration = Duration::from_secs(10);
/// Packets that wait for a slow client beside those under way.
const OUTBOX: usize = 1_000;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Reader = ReadHalf<Box<dyn Stream>>;
type Writer = WriteHalf<Box<dyn Stream>>;

/// Serves one connection to its end.
pub async fn run(stream: TcpStream, number: u64, shared: Arc<Shared>) -> Result<(), BrokerFault> {
    stream.set_nodelay(true)?;
    let stream: Box<dyn Stream> = match &shared.settings.tls {
        None => Box::new(stream),
        Some(tls) => {
            let handshake = tokio_rustls::TlsAcceptor::from(Arc::clone(tls)).accept(stream);
            let stream = tokio::time::timeout(FIRST_PACKET, handshake).await;
            Box::new(stream.map_err(|_| BrokerFault::Silent)??)
        }
    };
    let (reader, mut writer) = tokio::io::split(stream);
    let mut input = Packets {
        reader,
        buffer: BytesMut::new(),
        max: shared.settings.packet_max,
    };
    let first = tokio::time::timeout(FIRST_PACKET, input.next()).await;
    let (first, body) = first.map_err(|_| BrokerFault::Silent)??;
    let Packet::Connect(connect) = packet::read(first, body, None)? else {
        return Err(BrokerFault::Protocol("the first packet must be CONNECT"));
    };
    let mut cut = shared.cut.subscribe();
    cut.mark_unchanged();
    if let Some((reason, why)) = refusal(&connect, &shared) {
        writer
            .write_all(&packet::connack(connect.version, false, reason, None))
            .await?;
        writer.shutdown().await?;
        return Err(BrokerFault::Refused(why));
    }
    let assigned = connect.client.is_empty().then(|| format!("auto-{number}"));
    let client = assigned.clone().unwrap_or_else(|| connect.client.clone());
    let outbox = begin(&connect, &client, assigned.as_deref(), number, &shared);
    let mut peer = Peer {
        client,
        number,
        version: connect.version,
        shared: Arc::clone(&shared),
    };
    let sending = send(writer, outbox);
    let ended = tokio::select! {
        ended = peer.listen(&mut input, connect.keep_alive_s) => ended,
        ended = sending => ended,
        _ = cut.changed() => Err(BrokerFault::Protocol("cut on purpose")),
    };
    peer.end(ended.is_ok());
    ended
}

/// The MQTT 5 reason why a client may not come in.
fn refusal(connect: &Connect, shared: &Shared) -> Option<(u8, &'static str)> {
    let users = &shared.settings.users;
    if !users.is_empty() {
        let given = connect.password.as_deref().unwrap_or_default();
        let known = connect.user.as_ref().and_then(|user| users.get(user));
        if known.is_none_or(|word| word.as_bytes() != given) {
            return Some((0x86, "bad user name or password"));
        }
    }
    if connect.client.is_empty() && connect.version == Version::V4 && !connect.clean {
        return Some((0x85, "a persistent session needs a client name"));
    }
    let mut state = shared.state();
    state.expire(Instant::now());
    let connected = state
        .sessions
        .values()
        .filter(|session| session.line.is_some())
        .count();
    let known = state.sessions.contains_key(&connect.client);
    if connected >= shared.settings.clients_max
        || (!known && state.sessions.len() >= shared.settings.sessions_max)
    {
        return Some((0x89, "too many clients"));
    }
    None
}

/// Takes the session up or makes one; CONNACK is the first packet in its outbox.
fn begin(
    connect: &Connect,
    client: &str,
    assigned: Option<&str>,
    number: u64,
    shared: &Shared,
) -> mpsc::Receiver<Bytes> {
    let receive_max = usize::from(connect.receive_max);
    let (sender, receiver) = mpsc::channel(receive_max + OUTBOX);
    let mut state = shared.state();
    if connect.clean {
        state.sessions.remove(client);
    }
    let present = state.sessions.contains_key(client);
    let session = state
        .sessions
        .entry(client.to_owned())
        .or_insert_with(Session::new);
    // The outbox is empty and larger than one packet.
    let _ = sender.try_send(packet::connack(connect.version, present, 0, assigned));
    session.expiry_s = connect.expiry_s;
    session.will.clone_from(&connect.will);
    session.resume(Line {
        number,
        version: connect.version,
        outbox: sender,
        receive_max,
    });
    receiver
}

/// Sends what lies in the outbox. It closes when another connection takes the session over.
async fn send(mut writer: Writer, mut outbox: mpsc::Receiver<Bytes>) -> Result<(), BrokerFault> {
    while let Some(packet) = outbox.recv().await {
        writer.write_all(&packet).await?;
        if outbox.is_empty() {
            writer.flush().await?;
        }
    }
    let _ = writer.write_all(&packet::goodbye(0x8E)).await;
    Err(BrokerFault::TakenOver)
}

/// Packets as they come.
struct Packets {
    reader: Reader,
    buffer: BytesMut,
    max: usize,
}

impl Packets {
    async fn next(&mut self) -> Result<(u8, Bytes), BrokerFault> {
        loop {
            if let Some(packet) = self.cut()? {
                return Ok(packet);
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(BrokerFault::Io(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Cuts one whole packet off the buffer.
    fn cut(&mut self) -> Result<Option<(u8, Bytes)>, BrokerFault> {
        let mut length = 0;
        for index in 0..4 {
            let Some(byte) = self.buffer.get(index + 1) else {
                return Ok(None);
            };
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 != 0 {
                continue;
            }
            if length > self.max {
                return Err(BrokerFault::TooLarge(length));
            }
            let head = index + 2;
            if self.buffer.len() < head + length {
                return Ok(None);
            }
            let mut packet = self.buffer.split_to(head + length).freeze();
            let first = packet.first().copied().unwrap_or_default();
            return Ok(Some((first, packet.split_off(head))));
        }
        Err(BrokerFault::Protocol("length of more than four bytes"))
    }
}

/// The client of this connection.
struct Peer {
    client: String,
    number: u64,
    version: Version,
    shared: Arc<Shared>,
}

impl Peer {
    async fn listen(&mut self, input: &mut Packets, keep_alive_s: u16) -> Result<(), BrokerFault> {
        let patience = match keep_alive_s {
            0 => Duration::from_secs(365 * 86_400),
            seconds => Duration::from_millis(u64::from(seconds) * 1_500),
        };
        loop {
            let next = tokio::time::timeout(patience, input.next()).await;
            let (first, body) = next.map_err(|_| BrokerFault::Silent)??;
            match packet::read(first, body, Some(self.version))? {
                Packet::Disconnect {
                    with_will,
                    expiry_s,
                } => {
                    self.goodbye(with_will, expiry_s);
                    return Ok(());
                }
                packet => self.take(packet).await?,
            }
        }
    }

    async fn take(&self, packet: Packet) -> Result<(), BrokerFault> {
        match packet {
            Packet::Publish { id, message } => {
                let qos = message.qos;
                let fresh = qos < 2 || self.with(|session| session.unreleased.insert(id))?;
                if fresh {
                    self.shared.publish(&message, &self.client);
                }
                match qos {
                    0 => Ok(()),
                    1 => self.send(packet::answer(4, id)).await,
                    _ => self.send(packet::answer(5, id)).await,
                }
            }
            Packet::PubRel(id) => {
                self.with(|session| session.unreleased.remove(&id))?;
                self.send(packet::answer(7, id)).await
            }
            Packet::PubAck(id) => self.with(|session| session.acknowledged(id)),
            Packet::Subscribe { id, filters } => self.subscribe(id, &filters).await,
            Packet::Unsubscribe { id, filters } => {
                let codes = filters.iter().map(|filter| {
                    self.with(|session| if session.unsubscribe(filter) { 0 } else { 0x11 })
                });
                let codes: Vec<u8> = codes.collect::<Result<_, _>>()?;
                self.send(packet::unsuback(self.version, id, &codes)).await
            }
            Packet::Ping => self.send(packet::pong()).await,
            Packet::Ignored | Packet::Connect(_) | Packet::Disconnect { .. } => Ok(()),
        }
    }

    async fn subscribe(&self, id: u16, filters: &[(String, u8)]) -> Result<(), BrokerFault> {
        let mut codes = Vec::new();
        let mut wanted = Vec::new();
        for (filter, options) in filters {
            if !is_filter(filter) || filter.starts_with("$share/") {
                codes.push(if self.version == Version::V5 {
                    0x8F
                } else {
                    0x80
                });
                continue;
            }
            let new = self.with(|session| session.subscribe(filter, *options))?;
            let qos = (options & 0x03).min(1);
            codes.push(qos);
            // Retain handling of MQTT 5: 0 always, 1 only for a new subscription, 2 never.
            if matches!((options >> 4 & 0x03, new), (0, _) | (1, true)) {
                wanted.push((filter, qos));
            }
        }
        self.send(packet::suback(self.version, id, &codes)).await?;
        let mut state = self.shared.state();
        let queue_max = self.shared.settings.queue_max;
        for (filter, qos) in wanted {
            for message in state.retained(filter) {
                if let Some(session) = state.sessions.get_mut(&self.client) {
                    session.offer_retained(&message, qos, queue_max);
                }
            }
        }
        Ok(())
    }

    /// Works on the session as long as this connection holds it.
    fn with<T>(&self, work: impl FnOnce(&mut Session) -> T) -> Result<T, BrokerFault> {
        let mut state = self.shared.state();
        let session = state
            .sessions
            .get_mut(&self.client)
            .ok_or(BrokerFault::TakenOver)?;
        match &session.line {
            Some(line) if line.number == self.number => Ok(work(session)),
            _ => Err(BrokerFault::TakenOver),
        }
    }

    async fn send(&self, packet: Bytes) -> Result<(), BrokerFault> {
        let line = self.with(|session| session.line.clone())?;
        let outbox = line.ok_or(BrokerFault::TakenOver)?.outbox;
        outbox
            .send(packet)
            .await
            .map_err(|_| BrokerFault::TakenOver)?;
        self.with(Session::pump)
    }

    fn goodbye(&self, with_will: bool, expiry_s: Option<u32>) {
        let _ = self.with(|session| {
            if !with_will {
                session.will = None;
            }
            session.expiry_s = expiry_s.unwrap_or(session.expiry_s);
        });
    }

    /// Lets go of the session and publishes the will of a client that was lost.
    fn end(&self, orderly: bool) {
        let will = self.with(|session| {
            session.line = None;
            session.since = Instant::now();
            session.will.take()
        });
        if let Ok(Some(will)) = will {
            tracing::debug!(client = %self.client, orderly, "publishing the will");
            self.shared.publish(&will, &self.client);
        }
        self.shared.state().expire(Instant::now());
    }
}
