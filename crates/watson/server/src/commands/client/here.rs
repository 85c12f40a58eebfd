//! The API in this process, on a store that no server has open. What is done here stands in the audit log as "command line".

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use watson_api::{Api, Granted};
use watson_db::Store;

use super::Answer;
use crate::accounts::password::password_hash;
use crate::limits::MAX_ANSWER_BYTES;

/// The actor of what is done here.
const ACTOR: &str = "command line";

/// An open store and its API.
pub(crate) struct Here {
    runtime: Runtime,
    router: Router,
    store: Arc<Store>,
}

impl Here {
    pub(super) fn new(runtime: Runtime, store: Store) -> Self {
        let store = Arc::new(store);
        let router = watson_api::router(Api::new(Arc::clone(&store), password_hash));
        Self { runtime, router, store }
    }

    pub(super) fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let limit_bytes = usize::try_from(MAX_ANSWER_BYTES).unwrap_or(usize::MAX);
        self.runtime.block_on(async {
            let response = self.ask(method, path, body).await?;
            let status = response.status();
            let bytes = axum::body::to_bytes(response.into_body(), limit_bytes).await?;
            Ok(Answer { status, bytes: bytes.to_vec() })
        })
    }

    pub(super) fn download(&self, path: &str, file: &mut std::fs::File) -> Result<u64> {
        self.runtime.block_on(async {
            let response = self.ask(&Method::GET, path, None).await?;
            if !response.status().is_success() {
                bail!("the store answered {}", response.status());
            }
            let mut body = response.into_body();
            let mut bytes = 0;
            while let Some(frame) = body.frame().await {
                let frame = frame.context("the rest could not be read")?;
                let piece = frame.into_data().unwrap_or_default();
                file.write_all(&piece).context("the file could not be written")?;
                bytes += piece.len() as u64;
            }
            Ok(bytes)
        })
    }

    async fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Response<Body>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        request.extensions_mut().insert(Granted::everything(ACTOR));
        Ok(self.router.clone().oneshot(request).await?)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}
