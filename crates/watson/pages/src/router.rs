//! The pages' whole surface, and the headers that every one of them carries.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::io::{AsyncRead, ReadBuf};
use watson_db::{BlobFile, Store};

use crate::{bucket, buckets, download, machines, problem, report};

/// What the pages read.
#[derive(Clone)]
pub struct Pages {
    /// The store.
    pub store: Arc<Store>,
    /// Opens files of cabs.
    pub members: MemberOpener,
}

/// Opens one file of a cab, by the cab and the file's name. The pages never look inside a cab themselves.
pub type MemberOpener = Arc<
    dyn Fn(BlobFile, String) -> Pin<Box<dyn Future<Output = std::io::Result<MemberReader>> + Send>>
        + Send
        + Sync,
>;

/// A file of a cab being read, and what must live as long.
pub struct MemberReader {
    bytes: Box<dyn AsyncRead + Send + Unpin>,
    _keeper: Box<dyn Any + Send>,
}

impl MemberReader {
    /// Reads from `bytes`; `keeper` is dropped with it.
    pub fn new(bytes: impl AsyncRead + Send + Unpin + 'static, keeper: impl Any + Send) -> Self {
        Self { bytes: Box::new(bytes), _keeper: Box::new(keeper) }
    }
}

impl AsyncRead for MemberReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(context, buffer)
    }
}

/// People's pages, downloads and static files. Who may see them is the caller's concern.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(buckets::page))
        .route("/buckets/{id}", get(bucket::page))
        .route("/reports/{id}", get(report::page))
        .route("/machines", get(machines::page))
        .route("/reports/{id}/cab", get(download::cab))
        .route("/reports/{id}/files/{number}", get(download::file))
        .route(
            "/static/watson.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../static/watson.css"))),
        )
        .route("/static/watson.svg", get(|| asset("image/svg+xml", include_str!("../static/watson.svg"))))
        .fallback(problem::not_found)
        .layer(map_response(|response| async { with_headers(response) }))
        .with_state(pages)
}

async fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "max-age=3600")], text)
}

/// What a browser must not do with these pages.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Gives a page the headers that it does not have yet.
#[must_use]
pub fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
