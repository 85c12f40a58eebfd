//! Registry exports (`.reg`): "REGEDIT4" and "Windows Registry Editor Version 5.00", in UTF-16LE or UTF-8, read into
//! entries, and these into changes of settings files ([`import`]).
//!
//! The form is as `regedit` writes it: keys in brackets (with a minus: deleted), `"name"=data` and `@=data`, comments after
//! `;`, hex data continued after `\`, and texts that may hold line breaks. Nothing of it is believed.

mod decode;
pub mod import;
mod value;

pub use self::import::{Ignored, Import, Imported};

use self::value::read_value;
use crate::limits::{MAX_REGISTRY_ENTRIES, MAX_REGISTRY_FILE_BYTES};

/// What a value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `dword:` and `hex(4):`.
    Dword(u32),
    /// `hex(b):`.
    Qword(u64),
    /// `"text"`, `hex(1):` and, with variables in it, `hex(2):`.
    Text(String),
    /// `hex(7):`.
    Texts(Vec<String>),
    /// Any other `hex`.
    Binary,
    /// `-`: the value is to be deleted.
    Deleted,
}

/// What one entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `[key]`.
    Key,
    /// `[-key]`.
    DeletedKey,
    /// A value; `None` is the key's unnamed one.
    Value(Option<String>, Data),
}

/// One entry of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub line: usize,
    /// The key, with its root.
    pub key: String,
    /// What it says.
    pub entry: Entry,
}

/// Why a file is no registry export.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RegistryError {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl RegistryError {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// Reads an export.
///
/// # Errors
/// It is none, or a line of it is none of its form, or it has more than [`MAX_REGISTRY_ENTRIES`] entries. Then nothing of
/// it counts: what follows a line that is misread cannot be trusted.
pub fn parse(bytes: &[u8]) -> Result<Vec<Line>, RegistryError> {
    if bytes.len() as u64 > MAX_REGISTRY_FILE_BYTES {
        let reason = format!("the file has more than {MAX_REGISTRY_FILE_BYTES} bytes");
        return Err(RegistryError::new(1, reason));
    }
    let text = decode::text(bytes)?;
    let mut lines = Lines { rest: &text, number: 0 };
    let is_wide = header(&mut lines)?;
    let mut entries = Vec::new();
    let mut key: Option<String> = None;
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(';') {
            continue;
        }
        let (name, entry) = match trimmed.strip_prefix('[') {
            Some(rest) => {
                let (name, entry) = read_key(rest, number)?;
                key = (entry == Entry::Key).then(|| name.clone());
                (name, entry)
            }
            None => {
                let name = key.clone().ok_or_else(|| {
                    RegistryError::new(number, "a value stands before any key, or after a deleted one")
                })?;
                (name, read_value(line.trim_start(), number, &mut lines, is_wide)?)
            }
        };
        if entries.len() >= MAX_REGISTRY_ENTRIES {
            let reason = format!("the file has more than {MAX_REGISTRY_ENTRIES} entries");
            return Err(RegistryError::new(number, reason));
        }
        entries.push(Line { line: number, key: name, entry });
    }
    Ok(entries)
}

/// Whether texts in `hex` data are 16-bit, by the file's first line.
fn header(lines: &mut Lines<'_>) -> Result<bool, RegistryError> {
    while let Some((number, line)) = lines.next() {
        match line.trim() {
            "" => {}
            "REGEDIT4" => return Ok(false),
            "Windows Registry Editor Version 5.00" => return Ok(true),
            _ => {
                let reason = "this is no registry export: its first line is neither \"Windows Registry Editor \
                              Version 5.00\" nor \"REGEDIT4\"";
                return Err(RegistryError::new(number, reason));
            }
        }
    }
    Err(RegistryError::new(1, "the file is empty"))
}

/// What follows a `[`.
fn read_key(rest: &str, number: usize) -> Result<(String, Entry), RegistryError> {
    // A key may hold brackets; the last one ends it.
    let (name, after) =
        rest.rsplit_once(']').ok_or_else(|| RegistryError::new(number, "the key has no closing bracket"))?;
    if !after.trim().is_empty() && !after.trim_start().starts_with(';') {
        return Err(RegistryError::new(number, "something follows the key's closing bracket"));
    }
    let (name, entry) = match name.strip_prefix('-') {
        Some(name) => (name, Entry::DeletedKey),
        None => (name, Entry::Key),
    };
    if name.is_empty() {
        return Err(RegistryError::new(number, "the key has no name"));
    }
    Ok((name.to_owned(), entry))
}

/// The lines of a text, counted.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end, and its number.
    pub(crate) fn next(&mut self) -> Option<(usize, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number += 1;
        Some((self.number, line.strip_suffix('\r').unwrap_or(line)))
    }
}
