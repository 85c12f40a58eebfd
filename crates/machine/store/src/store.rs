//! The store's root and the steps of a report's life.

use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use wer_model::{ReportId, ReportState};

use crate::directory::{self, Directory};
use crate::limits::{MAX_FOLDERS, MAX_STAGINGS};
use crate::lock::{self, Lock};
use crate::stored::{REPORT_FILE, id_of_folder};
use crate::{Staging, StoreError, StoredReport};

/// Folder of reports that are being written.
pub(crate) const TEMP: &str = "Temp";

/// The folder of a state.
pub(crate) const fn state_folder(state: ReportState) -> &'static str {
    match state {
        ReportState::Temp => TEMP,
        ReportState::Queued => "ReportQueue",
        ReportState::Archived => "ReportArchive",
    }
}

/// The states that readers see, in the order in which a report passes through them.
pub(crate) const VISIBLE: [ReportState; 2] = [ReportState::Queued, ReportState::Archived];

/// How the archive is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivePolicy {
    /// Archived reports keep their dumps and files, not only `Report.wer`.
    pub keep_files: bool,
    /// Reports in the archive; the oldest go first.
    pub max_count: usize,
}

/// A store on disk. Any number of processes may use one at the same time.
#[derive(Debug)]
pub struct Store {
    root: Directory,
    queue: Directory,
    archive: Directory,
    temp: Directory,
}

