//! Which client sends a request, told by its route and its head alone: the body has not been read when this is asked.

use axum::http::{HeaderMap, header};

use crate::Route;
use crate::overload::Manners;

/// Clients that behave alike when they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// MS-CER2 level 1: Windows and our own client keep the report in their queue.
    Level1,
    /// MS-CER2 level 2: the queue again; level 1 told once more gives the same token.
    Cab,
    /// Socorro's clients send again after 5xx.
    Socorro,
    /// Breakpad's own senders, by their `User-Agent`: a failure that is no 4xx is tried again.
    Breakpad,
    /// Crashpad, Electron, and every other sender of forms: nothing is known to send again.
    Crashpad,
    /// Sentry's clients.
    Sentry,
    /// Symbol files: somebody's build fails, and is run again.
    Symbols,
}

impl Dialect {
    /// What its clients do with 503.
    #[must_use]
    pub fn manners(self) -> Manners {
        match self {
            Self::Level1 | Self::Cab | Self::Socorro | Self::Breakpad | Self::Symbols => Manners::SendsAgain,
            Self::Crashpad | Self::Sentry => Manners::NeverAgain,
        }
    }

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Level1 => "level1",
            Self::Cab => "cab",
            Self::Socorro => "socorro",
            Self::Breakpad => "breakpad",
            Self::Crashpad => "crashpad",
            Self::Sentry => "sentry",
            Self::Symbols => "symbols",
        }
    }
}

/// Whose request it is.
#[must_use]
pub fn dialect(route: &Route, headers: &HeaderMap) -> Dialect {
    match route {
        Route::Level1 => Dialect::Level1,
        Route::Cab { .. } | Route::Pieces { .. } | Route::Piece { .. } | Route::PiecesComplete { .. } => {
            Dialect::Cab
        }
        Route::Socorro => Dialect::Socorro,
        Route::Minidump if is_breakpad(headers) => Dialect::Breakpad,
        Route::Minidump => Dialect::Crashpad,
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
    }
}

/// `Breakpad/1.0 (Windows)`, `Breakpad/1.0 (Linux)`.
fn is_breakpad(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("Breakpad/"))
}
