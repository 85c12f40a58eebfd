//! Level 2 in pieces: what our own client sends in the place of a cab when its files are large. The token is the cab's.
//!
//! 1. `POST /pieces/TOKEN` with a manifest: which pieces are missing?
//! 2. `PUT /pieces/TOKEN/SHA256`: a piece. Each is on disk and committed before it is answered.
//! 3. `POST /pieces/TOKEN/complete` with the same manifest: the files are put together, and the report is made.
//!
//! Every step may be repeated; what has come stays for a week, also across restarts.

use axum::Json;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use watson_db::{BlobRef, CabOutcome, CabTicket, time};
use wer_wire::WireError;
use wer_wire::limits::{MAX_MANIFEST_BYTES, MAX_PIECE_BYTES};
use wer_wire::pieces::{Manifest, ManifestFile, Missing, is_sha256};

use crate::annotations::shown_name;
use crate::body::{BoundedBody, drain, within};
use crate::cab;
use crate::limits::{MAX_LEVEL1_MS, MAX_PIECE_MS};
use crate::payload::Payload;
use crate::privacy::Cleaner;
use crate::{Intake, Refusal};

/// Which pieces of a manifest are missing.
pub(crate) async fn missing(
    intake: &Intake,
    token: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let manifest = manifest(intake, request.into_body()).await?;
    let ticket = cab::ticket(intake, token, true).await?;
    if let Some((_, sha256)) = &ticket.here {
        return here(sha256, &manifest).map(|()| Json(Missing::default()).into_response());
    }
    let names: Vec<&str> = manifest.files.iter().flat_map(names).collect();
    let missing = intake.store.missing_chunks(&scope(token), &names).await?;
    Ok(Json(Missing { missing }).into_response())
}

/// Keeps a piece.
pub(crate) async fn put(
    intake: &Intake,
    token: &str,
    name: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let refused = match cab::ticket(intake, token, true).await {
        Err(refusal) => Some(refusal),
        Ok(_) if !is_sha256(name) => Some(Refusal::bad("piece", "a piece's name is no SHA-256")),
        Ok(_) => None,
    };
    if let Some(refusal) = refused {
        drain(body).await;
        return Err(refusal);
    }
    let _turn = intake.cab_turn().await?;
    let mut payload = match Payload::open(&head.headers, body, u64::from(MAX_PIECE_BYTES)) {
        Ok(payload) => payload,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let receiving = async {
        let mut blob = intake.store.begin_blob().await?;
        while let Some(bytes) = payload.piece().await? {
            blob.write(&bytes).await?;
        }
        Ok(blob)
    };
    let blob = match within(MAX_PIECE_MS, receiving).await {
        Ok(blob) => blob,
        Err(refusal) => {
            payload.abandon().await;
            return Err(refusal);
        }
    };
    if blob.sha256() != name {
        return Err(Refusal::bad("piece_hash", "the piece is not what its name says"));
    }
    intake.store.put_chunk(&scope(token), name, blob, time::now_ms()).await?;
    Ok(StatusCode::OK.into_response())
}

/// Puts the files together and makes the report.
pub(crate) async fn complete(
    intake: &Intake,
    token: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let manifest = manifest(intake, request.into_body()).await?;
    let held = intake.hold_token(token);
    let ticket = cab::ticket(intake, token, held.is_some()).await?;
    if let Some((_, sha256)) = &ticket.here {
        here(sha256, &manifest)?;
        intake.metrics().cab("repeated");
        return Ok(StatusCode::OK.into_response());
    }
    let _turn = intake.cab_turn().await?;
    let rules = intake.privacy_of(ticket.tenant, &ticket.product).await?;
    let cleaner = Cleaner::new(rules, intake.store.names(), ticket.tenant);
    let mut files = Vec::with_capacity(manifest.files.len());
    for file in &manifest.files {
        // Folders go in any case; what stands in the last part of a path is cleaned by its place.
        let name = shown_name(&cleaner.name(&file.name));
        files.push((name, whole(intake, token, file).await?));
    }
    keep(intake, &ticket, files).await?;
    // Whoever asks again finds the report. Pieces that stay behind end with their time.
    if let Err(error) = intake.store.forget_chunks(&scope(token)).await {
        tracing::warn!(error = %error, "the pieces of a finished upload could not be forgotten");
    }
    Ok(StatusCode::OK.into_response())
}

async fn manifest(intake: &Intake, body: Body) -> Result<Manifest, Refusal> {
    let bytes = match BoundedBody::new(body, MAX_MANIFEST_BYTES as u64) {
        Ok(mut body) => within(MAX_LEVEL1_MS, body.whole()).await?,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let manifest = Manifest::parse(&bytes).map_err(|error: WireError| {
        Refusal::bad("manifest", format!("the upload in pieces cannot be begun: {error}"))
    })?;
    if manifest.total_bytes() > intake.limits.max_pieces_bytes {
        return Err(Refusal::too_large(intake.limits.max_pieces_bytes));
    }
    Ok(manifest)
}

async fn whole(intake: &Intake, token: &str, file: &ManifestFile) -> Result<BlobRef, Refusal> {
    let names: Vec<&str> = names(file).collect();
    let Some(blob) = intake.store.assemble(&scope(token), &names).await? else {
        return Err(Refusal::new(StatusCode::CONFLICT, "pieces_missing", "not all pieces have come"));
    };
    if blob.size_bytes() != file.size_bytes || blob.sha256() != file.sha256 {
        return Err(Refusal::bad(
            "pieces_hash",
            "the pieces do not make the file that the manifest tells of",
        ));
    }
    Ok(blob.finish().await?)
}

async fn keep(intake: &Intake, ticket: &CabTicket, files: Vec<(String, BlobRef)>) -> Result<(), Refusal> {
    match intake.store.commit_files(ticket, files, time::now_ms()).await? {
        CabOutcome::Stored { report } => {
            tracing::info!(report.id = %report, bucket.id = ticket.bucket, "files that came in pieces were kept");
            intake.metrics().cab("stored");
            intake.ring();
            Ok(())
        }
        CabOutcome::AlreadyHere { .. } => Ok(()),
        CabOutcome::NotWanted => Err(cab::not_wanted()),
        CabOutcome::Different => Err(cab::other_cab()),
    }
}

/// Whether the report that is here is this upload's.
fn here(sha256: &str, manifest: &Manifest) -> Result<(), Refusal> {
    let same = manifest.files.first().is_some_and(|file| file.sha256 == sha256);
    if same { Ok(()) } else { Err(cab::other_cab()) }
}

fn names(file: &ManifestFile) -> impl Iterator<Item = &str> {
    file.pieces.iter().map(String::as_str)
}

/// Nobody finds the pieces of another upload, or learns that they are here.
fn scope(token: &str) -> String {
    format!("cab:{token}")
}
