//! `wer events`: the event log of a store, as Windows' event viewer shows it.

mod since;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use wer_model::EventRecord;
use wer_store::{EventLog, LogEntries, LogEntry};

use crate::output::{clean, clean_value, is_closed_pipe, print, print_json};
use crate::place::PlaceArguments;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the last N records.
    #[arg(short, value_name = "N")]
    n: Option<usize>,
    /// Then wait for new ones, until it is interrupted.
    #[arg(short, long)]
    follow: bool,
    /// Only those from then on: "2 hours", "1d", "2026-11-21", "2026-11-21 10:00" or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = since::parse)]
    since: Option<Timestamp>,
    /// Only those of this id: 1000 (crash), 1001 (report) or 1002 (hang).
    #[arg(long, value_name = "N")]
    id: Option<u32>,
    /// Print JSON; with --follow one object per line.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether an entry is asked for. One whose time cannot be read is shown rather than lost.
    fn wants(&self, entry: &LogEntry) -> bool {
        let is_in_time = match (self.since, entry.time().parse::<Timestamp>()) {
            (Some(since), Ok(time)) => time >= since,
            _ => true,
        };
        is_in_time && self.id.is_none_or(|id| entry.event_id() == Some(id))
    }

    fn wanted(&self, entries: Vec<LogEntry>) -> Vec<LogEntry> {
        entries.into_iter().filter(|entry| self.wants(entry)).collect()
    }
}

/// Prints the log, oldest record first.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let root = place.locations().store_root;
    let log = EventLog::open(&root)?;
    let complain = |log: &LogEntries| {
        if log.skipped > 0 {
            eprintln!("wer: {} lines of the event log in {} cannot be read", log.skipped, root.display());
        }
    };
    if arguments.follow {
        return follow(&log, arguments, complain);
    }
    let log = log.read()?;
    complain(&log);
    let entries = last(arguments.wanted(log.entries), arguments.n);
    if arguments.json {
        print_json(&json!({ "events": entries }))?;
    } else if entries.is_empty() {
        print(&format!("No events in {}.{}\n", root.display(), place.other_store_hint()))?;
    } else {
        print(&as_text(&entries))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what is there, then what comes, until nobody reads it any more.
fn follow(log: &EventLog, arguments: &Arguments, complain: impl Fn(&LogEntries)) -> Result<ExitCode> {
    let mut printed = Ok(());
    let mut limit = arguments.n;
    log.follower()?.follow(|new| {
        complain(&new);
        let entries = last(arguments.wanted(new.entries), limit.take());
        printed = entries.iter().try_for_each(|entry| {
            if arguments.json {
                print(&format!("{}\n", serde_json::to_string(entry)?))
            } else {
                print(&as_text(std::slice::from_ref(entry)))
            }
        });
        printed.is_ok()
    })?;
    match printed {
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn last(mut entries: Vec<LogEntry>, count: Option<usize>) -> Vec<LogEntry> {
    let surplus = entries.len().saturating_sub(count.unwrap_or(usize::MAX));
    entries.drain(..surplus);
    entries
}

fn as_text(entries: &[LogEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let (source, body) = match entry {
            LogEntry::Crash(record) => ("Application Error", record.text()),
            LogEntry::Hang(record) => ("Application Hang", record.text()),
            LogEntry::Report(record) => ("Windows Error Reporting", report(record)),
            LogEntry::Failure(failure) => {
                let _ = writeln!(text, "{}  {}\n", clean_value(&failure.time), clean_value(&failure.message));
                continue;
            }
        };
        let id = entry.event_id().unwrap_or_default();
        let _ = writeln!(text, "{}  event {id}  {source}", clean_value(entry.time()));
        for line in body.lines() {
            let line = clean(line);
            let _ = writeln!(text, "{}", if line.is_empty() { line } else { format!("  {line}") });
        }
        text.push('\n');
    }
    text
}

/// Windows' text, then what happened.
fn report(record: &EventRecord) -> String {
    let mut text = record.text();
    let _ = writeln!(text, "\n{}", clean_value(&record.message));
    for note in &record.notes {
        let _ = writeln!(text, "Note: {}", clean_value(note));
    }
    text
}
