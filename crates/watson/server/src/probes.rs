//! What probes and collectors ask: is the process alive, would it take reports, how is it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use watson_db::{DbError, Store, time};
use watson_intake::overload::Room;

use crate::App;
use crate::limits::{MAX_FIGURES_MS, MAX_READY_MS};
use crate::metrics::write_one;

/// The process runs and answers. Says nothing of what it depends on: restarting it would not mend that.
pub async fn healthz() -> Response {
    "ok\n".into_response()
}

/// Whether reports would be taken now: 200, or 503 with a line for each thing that stands in the way.
///
/// A bucket that does not answer is told and stands in nobody's way: all processes share it, and a balancer that took all
/// of them out would stop level 1 too, which needs no bucket.
pub async fn readyz(State(app): State<App>) -> Response {
    let (missing, partly) = tokio::join!(obstacles(&app), bucket(&app));
    let text = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    if missing.is_empty() {
        return ("ready\n".to_owned() + &text(&partly)).into_response();
    }
    let missing = [missing, partly].concat();
    tracing::warn!(obstacles = missing.len(), "not ready: {}", missing.join("; "));
    (StatusCode::SERVICE_UNAVAILABLE, text(&missing)).into_response()
}

async fn obstacles(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    // Whoever watches it has seen that it is gone: nobody need wait to learn it again.
    let has_database = app.intake.health().has_database;
    let migrations =
        async { if has_database { app.store.missing_migrations().await } else { Err(DbError::NoDatabase) } };
    match timeout(WAIT, migrations).await {
        Ok(Ok(missing)) if missing.is_empty() => {}
        Ok(Ok(_)) => found.push("the database lacks migrations".to_owned()),
        Ok(Err(_)) => found.push("the database does not answer".to_owned()),
        Err(_) => found.push(format!("the database did not answer within {MAX_READY_MS} ms")),
    }
    // Begun and dropped, a blob leaves nothing behind; the folder must be there and writable for it.
    if !matches!(timeout(WAIT, app.store.begin_blob()).await, Ok(Ok(_))) {
        found.push("blobs cannot be stored".to_owned());
    }
    if app.intake.health().room == Room::None {
        found.push("there is too little room on disk to take any report".to_owned());
    }
    found
}

/// What only cabs, dumps and symbols need.
async fn bucket(app: &App) -> Vec<String> {
    let answers = timeout(WAIT, app.store.blobs_answer()).await;
    let gone = match answers {
        Ok(Err(error)) => error.is_no_blobs(),
        Err(_) => true,
        Ok(Ok(())) => false,
    };
    gone.then(|| "the place for blobs does not answer: cabs, dumps and symbols are not taken".to_owned())
        .into_iter()
        .collect()
}

const WAIT: Duration = Duration::from_millis(MAX_READY_MS);

/// Adds what the store knows of itself, as far as its database answered last time, and the room on its disks.
pub async fn render_store(store: &Store, has_database: bool, text: &mut String) {
    // Totals of the process itself are worth most while the database does not answer.
    let figures = async {
        if !has_database {
            return Err(DbError::NoDatabase);
        }
        Ok((store.counts().await?, store.operations(time::now_ms()).await?))
    };
    match timeout(Duration::from_millis(MAX_FIGURES_MS), figures).await {
        Ok(Ok((counts, now))) => {
            let gauges = [
                ("watson_buckets", "Buckets.", counts.buckets as f64),
                ("watson_hits", "Crashes, each counted once.", counts.hits as f64),
                ("watson_reports", "Reports with data.", counts.reports as f64),
                ("watson_jobs_open", "Analyses that wait or run.", counts.jobs_open as f64),
                ("watson_jobs_poison", "Analyses that failed for good.", counts.jobs_poison as f64),
                ("watson_jobs_waiting", "Analyses that wait.", now.jobs_waiting as f64),
                ("watson_jobs_running", "Analyses that a worker holds.", now.jobs_running as f64),
                (
                    "watson_oldest_job_age_seconds",
                    "For how long the oldest analysis that is due has waited.",
                    now.oldest_due_ms as f64 / 1000.0,
                ),
                ("watson_blobs", "Blobs that rows know.", now.blobs as f64),
                ("watson_blob_bytes", "Bytes of these blobs.", now.blob_bytes as f64),
                (
                    "watson_database_connections",
                    "Open connections to the database.",
                    f64::from(now.connections),
                ),
                (
                    "watson_database_connections_idle",
                    "Of these, those that nobody uses.",
                    f64::from(now.idle_connections),
                ),
            ];
            for (name, help, value) in gauges {
                write_one(text, name, "gauge", help, value);
            }
        }
        Ok(Err(error)) => tracing::error!(error = %error, "figures of the store are missing in the metrics"),
        Err(_) => {
            tracing::error!("the database is slow or gone; figures of the store are missing in the metrics")
        }
    }
    render_commits(store, text);
    let folder: PathBuf = store.dir().root().to_owned();
    if let Ok(disk) = rustix::fs::statvfs(&folder) {
        let free = disk.f_bavail as f64 * disk.f_frsize as f64;
        let size = disk.f_blocks as f64 * disk.f_frsize as f64;
        let name = "watson_data_free_bytes";
        write_one(text, name, "gauge", "Free bytes on the data folder's file system.", free);
        let name = "watson_data_size_bytes";
        write_one(text, name, "gauge", "Bytes of the data folder's file system.", size);
    }
}

fn render_commits(store: &Store, text: &mut String) {
    let commits = store.commits();
    let (waiting, _) = store.waiting_hits();
    write_one(text, "watson_hits_waiting", "gauge", "Crashes that wait for a commit.", waiting as f64);
    let name = "watson_commit_hits";
    let _ = writeln!(text, "# HELP {name} Crashes of one commit.\n# TYPE {name} histogram");
    let mut sum = 0;
    for (end, count) in commits.sizes() {
        sum += count;
        let end = end.map_or("+Inf".to_owned(), |end| end.to_string());
        let _ = writeln!(text, "{name}_bucket{{le=\"{end}\"}} {sum}");
    }
    let _ = writeln!(text, "{name}_sum {}\n{name}_count {sum}", commits.hits());
    let help = "Time that commits of crashes took together.";
    write_one(text, "watson_commit_seconds_total", "counter", help, commits.took().as_secs_f64());
}

/// The content type of Prometheus' text form.
pub const METRICS_TYPE: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
