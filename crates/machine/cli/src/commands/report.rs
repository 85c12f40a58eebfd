//! `wer report show ID`: one report with the stack of its crashed thread, from the symbols on this machine.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde::Serialize;
use wer_model::{Analysis, Report, ReportState, ThreadStack};
use wer_store::{Store, StoredReport};
use wer_symbols::SymbolConfig;

use super::reports::read;
use crate::output::{Places, clean, clean_line, print_json, print_text};

/// `wer report ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show one report.
    Show(ShowArguments),
}

/// Arguments of `wer report show`.
#[derive(Debug, clap::Args)]
pub struct ShowArguments {
    /// The report's id, or enough of its beginning.
    id: String,
    /// Show every thread, not only the crashed one.
    #[arg(long)]
    all_threads: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    report: &'a Report,
    state: ReportState,
    folder: String,
    crash_reason: Option<&'a str>,
    crash_address: Option<u64>,
    signature: Option<String>,
    top_function: Option<String>,
    stack: Option<&'a ThreadStack>,
    threads: &'a [ThreadStack],
    notes: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// There is no such report, more than one, or it cannot be read.
pub fn run(places: &Places, command: &Command) -> Result<ExitCode> {
    let Command::Show(arguments) = command;
    let context = places.context()?;
    let store = Store::open(&context.locations.store_root)?;
    let stored = store.find(&arguments.id)?;
    let report = read(&stored).with_context(|| format!("{} cannot be read", stored.folder.display()))?;
    let analysis = analyze(&stored, &report);
    if arguments.json {
        print_json(&shown(&stored, &report, &analysis))?;
    } else {
        print_text(&text(&stored, &report, &analysis, arguments.all_threads))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the report's dump says; without one, why not.
fn analyze(stored: &StoredReport, report: &Report) -> Result<Analysis, String> {
    let dump = report.files.iter().find(|file| file.name == "minidump.mdmp");
    let Some(dump) = dump else { return Err("The report holds no minidump.".into()) };
    wer_unwind::analyze_file(&stored.folder.join(&dump.name), &SymbolConfig::local())
        .map_err(|error| format!("Its minidump cannot be read: {error}."))
}

fn shown<'a>(stored: &StoredReport, report: &'a Report, analysis: &'a Result<Analysis, String>) -> Shown<'a> {
    let known = analysis.as_ref().ok();
    Shown {
        report,
        state: stored.state,
        folder: stored.folder.display().to_string(),
        crash_reason: known.and_then(|analysis| analysis.crash_reason.as_deref()),
        crash_address: known.and_then(|analysis| analysis.crash_address),
        signature: known.map(|analysis| wer_signature::signature(analysis).text),
        top_function: known.and_then(wer_signature::top_function),
        stack: known.and_then(Analysis::crashing_stack),
        threads: known.map_or(&[], |analysis| &analysis.threads),
        notes: known.map_or_else(|| analysis.as_ref().err().cloned().into_iter().collect(), |known| known.notes.clone()),
    }
}

fn text(stored: &StoredReport, report: &Report, analysis: &Result<Analysis, String>, all_threads: bool) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<18} {}", clean_line(value));
        }
    };
    line("Report", &report.id.to_string());
    line("Event", &report.signature.event_type);
    line("Time", &crate::output::time(report.event_time_filetime));
    line("Application", &format!("{} (process {})", report.application_path, report.pid));
    line("Captured", &report.capture_source);
    for (index, parameter) in report.signature.parameters.iter().enumerate() {
        line(&format!("P{}", index + 1), &format!("{} = {}", parameter.name, parameter.value));
    }
    for pair in &report.metadata {
        line("Metadata", &format!("{} = {}", pair.name, pair.value));
    }
    if let Some(words) = &report.last_words {
        line("Last words", &words.text);
    }
    for module in &report.modules {
        line("Module", &module.sentence());
    }
    for error in &report.soft_errors {
        line("Missing", &error.message);
    }
    for file in &report.files {
        line("File", &stored.folder.join(&file.name).display().to_string());
    }
    if let Some(reply) = &report.reply {
        line("Bucket", &reply.bucket.map(|bucket| bucket.to_string()).unwrap_or_default());
        line("Solution", reply.solution_url.as_deref().unwrap_or_default());
        line("Fixed in", reply.solution_fixed_in.as_deref().unwrap_or_default());
        for (n, said) in reply.solution_text.as_deref().unwrap_or_default().lines().enumerate() {
            line(if n == 0 { "What to do" } else { "" }, said);
        }
    }
    line("Waits", &report.waiting_reason);
    text.push('\n');
    text.push_str(&stack_text(analysis, all_threads));
    text
}

fn stack_text(analysis: &Result<Analysis, String>, all_threads: bool) -> String {
    match analysis {
        Err(reason) => format!("{}\n", clean(reason)),
        Ok(analysis) => {
            let mut shown = analysis.clone();
            if !all_threads && shown.crashing_thread.is_some() {
                shown.threads.retain(|thread| Some(thread.id) == shown.crashing_thread);
            }
            wer_unwind::render_text(&shown)
        }
    }
}
