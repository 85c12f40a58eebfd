//! `wer module check`: would a file do as a runtime exception module? Nothing of it is run.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::output::{clean_value, print, print_json};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The module.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at a module.
///
/// # Errors
/// The file cannot be read or is no ELF file. A file that would not do is exit code 1 without an error.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let check = wer_modules::check_module(&arguments.file)?;
    let problems: Vec<String> = check.problems.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = check.warnings.iter().map(ToString::to_string).collect();
    if arguments.json {
        print_json(&json!({ "usable": check.is_usable(), "problems": problems, "warnings": warnings }))?;
    } else {
        let mut text = String::new();
        for sentence in &problems {
            let _ = writeln!(text, "problem: {}", clean_value(sentence));
        }
        for sentence in &warnings {
            let _ = writeln!(text, "warning: {}", clean_value(sentence));
        }
        let verdict = if check.is_usable() { "can be used" } else { "cannot be used" };
        let _ = writeln!(
            text,
            "{} {verdict} as a runtime exception module",
            clean_value(&arguments.file.to_string_lossy())
        );
        print(&text)?;
    }
    Ok(if check.is_usable() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
