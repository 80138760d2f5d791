//! Reading and writing the primitive fields of MQTT packets.

use bytes::Bytes;

use crate::BrokerFault;

const SHORT: BrokerFault = BrokerFault::Protocol("packet too short");

/// A packet's body being read.
#[derive(Debug)]
pub struct Input {
    bytes: Bytes,
}

impl Input {
    /// Reads from these bytes.
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<Bytes, BrokerFault> {
        if self.bytes.len() < count {
            return Err(SHORT);
        }
        Ok(self.bytes.split_to(count))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.bytes)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, BrokerFault> {
        self.take(1)?.first().copied().ok_or(SHORT)
    }

    /// Two bytes, high first.
    pub fn word(&mut self) -> Result<u16, BrokerFault> {
        Ok(u16::from(self.byte()?) << 8 | u16::from(self.byte()?))
    }

    /// Four bytes, high first.
    pub fn long(&mut self) -> Result<u32, BrokerFault> {
        Ok(u32::from(self.word()?) << 16 | u32::from(self.word()?))
    }

    /// Bytes with their length before them.
    pub fn binary(&mut self) -> Result<Bytes, BrokerFault> {
        let length = self.word()?;
        self.take(usize::from(length))
    }

    /// UTF-8 with its length before it.
    pub fn text(&mut self) -> Result<String, BrokerFault> {
        String::from_utf8(self.binary()?.to_vec())
            .map_err(|_| BrokerFault::Protocol("text is not UTF-8"))
    }

    /// A number of one to four bytes, low first.
    pub fn varint(&mut self) -> Result<usize, BrokerFault> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BrokerFault::Protocol("length of more than four bytes"))
    }
}

/// Appends a number of one to four bytes.
pub fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}

/// Appends text with its length; longer text than 65535 bytes is cut, which no caller has.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(
        text.as_bytes()
            .get(..usize::from(length))
            .unwrap_or_default(),
    );
}

/// A whole packet: first byte, length, body.
pub fn frame(first: u8, body: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(body.len() + 5);
    out.push(first);
    put_varint(&mut out, body.len());
    out.extend_from_slice(body);
    Bytes::from(out)
}
