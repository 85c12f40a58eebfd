//! The event log: one JSON object per line in `events.jsonl`, appended by one write each, flushed, rotated at a size.
//! A line that power loss tore is skipped by the reader, and the next writer begins a new line.
//!
//! Rotation is a row of renames from the oldest to the newest: a crash between two of them leaves a gap in the numbers,
//! which readers pass over and the next rotation fills. No line is lost but those of the log that drops out at the end.

mod follow;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use wer_model::{CrashRecord, EventRecord, HangRecord};

use crate::directory::Directory;
use crate::limits::{MAX_EVENT_LINE_BYTES, MAX_EVENT_LOG_BYTES, MAX_OLDER_EVENT_LOGS};
use crate::lock::Lock;
use crate::store::Store;
use crate::{StoreError, fail_point};

pub use follow::Follower;

/// The log.
const LOG: &str = "events.jsonl";

/// An older log; the newest of them has number 1.
fn older(number: usize) -> String {
    format!("events.{number}.jsonl")
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LogEntry {
    /// A program crashed: event 1000.
    Crash(Box<CrashRecord>),
    /// A program no longer answered: event 1002.
    Hang(Box<HangRecord>),
    /// A report's state changed: event 1001.
    Report(Box<EventRecord>),
    /// A crash, or an attempt to send, came to nothing.
    Failure(FailureRecord),
}

impl LogEntry {
    /// When, RFC 3339 UTC.
    #[must_use]
    pub fn time(&self) -> &str {
        match self {
            Self::Crash(record) => &record.time,
            Self::Hang(record) => &record.time,
            Self::Report(record) => &record.time,
            Self::Failure(record) => &record.time,
        }
    }

    /// Windows' event id; `None` for what Windows has none for.
    #[must_use]
    pub const fn event_id(&self) -> Option<u32> {
        match self {
            Self::Crash(record) => Some(record.event_id),
            Self::Hang(record) => Some(record.event_id),
            Self::Report(record) => Some(record.event_id),
            Self::Failure(_) => None,
        }
    }

    fn stamp(&mut self) {
        let time = match self {
            Self::Crash(record) => &mut record.time,
            Self::Hang(record) => &mut record.time,
            Self::Report(record) => &mut record.time,
            Self::Failure(record) => &mut record.time,
        };
        if time.is_empty() {
            *time = now();
        }
    }
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
    older_logs: usize,
}

impl EventLog {
    /// The log of the store at `root`.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Store::open(root)?;
        Ok(Self {
            root: Directory::open(store.root())?,
            rotate_at_bytes: MAX_EVENT_LOG_BYTES,
            older_logs: MAX_OLDER_EVENT_LOGS,
        })
    }

    /// The same log, rotated at another size, with another number of older logs (at least one).
    #[must_use]
    pub fn rotated_at(self, rotate_at_bytes: u64, older_logs: usize) -> Self {
        Self { rotate_at_bytes, older_logs: older_logs.max(1), ..self }
    }

    /// Appends a report's record. An empty `time` becomes now.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn append(&self, record: &EventRecord) -> Result<(), StoreError> {
        self.append_entry(LogEntry::Report(Box::new(record.clone())))
    }

    /// Appends what made no report, with the time of now.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn append_failure(&self, message: &str) -> Result<(), StoreError> {
        self.append_entry(LogEntry::Failure(FailureRecord { time: now(), message: message.to_owned() }))
    }

    /// Appends an entry of any kind. An empty `time` becomes now.
    ///
    /// # Errors
    /// The log cannot be written, or the entry is longer than a line may be.
    pub fn append_entry(&self, mut entry: LogEntry) -> Result<(), StoreError> {
        entry.stamp();
        let failed = |action| StoreError::io(action, self.root.join(LOG));
        let json = serde_json::to_vec(&entry).map_err(std::io::Error::from).map_err(failed("write"))?;
        if json.len() as u64 >= MAX_EVENT_LINE_BYTES {
            return Err(StoreError::TooLarge {
                path: self.root.join(LOG),
                limit_bytes: MAX_EVENT_LINE_BYTES,
            });
        }
        let _lock = Lock::take(&self.root)?;
        let mut file = self.current()?;
        let mut line = Vec::with_capacity(json.len() + 2);
        if is_torn(&mut file).map_err(failed("read"))? {
            line.push(b'\n');
        }
        line.extend(json);
        line.push(b'\n');
        fail_point::reach();
        file.write_all(&line).map_err(failed("write"))?;
        fail_point::reach();
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
        self.rotate()?;
        let file = open()?;
        self.root.sync()?;
        Ok(file)
    }

    /// Makes room for a new log: each older one moves on by one number, up to the first free one.
    fn rotate(&self) -> Result<(), StoreError> {
        let mut free = self.older_logs;
        for number in 1..self.older_logs {
            if self.root.entry(&older(number))?.is_none() {
                free = number;
                break;
            }
        }
        self.root.remove_file(&older(free))?;
        for number in (1..free).rev() {
            self.root.move_to(&older(number), &self.root, &older(number + 1))?;
        }
        self.root.move_to(LOG, &self.root, &older(1))
    }

    /// A reader that takes what is there and then what comes.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn follower(&self) -> Result<Follower, StoreError> {
        Follower::at_start(self)
    }

    /// The logs' names, oldest first.
    fn names(&self) -> impl Iterator<Item = String> + use<> {
        (1..=MAX_OLDER_EVENT_LOGS.max(self.older_logs)).rev().map(older).chain([LOG.to_owned()])
    }

    /// All entries of the older logs and of this one. No writer is held up: what a rotation moves meanwhile is read once.
    ///
    /// # Errors
    /// A log that is there cannot be read.
    pub fn read(&self) -> Result<LogEntries, StoreError> {
        Follower::at_start(self)?.read_new()
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

/// Now, to the millisecond.
fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now).to_string()
}
