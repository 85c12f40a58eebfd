//! The event log: one record at each change of a report's state, and one line for each crash that made no report.

use std::path::Path;

use std::fs::File;
use std::io::Write as _;

use wer_model::SubmitOutcome;
use wer_store::{EventLog, journal};

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
    if context.settings.logging_disabled() {
        return;
    }
    let message = match change {
        Change::Queued => {
            format!("{} crashed; its report is in the queue.", reported.report.application_name)
        }
        Change::Submitted(outcome) => outcome.explanation.clone(),
    };
    let record = wer_report::event_record(&reported.report, &reported.folder, &message);
    if let Err(error) = journal::send(Path::new(journal::JOURNAL_SOCKET), &record) {
        tracing::warn!(%error, "the journal did not take the event");
    }
    if let Err(error) = EventLog::open(&context.locations.store_root).and_then(|log| log.append(&record)) {
        complain(context, &format!("Report {} is not in the event log: {error}.", reported.id));
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
