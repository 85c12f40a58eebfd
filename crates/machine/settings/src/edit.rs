//! Changes to a settings file, one value at a time or many at once: everything else stays as a person wrote it, comments
//! included. The file is replaced at once or not at all, and writers wait for one another.
//!
//! A change that the reader would not take (a number out of range, a name in the wrong file) is refused, and the file
//! stays as it was.

mod document;
mod file;

use std::io;
use std::path::{Path, PathBuf};

use crate::catalogue::FileLevel;
use crate::settings::file_of;
use crate::{Locations, Settings, SettingsWarning};

use self::file::Locked;

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// A DWORD or QWORD.
    Number(i64),
    /// A text.
    Text(String),
}

/// One change. The path is the section's keys and the value's name, e.g. `["LocalDumps", "game", "DumpType"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes a value.
    Set(Vec<String>, NewValue),
    /// Takes a value, or a whole section, out; nothing where there is none.
    Remove(Vec<String>),
    /// Makes a section that has no values yet: an empty `[LocalDumps]` turns local dumps on.
    Section(Vec<String>),
}

/// Why a file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such setting.
    #[error("there is no setting {0}; `wer config explain` lists them all")]
    Unknown(String),
    /// A value that is no number where one is wanted.
    #[error("{name} must be a whole number, and \"{text}\" is none")]
    NoNumber {
        /// The setting.
        name: String,
        /// What was given.
        text: String,
    },
    /// No name of a program.
    #[error("\"{0}\" is no name of a program: give a file name of 1 to 259 characters")]
    BadName(String),
    /// It is not in the list that it was to be taken from.
    #[error("{name} is not in {}", file.display())]
    NotListed {
        /// The name.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// There is no user, so there is no user's file.
    #[error("no user's settings file is known: HOME and XDG_CONFIG_HOME are not set")]
    NoUserFile,
    /// The file cannot be read, and so is not written over.
    #[error("{} was not changed, because it cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file is no TOML, or has a value where a section would be.
    #[error("{} was not changed: {reason}; correct it by hand", file.display())]
    Unchangeable {
        /// The file.
        file: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// The reader would not take it.
    #[error("nothing was changed: {0}")]
    Refused(SettingsWarning),
    /// Another process holds the file for too long.
    #[error("{} is being changed by another process; try again", .0.display())]
    Busy(PathBuf),
    /// The operating system refused.
    #[error("{} cannot be written: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl EditError {
    /// Whether rights are what is missing (`E_ACCESSDENIED`).
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem))
    }
}

/// The longest name of a program, characters (`MAX_PATH` without its zero).
const MAX_PROGRAM_CHARS: usize = 259;
/// The list of programs that are not reported.
const EXCLUDED: &str = "ExcludedApplications";

/// Makes changes to one of the files, all or none. Returns the file.
///
/// # Errors
/// See [`EditError`]; the file is as it was.
pub fn apply(locations: &Locations, level: FileLevel, changes: &[Change]) -> Result<PathBuf, EditError> {
    let file = file_of(locations, level).ok_or(EditError::NoUserFile)?;
    change(locations, level, &file, |old| document::edited(old, &file, changes))?;
    Ok(file)
}

/// What [`apply`] would write.
///
/// # Errors
/// As of [`apply`].
pub fn preview(locations: &Locations, level: FileLevel, changes: &[Change]) -> Result<String, EditError> {
    let file = file_of(locations, level).ok_or(EditError::NoUserFile)?;
    let old = file::read(&file)?;
    let new = document::edited(&old, &file, changes)?;
    check(locations, level, &old, &new)?;
    Ok(new)
}

/// Writes one value by its full name, e.g. `Consent.DefaultConsent` or `LocalDumps."game".DumpType`. Numbers are decimal,
/// or hexadecimal after `0x`. Returns the file.
///
/// # Errors
/// There is no such setting, the value is none of it, or the file cannot be changed.
pub fn set(locations: &Locations, level: FileLevel, name: &str, text: &str) -> Result<PathBuf, EditError> {
    apply(locations, level, &[document::assignment(name, text)?])
}

