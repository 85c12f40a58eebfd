//! Files that are put together from their chunks: checked against their SHA-1, kept with their ids.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use watson_db::{DbError, DebugFile, DebugFileKind, Sha1Text, time};

use super::assemble::{AssembleError, WantedFile, parse};
use super::identify::identify;
use super::{answer, scope};
use crate::body::{BoundedBody, drain, within};
use crate::limits::{MAX_ASSEMBLE_BYTES, MAX_ASSEMBLE_MS, MAX_DEBUG_HEAD_BYTES, MAX_UPLOAD_MS};
use crate::{Intake, Refusal, Sender, symbols};

/// Bytes that are read at once.
const STEP_BYTES: usize = 256 * 1024;

/// Answers with each file's state. What takes too long is `assembling`: the client asks again.
pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let sender = Sender::of(request.extensions());
    let _turn = intake.symbol_turn().await?;
    let body = match BoundedBody::new(request.into_body(), MAX_ASSEMBLE_BYTES) {
        Ok(mut body) => within(MAX_UPLOAD_MS, body.whole()).await?,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let wanted = parse(&body, intake.limits.max_symbol_bytes)?;
    let end = Instant::now() + Duration::from_millis(MAX_ASSEMBLE_MS);
    let mut states = BTreeMap::new();
    for file in wanted {
        let state = if Instant::now() < end { state(intake, &sender, &file).await? } else { pending() };
        states.insert(file.sha1.as_str().to_owned(), state);
    }
    Ok(answer(StatusCode::OK, &json!(states)))
}

async fn state(intake: &Intake, sender: &Sender, file: &WantedFile) -> Result<Value, Refusal> {
    if let Some(kept) = intake.store.debug_file(sender.tenant, &file.sha1).await? {
        return Ok(done(&kept));
    }
    let scope = scope(sender);
    let names: Vec<&str> = file.chunks.iter().map(Sha1Text::as_str).collect();
    let missing = intake.store.missing_chunks(&scope, &names).await?;
    if !missing.is_empty() || names.is_empty() {
        return Ok(json!({ "state": "not_found", "missingChunks": missing, "detail": null, "dif": null }));
    }
    let Some(whole) = intake.store.assemble(&scope, &names).await? else {
        return Ok(json!({ "state": "not_found", "missingChunks": names, "detail": null, "dif": null }));
    };
    if whole.size_bytes() > intake.limits.max_symbol_bytes {
        return Ok(failed(intake, "too_large", "the file is larger than the limit"));
    }
    let blob = whole.finish().await?;
    let placed = intake.store.blob_file(&blob.sha256).await?;
    let path = placed.path().to_owned();
    let read = tokio::task::spawn_blocking(move || read(&path)).await.map_err(|_| Refusal::busy())?;
    let (sha1, head) = read.map_err(|source| unreadable(placed.path(), source))?;
    if sha1 != file.sha1 {
        return Ok(failed(intake, "chunk_hash", "the chunks make other bytes than their SHA-1 says"));
    }
    let facts = identify(&head);
    let kind = DebugFileKind::of(&head);
    if kind == DebugFileKind::Breakpad && !keep_symbol(intake, placed.path()).await? {
        return Ok(failed(
            intake,
            "other_symbols",
            "other symbols of this module are here, or it is no symbol file",
        ));
    }
    let kept = DebugFile {
        sha1: file.sha1.as_str().to_owned(),
        debug_id: facts.debug_id.or_else(|| file.debug_id.clone()).unwrap_or_default(),
        code_id: facts.code_id,
        kind: kind.name().to_owned(),
        name: file.name.clone(),
        arch: facts.arch,
        blob: blob.sha256.clone(),
        size_bytes: i64::try_from(blob.size_bytes).unwrap_or(i64::MAX),
    };
    intake.store.keep_debug_file(sender.tenant, &kept, &blob, time::now_ms()).await?;
    intake.metrics().symbol("stored");
    Ok(done(&kept))
}

/// SHA-1 and begin of a file.
fn read(path: &Path) -> std::io::Result<(Sha1Text, Vec<u8>)> {
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut head, mut step) = (Sha1::new(), Vec::new(), vec![0; STEP_BYTES]);
    loop {
        let bytes = match file.read(&mut step)? {
            0 => return Ok((Sha1Text::of(&hash.finalize()), head)),
            bytes => step.get(..bytes).unwrap_or_default(),
        };
        hash.update(bytes);
        head.extend(bytes.iter().take(MAX_DEBUG_HEAD_BYTES.saturating_sub(head.len())));
    }
}

/// Breakpad's text is kept where the analysis looks for it, too. False: it cannot be.
async fn keep_symbol(intake: &Intake, path: &Path) -> Result<bool, Refusal> {
    match symbols::keep_copy(intake, path).await {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.status.is_client_error() => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> Refusal {
    DbError::Io { doing: "cannot read", path: path.to_owned(), source }.into()
}

fn done(file: &DebugFile) -> Value {
    let debug_id = with_dashes(&file.debug_id);
    json!({
        "state": "ok",
        "missingChunks": [],
        "detail": null,
        "dif": {
            "id": file.sha1,
            "uuid": debug_id,
            "debugId": debug_id,
            "codeId": (!file.code_id.is_empty()).then_some(&file.code_id),
            "objectName": file.name,
            "cpuName": if file.arch.is_empty() { "any" } else { &file.arch },
            "symbolType": file.kind,
            "size": file.size_bytes,
            "sha1": file.sha1,
            "data": { "features": [] },
        },
    })
}

fn failed(intake: &Intake, reason: &'static str, detail: &str) -> Value {
    intake.metrics().refused(reason);
    json!({ "state": "error", "missingChunks": [], "detail": detail, "dif": null })
}

fn pending() -> Value {
    json!({ "state": "assembling", "missingChunks": [], "detail": null, "dif": null })
}

/// As Sentry writes debug ids: a UUID, and the age where it is not 0. `None`: there is none.
fn with_dashes(id: &str) -> Option<String> {
    let part = |from, to| id.get(from..to).map(str::to_ascii_lowercase);
    let uuid = [part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?].join("-");
    let age = id.get(32..).filter(|age| !age.trim_start_matches('0').is_empty());
    Some(age.map_or_else(|| uuid.clone(), |age| format!("{uuid}-{}", age.to_ascii_lowercase())))
}

impl From<AssembleError> for Refusal {
    fn from(error: AssembleError) -> Self {
        let status = match error {
            AssembleError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.reason(), error.to_string())
    }
}
