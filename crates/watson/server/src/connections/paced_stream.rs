//! A connection whose client must keep pace: while it is waited for with a head or between requests it may be slow only
//! as long as there is a place for slow ones; while it reads an answer it must take bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pace::{Client, Watch};

/// A stream being watched.
pub(super) struct PacedStream<S> {
    stream: S,
    client: Client,
    reading: Watch,
    writing: Watch,
}

impl<S> PacedStream<S> {
    pub(super) fn new(stream: S, client: Client) -> Self {
        let (reading, writing) = (Watch::new(client.clone(), false), Watch::new(client.clone(), true));
        Self { stream, client, reading, writing }
    }

    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            // Whatever the system takes at once is no burden.
            Poll::Ready(Ok(bytes)) => {
                if !self.writing.moved(bytes as u64) {
                    return Poll::Ready(Err(too_slow()));
                }
                if self.client.is_served() {
                    // What is read meanwhile is only whether the client is still there.
                    self.reading.rest();
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending if self.writing.poll_waiting(cx).is_ready() => Poll::Ready(Err(too_slow())),
            other => other,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, out);
        if this.client.is_served() {
            // Bodies are watched where they are read.
            this.reading.rest();
            return polled;
        }
        let keeps_pace = match &polled {
            Poll::Ready(_) => this.reading.moved((out.filled().len() - before) as u64),
            Poll::Pending => this.reading.poll_waiting(cx).is_pending(),
        };
        if keeps_pace { polled } else { Poll::Ready(Err(too_slow())) }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watch_write(cx, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        if polled.is_ready() {
            // All is written: whoever takes long now is the server.
            this.writing.rest();
        }
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.watch_write(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client is too slow")
}
