//! One settings file as typed values. What is wrong in it is a warning, and the rest counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::catalogue::{self, FileLevel, Kind, Known, Section};
use crate::limits::{MAX_LIST_ENTRIES, MAX_TEXT_CHARS, MAX_WARNINGS};
use crate::warning::Place;
use crate::{SettingsWarning, places};

/// A value within its setting's range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Number(i64),
    Text(String),
}

/// Values by their catalogue names.
pub(crate) type Values = BTreeMap<&'static str, Typed>;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) level: FileLevel,
    pub(crate) file: PathBuf,
    /// Above all tables.
    pub(crate) top: Values,
    /// `[Consent]` without events.
    pub(crate) consent: Values,
    /// `[Consent]`: consent numbers by event type.
    pub(crate) events: BTreeMap<String, i64>,
    /// `[LocalDumps]`.
    pub(crate) local_dumps: Values,
    /// `[LocalDumps]` is there for every program: it has values, or has no program's own table.
    pub(crate) local_dumps_for_all: bool,
    /// `[LocalDumps."exe"]`.
    pub(crate) local_dumps_of: BTreeMap<String, Values>,
    /// `[ExcludedApplications]`.
    pub(crate) excluded: BTreeMap<String, bool>,
    /// `[RuntimeExceptionHelperModules]`.
    pub(crate) modules: BTreeMap<String, bool>,
    /// `[DebugApplications]`; `*` stands for every program that no file lists.
    pub(crate) debug: BTreeMap<String, bool>,
    /// `[AeDebug]`.
    pub(crate) ae_debug: Values,
    /// `[AeDebug.AutoExclusionList]`.
    pub(crate) auto_exclusion: BTreeMap<String, bool>,
    /// `[Hangs]`.
    pub(crate) hangs: Values,
}

impl Layer {
    /// A file without values.
    pub(crate) fn empty(level: FileLevel, file: &Path) -> Self {
        Self {
            level,
            file: file.to_path_buf(),
            top: Values::new(),
            consent: Values::new(),
            events: BTreeMap::new(),
            local_dumps: Values::new(),
            local_dumps_for_all: false,
            local_dumps_of: BTreeMap::new(),
            excluded: BTreeMap::new(),
            modules: BTreeMap::new(),
            debug: BTreeMap::new(),
            ae_debug: Values::new(),
            auto_exclusion: BTreeMap::new(),
            hangs: Values::new(),
        }
    }

    /// Reads a file's text.
    pub(crate) fn parse(level: FileLevel, file: &Path, text: &str) -> (Self, Vec<SettingsWarning>) {
        let mut parser = Parser { layer: Self::empty(level, file), warnings: Vec::new() };
        match text.parse::<Table>() {
            Ok(table) => parser.top(&table),
            Err(error) => parser.warn(SettingsWarning::Syntax {
                file: file.to_path_buf(),
                place: error.span().map_or(Place::default(), |span| Place::of(text, span.start)),
                reason: error.message().replace('\n', ", "),
            }),
        }
        (parser.layer, places::find(text, parser.warnings))
    }

    /// The consent number of an event type, in any case.
    pub(crate) fn event(&self, event_type: &str) -> Option<i64> {
        let mut events = self.events.iter();
        events.find(|(name, _)| name.eq_ignore_ascii_case(event_type)).map(|(_, number)| *number)
    }

    /// A value of this file.
    pub(crate) fn value(&self, known: &Known) -> Option<&Typed> {
        let values = match known.section {
            Section::Top => &self.top,
            Section::Consent => &self.consent,
            Section::LocalDumps => &self.local_dumps,
            Section::AeDebug => &self.ae_debug,
            Section::Hangs => &self.hangs,
        };
        values.get(known.name)
    }
}

struct Parser {
    layer: Layer,
    warnings: Vec<SettingsWarning>,
}

