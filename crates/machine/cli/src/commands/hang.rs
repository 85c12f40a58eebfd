//! `wer hang`: what a living process waits for, and a report of it.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use wer_fault::HangOrder;
use wer_hang::Hang;

use crate::output::{clean, clean_value, print, print_json};
use crate::place::PlaceArguments;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process.
    pid: u32,
    /// The thread that does not answer [default: the main thread].
    #[arg(long, value_name = "TID")]
    thread: Option<u32>,
    /// Print the wait chain only.
    #[arg(long)]
    no_report: bool,
    /// End the process when it has been captured, as WerReportHang does.
    #[arg(long, conflicts_with = "no_report")]
    kill: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the wait chain and reports the hang.
///
/// # Errors
/// The process is gone or may not be traced, or the report cannot be stored.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let pid = arguments.pid;
    let hang = wer_hang::look(pid, arguments.thread)
        .with_context(|| format!("what process {pid} waits for cannot be seen"))?;
    let reported = if arguments.no_report {
        None
    } else {
        let process = wer_sys::Process::open(pid)?;
        let order = HangOrder { ends: arguments.kill, ..HangOrder::default() };
        Some(wer_fault::report_hang(&process, &place.context()?, &hang, &order, &mut || {})?)
    };
    if arguments.json {
        let Hang { chain, deadlocks } = &hang;
        let telling = hang.telling();
        print_json(&json!({
            "pid": pid,
            "hang_type": telling.hang_type(),
            "hang_signature": telling.signature(),
            "chain": chain,
            "deadlocks": deadlocks,
            "report": reported.as_ref().map(|reported| reported.id.to_string()),
            "folder": reported.as_ref().map(|reported| &reported.folder),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&clean(&hang.chain.text()))?;
    for deadlock in &hang.deadlocks {
        print(&format!("other threads:\n{}", clean(&deadlock.text())))?;
    }
    if let Some(reported) = reported {
        let folder = clean_value(&reported.folder.to_string_lossy());
        print(&format!("Report {} in {folder}\n", reported.id))?;
    }
    Ok(ExitCode::SUCCESS)
}
