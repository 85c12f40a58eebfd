//! Writing one value into a settings file: everything else in the file stays as a person wrote it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use toml_edit::{DocumentMut, Item, Table, value};
use wer_settings::catalogue::{ALL, Kind, Known};
use wer_settings::{FileLevel, Locations, Settings};
use wer_sys::atomic_file::AtomicFile;

/// Settings are read by the reporter under every user, and hold no secret.
const MODE: u32 = 0o644;

/// Sections whose names a person chooses.
const LISTS: [&str; 3] = ["Consent", "ExcludedApplications", "RuntimeExceptionHelperModules"];

/// Writes a value into the file that this person would edit. Returns the file and the settings as they are now.
///
/// # Errors
/// There is no such setting, the value is none of it, or the file cannot be read or written; then it stays as it was.
pub(super) fn set(locations: &Locations, name: &str, text: &str) -> Result<(PathBuf, Settings)> {
    let (file, level) = match locations.user_file() {
        Some(file) => (file, FileLevel::User),
        None => (locations.system_file(), FileLevel::System),
    };
    let old = read(&file)?;
    let new = edit(&old, name, text).with_context(|| format!("{} was not changed", file.display()))?;
    let warnings = |text: &str| Settings::from_texts(locations, &[(level, text)]).1;
    let before = warnings(&old);
    if let Some(warning) = warnings(&new).into_iter().find(|warning| !before.contains(warning)) {
        bail!("{} was not changed: {warning}", file.display());
    }
    write(&file, &new).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok((file, Settings::load(locations).0))
}

fn read(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.with_context(|| format!("{} cannot be read", file.display())),
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut atomic = AtomicFile::create(file, MODE)?;
    atomic.file().write_all(text.as_bytes())?;
    atomic.commit()
}

/// The file's text with one value more or another one.
fn edit(old: &str, name: &str, text: &str) -> Result<String> {
    let mut document: DocumentMut =
        old.parse().context("the file is no TOML that can be changed; correct it by hand")?;
    let (section, key) = name.split_once('.').unwrap_or(("", name));
    let known = ALL.iter().find(|known| known.full_name().eq_ignore_ascii_case(name));
    let new = match known {
        Some(known) => typed(known, text)?,
        None if LISTS.contains(&section) => whole(name, text)?,
        None => bail!("there is no setting {name}; `wer config explain` lists them all"),
    };
    let key = known.map_or(key.trim_matches('"'), |known| known.name);
    if section.is_empty() {
        document.insert(key, new);
        return Ok(document.to_string());
    }
    let table = document.entry(section).or_insert(Item::Table(Table::new()));
    let table = table.as_table_like_mut().with_context(|| format!("{section} is no table in the file"))?;
    table.insert(key, new);
    Ok(document.to_string())
}

fn typed(known: &Known, text: &str) -> Result<Item> {
    match known.kind {
        Kind::Switch | Kind::Number { .. } => whole(&known.full_name(), text),
        Kind::Text | Kind::Path => Ok(value(text)),
    }
}

fn whole(name: &str, text: &str) -> Result<Item> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16),
        None => text.parse::<i64>(),
    };
    Ok(value(number.with_context(|| format!("{name} must be a whole number, and \"{text}\" is none"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_file_stays() {
        let old = "# mine\nDisabled = 0 # for now\n\n[Consent]\nDefaultConsent = 1\n";
        let new = edit(old, "Consent.DefaultConsent", "4").expect("a setting");
        assert_eq!(new, old.replace("DefaultConsent = 1", "DefaultConsent = 4"));
        let new = edit(old, "DontShowUI", "1").expect("a setting");
        assert!(new.contains("# mine") && new.contains("# for now"), "{new}");
        let (settings, warnings) =
            Settings::from_texts(&Locations::system(None), &[(FileLevel::System, new.as_str())]);
        assert!(settings.dont_show_ui() && warnings.is_empty(), "{new}");
    }

    #[test]
    fn paths_of_modules_are_quoted_keys() {
        let new = edit("", "RuntimeExceptionHelperModules./opt/a/handler.so", "1").expect("a setting");
        assert_eq!(new, "[RuntimeExceptionHelperModules]\n\"/opt/a/handler.so\" = 1\n");
    }

    #[test]
    fn nonsense_is_refused_and_the_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let locations = Locations::system(Some(folder.path()));
        for (name, text) in [("NoSuchThing", "1"), ("Disabled", "often"), ("Consent.DefaultConsent", "9")] {
            assert!(set(&locations, name, text).is_err(), "{name} = {text}");
            assert!(!locations.system_file().exists());
        }
        let (file, settings) =
            set(&locations, "Consent.DefaultConsent", "2").expect("a value of the setting");
        assert_eq!(file, locations.system_file());
        assert_eq!(settings.explain("Consent.DefaultConsent").expect("a setting").value, "2");
    }
}
