//! `/login` and `/logout`: a form, a cookie, no JavaScript.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, Limited};
use watson_db::{Store, secret_hash, time};
use watson_pages::router::with_headers;

use super::throttle::Throttle;
use super::{cookie_name, cookie_value, is_own_page, password};
use crate::limits::{MAX_LOGIN_BYTES, SESSION_MS};
use crate::trust::Arrival;

/// Takes logins.
#[derive(Debug)]
pub struct Logins {
    store: Arc<Store>,
    port: u16,
    addresses: Throttle<IpAddr>,
    names: Throttle<String>,
}

impl Logins {
    /// For the server on this port.
    #[must_use]
    pub fn new(store: Arc<Store>, port: u16) -> Self {
        Self { store, port, addresses: Throttle::default(), names: Throttle::default() }
    }

    /// The name of the session's cookie for a request.
    #[must_use]
    pub fn cookie(&self, arrival: &Arrival) -> String {
        cookie_name(self.port, arrival.tls)
    }

    /// Answers `/login` and `/logout`; gives other requests back.
    ///
    /// # Errors
    /// The request, where it is for somebody else.
    pub async fn answer(&self, arrival: &Arrival, request: Request) -> Result<Response, Box<Request>> {
        let answer = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/login") => form(StatusCode::OK, ""),
            (&Method::POST, "/login") => self.login(arrival, request).await,
            (&Method::POST, "/logout") => self.logout(arrival, request.headers()).await,
            _ => return Err(Box::new(request)),
        };
        Ok(with_headers(answer))
    }

    async fn login(&self, arrival: &Arrival, request: Request) -> Response {
        // A page of another site must not sign a person in either: what is done then is seen by the other account.
        if request.headers().contains_key(header::ORIGIN) && !is_own_page(request.headers(), arrival) {
            return form(StatusCode::FORBIDDEN, "That came from a page of another site.");
        }
        let Some((name, given)) = fields(request.into_body()).await else {
            return form(StatusCode::BAD_REQUEST, "That was no login.");
        };
        let now_ms = time::now_ms();
        let wait_ms = self.addresses.wait_ms(&arrival.source, now_ms).max(self.names.wait_ms(&name, now_ms));
        if wait_ms > 0 {
            let seconds = (wait_ms + 999) / 1000;
            let mut answer = form(StatusCode::TOO_MANY_REQUESTS, "Too many failed tries. Wait a while.");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return answer;
        }
        let found = match self.store.account_password(&name).await {
            Ok(found) => found,
            Err(error) => return broken(&error),
        };
        let (account, hash) = found.map_or((None, None), |(account, hash)| (Some(account), Some(hash)));
        let right = password::check(given, hash).await;
        let Some(account) = account.filter(|_| right) else {
            self.addresses.failed(&arrival.source, now_ms);
            self.names.failed(&name, now_ms);
            tracing::warn!("a login failed");
            return form(StatusCode::UNAUTHORIZED, "Name or password is wrong.");
        };
        self.addresses.succeeded(&arrival.source);
        self.names.succeeded(&name);
        match self.store.begin_session(account.id, now_ms.saturating_add(SESSION_MS), now_ms).await {
            Ok(session) => {
                tracing::info!(account.id = account.id, "an account signed in");
                entered(&self.set_cookie(arrival, &session.secret, SESSION_MS / 1000), "/")
            }
            Err(error) => broken(&error),
        }
    }

    async fn logout(&self, arrival: &Arrival, headers: &HeaderMap) -> Response {
        if !is_own_page(headers, arrival) {
            return form(StatusCode::FORBIDDEN, "That came from a page of another site.");
        }
        if let Some(hash) = cookie_value(headers, &self.cookie(arrival)).and_then(secret_hash)
            && let Err(error) = self.store.end_session(&hash).await
        {
            return broken(&error);
        }
        entered(&self.set_cookie(arrival, "", 0), "/login")
    }

    fn set_cookie(&self, arrival: &Arrival, value: &str, seconds: i64) -> String {
        let secure = if arrival.tls { "; Secure" } else { "" };
        let name = self.cookie(arrival);
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
    }
}

fn entered(cookie: &str, to: &str) -> Response {
    ([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store")], Redirect::to(to)).into_response()
}

fn broken(error: &watson_db::DbError) -> Response {
    tracing::error!(error = %error, "the database does not answer");
    form(StatusCode::SERVICE_UNAVAILABLE, "The server cannot look that up now. Try again.")
}

/// Name and password of the form.
async fn fields(body: Body) -> Option<(String, String)> {
    let bytes = Limited::new(body, MAX_LOGIN_BYTES).collect().await.ok()?.to_bytes();
    let find = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(&bytes);
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    Some((find("name")?, find("password")?))
}

/// The page. `said` is one of this file's own sentences.
fn form(status: StatusCode, said: &'static str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>watson: sign in</title>\
         <link rel=\"stylesheet\" href=\"/static/watson.css\"></head><body><main><h1>Sign in</h1><p>{said}</p>\
         <form method=\"post\" action=\"/login\"><p><label>Name <input name=\"name\" autocomplete=\"username\" \
         required autofocus></label></p><p><label>Password <input name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required></label></p><p><button>Sign in</button></p></form></main></body></html>"
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response()
}
