//! Settings as they are shown: each with where it came from, secrets hidden.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::settings::{Loaded, Origin, Settings};

/// Text that is itself a settings file, with the origin of each value behind it.
#[must_use]
pub fn as_text(loaded: &Loaded) -> String {
    let mut text = match &loaded.file {
        Some(file) => format!("# file: {}\n", file.display()),
        None => "# no file\n".to_owned(),
    };
    let values = toml::Table::try_from(&loaded.settings).unwrap_or_default();
    for (section, keys) in Settings::keys() {
        let _ = writeln!(text, "\n[{section}]");
        for key in keys {
            let line = match values.get(section).and_then(|table| table.get(key)) {
                Some(value) => format!("{key} = {value}"),
                None => format!("# {key} is not set"),
            };
            let _ = writeln!(text, "{line:<48} # {}", loaded.origin(section, key));
        }
    }
    text
}

/// `{"file", "settings": {"SECTION.KEY": {"value", "from", "name", "line", "on_reload"}}}`; `from` is `default`, `file`,
/// `environment` or `flag`.
#[must_use]
pub fn as_json(loaded: &Loaded) -> Value {
    let values = serde_json::to_value(&loaded.settings).unwrap_or_default();
    let mut settings = serde_json::Map::new();
    for (section, keys) in Settings::keys() {
        for key in keys {
            let (from, name, line) = match loaded.origin(section, key) {
                Origin::Default => ("default", None, None),
                Origin::File(line) => ("file", None, Some(line)),
                Origin::Environment(name) => ("environment", Some(name), None),
                Origin::Flag(name) => ("flag", Some(name), None),
            };
            let row = json!({
                "value": values.get(section).and_then(|table| table.get(key)),
                "from": from,
                "name": name,
                "line": line,
                "on_reload": Settings::is_reloaded(section, key),
            });
            settings.insert(format!("{section}.{key}"), row);
        }
    }
    json!({ "file": loaded.file, "settings": settings })
}

/// Keys whose shown values differ: a new password alone is not seen.
#[must_use]
pub fn changed(one: &Loaded, other: &Loaded) -> Vec<(&'static str, &'static str)> {
    let shown = |loaded: &Loaded| toml::Table::try_from(&loaded.settings).unwrap_or_default();
    let (before, after) = (shown(one), shown(other));
    let value = |table: &toml::Table, section: &str, key: &str| {
        table.get(section).and_then(|keys| keys.get(key)).map(ToString::to_string)
    };
    let keys = Settings::keys();
    let all = keys.into_iter().flat_map(|(section, keys)| keys.iter().map(move |key| (section, *key)));
    all.filter(|(section, key)| value(&before, section, key) != value(&after, section, key)).collect()
}
