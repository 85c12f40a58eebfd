//! The parent: starts a child for one job, waits for it within limits, and believes nothing that it says unchecked.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::answer::AnalysisAnswer;
use crate::check::check;
use crate::child::{Reply, Request};
use crate::error::AnalysisError;
use crate::job::AnalysisJob;
use crate::limits::{MAX_ANSWER_BYTES, MAX_TEXT_CHARS};

/// Analyses a job in a child: `exe analyze --child`, without environment. The child is ended when this future is
/// dropped.
///
/// # Errors
/// [`AnalysisError`]: what became of it, in words for the report's page.
pub async fn analyze_in_child(exe: &Path, job: AnalysisJob) -> Result<AnalysisAnswer, AnalysisError> {
    let folder = tempfile::Builder::new()
        .prefix("analysis-")
        .tempdir_in(&job.work_dir)
        .map_err(|source| AnalysisError::WorkDir { work_dir: job.work_dir.clone(), source })?;
    let limit_ms = job.limits.wall_clock_ms;
    let request = Request { job, folder: folder.path().to_owned() };
    let request = serde_json::to_vec(&request).map_err(|error| AnalysisError::Invalid(error.to_string()))?;
    let child = start(exe).map_err(|source| AnalysisError::Child { exe: exe.to_owned(), source })?;
    // On timeout the future, and with it the child, is dropped: it is killed, and the runtime reaps it.
    let answer = timeout(Duration::from_millis(limit_ms), talk(exe, child, &request)).await;
    parse(&answer.map_err(|_| AnalysisError::TimedOut { limit_ms })??)
}

fn start(exe: &Path) -> std::io::Result<Child> {
    Command::new(exe)
        .args(["analyze", "--child"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // What a parser says about hostile bytes does not belong into the server's log.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

/// Hands over the request and takes the reply, at most [`MAX_ANSWER_BYTES`].
async fn talk(exe: &Path, mut child: Child, request: &[u8]) -> Result<Vec<u8>, AnalysisError> {
    let failed = |source| AnalysisError::Child { exe: exe.to_owned(), source };
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (Some(mut input), Some(output)) = (input, output) else {
        return Err(failed(std::io::Error::other("its pipes are missing")));
    };
    // A child that ends early is told by its status, not by the broken pipe.
    let _ = input.write_all(request).await;
    drop(input);
    let mut reply = Vec::new();
    output.take(MAX_ANSWER_BYTES as u64 + 1).read_to_end(&mut reply).await.map_err(failed)?;
    if reply.len() > MAX_ANSWER_BYTES {
        return Err(AnalysisError::TooLong { limit_bytes: MAX_ANSWER_BYTES });
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(reply) } else { Err(AnalysisError::Ended(status)) }
}

fn parse(reply: &[u8]) -> Result<AnalysisAnswer, AnalysisError> {
    let reply: Reply =
        serde_json::from_slice(reply).map_err(|error| AnalysisError::Invalid(error.to_string()))?;
    match reply {
        Reply::Answer(answer) => {
            check(&answer).map_err(AnalysisError::Invalid)?;
            Ok(*answer)
        }
        Reply::Refused(reason) => Err(AnalysisError::Refused(reason.chars().take(MAX_TEXT_CHARS).collect())),
    }
}
