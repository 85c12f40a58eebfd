//! Errors as RFC 9457 has them: `application/problem+json`. `detail` says what happened, to what, and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use watson_db::DbError;

use crate::access::Scope;
use crate::limits::RETRY_AFTER_SECONDS;

/// An error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always "about:blank": `code` tells problems apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened, to what, and what to do.
    detail: String,
    /// The kind of problem, for programs.
    code: &'static str,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// Why a request is not served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody is known to ask.
    NotGranted,
    /// Who asks may not do this.
    Lacks(Scope),
    /// Who asks may not see this tenant.
    OtherTenant,
    /// A page of another site sent it.
    OtherSite,
    /// There is no such thing.
    Missing(&'static str),
    /// The path has no such method.
    Method,
    /// The request could not be understood.
    Malformed(String),
    /// A value breaks a rule.
    Invalid {
        /// Where.
        field: String,
        /// Why, and what is allowed.
        why: String,
    },
    /// What is there already stands against it.
    Conflict(String),
    /// The body could not be taken.
    Body(StatusCode, String),
    /// The store.
    Db(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Missing(what) => Self::Missing(what),
            DbError::Exists(_) | DbError::TooMany { .. } | DbError::LastAdministrator => {
                Self::Conflict(error.to_string())
            }
            DbError::Refused(why) => Self::Conflict(why.to_owned()),
            DbError::Invalid { field, why } => Self::Invalid { field: field.to_owned(), why },
            error => Self::Db(error),
        }
    }
}

impl Failure {
    pub(crate) fn invalid(field: &str, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), why: why.into() }
    }

    fn parts(self) -> (StatusCode, &'static str, String, Option<String>) {
        let plain = |status, code, detail: &str| (status, code, detail.to_owned(), None);
        match self {
            Self::NotGranted => plain(
                StatusCode::UNAUTHORIZED,
                "no_token",
                "this needs a token: send `Authorization: Bearer TOKEN`; the first token is in the file `token` of the \
                 server's data folder",
            ),
            Self::Lacks(scope) => (
                StatusCode::FORBIDDEN,
                "scope",
                format!("the token lacks the scope \"{}\", which this request needs", scope.name()),
                None,
            ),
            Self::OtherTenant => {
                plain(StatusCode::FORBIDDEN, "tenant", "the token is for another tenant's data")
            }
            Self::OtherSite => plain(
                StatusCode::FORBIDDEN,
                "origin",
                "a page of another site sent this; requests that change something must come from this server's own \
                 pages, or from no page",
            ),
            Self::Missing(what) => {
                (StatusCode::NOT_FOUND, "missing", format!("there is no such {what}"), None)
            }
            Self::Method => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this path does not have this method; see `Allow`, and /api/v1/openapi.json",
            ),
            Self::Malformed(detail) => (StatusCode::BAD_REQUEST, "malformed", detail, None),
            Self::Invalid { field, why } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field}: {why}"), Some(field))
            }
            Self::Conflict(detail) => (StatusCode::CONFLICT, "conflict", detail, None),
            Self::Body(status, detail) => (status, "body", detail, None),
            Self::Db(error) if error.is_busy() => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "busy", "the store is busy; try again")
            }
            Self::Db(error) => {
                tracing::error!(error = %error, "a request to the API failed");
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "store",
                    "the server could not read or write its data; its log says why",
                )
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, detail, field) = self.parts();
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = Problem { kind: "about:blank", title, status: status.as_u16(), detail, code, field };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        response
    }
}
