//! The line to one bus: the connection, and every call over it. The only file that opens a socket.
//!
//! A late reply would be taken for the answer to a later question, so every call has a time-out and
//! calls are never pipelined. An exception is a proper answer: the connection stays.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::decode::Signals;
use crate::lane::Lane;

/// A connection with its rules.
pub(crate) struct Line {
    context: Context,
    timeout: Duration,
}

impl Line {
    pub(crate) async fn connect(address: &str, timeout: Duration) -> Result<Self, String> {
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_| format!("{address} does not answer to a connection"))?
            .map_err(|error| format!("{address}: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            context: tcp::attach(stream),
            timeout,
        })
    }

    /// One call. An `Err` means that the connection must be dropped.
    pub(crate) async fn call(
        &mut self,
        unit: u8,
        request: Request<'_>,
    ) -> Result<Result<Response, ExceptionCode>, String> {
        self.context.set_slave(Slave(unit));
        match tokio::time::timeout(self.timeout, self.context.call(request)).await {
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis())),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// The signals of a lane, or the exception it answers with.
    pub(crate) async fn poll(&mut self, lane: &Lane) -> Result<Result<Signals, String>, String> {
        let mut answers = Vec::with_capacity(lane.plan.reads().len());
        for read in lane.plan.reads() {
            match self.call(lane.config.unit, read.request()).await? {
                Ok(answer) => answers.push(answer),
                Err(exception) => {
                    let text = format!(
                        "{exception} at the read of {} {:?} from {}",
                        read.count, read.table, read.address
                    );
                    return Ok(Err(text));
                }
            }
        }
        lane.plan
            .decode(&answers)
            .map(Ok)
            .map_err(|error| error.to_string())
    }
}
