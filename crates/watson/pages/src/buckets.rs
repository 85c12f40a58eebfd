//! `/`: the buckets, most crashes first.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use watson_db::limits::{MAX_BUCKETS_LISTED, TREND_DAYS};
use watson_db::{BucketRow, Counts, time};

use crate::bucket::BucketView;
use crate::problem::Problem;
use crate::router::Pages;

#[derive(Template)]
#[template(path = "buckets.html")]
struct Page {
    buckets: Vec<BucketView>,
    page: u32,
    more: bool,
    totals: String,
    trend_days: usize,
}

/// `?page=`, from 0.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    page: u32,
}

/// The place that was asked for, if it is one.
pub(crate) type AskedPlace = Result<Query<Place>, QueryRejection>;

/// The page to show; a place that is none is the first page.
pub(crate) fn page_of(place: AskedPlace) -> u32 {
    place.map_or(0, |Query(place)| place.page)
}

pub(crate) async fn page(State(pages): State<Pages>, place: AskedPlace) -> Result<Html<String>, Problem> {
    let page = page_of(place);
    let rows = pages.store.buckets(page, time::now_ms()).await?;
    let counts = pages.store.counts().await?;
    Ok(Html(view(rows, page, counts).render()?))
}

fn view(rows: Vec<BucketRow>, page: u32, counts: Counts) -> Page {
    Page {
        more: rows.len() as i64 >= MAX_BUCKETS_LISTED,
        buckets: rows.into_iter().map(|row| BucketView::new(row, 1)).collect(),
        page,
        totals: totals(counts),
        trend_days: TREND_DAYS,
    }
}

fn totals(counts: Counts) -> String {
    let plural = |count: i64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let hits = if counts.hits == 1 { "1 crash".to_owned() } else { format!("{} crashes", counts.hits) };
    format!("{hits} in {}, {} with data", plural(counts.buckets, "bucket"), plural(counts.reports, "report"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_server_says_how_to_begin() {
        let html = view(vec![], 0, Counts::default()).render().unwrap();
        assert!(html.contains("Nothing has crashed yet"), "{html}");
        assert!(view(vec![], 3, Counts::default()).render().unwrap().contains("no more buckets"));
    }

    #[test]
    fn totals_are_sentences() {
        let counts = Counts { buckets: 1, hits: 2, reports: 1, ..Counts::default() };
        assert_eq!(totals(counts), "2 crashes in 1 bucket, 1 report with data");
    }
}
