//! `wer submit`: sends reports that wait, as far as consent allows, and says why the others go on waiting.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use wer_fault::submit_report;
use wer_model::{BucketReply, ConsentChoice, ReportId, ReportState, SubmitOutcome, SubmitResult};

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;
use crate::stored;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// You have looked at the reports and allow them to be sent.
    #[arg(long)]
    approve: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The report's id, or enough of its beginning.
    id: Option<String>,
    /// Every report in the queue.
    #[arg(long)]
    all: bool,
}

/// Sends.
///
/// # Errors
/// There is no such report, or it cannot be read or rewritten.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let context = place.context()?;
    let choice = if arguments.approve { ConsentChoice::Approved } else { ConsentChoice::NotAsked };
    let (mut outcomes, mut failed) = (Vec::new(), 0);
    for id in wanted(place, &arguments.which)? {
        match submit_report(&context, id, choice) {
            Ok(outcome) => outcomes.push((id, outcome)),
            Err(error) if arguments.which.all => {
                failed += 1;
                eprintln!("wer: report {id}: {}", clean_value(&error.to_string()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if arguments.json {
        print_json(&json!({ "outcomes": outcomes.iter().map(as_json).collect::<Vec<_>>() }))?;
    } else {
        print(&as_text(&outcomes))?;
    }
    if failed > 0 {
        bail!("{failed} reports could not be looked at");
    }
    Ok(ExitCode::SUCCESS)
}

fn wanted(place: &PlaceArguments, which: &Which) -> Result<Vec<ReportId>> {
    let store = stored::store(place)?;
    match &which.id {
        Some(id) => Ok(vec![store.find(id)?.id]),
        None => Ok(store.list(ReportState::Queued)?.iter().map(|stored| stored.id).collect()),
    }
}

fn as_json((id, outcome): &(ReportId, SubmitOutcome)) -> serde_json::Value {
    json!({
        "id": id,
        "result": outcome.result,
        "reply": outcome.reply,
        "sent_files": outcome.sent_files,
        "explanation": outcome.explanation,
    })
}

fn as_text(outcomes: &[(ReportId, SubmitOutcome)]) -> String {
    if outcomes.is_empty() {
        return "No report waits.\n".into();
    }
    let mut text = String::new();
    for (id, outcome) in outcomes {
        let _ = writeln!(text, "{id}  {}", result_words(outcome.result));
        if !outcome.explanation.is_empty() {
            let _ = writeln!(text, "  {}", clean_value(&outcome.explanation));
        }
        if let Some(bucket) = outcome.reply.as_ref().and_then(|reply| reply.bucket) {
            let _ = writeln!(text, "  bucket {bucket}");
        }
        if let Some(reply) = &outcome.reply {
            solution(&mut text, reply);
        }
        for file in &outcome.sent_files {
            let _ = writeln!(text, "  sent: {}", clean_value(file));
        }
    }
    text
}

/// What the server knows of a fix.
fn solution(text: &mut String, reply: &BucketReply) {
    if let Some(url) = &reply.solution_url {
        let _ = writeln!(text, "  the server answers: {}", clean_value(url));
    }
    if let Some(version) = &reply.solution_fixed_in {
        let _ = writeln!(text, "  fixed in: {}", clean_value(version));
    }
    for line in reply.solution_text.as_deref().unwrap_or_default().lines() {
        let _ = writeln!(text, "  the server says: {}", clean_value(line));
    }
}

const fn result_words(result: SubmitResult) -> &'static str {
    match result {
        SubmitResult::ReportQueued => "waits",
        SubmitResult::ReportUploaded => "sent (parameters only)",
        SubmitResult::ReportUploadedCab => "sent, with files",
        SubmitResult::ReportDebug => "is being debugged",
        SubmitResult::ReportFailed => "could not be sent",
        SubmitResult::WerDisabled => "not sent: reporting is disabled",
        SubmitResult::ReportCancelled => "not sent: it was declined",
        SubmitResult::DisabledQueue => "not kept: the queue is disabled",
        SubmitResult::ReportAsync => "is being sent by another process",
        SubmitResult::CustomAction => "handled by the application",
        SubmitResult::Throttled => "parameters sent; files were sent for this signature before",
        SubmitResult::StorageLocationNotFound => "not sent: there is no store",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_shown_line_by_line_without_escapes() {
        let outcome = SubmitOutcome {
            result: SubmitResult::ReportUploaded,
            reply: Some(BucketReply {
                bucket: Some(7),
                bucket_table: None,
                solution_url: Some("https://example.com/1".into()),
                solution_text: Some("Update.\nThen \u{1b}[31mrestart.".into()),
                solution_fixed_in: Some("1.10".into()),
            }),
            sent_files: Vec::new(),
            explanation: String::new(),
            retry_after_s: None,
        };
        let text = as_text(&[(ReportId([7; 16]), outcome)]);
        for line in ["  bucket 7", "  the server answers: https://example.com/1", "  fixed in: 1.10"] {
            assert!(text.lines().any(|shown| shown == line), "{text}");
        }
        assert!(text.contains("  the server says: Update.\n  the server says: Then "), "{text}");
        assert!(text.contains("[31mrestart.") && !text.contains('\u{1b}'), "{text}");
    }
}
