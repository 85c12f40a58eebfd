//! What probes and collectors ask: is the process alive, would it take reports, how is it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use watson_db::{Store, time};
use watson_intake::overload::Room;

use crate::App;
use crate::limits::MAX_READY_MS;
use crate::metrics::write_one;

/// The process runs and answers. Says nothing of what it depends on: restarting it would not mend that.
pub async fn healthz() -> Response {
    "ok\n".into_response()
}

/// Whether reports would be taken now: 200, or 503 with a line for each thing that stands in the way.
pub async fn readyz(State(app): State<App>) -> Response {
    let wait = Duration::from_millis(MAX_READY_MS);
    let missing = match timeout(wait, obstacles(&app)).await {
        Ok(missing) => missing,
        Err(_) => vec![format!("the store did not answer within {MAX_READY_MS} ms")],
    };
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    let text = missing.iter().fold(String::new(), |text, line| text + line + "\n");
    tracing::warn!(obstacles = missing.len(), "not ready: {}", missing.join("; "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn obstacles(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    match app.store.missing_migrations().await {
        Ok(missing) if missing.is_empty() => {}
        Ok(_) => found.push("the database lacks migrations".to_owned()),
        Err(_) => found.push("the database does not answer".to_owned()),
    }
    // Begun and dropped, a blob leaves nothing behind; the folder must be there and writable for it.
    if app.store.begin_blob().await.is_err() {
        found.push("blobs cannot be stored".to_owned());
    }
    if app.intake.health().room == Room::None {
        found.push("there is too little room on disk to take any report".to_owned());
    }
    found
}

/// Adds what the store knows of itself, and the room on its disks.
pub async fn render_store(store: &Store, text: &mut String) {
    match store.operations(time::now_ms()).await {
        Ok(now) => {
            let gauges = [
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
        Err(error) => tracing::error!(error = %error, "figures of the store are missing in the metrics"),
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
