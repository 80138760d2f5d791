//! The line to one bus: the connection, and every call over it. The only file that opens a socket.
//!
//! A late reply would be taken for the answer to a later question, so every call has a time-out,
//! calls are never pipelined, and after a call without a proper answer the connection is renewed.
//! An exception is a proper answer: the connection stays.

use std::time::Duration;

use cordon_contract::Clock;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext};
use tokio_modbus::{Error, ExceptionCode, Request, Response};

use crate::inbox::Inbox;
use crate::stream::{Ending, Standing, Watched};

/// How much longer a read may keep an emergency order of another unit waiting.
const GRACE_READ: Duration = Duration::from_millis(250);
/// The same for a write, whose effect is unknown when it is given up.
pub(crate) const GRACE_WRITE: Duration = Duration::from_millis(500);

/// The unit id of a controller that is spoken to directly.
const DIRECT: u8 = 255;

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It was not begun, because an emergency order waits.
    Deferred,
    /// It was given up for an emergency order; nobody is to blame. The connection must be renewed.
    GivenUp,
    /// A unit did not answer, or not properly; the others are not concerned.
    Silent(Silence),
    /// The other side closed the connection when a unit was asked.
    Closed(Silence),
    /// The connection is lost, or there is none.
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
    /// Whether the question can be made again, so that nothing is lost with it.
    pub(crate) is_made_again: bool,
}

/// Whether a call makes way for an emergency order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manners {
    /// A look or a heartbeat, which can be made again.
    Yields,
    /// A write that was decided on.
    Insists,
}

/// An open connection.
pub(crate) struct Wire {
    context: Context,
    ending: Ending,
}

/// A connection with the orders that may interrupt what goes over it.
pub(crate) struct Line<'a> {
    wire: Wire,
    /// Questions that were answered over this connection.
    answers: u64,
    /// A question was given up, over this connection or the one before: a gateway that asks one after the other may still
    /// be busy with it, and the next answer waits for that too.
    is_behind: bool,
    /// How long the last answer took, and whether it stood behind a question that was given up.
    took: (Duration, bool),
    pub(crate) inbox: &'a mut Inbox,
    /// The time of what is done for others in between; `None` where there are no others.
    pub(crate) clock: Option<&'a dyn Clock>,
}

/// Opens a connection.
pub(crate) async fn open(address: &str, patience: Duration) -> Result<Wire, String> {
    let stream = tokio::time::timeout(patience, TcpStream::connect(address))
        .await
        .map_err(|_| format!("{address} does not answer to a connection"))?
        .map_err(|error| format!("{address}: {error}"))?;
    stream
        .set_nodelay(true)
        // What was not sent when the connection is given up is not sent any more.
        .and_then(|()| stream.set_zero_linger())
        .map_err(|error| error.to_string())?;
    let (stream, ending) = Watched::new(stream);
    Ok(Wire {
        context: tcp::attach(stream),
        ending,
    })
}

impl<'a> Line<'a> {
    pub(crate) fn new(wire: Wire, inbox: &'a mut Inbox, clock: Option<&'a dyn Clock>) -> Self {
        Self {
            wire,
            answers: 0,
            is_behind: false,
            took: (Duration::ZERO, false),
            inbox,
            clock,
        }
    }

    /// Questions that were answered over this connection.
    pub(crate) fn answers(&self) -> u64 {
        self.answers
    }

    /// How long the last answer took, a new connection before it not counted, and whether it may have waited for the end
    /// of another's question.
    pub(crate) fn took(&self) -> (Duration, bool) {
        self.took
    }

    /// Leaves the connection, and whatever may still come over it, for a new one.
    pub(crate) async fn renew(&mut self, address: &str, patience: Duration) -> Result<(), String> {
        // Closed before it is opened: a controller may serve one connection only.
        let _ = self.wire.context.disconnect().await;
        self.wire = open(address, patience).await?;
        self.answers = 0;
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
        let is_behind = std::mem::replace(&mut self.is_behind, true);
        let silence = |text: String| Silence {
            unit,
            text,
            cost_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            renew: true,
            is_made_again: yields,
        };
        let ending = self.wire.ending.clone();
        self.wire.context.set_slave(Slave(unit));
        let call = self.wire.context.call(request);
        tokio::pin!(call);
        let mut until = begun + patience;
        let mut hurried = false;
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return match answer {
                    Ok(answer) => {
                        self.answers = self.answers.saturating_add(1);
                        self.is_behind = false;
                        self.took = (begun.elapsed(), is_behind);
                        Ok(answer)
                    }
                    Err(Error::Protocol(error)) => Err(Broken::Silent(silence(error.to_string()))),
                    Err(Error::Transport(error)) => Err(match ending.standing() {
                        Standing::Closed => Broken::Closed(silence(hung_up(unit))),
                        Standing::Broken => Broken::Lost(error.to_string()),
                        // Bytes that are no answer come from the unit that was asked.
                        Standing::Good => Broken::Silent(silence(error.to_string())),
                    }),
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

/// The other side closed the connection: many gateways do so when a unit does not answer.
fn hung_up(unit: u8) -> String {
    match unit {
        DIRECT => "the controller closed the connection when it was asked".to_owned(),
        unit => format!("the gateway closed the connection when unit {unit} was asked"),
    }
}
