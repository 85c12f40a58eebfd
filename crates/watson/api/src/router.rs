//! The whole surface.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use watson_db::Store;

use crate::access::{Granted, MayRead};
use crate::document::{About, complete};
use crate::limits::MAX_BODY_BYTES;
use crate::problem::Failure;
use crate::quotas::UsageReader;
use crate::{
    accounts, audit, bucket_lists, bucket_machines, buckets, debug_files, jobs, machine_data, machines,
    old_paths, policies, privacy, products, quotas, reports, retention, solutions, storage, tenants, tokens,
};

/// Makes a password's hash, or says why not.
pub type HashPassword = fn(&str) -> Result<String, String>;

/// What the API reads and writes.
#[derive(Clone)]
pub struct Api {
    pub(crate) store: Arc<Store>,
    pub(crate) hash_password: HashPassword,
    pub(crate) usage: Option<UsageReader>,
    /// A check that was begun here runs.
    pub(crate) fsck_runs: Arc<AtomicBool>,
}

impl Api {
    /// On a store.
    #[must_use]
    pub fn new(store: Arc<Store>, hash_password: HashPassword) -> Self {
        Self { store, hash_password, usage: None, fsck_runs: Arc::default() }
    }

    /// In a process that takes reports: it knows what senders have used.
    #[must_use]
    pub fn with_usage(self, usage: UsageReader) -> Self {
        Self { usage: Some(usage), ..self }
    }
}

/// Every path, with what its functions say of themselves.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(About::openapi())
        .routes(routes!(openapi))
        .routes(routes!(buckets::list_buckets))
        .routes(routes!(buckets::get_bucket))
        .routes(routes!(bucket_lists::list_days))
        .routes(routes!(bucket_lists::list_leases))
        .routes(routes!(bucket_machines::count_machines))
        .routes(routes!(bucket_lists::list_reports))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports::get_level1))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(policies::list_policies, policies::add_policy))
        .routes(routes!(policies::get_policy, policies::change_policy, policies::remove_policy))
        .routes(routes!(solutions::list_solutions, solutions::add_solution))
        .routes(routes!(solutions::get_solution, solutions::change_solution, solutions::remove_solution))
        .routes(routes!(solutions::list_regressions))
        .routes(routes!(machines::list_machines))
        .routes(routes!(machines::get_machine, machine_data::erase_machine))
        .routes(routes!(machine_data::export_machine))
        .routes(routes!(retention::list_retention, retention::set_retention))
        .routes(routes!(retention::remove_retention))
        .routes(routes!(privacy::list_privacy, privacy::set_privacy, privacy::remove_privacy))
        .routes(routes!(tenants::list_tenants, tenants::add_tenant))
        .routes(routes!(products::list_products, products::add_product))
        .routes(routes!(products::change_product, products::remove_product))
        .routes(routes!(products::list_keys, products::make_key))
        .routes(routes!(products::revoke_key))
        .routes(routes!(tokens::list_tokens, tokens::make_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(accounts::list_accounts, accounts::add_account))
        .routes(routes!(accounts::change_account, accounts::remove_account))
        .routes(routes!(debug_files::list_debug_files))
        .routes(routes!(debug_files::get_debug_file, debug_files::remove_debug_file))
        .routes(routes!(quotas::get_quotas))
        .routes(routes!(storage::get_storage))
        .routes(routes!(storage::begin_fsck))
        .routes(routes!(audit::list_acts))
        .routes(routes!(audit::verify_acts))
}

/// Everything below `/api/`. The caller puts a [`Granted`] into the extensions of requests whose sender is known.
pub fn router(api: Api) -> Router {
    let (router, document) = routes().split_for_parts();
    let text: Arc<str> = complete(document).to_pretty_json().unwrap_or_default().into();
    router
        .route("/api/buckets", get(old_paths::buckets))
        .route("/api/buckets/{id}", get(buckets::get_bucket))
        .route("/api/reports/{id}", get(reports::get_report))
        .fallback(nowhere)
        .method_not_allowed_fallback(async || Failure::Method)
        .layer(axum::Extension(DocumentText(text)))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(refuse_other_sites))
        .layer(map_response(with_headers))
        .with_state(api)
}

#[derive(Clone)]
struct DocumentText(Arc<str>);

/// This document
///
/// The OpenAPI 3.1 document of this server.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "server", security(("token" = ["read"])),
    responses((status = 200, body = Object)))]
async fn openapi(_: MayRead, axum::Extension(DocumentText(text)): axum::Extension<DocumentText>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.to_string()).into_response()
}

/// Strangers are not told which paths there are.
async fn nowhere(granted: Option<axum::Extension<Granted>>) -> Failure {
    match granted {
        Some(_) => Failure::Missing("path; /api/v1/openapi.json has them all"),
        None => Failure::NotGranted,
    }
}

/// A browser sends this server's cookie along with what a page of another port of this machine asks for.
async fn refuse_other_sites(State(()): State<()>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let own = headers.get(header::ORIGIN).is_none_or(|origin| {
        let name = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        name.is_some_and(|(_, name)| Some(name) == host)
    });
    if changes && !own { Failure::OtherSite.into_response() } else { next.run(request).await }
}

async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}
