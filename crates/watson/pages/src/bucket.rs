//! `/buckets/{id}`: one bucket.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;
use watson_db::{BucketRow, time};
use wer_model::Parameter;

use crate::moment::Moment;
use crate::problem::Problem;
use crate::router::Pages;
use crate::trend::Trend;

#[derive(Template)]
#[template(path = "bucket.html")]
struct Page {
    bucket: BucketView,
}

/// A bucket as templates want it.
pub(crate) struct BucketView {
    pub(crate) id: i64,
    pub(crate) event_type: String,
    pub(crate) application: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) hits: i64,
    pub(crate) first_seen: Moment,
    pub(crate) last_seen: Moment,
    pub(crate) trend: Trend,
    pub(crate) reports: Vec<String>,
    pub(crate) signature: Option<String>,
    pub(crate) top_function: Option<String>,
    pub(crate) fault_module: String,
}

/// Enlargement of the bucket page's trend.
const TREND_SCALE: usize = 3;

pub(crate) async fn page(
    State(pages): State<Pages>,
    Path(id): Path<String>,
) -> Result<Html<String>, Problem> {
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let row = pages.store.bucket(id, time::now_ms()).await?.ok_or(Problem::NotFound)?;
    Ok(Html(Page { bucket: BucketView::new(row, TREND_SCALE) }.render()?))
}

impl BucketView {
    pub(crate) fn new(row: BucketRow, trend_scale: usize) -> Self {
        Self {
            fault_module: fault_module(&row.parameters),
            id: row.id,
            event_type: row.event_type,
            application: row.application,
            parameters: row.parameters,
            hits: row.hits,
            first_seen: Moment::from_ms(row.first_seen_ms),
            last_seen: Moment::from_ms(row.last_seen_ms),
            trend: Trend::new(&row.trend, trend_scale),
            reports: row.reports,
            signature: row.signature,
            top_function: row.top_function,
        }
    }
}

/// The module that the machine blamed, where the event type has one.
fn fault_module(parameters: &[Parameter]) -> String {
    parameters
        .iter()
        .find(|parameter| parameter.name == "Fault Module Name")
        .map(|parameter| parameter.value.clone())
        .unwrap_or_default()
}
