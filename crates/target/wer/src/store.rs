//! The store of reports (`WerStore...`), and the programs that are not reported.

mod metadata;

use crate::os::store as os;
use crate::report::SubmitResult;
use crate::{Hresult, Result};

pub use metadata::ReportMetadata;

/// `REPORT_STORE_TYPES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum StoreKind {
    /// This user's reports that need no more.
    UserArchive = 0,
    /// This user's reports that wait.
    UserQueue = 1,
    /// The machine's reports that need no more.
    MachineArchive = 2,
    /// The machine's reports that wait.
    MachineQueue = 3,
}

/// An open store. Every call asks a `werfault` of its own on Linux.
#[derive(Debug)]
pub struct Store(os::Store);

impl Store {
    /// Opens a store; one that does not exist is empty.
    ///
    /// # Errors
    /// `E_ACCESSDENIED` for the machine's where that is closed to the user; `E_OUTOFMEMORY`; on Linux those of a `werfault`
    /// that is missing or does not answer, which every function here has.
    pub fn open(kind: StoreKind) -> Result<Self> {
        Ok(Self(os::Store::open(kind as u32)?))
    }

    /// The keys of its reports, the oldest first, as they are now. On Linux a key is the path of the report's folder.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn keys(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut next = self.0.first_key();
        loop {
            match next {
                Ok(key) => keys.push(key),
                Err(Hresult::NO_MORE_FILES) => return Ok(keys),
                Err(error) => return Err(error.into()),
            }
            next = self.0.next_key();
        }
    }

    /// What every report says. One that went meanwhile is an error in its place.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub fn reports(&self) -> Result<impl Iterator<Item = Result<ReportMetadata>> + '_> {
        Ok(self.keys()?.into_iter().map(|key| self.metadata(&key)))
    }

    /// What one report says.
    ///
    /// # Errors
    /// `E_INVALIDARG` for what can be no key; `WER_E_NOT_FOUND` where there is no such report (any more);
    /// `HRESULT_FROM_WIN32(ERROR_INVALID_DATA)` where it cannot be read.
    pub fn metadata(&self, key: &str) -> Result<ReportMetadata> {
        let (structure, file_names) = self.0.metadata(key)?;
        Ok(ReportMetadata::read(key, &structure, &file_names).ok_or(Hresult::INVALID_DATA)?)
    }

    /// Submits a report as far as consent allows, with [`crate::flags`]`::WER_SUBMIT_...`; waits for it.
    ///
    /// # Errors
    /// As [`Self::metadata`]; `E_INVALIDARG` for an unknown flag.
    pub fn upload(&self, key: &str, flags: u32) -> Result<SubmitResult> {
        let result = self.0.upload(key, flags)?;
        Ok(SubmitResult::from_number(result).ok_or(Hresult::INVALID_DATA)?)
    }

    /// How many reports it has.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn count(&self) -> Result<u32> {
        Ok(self.0.count()?)
    }

    /// Bytes that its reports take on the disk.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn size_on_disk_bytes(&self) -> Result<u64> {
        Ok(self.0.size_on_disk_bytes()?)
    }
}

/// Deletes every report of this user, waiting or archived (`WerStorePurge`).
///
/// # Errors
/// Some could not be deleted; as [`Store::open`].
pub fn purge_reports() -> Result<()> {
    Ok(os::purge()?)
}

/// No more reports of programs with this file name (`WerAddExcludedApplication`), for this user or for all.
///
/// # Errors
/// `E_INVALIDARG` for an empty name and one that ends in a separator; `E_ACCESSDENIED`; as [`Store::open`].
pub fn add_excluded_application(program: &str, for_all_users: bool) -> Result<()> {
    Ok(os::add_excluded_application(program, for_all_users)?)
}

/// Takes back [`add_excluded_application`].
///
/// # Errors
/// Also when that list does not have it.
pub fn remove_excluded_application(program: &str, for_all_users: bool) -> Result<()> {
    Ok(os::remove_excluded_application(program, for_all_users)?)
}
