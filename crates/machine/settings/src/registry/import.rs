//! Entries of a registry export as changes of settings files: pure, and nothing is lost without a word. What has no place
//! here is listed with the reason.

mod keys;

use std::collections::BTreeMap;

use self::keys::{Place, Sub, place_of};
use super::{Data, Entry, Line};
use crate::catalogue::{ALL, FileLevel, Kind, Known, Section, find, is_without_effect};
use crate::edit::{self, Change, NewValue};

/// An entry that becomes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its line in the export.
    pub line: usize,
    /// The file that it goes to.
    pub level: FileLevel,
    /// The change.
    pub change: Change,
}

/// An entry that has no place here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Its line in the export.
    pub line: usize,
    /// The key, with its root.
    pub key: String,
    /// The value's name; `None` = the key itself, or its unnamed value.
    pub name: Option<String>,
    /// Why.
    pub reason: String,
}

/// What an export comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// In the export's order.
    pub imported: Vec<Imported>,
    /// In the export's order.
    pub ignored: Vec<Ignored>,
}

impl Import {
    /// The changes of each file, to be applied with [`edit::apply`].
    #[must_use]
    pub fn changes(&self) -> BTreeMap<FileLevel, Vec<Change>> {
        let mut changes: BTreeMap<FileLevel, Vec<Change>> = BTreeMap::new();
        for imported in &self.imported {
            changes.entry(imported.level).or_default().push(imported.change.clone());
        }
        changes
    }
}

/// Finds the places of all entries.
#[must_use]
pub fn import(lines: &[Line]) -> Import {
    let mut import = Import::default();
    for line in lines {
        let changes = match place_of(&line.key) {
            Ok(place) => changes_of(&place, &line.entry)
                .map(|changes| changes.into_iter().map(|change| (place.level, change)).collect::<Vec<_>>()),
            Err(reason) => Err(reason),
        };
        match changes {
            Ok(changes) => import.imported.extend(changes.into_iter().map(|(level, change)| Imported {
                line: line.line,
                level,
                change,
            })),
            Err(reason) => {
                let name = match &line.entry {
                    Entry::Value(name, _) => name.clone(),
                    Entry::Key | Entry::DeletedKey => None,
                };
                import.ignored.push(Ignored { line: line.line, key: line.key.clone(), name, reason });
            }
        }
    }
    import
}

/// What an entry changes; nothing for a key of ours that only has values below it.
fn changes_of(place: &Place, entry: &Entry) -> Result<Vec<Change>, String> {
    match entry {
        Entry::Key => Ok(match &place.sub {
            Sub::LocalDumps(program) => vec![Change::Section(local_dumps(program.as_deref()))],
            _ => Vec::new(),
        }),
        Entry::DeletedKey => Ok(removal(&place.sub)),
        Entry::Value(None, _) => Err("the key's unnamed value means nothing".into()),
        Entry::Value(Some(name), data) => {
            let change = change_of(&place.sub, name, data)?;
            edit::check_alone(place.level, &change)?;
            Ok(vec![change])
        }
    }
}

fn local_dumps(program: Option<&str>) -> Vec<String> {
    let mut path = vec!["LocalDumps".to_owned()];
    path.extend(program.map(str::to_owned));
    path
}

/// A deleted key takes all its values with it.
fn removal(sub: &Sub) -> Vec<Change> {
    let section = |path: &[&str]| vec![Change::Remove(path.iter().map(|key| (*key).to_owned()).collect())];
    match sub {
        Sub::Top => {
            let mut names: Vec<&str> = ALL
                .iter()
                .filter(|known| known.section == Section::Top && !known.own)
                .map(|known| known.name)
                .collect();
            names.extend(["Consent", "LocalDumps", "Hangs"]);
            names.extend(["ExcludedApplications", "DebugApplications", "RuntimeExceptionHelperModules"]);
            names.into_iter().flat_map(|name| section(&[name])).collect()
        }
        Sub::Consent => section(&["Consent"]),
        Sub::Hangs => section(&["Hangs"]),
        Sub::AeDebug => section(&["AeDebug"]),
        Sub::AutoExclusionList => section(&["AeDebug", "AutoExclusionList"]),
        Sub::List(list) => section(&[list]),
        Sub::LocalDumps(program) => vec![Change::Remove(local_dumps(program.as_deref()))],
    }
}

fn change_of(sub: &Sub, name: &str, data: &Data) -> Result<Change, String> {
    let in_section = |section: Section, path: Vec<String>| -> Result<Change, String> {
        match find(section, name) {
            Some(known) if known.own => Err("no setting of Windows has this name".into()),
            Some(known) => with(path, known.name, data, |data| known_value(known, data)),
            None if is_without_effect(name) => {
                Err("Windows keeps it there; it has no effect on Linux".into())
            }
            None => Err("no setting is known by this name".into()),
        }
    };
    match sub {
        Sub::Top => in_section(Section::Top, Vec::new()),
        Sub::Hangs => in_section(Section::Hangs, vec!["Hangs".into()]),
        Sub::AeDebug => in_section(Section::AeDebug, vec!["AeDebug".into()]),
        Sub::LocalDumps(program) => in_section(Section::LocalDumps, local_dumps(program.as_deref())),
        Sub::Consent => match find(Section::Consent, name) {
            Some(_) => in_section(Section::Consent, vec!["Consent".into()]),
            None if is_without_effect(name) => in_section(Section::Consent, Vec::new()),
            None => with(vec!["Consent".into()], name, data, number),
        },
        Sub::AutoExclusionList => {
            with(vec!["AeDebug".into(), "AutoExclusionList".into()], name, data, number)
        }
        Sub::List("DebugApplications") => with(vec!["DebugApplications".into()], name, data, number),
        // On Windows the name alone counts, whatever the data.
        Sub::List(list) => with(vec![(*list).to_owned()], name, data, |_| Ok(NewValue::Number(1))),
    }
}

/// Sets or removes a value.
fn with(
    mut path: Vec<String>,
    name: &str,
    data: &Data,
    value: impl FnOnce(&Data) -> Result<NewValue, String>,
) -> Result<Change, String> {
    path.push(name.to_owned());
    Ok(match data {
        Data::Deleted => Change::Remove(path),
        data => Change::Set(path, value(data)?),
    })
}

fn known_value(known: &Known, data: &Data) -> Result<NewValue, String> {
    match known.kind {
        Kind::Switch | Kind::Number { .. } => number(data),
        Kind::Text => text(data).map(NewValue::Text),
        // Variables are known by their Windows names; what follows them has the other separators.
        Kind::Path => text(data).map(|path| {
            let is_ours = path.starts_with('%');
            NewValue::Text(if is_ours { path.replace('\\', "/") } else { path })
        }),
    }
}

/// A DWORD, a QWORD, or a text that is a number, as `Auto` has it.
fn number(data: &Data) -> Result<NewValue, String> {
    let number = match data {
        Data::Dword(number) => Some(i64::from(*number)),
        Data::Qword(number) => i64::try_from(*number).ok(),
        Data::Text(text) => text.trim().parse().ok(),
        Data::Texts(_) | Data::Binary | Data::Deleted => None,
    };
    number.map(NewValue::Number).ok_or_else(|| "the setting wants a number".into())
}

fn text(data: &Data) -> Result<String, String> {
    match data {
        Data::Text(text) => Ok(text.clone()),
        Data::Texts(texts) if texts.len() == 1 => Ok(texts.concat()),
        _ => Err("the setting wants a text".into()),
    }
}
