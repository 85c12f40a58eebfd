//! Who may report what, by product and key, before a byte of the body is read where that is possible. A key says whose
//! product it is and wins over everything else that a request says about itself. Where a dialect or a client has no key,
//! the product's name decides once it is known; what no product is for is taken only where the server says so.
//!
//! While nothing is set up (no product in the store, and the server takes reports without keys), everything is admitted
//! and what looks like a key is not looked at.

pub mod forwarded;
pub mod shown;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use watson_db::{Dialect, KeyState, Product, ProductBook, secret_hash, time};

use crate::annotations::{identity, query_pairs};
use crate::ledger::ProductLimits;
use crate::limits::MAX_KEY_CHARS;
use crate::quota::Cost;
use crate::{Intake, Refusal, Route, Sender};

/// What is known of a request's product before its body is.
enum Before<'a> {
    Key(String),
    /// `/api/<project>/`.
    Project(&'a str),
    /// `?product=`.
    Name(String),
    Nothing,
}

/// Admits a request, or not, by what stands before its body. The product is put into the request's [`Sender`].
pub(crate) async fn admit(
    intake: &Intake,
    route: &Route,
    request: &mut Request<Body>,
) -> Result<(), Refusal> {
    let sender = Sender::of(request.extensions());
    within_quota(intake, sender, cost(route))?;
    let Some(dialect) = dialect(route) else { return Ok(()) };
    let book = book(intake).await?;
    let Some(decided) = decide(&book, dialect, before(dialect, route, request), sender)
        .map_err(|refusal| in_the_words_of(dialect, refusal))?
    else {
        return Ok(());
    };
    if let Route::SentryMinidump { project } | Route::SentryEnvelope { project } = route {
        is_project_of(&book, decided, project).map_err(|refusal| in_the_words_of(dialect, refusal))?;
    }
    request.extensions_mut().insert(decided);
    Ok(())
}

/// Admits a report whose product's name stood in its body: the sender, with its product where there is one.
pub(crate) async fn admit_named(
    intake: &Intake,
    dialect: Dialect,
    sender: Sender,
    name: &str,
) -> Result<Sender, Refusal> {
    if sender.product.is_some() {
        return Ok(sender);
    }
    let book = book(intake).await?;
    match book.named(sender.tenant, name) {
        Some(product) => without_key(product, dialect, sender),
        None if sender.needs_key => Err(needs_key(dialect)),
        None => Ok(sender),
    }
    .map_err(|refusal| in_the_words_of(dialect, refusal))
}

/// Admits an envelope, of which nothing but its first line is here: its data source name may hold the key that no header
/// did.
pub(crate) async fn admit_envelope(
    intake: &Intake,
    sender: Sender,
    project: &str,
    dsn: Option<&str>,
) -> Result<Sender, Refusal> {
    if sender.product.is_some() {
        return Ok(sender);
    }
    let before = dsn.and_then(shown::key_of_dsn).map_or(Before::Project(project), Before::Key);
    let book = book(intake).await?;
    let decided = decide(&book, Dialect::Sentry, before, sender).and_then(|decided| {
        let decided = decided.unwrap_or(sender);
        is_project_of(&book, decided, project).map(|()| decided)
    });
    decided.map_err(|refusal| in_the_words_of(Dialect::Sentry, refusal))
}

/// The name of the product that a report is filed under: the key's product has a name; a client's word is only a word.
pub(crate) async fn product_name(intake: &Intake, sender: Sender, told: String) -> Result<String, Refusal> {
    let Some(id) = sender.product else { return Ok(told) };
    Ok(book(intake).await?.product(id).map_or(told, |product| product.name.clone()))
}

async fn book(intake: &Intake) -> Result<Arc<ProductBook>, Refusal> {
    Ok(intake.store.product_book(time::now_ms()).await?)
}

/// `None`: what comes by an unguessable name of its own, which was given to somebody who was admitted.
fn dialect(route: &Route) -> Option<Dialect> {
    Some(match route {
        Route::Level1 => Dialect::Level1,
        Route::Minidump => Dialect::Minidump,
        Route::Socorro => Dialect::Socorro,
        Route::SentryMinidump { .. } | Route::SentryEnvelope { .. } => Dialect::Sentry,
        Route::Symbols
        | Route::SymbolStatus { .. }
        | Route::SymbolCreate { .. }
        | Route::SymbolPut { .. }
        | Route::SymbolComplete { .. }
        | Route::ChunkOptions { .. }
        | Route::ChunkUpload
        | Route::AssembleDebugFiles
        | Route::SentryApi => Dialect::Symbols,
        Route::Cab { .. } | Route::Pieces { .. } | Route::Piece { .. } | Route::PiecesComplete { .. } => {
            return None;
        }
    })
}

