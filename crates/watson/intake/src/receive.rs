//! How every dialect with a dump receives its body: in its turn, within a time, and read on a little where it is refused,
//! so that the sender can read why.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, header};

use crate::body::{drain, within};
use crate::limits::{MAX_UPLOAD_EXTRA_BYTES, MAX_UPLOAD_MS};
use crate::payload::Payload;
use crate::spool::entry::ReceivedAt;
use crate::uploads::Upload;
use crate::{Intake, Refusal};

/// Receives an upload the way that the dialect reads it.
pub(crate) async fn receive(
    intake: &Intake,
    request: Request<Body>,
    read: impl AsyncFnOnce(&Intake, &HeaderMap, &mut Payload) -> Result<Upload, Refusal>,
) -> Result<(Upload, Parts), Refusal> {
    let (head, body) = request.into_parts();
    let _turn = match intake.dump_turn().await {
        Ok(turn) => turn,
        Err(refusal) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let limit_bytes = intake.limits.max_dump_bytes.saturating_add(MAX_UPLOAD_EXTRA_BYTES);
    let mut payload = match Payload::open(&head.headers, body, limit_bytes) {
        Ok(payload) => payload,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    match within(MAX_UPLOAD_MS, read(intake, &head.headers, &mut payload)).await {
        Ok(upload) => {
            let received_ms = head.extensions.get::<ReceivedAt>().map(|at| at.0);
            Ok((Upload { received_ms, ..upload }, head))
        }
        Err(refusal) => {
            payload.abandon().await;
            Err(refusal)
        }
    }
}

pub(crate) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}
