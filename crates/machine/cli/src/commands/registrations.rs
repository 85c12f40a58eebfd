//! `wer registrations`: what a process has registered, read from outside without its help; of a dead one, from its core.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use wer_capture::CoreFileOptions;
use wer_model::{SoftError, Stage};
use wer_snapshot::{RegistrationKind, Registrations};

use crate::output::{clean_value, print, print_json};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process, or the core file of one.
    #[arg(value_name = "PID|CORE")]
    source: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the registrations, in their order.
///
/// # Errors
/// The process is gone or may not be read, or the file is no core.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (name, registrations) = read(&arguments.source)?;
    if arguments.json {
        print_json(&registrations)?;
    } else {
        print(&as_text(&name, &registrations))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A number is a process; a core file of such a name is `./NUMBER`.
fn read(source: &str) -> Result<(String, Registrations)> {
    let Ok(pid) = source.parse::<u32>() else {
        let options = CoreFileOptions { read_files: false, ..CoreFileOptions::default() };
        let core = wer_capture::core_file(Path::new(source), &options)
            .with_context(|| format!("the registrations in {source} cannot be read"))?;
        tell(&core.snapshot.soft_errors);
        let name = format!("The core of process {} ({})", core.snapshot.process.pid, clean_value(source));
        return Ok((name, core.snapshot.registrations));
    };
    let contents = wer_capture::registration::of_process(pid)
        .with_context(|| format!("the registrations of process {pid} cannot be read"))?;
    tell(&contents.soft_errors);
    Ok((format!("Process {pid}"), contents.registrations))
}

/// What was left out, on standard error.
fn tell(soft_errors: &[SoftError]) {
    for error in soft_errors.iter().filter(|error| error.stage == Stage::Registration) {
        eprintln!("wer: {}", clean_value(&error.message));
    }
}

fn as_text(name: &str, registrations: &Registrations) -> String {
    if registrations.block_address == 0 {
        return format!("{name} has no registration block: it has registered nothing.\n");
    }
    let mut text = format!(
        "{name}: registration block at {:#x}, version {}\nFlags {:#x}, hold at most {}\n",
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
    areas(&mut text, registrations);
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

fn areas(text: &mut String, registrations: &Registrations) {
    if let Some(path) = &registrations.app_local_dump {
        let _ = writeln!(text, "App-local dump: {}", clean_value(path));
    }
    if let Some(restart) = &registrations.restart {
        let arguments = match &restart.command_line {
            Some(line) => format!("with the arguments {}", clean_value(line)),
            None => "with its own arguments".into(),
        };
        let _ = writeln!(text, "Restart: {arguments}, flags {:#x}", restart.flags);
    }
    if let Some(recovery) = &registrations.recovery {
        let _ = writeln!(
            text,
            "Recovery callback: {:#x}, parameter {:#x}, every {} ms",
            recovery.callback, recovery.parameter, recovery.ping_interval_ms
        );
    }
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
    use wer_snapshot::{
        MemoryBlock, RecoveryRegistration, Registration, RestartRegistration, RuntimeExceptionModule,
    };

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
            app_local_dump: Some("dumps".into()),
            restart: Some(RestartRegistration {
                command_line: Some("--again".into()),
                flags: 2,
                registered_ms: 0,
            }),
            recovery: Some(RecoveryRegistration {
                callback: 0x4000,
                parameter: 1,
                ping_interval_ms: 5000,
                flags: 0,
                phase: 0,
                progress_count: 0,
            }),
            ..Registrations::default()
        };
        let text = as_text("Process 7", &registrations);
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
        assert!(at("memory ") < at("module ") && at("module ") < at("metadata"));
        assert!(!text.contains('\u{1b}'));
        for line in [
            "App-local dump: dumps\n",
            "Restart: with the arguments --again, flags 0x2\n",
            "Recovery callback: 0x4000, parameter 0x1, every 5000 ms\n",
        ] {
            at(line);
        }
        assert!(as_text("Process 7", &Registrations::default()).contains("no registration block"));
    }
}
