//! `/reports/{id}`: one report.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;
use wer_model::Parameter;

use crate::problem::Problem;
use crate::report_view::{BlockView, Fact, FileView, ModuleView, ThreadView, WordsView, view};
use crate::router::Pages;

#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Page {
    pub(crate) id: String,
    pub(crate) bucket: i64,
    pub(crate) event_type: String,
    pub(crate) application: String,
    pub(crate) waiting: Option<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) signature: Option<String>,
    pub(crate) last_words: Option<WordsView>,
    pub(crate) crashing: Option<ThreadView>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) metadata: Vec<Parameter>,
    pub(crate) notes: Vec<String>,
    pub(crate) threads: Vec<ThreadView>,
    pub(crate) modules: Vec<ModuleView>,
    pub(crate) blocks: Vec<BlockView>,
    pub(crate) cab_size: String,
    pub(crate) files: Vec<FileView>,
}

pub(crate) async fn page(
    State(pages): State<Pages>,
    Path(id): Path<String>,
) -> Result<Html<String>, Problem> {
    let row = pages.store.report(&id).await?.ok_or(Problem::NotFound)?;
    Ok(Html(view(row).render()?))
}
