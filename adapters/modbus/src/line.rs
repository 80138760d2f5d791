//! The line to one bus: the connection, and every call over it. The only file that opens a socket.
//!
//! A late reply would be taken for the answer to a later question, so every call has a time-out,
//! calls are never pipelined, and after a call without a proper answer the connection is renewed.
//! An exception is a proper answer: the connection stays.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext};
use tokio_modbus::{Error, ExceptionCode, Request, Response};

use crate::inbox::Inbox;

/// How much longer a read may keep an emergency order of another unit waiting.
const GRACE_READ: Duration = Duration::from_millis(250);
/// The same for a write, whose effect is unknown when it is given up.
const GRACE_WRITE: Duration = Duration::from_millis(500);

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It was not begun, because an emergency order waits.
    Deferred,
    /// It was given up for an emergency order; nobody is to blame. The connection must be renewed.
    GivenUp,
    /// A unit did not answer, or not properly; the others are not concerned.
    Silent(Silence),
    /// The other side closed the connection.
    Closed(Silence),
    /// The connection is lost.
    Lost(String),
}

/// A unit that did not answer.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) unit: u8,
    pub(crate) text: String,
    /// How long it was waited for.
    pub(crate) cost_ms: u64,
    /// Whether a late answer may still come over this connection.
    pub(crate) renew: bool,
}

/// Whether a call makes way for an emergency order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manners {
    /// A look or a heartbeat, which can be made again.
    Yields,
    /// A write that was decided on.
    Insists,
}

/// A connection with the orders that may interrupt what goes over it.
pub(crate) struct Line<'a> {
    context: Context,
    pub(crate) inbox: &'a mut Inbox,
}

/// Opens a connection.
pub(crate) async fn open(address: &str, patience: Duration) -> Result<Context, String> {
    let stream = tokio::time::timeout(patience, TcpStream::connect(address))
        .await
        .map_err(|_| format!("{address} does not answer to a connection"))?
        .map_err(|error| format!("{address}: {error}"))?;
    stream
        .set_nodelay(true)
        // What was not sent when the connection is given up is not sent any more.
        .and_then(|()| stream.set_zero_linger())
        .map_err(|error| error.to_string())?;
    Ok(tcp::attach(stream))
}

impl<'a> Line<'a> {
    pub(crate) fn new(context: Context, inbox: &'a mut Inbox) -> Self {
        Self { context, inbox }
    }

    /// Leaves the connection, and whatever may still come over it, for a new one.
    pub(crate) async fn renew(&mut self, address: &str, patience: Duration) -> Result<(), String> {
        // Closed before it is opened: a controller may serve one connection only.
        let _ = self.context.disconnect().await;
        self.context = open(address, patience).await?;
        Ok(())
    }

    /// One call.
    pub(crate) async fn call(
        &mut self,
        unit: u8,
        request: Request<'_>,
        patience: Duration,
        manners: Manners,
    ) -> Result<Result<Response, ExceptionCode>, Broken> {
        let yields = manners == Manners::Yields;
        if yields && self.inbox.urgent_waits() {
            return Err(Broken::Deferred);
        }
        let begun = Instant::now();
        let silence = |text: String| Silence {
            unit,
            text,
            cost_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            renew: true,
        };
        self.context.set_slave(Slave(unit));
        let call = self.context.call(request);
        tokio::pin!(call);
        let mut until = begun + patience;
        let mut hurried = false;
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return match answer {
                    Ok(answer) => Ok(answer),
                    Err(Error::Protocol(error)) => Err(Broken::Silent(silence(error.to_string()))),
                    Err(Error::Transport(error)) => Err(broken(silence(error.to_string()), error.kind())),
                },
                () = tokio::time::sleep_until(until) => {
                    let text = format!("no answer within {} ms", begun.elapsed().as_millis());
                    return Err(match hurried && yields {
                        true => Broken::GivenUp,
                        false => Broken::Silent(silence(text)),
                    });
                }
                () = self.inbox.urgent_comes(), if !hurried => {
                    hurried = self.inbox.urgent_waits_for_other(unit);
                    if hurried {
                        let grace = if yields { GRACE_READ } else { GRACE_WRITE };
                        until = until.min(Instant::now() + grace);
                    }
                }
            }
        }
    }
}

/// What an error of the transport says: bytes that are no answer come from the unit that was asked.
fn broken(silence: Silence, kind: ErrorKind) -> Broken {
    match kind {
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => {
            Broken::Silent(silence)
        }
        ErrorKind::UnexpectedEof
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted => Broken::Closed(silence),
        _ => Broken::Lost(silence.text),
    }
}
