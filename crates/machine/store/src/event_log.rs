//! The event log: one JSON object per line in `events.jsonl`, appended by one write each, flushed, rotated at a size.
//! A line that power loss tore is skipped by the reader, and the next writer begins a new line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use wer_model::EventRecord;

use crate::StoreError;
use crate::directory::Directory;
use crate::limits::{MAX_EVENT_LINE_BYTES, MAX_EVENT_LOG_BYTES};
use crate::lock::Lock;
use crate::store::Store;

/// The log.
const LOG: &str = "events.jsonl";
/// The log before it.
const OLDER_LOG: &str = "events.1.jsonl";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LogEntry {
    /// A report's state changed: event 1001.
    Report(Box<EventRecord>),
    /// A crash, or an attempt to send, came to nothing.
    Failure(FailureRecord),
}

/// Something that made no report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// When, RFC 3339 UTC.
    pub time: String,
    /// What, one sentence.
    pub message: String,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEntries {
    /// Oldest first.
    pub entries: Vec<LogEntry>,
    /// Lines that could not be read.
    pub skipped: usize,
}

/// The event log of a store.
#[derive(Debug)]
pub struct EventLog {
    root: Directory,
    rotate_at_bytes: u64,
}

impl EventLog {
    /// The log of the store at `root`.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Store::open(root)?;
        Ok(Self { root: Directory::open(store.root())?, rotate_at_bytes: MAX_EVENT_LOG_BYTES })
    }

    /// The same log, rotated at another size.
    #[must_use]
    pub fn rotated_at(self, rotate_at_bytes: u64) -> Self {
        Self { rotate_at_bytes, ..self }
    }

    /// Appends a record. An empty `time` becomes now.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn append(&self, record: &EventRecord) -> Result<(), StoreError> {
        let mut record = record.clone();
        if record.time.is_empty() {
            record.time = now();
        }
        self.append_entry(&LogEntry::Report(Box::new(record)))
    }

    /// Appends what made no report, with the time of now.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn append_failure(&self, message: &str) -> Result<(), StoreError> {
        self.append_entry(&LogEntry::Failure(FailureRecord { time: now(), message: message.to_owned() }))
    }

    fn append_entry(&self, entry: &LogEntry) -> Result<(), StoreError> {
        let failed = |action| StoreError::io(action, self.root.join(LOG));
        let json = serde_json::to_vec(entry).map_err(std::io::Error::from).map_err(failed("write"))?;
        let _lock = Lock::take(&self.root)?;
        let mut file = self.current()?;
        let mut line = Vec::with_capacity(json.len() + 2);
        if is_torn(&mut file).map_err(failed("read"))? {
            line.push(b'\n');
        }
        line.extend(json);
        line.push(b'\n');
        file.write_all(&line).map_err(failed("write"))?;
        file.sync_data().map_err(failed("flush"))
    }

    /// The log for appending, a new one where the old one is full.
    fn current(&self) -> Result<File, StoreError> {
        let open = || self.root.open_or_new_file(LOG, OFlags::RDWR | OFlags::APPEND);
        let file = open()?;
        let size_bytes = file.metadata().map_err(StoreError::io("look at", self.root.join(LOG)))?.len();
        if size_bytes < self.rotate_at_bytes {
            return Ok(file);
        }
        self.root.remove_file(OLDER_LOG)?;
        self.root.move_to(LOG, &self.root, OLDER_LOG)?;
        let file = open()?;
        self.root.sync()?;
        Ok(file)
    }

    /// All entries of the older log and of this one.
    ///
    /// # Errors
    /// A log that is there cannot be read.
    pub fn read(&self) -> Result<LogEntries, StoreError> {
        let mut all = LogEntries::default();
        for name in [OLDER_LOG, LOG] {
            if self.root.entry(name)?.is_some() {
                let file = self.root.open_file(name)?;
                read_lines(file, &mut all).map_err(StoreError::io("read", self.root.join(name)))?;
            }
        }
        Ok(all)
    }
}

/// Whether the last line has no end.
fn is_torn(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn read_lines(file: File, all: &mut LogEntries) -> std::io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(MAX_EVENT_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match serde_json::from_slice(&line) {
            Ok(entry) => all.entries.push(entry),
            Err(_) => all.skipped += 1,
        }
    }
}

/// Now, to the millisecond.
fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now).to_string()
}
