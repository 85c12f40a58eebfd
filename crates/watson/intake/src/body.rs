//! Bodies, piece by piece, with a limit on their bytes and on the pause between two pieces.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::Refusal;
use crate::limits::{MAX_BODY_PAUSE_MS, MAX_DRAIN_BYTES, MAX_DRAIN_MS};

/// A body with limits.
pub(crate) struct BoundedBody {
    body: Body,
    limit_bytes: u64,
    read_bytes: u64,
}

impl BoundedBody {
    /// Refuses a body that says itself that it is too large.
    pub(crate) fn new(body: Body, limit_bytes: u64) -> Result<Self, (Refusal, Body)> {
        if body.size_hint().lower() > limit_bytes {
            return Err((Refusal::too_large(limit_bytes), body));
        }
        Ok(Self { body, limit_bytes, read_bytes: 0 })
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = timeout(Duration::from_millis(MAX_BODY_PAUSE_MS), self.body.frame()).await;
            let frame = frame.map_err(|_| too_slow())?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| failed(&error))?;
            // Trailers say nothing here.
            let Ok(data) = frame.into_data() else { continue };
            self.read_bytes += data.len() as u64;
            if self.read_bytes > self.limit_bytes {
                return Err(Refusal::too_large(self.limit_bytes));
            }
            return Ok(Some(data));
        }
    }

    /// The whole body in memory.
    pub(crate) async fn whole(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Gives up, see [`drain`].
    pub(crate) async fn abandon(self) {
        drain(self.body).await;
    }
}

/// Gives a body's reading a time as a whole.
pub(crate) async fn within<T>(
    limit_ms: u64,
    reading: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    timeout(Duration::from_millis(limit_ms), reading).await.unwrap_or_else(|_| Err(too_slow()))
}

/// A body's sender did not keep pace: the error of a body that the joiner gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

fn failed(error: &axum::Error) -> Refusal {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return too_slow();
        }
        cause = error.source();
    }
    Refusal::bad("cut_short", "the body ended before its announced end")
}

pub(crate) fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body came too slowly")
}

/// Reads a little more of a refused body: a connection that is closed while the sender still writes is reset, and the
/// reset can overtake the answer.
pub(crate) async fn drain(mut body: Body) {
    let reading = async {
        let mut left_bytes = MAX_DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            let Some(left) = left_bytes.checked_sub(bytes) else { return };
            left_bytes = left;
        }
    };
    // Whoever still sends after that does not want the answer.
    let _ = timeout(Duration::from_millis(MAX_DRAIN_MS), reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_end() {
        let never = within(1_000, std::future::pending::<Result<(), Refusal>>()).await;
        assert_eq!(never.unwrap_err().reason, "too_slow");
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_limit() {
        let body =
            |bytes: usize| BoundedBody::new(Body::from(vec![7; bytes]), 10).map_err(|(refusal, _)| refusal);
        assert_eq!(body(10).unwrap().whole().await.unwrap().len(), 10);
        assert_eq!(body(11).err().map(|refusal| refusal.reason), Some("too_large"));
    }
}
