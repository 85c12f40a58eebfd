//! `wer events`: the event log of a store.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use wer_model::EventRecord;
use wer_store::{EventLog, LogEntry};

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the last N records.
    #[arg(short, value_name = "N")]
    n: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the log, oldest record first.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let root = place.locations().store_root;
    let log = EventLog::open(&root)?.read()?;
    if log.skipped > 0 {
        eprintln!("wer: {} lines of the event log in {} cannot be read", log.skipped, root.display());
    }
    let first = log.entries.len().saturating_sub(arguments.n.unwrap_or(usize::MAX));
    let entries = &log.entries[first..];
    if arguments.json {
        print_json(&json!({ "events": entries }))?;
    } else if entries.is_empty() {
        print(&format!("No events in {}.{}\n", root.display(), place.other_store_hint()))?;
    } else {
        print(&as_text(entries))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(entries: &[LogEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        match entry {
            LogEntry::Report(record) => report(&mut text, record),
            LogEntry::Failure(failure) => {
                let _ = writeln!(text, "{}  {}", clean_value(&failure.time), clean_value(&failure.message));
            }
        }
    }
    text
}

fn report(text: &mut String, record: &EventRecord) {
    let bucket = if record.fault_bucket.is_empty() { "unknown" } else { &record.fault_bucket };
    let _ = writeln!(
        text,
        "{}  event {}  {}  {}",
        clean_value(&record.time),
        record.event_id,
        clean_value(&record.event_name),
        clean_value(&record.message)
    );
    let _ = writeln!(
        text,
        "  report {}, bucket {}, type {}",
        record.report_id,
        clean_value(bucket),
        record.bucket_type
    );
    for (index, parameter) in record.parameters.iter().enumerate() {
        let _ = writeln!(text, "  P{}: {}", index + 1, clean_value(&parameter.value));
    }
    let _ = writeln!(text, "  response: {}", clean_value(&record.response));
    for file in &record.attached_files {
        let _ = writeln!(text, "  file: {}", clean_value(file));
    }
    for note in &record.notes {
        let _ = writeln!(text, "  note: {}", clean_value(note));
    }
}
