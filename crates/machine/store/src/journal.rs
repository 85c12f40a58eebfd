//! The same records to the journal, by its native protocol: one datagram of fields. A machine without a journal is no
//! error, and nothing here waits.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use wer_model::EventRecord;

use crate::limits::MAX_JOURNAL_BYTES;

/// Where the journal listens.
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";
/// `MESSAGE_ID` of our records: `journalctl MESSAGE_ID=...` shows them.
pub const MESSAGE_ID: &str = "5f5b3d0c1c7d4f6e9a4be0a1b6c2d301";
/// syslog's "info", as event 1001 has level Information.
const PRIORITY: &str = "6";

/// Sends a record to the journal at `socket`. `Ok(false)` when there is none.
///
/// # Errors
/// The journal refuses, is full, or the record is too long for one datagram.
pub fn send(socket: &Path, record: &EventRecord) -> io::Result<bool> {
    if !socket.exists() {
        return Ok(false);
    }
    let message = datagram(record);
    if message.len() > MAX_JOURNAL_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long for the journal"));
    }
    let sender = UnixDatagram::unbound()?;
    sender.set_nonblocking(true)?;
    sender.send_to(&message, socket)?;
    Ok(true)
}

/// A record as the protocol has it.
#[must_use]
pub fn datagram(record: &EventRecord) -> Vec<u8> {
    let mut fields = Fields(Vec::new());
    fields.add("MESSAGE", &record.message);
    fields.add("MESSAGE_ID", MESSAGE_ID);
    fields.add("PRIORITY", PRIORITY);
    fields.add("SYSLOG_IDENTIFIER", "wer");
    fields.add("WER_EVENT_ID", &record.event_id.to_string());
    fields.add("WER_EVENT_NAME", &record.event_name);
    fields.add("WER_REPORT_ID", &record.report_id.to_string());
    fields.add("WER_REPORT_STATUS", &record.report_status.to_string());
    fields.add("WER_FAULT_BUCKET", &record.fault_bucket);
    fields.add("WER_BUCKET_TYPE", &record.bucket_type.to_string());
    fields.add("WER_RESPONSE", &record.response);
    fields.add("WER_FOLDER", &record.folder);
    fields.add("WER_PID", &record.pid.to_string());
    for (n, parameter) in record.parameters.iter().enumerate() {
        fields.add(&format!("WER_P{}", n + 1), &parameter.value);
    }
    for note in &record.notes {
        fields.add("WER_NOTE", note);
    }
    fields.0
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
