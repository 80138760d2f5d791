//! Modbus TCP bytes: the seven-byte header and the requests a lane controller knows. Pure.

/// Function refused: not known.
pub(crate) const ILLEGAL_FUNCTION: u8 = 1;
/// Address outside the map.
pub(crate) const ILLEGAL_ADDRESS: u8 = 2;
/// Quantity or value outside the standard's range.
pub(crate) const ILLEGAL_VALUE: u8 = 3;
/// The device could not do it.
pub(crate) const DEVICE_FAILURE: u8 = 4;
/// Exception: the unit behind a gateway does not answer.
pub(crate) const GATEWAY_TARGET: u8 = 11;

/// The frame's header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) transaction: u16,
    pub(crate) protocol: u16,
    /// Bytes after the length field: unit id and protocol data unit.
    pub(crate) length: u16,
    pub(crate) unit: u8,
}

impl Header {
    pub(crate) fn read(bytes: [u8; 7]) -> Self {
        let [t1, t2, p1, p2, l1, l2, unit] = bytes;
        Self {
            transaction: u16::from_be_bytes([t1, t2]),
            protocol: u16::from_be_bytes([p1, p2]),
            length: u16::from_be_bytes([l1, l2]),
            unit,
        }
    }

    /// Protocol 0 and a protocol data unit of 1 to 253 bytes.
    pub(crate) fn is_lawful(self) -> bool {
        self.protocol == 0 && (2..=254).contains(&self.length)
    }
}

/// A reply frame.
pub(crate) fn reply(header: Header, transaction: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(data.len() + 7);
    frame.extend_from_slice(&transaction.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.push(header.unit);
    frame.extend_from_slice(data);
    frame
}

/// The requests the controller knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Request {
    ReadCoils {
        address: u16,
        quantity: u16,
    },
    ReadDiscrete {
        address: u16,
        quantity: u16,
    },
    ReadHolding {
        address: u16,
        quantity: u16,
    },
    ReadInput {
        address: u16,
        quantity: u16,
    },
    WriteCoil {
        address: u16,
        value: u16,
    },
    WriteRegister {
        address: u16,
        value: u16,
    },
    WriteCoils {
        address: u16,
        values: Vec<bool>,
    },
    WriteRegisters {
        address: u16,
        values: Vec<u16>,
    },
    Identify {
        code: u8,
    },
    /// Known function, but its body has the wrong length.
    Malformed,
    Unknown,
}

impl Request {
    pub(crate) fn read(data: &[u8]) -> Self {
        let pair = |make: fn(u16, u16) -> Self| match data {
            [_, a1, a2, b1, b2] => make(
                u16::from_be_bytes([*a1, *a2]),
                u16::from_be_bytes([*b1, *b2]),
            ),
            _ => Self::Malformed,
        };
        match data.first() {
            Some(1) => pair(|address, quantity| Self::ReadCoils { address, quantity }),
            Some(2) => pair(|address, quantity| Self::ReadDiscrete { address, quantity }),
            Some(3) => pair(|address, quantity| Self::ReadHolding { address, quantity }),
            Some(4) => pair(|address, quantity| Self::ReadInput { address, quantity }),
            Some(5) => pair(|address, value| Self::WriteCoil { address, value }),
            Some(6) => pair(|address, value| Self::WriteRegister { address, value }),
            Some(15) => Self::coils(data),
            Some(16) => Self::registers(data),
            Some(43) => match data {
                [_, 14, code, _object] => Self::Identify { code: *code },
                _ => Self::Malformed,
            },
            _ => Self::Unknown,
        }
    }

    fn coils(data: &[u8]) -> Self {
        let [_, a1, a2, q1, q2, count, values @ ..] = data else {
            return Self::Malformed;
        };
        let quantity = usize::from(u16::from_be_bytes([*q1, *q2]));
        if usize::from(*count) != values.len() || quantity.div_ceil(8) != values.len() {
            return Self::Malformed;
        }
        let bit = |index: usize| {
            values
                .get(index / 8)
                .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
        };
        Self::WriteCoils {
            address: u16::from_be_bytes([*a1, *a2]),
            values: (0..quantity).map(bit).collect(),
        }
    }

