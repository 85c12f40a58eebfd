//! A body that is remembered while it is read: should the store fail in the middle, the request can still be put by.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use crate::body::BoundedBody;
use crate::limits::MAX_TEE_MEMORY_BYTES;
use crate::spool::entry::EntryHead;
use crate::spool::{Spool, SpoolWriter};

/// What has been read of a body, in memory first, in the reserve's folder when it grows.
pub(crate) struct Recording {
    spool: Arc<Spool>,
    head: EntryHead,
    memory: Vec<u8>,
    file: Option<SpoolWriter>,
}

impl Recording {
    pub(crate) fn new(spool: Arc<Spool>, head: EntryHead) -> Self {
        Self { spool, head, memory: Vec::new(), file: None }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() <= MAX_TEE_MEMORY_BYTES {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        self.file()?.write(bytes)
    }

    fn file(&mut self) -> io::Result<&mut SpoolWriter> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = self.spool.begin(&self.head)?;
                file.write(&std::mem::take(&mut self.memory))?;
                file
            }
        };
        Ok(self.file.insert(file))
    }

    /// Brings it all to disk. Blocks.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.file()?;
        self.file.take().map_or(Ok(()), SpoolWriter::commit)
    }
}

/// The body's own side.
struct Shared {
    body: Body,
    /// `None` = it could not be remembered.
    recording: Option<Recording>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Whole,
    Broken,
}

/// Two hands on one body: [`Tee::body`] is for whoever reads it.
#[derive(Clone)]
pub(crate) struct Tee(Arc<Mutex<Shared>>);

impl Tee {
    pub(crate) fn new(body: Body, recording: Recording) -> Self {
        Self(Arc::new(Mutex::new(Shared { body, recording: Some(recording), state: State::Reading })))
    }

    pub(crate) fn body(&self) -> Body {
        Body::new(TeeBody(self.clone()))
    }

    /// Reads what is left, pausing no longer than others may, and gives what there was. `None` = the client has gone, or it
    /// could not be remembered.
    pub(crate) async fn rest(self) -> Option<Recording> {
        if self.shared().state == State::Reading {
            let mut body = BoundedBody::new(self.body(), u64::MAX).ok()?;
            while let Ok(Some(_)) = body.piece().await {}
        }
        let mut shared = self.shared();
        let recording = shared.recording.take();
        recording.filter(|_| shared.state == State::Whole)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TeeBody(Tee);

impl HttpBody for TeeBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut shared = self.0.shared();
        let polled = Pin::new(&mut shared.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(data), Some(recording)) = (frame.data_ref(), &mut shared.recording)
                    && let Err(error) = recording.add(data)
                {
                    // It may still be taken as usual; only the second chance is gone.
                    tracing::debug!(error = %error, "a body is not remembered any longer");
                    shared.recording = None;
                }
            }
            Poll::Ready(Some(Err(_))) => shared.state = State::Broken,
            Poll::Ready(None) => shared.state = State::Whole,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.0.shared().body.size_hint()
    }
}
