//! Which signatures a cab was sent for: one cab per signature, unless the settings or the server want more.
//!
//! One small file per signature in `SentCabs`, named by the signature's SHA-1.

use crate::StoreError;
use crate::limits::MAX_SENT_CABS;
use crate::store::Store;

/// The folder.
const SENT_CABS: &str = "SentCabs";
/// Bytes of an entry.
const MAX_ENTRY_BYTES: u64 = 16;

/// What the cab held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentCab {
    /// No process memory beyond the mini dump's.
    WithoutMemory,
    /// The heap dump or the registered memory blocks.
    WithMemory,
}

impl SentCab {
    const fn word(self) -> &'static str {
        match self {
            Self::WithoutMemory => "without-memory",
            Self::WithMemory => "with-memory",
        }
    }
}

impl Store {
    /// What the last cab of a signature (40 hex digits) held; `None` = none was sent.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub fn sent_cab(&self, signature_hash: &str) -> Result<Option<SentCab>, StoreError> {
        let folder = self.root_directory().child_or_new(SENT_CABS)?;
        let name = check(signature_hash)?;
        if folder.entry(name)?.is_none() {
            return Ok(None);
        }
        let word = folder.read_file(name, MAX_ENTRY_BYTES)?;
        let with_memory = word == SentCab::WithMemory.word().as_bytes();
        Ok(Some(if with_memory { SentCab::WithMemory } else { SentCab::WithoutMemory }))
    }

    /// Remembers that a cab of a signature was sent.
    ///
    /// # Errors
    /// The entry cannot be written.
    pub fn record_sent_cab(&self, signature_hash: &str, cab: SentCab) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let folder = self.root_directory().child_or_new(SENT_CABS)?;
        folder.replace_file(check(signature_hash)?, cab.word().as_bytes(), false)?;
        let mut entries = Vec::new();
        for name in folder.names(MAX_SENT_CABS * 2)? {
            let modified = folder.entry(&name)?.map_or(0, |entry| entry.modified_unix_ns);
            entries.push((modified, name));
        }
        entries.sort();
        let surplus = entries.len().saturating_sub(MAX_SENT_CABS);
        entries.iter().take(surplus).try_for_each(|(_, name)| folder.remove_file(name))
    }
}

fn check(signature_hash: &str) -> Result<&str, StoreError> {
    let is_hash = signature_hash.len() == 40 && signature_hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hash {
        Ok(signature_hash)
    } else {
        Err(StoreError::BadName(signature_hash.chars().take(64).collect()))
    }
}
