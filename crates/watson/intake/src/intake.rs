//! The intake as a value: what it keeps in, what it counts, how much it takes at once.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use watson_db::{DbError, PrivacyRules, Store, time};

use crate::clock::Clock;
use crate::keep::plain;
use crate::ledger::Ledger;
use crate::limits::{
    DEFAULT_MAX_CAB_BYTES, DEFAULT_MAX_DUMP_BYTES, DEFAULT_MAX_PIECES_BYTES, DEFAULT_MAX_SYMBOL_BYTES,
    MAX_CABS_AT_ONCE, MAX_DUMPS_AT_ONCE, MAX_LEVEL1_AT_ONCE, MAX_LEVEL1_WAITING, MAX_SPOOLING_AT_ONCE,
    MAX_SYMBOLS_AT_ONCE, MAX_UPLOADS_WAITING,
};
use crate::overload::watch::{Disk, FreeBytes, free_bytes};
use crate::overload::{Decision, Dialect, Gauge, OverloadSettings, Shortage, decide, dialect, shed};
use crate::quota::{Quotas, Rates};
use crate::spike::Spikes;
use crate::spool::Spool;
use crate::spool::entry::NotAdmitted;
use crate::symbols::staged;
use crate::turns::Turns;
use crate::{
    DumpServer, Metrics, Refusal, Route, Sender, admission, body, cab, level1, minidump, pieces, sentry,
    sentry_cli, socorro, symbols,
};

/// Limits that a site may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeLimits {
    /// Bytes of a cab.
    pub max_cab_bytes: u64,
    /// Bytes of a symbol file.
    pub max_symbol_bytes: u64,
    /// Bytes of a dump and its attachments, unpacked.
    pub max_dump_bytes: u64,
    /// Bytes of all files of an upload in pieces.
    pub max_pieces_bytes: u64,
    /// Requests of one source.
    pub rates: Rates,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self {
            max_cab_bytes: DEFAULT_MAX_CAB_BYTES,
            max_symbol_bytes: DEFAULT_MAX_SYMBOL_BYTES,
            max_dump_bytes: DEFAULT_MAX_DUMP_BYTES,
            max_pieces_bytes: DEFAULT_MAX_PIECES_BYTES,
            rates: Rates::default(),
        }
    }
}

/// Takes machines' requests.
#[derive(Debug)]
pub struct Intake {
    pub(crate) store: Arc<Store>,
    pub(crate) limits: IntakeLimits,
    privacy: PrivacyRules,
    metrics: Metrics,
    job_made: Arc<Notify>,
    level1_turns: Turns,
    cab_turns: Turns,
    dump_turns: Turns,
    symbol_turns: Turns,
    tokens_in_use: Mutex<HashSet<String>>,
    pub(crate) dump_server: DumpServer,
    pub(crate) gauge: Gauge,
    pub(crate) quotas: Quotas,
    pub(crate) spikes: Spikes,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) overload: OverloadSettings,
    pub(crate) disk: Disk,
    pub(crate) spool: Option<Arc<Spool>>,
    pub(crate) spool_turns: Semaphore,
}

impl Intake {
    /// An intake that keeps in `store` and rings `job_made` when an analysis job waits.
    #[must_use]
    pub fn new(store: Arc<Store>, limits: IntakeLimits, job_made: Arc<Notify>) -> Self {
        let folders = vec![store.dir().root().to_owned(), store.dir().tmp(), store.dir().blobs()];
        Self {
            store,
            limits,
            privacy: PrivacyRules::default(),
            metrics: Metrics::default(),
            job_made,
            level1_turns: Turns::new(MAX_LEVEL1_AT_ONCE, MAX_LEVEL1_WAITING),
            cab_turns: Turns::new(MAX_CABS_AT_ONCE, MAX_UPLOADS_WAITING),
            dump_turns: Turns::new(MAX_DUMPS_AT_ONCE, MAX_UPLOADS_WAITING),
            symbol_turns: Turns::new(MAX_SYMBOLS_AT_ONCE, MAX_UPLOADS_WAITING),
            tokens_in_use: Mutex::default(),
            dump_server: DumpServer::default(),
            gauge: Gauge::default(),
            quotas: Quotas::new(limits.rates),
            spikes: Spikes::default(),
            ledger: Ledger::default(),
            clock: Clock::default(),
            overload: OverloadSettings::default(),
            disk: Disk { folders, free_bytes: Arc::new(free_bytes) },
            spool: None,
            spool_turns: Semaphore::new(MAX_SPOOLING_AT_ONCE),
        }
    }

