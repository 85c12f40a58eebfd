//! A settings file's text with changes: pure, text to text.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Key, Table, TableLike, value};

use super::{Change, EditError, NewValue};
use crate::catalogue::{ALL, Kind, Known, Section, find};
use crate::warning::Place;

/// Sections whose names a person chooses.
const LISTS: [&str; 4] =
    ["Consent", "ExcludedApplications", "RuntimeExceptionHelperModules", "DebugApplications"];
/// The same within `[AeDebug]`.
const AUTO_EXCLUSION_LIST: &str = "AutoExclusionList";

/// A setting's full name as keys, in the catalogue's spelling.
pub(super) fn path(name: &str) -> Result<Vec<String>, EditError> {
    let unknown = || EditError::Unknown(name.chars().take(256).collect());
    if let Some(known) = ALL.iter().find(|known| known.full_name().eq_ignore_ascii_case(name)) {
        return Ok(known.full_name().split('.').map(str::to_owned).collect());
    }
    let (section, rest) = name.split_once('.').ok_or_else(unknown)?;
    let entry = rest.trim_matches('"');
    if entry.is_empty() {
        return Err(unknown());
    }
    if LISTS.contains(&section) {
        return Ok(vec![section.to_owned(), entry.to_owned()]);
    }
    match section {
        "AeDebug" => {
            let program = rest.strip_prefix(AUTO_EXCLUSION_LIST).and_then(|rest| rest.strip_prefix('.'));
            let program = program.map(|quoted| quoted.trim_matches('"')).filter(|name| !name.is_empty());
            let program = program.ok_or_else(unknown)?;
            Ok(vec![section.to_owned(), AUTO_EXCLUSION_LIST.to_owned(), program.to_owned()])
        }
        "LocalDumps" => {
            // A program's name may hold dots, a value's name does not.
            let (program, value) = rest.rsplit_once('.').ok_or_else(unknown)?;
            let known = find(Section::LocalDumps, value).ok_or_else(unknown)?;
            Ok(vec![section.to_owned(), program.trim_matches('"').to_owned(), known.name.to_owned()])
        }
        _ => Err(unknown()),
    }
}

/// `name = text` as a change.
pub(super) fn assignment(name: &str, text: &str) -> Result<Change, EditError> {
    let path = path(name)?;
    let number = |text: &str| {
        let parsed = match text.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        let no_number = |_| EditError::NoNumber { name: name.to_owned(), text: text.to_owned() };
        parsed.map(NewValue::Number).map_err(no_number)
    };
    let new = match known_at(&path).map(|known| known.kind) {
        Some(Kind::Text | Kind::Path) => NewValue::Text(text.to_owned()),
        _ => number(text)?,
    };
    Ok(Change::Set(path, new))
}

/// The catalogue's entry of a path.
fn known_at(path: &[String]) -> Option<&'static Known> {
    let known_as = |name: &str| ALL.iter().find(|known| known.full_name().eq_ignore_ascii_case(name));
    match path {
        [section, _, name] if section == "LocalDumps" => find(Section::LocalDumps, name),
        _ => known_as(&path.join(".")),
    }
}

/// Whether a text has something at a path.
pub(super) fn contains(text: &str, path: &[String]) -> bool {
    let Ok(document) = text.parse::<DocumentMut>() else { return false };
    let Some((first, rest)) = path.split_first() else { return false };
    let mut item = document.get(&spelling(document.as_table(), first));
    for key in rest {
        item = item.and_then(Item::as_table_like).and_then(|table| table.get(&spelling(table, key)));
    }
    item.is_some()
}

/// A text with changes.
pub(super) fn edited(old: &str, file: &Path, changes: &[Change]) -> Result<String, EditError> {
    let unchangeable = |reason: String| EditError::Unchangeable { file: file.to_path_buf(), reason };
    let mut document: DocumentMut = old.parse().map_err(|error: toml_edit::TomlError| {
        let place = error.span().map_or(Place::default(), |span| Place::of(old, span.start));
        unchangeable(format!("line {} is not valid TOML ({})", place.line, error.message()))
    })?;
    for change in changes {
        let done = match change {
            Change::Set(path, new) => set(document.as_table_mut(), path, new),
            Change::Section(path) => section(document.as_table_mut(), path).map(drop),
            Change::Remove(path) => {
                remove(document.as_table_mut(), path);
                Some(())
            }
        };
        done.ok_or_else(|| {
            let path = match change {
                Change::Set(path, _) | Change::Remove(path) | Change::Section(path) => path,
            };
            unchangeable(format!("{} is below something that is no table", path.join(".")))
        })?;
    }
    Ok(document.to_string())
}

/// The name as the table has it: names of settings are read in any case, names of programs and modules exactly.
fn spelling(table: &dyn TableLike, name: &str) -> String {
    let is_ours = ALL.iter().any(|known| known.name.eq_ignore_ascii_case(name));
    let same = |key: &&str| is_ours && key.eq_ignore_ascii_case(name);
    if table.contains_key(name) {
        return name.to_owned();
    }
    let keys: Vec<&str> = table.iter().map(|(key, _)| key).collect();
    keys.into_iter().find(same).unwrap_or(name).to_owned()
}

/// The table at a path, made where it is missing. `None` where something else is there.
fn section<'a>(table: &'a mut dyn TableLike, path: &[String]) -> Option<&'a mut dyn TableLike> {
    let Some((first, rest)) = path.split_first() else { return Some(table) };
    let make = || {
        let mut new = Table::new();
        // `[LocalDumps."game"]` alone: a header `[LocalDumps]` would turn dumps on for every program.
        new.set_implicit(!rest.is_empty());
        Item::Table(new)
    };
    let item = table.entry_format(&Key::new(first)).or_insert_with(make);
    if rest.is_empty()
        && let Some(table) = item.as_table_mut()
    {
        table.set_implicit(false);
    }
    section(item.as_table_like_mut()?, rest)
}

fn set(table: &mut dyn TableLike, path: &[String], new: &NewValue) -> Option<()> {
    let (name, sections) = path.split_last()?;
    let table = if sections.is_empty() { table } else { section(table, sections)? };
    let name = spelling(table, name);
    let mut new = match new {
        NewValue::Number(number) => value(*number),
        NewValue::Text(text) => value(text),
    };
    if let Some(old) = table.get_mut(&name) {
        // What stands beside the old value stays beside the new one.
        if let (Some(old), Some(new)) = (old.as_value(), new.as_value_mut()) {
            *new.decor_mut() = old.decor().clone();
        }
        *old = new;
    } else {
        table.insert(&name, new);
    }
    Some(())
}

/// Takes an entry out, and a section that has become empty with it: an empty `[LocalDumps]` means something.
fn remove(table: &mut dyn TableLike, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let first = spelling(table, first);
    if rest.is_empty() {
        table.remove(&first);
        return;
    }
    let Some(inner) = table.get_mut(&first).and_then(Item::as_table_like_mut) else { return };
    let had_entries = !inner.is_empty();
    remove(inner, rest);
    if had_entries && inner.is_empty() {
        table.remove(&first);
    }
}
