//! Lines to values. Windows' own files are read too: keys that mean nothing here are skipped.

use wer_model::{
    AttachedFile, BucketReply, ConsentChoice, FileKind, LastWords, Report, ReportId, ReportType, Signature,
    SoftError, Stage, Statement,
};

use super::entries::{Entries, Entry};
use super::{ICON_FILE_PATH, modules, names};
use crate::limits::MAX_REPORT_WER_BYTES;
use crate::utf16;

/// Bytes that are no `Report.wer`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportWerError {
    /// More bytes than are read.
    #[error("the Report.wer has {actual_bytes} bytes, more than the limit of {MAX_REPORT_WER_BYTES}")]
    TooLarge {
        /// Its size.
        actual_bytes: usize,
    },
    /// An odd number of bytes is no UTF-16.
    #[error("the Report.wer is not UTF-16: it has an odd number of bytes")]
    Encoding,
    /// A line without which a report is none.
    #[error("the Report.wer has no valid {0} line")]
    Missing(&'static str),
}

/// Reads a `Report.wer`.
///
/// # Errors
/// The bytes are too many or no UTF-16, or `EventType` or `ReportIdentifier` is missing. Everything else that is
/// missing or wrong has its default.
pub fn parse(bytes: &[u8]) -> Result<Report, ReportWerError> {
    if bytes.len() > MAX_REPORT_WER_BYTES {
        return Err(ReportWerError::TooLarge { actual_bytes: bytes.len() });
    }
    let text = utf16::decode(bytes).ok_or(ReportWerError::Encoding)?;
    let entries = Entries::read(&text);
    let id: ReportId =
        entries.number("ReportIdentifier").ok_or(ReportWerError::Missing("ReportIdentifier"))?;
    let event_type = entries.get("EventType").ok_or(ReportWerError::Missing("EventType"))?.to_owned();
    let parameters = entries.list("Sig").map(|(_, entry)| entry.pair("Name")).collect();
    Ok(Report {
        id,
        report_type: entries
            .number("ReportType")
            .and_then(names::report_type)
            .unwrap_or(ReportType::NonCritical),
        signature: Signature { event_type: event_type.clone(), parameters },
        event_time_filetime: entries.number("EventTime").unwrap_or(0),
        upload_time_filetime: entries.number("UploadTime"),
        consent: entries.number("Consent").and_then(names::consent).unwrap_or(ConsentChoice::NotAsked),
        consent_key: consent_key(&entries, &event_type),
        submit_flags: entries.number("Linux.SubmitFlags").unwrap_or(0),
        application_name: entries.text("AppName"),
        application_path: entries.text("AppPath"),
        application_version: entries.text("Linux.AppVersion"),
        friendly_event_name: entries.text("FriendlyEventName"),
        statement: statement(&entries),
        pid: entries.number("Linux.Pid").unwrap_or(0),
        uid: entries.number("Linux.Uid").unwrap_or(0),
        capture_source: entries.text("Linux.CaptureSource"),
        dynamic_signature: entries.list("DynamicSig").map(|(n, entry)| (n, entry.pair("Name"))).collect(),
        metadata: entries.list("Metadata").map(|(_, entry)| entry.pair("Key")).collect(),
        loaded_modules: entries.list("LoadedModule").map(|(_, entry)| entry.text("")).collect(),
        os_info: entries.list("OsInfo").map(|(_, entry)| entry.pair("Key")).collect(),
        files: entries.list("File").map(|(_, entry)| file(entry)).collect(),
        last_words: last_words(&entries),
        modules: entries.list("Module").filter_map(|(_, entry)| modules::read(entry)).collect(),
        soft_errors: entries.list("SoftError").map(|(_, entry)| soft_error(entry)).collect(),
        reply: reply(&entries),
        waiting_reason: entries.text("Linux.WaitingReason"),
    })
}

/// The key is written for every report; where it is the event type, it says nothing of its own.
fn consent_key(entries: &Entries, event_type: &str) -> String {
    let key = entries.text("ConsentKey");
    if key == event_type { String::new() } else { key }
}

fn statement(entries: &Entries) -> Statement {
    let path = entries.get("AppPath");
    Statement {
        description: entries.text("ReportDescription"),
        namespace_partner: entries.text("NsPartner"),
        namespace_group: entries.text("NsGroup"),
        application_identity: entries.text("ApplicationIdentity"),
        ui_texts: entries
            .list("UI")
            // Written for every report; where it is the executable's path, nobody set it.
            .filter(|(number, entry)| *number != ICON_FILE_PATH || entry.get("") != path)
            .map(|(number, entry)| (number, entry.text("")))
            .collect(),
    }
}

fn file(entry: &Entry) -> AttachedFile {
    AttachedFile {
        name: entry.text("CabName"),
        kind: entry.number("Type").and_then(names::file_kind).unwrap_or(FileKind::Other),
        flags: entry.number("Flags").unwrap_or(0),
        original_path: entry.get("Original.Path").map(str::to_owned),
    }
}

fn last_words(entries: &Entries) -> Option<LastWords> {
    let source = names::words_source(entries.get("LastWords.Source")?)?;
    Some(LastWords { source, text: entries.text("LastWords.Text") })
}

fn soft_error(entry: &Entry) -> SoftError {
    let stage = entry.get("Stage").and_then(names::stage).unwrap_or(Stage::Report);
    SoftError { stage, message: entry.text("Message") }
}

fn reply(entries: &Entries) -> Option<BucketReply> {
    let reply = BucketReply {
        bucket: entries.number("Response.BucketId"),
        bucket_table: entries.number("Response.BucketTable"),
        solution_url: entries.get("Linux.SolutionUrl").map(str::to_owned),
        solution_text: entries.get("Linux.SolutionText").map(str::to_owned),
        solution_fixed_in: entries.get("Linux.SolutionFixedIn").map(str::to_owned),
    };
    (reply != BucketReply::default() || entries.get("Linux.HasReply") == Some("1")).then_some(reply)
}
