//! The event log: one record of each crash (event 1000) and hang (1002), one at each change of a report's state (1001),
//! and one line for each crash that made no report.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use wer_model::{HangRecord, ReportId, ReportType, SubmitOutcome};
use wer_snapshot::ProcessSnapshot;
use wer_store::{EventLog, LogEntry, journal};

use crate::context::Standing;
use crate::{Context, Reported};

/// What changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// The report is in the queue.
    Queued,
    /// An attempt to send it has ended.
    Submitted(&'a SubmitOutcome),
}

/// Records a change. A log that cannot be written never costs the report.
pub(crate) fn record(context: &Context, reported: &Reported, change: Change<'_>) {
    let message = match change {
        Change::Queued => {
            let report = &reported.report;
            let what = match report.report_type {
                ReportType::ApplicationHang => "no longer answered",
                ReportType::NonCritical | ReportType::Critical => "asked for a report",
                ReportType::ApplicationCrash | ReportType::Kernel => "crashed",
            };
            format!("{} {what}; its report is in the queue.", report.application_name)
        }
        Change::Submitted(outcome) => outcome.explanation.clone(),
    };
    let record = wer_report::event_record(&reported.report, &reported.folder, &message);
    write(context, LogEntry::Report(Box::new(record)), &format!("Report {}", reported.id));
}

/// Event 1000: a program crashed. Written before the report's own event 1001, as on Windows.
pub(crate) fn crashed(context: &Context, snapshot: &ProcessSnapshot, id: ReportId) {
    if snapshot.exception.is_some() {
        let record = wer_report::crash_record(snapshot, Some(id));
        write(context, LogEntry::Crash(Box::new(record)), &format!("The crash of report {id}"));
    }
}

/// Event 1002: a program no longer answered. `wer_report::hang_record` makes the record.
pub fn hung(context: &Context, record: HangRecord) {
    write(context, LogEntry::Hang(Box::new(record)), "A hang");
}

/// To the journal and to the event log, unless the settings want neither.
fn write(context: &Context, entry: LogEntry, what: &str) {
    if context.settings.logging_disabled() {
        return;
    }
    if let Err(error) = journal::send(Path::new(journal::JOURNAL_SOCKET), &entry) {
        tracing::warn!(%error, "the journal did not take the event");
    }
    let log = EventLog::open(&context.locations.store_root);
    if let Err(error) = log.and_then(|log| log.append_entry(entry)) {
        complain(context, &format!("{what} is not in the event log: {error}."));
    }
}

/// A crash, or an attempt to send, that came to nothing: to the event log and to standard error, for whoever looks
/// first. For the machine's own runs, whose standard error nobody sees, to the kernel's log where the event log fails.
pub fn failure(context: &Context, message: &str) {
    let logged = EventLog::open(&context.locations.store_root).and_then(|log| log.append_failure(message));
    if let Err(error) = logged {
        let message = format!("{message} (The event log could not be written either: {error}.)");
        return complain(context, &message);
    }
    say(message);
}

/// An error and its causes in one line; what an error says of its cause itself is not said again.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn complain(context: &Context, message: &str) {
    say(message);
    if context.standing == Standing::System
        && let Err(error) = to_kernel_log(message)
    {
        tracing::warn!(%error, "the kernel's log could not be written");
    }
}

/// Standard error may be closed; that costs nothing.
fn say(message: &str) {
    let _ = writeln!(std::io::stderr(), "werfault: {message}");
}

/// One record of the kernel's log (`dmesg`), as an error of a daemon. A record is one line.
fn to_kernel_log(message: &str) -> std::io::Result<()> {
    /// Facility daemon (3), severity error (3).
    const PRIORITY: u32 = 3 << 3 | 3;
    /// The kernel takes 1 KiB or so.
    const MAX_CHARS: usize = 800;
    let line: String =
        message.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    File::options()
        .write(true)
        .open("/dev/kmsg")?
        .write_all(format!("<{PRIORITY}>werfault: {line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let cause = anyhow!("no space").context("cannot write x: no space");
        assert_eq!(sentence(&cause), "cannot write x: no space");
        let outer = Err::<(), _>(cause).context("process 1 was not reported").expect_err("an error");
        assert_eq!(sentence(&outer), "process 1 was not reported: cannot write x: no space");
    }
}
