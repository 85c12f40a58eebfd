//! `wer module check`: would a file do as a runtime exception module, and would the settings let it? Nothing of it is run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use wer_model::ModuleLevel;
use wer_modules::ModuleCheck;
use wer_settings::Settings;

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;

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
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let check = wer_modules::check_module(&arguments.file)?;
    let path = std::path::absolute(&arguments.file)?;
    let (settings, _) = Settings::load(&place.locations());
    let level = settings.module_level(&path.to_string_lossy());
    if arguments.json {
        print_json(&as_json(&check, &path, level))?;
    } else {
        print(&as_text(&check, &arguments.file, &path, level))?;
    }
    Ok(if check.is_usable() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(check: &ModuleCheck, path: &Path, level: Option<ModuleLevel>) -> Value {
    let problems: Vec<String> = check.problems.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = check.warnings.iter().map(ToString::to_string).collect();
    json!({
        "usable": check.is_usable(),
        "exports": check.exports,
        "forbidden_imports": check.wide_imports,
        "problems": problems,
        "warnings": warnings,
        "path": path.to_string_lossy(),
        "allowed_by": level,
        "may_claim": level == Some(ModuleLevel::System),
    })
}

fn as_text(check: &ModuleCheck, file: &Path, path: &Path, level: Option<ModuleLevel>) -> String {
    let mut text = String::new();
    for problem in &check.problems {
        let _ = writeln!(text, "problem: {}", clean_value(&problem.to_string()));
    }
    for warning in &check.warnings {
        let _ = writeln!(text, "warning: {}", clean_value(&warning.to_string()));
    }
    for import in &check.wide_imports {
        let _ = writeln!(text, "forbidden import: {}", clean_value(import));
    }
    for export in &check.exports {
        let _ = writeln!(text, "export: {export}");
    }
    let verdict = if check.is_usable() { "can be used" } else { "cannot be used" };
    let file = clean_value(&file.to_string_lossy());
    let _ = writeln!(text, "{file} {verdict} as a runtime exception module");
    let path = clean_value(&path.to_string_lossy());
    let _ = match level {
        Some(ModuleLevel::System) => {
            writeln!(text, "the machine's settings allow {path}: it is asked and may claim")
        }
        Some(ModuleLevel::User) => {
            writeln!(
                text,
                "your own settings allow {path}: it is asked, but only the machine's settings allow claims"
            )
        }
        None => writeln!(
            text,
            "no settings allow {path}: it is not loaded. To allow it, in /etc/wer/wer.toml:\n\
             [RuntimeExceptionHelperModules]\n\"{path}\" = 1"
        ),
    };
    text
}
