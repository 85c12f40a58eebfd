//! Lines of a `Report.wer` sorted into single keys and numbered lists. Lists come out by their numbers; numbers need
//! not be without gaps, and the first of two equal keys counts.

use std::collections::BTreeMap;

use wer_model::Parameter;

use super::escape::unescape;
use crate::limits::{MAX_LIST_ENTRIES, MAX_LOADED_MODULES, MAX_VALUE_CHARS};

/// The values of one numbered entry, by what follows its number. An entry's own value (`LoadedModule[3]=`) has the
/// empty name.
#[derive(Debug, Default)]
pub(super) struct Entry(BTreeMap<String, String>);

impl Entry {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// The entry as a pair whose name stands under `name`.
    pub(super) fn pair(&self, name: &str) -> Parameter {
        Parameter::new(self.text(name), self.text("Value"))
    }

    /// A list of pairs within the entry: `Sig[0].Name`, `Sig[0].Value`, ...
    pub(super) fn pairs(&self, list: &str) -> Vec<Parameter> {
        let mut entries: BTreeMap<u32, Entry> = BTreeMap::new();
        for (key, value) in &self.0 {
            if let Some((name, number, field)) = numbered(key)
                && name == list
                && (entries.len() < MAX_LIST_ENTRIES || entries.contains_key(&number))
            {
                entries.entry(number).or_default().0.insert(field.to_owned(), value.clone());
            }
        }
        entries.values().map(|entry| entry.pair("Name")).collect()
    }
}

/// All lines of a file.
#[derive(Debug, Default)]
pub(super) struct Entries {
    single: BTreeMap<String, String>,
    lists: BTreeMap<String, BTreeMap<u32, Entry>>,
}

/// The lists that mean something; others are skipped.
const LISTS: [&str; 9] =
    ["Sig", "DynamicSig", "UI", "LoadedModule", "OsInfo", "File", "Metadata", "Module", "SoftError"];

impl Entries {
    /// Sorts a file's lines. Lines without `=` are skipped.
    pub(super) fn read(text: &str) -> Self {
        let mut entries = Self::default();
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some((key, value)) = line.split_once('=') {
                entries.insert(key, value);
            }
        }
        entries
    }

    fn insert(&mut self, key: &str, escaped: &str) {
        let value: String = unescape(escaped).chars().take(MAX_VALUE_CHARS).collect();
        let Some((list, number, field)) = numbered(key) else {
            if self.single.len() < MAX_LIST_ENTRIES {
                self.single.entry(key.to_owned()).or_insert(value);
            }
            return;
        };
        if !LISTS.contains(&list) {
            return;
        }
        let limit = if list == "LoadedModule" { MAX_LOADED_MODULES } else { MAX_LIST_ENTRIES };
        let list = self.lists.entry(list.to_owned()).or_default();
        if list.len() >= limit && !list.contains_key(&number) {
            return;
        }
        let fields = &mut list.entry(number).or_default().0;
        if fields.len() < MAX_LIST_ENTRIES {
            fields.entry(field.to_owned()).or_insert(value);
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.single.get(key).map(String::as_str)
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.single.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.trim().parse().ok()
    }

    /// A list's entries with their numbers, by number.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = (u32, &Entry)> {
        self.lists.get(name).into_iter().flatten().map(|(number, entry)| (*number, entry))
    }
}

/// `Name[3].Field` as its parts; the field is empty where the key ends with the bracket.
fn numbered(key: &str) -> Option<(&str, u32, &str)> {
    let (name, rest) = key.split_once('[')?;
    let (number, field) = rest.split_once(']')?;
    let field = if field.is_empty() { field } else { field.strip_prefix('.')? };
    Some((name, number.parse().ok()?, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_keys() {
        assert_eq!(numbered("Sig[7].Value"), Some(("Sig", 7, "Value")));
        assert_eq!(numbered("LoadedModule[0]"), Some(("LoadedModule", 0, "")));
        assert_eq!(numbered("Module[1].Sig[0].Name"), Some(("Module", 1, "Sig[0].Name")));
        assert_eq!(numbered("File[0].Original.Path"), Some(("File", 0, "Original.Path")));
        for key in ["Sig", "Sig[", "Sig[x].Name", "Sig[-1]", "Sig[1]Name", "Sig[4294967296]"] {
            assert_eq!(numbered(key), None, "{key}");
        }
    }
}
