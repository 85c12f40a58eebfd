//! The same records to the journal, by its native protocol: one datagram of fields. A machine without a journal is no
//! error, and nothing here waits.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use wer_model::{CrashRecord, EventRecord, HangRecord, ReportId};

use crate::LogEntry;
use crate::limits::MAX_JOURNAL_BYTES;

/// Where the journal listens.
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";
/// `MESSAGE_ID` of event 1000: `journalctl MESSAGE_ID=...` shows them.
pub const CRASH_MESSAGE_ID: &str = "5f5b3d0c1c7d4f6e9a4be0a1b6c2d300";
/// `MESSAGE_ID` of event 1001.
pub const MESSAGE_ID: &str = "5f5b3d0c1c7d4f6e9a4be0a1b6c2d301";
/// `MESSAGE_ID` of event 1002.
pub const HANG_MESSAGE_ID: &str = "5f5b3d0c1c7d4f6e9a4be0a1b6c2d302";
/// syslog's "info", as event 1001 has level Information.
const INFORMATION: &str = "6";
/// syslog's "err", as events 1000 and 1002 have level Error.
const ERROR: &str = "3";

/// Sends an entry to the journal at `socket`. `Ok(false)` when there is none.
///
/// # Errors
/// The journal refuses, is full, or the entry is too long for one datagram.
pub fn send(socket: &Path, entry: &LogEntry) -> io::Result<bool> {
    if !socket.exists() {
        return Ok(false);
    }
    let message = datagram(entry);
    if message.len() > MAX_JOURNAL_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long for the journal"));
    }
    let sender = UnixDatagram::unbound()?;
    sender.set_nonblocking(true)?;
    sender.send_to(&message, socket)?;
    Ok(true)
}

/// An entry as the protocol has it.
#[must_use]
pub fn datagram(entry: &LogEntry) -> Vec<u8> {
    let mut fields = Fields(Vec::new());
    fields.add("SYSLOG_IDENTIFIER", "wer");
    match entry {
        LogEntry::Crash(record) => crash(&mut fields, record),
        LogEntry::Hang(record) => hang(&mut fields, record),
        LogEntry::Report(record) => report(&mut fields, record),
        LogEntry::Failure(record) => {
            fields.add("MESSAGE", &record.message);
            fields.add("PRIORITY", ERROR);
        }
    }
    fields.0
}

fn report(fields: &mut Fields, record: &EventRecord) {
    fields.add("MESSAGE", &record.message);
    fields.add("MESSAGE_ID", MESSAGE_ID);
    fields.add("PRIORITY", INFORMATION);
    fields.add("WER_EVENT_ID", &record.event_id.to_string());
    fields.add("WER_EVENT_NAME", &record.event_name);
    fields.add("WER_REPORT_ID", &record.report_id.to_string());
    fields.add("WER_REPORT_STATUS", &record.report_status.to_string());
    fields.add("WER_FAULT_BUCKET", &record.fault_bucket);
    fields.add("WER_BUCKET_TYPE", &record.bucket_type.to_string());
    fields.add("WER_RESPONSE", &record.response);
    fields.add("WER_CAB_ID", &record.cab_id);
    fields.add("WER_CAB_GUID", &record.cab_guid);
    fields.add("WER_HASHED_BUCKET", &record.hashed_bucket);
    fields.add("WER_ANALYSIS_SYMBOL", &record.analysis_symbol);
    fields.add("WER_RECHECKING", &record.rechecking.to_string());
    fields.add("WER_FOLDER", &record.folder);
    fields.add("WER_PID", &record.pid.to_string());
    for (n, parameter) in record.parameters.iter().enumerate() {
        fields.add(&format!("WER_P{}", n + 1), &parameter.value);
    }
    for file in &record.attached_files {
        fields.add("WER_ATTACHED_FILE", file);
    }
    for note in &record.notes {
        fields.add("WER_NOTE", note);
    }
}

fn crash(fields: &mut Fields, record: &CrashRecord) {
    let message = format!(
        "{} crashed: exception {} in {}.",
        record.application_name, record.exception_code, record.module_name
    );
    fields.add("MESSAGE", &message);
    fields.add("MESSAGE_ID", CRASH_MESSAGE_ID);
    fields.add("PRIORITY", ERROR);
    fields.add("WER_EVENT_ID", &record.event_id.to_string());
    fields.add("WER_APPLICATION_NAME", &record.application_name);
    fields.add("WER_APPLICATION_VERSION", &record.application_version);
    fields.add("WER_APPLICATION_TIMESTAMP", &record.application_timestamp);
    fields.add("WER_MODULE_NAME", &record.module_name);
    fields.add("WER_MODULE_VERSION", &record.module_version);
    fields.add("WER_MODULE_TIMESTAMP", &record.module_timestamp);
    fields.add("WER_EXCEPTION_CODE", &record.exception_code);
    fields.add("WER_FAULT_OFFSET", &record.fault_offset);
    fields.add("WER_PROCESS_ID", &record.process_id);
    fields.add("WER_START_TIME", &record.start_time);
    fields.add("WER_APPLICATION_PATH", &record.application_path);
    fields.add("WER_MODULE_PATH", &record.module_path);
    fields.add("WER_REPORT_ID", &id(record.report_id));
}

fn hang(fields: &mut Fields, record: &HangRecord) {
    fields.add("MESSAGE", &format!("{} no longer answered.", record.application_name));
    fields.add("MESSAGE_ID", HANG_MESSAGE_ID);
    fields.add("PRIORITY", ERROR);
    fields.add("WER_EVENT_ID", &record.event_id.to_string());
    fields.add("WER_APPLICATION_NAME", &record.application_name);
    fields.add("WER_APPLICATION_VERSION", &record.application_version);
    fields.add("WER_PROCESS_ID", &record.process_id);
    fields.add("WER_START_TIME", &record.start_time);
    fields.add("WER_TERMINATION_TIME", &record.termination_time_ms.to_string());
    fields.add("WER_APPLICATION_PATH", &record.application_path);
    fields.add("WER_REPORT_ID", &id(record.report_id));
    fields.add("WER_HANG_TYPE", &record.hang_type);
}

fn id(report_id: Option<ReportId>) -> String {
    report_id.map(|id| id.to_string()).unwrap_or_default()
}

struct Fields(Vec<u8>);

impl Fields {
    /// `KEY=value`, or, for a value with a line break, the key, its length as 64 bits little-endian, and the value.
    fn add(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.0.extend_from_slice(key.as_bytes());
        if value.contains('\n') {
            self.0.push(b'\n');
            self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            self.0.push(b'=');
        }
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b'\n');
    }
}
