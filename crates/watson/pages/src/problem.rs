//! Pages for what is not there and for what went wrong.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use watson_db::DbError;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("there is no such page")]
    NotFound,
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("a page could not be rendered: {0}")]
    Render(#[from] askama::Error),
    #[error("a file could not be read: {0}")]
    File(#[from] std::io::Error),
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    heading: &'static str,
    text: &'static str,
}

impl Problem {
    fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The bucket or report may never have existed, or the link was cut short.",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "That went wrong",
                "The server could not read its data. Its log says why.",
            ),
        }
    }

    fn log(&self) {
        if !matches!(self, Self::NotFound) {
            tracing::error!(error = %self, "a page could not be shown");
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, heading, text) = self.words();
        self.log();
        let html = Page { heading, text }.render().unwrap_or_else(|_| heading.to_owned());
        (status, Html(html)).into_response()
    }
}

/// The page for paths that lead nowhere.
pub async fn not_found() -> Response {
    Problem::NotFound.into_response()
}
