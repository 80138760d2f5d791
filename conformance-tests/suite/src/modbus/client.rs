//! A Modbus TCP client of the examination's own: it must be able to ask wrongly on purpose.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Stop;

/// What the other side answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// The protocol data unit of a normal answer, function code first.
    Data(Vec<u8>),
    /// An exception with its code.
    Exception(u8),
}

/// Why there is no answer. After any of these the connection is of no more use.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WireError {
    /// No answer in time.
    #[error("no answer within {0} ms")]
    Late(u128),
    /// The connection is closed or broken.
    #[error("connection lost: {0}")]
    Lost(String),
    /// An answer that is not one.
    #[error("not a proper answer: {0}")]
    Wrong(String),
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Fail(error.to_string())
    }
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    unit: u8,
    timeout: Duration,
    transaction: u16,
}

impl Client {
    /// Connects.
    pub async fn connect(
        address: SocketAddr,
        unit: u8,
        timeout: Duration,
    ) -> Result<Self, WireError> {
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_| WireError::Late(timeout.as_millis()))?
            .map_err(|error| WireError::Lost(error.to_string()))?;
        stream
            .set_nodelay(true)
            .map_err(|error| WireError::Lost(error.to_string()))?;
        Ok(Self {
            stream,
            unit,
            timeout,
            // Not 0: a server that ignores the field would then look right.
            transaction: 0x5a00,
        })
    }

    /// Asks one question and waits for its answer.
    pub async fn ask(&mut self, data: &[u8]) -> Result<Reply, WireError> {
        self.transaction = self.transaction.wrapping_add(1);
        let frame = frame(self.transaction, self.unit, data);
        let patience = self.timeout;
        let function = data.first().copied().unwrap_or(0);
        tokio::time::timeout(patience, self.exchange(&frame, function))
            .await
            .map_err(|_| WireError::Late(patience.as_millis()))?
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let lost = |error: std::io::Error| WireError::Lost(error.to_string());
        self.stream.write_all(bytes).await.map_err(lost)
    }

    async fn exchange(&mut self, frame: &[u8], function: u8) -> Result<Reply, WireError> {
        let lost = |error: std::io::Error| WireError::Lost(error.to_string());
        self.stream.write_all(frame).await.map_err(lost)?;
        let mut head = [0; 7];
        self.stream.read_exact(&mut head).await.map_err(lost)?;
        let [t1, t2, p1, p2, l1, l2, unit] = head;
        let transaction = u16::from_be_bytes([t1, t2]);
        let length = usize::from(u16::from_be_bytes([l1, l2]));
        if (p1, p2) != (0, 0) {
            return Err(WireError::Wrong("protocol id is not 0".to_owned()));
        }
        if !(2..=254).contains(&length) {
            return Err(WireError::Wrong(format!("length field {length}")));
        }
        if transaction != self.transaction {
            let text = format!("transaction {transaction} instead of {}", self.transaction);
            return Err(WireError::Wrong(text));
        }
        if unit != self.unit {
            return Err(WireError::Wrong(format!(
                "unit {unit} instead of {}",
                self.unit
            )));
        }
        let mut data = vec![0; length - 1];
        self.stream.read_exact(&mut data).await.map_err(lost)?;
        match data.as_slice() {
            [code, exception] if *code == function | 0x80 => Ok(Reply::Exception(*exception)),
            [code, ..] if *code == function => Ok(Reply::Data(data)),
            _ => Err(WireError::Wrong(format!(
                "function {:?} instead of {function}",
                data.first()
            ))),
        }
    }

    /// Reads bits (function 1 or 2).
    pub async fn read_bits(
        &mut self,
        function: u8,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Stop> {
        let what = format!("reading {count} bits from {address} (function {function})");
        let items = self.read(function, address, count, &what).await?;
        let enough = items.len() == usize::from(count).div_ceil(8);
        if !enough {
            return Err(Stop::fail(format!("{what}: {} bytes came", items.len())));
        }
        Ok((0..usize::from(count))
            .map(|index| {
                items
                    .get(index / 8)
                    .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
            })
            .collect())
    }

    /// Reads registers (function 3 or 4).
    pub async fn read_words(
        &mut self,
        function: u8,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Stop> {
        let what = format!("reading {count} registers from {address} (function {function})");
        let items = self.read(function, address, count, &what).await?;
        if items.len() != usize::from(count) * 2 {
            return Err(Stop::fail(format!("{what}: {} bytes came", items.len())));
        }
        Ok(items
            .chunks_exact(2)
            .map(|pair| {
                pair.iter()
                    .fold(0, |word, byte| word << 8 | u16::from(*byte))
            })
            .collect())
    }

    async fn read(
        &mut self,
        function: u8,
        address: u16,
        count: u16,
        what: &str,
    ) -> Result<Vec<u8>, Stop> {
        match self.ask(&question(function, address, count)).await? {
            Reply::Exception(code) => Err(Stop::fail(format!("{what}: exception {code}"))),
            Reply::Data(data) => match data.as_slice() {
                [_, bytes, items @ ..] if usize::from(*bytes) == items.len() => Ok(items.to_vec()),
                _ => Err(Stop::fail(format!("{what}: the byte count is wrong"))),
            },
        }
    }

    /// Writes one coil (function 5).
    pub async fn write_coil(&mut self, address: u16, on: bool) -> Result<(), Stop> {
        self.write(5, address, if on { 0xff00 } else { 0 }).await
    }

    /// Writes one register (function 6).
    pub async fn write_word(&mut self, address: u16, word: u16) -> Result<(), Stop> {
        self.write(6, address, word).await
    }

    async fn write(&mut self, function: u8, address: u16, value: u16) -> Result<(), Stop> {
        let data = question(function, address, value);
        let what = format!("writing {address} (function {function})");
        match self.ask(&data).await? {
            Reply::Data(echo) if echo == data => Ok(()),
            Reply::Data(_) => Err(Stop::fail(format!(
                "{what}: the answer does not repeat the write"
            ))),
            Reply::Exception(code) => Err(Stop::fail(format!("{what}: exception {code}"))),
        }
    }
}

/// Function, address, and a count or value.
pub fn question(function: u8, address: u16, second: u16) -> Vec<u8> {
    let [a1, a2] = address.to_be_bytes();
    let [b1, b2] = second.to_be_bytes();
    vec![function, a1, a2, b1, b2]
}

/// A frame with its header.
pub fn frame(transaction: u16, unit: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(data.len() + 7);
    frame.extend_from_slice(&transaction.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.push(unit);
    frame.extend_from_slice(data);
    frame
}
