//! The packets of MQTT 5 and 3.1.1, as far as a broker reads and writes them.

use bytes::Bytes;

use crate::BrokerFault;
use crate::wire::{Input, frame, put_text, put_varint};

/// The two protocol versions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// MQTT 3.1.1.
    V4,
    /// MQTT 5.
    V5,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// What it says.
    pub payload: Bytes,
    /// At most this quality of service.
    pub qos: u8,
    /// Published as retained.
    pub retain: bool,
    /// The publisher's MQTT 5 properties, passed on as they are.
    pub properties: Bytes,
}

/// What a client sends.
#[derive(Debug)]
pub enum Packet {
    /// Wants to begin.
    Connect(Box<Connect>),
    /// A message; the id is 0 for QoS 0.
    Publish {
        /// Packet id.
        id: u16,
        /// The message.
        message: Message,
    },
    /// Took a QoS 1 message over.
    PubAck(u16),
    /// Second step of QoS 2 towards us.
    PubRel(u16),
    /// Answers to our QoS 2, which we never use.
    Ignored,
    /// Wants topics.
    Subscribe {
        /// Packet id.
        id: u16,
        /// Filters with their options byte.
        filters: Vec<(String, u8)>,
    },
    /// No longer wants topics.
    Unsubscribe {
        /// Packet id.
        id: u16,
        /// Filters.
        filters: Vec<String>,
    },
    /// Is still there.
    Ping,
    /// Ends in an orderly way; `true` when the will is to be published all the same.
    Disconnect {
        /// Reason 0x04 of MQTT 5.
        with_will: bool,
        /// A new session expiry in seconds.
        expiry_s: Option<u32>,
    },
}

/// The first packet.
#[derive(Debug)]
pub struct Connect {
    /// Which protocol it speaks.
    pub version: Version,
    /// Its name; empty lets the broker choose.
    pub client: String,
    /// Forget an earlier session.
    pub clean: bool,
    /// Seconds of silence allowed; 0 for any.
    pub keep_alive_s: u16,
    /// Seconds the session outlives the connection.
    pub expiry_s: u32,
    /// QoS 1 messages it takes at once.
    pub receive_max: u16,
    /// What to publish when it is lost.
    pub will: Option<Message>,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Bytes>,
}

/// Reads one packet of an established connection, or the first one.
pub fn read(first: u8, body: Bytes, version: Option<Version>) -> Result<Packet, BrokerFault> {
    let mut input = Input::new(body);
    let Some(version) = version else {
        if first != 0x10 {
            return Err(BrokerFault::Protocol("the first packet must be CONNECT"));
        }
        return connect(&mut input).map(|connect| Packet::Connect(Box::new(connect)));
    };
    match first >> 4 {
        3 => publish(first, &mut input, version),
        4 => Ok(Packet::PubAck(input.word()?)),
        5 | 7 => Ok(Packet::Ignored),
        6 => Ok(Packet::PubRel(input.word()?)),
        8 => subscribe(&mut input, version),
        10 => unsubscribe(&mut input, version),
        12 => Ok(Packet::Ping),
        14 => disconnect(&mut input, version),
        1 => Err(BrokerFault::Protocol("a second CONNECT")),
        _ => Err(BrokerFault::Protocol("a packet that clients do not send")),
    }
}

fn connect(input: &mut Input) -> Result<Connect, BrokerFault> {
    if input.text()? != "MQTT" {
        return Err(BrokerFault::Protocol("not MQTT"));
    }
    let version = match input.byte()? {
        4 => Version::V4,
        5 => Version::V5,
        _ => return Err(BrokerFault::Protocol("a version other than 3.1.1 and 5")),
    };
    let flags = input.byte()?;
    let keep_alive_s = input.word()?;
    let clean = flags & 0x02 != 0;
    let mut properties = Properties::default();
    if version == Version::V5 {
        properties = Properties::read(input)?;
    }
    let client = input.text()?;
    let will = if flags & 0x04 == 0 {
        None
    } else {
        Some(will(input, flags, version)?)
    };
    let user = if flags & 0x80 == 0 {
        None
    } else {
        Some(input.text()?)
    };
    let password = if flags & 0x40 == 0 {
        None
    } else {
        Some(input.binary()?)
    };
    let expiry_s = match version {
        Version::V5 => properties.expiry_s.unwrap_or(0),
        Version::V4 if clean => 0,
        Version::V4 => u32::MAX,
    };
    Ok(Connect {
        version,
        client,
        clean,
        keep_alive_s,
        expiry_s,
        receive_max: properties.receive_max.unwrap_or(u16::MAX),
        will,
        user,
        password,
    })
}

fn will(input: &mut Input, flags: u8, version: Version) -> Result<Message, BrokerFault> {
    if version == Version::V5 {
        Properties::read(input)?;
    }
    Ok(Message {
        topic: input.text()?,
        payload: input.binary()?,
        qos: (flags >> 3 & 0x03).min(1),
        retain: flags & 0x20 != 0,
        properties: Bytes::new(),
    })
}

