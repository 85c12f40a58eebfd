//! Brings file, environment and flags together, and remembers where each value came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::settings::error::{explain, nearest};
use crate::settings::{Settings, SettingsError};

/// Bytes of a settings file.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// What names of variables begin with.
const PREFIX: &str = "WATSON_";
/// Variables of settings that have a shorter name too.
const SHORT_NAMES: [(&str, &str, &str); 2] =
    [("WATSON_DATA", "storage", "data"), ("WATSON_DATABASE", "storage", "database")];

/// A value of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagValue {
    /// As it was given, for messages: `--listen`.
    pub flag: String,
    /// `SECTION.KEY`.
    pub setting: String,
    /// The value as text; read as what the key takes.
    pub text: String,
}

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has set it.
    #[default]
    Default,
    /// A line of the file, from 1.
    File(usize),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File(line) => write!(f, "line {line}"),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Settings and where they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The effective values.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// By section and key; what is not in it is a default.
    origins: BTreeMap<(String, String), Origin>,
}

impl Loaded {
    /// Where a value came from.
    #[must_use]
    pub fn origin(&self, section: &str, key: &str) -> Origin {
        self.origins.get(&(section.to_owned(), key.to_owned())).cloned().unwrap_or_default()
    }
}

/// Loads settings. `file` must exist where it is given; `variables` are the environment's.
///
/// # Errors
/// The first thing that is not taken, with its place.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    flags: &[FlagValue],
) -> Result<Loaded, SettingsError> {
    let mut layers = Layers::default();
    if let Some(path) = file {
        layers.add_file(path)?;
    }
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort();
    for (name, value) in variables {
        layers.add_variable(&name, value)?;
    }
    for flag in flags {
        layers.add_flag(flag)?;
    }
    layers.end(file)
}

#[derive(Default)]
struct Layers {
    values: Table,
    origins: BTreeMap<(String, String), Origin>,
}

impl Layers {
    fn add_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = read(path)?;
        let wrong = |error: &toml::de::Error| SettingsError::File {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(&text, span.start)),
            why: explain(error.message()),
        };
        let table = DeTable::parse(&text).map_err(|error| wrong(&error))?;
        // For its errors, which know their lines.
        let _: Settings = toml::from_str(&text).map_err(|error| wrong(&error))?;
        self.values = toml::from_str(&text).map_err(|error| wrong(&error))?;
        for (section, keys) in table.get_ref() {
            let DeValue::Table(keys) = keys.get_ref() else { continue };
            for key in keys.keys() {
                let line = line_of(&text, key.span().start);
                self.note(section.get_ref(), key.get_ref(), Origin::File(line));
            }
        }
        Ok(())
    }

    fn add_variable(&mut self, name: &OsString, value: OsString) -> Result<(), SettingsError> {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { return Ok(()) };
        let wrong = |why: String| SettingsError::Environment { name: name.to_owned(), why };
        let Some((section, key)) = setting_of(name).map_err(wrong)? else { return Ok(()) };
        let text = value.into_string().map_err(|_| wrong("its value is no text".to_owned()))?;
        let value = typed(section, key, &text).map_err(wrong)?;
        self.put(section, key, value, Origin::Environment(name.to_owned()));
        Ok(())
    }

    fn add_flag(&mut self, given: &FlagValue) -> Result<(), SettingsError> {
        let wrong = |why: String| SettingsError::Flag { flag: given.flag.clone(), why };
        let (section, key) = known(&given.setting).map_err(wrong)?;
        let value = typed(section, key, &given.text).map_err(wrong)?;
        self.put(section, key, value, Origin::Flag(given.flag.clone()));
        Ok(())
    }

    fn end(self, file: Option<&Path>) -> Result<Loaded, SettingsError> {
        let settings = Settings::deserialize(Value::Table(self.values)).map_err(|error| {
            SettingsError::Flag { flag: "settings".to_owned(), why: error.message().to_owned() }
        })?;
        let loaded = Loaded { settings, file: file.map(Path::to_owned), origins: self.origins };
        match loaded.settings.check() {
            Ok(()) => Ok(loaded),
            Err((section, bad)) => {
                let from = match (loaded.origin(section, bad.key), file) {
                    (Origin::File(line), Some(file)) => format!("{}, line {line}", file.display()),
                    (origin, _) => origin.to_string(),
                };
                let (section, key) = (section.to_owned(), bad.key.to_owned());
                Err(SettingsError::Value { section, key, why: bad.why, from })
            }
        }
    }

    fn put(&mut self, section: &str, key: &str, value: Value, origin: Origin) {
        let table = self.values.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(table) = table {
            table.insert(key.to_owned(), value);
        }
        self.note(section, key, origin);
    }

    fn note(&mut self, section: &str, key: &str, origin: Origin) {
        self.origins.insert((section.to_owned(), key.to_owned()), origin);
    }
}

fn read(path: &Path) -> Result<String, SettingsError> {
    let unread = |source| SettingsError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unread)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(SettingsError::TooLarge { path: path.to_owned(), limit_bytes: MAX_FILE_BYTES });
    }
    Ok(text)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The setting that a variable names. Variables of no section are somebody else's.
fn setting_of(name: &str) -> Result<Option<(&'static str, &'static str)>, String> {
    if let Some((_, section, key)) = SHORT_NAMES.iter().find(|(short, ..)| *short == name) {
        return Ok(Some((section, key)));
    }
    let rest = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    let Some((section, key)) = rest.split_once('_') else { return Ok(None) };
    match Settings::keys().iter().any(|(known, _)| *known == section) {
        true => known(&format!("{section}.{key}")).map(Some),
        false => Ok(None),
    }
}

fn known(setting: &str) -> Result<(&'static str, &'static str), String> {
    let (section, key) = setting.split_once('.').ok_or("a setting is named SECTION.KEY")?;
    let all = Settings::keys();
    let Some((section, keys)) = all.iter().find(|(name, _)| *name == section) else {
        let near = nearest(section, all.iter().map(|(name, _)| *name));
        return Err(unknown("section", section, near));
    };
    match keys.iter().find(|known| **known == key) {
        Some(key) => Ok((section, key)),
        None => Err(unknown(&format!("key of [{section}]"), key, nearest(key, keys.iter().copied()))),
    }
}

fn unknown(what: &str, name: &str, near: Option<&str>) -> String {
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("`{name}` is no {what}{near}")
}

/// Reads text as what the key takes: as itself where the key takes text, else as a value of TOML.
fn typed(section: &str, key: &str, text: &str) -> Result<Value, String> {
    let fits = |value: &Value| {
        let keys = Table::from_iter([(key.to_owned(), value.clone())]);
        let whole = Table::from_iter([(section.to_owned(), Value::Table(keys))]);
        Settings::deserialize(Value::Table(whole)).map(drop)
    };
    let as_text = Value::String(text.to_owned());
    let Err(refused) = fits(&as_text) else { return Ok(as_text) };
    match text.parse::<Value>().ok() {
        Some(value) => fits(&value).map(|()| value).map_err(|error| error.message().to_owned()),
        None => Err(refused.message().to_owned()),
    }
}

#[cfg(test)]
#[path = "load/tests.rs"]
mod tests;
