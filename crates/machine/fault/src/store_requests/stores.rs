//! The stores that a program can ask about, by `REPORT_STORE_TYPES`, and their errors as HRESULTs.

use std::io::ErrorKind;

use wer_abi::Hresult;
use wer_abi::store_requests::StoreType;
use wer_model::ReportState;
use wer_store::{Store, StoreError, StoredReport};

use super::Answer;
use crate::{Context, SubmitError};

/// Where a program's requests lead.
#[derive(Debug)]
pub struct Stores {
    /// Settings and store of the user whose program asks.
    pub user: Context,
    /// Those of the machine.
    pub machine: Context,
}

/// One state of one store.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    /// Whose store it is.
    pub(super) context: &'a Context,
    state: ReportState,
}

impl Stores {
    /// What a type names.
    pub(super) const fn of(&self, store: StoreType) -> Chosen<'_> {
        match store {
            StoreType::UserArchive => Chosen { context: &self.user, state: ReportState::Archived },
            StoreType::UserQueue => Chosen { context: &self.user, state: ReportState::Queued },
            StoreType::MachineArchive => Chosen { context: &self.machine, state: ReportState::Archived },
            StoreType::MachineQueue => Chosen { context: &self.machine, state: ReportState::Queued },
        }
    }
}

impl Chosen<'_> {
    /// The store, or `None` where there is none yet: a question makes no folders.
    pub(super) fn open(&self) -> Result<Option<Store>, Hresult> {
        let root = &self.context.locations.store_root;
        match root.symlink_metadata() {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(answer_of_io(error.kind())),
            Ok(_) => Store::open(root).map(Some).map_err(|error| answer_of(&error)),
        }
    }

    pub(super) fn keys(&self) -> Answer {
        let Some(store) = self.open()? else { return Ok(Vec::new()) };
        let reports = store.list(self.state).map_err(|error| answer_of(&error))?;
        let mut units = Vec::new();
        for report in reports {
            // A folder whose path is not Unicode has no key that a program could give back.
            let Some(path) = report.folder.to_str() else { return Err(Hresult::E_FAIL) };
            units.extend(path.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        }
        Ok(units)
    }

    /// The report of a key: a folder's path as [`Chosen::keys`] gives it, or its name.
    pub(super) fn report(&self, key: &str) -> Result<StoredReport, Hresult> {
        let key = key.replace('\\', "/");
        let Some(store) = self.open()? else { return Err(Hresult::WER_E_NOT_FOUND) };
        let (folder, name) =
            key.rsplit_once('/').map_or((None, key.as_str()), |(folder, name)| (Some(folder), name));
        let report = store.by_key(self.state, name).map_err(|error| answer_of(&error))?;
        let is_here = folder.is_none_or(|folder| report.folder.parent() == Some(folder.as_ref()));
        if is_here { Ok(report) } else { Err(Hresult::WER_E_NOT_FOUND) }
    }

    pub(super) fn count(&self) -> Answer {
        let Some(store) = self.open()? else { return Ok(0_u32.to_le_bytes().to_vec()) };
        let count = store.count(self.state).map_err(|error| answer_of(&error))?;
        Ok((count as u32).to_le_bytes().to_vec())
    }

    pub(super) fn size(&self) -> Answer {
        let Some(store) = self.open()? else { return Ok(0_u64.to_le_bytes().to_vec()) };
        let bytes = store.size_on_disk_bytes(self.state).map_err(|error| answer_of(&error))?;
        Ok(bytes.to_le_bytes().to_vec())
    }
}

/// A store's error for a program; the log has the sentence.
pub(super) fn answer_of(error: &StoreError) -> Hresult {
    tracing::warn!(%error, "the store refused");
    match error {
        StoreError::NotFound(_) | StoreError::Ambiguous { .. } => Hresult::WER_E_NOT_FOUND,
        StoreError::BadName(_) => Hresult::E_INVALIDARG,
        StoreError::Untrusted { .. } => Hresult::E_ACCESSDENIED,
        StoreError::Busy { .. } => Hresult::BUSY,
        StoreError::Io { source, .. } => answer_of_io(source.kind()),
        _ => Hresult::E_FAIL,
    }
}

/// The same for a report that was to be submitted.
pub(super) fn answer_of_submit(error: &SubmitError) -> Hresult {
    match error {
        SubmitError::Store(error) => answer_of(error),
        SubmitError::Unreadable { .. } => Hresult::INVALID_DATA,
        SubmitError::Unknown { .. } => Hresult::WER_E_NOT_FOUND,
    }
}

const fn answer_of_io(kind: ErrorKind) -> Hresult {
    match kind {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Hresult::E_ACCESSDENIED,
        ErrorKind::NotFound => Hresult::WER_E_NOT_FOUND,
        ErrorKind::OutOfMemory => Hresult::E_OUTOFMEMORY,
        _ => Hresult::E_FAIL,
    }
}
