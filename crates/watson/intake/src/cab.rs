//! MS-CER2 level 2: a cab for a token. Streamed to disk, never opened here; a child process does that.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use watson_db::{BlobRef, BlobWriter, CabOutcome, CabTicket, time};

use crate::body::{BoundedBody, drain, within};
use crate::limits::MAX_UPLOAD_MS;
use crate::{Intake, Refusal};

/// How a cab begins.
const CAB_MAGIC: &[u8] = b"MSCF";
/// Bytes of a cab's header up to and including its own size.
const CAB_HEAD_BYTES: usize = 12;

pub(crate) async fn take(intake: &Intake, token: &str, body: Body) -> Result<Response, Refusal> {
    // Of two uploads for one token at once, one is told to come again.
    let held = intake.hold_token(token);
    let ticket = match ticket(intake, token, held.is_some()).await {
        Ok(ticket) => ticket,
        Err(refusal) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let _turn = intake.cab_turn().await?;
    let mut body = match BoundedBody::new(body, intake.limits.max_cab_bytes) {
        Ok(body) => body,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let blob = match within(MAX_UPLOAD_MS, receive(intake, &mut body)).await {
        Ok(blob) => blob,
        Err(refusal) => {
            body.abandon().await;
            intake.store.let_cab_go(&ticket).await?;
            return Err(refusal);
        }
    };
    keep(intake, &ticket, blob).await
}

pub(crate) async fn ticket(intake: &Intake, token: &str, held: bool) -> Result<CabTicket, Refusal> {
    if !held {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "token_in_use",
            "another upload of this cab is under way",
        ));
    }
    intake.store.cab_ticket(token, time::now_ms()).await?.ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "unknown_token", "there is no cab wanted under this name")
    })
}

async fn receive(intake: &Intake, body: &mut BoundedBody) -> Result<BlobWriter, Refusal> {
    let mut blob = intake.store.begin_blob().await?;
    let mut head: Vec<u8> = Vec::with_capacity(CAB_HEAD_BYTES);
    while let Some(piece) = body.piece().await? {
        head.extend(piece.iter().take(CAB_HEAD_BYTES - head.len()));
        check_magic(&head)?;
        blob.write(&piece).await?;
    }
    check_size(&head, blob.size_bytes())?;
    Ok(blob)
}

fn check_magic(head: &[u8]) -> Result<(), Refusal> {
    let seen = head.get(..CAB_MAGIC.len()).unwrap_or(head);
    if CAB_MAGIC.starts_with(seen) { Ok(()) } else { Err(not_a_cab()) }
}

/// A cab says its own size (`cbCabinet`, offset 8); one that is shorter was cut. Bytes behind it may be a signature.
fn check_size(head: &[u8], size_bytes: u64) -> Result<(), Refusal> {
    let declared =
        head.get(8..CAB_HEAD_BYTES).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    match declared {
        Some(declared_bytes) if u64::from(declared_bytes) <= size_bytes => Ok(()),
        Some(_) => Err(Refusal::bad("cab_cut", "the cab is shorter than its header says")),
        None => Err(not_a_cab()),
    }
}

fn not_a_cab() -> Refusal {
    Refusal::bad("not_a_cab", "the body is not a cab: it does not begin with MSCF")
}

async fn keep(intake: &Intake, ticket: &CabTicket, blob: BlobWriter) -> Result<Response, Refusal> {
    let outcome = match &ticket.here {
        // Compared before it is placed, so that no stranger's repeat stays on disk.
        Some((_, sha256)) if *sha256 != blob.sha256() => CabOutcome::Different,
        Some((report, _)) => CabOutcome::AlreadyHere { report: report.clone() },
        None => {
            let placed: BlobRef = blob.finish().await?;
            intake.store.commit_cab(ticket, &placed, time::now_ms()).await?
        }
    };
    match outcome {
        CabOutcome::Stored { report } => {
            tracing::info!(report.id = %report, bucket.id = ticket.bucket, "a cab was kept");
            intake.metrics().cab("stored");
            intake.ring();
            Ok(StatusCode::OK.into_response())
        }
        CabOutcome::AlreadyHere { .. } => {
            intake.metrics().cab("repeated");
            Ok(StatusCode::OK.into_response())
        }
        CabOutcome::NotWanted => Err(not_wanted()),
        CabOutcome::Different => Err(other_cab()),
    }
}

pub(crate) fn not_wanted() -> Refusal {
    let message = "it came so late that another machine was asked";
    Refusal::new(StatusCode::NOT_FOUND, "unknown_token", message)
}

pub(crate) fn other_cab() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "other_cab", "another cab of this report is already here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_cabs_pass() {
        let head = |declared: u32| [b"MSCF\0\0\0\0".as_slice(), &declared.to_le_bytes()].concat();
        assert!(check_size(&head(100), 100).is_ok());
        assert!(check_size(&head(100), 120).is_ok());
        assert_eq!(check_size(&head(100), 99).unwrap_err().reason, "cab_cut");
        assert_eq!(check_size(b"MSCF", 4).unwrap_err().reason, "not_a_cab");
        assert!(check_magic(b"MS").is_ok());
        assert_eq!(check_magic(b"MZ").unwrap_err().reason, "not_a_cab");
        assert_eq!(check_magic(b"MSC.").unwrap_err().reason, "not_a_cab");
    }
}
