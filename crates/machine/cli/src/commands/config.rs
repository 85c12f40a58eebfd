//! `wer config`: reads, sets, explains and imports settings.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use wer_settings::{Explanation, FileLevel, Locations, Settings, edit};

use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;

mod import;

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
        /// E.g. Consent.DefaultConsent or LocalDumps.my-server.DumpType.
        name: String,
        /// A number or a text, as the setting wants it.
        value: String,
        #[command(flatten)]
        file: WhichFile,
    },
    /// Take a value out of the file that `set` would write to.
    Unset {
        /// E.g. Consent.DefaultConsent.
        name: String,
        #[command(flatten)]
        file: WhichFile,
    },
    /// List everything that a file sets, and which value counts.
    List {
        /// Settings that no file sets too, with their defaults.
        #[arg(long)]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read a registry export (.reg) of Windows Error Reporting's keys into settings files.
    Import(import::Arguments),
    /// Say where a value, or every value, comes from.
    Explain {
        /// E.g. Consent.DefaultConsent; without one, all settings.
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where a value is written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct WhichFile {
    /// The machine's policy, which counts before every other file.
    #[arg(long)]
    policy: bool,
}

impl WhichFile {
    /// The policy where it is asked for; else the user's file, and the machine's where no user's counts.
    fn level(self, locations: &Locations) -> FileLevel {
        match locations.user_file() {
            _ if self.policy => FileLevel::Policy,
            Some(_) => FileLevel::User,
            None => FileLevel::System,
        }
    }
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
        Command::Set { name, value, file } => {
            let file = edit::set(&locations, file.level(&locations), name, value)?;
            let explanation = explain(&Settings::load(&locations).0, name)?;
            print(&format!("{} is {} in {}\n", explanation.name, clean_value(value), file.display()))?;
            if explanation.file.as_deref() != Some(&*file) {
                eprintln!("wer: it has no effect: {}", sentence(&explanation));
            }
        }
        Command::Unset { name, file } => {
            let level = file.level(&locations);
            let Some(file) = edit::unset(&locations, level, name)? else {
                bail!("{} is not set there: {}", clean_value(name), sentence(&explain(&settings, name)?));
            };
            let explanation = explain(&Settings::load(&locations).0, name)?;
            print(&format!("taken out of {}; now {}\n", file.display(), sentence(&explanation)))?;
        }
        Command::List { all, json } => {
            let set = settings.names_that_are_set();
            let mut explanations: Vec<_> = if *all { settings.explain_all() } else { Vec::new() };
            let more = set.iter().filter_map(|name| settings.explain(name));
            let new: Vec<_> =
                more.filter(|one| !explanations.iter().any(|known| known.name == one.name)).collect();
            explanations.extend(new);
            print_explanations(&explanations, *json, as_lines)?;
        }
        Command::Import(arguments) => return import::run(&locations, arguments),
        Command::Explain { name, json } => {
            let explanations = match name {
                Some(name) => vec![explain(&settings, name)?],
                None => settings.explain_all(),
            };
            print_explanations(&explanations, *json, as_text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_explanations(
    explanations: &[Explanation],
    json: bool,
    text: fn(&[Explanation]) -> String,
) -> Result<()> {
    if json {
        let settings: Vec<_> = explanations.iter().map(as_json).collect();
        return print_json(&json!({ "settings": settings }));
    }
    print(&text(explanations))
}

fn as_lines(explanations: &[Explanation]) -> String {
    explanations.iter().map(|explanation| format!("{}\n", sentence(explanation))).collect()
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