fn cost(route: &Route) -> Cost {
    match route {
        Route::Cab { .. }
        | Route::Minidump
        | Route::Socorro
        | Route::SentryMinidump { .. }
        | Route::SentryEnvelope { .. }
        | Route::Symbols
        | Route::SymbolPut { .. }
        | Route::ChunkUpload => Cost::Upload,
        _ => Cost::Small,
    }
}

/// The key that a request for symbols shows, for the URLs that it is given.
pub(crate) fn key_of(request: &Request<Body>) -> Option<String> {
    let parts = shown::Request {
        path: "",
        query: request.uri().query(),
        authorization: one(request.headers(), &header::AUTHORIZATION),
        sentry_auth: None,
    };
    // Only what is a key in form stands in an URL of ours.
    shown::shown_key(Dialect::Symbols, &parts).filter(|key| secret_hash(key).is_some())
}

/// The part of [`admit`] that asks nobody.
pub(crate) fn within_quota_of(
    intake: &Intake,
    route: &Route,
    request: &Request<Body>,
) -> Result<(), Refusal> {
    within_quota(intake, Sender::of(request.extensions()), cost(route))
}

fn within_quota(intake: &Intake, sender: Sender, cost: Cost) -> Result<(), Refusal> {
    let Some(seconds) = intake.quotas.take(sender.source, cost, intake.clock.now_ms()) else { return Ok(()) };
    let message = "this address has sent more than its share; send the report again later";
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "source_quota", message);
    Err(Refusal { retry_after_s: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..refusal })
}

/// A place in what a product may send. Dropped without [`Place::kept`], it is given back: a retry, or what was only
/// counted, takes none.
pub(crate) struct Place<'a> {
    intake: &'a Intake,
    product: Option<(i64, ProductLimits)>,
    now_ms: i64,
}

impl Place<'_> {
    /// Something was kept for it.
    pub(crate) fn kept(mut self) {
        self.product = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some((product, limits)) = self.product {
            self.intake.ledger.give_back(product, limits, self.now_ms);
        }
    }
}

/// A place for a crash's data; `None`: it is only counted, because its product is in a spike or has spent its limits.
/// Senders of this machine have limits only where some are set.
pub(crate) async fn takes_data<'a>(
    intake: &'a Intake,
    dialect: Dialect,
    sender: Sender,
    name: &str,
) -> Result<Option<Place<'a>>, Refusal> {
    let book = book(intake).await?;
    let product = sender.product.and_then(|id| book.product(id));
    let limits = product.map_or_else(ProductLimits::default, |product| ProductLimits {
        per_minute: product.per_minute,
        per_day: product.per_day,
    });
    let now_ms = intake.clock.now_ms();
    let key = match product {
        Some(product) => (product.tenant, format!("#{}", product.id)),
        None => (sender.tenant, name.chars().take(MAX_KEY_CHARS).collect()),
    };
    // What is usual holds where nobody has said what may be.
    let is_set = limits.per_minute.is_some();
    let learns = is_set || !sender.source.is_loopback();
    let is_usual = !learns || intake.spikes.admits(&key, now_ms);
    let admits =
        (is_set || is_usual) && product.is_none_or(|product| intake.ledger.take(product.id, limits, now_ms));
    if !admits {
        intake.metrics().spike(dialect.name());
        return Ok(None);
    }
    Ok(Some(Place { intake, product: product.map(|product| (product.id, limits)), now_ms }))
}

/// Whose key a client has, for whoever enrolls a machine: `GET /key`.
pub(crate) async fn key_holder(
    intake: &Intake,
    headers: &HeaderMap,
    sender: Sender,
) -> Result<String, Refusal> {
    within_quota(intake, sender, Cost::Small)?;
    let parts = shown::Request { authorization: one(headers, &header::AUTHORIZATION), ..Default::default() };
    let key = shown::shown_key(Dialect::Level1, &parts).ok_or_else(|| needs_key(Dialect::Level1))?;
    let book = book(intake).await?;
    let holder = with_key(&book, Dialect::Level1, &key, sender)?;
    holder.product.and_then(|id| book.product(id)).map(|product| product.name.clone()).ok_or_else(unknown_key)
}

fn before<'a>(dialect: Dialect, route: &'a Route, request: &Request<Body>) -> Before<'a> {
    let text = |name: header::HeaderName| one(request.headers(), &name);
    let parts = shown::Request {
        path: request.uri().path(),
        query: request.uri().query(),
        authorization: text(header::AUTHORIZATION),
        sentry_auth: text(SENTRY_AUTH),
    };
    if let Some(key) = shown::shown_key(dialect, &parts) {
        return Before::Key(key);
    }
    match route {
        Route::SentryMinidump { project } => Before::Project(project),
        Route::SentryEnvelope { .. } => Before::Nothing,
        Route::Minidump | Route::Socorro => {
            let query = query_pairs(parts.query);
            match identity(&[], &query).product {
                name if name.is_empty() => Before::Nothing,
                name => Before::Name(name),
            }
        }
        _ => Before::Nothing,
    }
}

