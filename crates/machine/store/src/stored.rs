//! One report as it lies in the store.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use wer_model::{ReportId, ReportState};

use crate::StoreError;
use crate::directory::Directory;
use crate::limits::{MAX_FILES, MAX_READ_BYTES, MAX_REPORT_WER_BYTES};

/// The report's own file.
pub(crate) const REPORT_FILE: &str = "Report.wer";
/// Characters of an id at the end of a folder's name.
const ID_CHARS: usize = 36;

/// A report in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReport {
    /// Its id, from its folder's name.
    pub id: ReportId,
    /// Its state.
    pub state: ReportState,
    /// Its folder.
    pub folder: PathBuf,
    /// When it was stored, nanoseconds since 1970-01-01 UTC.
    pub stored_unix_ns: u64,
}

/// One file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
}

impl StoredReport {
    /// The folder's name.
    #[must_use]
    pub fn folder_name(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// `Report.wer`.
    ///
    /// # Errors
    /// It cannot be read, or is larger than a report can be.
    pub fn report_wer(&self) -> Result<Vec<u8>, StoreError> {
        self.directory()?.read_file(REPORT_FILE, MAX_REPORT_WER_BYTES)
    }

    /// A whole file, by a name that may come from a report: one component, a regular file, no link.
    ///
    /// # Errors
    /// It is not that, or cannot be read, or is larger than what is read at once.
    pub fn read_file(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.directory()?.read_file(name, MAX_READ_BYTES)
    }

    /// A file opened for reading, by the same rules.
    ///
    /// # Errors
    /// It is no regular file, or cannot be opened.
    pub fn open_file(&self, name: &str) -> Result<File, StoreError> {
        self.directory()?.open_file(name)
    }

    /// Its regular files, by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<StoredFile>, StoreError> {
        let folder = self.directory()?;
        let mut names = folder.names(MAX_FILES)?;
        names.sort();
        let mut files = Vec::new();
        for name in names {
            if let Some(entry) = folder.entry(&name)?
                && entry.kind == FileType::RegularFile
            {
                files.push(StoredFile { name, size_bytes: entry.size_bytes });
            }
        }
        Ok(files)
    }

    /// Bytes of its files together.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn size_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.files()?.iter().map(|file| file.size_bytes).sum())
    }

    /// Bytes that its files take on the disk: blocks, without holes.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn size_on_disk_bytes(&self) -> Result<u64, StoreError> {
        let folder = self.directory()?;
        let mut bytes = 0_u64;
        for name in folder.names(MAX_FILES)? {
            let entry = folder.entry(&name)?;
            bytes = bytes.saturating_add(entry.map_or(0, |entry| entry.on_disk_bytes));
        }
        Ok(bytes)
    }

    /// The folder, through the store's root, so that no link between leads elsewhere.
    fn directory(&self) -> Result<Directory, StoreError> {
        let state = self.folder.parent().unwrap_or(Path::new("/"));
        let root = state.parent().unwrap_or(Path::new("/"));
        let state_name = state.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match Directory::open(root)?.child(state_name)?.child(self.folder_name()) {
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::NotFound(self.id.to_string()))
            }
            opened => opened,
        }
    }
}

/// The id at the end of a folder's name.
pub(crate) fn id_of_folder(name: &str) -> Option<ReportId> {
    let start = name.len().checked_sub(ID_CHARS)?;
    let id = name.get(start..)?;
    let parsed: ReportId = id.parse().ok()?;
    (parsed.to_string() == id).then_some(parsed)
}
