//! sentry-cli's `debug-files upload`: which chunks are missing, the chunks, the files that they make. Chunks are named by
//! their SHA-1, kept for a day, and belong to their tenant; files are kept with the ids by which they are looked for.
//!
//! Symbol files of Breakpad go where uploads of Breakpad's own programs go, too. The rest of Sentry's web API is not here,
//! and says so in its own words, so that sentry-cli tells its user.

pub mod assemble;
mod chunks;
mod files;
pub mod identify;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::body::drain;
use crate::limits::{CHUNK_BYTES, MAX_CHUNK_REQUEST_BYTES, MAX_CHUNKS_PER_REQUEST};
use crate::{Intake, Refusal, Sender};

pub(crate) use chunks::take as take_chunks;
pub(crate) use files::take as take_assemble;

/// Requests that a client may have under way at once.
const CONCURRENCY: u32 = 4;

/// Whose chunks they are: nobody else's upload finds them.
pub(crate) fn scope(sender: &Sender) -> String {
    format!("sentry:{}", sender.tenant)
}

/// What this server takes.
pub(crate) async fn options(intake: &Intake, organization: &str, body: Body) -> Result<Response, Refusal> {
    drain(body).await;
    Ok(answer(
        StatusCode::OK,
        &json!({
            // Relative to the API: whether the client came by TLS is not asked.
            "url": format!("/organizations/{organization}/chunk-upload/"),
            "chunkSize": CHUNK_BYTES,
            "chunksPerRequest": MAX_CHUNKS_PER_REQUEST,
            "maxFileSize": intake.limits.max_symbol_bytes,
            "maxRequestSize": MAX_CHUNK_REQUEST_BYTES,
            "concurrency": CONCURRENCY,
            "hashAlgorithm": "sha1",
            "compression": ["gzip"],
            "accept": ["debug_files", "pdbs", "portablepdbs", "sources"],
        }),
    ))
}

/// Who asks, and everything else of Sentry's API. Lists of releases are empty: releases are what crashes say.
pub(crate) async fn other(request: Request<Body>) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    drain(body).await;
    let parts: Vec<&str> = head.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let reads = head.method == axum::http::Method::GET;
    Ok(match parts.as_slice() {
        ["api", "0"] if reads => {
            answer(StatusCode::OK, &json!({ "version": "0", "auth": null, "user": null }))
        }
        ["api", "0", .., "releases"] if reads => answer(StatusCode::OK, &json!([])),
        _ => {
            answer(StatusCode::NOT_FOUND, &json!({ "detail": "watson takes debug files; this is not there" }))
        }
    })
}

fn answer(status: StatusCode, value: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
