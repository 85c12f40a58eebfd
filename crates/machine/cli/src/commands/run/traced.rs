//! `wer run --trace`: we are parent and tracer of the program, report its crash by the same pipeline as `werfault`, and
//! end as it has ended.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use rustix::process::{DumpableBehavior, Signal, getpid, kill_process, set_dumpable_behavior};
use wer_capture::Capture;
use wer_capture::trace::{ExitDisposition, supervise_with};
use wer_fault::claim::Claim;
use wer_fault::way::kernel::{claim_of, new_id};
use wer_fault::{Context, Reported, crash_facts, report_capture, submit_report};
use wer_model::ConsentChoice;

use crate::output::clean_value;
use crate::place::PlaceArguments;

/// Runs the program to its end.
///
/// # Errors
/// It cannot be started or traced.
pub(super) fn run(place: &PlaceArguments, command: Vec<OsString>) -> Result<ExitCode> {
    let context = place.context()?;
    let mut reported = Vec::new();
    let program = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let facts = crash_facts(&context, &program);
    let disposition = supervise_with(command, &facts, &mut |capture| match report(capture, &context) {
        Ok(report) => reported.extend(report),
        Err(error) => eprintln!("wer: the crash was not reported: {}", clean_value(&format!("{error:#}"))),
    })?;
    for Reported { id, report, .. } in &reported {
        let name = clean_value(&report.application_name);
        eprintln!("wer: {name} (process {}) crashed; look at it with: wer report show {id}", report.pid);
        if let Err(error) = submit_report(&context, *id, ConsentChoice::NotAsked) {
            eprintln!("wer: report {id} was kept but not sent: {}", clean_value(&error.to_string()));
        }
    }
    end_like(disposition)
}

/// Reports one crash, unless the program's own handler has.
fn report(capture: &mut Capture, context: &Context) -> Result<Option<Reported>> {
    let id = match claim_of(capture, true) {
        Claim::AlreadyReported(_) => None,
        Claim::TakeOver(id) => Some(id),
        Claim::New => Some(new_id()),
    };
    let reported = match id {
        Some(id) => Some(report_capture(capture, context, id, &mut || {})?),
        None => None,
    };
    if !capture.silence_kernel_path() {
        eprintln!("wer: the kernel may report process {} again", capture.snapshot.process.pid);
    }
    Ok(reported)
}

/// Ends this process as the program ended: the same status, or the same signal.
fn end_like(disposition: ExitDisposition) -> Result<ExitCode> {
    let signal = match disposition {
        ExitDisposition::Exited(status) => {
            return Ok(ExitCode::from(u8::try_from(status & 0xFF).unwrap_or(1)));
        }
        ExitDisposition::Signaled { signal, .. } => signal,
    };
    // Our own end is not a crash: nobody shall dump or report it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("wer cannot give up its own core")?;
    let shell_status = ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    let Some(signal) = Signal::from_named_raw(signal) else { return Ok(shell_status) };
    // The runtime's own handler of memory faults steps aside at the first.
    for _ in 0..2 {
        kill_process(getpid(), signal).context("wer cannot end by the program's signal")?;
    }
    Ok(shell_status)
}
