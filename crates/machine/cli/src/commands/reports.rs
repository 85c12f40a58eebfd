//! `wer reports`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::output::{clean_value, print, print_json, time_of};
use crate::place::PlaceArguments;
use crate::stored::{self, Read, state_word};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Lists what is in the store, oldest first.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let (reports, unreadable) = stored::all(place)?;
    for sentence in &unreadable {
        eprintln!("wer: {}", clean_value(sentence));
    }
    if arguments.json {
        let reports: Vec<_> = reports.iter().map(as_json).collect();
        print_json(&json!({ "reports": reports }))?;
    } else {
        print(&as_text(&reports, place))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(read: &Read) -> serde_json::Value {
    let Read { stored, report } = read;
    json!({
        "id": report.id,
        "state": state_word(stored.state),
        "time": time_of(report.event_time_filetime),
        "event_type": report.signature.event_type,
        "application": report.application_name,
        "pid": report.pid,
        "capture_source": report.capture_source,
        "parameters": report.signature.parameters.iter().map(|parameter| &parameter.value).collect::<Vec<_>>(),
        "bucket": report.reply.as_ref().and_then(|reply| reply.bucket),
        "waiting_reason": report.waiting_reason,
        "folder": stored.folder,
    })
}

fn as_text(reports: &[Read], place: &PlaceArguments) -> String {
    if reports.is_empty() {
        let root = place.locations().store_root;
        return format!("No reports in {}.{}\n", root.display(), place.other_store_hint());
    }
    let mut text = String::new();
    for Read { stored, report } in reports {
        let short: String = report.id.to_string().chars().take(8).collect();
        let bucket = report.reply.as_ref().and_then(|reply| reply.bucket);
        let bucket = bucket.map(|bucket| format!("  bucket {bucket}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{short}  {}  {:<8}  {:<24} {}{bucket}",
            time_of(report.event_time_filetime),
            state_word(stored.state),
            clean_value(&report.signature.event_type),
            clean_value(&report.application_name),
        );
        if !report.waiting_reason.is_empty() {
            let _ = writeln!(text, "          waits: {}", clean_value(&report.waiting_reason));
        }
    }
    text
}
