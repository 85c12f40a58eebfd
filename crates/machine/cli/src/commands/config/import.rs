//! `wer config import`: a registry export into settings files.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use wer_settings::edit::{self, Change, NewValue};
use wer_settings::limits::MAX_REGISTRY_FILE_BYTES;
use wer_settings::registry::{self, Ignored, Import, Imported};
use wer_settings::{FileLevel, Locations};

use crate::output::{clean_value, print, print_json};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What `reg export` or regedit wrote: UTF-16 or UTF-8.
    file: PathBuf,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Reads the export and changes the files that its keys stand for.
///
/// # Errors
/// The file cannot be read or is no registry export, or a settings file cannot be changed. What would not be written to
/// every file is written to none, unless the last step fails; the message names the file.
pub(super) fn run(locations: &Locations, arguments: &Arguments) -> Result<ExitCode> {
    let bytes = read(&arguments.file)?;
    let lines =
        registry::parse(&bytes).with_context(|| format!("{} was not read", arguments.file.display()))?;
    let mut import = registry::import::import(&lines);
    without_user(&mut import, locations);
    let changes = import.changes();
    for (level, changes) in &changes {
        edit::preview(locations, *level, changes)?;
    }
    if !arguments.dry_run {
        for (level, changes) in &changes {
            edit::apply(locations, *level, changes)?;
        }
    }
    if arguments.json {
        print_json(&as_json(locations, &import, arguments.dry_run))?;
    } else {
        print(&as_text(locations, &import, arguments.dry_run))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A regular file within the limit.
fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = || format!("{} cannot be read", path.display());
    let metadata = std::fs::metadata(path).with_context(failed)?;
    if !metadata.is_file() {
        bail!("{} is not a regular file", path.display());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .with_context(failed)?
        .take(MAX_REGISTRY_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(failed)?;
    Ok(bytes)
}

/// With `--system` there is no user whose file could take the keys of `HKEY_CURRENT_USER`.
fn without_user(import: &mut Import, locations: &Locations) {
    if locations.user_file().is_some() {
        return;
    }
    let (of_user, imported): (Vec<_>, Vec<_>) =
        std::mem::take(&mut import.imported).into_iter().partition(|one| one.level == FileLevel::User);
    import.imported = imported;
    import.ignored.extend(of_user.into_iter().map(|one| Ignored {
        line: one.line,
        key: "HKEY_CURRENT_USER".into(),
        name: Some(name(&one.change)),
        reason: "no user's settings count here; import it without --system and --base".into(),
    }));
    import.ignored.sort_by_key(|ignored| ignored.line);
}

fn file_of(locations: &Locations, level: FileLevel) -> PathBuf {
    match level {
        FileLevel::Policy => locations.policy_file(),
        FileLevel::System => locations.system_file(),
        FileLevel::User => locations.user_file().unwrap_or_default(),
    }
}

fn name(change: &Change) -> String {
    match change {
        Change::Set(path, _) | Change::Remove(path) | Change::Section(path) => path.join("."),
    }
}

/// What becomes of a setting, for a person.
fn sentence(change: &Change) -> String {
    match change {
        Change::Set(_, NewValue::Number(number)) => format!("{} = {number}", name(change)),
        Change::Set(_, NewValue::Text(text)) => format!("{} = \"{text}\"", name(change)),
        Change::Remove(_) => format!("{} taken out", name(change)),
        Change::Section(_) => format!("[{}]", name(change)),
    }
}

fn as_text(locations: &Locations, import: &Import, is_dry: bool) -> String {
    let mut text = String::new();
    for one in &import.imported {
        let file = file_of(locations, one.level);
        let _ = writeln!(
            text,
            "line {}: {} in {}",
            one.line,
            clean_value(&sentence(&one.change)),
            file.display()
        );
    }
    for one in &import.ignored {
        let value = one.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let _ = writeln!(
            text,
            "line {}: ignored: [{}]{}: {}",
            one.line,
            clean_value(&one.key),
            clean_value(&value),
            clean_value(&one.reason)
        );
    }
    let _ = writeln!(
        text,
        "{} {}, {} ignored",
        import.imported.len(),
        if is_dry { "would be imported" } else { "imported" },
        import.ignored.len()
    );
    text
}

fn as_json(locations: &Locations, import: &Import, is_dry: bool) -> serde_json::Value {
    let imported = |one: &Imported| {
        let value = match &one.change {
            Change::Set(_, NewValue::Number(number)) => json!(number),
            Change::Set(_, NewValue::Text(text)) => json!(text),
            Change::Remove(_) | Change::Section(_) => json!(null),
        };
        let action = match &one.change {
            Change::Set(..) => "set",
            Change::Remove(_) => "remove",
            Change::Section(_) => "section",
        };
        json!({
            "line": one.line,
            "action": action,
            "name": name(&one.change),
            "value": value,
            "file": file_of(locations, one.level),
        })
    };
    let ignored =
        |one: &Ignored| json!({ "line": one.line, "key": one.key, "name": one.name, "reason": one.reason });
    json!({
        "dry_run": is_dry,
        "imported": import.imported.iter().map(imported).collect::<Vec<_>>(),
        "ignored": import.ignored.iter().map(ignored).collect::<Vec<_>>(),
    })
}