impl Store {
    /// Opens the store at `root` (an absolute path) and makes what is missing of it, for the owner only.
    ///
    /// # Errors
    /// The folder cannot be made, belongs to another user, or can be written by others.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        if !directory::is_usable_root(root) {
            return Err(StoreError::Untrusted {
                path: root.to_path_buf(),
                reason: "it is not an absolute path".into(),
            });
        }
        directory::make_all(root)?;
        let root = Directory::open(root)?;
        check_owner(&root)?;
        Ok(Self {
            queue: root.child_or_new(state_folder(ReportState::Queued))?,
            archive: root.child_or_new(state_folder(ReportState::Archived))?,
            temp: root.child_or_new(TEMP)?,
            root,
        })
    }

    /// The store's root.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) const fn root_directory(&self) -> &Directory {
        &self.root
    }

    pub(crate) const fn temp(&self) -> &Directory {
        &self.temp
    }

    pub(crate) const fn folder_of(&self, state: ReportState) -> &Directory {
        match state {
            ReportState::Temp => &self.temp,
            ReportState::Queued => &self.queue,
            ReportState::Archived => &self.archive,
        }
    }

    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        Lock::take(&self.root)
    }

    /// Begins a report: an empty folder that readers do not see. Two processes may begin the same id; one commits.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn begin(&self, id: ReportId) -> Result<Staging, StoreError> {
        self.sweep_leftovers();
        for number in 0..MAX_STAGINGS {
            let name = format!("{id}.{number}");
            let Some(folder) = self.temp.new_child(&name)? else { continue };
            let locked = lock::try_lock(folder.as_fd()).map_err(StoreError::io("lock", folder.path()))?;
            if locked {
                return Ok(Staging::new(self.reopen()?, folder, name, id));
            }
        }
        Err(StoreError::Busy { path: self.temp.path().to_path_buf() })
    }

    /// The same store with descriptors of its own.
    fn reopen(&self) -> Result<Self, StoreError> {
        let root = Directory::open(self.root.path())?;
        Ok(Self {
            queue: root.child(state_folder(ReportState::Queued))?,
            archive: root.child(state_folder(ReportState::Archived))?,
            temp: root.child(TEMP)?,
            root,
        })
    }

    /// The reports in one state, oldest first. A report that another process moves meanwhile may be missing.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self, state: ReportState) -> Result<Vec<StoredReport>, StoreError> {
        let folder = self.folder_of(state);
        let mut reports = Vec::new();
        for name in folder.names(MAX_FOLDERS)? {
            if state != ReportState::Temp
                && let Some(report) = self.look(state, folder, &name)
            {
                reports.push(report);
            }
        }
        reports.sort_by_key(|report| (report.stored_unix_ns, report.id));
        Ok(reports)
    }

    /// The report in a folder: named after an id, with a `Report.wer` that is a regular file.
    pub(crate) fn look(&self, state: ReportState, folder: &Directory, name: &str) -> Option<StoredReport> {
        let id = id_of_folder(name)?;
        let entry = folder.child(name).ok()?.entry(REPORT_FILE).ok()??;
        (entry.kind == FileType::RegularFile).then(|| StoredReport {
            id,
            state,
            folder: folder.join(name),
            stored_unix_ns: entry.modified_unix_ns,
        })
    }

    /// The report of this id, in whatever state readers see.
    ///
    /// # Errors
    /// The folders cannot be read.
    pub fn get(&self, id: ReportId) -> Result<Option<StoredReport>, StoreError> {
        let suffix = id.to_string();
        for state in VISIBLE {
            let folder = self.folder_of(state);
            for name in folder.names(MAX_FOLDERS)? {
                if name.ends_with(&suffix)
                    && let Some(report) = self.look(state, folder, &name)
                {
                    return Ok(Some(report));
                }
            }
        }
        Ok(None)
    }

    /// Whether a finished report of this id is stored.
    ///
    /// # Errors
    /// The folders cannot be read.
    pub fn contains(&self, id: ReportId) -> Result<bool, StoreError> {
        Ok(self.get(id)?.is_some())
    }

    /// The one report whose id begins with these hex digits (hyphens do not matter), or whose folder has this name.
    ///
    /// # Errors
    /// There is none or more than one.
    pub fn find(&self, beginning: &str) -> Result<StoredReport, StoreError> {
        let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
        let prefix = plain(beginning);
        let shown = || beginning.chars().take(64).collect::<String>();
        let mut found = Vec::new();
        for state in VISIBLE {
            found.extend(self.list(state)?.into_iter().filter(|report| {
                let by_id = !prefix.is_empty() && plain(&report.id.to_string()).starts_with(&prefix);
                by_id || report.folder_name() == beginning
            }));
        }
        match (found.pop(), found.len()) {
            (Some(report), 0) => Ok(report),
            (Some(_), others) => Err(StoreError::Ambiguous { prefix: shown(), count: others + 1 }),
            (None, _) => Err(StoreError::NotFound(shown())),
        }
    }

    /// Writes a new `Report.wer` in place of the old one. The report keeps its age.
    ///
    /// # Errors
    /// The report is not where it was, or the file cannot be written; then the old one stays.
    pub fn update(&self, report: &StoredReport, report_wer: &[u8]) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.open_folder(report)?.replace_file(REPORT_FILE, report_wer, true)
    }

    /// Moves a report into the archive; one that is there stays. What the policy drops is removed afterwards.
    ///
    /// # Errors
    /// The report is not where it was, or cannot be moved; then it stays.
    pub fn archive(&self, report: &StoredReport, policy: ArchivePolicy) -> Result<StoredReport, StoreError> {
        let archived = self.move_to_archive(report)?;
        if !policy.keep_files {
            self.drop_files(&archived)?;
        }
        self.enforce_quota(ReportState::Archived, policy.max_count)?;
        Ok(archived)
    }

    fn move_to_archive(&self, report: &StoredReport) -> Result<StoredReport, StoreError> {
        let _lock = self.lock()?;
        let name = report.folder_name();
        self.open_folder(report)?;
        if report.state == ReportState::Queued {
            self.queue.move_to(name, &self.archive, name)?;
            self.archive.sync()?;
            self.queue.sync()?;
        }
        Ok(StoredReport { state: ReportState::Archived, folder: self.archive.join(name), ..report.clone() })
    }

    /// Leaves only `Report.wer`.
    fn drop_files(&self, report: &StoredReport) -> Result<(), StoreError> {
        let folder = self.open_folder(report)?;
        for name in folder.names(crate::limits::MAX_FILES)? {
            if name != REPORT_FILE {
                folder.remove_tree(&name)?;
            }
        }
        folder.sync()
    }

    /// Removes one of a report's files; `Report.wer` stays.
    ///
    /// # Errors
    /// The report is not where it was, the name is none of a file beside `Report.wer`, or it cannot be removed.
    pub fn remove_file(&self, report: &StoredReport, name: &str) -> Result<(), StoreError> {
        if name == REPORT_FILE {
            return Err(StoreError::BadName(name.into()));
        }
        let _lock = self.lock()?;
        let folder = self.open_folder(report)?;
        folder.remove_file(name)?;
        folder.sync()
    }

    /// Removes a report: it disappears with one rename, then its files go.
    ///
    /// # Errors
    /// The report is not where it was, or cannot be removed.
    pub fn delete(&self, report: &StoredReport) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let name = report.folder_name();
        self.open_folder(report)?;
        let doomed = format!("{}.deleted", report.id);
        self.temp.remove_tree(&doomed)?;
        let folder = self.folder_of(report.state);
        folder.move_to(name, &self.temp, &doomed)?;
        folder.sync()?;
        self.temp.remove_tree(&doomed)
    }

    /// Deletes the oldest reports of a state until `max_count` are left. Returns the ids of those that went.
    ///
    /// # Errors
    /// The folder cannot be read, or a report cannot be deleted.
    pub fn enforce_quota(&self, state: ReportState, max_count: usize) -> Result<Vec<ReportId>, StoreError> {
        let reports = self.list(state)?;
        let surplus = reports.len().saturating_sub(max_count);
        let mut gone = Vec::new();
        for report in reports.iter().take(surplus) {
            match self.delete(report) {
                Ok(()) => gone.push(report.id),
                // Another process was quicker.
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(gone)
    }

    fn open_folder(&self, report: &StoredReport) -> Result<Directory, StoreError> {
        let folder = self.folder_of(report.state);
        match folder.entry(report.folder_name())? {
            Some(entry) if entry.kind == FileType::Directory => folder.child(report.folder_name()),
            _ => Err(StoreError::NotFound(report.id.to_string())),
        }
    }
}

/// The store must be ours alone: what others can write to is not believed, and nothing is written where they can look.
fn check_owner(root: &Directory) -> Result<(), StoreError> {
    /// Group and others may not write.
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let (owner, mode) = root.stat()?;
    let own = rustix::process::geteuid().as_raw();
    let untrusted = |reason| Err(StoreError::Untrusted { path: PathBuf::from(root.path()), reason });
    if owner != own {
        return untrusted(format!("it belongs to user {owner}, and this runs as user {own}"));
    }
    if mode & WRITABLE_BY_OTHERS != 0 {
        return untrusted(format!(
            "others may write to it (mode {:o}); take that away with `chmod go-w`",
            mode & 0o7777
        ));
    }
    Ok(())
}
