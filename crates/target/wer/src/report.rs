//! Reports that a program makes itself, about itself or about another process: `WerReportCreate` to
//! `WerReportCloseHandle`.
//!
//! ```no_run
//! use wer::{Consent, FileKind, Report, ReportInformation, ReportType};
//!
//! # fn main() -> wer::Result<()> {
//! let about = ReportInformation { description: "The index had to be made anew.", ..Default::default() };
//! let mut report = Report::new("IndexDamaged", ReportType::NonCritical, &about)?;
//! report.parameter("Index", "names")?.parameter("Format", "3")?;
//! report.file("/var/log/app.log", FileKind::Other, wer::flags::WER_FILE_ANONYMOUS_DATA)?;
//! let result = report.submit(Consent::NotAsked, wer::flags::WER_SUBMIT_ADD_REGISTERED_DATA)?;
//! println!("{result:?}");
//! # Ok(())
//! # }
//! ```
//!
//! Limits and answers are those of the C functions (`werapi.h`). Nothing leaves the process before [`Report::submit`].

mod names;

use wer_abi::Hresult;
use wer_abi::limits::{MAX_PATH, WER_MAX_PARAM_COUNT};

use crate::Result;
use crate::os::report as os;

pub use names::{Consent, DialogText, FileKind, ReportDump, ReportType, SubmitResult};

/// What is known of a report when it begins (`WER_REPORT_INFORMATION`). An empty text means its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportInformation<'a> {
    /// The process that the report is about; 0 = this one.
    pub process_id: u32,
    /// The name by which `[Consent]` knows it, at most 63 UTF-16 units; else the event type.
    pub consent_key: &'a str,
    /// The event for people, at most 127; else the event type.
    pub friendly_event_name: &'a str,
    /// At most 127; else the file name of the executable.
    pub application_name: &'a str,
    /// At most 259; else the path of the executable.
    pub application_path: &'a str,
    /// For readers of the report, at most 511.
    pub description: &'a str,
    /// At most 63.
    pub namespace_partner: &'a str,
    /// At most 63.
    pub namespace_group: &'a str,
    /// Zeros = none.
    pub application_identity: [u8; 16],
}

impl ReportInformation<'_> {
    /// What does not fit its field of the structure, or would end within it, is refused on both systems.
    fn check(&self) -> Result<()> {
        const MAX_KEY: usize = 63;
        const MAX_NAME: usize = 127;
        const MAX_DESCRIPTION: usize = 511;
        for (text, max_units) in [
            (self.consent_key, MAX_KEY),
            (self.friendly_event_name, MAX_NAME),
            (self.application_name, MAX_NAME),
            (self.application_path, MAX_PATH - 1),
            (self.description, MAX_DESCRIPTION),
            (self.namespace_partner, MAX_KEY),
            (self.namespace_group, MAX_KEY),
        ] {
            no_nul(text)?;
            if text.encode_utf16().nth(max_units).is_some() {
                return Err(Hresult::WER_E_LENGTH_EXCEEDED.into());
            }
        }
        Ok(())
    }
}

/// A NUL would silently end a text.
fn no_nul(text: &str) -> Result<()> {
    if text.contains('\0') { Err(Hresult::E_INVALIDARG.into()) } else { Ok(()) }
}

/// A report that is being built. Dropping it throws it away; what was submitted stays.
#[derive(Debug)]
pub struct Report {
    os: os::Report,
    parameters: u32,
}

impl Report {
    /// Begins a report (`WerReportCreate`) of an event type of at most 64 UTF-16 units.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an empty event type or a NUL in a text; `WER_E_LENGTH_EXCEEDED`; `E_OUTOFMEMORY` above 1,024 open
    /// reports. On Windows also that the other process cannot be opened.
    pub fn new(event_type: &str, report_type: ReportType, about: &ReportInformation<'_>) -> Result<Self> {
        no_nul(event_type)?;
        about.check()?;
        let os = os::Report::new(event_type, report_type as i32, about)?;
        Ok(Self { os, parameters: 0 })
    }

    /// Adds the next parameter, P0 to P9; with an empty name it is called that.
    ///
    /// # Errors
    /// `E_INVALIDARG` above ten or for a NUL; `WER_E_LENGTH_EXCEEDED` for a name above 128 or a value above 259 units.
    pub fn parameter(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        if self.parameters as usize >= WER_MAX_PARAM_COUNT {
            return Err(Hresult::E_INVALIDARG.into());
        }
        self.set_parameter(self.parameters, name, value)
    }

    /// Sets or replaces a parameter by its number (`WerReportSetParameter`). None may be missing below the last one.
    ///
    /// # Errors
    /// As [`Self::parameter`].
    pub fn set_parameter(&mut self, index: u32, name: &str, value: &str) -> Result<&mut Self> {
        no_nul(name)?;
        no_nul(value)?;
        self.os.set_parameter(index, (!name.is_empty()).then_some(name), value)?;
        self.parameters = self.parameters.max(index.saturating_add(1));
        Ok(self)
    }

    /// Adds a file that exists (`WerReportAddFile`): an absolute path, and [`crate::flags`]`::WER_FILE_...`.
    ///
    /// # Errors
    /// `E_INVALIDARG`, `WER_E_LENGTH_EXCEEDED`, `WER_E_INSUFFICIENT_BUFFER` above 512 files,
    /// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`, `E_ACCESSDENIED`.
    pub fn file(&mut self, path: &str, kind: FileKind, flags: u32) -> Result<&mut Self> {
        no_nul(path)?;
        self.os.add_file(path, kind as u32, flags)?;
        Ok(self)
    }

    /// Adds a dump of the process that the report is about (`WerReportAddDump`), with
    /// [`crate::flags`]`::WER_DUMP_NOHEAP_ONQUEUE` or `WER_DUMP_AUXILIARY`. It is made when the report is submitted.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an unknown flag, a process that is gone, a micro dump of another process;
    /// `HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)` for a second one of a type.
    pub fn dump(&mut self, dump: ReportDump, flags: u32) -> Result<&mut Self> {
        self.os.add_dump(dump as i32, flags)?;
        Ok(self)
    }

    /// Sets or replaces a text of a dialog (`WerReportSetUIOption`). Here no dialog is ever shown; it stands in the report.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a NUL; `WER_E_LENGTH_EXCEEDED` above 2,048 units.
    pub fn dialog_text(&mut self, which: DialogText, text: &str) -> Result<&mut Self> {
        no_nul(text)?;
        self.os.set_ui_text(which as u32, text)?;
        Ok(self)
    }

    /// Stores the report as it is now and submits it (`WerReportSubmit`), with [`crate::flags`]`::WER_SUBMIT_...`. Waits for
    /// that, at most ten minutes; with `WER_SUBMIT_OUTOFPROCESS_ASYNC` only until it is stored. The report stays open.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an unknown flag and a parameter that is missing; `E_FAIL` when it could not be stored; on Linux those
    /// of a `werfault` that is missing (`ERROR_FILE_NOT_FOUND`), ends (`ERROR_BROKEN_PIPE`), hangs (`ERROR_TIMEOUT`) or
    /// answers junk (`ERROR_INVALID_DATA`).
    pub fn submit(&self, consent: Consent, flags: u32) -> Result<SubmitResult> {
        let result = self.os.submit(consent as i32, flags)?;
        Ok(SubmitResult::from_number(result).ok_or(Hresult::INVALID_DATA)?)
    }
}
