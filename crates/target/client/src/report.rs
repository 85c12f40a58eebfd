//! Reports that a program makes about itself or another process: what it says about them until it submits them.
//!
//! Nothing here starts a process or writes a file, so a report that is thrown away costs next to nothing. Only
//! [`File::checked`] and [`Dump::new`] make system calls.

mod dumps;
mod environment;
mod handles;
mod submit;

use std::path::Path;

use wer_abi::Hresult;
use wer_abi::limits::{MAX_PATH, WER_MAX_EVENT_NAME_LENGTH, WER_MAX_PARAM_COUNT, WER_MAX_PARAM_LENGTH};
use wer_abi::limits::{WER_MAX_REGISTERED_ENTRIES, WER_MAX_SIGNATURE_NAME_LENGTH};

pub use dumps::{Dump, Exception, Subject};
pub use handles::{MAX_OPEN, close, open, with};
pub use submit::{report_fault, submit};

/// UTF-16 units of a text for a dialog. Windows' documents name no limit.
pub const MAX_UI_TEXT: usize = 2048;
/// The greatest `WER_FILE_TYPE`.
const LAST_FILE_TYPE: u32 = 9;
/// The greatest `WER_REPORT_UI`.
const LAST_UI_TEXT: usize = 10;
/// What a caller may say about a file: `WER_FILE_DELETE_WHEN_DONE`, `_ANONYMOUS_DATA`, `_COMPRESSED`.
const FILE_FLAGS: u32 = 0x7;
/// The upper half is the system's own, and is cleared.
const PUBLIC_FLAGS: u32 = 0xFFFF;

type Result<T> = core::result::Result<T, Hresult>;

/// A signature parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `P0` to `P9` where the program gave none.
    pub name: String,
    /// May be empty.
    pub value: String,
}

/// A file that joins the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Absolute.
    pub path: String,
    /// `WER_FILE_TYPE`.
    pub file_type: u32,
    /// `WER_FILE_...`.
    pub flags: u32,
}

/// `WER_REPORT_INFORMATION` without its form. An empty text means its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Information {
    /// A handle of the process that the report is about; 0 is the caller.
    pub process: u64,
    /// Whose consent is asked for.
    pub consent_key: String,
    /// For people.
    pub friendly_event_name: String,
    /// For people.
    pub application_name: String,
    /// Of the executable.
    pub application_path: String,
    /// For people.
    pub description: String,
    /// From V3 on.
    pub namespace_partner: String,
    /// From V3 on.
    pub namespace_group: String,
    /// From V4 on; zeros = none.
    pub application_identity: [u8; 16],
    /// From V5 on: the greatest result that the caller understands.
    pub submit_result_max: Option<i32>,
}

/// A report that is being built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    event_type: String,
    report_type: i32,
    information: Information,
    parameters: [Option<Parameter>; WER_MAX_PARAM_COUNT],
    files: Vec<File>,
    dumps: Vec<Dump>,
    ui_texts: [Option<String>; LAST_UI_TEXT + 1],
}

impl Report {
    /// A report of an event type. Windows takes any report type, and so does this.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an empty event type; `WER_E_LENGTH_EXCEEDED` above 64 units.
    pub fn new(event_type: &str, report_type: i32, information: Information) -> Result<Self> {
        if event_type.is_empty() {
            return Err(Hresult::E_INVALIDARG);
        }
        fits(event_type, WER_MAX_EVENT_NAME_LENGTH)?;
        Ok(Self {
            event_type: event_type.to_owned(),
            report_type,
            information,
            parameters: Default::default(),
            files: Vec::new(),
            dumps: Vec::new(),
            ui_texts: Default::default(),
        })
    }

    /// Sets or replaces a parameter.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an index above 9; `WER_E_LENGTH_EXCEEDED` for a name above 128 units or a value above 259.
    pub fn set_parameter(&mut self, index: u32, name: Option<&str>, value: &str) -> Result<()> {
        let place = self.parameters.get_mut(index as usize).ok_or(Hresult::E_INVALIDARG)?;
        fits(name.unwrap_or_default(), WER_MAX_SIGNATURE_NAME_LENGTH)?;
        fits(value, WER_MAX_PARAM_LENGTH - 1)?;
        let name = name.map_or_else(|| format!("P{index}"), str::to_owned);
        *place = Some(Parameter { name, value: value.to_owned() });
        Ok(())
    }

