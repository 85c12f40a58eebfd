//! Every request's way: whose is it, may it, who answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tower::ServiceExt;
use tower_http::timeout::TimeoutLayer;
use watson_api::{Api, Granted};
use watson_db::Store;
use watson_intake::door::DoorError;
use watson_intake::{Intake, Refusal, Sender, route};
use watson_pages::Pages;
use watson_pages::router::{MemberOpener, with_headers};

use crate::access::{Access, Verdict};
use crate::limits::MAX_PAGE_MS;
use crate::metrics::{ServerMetrics, class_of};
use crate::peer::Peer;
use crate::probes::{healthz, readyz, render_store};

/// The parts that answer.
#[derive(Clone)]
pub struct App {
    /// Machines.
    pub intake: Arc<Intake>,
    /// What is kept.
    pub store: Arc<Store>,
    /// Who may see it.
    pub access: Access,
    /// Opens files of cabs.
    pub members: MemberOpener,
}

#[derive(Clone)]
struct Parts {
    app: App,
    pages: Router,
    api: Router,
    metrics: Arc<ServerMetrics>,
}

/// The whole server as one router.
pub fn app(app: App) -> Router {
    let counted = Arc::new(ServerMetrics::default());
    let own = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(Extension(Arc::clone(&counted)))
        .with_state(app.clone());
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_millis(MAX_PAGE_MS));
    let pages = own
        .fallback_service(watson_pages::router(Pages {
            store: Arc::clone(&app.store),
            members: Arc::clone(&app.members),
        }))
        .layer(timeout);
    let api = watson_api::router(Api { store: Arc::clone(&app.store) }).layer(timeout);
    Router::new().fallback(dispatch).with_state(Parts { app, pages, api, metrics: counted })
}

async fn dispatch(State(parts): State<Parts>, request: Request) -> Response {
    let (begun, metrics) = (Instant::now(), Arc::clone(&parts.metrics));
    let class = class_of(request.method(), request.uri().path());
    let answer = answer(State(parts), request).await;
    metrics.answered(class, begun.elapsed());
    answer
}

async fn answer(State(Parts { app, pages, api, .. }): State<Parts>, mut request: Request) -> Response {
    if let Some(error) = request.extensions().get::<DoorError>().copied() {
        return refuse(&app, error.into(), request).await;
    }
    if !app.access.host_is_ours(request.uri(), request.headers()) {
        let text = "host: this server answers only to loopback names such as 127.0.0.1 and localhost\n";
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    }
    let sender = sender(&request);
    request.extensions_mut().insert(sender);
    match route(request.method(), request.uri().path()) {
        Ok(Some(route)) => app.intake.handle(route, request).await,
        Ok(None) if request.uri().path().starts_with("/api/") => programs(&app, api, request).await,
        Ok(None) => page(&app, pages, request).await,
        Err(refusal) => refuse(&app, refusal, request).await,
    }
}

/// Who sends: the connection's other end, until more is known.
fn sender(request: &Request) -> Sender {
    match request.extensions().get::<Peer>() {
        Some(peer) => Sender { source: peer.address.ip().to_canonical(), ..Sender::default() },
        None => Sender::default(),
    }
}

async fn refuse(app: &App, refusal: Refusal, request: Request) -> Response {
    app.intake.refuse(refusal, request).await
}

/// The API itself refuses whoever is not known.
async fn programs(app: &App, api: Router, mut request: Request) -> Response {
    if app.access.verdict(request.uri(), request.headers()) == Verdict::Show {
        request.extensions_mut().insert(Granted::everything("local token"));
    }
    api.oneshot(request).await.into_response()
}

async fn page(app: &App, pages: Router, request: Request) -> Response {
    // Health and totals hold nothing of anybody; probes and collectors have no cookie.
    let open = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    let verdict = if open { Verdict::Show } else { app.access.verdict(request.uri(), request.headers()) };
    match verdict {
        Verdict::Show => pages.oneshot(request).await.into_response(),
        Verdict::Enter { cookie, location } => {
            let headers = [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())];
            (headers, Redirect::to(&location)).into_response()
        }
        Verdict::Refuse => {
            let headers = [(header::CACHE_CONTROL, "no-store"), (header::WWW_AUTHENTICATE, "Bearer")];
            with_headers((StatusCode::UNAUTHORIZED, headers, Html(TOKEN_NEEDED)).into_response())
        }
    }
}

const TOKEN_NEEDED: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>watson</title>\
<link rel=\"stylesheet\" href=\"/static/watson.css\"></head><body><main><section class=\"empty\">\
<h1>This page needs the token</h1><p>Open the link that <code>watson serve</code> printed when it started. \
The token is also in the file <code>token</code> of its data folder.</p></section></main></body></html>";

async fn metrics(State(app): State<App>, Extension(counted): Extension<Arc<ServerMetrics>>) -> Response {
    let counts = match app.store.counts().await {
        Ok(counts) => counts,
        Err(error) => {
            tracing::error!(error = %error, "the database does not answer");
            return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response();
        }
    };
    let gauges = [
        ("watson_buckets", "Buckets.", counts.buckets),
        ("watson_hits", "Crashes, each counted once.", counts.hits),
        ("watson_reports", "Reports with data.", counts.reports),
        ("watson_jobs_open", "Analyses that wait or run.", counts.jobs_open),
        ("watson_jobs_poison", "Analyses that failed for good.", counts.jobs_poison),
    ];
    let mut text = app.intake.metrics().render();
    for (name, help, value) in gauges {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"));
    }
    counted.render(&mut text);
    render_store(&app.store, &mut text).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
