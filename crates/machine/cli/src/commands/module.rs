//! `wer module check FILE`: whether a file would do as a runtime exception module, without loading it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::output::{clean_line, print_json, print_text};

/// `wer module ...`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the exports and imports of a module.
    Check {
        /// The module.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command. Exit code 1 when the file would not be loaded.
///
/// # Errors
/// The file cannot be read.
pub fn run(command: &Command) -> Result<ExitCode> {
    let Command::Check { file, json } = command;
    let check = wer_modules::check_module(file)?;
    let problems: Vec<String> = check.problems.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = check.warnings.iter().map(ToString::to_string).collect();
    if *json {
        let answer =
            serde_json::json!({ "usable": check.is_usable(), "problems": problems, "warnings": warnings });
        print_json(&answer)?;
    } else {
        print_text(&text(&file.display().to_string(), check.is_usable(), &problems, &warnings))?;
    }
    Ok(if check.is_usable() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(file: &str, usable: bool, problems: &[String], warnings: &[String]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "error: {}", clean_line(problem));
    }
    for warning in warnings {
        let _ = writeln!(text, "warning: {}", clean_line(warning));
    }
    let verdict = if usable { "can be used as a runtime exception module" } else { "would not be used" };
    let _ = writeln!(text, "{} {verdict}.", clean_line(file));
    text
}