    /// Tells clients of level 1 this server for their cabs.
    #[must_use]
    pub fn with_dump_server(mut self, dump_server: DumpServer) -> Self {
        self.dump_server = dump_server;
        self
    }

    /// With what becomes of names where no rule of the store says so.
    #[must_use]
    pub fn with_privacy(mut self, rules: PrivacyRules) -> Self {
        self.privacy = rules;
        self
    }

    /// With a clock for quotas and spikes.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Learns what products have spent before this process began.
    ///
    /// # Errors
    /// The store's.
    pub async fn recall_spent(&self) -> Result<(), DbError> {
        let known = self.store.spent(self.clock.now_ms()).await?;
        self.ledger.told(&[], &known);
        Ok(())
    }

    /// Tells other processes, and the next one here, what products have spent, and learns what they did.
    ///
    /// # Errors
    /// The store's; what was not told is told at the next time.
    pub async fn share_spent(&self) -> Result<(), DbError> {
        let now_ms = self.clock.now_ms();
        let told = self.ledger.to_tell(now_ms);
        if told.is_empty() {
            return Ok(());
        }
        let known = self.store.add_spent(&told, now_ms).await?;
        self.ledger.told(&told, &known);
        Ok(())
    }

    /// What becomes of the names in a report of a product.
    pub(crate) async fn privacy_of(&self, tenant: i64, product: &str) -> Result<PrivacyRules, Refusal> {
        let rules = self.store.privacy_of(tenant, product, time::now_ms()).await?;
        Ok(rules.unwrap_or(self.privacy))
    }

    /// The same with other marks, and with a reserve below the data folder. [`Intake::watch`] and [`Intake::replay`]
    /// must run beside it.
    ///
    /// # Errors
    /// The reserve's folder cannot be made or read.
    pub fn with_overload(mut self, settings: OverloadSettings, free_bytes: FreeBytes) -> io::Result<Self> {
        let folder = self.store.dir().spool();
        let spool = Spool::open(&folder, settings.max_spool_bytes, settings.max_spool_entries)?;
        self.overload = settings;
        self.disk.free_bytes = free_bytes;
        self.spool = Some(Arc::new(spool));
        Ok(self)
    }

    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Answers one request of a machine.
    pub async fn handle(&self, route: Route, mut request: Request<Body>) -> Response {
        // No crash client sends it; a browser does, when a strange page makes it post here.
        if request.headers().contains_key(header::ORIGIN) {
            let message = "reports come from machines, not from pages in a browser";
            return self.refuse(Refusal::new(StatusCode::FORBIDDEN, "browser", message), request).await;
        }
        let dialect = dialect(&route, request.headers());
        if !self.gauge.has_database() {
            // It is not asked who may report: that would wait for it.
            return match admission::within_quota_of(self, &route, &request) {
                Ok(()) => self.take_unadmitted(dialect, route, request, None).await,
                Err(refusal) => self.refuse(refusal, request).await,
            };
        }
        if let Err(refusal) = admission::admit(self, &route, &mut request).await {
            if !refusal.status.is_server_error() {
                return self.refuse(refusal, request).await;
            }
            self.gauge.ring();
            return self.take_unadmitted(dialect, route, request, Some(refusal)).await;
        }
        let announced_bytes = request.body().size_hint().lower();
        match decide(dialect, &self.load(dialect, announced_bytes), self.reserve_has_room()) {
            Decision::Take => self.take_or_put_by(dialect, route, request).await,
            Decision::Later(short) => self.later(short, request),
            Decision::Spool(short) => self.put_by(short, &route, request).await,
            Decision::Lost(short) => self.lose(short, request),
        }
    }

    /// Nobody can be asked whether it may report. That is found out when the request leaves the reserve.
    async fn take_unadmitted(
        &self,
        dialect: Dialect,
        route: Route,
        mut request: Request<Body>,
        refusal: Option<Refusal>,
    ) -> Response {
        match (shed(dialect, Shortage::Database, self.gauge.room(), self.reserve_has_room()), refusal) {
            (Decision::Spool(short), _) => {
                request.extensions_mut().insert(NotAdmitted);
                self.put_by(short, &route, request).await
            }
            (Decision::Lost(short), _) => self.lose(short, request),
            (Decision::Take | Decision::Later(_), Some(refusal)) => self.refuse(refusal, request).await,
            (Decision::Take | Decision::Later(_), None) => self.later(Shortage::Database, request),
        }
    }