    /// Adds a file, or replaces the type and flags of one.
    ///
    /// # Errors
    /// `WER_E_INSUFFICIENT_BUFFER` above 512 files.
    pub fn add_file(&mut self, file: File) -> Result<()> {
        if let Some(known) = self.files.iter_mut().find(|known| known.path == file.path) {
            *known = file;
            return Ok(());
        }
        if self.files.len() >= WER_MAX_REGISTERED_ENTRIES {
            return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
        }
        self.files.push(file);
        Ok(())
    }

    /// Sets or replaces a text of a dialog. No dialog is ever shown; the texts stand in the report.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an unknown text; `WER_E_LENGTH_EXCEEDED` above [`MAX_UI_TEXT`].
    pub fn set_ui_text(&mut self, which: u32, text: &str) -> Result<()> {
        if which == 0 {
            return Err(Hresult::E_INVALIDARG);
        }
        let place = self.ui_texts.get_mut(which as usize).ok_or(Hresult::E_INVALIDARG)?;
        fits(text, MAX_UI_TEXT)?;
        *place = Some(text.to_owned());
        Ok(())
    }

    /// The event type, its report type, and what was said about the report.
    #[must_use]
    pub fn heading(&self) -> (&str, i32, &Information) {
        (&self.event_type, self.report_type, &self.information)
    }

    /// The parameters, once none is missing between P0 and the last that was set.
    ///
    /// # Errors
    /// `E_INVALIDARG` when one is missing: the documents name `WER_E_MISSING_PARAM`, which no header defines.
    pub fn parameters(&self) -> Result<Vec<&Parameter>> {
        let count = self.parameters.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        self.parameters
            .iter()
            .take(count)
            .map(|parameter| parameter.as_ref().ok_or(Hresult::E_INVALIDARG))
            .collect()
    }

    /// The files, in the order in which they were added.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The texts of dialogs, with their `WER_REPORT_UI`.
    pub fn ui_texts(&self) -> impl Iterator<Item = (usize, &str)> {
        self.ui_texts.iter().enumerate().filter_map(|(which, text)| Some((which, text.as_deref()?)))
    }
}

impl File {
    /// Looks at a file that shall join a report. It may still change until the report is submitted. `%NAME%` in its path
    /// is the value of this variable of the process, where there is one.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a relative path, what is no regular file, an unknown type or flag; `WER_E_LENGTH_EXCEEDED`;
    /// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`; `E_ACCESSDENIED` when it cannot be looked at.
    pub fn checked(path: &str, file_type: u32, flags: u32) -> Result<Self> {
        let flags = flags & PUBLIC_FLAGS;
        fits(path, MAX_PATH - 1)?;
        let path = &*environment::expand(path, &environment::of_process)?;
        let is_known = (1..=LAST_FILE_TYPE).contains(&file_type) && flags & !FILE_FLAGS == 0;
        if !is_known || !path.starts_with('/') {
            return Err(Hresult::E_INVALIDARG);
        }
        let metadata = Path::new(path).metadata().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Hresult::FILE_NOT_FOUND,
            _ => Hresult::E_ACCESSDENIED,
        })?;
        if !metadata.is_file() {
            return Err(Hresult::E_INVALIDARG);
        }
        Ok(Self { path: path.to_owned(), file_type, flags })
    }
}

/// # Errors
/// `WER_E_LENGTH_EXCEEDED` above `max_units` UTF-16 units.
fn fits(text: &str, max_units: usize) -> Result<()> {
    if text.encode_utf16().nth(max_units).is_some() { Err(Hresult::WER_E_LENGTH_EXCEEDED) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_complete_from_p0_to_the_last_one() {
        let mut report = Report::new("Event", 0, Information::default()).unwrap();
        assert_eq!(report.parameters(), Ok(vec![]));
        report.set_parameter(1, Some("Version"), "1.2").unwrap();
        assert_eq!(report.parameters(), Err(Hresult::E_INVALIDARG));
        report.set_parameter(0, None, "app").unwrap();
        let names: Vec<_> =
            report.parameters().unwrap().iter().map(|parameter| parameter.name.clone()).collect();
        assert_eq!(names, ["P0", "Version"]);
    }
}
