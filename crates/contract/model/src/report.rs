//! A report: what `Report.wer` holds, as values.

mod statement;

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::consent::ConsentChoice;
use crate::module::ModuleOutcome;
use crate::submit::BucketReply;
use crate::words::{LastWords, SoftError};

pub use statement::Statement;

/// A report's GUID, 16 bytes in the order in which it is printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReportId(pub [u8; 16]);

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no report id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no report id: 32 hex digits, with or without hyphens, are one")]
pub struct InvalidReportId(pub String);

impl FromStr for ReportId {
    type Err = InvalidReportId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidReportId(text.chars().take(64).collect());
        let mut bytes = [0_u8; 16];
        let mut count = 0;
        for digit in text.chars().filter(|c| *c != '-') {
            let value = digit.to_digit(16).ok_or_else(invalid)? as u8;
            let slot = bytes.get_mut(count / 2).ok_or_else(invalid)?;
            *slot = *slot << 4 | value;
            count += 1;
        }
        if count == 32 { Ok(Self(bytes)) } else { Err(invalid()) }
    }
}

impl Serialize for ReportId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReportId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `WER_REPORT_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum ReportType {
    /// 0.
    NonCritical = 0,
    /// 1.
    Critical = 1,
    /// 2.
    ApplicationCrash = 2,
    /// 3.
    ApplicationHang = 3,
    /// 4.
    Kernel = 4,
}

/// `WER_FILE_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum FileKind {
    /// 1.
    Microdump = 1,
    /// 2.
    Minidump = 2,
    /// 3.
    Heapdump = 3,
    /// 4: only if the server asks for user documents.
    UserDocument = 4,
    /// 5.
    Other = 5,
    /// 6.
    Triagedump = 6,
    /// 7.
    CustomDump = 7,
    /// 8: here, `registered.dmp`: the registered memory blocks.
    AuxiliaryDump = 8,
}

/// One signature parameter (or custom pair): name and value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Display name, e.g. "Application Name".
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Parameter {
    /// A pair.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What a report is filed under: event type and up to ten parameters, P1..P10.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Event type: APPCRASH, or a module's own name.
    pub event_type: String,
    /// P1..P10 in order.
    pub parameters: Vec<Parameter>,
}

/// One file of a report, beside `Report.wer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedFile {
    /// Name in the report's folder and in the cab.
    pub name: String,
    /// Its type.
    pub kind: FileKind,
    /// `WER_FILE_*` flags.
    pub flags: u32,
    /// Where it came from on this machine, for registered files.
    pub original_path: Option<String>,
}

/// What a stage leaves for the store: a name and where the finished bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpSlot {
    /// The file's entry in the report.
    pub file: AttachedFile,
    /// The finished file; moved into the report's folder.
    pub path: std::path::PathBuf,
}

/// Where a report is in its life. A report is in exactly one state; the store makes each step atomic.
///
/// 1. `Temp`: being written by `werfault`; invisible to readers, removed if the machine stops here.
/// 2. `Queued`: whole and on disk, in `ReportQueue`; waits for consent or for the server.
/// 3. `Archived`: sent, or not to be sent; in `ReportArchive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// Being written.
    Temp,
    /// In `ReportQueue`.
    Queued,
    /// In `ReportArchive`.
    Archived,
}

/// All that `Report.wer` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `ReportIdentifier=`.
    pub id: ReportId,
    /// `ReportType=`.
    pub report_type: ReportType,
    /// `EventType=` and `Sig[n]`.
    pub signature: Signature,
    /// `EventTime=` as a FILETIME: 100 ns since 1601-01-01 UTC.
    pub event_time_filetime: u64,
    /// `UploadTime=`, if it was sent.
    pub upload_time_filetime: Option<u64>,
    /// `Consent=`.
    pub consent: ConsentChoice,
    /// `ConsentKey=`: the name by which `[Consent]` knows reports like this; empty = the event type.
    #[serde(default)]
    pub consent_key: String,
    /// `WER_SUBMIT_...` that it was submitted with, which later attempts obey too, and [`submit_marks`](crate::submit_marks).
    #[serde(default)]
    pub submit_flags: u32,
    /// `AppName=`.
    pub application_name: String,
    /// `AppPath=`.
    pub application_path: String,
    /// Version of the executable, "0.0.0.0" where unknown.
    pub application_version: String,
    /// `FriendlyEventName=`.
    pub friendly_event_name: String,
    /// What its program said of it beside that, where a program made it.
    #[serde(default)]
    pub statement: Statement,
    /// Pid in the namespace of whoever captured it.
    pub pid: u32,
    /// Real user id of the crashed process.
    pub uid: u32,
    /// How it was captured: `CaptureSource::name`, or "not_seen" where the process could not be looked at.
    pub capture_source: String,
    /// `DynamicSig[n]`: numbered dynamic parameters (1 OS Version, 2 Locale ID, 22.. additional information).
    pub dynamic_signature: Vec<(u32, Parameter)>,
    /// Custom metadata registered by the application, in order.
    pub metadata: Vec<Parameter>,
    /// `LoadedModule[n]=`.
    pub loaded_modules: Vec<String>,
    /// `OsInfo[n]`.
    pub os_info: Vec<Parameter>,
    /// `File[n]`.
    pub files: Vec<AttachedFile>,
    /// What the process said.
    pub last_words: Option<LastWords>,
    /// What its modules did.
    pub modules: Vec<ModuleOutcome>,
    /// What is missing.
    pub soft_errors: Vec<SoftError>,
    /// `Response.*`: what the server said.
    pub reply: Option<BucketReply>,
    /// Why it still waits, for a person; empty when it does not.
    pub waiting_reason: String,
}

impl Report {
    /// The name by which `[Consent]` knows reports like this.
    #[must_use]
    pub fn consent_key(&self) -> &str {
        if self.consent_key.is_empty() { &self.signature.event_type } else { &self.consent_key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_ids_print_and_parse() {
        let id = ReportId(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 36);
        assert!("".parse::<ReportId>().is_err());
        assert!("zz".parse::<ReportId>().is_err());
        assert!("0".repeat(33).parse::<ReportId>().is_err());
    }
}
