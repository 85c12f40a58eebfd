//! `wer report show`: one report with the stack of its crashed thread, from its dump and the symbols on this machine.
//! No server is needed.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use wer_dump::{DumpFile, UnpackLimits};
use wer_model::{Analysis, Parameter, Report};
use wer_symbols::SymbolConfig;

use crate::output::{clean, clean_value, print, print_json, time_of};
use crate::place::PlaceArguments;
use crate::stored::{self, Read, state_word};

/// Dumps of a report that stacks can be read from, best first.
const DUMPS: [&str; 4] = ["minidump.mdmp", "memory.hdmp", "triagedump.mdmp", "microdump.mdmp"];

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The report's id, or enough of its beginning.
    id: String,
    /// Print every thread's stack.
    #[arg(long)]
    all_threads: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints a report.
///
/// # Errors
/// There is no such report, or it cannot be read. A dump that cannot be read is a sentence in the answer.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let (read, analysis) = stored::one(place, &arguments.id, analyze)?;
    if arguments.json {
        print_json(&as_json(&read, &analysis))?;
    } else {
        print(&as_text(&read, &analysis, arguments.all_threads))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the dump says, or why it says nothing.
fn analyze(read: &Read) -> Result<Analysis, String> {
    let mut reason = "The report has no dump.".to_owned();
    for name in DUMPS {
        if !read.report.files.iter().any(|file| file.name == name) {
            continue;
        }
        let file = read.stored.open_file(name).map_err(|error| error.to_string());
        let analysis = file.and_then(|file| analyze_open(&file, &read.stored.folder.join(name)));
        match analysis {
            Ok(analysis) => return Ok(analysis),
            Err(error) => reason = format!("The dump {name} cannot be read: {error}."),
        }
    }
    Err(reason)
}

/// A dump that is open, packed or not.
fn analyze_open(file: &File, path: &Path) -> Result<Analysis, String> {
    let dump = DumpFile::of(file, path, &UnpackLimits::default()).map_err(|error| error.to_string())?;
    wer_unwind::analyze(dump.bytes(), &SymbolConfig::local()).map_err(|error| error.to_string())
}

fn as_json(read: &Read, analysis: &Result<Analysis, String>) -> serde_json::Value {
    let Read { stored, report } = read;
    let mut answer = json!({
        "report": report,
        "state": state_word(stored.state),
        "folder": stored.folder,
        "time": time_of(report.event_time_filetime),
        "crash_reason": null,
        "crash_address": null,
        "signature": null,
        "top_function": null,
        "stack": null,
        "threads": [],
        "notes": [],
    });
    match analysis {
        Ok(analysis) => {
            let signature = wer_signature::signature(analysis);
            answer["crash_reason"] = json!(analysis.crash_reason);
            answer["crash_address"] = json!(analysis.crash_address);
            answer["signature"] = json!(signature.text);
            answer["top_function"] = json!(signature.top_function);
            answer["stack"] = json!(analysis.crashing_stack());
            answer["threads"] = json!(analysis.threads);
            answer["notes"] = json!(analysis.notes);
        }
        Err(reason) => answer["notes"] = json!([reason]),
    }
    answer
}

fn as_text(read: &Read, analysis: &Result<Analysis, String>, all_threads: bool) -> String {
    let Read { stored, report } = read;
    let mut text = String::new();
    head(&mut text, report);
    said(&mut text, report);
    let _ = writeln!(
        text,
        "Folder      {} ({})",
        clean_value(&stored.folder.to_string_lossy()),
        state_word(stored.state)
    );
    if !report.waiting_reason.is_empty() {
        let _ = writeln!(text, "Waits       {}", clean_value(&report.waiting_reason));
    }
    answered(&mut text, report);
    pairs(&mut text, "Parameters", &report.signature.parameters);
    pairs(&mut text, "Metadata", &report.metadata);
    dialogs(&mut text, report);
    if let Some(words) = &report.last_words {
        let _ = writeln!(text, "\nLast words");
        for line in words.text.trim_end().lines() {
            let _ = writeln!(text, "  {}", clean_value(line));
        }
    }
    let _ = writeln!(text);
    match analysis {
        Ok(analysis) => text.push_str(&stacks(analysis, all_threads)),
        Err(reason) => {
            let _ = writeln!(text, "{}", clean_value(reason));
        }
    }
    sentences(&mut text, report);
    text
}

fn head(text: &mut String, report: &Report) {
    let _ = writeln!(text, "Report      {}", report.id);
    let _ = writeln!(text, "Event       {}", clean_value(&report.signature.event_type));
    let _ = writeln!(
        text,
        "Application {} (process {}, user {})",
        clean_value(&report.application_path),
        report.pid,
        report.uid
    );
    let captured = clean_value(&report.capture_source);
    let _ = writeln!(text, "Time        {}, captured {captured}", time_of(report.event_time_filetime));
}

/// What its program said of it.
fn said(text: &mut String, report: &Report) {
    let statement = &report.statement;
    let [partner, group] = [&statement.namespace_partner, &statement.namespace_group];
    let namespace = if group.is_empty() { partner.clone() } else { format!("{partner}/{group}") };
    // The event's own name, and the executable's, are there already.
    let is_new = |said: &str, known: &str| if said == known { String::new() } else { said.to_owned() };
    let file_name = report.application_path.rsplit('/').next().unwrap_or_default();
    for (title, value) in [
        ("Called", is_new(&report.friendly_event_name, &report.signature.event_type)),
        ("Name", is_new(&report.application_name, file_name)),
        ("Version", is_new(&report.application_version, "0.0.0.0")),
        ("Description", statement.description.clone()),
        ("Namespace", namespace),
        ("Identity", statement.application_identity.clone()),
        ("Consent", report.consent_key.clone()),
    ] {
        if !value.is_empty() {
            let _ = writeln!(text, "{title:<11} {}", clean_value(&value));
        }
    }
}

/// What the server knows of it.
fn answered(text: &mut String, report: &Report) {
    let Some(reply) = &report.reply else { return };
    let bucket = reply.bucket.map(|bucket| bucket.to_string());
    for (title, value) in
        [("Bucket", &bucket), ("Solution", &reply.solution_url), ("Fixed in", &reply.solution_fixed_in)]
    {
        if let Some(value) = value {
            let _ = writeln!(text, "{title:<11} {}", clean_value(value));
        }
    }
    for (n, line) in reply.solution_text.as_deref().unwrap_or_default().lines().enumerate() {
        let title = if n == 0 { "What to do" } else { "" };
        let _ = writeln!(text, "{title:<11} {}", clean_value(line));
    }
}

/// Texts that a program wanted in dialogs, by their `WER_REPORT_UI`.
fn dialogs(text: &mut String, report: &Report) {
    if report.statement.ui_texts.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nDialogs");
    for (which, said) in &report.statement.ui_texts {
        let _ = writeln!(text, "  {which:>2} {}", clean_value(said));
    }
}

fn pairs(text: &mut String, title: &str, pairs: &[Parameter]) {
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for (index, pair) in pairs.iter().enumerate() {
        let _ =
            writeln!(text, "  {:>2} {:<24} {}", index + 1, clean_value(&pair.name), clean_value(&pair.value));
    }
}

fn stacks(analysis: &Analysis, all_threads: bool) -> String {
    if all_threads {
        return clean(&wer_unwind::render_text(analysis));
    }
    let mut crashed = analysis.clone();
    crashed.threads.retain(|thread| Some(thread.id) == analysis.crashing_thread);
    let others = analysis.threads.len() - crashed.threads.len();
    let mut text = clean(&wer_unwind::render_text(&crashed));
    if others > 0 {
        let _ = writeln!(text, "\n{others} other threads; --all-threads shows them");
    }
    text
}

fn sentences(text: &mut String, report: &Report) {
    if !report.modules.is_empty() {
        let _ = writeln!(text, "\nModules asked");
    }
    for module in &report.modules {
        let _ = writeln!(text, "  {}", clean_value(&module.sentence()));
    }
    if !report.soft_errors.is_empty() {
        let _ = writeln!(text, "\nMissing");
    }
    for error in &report.soft_errors {
        let _ = writeln!(text, "  {}", clean_value(&error.message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &str) -> String {
        let lines =
            format!("EventType=OwnEvent\nReportIdentifier=00000000-0000-4000-8000-000000000001\n{lines}");
        let bytes: Vec<u8> = lines.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let report = wer_report::report_wer::parse(&bytes).expect("a report");
        let mut text = String::new();
        said(&mut text, &report);
        answered(&mut text, &report);
        dialogs(&mut text, &report);
        text
    }

    #[test]
    fn what_a_program_said_of_its_report_is_shown() {
        let text = shown(
            "AppName=Own Name\nAppPath=/bin/own\nFriendlyEventName=Friendly\nReportDescription=Two\u{240a}lines\n\
             NsPartner=partner\nNsGroup=group\nApplicationIdentity=a5\nConsentKey=OwnKey\nUI[4]=May it?\u{241b}[0m\n",
        );
        assert_eq!(
            text,
            "Called      Friendly\nName        Own Name\nDescription Two\\u{a}lines\nNamespace   partner/group\n\
             Identity    a5\nConsent     OwnKey\n\nDialogs\n   4 May it?\\u{1b}[0m\n"
        );
        let unsaid = "AppName=own\nAppPath=/bin/own\nFriendlyEventName=OwnEvent\nUI[2]=/bin/own\n";
        assert_eq!(shown(unsaid), "");
    }

    #[test]
    fn what_the_server_knows_is_shown_without_escapes() {
        let text = shown(
            "Response.BucketId=7\nLinux.SolutionUrl=https://example.com/1\nLinux.SolutionFixedIn=1.10\n\
             Linux.SolutionText=Update.\u{240a}Then \u{241b}[31mrestart.\n",
        );
        assert_eq!(
            text,
            "Bucket      7\nSolution    https://example.com/1\nFixed in    1.10\nWhat to do  Update.\n            \
             Then \\u{1b}[31mrestart.\n"
        );
    }
}
