//! Reports by key, as `WerStoreGetFirstReportKey` and its family see a store. A report's key is its folder's name.

use wer_model::ReportState;

use crate::store::{Store, VISIBLE};
use crate::{StoreError, StoredReport};

impl Store {
    /// The keys of the reports in one state, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn keys(&self, state: ReportState) -> Result<Vec<String>, StoreError> {
        Ok(self.list(state)?.iter().map(|report| report.folder_name().to_owned()).collect())
    }

    /// The report of a key in one state.
    ///
    /// # Errors
    /// [`StoreError::BadName`] for what can be no key, [`StoreError::NotFound`] where no report has it (any more).
    pub fn by_key(&self, state: ReportState, key: &str) -> Result<StoredReport, StoreError> {
        crate::directory::check_name(key)?;
        let report =
            if state == ReportState::Temp { None } else { self.look(state, self.folder_of(state), key) };
        report.ok_or_else(|| StoreError::NotFound(key.chars().take(64).collect()))
    }

    /// How many reports are in one state.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn count(&self, state: ReportState) -> Result<usize, StoreError> {
        Ok(self.list(state)?.len())
    }

    /// Bytes that the reports in one state take on the disk: blocks, so the holes of a dump do not count. Reports that
    /// are moved or deleted meanwhile may count or not.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn size_on_disk_bytes(&self, state: ReportState) -> Result<u64, StoreError> {
        let mut bytes = 0_u64;
        for report in self.list(state)? {
            match report.size_on_disk_bytes() {
                Ok(size) => bytes = bytes.saturating_add(size),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    /// Deletes every report in the queue and in the archive. Returns how many went. One that cannot be deleted does not
    /// keep the others.
    ///
    /// # Errors
    /// A folder cannot be read, or the first report that could not be deleted; the others are gone.
    pub fn purge(&self) -> Result<usize, StoreError> {
        let (mut gone, mut failed) = (0, None);
        for state in VISIBLE {
            for report in self.list(state)? {
                match self.delete(&report) {
                    Ok(()) => gone += 1,
                    // Another process was quicker.
                    Err(StoreError::NotFound(_)) => {}
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        failed.map_or(Ok(gone), Err)
    }
}
