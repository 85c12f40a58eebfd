//! Downloads: always attachments, never shown, never under a name from outside.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;
use watson_db::blob::blob_path;

use crate::problem::Problem;
use crate::router::Pages;

/// What keeps a browser from opening bytes of strangers.
pub(crate) const ATTACHMENT_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
];

/// `/reports/{id}/cab`: the cab as it came.
pub(crate) async fn cab(State(pages): State<Pages>, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = pages.store.report(&id).await?.ok_or(Problem::NotFound)?;
    let file = tokio::fs::File::open(blob_path(&pages.store.dir().blobs(), &row.blob)).await?;
    let length = file.metadata().await?.len();
    let headers = [
        (header::CONTENT_LENGTH, length.to_string()),
        // The id is the store's own: hex digits and hyphens.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.cab\"", row.id)),
    ];
    Ok((ATTACHMENT_HEADERS, headers, Body::from_stream(ReaderStream::new(file))).into_response())
}
