//! A connection with the door in front of it (`watson_intake::door`): what the HTTP library reads has been judged.
//!
//! A refused head is answered in its turn, also behind requests whose answers are not out yet: the library reads an
//! empty request in its place, and [`DoorNotes`] tells the service which one that is.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use watson_intake::door::{DoorError, DoorTracker, Step};
use watson_intake::limits::{MAX_DRAIN_BYTES, MAX_DRAIN_MS};

/// What the library reads in the place of a refused head.
const REFUSED_HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// Bytes that are read at once while a head is looked for.
const READ_BYTES: usize = 8 * 1024;

/// Which request of a connection was refused, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct DoorNotes {
    refused: Arc<Mutex<Option<(u64, DoorError)>>>,
    served: Arc<AtomicU64>,
}

impl DoorNotes {
    /// Called once per request that the library has read, in their order: why this one was refused.
    pub(super) fn next_refused(&self) -> Option<DoorError> {
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.filter(|(at, _)| *at == number).map(|(_, error)| error)
    }

    fn note(&self, number: u64, error: DoorError) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, error));
    }
}

/// A stream whose requests are judged.
#[derive(Debug)]
pub(super) struct Doorway<S> {
    stream: S,
    tracker: DoorTracker,
    notes: DoorNotes,
    /// Came, and is not judged.
    unjudged: Vec<u8>,
    /// Judged, and is not read yet.
    judged: Bytes,
    /// Heads that were let through.
    heads: u64,
    at_end: bool,
    /// Why what comes behind `judged` is no body.
    failed: Option<DoorError>,
    /// Set where a head or a body was refused: its sender may still write.
    refused: Option<DoorError>,
    lingering: Option<(Pin<Box<Sleep>>, u64)>,
}

/// What became of the bytes at hand.
enum Judged {
    Ready,
    More,
    Closed,
}

impl<S> Doorway<S> {
    pub(super) fn new(stream: S, notes: DoorNotes, max_head_bytes: usize) -> Self {
        Self {
            stream,
            tracker: DoorTracker::new(max_head_bytes),
            notes,
            unjudged: Vec::new(),
            judged: Bytes::new(),
            heads: 0,
            at_end: false,
            failed: None,
            refused: None,
            lingering: None,
        }
    }

    /// Judges what came: a head, and of its body what is here.
    fn judge(&mut self) -> io::Result<Judged> {
        if let Some(error) = self.failed.take() {
            return self.refuse(error, false);
        }
        let mut passed = 0;
        while let Some(bytes) = self.unjudged.get(passed..).filter(|bytes| !bytes.is_empty()) {
            let in_head = self.tracker.is_in_head();
            match self.tracker.step(bytes) {
                Ok(Step::Pass(bytes)) => {
                    passed += bytes;
                    self.heads += u64::from(in_head);
                    if self.tracker.is_in_head() {
                        break;
                    }
                }
                // What was passed is read first.
                Err(error) if passed > 0 => {
                    self.failed = Some(error);
                    self.unjudged.truncate(passed);
                }
                _ if passed > 0 => break,
                Ok(Step::Replace(bytes, head)) => {
                    self.unjudged.drain(..bytes.min(self.unjudged.len()));
                    self.judged = head.into();
                    self.heads += 1;
                    return Ok(Judged::Ready);
                }
                Ok(Step::More) => return Ok(Judged::More),
                Ok(Step::Closed) => return Ok(Judged::Closed),
                Err(error) => return self.refuse(error, in_head),
            }
        }
        if passed == 0 {
            return Ok(Judged::More);
        }
        let rest = self.unjudged.split_off(passed);
        self.judged = std::mem::replace(&mut self.unjudged, rest).into();
        Ok(Judged::Ready)
    }

    fn refuse(&mut self, error: DoorError, in_head: bool) -> io::Result<Judged> {
        self.refused = Some(error);
        if !in_head {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        self.notes.note(self.heads, error);
        self.unjudged.clear();
        self.judged = Bytes::from_static(REFUSED_HEAD);
        Ok(Judged::Ready)
    }
}

impl<S: AsyncRead + Unpin> Doorway<S> {
    /// Bytes of a body go straight to the reader; what comes behind its end is looked at.
    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        let came = out.filled().get(before..).unwrap_or_default();
        if came.is_empty() {
            self.at_end = true;
            return Poll::Ready(Ok(()));
        }
        let taken = match self.tracker.step(came) {
            Ok(Step::Pass(taken)) => taken,
            Ok(_) => came.len(),
            Err(error) => {
                self.refused = Some(error);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        };
        self.unjudged.extend_from_slice(came.get(taken..).unwrap_or_default());
        out.set_filled(before + taken);
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        self.at_end = read.filled().is_empty();
        self.unjudged.extend_from_slice(read.filled());
        Poll::Ready(Ok(()))
    }

    /// Reads on for a while, so that the answer is not overtaken by the reset of bytes that nobody read.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begin = || (Box::pin(sleep(Duration::from_millis(MAX_DRAIN_MS))), MAX_DRAIN_BYTES);
        let (end, left_bytes) = self.lingering.get_or_insert_with(begin);
        loop {
            let mut space = [MaybeUninit::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Pending => return end.as_mut().poll(cx),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {
                    let bytes = read.filled().len() as u64;
                    *left_bytes = left_bytes.saturating_sub(bytes);
                    if bytes == 0 || *left_bytes == 0 {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Doorway<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.judged.is_empty() {
                let piece = this.judged.split_to(this.judged.len().min(out.remaining()));
                out.put_slice(&piece);
                return Poll::Ready(Ok(()));
            }
            match this.judge()? {
                Judged::Ready => {}
                // Neither bytes nor an end: an end would stop the answer that is on its way.
                Judged::Closed => return Poll::Pending,
                Judged::More if this.at_end && this.unjudged.is_empty() => return Poll::Ready(Ok(())),
                // Half a head: the library says what it says to one.
                Judged::More if this.at_end => this.judged = std::mem::take(&mut this.unjudged).into(),
                Judged::More if this.tracker.is_closed() => return Poll::Pending,
                Judged::More if this.tracker.is_in_head() => ready!(this.poll_head(cx))?,
                Judged::More => return this.poll_body(cx, out),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Doorway<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        if this.refused.is_some() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