    fn registers(data: &[u8]) -> Self {
        let [_, a1, a2, q1, q2, count, values @ ..] = data else {
            return Self::Malformed;
        };
        let quantity = usize::from(u16::from_be_bytes([*q1, *q2]));
        if usize::from(*count) != values.len() || quantity * 2 != values.len() {
            return Self::Malformed;
        }
        let words = values.chunks_exact(2).filter_map(|pair| match pair {
            [high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        });
        Self::WriteRegisters {
            address: u16::from_be_bytes([*a1, *a2]),
            values: words.collect(),
        }
    }
}

/// Bits as the standard packs them: first bit lowest.
pub(crate) fn pack_bits(function: u8, bits: &[bool]) -> Vec<u8> {
    let mut data = vec![
        function,
        u8::try_from(bits.len().div_ceil(8)).unwrap_or(u8::MAX),
    ];
    for eight in bits.chunks(8) {
        let byte = eight
            .iter()
            .enumerate()
            .fold(0u8, |byte, (index, bit)| byte | u8::from(*bit) << index);
        data.push(byte);
    }
    data
}

/// Registers, high byte first.
pub(crate) fn pack_words(function: u8, words: &[u16]) -> Vec<u8> {
    let mut data = vec![function, u8::try_from(words.len() * 2).unwrap_or(u8::MAX)];
    for word in words {
        data.extend_from_slice(&word.to_be_bytes());
    }
    data
}

/// An exception reply.
pub(crate) fn exception(function: u8, code: u8) -> Vec<u8> {
    vec![function | 0x80, code]
}

/// Basic device identification (function 43 / 14, all three objects in one reply).
pub(crate) fn identity(code: u8, objects: &[(u8, &str)]) -> Vec<u8> {
    let count = u8::try_from(objects.len()).unwrap_or(0);
    let mut data = vec![43, 14, code, 0x01, 0, 0, count];
    for (id, text) in objects {
        data.push(*id);
        data.push(u8::try_from(text.len()).unwrap_or(0));
        data.extend_from_slice(text.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::{Header, Request, pack_bits};

    #[test]
    fn the_standards_example_frames_read_as_printed() {
        // V1.1b3, 6.1: read coils 20-38.
        assert_eq!(
            Request::read(&[0x01, 0x00, 0x13, 0x00, 0x13]),
            Request::ReadCoils {
                address: 19,
                quantity: 19
            }
        );
        // 6.11: write ten coils starting at coil 20, CD 01.
        let Request::WriteCoils { address, values } =
            Request::read(&[0x0f, 0x00, 0x13, 0x00, 0x0a, 0x02, 0xcd, 0x01])
        else {
            panic!("not read as write coils");
        };
        assert_eq!(address, 19);
        assert_eq!(
            values,
            [
                true, false, true, true, false, false, true, true, true, false
            ]
        );
        assert_eq!(pack_bits(1, &values), [1, 2, 0xcd, 0x01]);
    }

    #[test]
    fn wrong_lengths_are_malformed_and_wrong_headers_unlawful() {
        assert_eq!(Request::read(&[0x01, 0x00]), Request::Malformed);
        assert_eq!(Request::read(&[0x0f, 0, 0, 0, 9, 1, 0]), Request::Malformed);
        assert_eq!(Request::read(&[0x64]), Request::Unknown);
        assert!(!Header::read([0, 1, 0, 9, 0, 6, 1]).is_lawful());
        assert!(!Header::read([0, 1, 0, 0, 1, 0, 1]).is_lawful());
        assert!(Header::read([0, 1, 0, 0, 0, 6, 1]).is_lawful());
    }
}
