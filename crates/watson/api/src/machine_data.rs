//! What is known of one machine: given out whole, or forgotten.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;
use watson_db::time;

use crate::access::MayErase;
use crate::input::{Path, Query};
use crate::limits::MAX_WAITING_PIECES;
use crate::machines::Of;
use crate::problem::Failure;
use crate::router::Api;

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Erased {
    /// The machine's pseudonym.
    machine: String,
    reports: u64,
    /// Level 1 bodies.
    raw: u64,
    leases: u64,
    /// Buckets and days on which it was counted as a machine. The hits stay.
    days: u64,
    /// Blobs that nothing else named.
    blobs: u64,
}

/// Export a machine
///
/// Everything that is kept of it, as a tar: JSON for rows, files as they are. A connection that ends before the tar does
/// means that something could not be read. A machine that is not known is an export without reports.
#[utoipa::path(get, path = "/api/v1/machines/{name}/export", tag = "machines", security(("token" = ["erase"])),
    params(("name" = String, Path, description = "Its name, in any letter case, or its id."), Of),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-tar")))]
pub(crate) async fn export_machine(
    State(api): State<Api>,
    MayErase(granted): MayErase,
    Path(name): Path<String>,
    Query(of): Query<Of>,
) -> Result<Response, Failure> {
    let tenant = granted.tenant_for(of.tenant)?;
    let mut export = api.store.export_machine(tenant, &name, &granted.actor, time::now_ms()).await?;
    let (pieces, receiver) = mpsc::channel(MAX_WAITING_PIECES);
    tokio::spawn(async move {
        loop {
            let piece = match export.next().await {
                Ok(Some(piece)) => Ok(Bytes::from(piece)),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(error = %error, "an export of a machine could not be ended");
                    Err(std::io::Error::other("the rest could not be read"))
                }
            };
            let failed = piece.is_err();
            if pieces.send(piece).await.is_err() || failed {
                return;
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"machine.tar\""),
    ];
    Ok((headers, Body::new(Pieces(receiver))).into_response())
}

/// Erase a machine
///
/// All that is kept of it, with its files. What it reports later is new. The numbers of hits stay.
#[utoipa::path(delete, path = "/api/v1/machines/{name}", tag = "machines", security(("token" = ["erase"])),
    params(("name" = String, Path, description = "Its name, in any letter case, or its id."), Of),
    responses((status = 200, body = Erased)))]
pub(crate) async fn erase_machine(
    State(api): State<Api>,
    MayErase(granted): MayErase,
    Path(name): Path<String>,
    Query(of): Query<Of>,
) -> Result<Json<Erased>, Failure> {
    let tenant = granted.tenant_for(of.tenant)?;
    let erased = api.store.erase_machine(tenant, &name, &granted.actor, time::now_ms()).await?;
    Ok(Json(Erased {
        machine: erased.machine,
        reports: erased.reports,
        raw: erased.raw,
        leases: erased.leases,
        days: erased.days,
        blobs: erased.blobs,
    }))
}

/// A body that comes piece by piece, and breaks off where a piece is missing.
struct Pieces(mpsc::Receiver<std::io::Result<Bytes>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
