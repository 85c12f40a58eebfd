//! A request's body whose sender must keep pace while somebody reads it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use watson_intake::TooSlow;

use super::pace::{Client, Watch};

/// A body being watched.
pub(super) struct PacedBody {
    body: Incoming,
    watch: Watch,
}

impl PacedBody {
    pub(super) fn new(body: Incoming, client: Client) -> Self {
        Self { body, watch: Watch::new(client, true) }
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        let keeps_pace = match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.watch.moved(bytes)
            }
            Poll::Ready(_) => true,
            Poll::Pending => this.watch.poll_waiting(cx).is_pending(),
        };
        if !keeps_pace {
            return Poll::Ready(Some(Err(Box::new(TooSlow))));
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
