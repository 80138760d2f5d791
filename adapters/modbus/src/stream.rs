//! A TCP stream that remembers how it ended.
//!
//! The library makes of an end of the stream whatever error the system had last, which may be any error and
//! even none. Who closed a connection decides whose fault it is, so it is noted here, where it is seen.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How a stream stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// Nothing is known against it.
    Good,
    /// The other side ended it, in an orderly way or not.
    Closed,
    /// The network gave it up.
    Broken,
}

/// What a stream tells of its end, to whoever does not hold the stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending(Arc<AtomicU8>);

impl Ending {
    pub(crate) fn standing(&self) -> Standing {
        match self.0.load(Ordering::Relaxed) {
            0 => Standing::Good,
            1 => Standing::Closed,
            _ => Standing::Broken,
        }
    }

    fn closed(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    fn failed(&self, error: &Error) {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
            ErrorKind::UnexpectedEof
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::WriteZero => self.closed(),
            _ => self.0.store(2, Ordering::Relaxed),
        }
    }

    fn note<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| self.failed(error))
    }
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Watched {
    stream: TcpStream,
    ending: Ending,
}

impl Watched {
    pub(crate) fn new(stream: TcpStream) -> (Self, Ending) {
        let ending = Ending::default();
        let watched = Self {
            stream,
            ending: ending.clone(),
        };
        (watched, ending)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining() > 0;
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if read.is_ok() && room && buffer.filled().len() == before {
            self.ending.closed();
        }
        Poll::Ready(self.ending.note(read))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(self.ending.note(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(self.ending.note(flushed))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
