//! A broker of a few lines that misbehaves on purpose: it sends what a test tells it to, whatever
//! the client allowed it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A listening broker; one client at a time.
pub struct BareBroker {
    listener: TcpListener,
}

/// One connection of the client, after CONNACK.
pub struct Session {
    stream: TcpStream,
    /// How often each packet id was acknowledged.
    pub acknowledged: BTreeMap<u16, usize>,
}

impl BareBroker {
    /// Listens on a free port of loopback.
    pub async fn start() -> Self {
        Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Lets the next client in; `known` says that its session is still there.
    pub async fn accept(&self, known: bool) -> Session {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut session = Session {
            stream,
            acknowledged: BTreeMap::new(),
        };
        assert_eq!(session.packet().await.unwrap().0 >> 4, 1, "CONNECT first");
        session.send(&[0x20, 3, u8::from(known), 0, 0]).await;
        session
    }
}

impl Session {
    /// Writes a packet.
    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends a message of quality of service 1.
    pub async fn publish(&mut self, id: u16, topic: &str, payload: &str) {
        let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
        body.extend_from_slice(topic.as_bytes());
        body.extend_from_slice(&id.to_be_bytes());
        body.push(0);
        body.extend_from_slice(payload.as_bytes());
        let mut packet = vec![0x32];
        let mut rest = body.len();
        while rest >= 128 {
            packet.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        packet.push(u8::try_from(rest).unwrap());
        packet.extend_from_slice(&body);
        self.send(&packet).await;
    }

    /// Reads the client's packets until `enough` holds; grants subscriptions, answers pings and
    /// counts acknowledgements. `false` when the client closed the connection before.
    pub async fn until(&mut self, enough: impl Fn(&Self, u8) -> bool) -> bool {
        while let Some((kind, body)) = self.packet().await {
            match kind >> 4 {
                8 => {
                    let filters = 1;
                    let mut answer = vec![0x90, 3 + filters, body[0], body[1], 0];
                    answer.push(1);
                    self.send(&answer).await;
                }
                4 => {
                    let id = u16::from_be_bytes([body[0], body[1]]);
                    *self.acknowledged.entry(id).or_default() += 1;
                }
                12 => self.send(&[0xD0, 0]).await,
                _ => {}
            }
            if enough(self, kind >> 4) {
                return true;
            }
        }
        false
    }

    /// One packet of the client: type and flags, and what follows the length.
    async fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((kind, body))
    }
}

/// The type number of SUBSCRIBE.
pub const SUBSCRIBE: u8 = 8;
