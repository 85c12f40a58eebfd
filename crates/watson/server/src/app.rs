//! Every request's way: whose is it, may it, who answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tower::ServiceExt;
use tower_http::timeout::TimeoutLayer;
use watson_api::{Api, Granted, Scope};
use watson_db::Store;
use watson_intake::door::DoorError;
use watson_intake::{Intake, Refusal, route};
use watson_pages::Pages;
use watson_pages::router::{MemberOpener, with_headers};

use crate::access::Access;
use crate::accounts::password::password_hash;
use crate::gate::{Gate, Head, Looker};
use crate::limits::MAX_PAGE_MS;
use crate::metrics::{ServerMetrics, class_of};
use crate::probes::{healthz, readyz, render_store};
use crate::trust::{Arrival, Trust};
use crate::usage::quotas;

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
    gate: Gate,
    pages: Router,
    api: Router,
    metrics: Arc<ServerMetrics>,
}

/// The whole server as one router.
pub fn app(app: App) -> Router {
    app_behind(app, Trust::default())
}

/// The same for a server that believes others.
pub fn app_behind(app: App, trust: Trust) -> Router {
    let gate = Gate::new(trust, Arc::clone(&app.store), app.access.clone());
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
    let api = watson_api::router(api(&app)).layer(timeout);
    Router::new().fallback(dispatch).with_state(Parts { app, gate, pages, api, metrics: counted })
}

fn api(app: &App) -> Api {
    let intake = Arc::clone(&app.intake);
    Api::new(Arc::clone(&app.store), password_hash).with_usage(Arc::new(move || quotas(&intake)))
}

async fn dispatch(State(parts): State<Parts>, request: Request) -> Response {
    let (begun, metrics) = (Instant::now(), Arc::clone(&parts.metrics));
    let class = class_of(request.method(), request.uri().path());
    let answer = answer(parts, request).await;
    metrics.answered(class, begun.elapsed());
    answer
}

async fn answer(parts: Parts, mut request: Request) -> Response {
    let Parts { app, gate, .. } = &parts;
    if let Some(error) = request.extensions().get::<DoorError>().copied() {
        return refuse(app, error.into(), request).await;
    }
    let arrival = match gate.arrival(&request) {
        Ok(arrival) => arrival,
        Err(error) => return (StatusCode::MISDIRECTED_REQUEST, format!("host: {error}\n")).into_response(),
    };
    if gate.trust().refuses_plain(&arrival) {
        let message = "this server takes nothing in the clear from other machines; call it by HTTPS";
        return refuse(app, Refusal::new(StatusCode::FORBIDDEN, "https_required", message), request).await;
    }
    request.extensions_mut().insert(gate.trust().sender(&arrival));
    if request.method() == Method::GET && request.uri().path() == "/key" {
        return app.intake.key(request).await;
    }
    match route(request.method(), request.uri().path()) {
        Ok(Some(route)) => app.intake.handle(route, request).await,
        Ok(None) => people(parts, arrival, request).await,
        // A PUT to no cab's path is the API's: it says which methods there are.
        Err(_) if request.uri().path().starts_with("/api/") && !climbs(&request) => {
            people(parts, arrival, request).await
        }
        Err(refusal) => refuse(app, refusal, request).await,
    }
}

/// What a client tries with dots in its path is the intake's to refuse and to count.
fn climbs(request: &Request) -> bool {
    request.uri().path().split('/').any(|part| matches!(part, "." | ".."))
}

async fn refuse(app: &App, refusal: Refusal, request: Request) -> Response {
    app.intake.refuse(refusal, request).await
}

/// Pages, and the API: who looks is found out here, and what they may is asked there.
async fn people(Parts { gate, pages, api, .. }: Parts, arrival: Arrival, request: Request) -> Response {
    let path = request.uri().path();
    // Health and totals hold nothing of anybody; probes and collectors have no cookie.
    if matches!(path, "/healthz" | "/readyz" | "/metrics") || path.starts_with("/static/") {
        return pages.oneshot(request).await.into_response();
    }
    let mut request = match gate.logins.answer(&arrival, request).await {
        Ok(answer) => return answer,
        Err(request) => *request,
    };
    let is_api = request.uri().path().starts_with("/api/");
    let head = Head { method: request.method(), uri: request.uri(), headers: request.headers() };
    let looker = match gate.looker(&arrival, &head).await {
        Ok(looker) => looker,
        Err(error) => {
            tracing::error!(error = %error, "the database does not answer");
            return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response();
        }
    };
    match looker {
        Looker::OtherSite => {
            let text = "other_site: this request does not say that a page of this server made it\n";
            (StatusCode::FORBIDDEN, text).into_response()
        }
        // The API itself refuses whoever is not known.
        Looker::Granted(granted) if is_api => {
            request.extensions_mut().insert(granted);
            api.oneshot(request).await.into_response()
        }
        _ if is_api => api.oneshot(request).await.into_response(),
        Looker::Granted(granted) if sees_pages(&granted) => pages.oneshot(request).await.into_response(),
        Looker::Granted(_) => {
            let text = "pages: this account sees some data only, and only by the API\n";
            with_headers((StatusCode::FORBIDDEN, text).into_response())
        }
        Looker::Enter { cookie, location } => {
            let headers = [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())];
            (headers, Redirect::to(&location)).into_response()
        }
        Looker::Nobody => {
            let headers = [(header::CACHE_CONTROL, "no-store"), (header::WWW_AUTHENTICATE, "Bearer")];
            with_headers((StatusCode::UNAUTHORIZED, headers, Html(TOKEN_NEEDED)).into_response())
        }
    }
}

/// Pages show every tenant's data.
fn sees_pages(granted: &Granted) -> bool {
    granted.may(Scope::Read) && granted.tenant.is_none()
}

const TOKEN_NEEDED: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>watson</title>\
<link rel=\"stylesheet\" href=\"/static/watson.css\"></head><body><main><section class=\"empty\">\
<h1>This page needs the token</h1><p>Open the link that <code>watson serve</code> printed when it started. \
The token is also in the file <code>token</code> of its data folder. Whoever has an account \
<a href=\"/login\">signs in</a>.</p></section></main></body></html>";

async fn metrics(State(app): State<App>, Extension(counted): Extension<Arc<ServerMetrics>>) -> Response {
    let health = app.intake.health();
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let gauges = [
        ("watson_ready", "1 while level 1 is taken.", i64::from(health.is_ready())),
        ("watson_blobs_answer", "1 while the place for blobs answers.", i64::from(health.has_blobs)),
        ("watson_spool_requests", "Requests in the reserve.", number(health.spooled as u64)),
        ("watson_spool_bytes", "Their bytes.", number(health.spooled_bytes)),
        (
            "watson_disk_free_bytes",
            "Free bytes of the fullest folder.",
            number(health.free_bytes.unwrap_or(0)),
        ),
        (
            "watson_disk_room",
            "Room on disk: 0 enough, 1 blobs have stopped, 2 everything has.",
            health.room as i64,
        ),
    ];
    let mut text = app.intake.metrics().render();
    for (name, help, value) in gauges {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"));
    }
    counted.render(&mut text);
    render_store(&app.store, health.has_database, &mut text).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