    fn reserve_has_room(&self) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.has_room())
    }

    pub(crate) async fn take(&self, route: Route, request: Request<Body>) -> Response {
        let answer = match route {
            Route::Level1 => level1::take(self, request).await,
            Route::Cab { token } => cab::take(self, &token, request.into_body()).await,
            Route::Pieces { token } => pieces::missing(self, &token, request).await,
            Route::Piece { token, name } => pieces::put(self, &token, &name, request).await,
            Route::PiecesComplete { token } => pieces::complete(self, &token, request).await,
            Route::Minidump => minidump::take(self, request).await,
            Route::Socorro => socorro::take(self, request).await,
            Route::SentryMinidump { project } => sentry::take_minidump(self, &project, request).await,
            Route::SentryEnvelope { project } => sentry::take_envelope(self, &project, request).await,
            Route::Symbols => symbols::take(self, request).await,
            Route::SymbolStatus { file, id } => staged::status(self, &file, &id).await,
            Route::SymbolCreate { prefix } => staged::create(self, &prefix, request).await,
            Route::SymbolPut { key } => staged::put(self, &key, request).await,
            Route::SymbolComplete { key } => staged::complete(self, &key, request).await,
            Route::ChunkOptions { organization } => {
                sentry_cli::options(self, &organization, request.into_body()).await
            }
            Route::ChunkUpload => sentry_cli::take_chunks(self, request).await,
            Route::AssembleDebugFiles => sentry_cli::take_assemble(self, request).await,
            Route::SentryApi => sentry_cli::other(request).await,
        };
        answer.unwrap_or_else(|refusal| {
            let is_news = (refusal.reason == Shortage::Database.reason() && self.gauge.has_database())
                || (refusal.reason == Shortage::Blobs.reason() && self.gauge.has_blobs());
            if is_news {
                self.gauge.ring();
            }
            self.answer_refusal(refusal)
        })
    }

    /// Says whose key a client has, so that whoever enrolls a machine knows that it will be taken.
    pub async fn key(&self, request: Request<Body>) -> Response {
        let sender = Sender::of(request.extensions());
        match admission::key_holder(self, request.headers(), sender).await {
            Ok(name) => plain(format!("{name}\n")),
            Err(refusal) => self.refuse(refusal, request).await,
        }
    }

    /// Answers a request that is refused before its body is looked at.
    pub async fn refuse(&self, refusal: Refusal, request: Request<Body>) -> Response {
        body::drain(request.into_body()).await;
        self.answer_refusal(refusal)
    }

    pub(crate) fn answer_refusal(&self, refusal: Refusal) -> Response {
        self.metrics.refused(refusal.reason);
        tracing::info!(
            reason = refusal.reason,
            status = refusal.status.as_u16(),
            "a machine's request was refused"
        );
        refusal.into_response()
    }

    pub(crate) async fn level1_turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.level1_turns.take().await
    }

    pub(crate) async fn cab_turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.cab_turns.take().await
    }

    pub(crate) async fn dump_turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.dump_turns.take().await
    }

    pub(crate) async fn symbol_turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.symbol_turns.take().await
    }

    pub(crate) fn turns_of(&self, dialect: Dialect) -> &Turns {
        match dialect {
            Dialect::Level1 => &self.level1_turns,
            Dialect::Cab => &self.cab_turns,
            Dialect::Symbols => &self.symbol_turns,
            Dialect::Socorro | Dialect::Breakpad | Dialect::Crashpad | Dialect::Sentry => &self.dump_turns,
        }
    }

    /// What is known of the load; whoever finds out more tells it.
    #[must_use]
    pub fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    pub(crate) fn ring(&self) {
        self.job_made.notify_one();
    }

    /// Holds a token for one upload; `None` while another upload holds it.
    pub(crate) fn hold_token(&self, token: &str) -> Option<HeldToken<'_>> {
        let mut tokens = self.tokens_in_use.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .insert(token.to_owned())
            .then(|| HeldToken { tokens: &self.tokens_in_use, token: token.to_owned() })
    }
}

/// A token that one upload holds, until dropped.
pub(crate) struct HeldToken<'a> {
    tokens: &'a Mutex<HashSet<String>>,
    token: String,
}

impl Drop for HeldToken<'_> {
    fn drop(&mut self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}