fn publish(first: u8, input: &mut Input, version: Version) -> Result<Packet, BrokerFault> {
    let qos = first >> 1 & 0x03;
    if qos == 3 {
        return Err(BrokerFault::Protocol("QoS 3"));
    }
    let topic = input.text()?;
    if topic.is_empty() || topic.contains(['+', '#']) {
        return Err(BrokerFault::Protocol("no topic to publish to"));
    }
    let id = if qos == 0 { 0 } else { input.word()? };
    let properties = if version == Version::V5 {
        let length = input.varint()?;
        input.take(length)?
    } else {
        Bytes::new()
    };
    let retain = first & 0x01 != 0;
    let message = Message {
        topic,
        payload: input.rest(),
        qos,
        retain,
        properties,
    };
    Ok(Packet::Publish { id, message })
}

fn subscribe(input: &mut Input, version: Version) -> Result<Packet, BrokerFault> {
    let id = input.word()?;
    if version == Version::V5 {
        Properties::read(input)?;
    }
    let mut filters = Vec::new();
    while !input.is_empty() {
        filters.push((input.text()?, input.byte()?));
    }
    Ok(Packet::Subscribe { id, filters })
}

fn unsubscribe(input: &mut Input, version: Version) -> Result<Packet, BrokerFault> {
    let id = input.word()?;
    if version == Version::V5 {
        Properties::read(input)?;
    }
    let mut filters = Vec::new();
    while !input.is_empty() {
        filters.push(input.text()?);
    }
    Ok(Packet::Unsubscribe { id, filters })
}

fn disconnect(input: &mut Input, version: Version) -> Result<Packet, BrokerFault> {
    let mut with_will = false;
    let mut expiry_s = None;
    if version == Version::V5 && !input.is_empty() {
        with_will = input.byte()? == 0x04;
        if !input.is_empty() {
            expiry_s = Properties::read(input)?.expiry_s;
        }
    }
    Ok(Packet::Disconnect {
        with_will,
        expiry_s,
    })
}

/// The properties a broker acts on.
#[derive(Debug, Default)]
struct Properties {
    expiry_s: Option<u32>,
    receive_max: Option<u16>,
}

impl Properties {
    fn read(input: &mut Input) -> Result<Self, BrokerFault> {
        let length = input.varint()?;
        let mut inner = Input::new(input.take(length)?);
        let mut properties = Self::default();
        while !inner.is_empty() {
            match inner.byte()? {
                0x11 => properties.expiry_s = Some(inner.long()?),
                0x21 => properties.receive_max = Some(inner.word()?.max(1)),
                0x02 | 0x18 | 0x27 => drop(inner.long()?),
                0x13 | 0x22 | 0x23 => drop(inner.word()?),
                0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => drop(inner.byte()?),
                0x0B => drop(inner.varint()?),
                0x26 => {
                    inner.text()?;
                    inner.text()?;
                }
                0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => {
                    drop(inner.binary()?);
                }
                _ => return Err(BrokerFault::Protocol("an unknown property")),
            }
        }
        Ok(properties)
    }
}

/// CONNACK. `reason` is the MQTT 5 code.
pub fn connack(
    version: Version,
    session_present: bool,
    reason: u8,
    assigned: Option<&str>,
) -> Bytes {
    let mut body = vec![u8::from(session_present)];
    match version {
        Version::V4 => body.push(match reason {
            0 => 0,
            0x85 => 2,
            0x86 => 4,
            0x89 => 3,
            _ => 5,
        }),
        Version::V5 => {
            body.push(reason);
            // Maximum QoS 1; no subscription identifiers, no shared subscriptions.
            let mut properties = vec![0x24, 1, 0x29, 0, 0x2A, 0];
            if let Some(name) = assigned {
                properties.push(0x12);
                put_text(&mut properties, name);
            }
            put_varint(&mut body, properties.len());
            body.extend(properties);
        }
    }
    frame(0x20, &body)
}

/// PUBLISH to a subscriber.
pub fn deliver(version: Version, message: &Message, id: u16, retain: bool, dup: bool) -> Bytes {
    let mut body = Vec::with_capacity(message.payload.len() + message.topic.len() + 16);
    put_text(&mut body, &message.topic);
    let qos = if id == 0 { 0 } else { 1 };
    if id != 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    if version == Version::V5 {
        put_varint(&mut body, message.properties.len());
        body.extend_from_slice(&message.properties);
    }
    body.extend_from_slice(&message.payload);
    frame(
        0x30 | u8::from(dup) << 3 | qos << 1 | u8::from(retain),
        &body,
    )
}

/// PUBACK (4), PUBREC (5), PUBCOMP (7): answers that carry only an id.
pub fn answer(kind: u8, id: u16) -> Bytes {
    frame(kind << 4, &id.to_be_bytes())
}

/// SUBACK (9) with its codes.
pub fn suback(version: Version, id: u16, codes: &[u8]) -> Bytes {
    ack_list(0x90, version, id, codes)
}

/// UNSUBACK (11); MQTT 3.1.1 has no codes there.
pub fn unsuback(version: Version, id: u16, codes: &[u8]) -> Bytes {
    ack_list(
        0xB0,
        version,
        id,
        if version == Version::V5 { codes } else { &[] },
    )
}

fn ack_list(first: u8, version: Version, id: u16, codes: &[u8]) -> Bytes {
    let mut body = id.to_be_bytes().to_vec();
    if version == Version::V5 {
        body.push(0);
    }
    body.extend_from_slice(codes);
    frame(first, &body)
}

/// PINGRESP.
pub fn pong() -> Bytes {
    Bytes::from_static(&[0xD0, 0])
}

/// DISCONNECT with a reason, which only MQTT 5 has.
pub fn goodbye(reason: u8) -> Bytes {
    frame(0xE0, &[reason, 0])
}