/// Takes one value, or one program's or module's entry, out. Returns the file, or `None` where the value was not there.
///
/// # Errors
/// There is no such setting, or the file cannot be changed.
pub fn unset(locations: &Locations, level: FileLevel, name: &str) -> Result<Option<PathBuf>, EditError> {
    let path = document::path(name)?;
    let file = file_of(locations, level).ok_or(EditError::NoUserFile)?;
    let mut was_there = false;
    change(locations, level, &file, |old| {
        was_there = document::contains(old, &path);
        document::edited(old, &file, &[Change::Remove(path.clone())])
    })?;
    Ok(was_there.then_some(file))
}

/// `WerAddExcludedApplication`: no reports of programs with this file name. A path is reduced to its last component,
/// after `/` or `\`. One that is listed already stays.
///
/// # Errors
/// [`EditError::BadName`] for an empty name, one that ends in a separator, and one longer than `MAX_PATH`; or the file
/// cannot be changed ([`EditError::is_access_denied`] says whether for want of rights).
pub fn add_excluded_application(
    locations: &Locations,
    level: FileLevel,
    program: &str,
) -> Result<(), EditError> {
    let path = vec![EXCLUDED.to_owned(), program_name(program)?.to_owned()];
    apply(locations, level, &[Change::Set(path, NewValue::Number(1))]).map(drop)
}

/// `WerRemoveExcludedApplication`: takes back what [`add_excluded_application`] did.
///
/// # Errors
/// [`EditError::NotListed`] where this file does not list it; else as of [`add_excluded_application`].
pub fn remove_excluded_application(
    locations: &Locations,
    level: FileLevel,
    program: &str,
) -> Result<(), EditError> {
    let name = program_name(program)?;
    let file = file_of(locations, level).ok_or(EditError::NoUserFile)?;
    let path = [EXCLUDED.to_owned(), name.to_owned()];
    change(locations, level, &file, |old| {
        if !document::contains(old, &path) {
            return Err(EditError::NotListed { name: name.to_owned(), file: file.clone() });
        }
        document::edited(old, &file, &[Change::Remove(path.to_vec())])
    })
}

/// The last component of a path, by either system's separator.
fn program_name(program: &str) -> Result<&str, EditError> {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_bad = name.is_empty()
        || program.chars().count() > MAX_PROGRAM_CHARS
        || matches!(name, "." | "..")
        || name.contains(char::is_control);
    if is_bad { Err(EditError::BadName(program.chars().take(64).collect())) } else { Ok(name) }
}

/// Whether the reader would take one change, in a file of this level.
pub(crate) fn check_alone(level: FileLevel, change: &Change) -> Result<(), String> {
    let locations = Locations { user_dir: Some(PathBuf::from("/")), ..Locations::system(None) };
    let new = document::edited("", Path::new("/"), std::slice::from_ref(change))
        .map_err(|error| error.to_string())?;
    match check(&locations, level, "", &new) {
        Ok(()) => Ok(()),
        Err(EditError::Refused(SettingsWarning::Invalid { expected, .. })) => {
            Err(format!("it must be {expected}"))
        }
        Err(EditError::Refused(SettingsWarning::WrongFile { allowed, .. })) => {
            Err(format!("only {allowed} may set it"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Reads, edits, checks and replaces a file while no other writer does.
fn change(
    locations: &Locations,
    level: FileLevel,
    file: &Path,
    edit: impl FnOnce(&str) -> Result<String, EditError>,
) -> Result<(), EditError> {
    let locked = Locked::take(file)?;
    let old = file::read(file)?;
    let new = edit(&old)?;
    check(locations, level, &old, &new)?;
    if new == old { Ok(()) } else { locked.replace(&new) }
}

/// Refuses a text that the reader has more to say about than about the one before.
fn check(locations: &Locations, level: FileLevel, old: &str, new: &str) -> Result<(), EditError> {
    let warnings = |text: &str| {
        let (_, warnings) = Settings::from_texts(locations, &[(level, text)]);
        warnings.into_iter().map(|warning| warning.at(crate::Place::default())).collect::<Vec<_>>()
    };
    let before = warnings(old);
    let refuses = |warning: &SettingsWarning| {
        !matches!(warning, SettingsWarning::NoEffect { .. }) && !before.contains(warning)
    };
    match warnings(new).into_iter().find(refuses) {
        Some(warning) => Err(EditError::Refused(warning)),
        None => Ok(()),
    }
}
