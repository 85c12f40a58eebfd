//! `wer registrations`: what a process has registered, read from outside without its help.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use wer_snapshot::{RegistrationKind, Registrations};

use crate::output::{clean_value, print, print_json};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process.
    pid: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the registrations, in their order.
///
/// # Errors
/// The process is gone or may not be read.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let registrations = wer_capture::registrations(arguments.pid)
        .with_context(|| format!("the registrations of process {} cannot be read", arguments.pid))?;
    if arguments.json {
        print_json(&registrations)?;
    } else {
        print(&as_text(arguments.pid, &registrations))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(pid: u32, registrations: &Registrations) -> String {
    if registrations.block_address == 0 {
        return format!("Process {pid} has no registration block: it has registered nothing.\n");
    }
    let mut text = format!(
        "Registration block of process {pid} at {:#x}, version {}\nFlags {:#x}, hold at most {}\n",
        registrations.block_address,
        registrations.version,
        registrations.flags,
        hold(registrations.max_hold_ms),
    );
    let mut lines: Vec<(u64, String)> =
        registrations.entries.iter().map(|entry| (entry.sequence, entry_line(&entry.kind))).collect();
    lines.extend(registrations.modules.iter().map(|module| {
        (module.sequence, format!("module   {}, context {:#x}", clean_value(&module.path), module.context))
    }));
    lines.sort();
    for (sequence, line) in lines {
        let _ = writeln!(text, "{sequence:>6}  {line}");
    }
    if let Some(words) = &registrations.last_words {
        let _ = writeln!(text, "Last words: {}", clean_value(words));
    }
    if registrations.capture_state != 0 {
        let _ = writeln!(
            text,
            "A crash is being reported under {}",
            clean_value(&registrations.capture_report_id)
        );
    }
    text
}

fn hold(max_hold_ms: u32) -> String {
    if max_hold_ms == 0 { "the default time".into() } else { format!("{max_hold_ms} ms") }
}

fn entry_line(kind: &RegistrationKind) -> String {
    match kind {
        RegistrationKind::MemoryBlock(block) => {
            format!("memory   {:#x}, {} bytes", block.address, block.size)
        }
        RegistrationKind::ExcludedMemoryBlock(block) => {
            format!("excluded {:#x}, {} bytes", block.address, block.size)
        }
        RegistrationKind::File { path, file_type, flags } => {
            format!("file     {}, type {file_type}, flags {flags:#x}", clean_value(path))
        }
        RegistrationKind::Metadata { key, value } => {
            format!("metadata {} = {}", clean_value(key), clean_value(value))
        }
        RegistrationKind::AdditionalProcess { pid, tid } => format!("process  {pid}, thread {tid}"),
    }
}

#[cfg(test)]
mod tests {
    use wer_snapshot::{MemoryBlock, Registration, RuntimeExceptionModule};

    use super::*;

    #[test]
    fn entries_and_modules_are_one_sequence() {
        let registrations = Registrations {
            block_address: 0x7000,
            version: 1,
            entries: vec![
                Registration {
                    sequence: 1,
                    kind: RegistrationKind::MemoryBlock(MemoryBlock { address: 0x10, size: 8 }),
                },
                Registration {
                    sequence: 3,
                    kind: RegistrationKind::Metadata { key: "k\u{1b}".into(), value: "v".into() },
                },
            ],
            modules: vec![RuntimeExceptionModule { sequence: 2, path: "/m.so".into(), context: 5 }],
            ..Registrations::default()
        };
        let text = as_text(7, &registrations);
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
        assert!(at("memory ") < at("module ") && at("module ") < at("metadata"));
        assert!(!text.contains('\u{1b}'));
        assert!(as_text(7, &Registrations::default()).contains("no registration block"));
    }
}
