//! The edge of [`super`]: measures the load, and answers those who are not taken.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;

use crate::body::drain;
use crate::overload::{Dialect, Health, Load, Shortage};
use crate::{Intake, Refusal};

impl Intake {
    /// The load as a request of this dialect sees it.
    pub(crate) fn load(&self, dialect: Dialect, announced_bytes: u64) -> Load {
        if dialect != Dialect::Level1 {
            // What a second ago was enough may not be; asking costs a microsecond.
            self.look_at_disk();
        }
        let (waiting, max_waiting) = self.turns_of(dialect).waiting();
        let (commits_waiting, max_commits_waiting) = self.store.waiting_hits();
        Load {
            waiting,
            max_waiting,
            commits_waiting,
            max_commits_waiting,
            has_database: self.gauge.has_database(),
            has_blobs: self.gauge.has_blobs(),
            room: self.room_after(announced_bytes),
        }
    }

    /// The state of what the intake needs, for readiness and metrics.
    #[must_use]
    pub fn health(&self) -> Health {
        let (spooled, spooled_bytes) = self.spool.as_ref().map(|spool| spool.size()).unwrap_or_default();
        Health {
            has_database: self.gauge.has_database(),
            has_blobs: self.gauge.has_blobs(),
            room: self.gauge.room(),
            free_bytes: self.gauge.free_bytes(),
            spooled,
            spooled_bytes,
        }
    }

    /// Answers at once, before the body is read.
    pub(crate) fn later(&self, short: Shortage, request: Request<Body>) -> Response {
        self.turn_away(refusal(short), request)
    }

    /// The same for a client that will not come again.
    pub(crate) fn lose(&self, short: Shortage, request: Request<Body>) -> Response {
        self.metrics().lost(short.reason());
        self.turn_away(refusal(short), request)
    }

    /// The same when its body has been read already.
    pub(crate) fn lost(&self, short: Shortage) -> Response {
        self.metrics().lost(short.reason());
        self.answer_refusal(refusal(short))
    }

    fn turn_away(&self, refusal: Refusal, request: Request<Body>) -> Response {
        let (head, body) = request.into_parts();
        let waits = head.headers.contains_key(header::EXPECT);
        let mut answer = self.answer_refusal(refusal);
        if waits {
            // It has sent nothing yet, and asking for the body only to throw it away would make it.
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        } else {
            // Beside the answer, so that the sender has it before it has sent everything, and is not reset.
            tokio::spawn(drain(body));
        }
        answer
    }
}

pub(crate) fn refusal(short: Shortage) -> Refusal {
    let message = match short {
        Shortage::Turns | Shortage::Commits => "the server is busy; send the report again later",
        Shortage::Database | Shortage::Blobs => {
            "the server cannot keep anything at the moment; send the report again later"
        }
        Shortage::Disk => "the server's disk is nearly full; send the report again later",
    };
    let mut refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, short.reason(), message);
    refusal.retry_after_s = Some(short.retry_after_s());
    refusal
}
