//! Why a machine's request was not taken: a status, a reason for the counters, a sentence for whoever reads the answer.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use watson_db::DbError;
use wer_wire::WireError;

use crate::limits::{RETRY_AFTER_BUSY_S, RETRY_AFTER_DISK_S};
use crate::overload::Shortage;

/// A refused request.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Status of the answer.
    pub status: StatusCode,
    /// Short stable name.
    pub reason: &'static str,
    /// The answer's text.
    pub message: String,
    /// The whole answer, where the dialect has its own words for it.
    pub answer: Option<String>,
    /// Seconds after which to send it again (`Retry-After`).
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// A refusal with a status, a name for the counters, and a sentence for whoever reads the answer.
    pub fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into(), answer: None, retry_after_s: None }
    }

    pub(crate) fn bad(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, message)
    }

    pub(crate) fn too_large(limit_bytes: u64) -> Self {
        let message = format!("the body is larger than the limit of {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// What the server keeps reports in does not answer.
    fn without(shortage: Shortage, what: &str) -> Self {
        let message = format!("{what} does not answer; send the report again later");
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, shortage.reason(), message);
        Self { retry_after_s: Some(shortage.retry_after_s()), ..refusal }
    }

    pub(crate) fn busy() -> Self {
        let message = "the server is busy; send the report again later";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        Self { retry_after_s: Some(RETRY_AFTER_BUSY_S), ..refusal }
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        let status = match error {
            WireError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.reason(), format!("not a level 1 report: {error}"))
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        // The sender learns no path of ours; the log has it all.
        tracing::error!(error = %error, "a report could not be kept");
        match error {
            error if error.is_full() => {
                let message = "the server's disk is full";
                let refusal = Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", message);
                Self { retry_after_s: Some(RETRY_AFTER_DISK_S), ..refusal }
            }
            error if error.is_no_database() => Self::without(Shortage::Database, "the server's database"),
            error if error.is_no_blobs() => Self::without(Shortage::Blobs, "the server's store of files"),
            error if error.is_busy() => Self::busy(),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", "the server could not keep this"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = self.answer.unwrap_or_else(|| format!("{}: {}\n", self.reason, self.message));
        let json = text.starts_with('{');
        let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
        let kind = [(header::CONTENT_TYPE, kind)];
        let mut answer = (self.status, kind, text).into_response();
        if let Some(seconds) = self.retry_after_s {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
