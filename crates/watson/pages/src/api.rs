//! `/api`: the pages' JSON twins. Field names are those of the values in `wer-model` and `watson-db`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use watson_db::{BucketRow, ReadFile, RegisteredBlock, ReportRow, time};
use wer_model::{Analysis, LastWords, Parameter};

use crate::buckets::{AskedPlace, page_of};
use crate::moment::Moment;
use crate::problem::Problem;
use crate::router::Pages;

#[derive(Serialize)]
struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Serialize)]
struct Bucket {
    id: i64,
    event_type: String,
    application: String,
    parameters: Vec<Parameter>,
    hits: i64,
    first_seen: String,
    last_seen: String,
    trend: Vec<i64>,
    reports: Vec<String>,
    signature: Option<String>,
    top_function: Option<String>,
}

#[derive(Serialize)]
struct Report {
    id: String,
    report_guid: Option<String>,
    bucket: i64,
    event_type: String,
    application: String,
    application_path: String,
    machine: String,
    os: String,
    event_time: String,
    received: String,
    /// "open", "done", "poison".
    state: String,
    /// Why the analysis failed last.
    error: String,
    signature: Option<String>,
    top_function: Option<String>,
    parameters: Vec<Parameter>,
    metadata: Vec<Parameter>,
    last_words: Option<LastWords>,
    notes: Vec<String>,
    registered_blocks: Vec<RegisteredBlock>,
    files: Vec<ReadFile>,
    analysis: Option<Analysis>,
}

/// `GET /api/buckets[?page=N]`.
pub(crate) async fn buckets(State(pages): State<Pages>, place: AskedPlace) -> Response {
    let page = page_of(place);
    match pages.store.buckets(page, time::now_ms()).await {
        Ok(rows) => Json(Buckets { buckets: rows.into_iter().map(Bucket::from).collect() }).into_response(),
        Err(error) => Problem::from(error).into_json(),
    }
}

/// `GET /api/buckets/{id}`.
pub(crate) async fn bucket(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return Problem::NotFound.into_json() };
    match pages.store.bucket(id, time::now_ms()).await {
        Ok(Some(row)) => Json(Bucket::from(row)).into_response(),
        Ok(None) => Problem::NotFound.into_json(),
        Err(error) => Problem::from(error).into_json(),
    }
}

/// `GET /api/reports/{id}`.
pub(crate) async fn report(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    match pages.store.report(&id).await {
        Ok(Some(row)) => Json(Report::from(row)).into_response(),
        Ok(None) => Problem::NotFound.into_json(),
        Err(error) => Problem::from(error).into_json(),
    }
}

impl From<BucketRow> for Bucket {
    fn from(row: BucketRow) -> Self {
        Self {
            id: row.id,
            event_type: row.event_type,
            application: row.application,
            parameters: row.parameters,
            hits: row.hits,
            first_seen: Moment::from_ms(row.first_seen_ms).machine,
            last_seen: Moment::from_ms(row.last_seen_ms).machine,
            trend: row.trend,
            reports: row.reports,
            signature: row.signature,
            top_function: row.top_function,
        }
    }
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        let reading = row.reading.unwrap_or_default();
        Self {
            id: row.id,
            report_guid: reading.report_guid,
            bucket: row.bucket,
            event_type: row.event_type,
            application: row.application,
            application_path: row.application_path,
            machine: row.machine,
            os: row.os,
            event_time: Moment::from_ms(row.event_ms).machine,
            received: Moment::from_ms(row.received_ms).machine,
            state: row.job_state,
            error: row.job_error,
            signature: reading.signature,
            top_function: reading.top_function,
            parameters: if reading.parameters.is_empty() { row.parameters } else { reading.parameters },
            metadata: reading.metadata,
            last_words: reading.last_words,
            notes: reading.notes,
            registered_blocks: reading.registered_blocks,
            files: reading.files,
            analysis: reading.analysis,
        }
    }
}
