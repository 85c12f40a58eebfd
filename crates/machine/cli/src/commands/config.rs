//! `wer config`: reads, sets and explains settings.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::json;
use wer_settings::{Explanation, Settings};

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;

mod set;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the value that counts.
    Get {
        /// E.g. Consent.DefaultConsent.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a value into your own settings file (with --system or --base: the machine's).
    Set {
        /// E.g. Consent.DefaultConsent.
        name: String,
        /// A number or a text, as the setting wants it.
        value: String,
    },
    /// Say where a value, or every value, comes from.
    Explain {
        /// E.g. Consent.DefaultConsent; without one, all settings.
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Reads, sets or explains.
///
/// # Errors
/// There is no such setting, the value is none of it, or the file cannot be written.
pub(crate) fn run(place: &PlaceArguments, command: &Command) -> Result<ExitCode> {
    let locations = place.locations();
    let (settings, warnings) = Settings::load(&locations);
    for warning in &warnings {
        eprintln!("wer: {}", clean_value(&warning.to_string()));
    }
    match command {
        Command::Get { name, json } => {
            let explanation = explain(&settings, name)?;
            if *json {
                print_json(&as_json(&explanation))?
            } else {
                print(&format!("{}\n", clean_value(&explanation.value)))?
            }
        }
        Command::Set { name, value } => {
            let (file, settings) = set::set(&locations, name, value)?;
            let explanation = explain(&settings, name)?;
            print(&format!("{} is {} in {}\n", explanation.name, clean_value(value), file.display()))?;
            if explanation.file.as_deref() != Some(&*file) {
                eprintln!("wer: it has no effect: {}", sentence(&explanation));
            }
        }
        Command::Explain { name, json } => {
            let explanations = match name {
                Some(name) => vec![explain(&settings, name)?],
                None => settings.explain_all(),
            };
            if *json {
                let settings: Vec<_> = explanations.iter().map(as_json).collect();
                print_json(&json!({ "settings": settings }))?;
            } else {
                print(&as_text(&explanations))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(settings: &Settings, name: &str) -> Result<Explanation> {
    settings
        .explain(name)
        .with_context(|| format!("there is no setting {name}; `wer config explain` lists them all"))
}

fn as_json(explanation: &Explanation) -> serde_json::Value {
    let overridden =
        explanation.overridden.iter().map(|(file, value)| json!({ "file": file, "value": value }));
    json!({
        "name": explanation.name,
        "value": explanation.value,
        "file": explanation.file,
        "overridden": overridden.collect::<Vec<_>>(),
        "meaning": explanation.meaning,
    })
}

fn as_text(explanations: &[Explanation]) -> String {
    let mut text = String::new();
    for explanation in explanations {
        let _ = writeln!(text, "{}", sentence(explanation));
        if !explanation.meaning.is_empty() {
            let _ = writeln!(text, "    {}", explanation.meaning);
        }
        for (file, value) in &explanation.overridden {
            let _ =
                writeln!(text, "    {} says {}, which does not count", file.display(), clean_value(value));
        }
    }
    text
}

fn sentence(explanation: &Explanation) -> String {
    let value = if explanation.value.is_empty() { "not set" } else { &explanation.value };
    let from = match &explanation.file {
        Some(file) => format!("from {}", file.display()),
        None => "the default".into(),
    };
    format!("{} = {} ({from})", clean_value(&explanation.name), clean_value(value))
}