/// `X-Sentry-Auth`.
const SENTRY_AUTH: header::HeaderName = header::HeaderName::from_static("x-sentry-auth");

fn one<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The sender with its product; `None`: nothing is decided yet.
fn decide(
    book: &ProductBook,
    dialect: Dialect,
    before: Before<'_>,
    sender: Sender,
) -> Result<Option<Sender>, Refusal> {
    match before {
        // Nobody has made a product, so nobody has made this key either: today's clients send what they were given once.
        Before::Key(_) if book.is_empty() && !sender.needs_key => Ok(None),
        Before::Key(key) => with_key(book, dialect, &key, sender).map(Some),
        Before::Project(project) => match project_of(book, sender, project) {
            Some(product) => without_key(product, dialect, sender).map(Some),
            None if sender.needs_key => Err(needs_key(dialect)),
            None => Ok(None),
        },
        // The form may name another product, and is asked once it is here; but what is refused now costs nothing.
        Before::Name(name) => match book.named(sender.tenant, &name) {
            Some(product) => without_key(product, dialect, sender).map(|_| None),
            None => Ok(None),
        },
        Before::Nothing => {
            // Level 1 has needs of its own, and envelopes and forms may say more in their bodies.
            let says_no_more = matches!(dialect, Dialect::Symbols)
                || (matches!(dialect, Dialect::Level1) && sender.needs_key_for_level1);
            if says_no_more && (sender.needs_key || sender.needs_key_for_level1) {
                return Err(needs_key(dialect));
            }
            Ok(None)
        }
    }
}

fn with_key(book: &ProductBook, dialect: Dialect, key: &str, sender: Sender) -> Result<Sender, Refusal> {
    let state = secret_hash(key).map_or(KeyState::Unknown, |hash| book.key(&hash, time::now_ms()));
    let product = match state {
        KeyState::Good(id) => book.product(id).ok_or_else(unknown_key)?,
        KeyState::Unknown => return Err(unknown_key()),
        KeyState::Revoked => return Err(forbidden("key_revoked", "this key was revoked")),
        KeyState::Ended => {
            return Err(forbidden("key_ended", "this key has ended; it was given a successor"));
        }
    };
    accepts(product, dialect)?;
    Ok(Sender { tenant: product.tenant, product: Some(product.id), ..sender })
}

fn without_key(product: &Product, dialect: Dialect, sender: Sender) -> Result<Sender, Refusal> {
    accepts(product, dialect)?;
    if product.key_required {
        return Err(needs_key(dialect));
    }
    Ok(Sender { product: Some(product.id), ..sender })
}

fn accepts(product: &Product, dialect: Dialect) -> Result<(), Refusal> {
    if product.dialects.contains(&dialect) {
        return Ok(());
    }
    let message = format!("this product takes no reports by the dialect {}", dialect.name());
    Err(forbidden("product_dialect", message))
}

/// By its number, or by its name.
fn project_of<'a>(book: &'a ProductBook, sender: Sender, project: &str) -> Option<&'a Product> {
    let by_number = project.parse().ok().and_then(|id| book.product(id));
    by_number.filter(|product| product.tenant == sender.tenant).or_else(|| book.named(sender.tenant, project))
}

/// A key is for one product, and the path must not say another.
fn is_project_of(book: &ProductBook, sender: Sender, project: &str) -> Result<(), Refusal> {
    let Some(product) = sender.product.and_then(|id| book.product(id)) else { return Ok(()) };
    if product.name.eq_ignore_ascii_case(project) || project.parse() == Ok(product.id) {
        return Ok(());
    }
    Err(forbidden("key_project", "this key is for another project than the one in the path"))
}

fn needs_key(dialect: Dialect) -> Refusal {
    let message = format!("reports by the dialect {} need a product's key here", dialect.name());
    Refusal::new(StatusCode::UNAUTHORIZED, "key_missing", message)
}

fn unknown_key() -> Refusal {
    forbidden("key_unknown", "this is no key of a product here")
}

fn forbidden(reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, reason, message)
}

/// The answer in the form that the dialect's clients know.
fn in_the_words_of(dialect: Dialect, refusal: Refusal) -> Refusal {
    let answer = match dialect {
        Dialect::Socorro => Some(format!("Discarded={}\n", refusal.reason)),
        Dialect::Sentry => {
            Some(serde_json::json!({ "detail": refusal.message, "causes": [refusal.reason] }).to_string())
        }
        _ => None,
    };
    Refusal { answer, ..refusal }
}