impl Parser {
    fn warn(&mut self, warning: SettingsWarning) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }

    fn file(&self) -> PathBuf {
        self.layer.file.clone()
    }

    fn invalid(&mut self, name: String, expected: impl Into<String>) {
        let warning = SettingsWarning::Invalid {
            place: Place::default(),
            file: self.file(),
            name,
            expected: expected.into(),
        };
        self.warn(warning);
    }

    fn top(&mut self, table: &Table) {
        for (name, value) in table {
            match name.as_str() {
                "Consent" => self.within(name, value, Self::consent),
                "LocalDumps" => self.within(name, value, Self::local_dumps),
                "ExcludedApplications" => self.within(name, value, Self::excluded),
                "RuntimeExceptionHelperModules" => self.within(name, value, Self::modules),
                "DebugApplications" => self.within(name, value, Self::debug_applications),
                "AeDebug" => self.within(name, value, Self::ae_debug),
                "Hangs" => self.within(name, value, Self::hangs),
                _ => self.single(name, value),
            }
        }
    }

    fn within(&mut self, name: &str, value: &Value, read: fn(&mut Self, &Table)) {
        match value.as_table() {
            Some(table) => {
                if table.len() > MAX_LIST_ENTRIES {
                    let (file, name) = (self.file(), name.to_owned());
                    self.warn(SettingsWarning::TooMany {
                        place: Place::default(),
                        file,
                        name,
                        limit: MAX_LIST_ENTRIES,
                    });
                }
                read(self, table);
            }
            None => self.invalid(name.to_owned(), "a table"),
        }
    }

    fn single(&mut self, name: &str, value: &Value) {
        match catalogue::find(Section::Top, name) {
            Some(known) => {
                if let Some(typed) = self.typed(known, known.full_name(), value) {
                    self.layer.top.insert(known.name, typed);
                }
            }
            None => self.stranger(name.to_owned(), name),
        }
    }

    /// A name that the catalogue does not have.
    fn stranger(&mut self, full_name: String, name: &str) {
        let file = self.file();
        self.warn(match catalogue::is_without_effect(name) {
            true => SettingsWarning::NoEffect { place: Place::default(), file, name: full_name },
            false => SettingsWarning::Unknown { place: Place::default(), file, name: full_name },
        });
    }

    /// A value within its range, or a warning.
    fn typed(&mut self, known: &Known, name: String, value: &Value) -> Option<Typed> {
        if known.without_effect {
            let warning =
                SettingsWarning::NoEffect { place: Place::default(), file: self.file(), name: name.clone() };
            self.warn(warning);
        }
        let typed = match known.kind {
            Kind::Switch if *known == catalogue::AUTO => switch_text(value).map(Typed::Number),
            Kind::Switch => number(value).filter(|number| matches!(number, 0 | 1)).map(Typed::Number),
            Kind::Number { min, max } => {
                value.as_integer().filter(|number| (min..=max).contains(number)).map(Typed::Number)
            }
            Kind::Text => text(value).map(|text| Typed::Text(text.to_owned())),
            Kind::Path => text(value)
                .filter(|text| text.starts_with(['/', '%', '$', '~']))
                .map(|text| Typed::Text(text.to_owned())),
        };
        if typed.is_none() {
            self.invalid(name, known.kind.expected());
        }
        typed
    }

    fn consent(&mut self, table: &Table) {
        let lowest = i64::from(self.layer.level != FileLevel::Policy);
        for (name, value) in table.iter().take(MAX_LIST_ENTRIES) {
            let full_name = format!("Consent.{name}");
            if let Some(known) = catalogue::find(Section::Consent, name) {
                let zero = *known == catalogue::DEFAULT_CONSENT && value.as_integer() == Some(0);
                match self.typed(known, full_name.clone(), value) {
                    Some(_) if zero && lowest == 1 => self.invalid(full_name, consent_range(lowest)),
                    Some(typed) => {
                        self.layer.consent.insert(known.name, typed);
                    }
                    None => {}
                }
                continue;
            }
            if catalogue::is_without_effect(name) {
                self.stranger(full_name, name);
                continue;
            }
            match value.as_integer().filter(|number| (lowest..=4).contains(number)) {
                Some(number) => {
                    self.layer.events.insert(name.clone(), number);
                }
                None => self.invalid(full_name, consent_range(lowest)),
            }
        }
    }

    fn local_dumps(&mut self, table: &Table) {
        if !self.is_machines("LocalDumps") {
            return;
        }
        let mut programs = 0;
        for (name, value) in table.iter().take(MAX_LIST_ENTRIES) {
            if let Some(own) = value.as_table() {
                programs += 1;
                let values = self.local_dump_values(&format!("LocalDumps.\"{name}\"."), own);
                self.layer.local_dumps_of.insert(name.clone(), values);
            }
        }
        self.layer.local_dumps_for_all = programs < table.len() || table.is_empty();
        let common: Table = table
            .iter()
            .take(MAX_LIST_ENTRIES)
            .filter(|(_, value)| !value.is_table())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.layer.local_dumps = self.local_dump_values("LocalDumps.", &common);
    }

    fn local_dump_values(&mut self, prefix: &str, table: &Table) -> Values {
        self.values(Section::LocalDumps, prefix, table)
    }

    /// The values of a section that has no names of its own.
    fn values(&mut self, section: Section, prefix: &str, table: &Table) -> Values {
        let mut values = Values::new();
        for (name, value) in table.iter().take(MAX_LIST_ENTRIES) {
            let full_name = format!("{prefix}{name}");
            match catalogue::find(section, name) {
                Some(known) => {
                    if let Some(typed) = self.typed(known, full_name, value) {
                        values.insert(known.name, typed);
                    }
                }
                None => self.stranger(full_name, name),
            }
        }
        values
    }

    /// Whether this is a machine's file; a warning where it is not.
    fn is_machines(&mut self, section: &str) -> bool {
        let is_machines = self.layer.level != FileLevel::User;
        if !is_machines {
            let (file, name) = (self.file(), section.to_owned());
            self.warn(SettingsWarning::WrongFile {
                place: Place::default(),
                file,
                name,
                allowed: "the machine's files",
            });
        }
        is_machines
    }

    fn ae_debug(&mut self, table: &Table) {
        if !self.is_machines("AeDebug") {
            return;
        }
        let mut single = Table::new();
        for (name, value) in table.iter().take(MAX_LIST_ENTRIES) {
            match value.as_table().filter(|_| name == "AutoExclusionList") {
                Some(list) => {
                    let section = "AeDebug.AutoExclusionList";
                    self.layer.auto_exclusion = self.list(section, list, FILE_NAME, is_file_name);
                }
                None => {
                    single.insert(name.clone(), value.clone());
                }
            }
        }
        self.layer.ae_debug = self.values(Section::AeDebug, "AeDebug.", &single);
    }

    fn hangs(&mut self, table: &Table) {
        self.layer.hangs = self.values(Section::Hangs, "Hangs.", table);
    }

    fn debug_applications(&mut self, table: &Table) {
        self.layer.debug = self.list("DebugApplications", table, FILE_NAME, is_file_name);
    }

    fn excluded(&mut self, table: &Table) {
        self.layer.excluded = self.list("ExcludedApplications", table, FILE_NAME, is_file_name);
    }

    fn modules(&mut self, table: &Table) {
        self.layer.modules =
            self.list("RuntimeExceptionHelperModules", table, "a full path", |name| name.starts_with('/'));
    }

    /// A table of names, each 0 or 1.
    fn list(
        &mut self,
        section: &str,
        table: &Table,
        expected_name: &str,
        is_name: fn(&str) -> bool,
    ) -> BTreeMap<String, bool> {
        let mut list = BTreeMap::new();
        for (name, value) in table.iter().take(MAX_LIST_ENTRIES) {
            let full_name = format!("{section}.\"{name}\"");
            match number(value) {
                _ if !is_name(name) => self.invalid(full_name, expected_name),
                Some(number @ (0 | 1)) => {
                    list.insert(name.clone(), number == 1);
                }
                _ => self.invalid(full_name, "0 or 1"),
            }
        }
        list
    }
}

/// What a name of a program must be.
const FILE_NAME: &str = "a file name without folders";

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/')
}

/// `Auto` is a text in the registry.
fn switch_text(value: &Value) -> Option<i64> {
    let number = number(value).or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| matches!(number, 0 | 1))
}

fn consent_range(lowest: i64) -> &'static str {
    if lowest == 0 {
        "a whole number from 0 to 4"
    } else {
        "a whole number from 1 to 4 (0 only in policy.toml)"
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_integer().or_else(|| value.as_bool().map(i64::from))
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| text.chars().count() <= MAX_TEXT_CHARS && !text.contains(char::is_control))
}
