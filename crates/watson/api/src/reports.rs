//! `/reports`: crashes with data.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use watson_db::listing::ReportExtras;
use watson_db::{ReadFile, RegisteredBlock, ReportRow};

use crate::access::{Granted, MayRead};
use crate::buckets::{Pair, pairs};
use crate::input::Path;
use crate::moment::Moment;
use crate::problem::Failure;
use crate::router::Api;

/// Memory that the application had registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Block {
    address: u64,
    size_bytes: u64,
    /// Bytes that are here; perhaps fewer.
    hex: String,
}

/// A file of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct File {
    name: String,
    size_bytes: u64,
}

/// A report with data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    id: String,
    /// The machine's own id.
    report_guid: Option<String>,
    bucket: i64,
    event_type: String,
    application: String,
    application_path: String,
    machine: String,
    os: String,
    /// By the machine's clock; when the data came, where the report does not say.
    event_time: Moment,
    received: Moment,
    /// Of its analysis: "open", "done", "poison".
    state: String,
    /// Why the analysis failed last; empty = it did not.
    error: String,
    signature: Option<String>,
    top_function: Option<String>,
    parameters: Vec<Pair>,
    /// As the client said.
    product: String,
    version: String,
    /// What the client said beside the dump.
    annotations: Vec<Pair>,
    /// Files that came beside the dump or cab.
    attachments: Vec<File>,
    /// The application's own.
    metadata: Vec<Pair>,
    /// What the process said: `source` and `text`.
    #[schema(value_type = Option<Object>)]
    last_words: Option<serde_json::Value>,
    /// Sentences: what modules did, what is missing.
    notes: Vec<String>,
    registered_blocks: Vec<Block>,
    /// Of the cab.
    files: Vec<File>,
    /// What the dump says (`docs/formats/analysis.md`); null without a dump.
    #[schema(value_type = Option<Object>)]
    analysis: Option<serde_json::Value>,
}

/// Get a report
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "reports", security(("token" = ["read"])),
    params(("id" = String, Path, description = "The report's id.")),
    responses((status = 200, body = Report)))]
pub(crate) async fn get_report(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<String>,
) -> Result<Json<Report>, Failure> {
    let extras = own_report(&api, &granted, &id).await?;
    let row = api.store.report(&id).await?.ok_or(Failure::Missing("report"))?;
    Ok(Json(Report::new(row, extras)))
}

/// What another tenant has is as if it were not.
pub(crate) async fn own_report(api: &Api, granted: &Granted, id: &str) -> Result<ReportExtras, Failure> {
    let extras = api.store.report_extras(id).await?;
    extras.filter(|extras| granted.sees(extras.tenant)).ok_or(Failure::Missing("report"))
}

/// Get a report's level 1 body
///
/// As the machine sent it, where it is still kept.
#[utoipa::path(get, path = "/api/v1/reports/{id}/level1", tag = "reports", security(("token" = ["read"])),
    params(("id" = String, Path, description = "The report's id.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn get_level1(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    own_report(&api, &granted, &id).await?;
    let body = api.store.level1_body(&id).await?.ok_or(Failure::Missing("level 1 body"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"level1.xml\""),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ];
    Ok((headers, body).into_response())
}

impl Report {
    fn new(row: ReportRow, extras: ReportExtras) -> Self {
        let reading = row.reading.unwrap_or_default();
        let value = |text: serde_json::Result<serde_json::Value>| text.ok();
        Self {
            id: row.id,
            report_guid: reading.report_guid,
            bucket: row.bucket,
            event_type: row.event_type,
            application: row.application,
            application_path: row.application_path,
            machine: row.machine,
            os: row.os,
            event_time: Moment(row.event_ms),
            received: Moment(row.received_ms),
            state: row.job_state,
            error: row.job_error,
            signature: reading.signature,
            top_function: reading.top_function,
            parameters: pairs(if reading.parameters.is_empty() {
                row.parameters
            } else {
                reading.parameters
            }),
            metadata: pairs(reading.metadata),
            last_words: reading.last_words.and_then(|words| value(serde_json::to_value(words))),
            product: extras.product,
            version: extras.version,
            annotations: extras.annotations.into_iter().map(Pair::from).collect(),
            attachments: extras
                .files
                .into_iter()
                .map(|file| File { name: file.name, size_bytes: u64::try_from(file.size_bytes).unwrap_or(0) })
                .collect(),
            notes: reading.notes,
            registered_blocks: reading.registered_blocks.into_iter().map(Block::from).collect(),
            files: reading.files.into_iter().map(File::from).collect(),
            analysis: reading.analysis.and_then(|analysis| value(serde_json::to_value(analysis))),
        }
    }
}

impl From<RegisteredBlock> for Block {
    fn from(block: RegisteredBlock) -> Self {
        Self { address: block.address, size_bytes: block.size_bytes, hex: block.hex }
    }
}

impl From<ReadFile> for File {
    fn from(file: ReadFile) -> Self {
        Self { name: file.name, size_bytes: file.size_bytes }
    }
}
