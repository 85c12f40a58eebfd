//! Takes what the reserve holds, oldest first, as soon as the server is well again.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, StatusCode};
use http_body::Frame;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio::time::sleep;

use crate::admission::admit;
use crate::limits::{MAX_REPLAY_PAUSE_MS, MAX_REPLAY_TRIES, MAX_SPOOL_HEAD_BYTES, SPOOL_PIECE_BYTES};
use crate::overload::{Decision, decide, dialect};
use crate::spool::Spool;
use crate::spool::entry::{EntryHead, NotAdmitted};
use crate::{Intake, route};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It was taken; or refused for what it says, as it would have been at once.
    Done(&'static str),
    /// The server is not well yet.
    NotYet,
    /// The store fails with this one.
    Failed,
}

impl Intake {
    /// Works through the reserve for ever; ends at once where there is none.
    pub async fn replay(&self) {
        let Some(spool) = &self.spool else { return };
        let mut tries = 0;
        loop {
            let Some((number, path)) = spool.oldest() else {
                spool.arrived().await;
                continue;
            };
            match self.replay_one(&path).await {
                Outcome::Done(what) => {
                    tries = 0;
                    self.replayed(spool, number, what).await;
                }
                Outcome::NotYet => self.pause(1).await,
                Outcome::Failed => {
                    tries += 1;
                    self.gauge.ring();
                    if tries >= MAX_REPLAY_TRIES {
                        tries = 0;
                        self.set_aside(spool, number);
                    }
                    self.pause(tries.into()).await;
                }
            }
        }
    }

    async fn replayed(&self, spool: &Spool, number: u64, what: &'static str) {
        match spool.remove(number) {
            Ok(()) => self.metrics().replayed(what),
            Err(error) => {
                tracing::error!(error = %error, "a request cannot be removed from the reserve; it is taken again");
                self.pause(1).await;
            }
        }
    }

    fn set_aside(&self, spool: &Spool, number: u64) {
        tracing::error!(number, "a request of the reserve cannot be taken; its file is kept beside it");
        self.metrics().replayed("set_aside");
        if let Err(error) = spool.set_aside(number) {
            tracing::error!(error = %error, "a request cannot be set aside");
        }
    }

    async fn pause(&self, times: u64) {
        sleep(Duration::from_millis(MAX_REPLAY_PAUSE_MS * times.max(1))).await;
    }

    async fn replay_one(&self, path: &Path) -> Outcome {
        let mut request = match open(path).await {
            Ok(Some(request)) => request,
            Ok(None) => return Outcome::Done("unreadable"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Outcome::Done("gone"),
            Err(error) => {
                tracing::error!(error = %error, "a request of the reserve cannot be read");
                return Outcome::Failed;
            }
        };
        let Ok(Some(route)) = route(request.method(), request.uri().path()) else {
            return Outcome::Done("unreadable");
        };
        let dialect = dialect(&route, request.headers());
        if decide(dialect, &self.load(dialect, 0), false) != Decision::Take {
            return Outcome::NotYet;
        }
        if request.extensions_mut().remove::<NotAdmitted>().is_some()
            && let Err(refusal) = admit(self, &route, &mut request).await
        {
            if refusal.status.is_server_error() {
                return Outcome::NotYet;
            }
            self.metrics().refused(refusal.reason);
            return Outcome::Done("refused");
        }
        let status = self.take(route, request).await.status();
        match status {
            _ if status.is_success() => Outcome::Done("taken"),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => Outcome::NotYet,
            _ if status.is_server_error() => Outcome::Failed,
            _ => Outcome::Done("refused"),
        }
    }
}

async fn open(path: &Path) -> io::Result<Option<Request<Body>>> {
    let mut file = BufReader::new(File::open(path).await?);
    let mut line = Vec::new();
    (&mut file).take(MAX_SPOOL_HEAD_BYTES as u64).read_until(b'\n', &mut line).await?;
    let head = line.strip_suffix(b"\n").and_then(EntryHead::read);
    Ok(head.and_then(|head| head.request(Body::new(FileBody(file)))))
}

/// The rest of a file as a body.
struct FileBody(BufReader<File>);

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut piece = vec![0; SPOOL_PIECE_BYTES];
        let mut buffer = ReadBuf::new(&mut piece);
        match Pin::new(&mut self.0).poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {
                let filled = Bytes::copy_from_slice(buffer.filled());
                Poll::Ready((!filled.is_empty()).then(|| Ok(Frame::data(filled))))
            }
        }
    }
}
