//! Puts a request into the reserve: at once, while the server is overloaded, or after the store failed in the middle.

use axum::Json;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use watson_db::time;

use crate::body::{BoundedBody, within};
use crate::keep::plain;
use crate::limits::{MAX_UPLOAD_EXTRA_BYTES, MAX_UPLOAD_MS};
use crate::overload::{Dialect, Manners, Shortage};
use crate::spool::entry::EntryHead;
use crate::spool::random_name;
use crate::spool::tee::{Recording, Tee};
use crate::{Intake, Refusal, Route};

impl Intake {
    /// Takes a request whose client will not send it again: what the store cannot keep now goes into the reserve.
    pub(crate) async fn take_or_put_by(
        &self,
        dialect: Dialect,
        route: Route,
        request: Request<Body>,
    ) -> Response {
        let Some(spool) = self.spool.as_ref().filter(|_| dialect.manners() == Manners::NeverAgain) else {
            return self.take(route, request).await;
        };
        let is_envelope = matches!(route, Route::SentryEnvelope { .. });
        let head = EntryHead::of(&request, time::now_ms());
        let (parts, body) = request.into_parts();
        let tee = Tee::new(body, Recording::new(spool.clone(), head));
        let answer = self.take(route, Request::from_parts(parts, tee.body())).await;
        if !answer.status().is_server_error() {
            return answer;
        }
        self.gauge.ring();
        let rest = within(MAX_UPLOAD_MS, async { Ok::<_, Refusal>(tee.rest().await) }).await;
        let Ok(Some(recording)) = rest else {
            self.metrics().lost("cut_short");
            return answer;
        };
        self.commit(recording, is_envelope, "failed").await.unwrap_or_else(|| {
            self.metrics().lost("failed");
            answer
        })
    }

    /// Puts a request by without a try.
    pub(crate) async fn put_by(&self, short: Shortage, route: &Route, request: Request<Body>) -> Response {
        let (Some(spool), Ok(_turn)) = (&self.spool, self.spool_turns.try_acquire()) else {
            return self.lose(short, request);
        };
        let mut recording = Recording::new(spool.clone(), EntryHead::of(&request, time::now_ms()));
        let limit_bytes = self.limits.max_dump_bytes.saturating_add(MAX_UPLOAD_EXTRA_BYTES);
        let mut body = match BoundedBody::new(request.into_body(), limit_bytes) {
            Ok(body) => body,
            Err((refusal, body)) => return self.refuse(refusal, Request::new(body)).await,
        };
        let reading = async {
            while let Some(piece) = body.piece().await? {
                if let Err(error) = recording.add(&piece) {
                    tracing::warn!(error = %error, "the reserve takes no more");
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let is_whole = match within(MAX_UPLOAD_MS, reading).await {
            Ok(is_whole) => is_whole,
            Err(refusal) => {
                body.abandon().await;
                return self.answer_refusal(refusal);
            }
        };
        if !is_whole {
            body.abandon().await;
            return self.lost(short);
        }
        let is_envelope = matches!(route, Route::SentryEnvelope { .. });
        self.commit(recording, is_envelope, short.reason()).await.unwrap_or_else(|| self.lost(short))
    }

    async fn commit(&self, recording: Recording, is_envelope: bool, why: &'static str) -> Option<Response> {
        let committed = tokio::task::spawn_blocking(move || {
            recording.commit()?;
            random_name()
        });
        match committed.await {
            Ok(Ok(id)) => {
                self.metrics().spooled(why);
                tracing::info!(why, "a request was put into the reserve");
                Some(answer(is_envelope, &id))
            }
            Ok(Err(error)) => {
                tracing::error!(error = %error, "a request could not be put into the reserve");
                None
            }
            Err(_) => None,
        }
    }
}

/// What the dialect's clients read: an id in the form of a report's. The report's own is not known before it is read.
fn answer(is_envelope: bool, id: &str) -> Response {
    if is_envelope {
        return Json(json!({ "id": id })).into_response();
    }
    let part = |range: core::ops::Range<usize>| id.get(range).unwrap_or_default();
    plain([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
}
