//! `/machines`: who reports, the last one first.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use watson_db::time::DAY_MS;
use watson_db::{MachineFilter, MachineRow, time};

use crate::limits::MAX_MACHINES_SHOWN;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::router::Pages;

#[derive(Template)]
#[template(path = "machines.html")]
struct Page {
    machines: Vec<MachineView>,
    silent_days: u32,
    first: bool,
    /// Where the next page begins.
    next: Option<String>,
}

struct MachineView {
    name: String,
    os: String,
    last: Moment,
    first: Moment,
    silent_days: i64,
}

/// `?silent=DAYS&after=PLACE`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    silent: u32,
    after: String,
}

pub(crate) async fn page(
    State(pages): State<Pages>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    let Query(asked) = asked.unwrap_or_default();
    let now_ms = time::now_ms();
    let after = asked.after.split_once('_').and_then(|(ms, id)| Some((ms.parse().ok()?, id.to_owned())));
    let filter = MachineFilter {
        silent_since_ms: (asked.silent > 0)
            .then(|| now_ms.saturating_sub(i64::from(asked.silent).saturating_mul(DAY_MS))),
        after,
        ..MachineFilter::default()
    };
    let rows = pages.store.machines(&filter, MAX_MACHINES_SHOWN).await?;
    Ok(Html(view(rows, asked.silent, filter.after.is_none(), now_ms).render()?))
}

fn view(rows: Vec<MachineRow>, silent_days: u32, first: bool, now_ms: i64) -> Page {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= MAX_MACHINES_SHOWN);
    let next = rows.last().filter(|_| full).map(|row| format!("{}_{}", row.last_ms, row.id));
    let machines = rows.into_iter().map(|row| MachineView {
        name: row.name,
        os: row.os,
        last: Moment::from_ms(row.last_ms),
        first: Moment::from_ms(row.first_ms),
        silent_days: now_ms.saturating_sub(row.last_ms).max(0) / DAY_MS,
    });
    Page { machines: machines.collect(), silent_days, first, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_text_and_an_empty_list_says_so() {
        let row = MachineRow {
            id: "m-00".into(),
            tenant: 1,
            name: "<script>".into(),
            os: "6.1".into(),
            first_ms: 0,
            last_ms: 0,
        };
        let html = view(vec![row], 0, true, 3 * DAY_MS).render().unwrap();
        assert!(!html.contains("<script>") && html.contains("3 days"), "{html}");
        assert!(view(vec![], 0, true, 0).render().unwrap().contains("No machine has reported"));
        assert!(view(vec![], 7, true, 0).render().unwrap().contains("No machine has been silent"));
    }
}
