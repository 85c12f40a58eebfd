//! A report that is being written: a folder in `Temp` that its writer holds by a lock, so that others can tell a living
//! writer's folder from a leftover.

use std::path::Path;

use rustix::fs::FileType;
use wer_model::{ReportId, ReportState};

use crate::directory::{Directory, FILE_MODE};
use crate::limits::MAX_FILES;
use crate::store::Store;
use crate::stored::{REPORT_FILE, id_of_folder};
use crate::{StoreError, StoredReport};

/// The steps of a commit, in order. Power loss before `Rename` leaves no report; at `Rename` or later, one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    WriteReport,
    FlushFiles,
    FlushFolder,
    Rename,
    FlushParents,
}

/// All steps.
pub(crate) const STEPS: [Step; 5] =
    [Step::WriteReport, Step::FlushFiles, Step::FlushFolder, Step::Rename, Step::FlushParents];

/// A report being written. Dropped uncommitted, it leaves nothing.
#[derive(Debug)]
pub struct Staging {
    store: Store,
    folder: Directory,
    name: String,
    id: ReportId,
    /// Nothing is left to remove.
    done: bool,
}

impl Staging {
    pub(crate) const fn new(store: Store, folder: Directory, name: String, id: ReportId) -> Self {
        Self { store, folder, name, id, done: false }
    }

    /// The folder, to write dumps and files into. Only regular files directly within may be there at the commit.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes one small file.
    ///
    /// # Errors
    /// The name is no single component or is taken, or the file cannot be written.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.folder.new_file(name, bytes).map(drop)
    }

    /// Makes the report visible, whole and on disk: everything is flushed, then one rename puts it into its state.
    /// `folder_name` must end in the report's id.
    ///
    /// # Errors
    /// The name is not that, a file is no regular file, the disk is full, or another process has committed the same id
    /// ([`StoreError::AlreadyStored`]). Then nothing of this report is left, except where only the last flush failed: the
    /// report is there then, and may be gone after power loss.
    pub fn commit(
        mut self,
        folder_name: &str,
        report_wer: &[u8],
        state: ReportState,
    ) -> Result<StoredReport, StoreError> {
        self.check(folder_name, state)?;
        for step in STEPS {
            self.step(step, folder_name, report_wer, state)?;
        }
        self.stored(folder_name, state)
    }

    fn check(&self, folder_name: &str, state: ReportState) -> Result<(), StoreError> {
        let named_after_id = id_of_folder(folder_name) == Some(self.id);
        if !named_after_id || state == ReportState::Temp {
            return Err(StoreError::BadName(folder_name.chars().take(64).collect()));
        }
        crate::directory::check_name(folder_name).map(drop)
    }

    pub(crate) fn step(
        &mut self,
        step: Step,
        folder_name: &str,
        report_wer: &[u8],
        state: ReportState,
    ) -> Result<(), StoreError> {
        match step {
            Step::WriteReport => self.folder.replace_file(REPORT_FILE, report_wer, false),
            Step::FlushFiles => self.flush_files(),
            Step::FlushFolder => self.folder.sync(),
            Step::Rename => self.rename(folder_name, state),
            Step::FlushParents => {
                self.store.folder_of(state).sync()?;
                self.store.temp().sync()
            }
        }
    }

    /// Every file is a regular one with one name, readable by the owner only, and on disk.
    fn flush_files(&self) -> Result<(), StoreError> {
        for name in self.folder.names(MAX_FILES)? {
            let path = || self.folder.join(&name);
            let file = self.folder.open_file(&name)?;
            rustix::fs::fchmod(&file, FILE_MODE).map_err(StoreError::io("set the mode of", path()))?;
            if name != REPORT_FILE {
                file.sync_all().map_err(StoreError::io("flush", path()))?;
            }
        }
        Ok(())
    }

    fn rename(&mut self, folder_name: &str, state: ReportState) -> Result<(), StoreError> {
        let _lock = self.store.lock()?;
        if self.store.contains(self.id)? {
            return Err(StoreError::AlreadyStored(self.id));
        }
        self.store.temp().move_to(&self.name, self.store.folder_of(state), folder_name)?;
        self.done = true;
        Ok(())
    }

    fn stored(&self, folder_name: &str, state: ReportState) -> Result<StoredReport, StoreError> {
        let entry = self.folder.entry(REPORT_FILE)?.filter(|entry| entry.kind == FileType::RegularFile);
        let entry = entry.ok_or_else(|| StoreError::NotFound(self.id.to_string()))?;
        Ok(StoredReport {
            id: self.id,
            state,
            folder: self.store.folder_of(state).join(folder_name),
            stored_unix_ns: entry.modified_unix_ns,
        })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.done
            && let Err(error) = self.store.temp().remove_tree(&self.name)
        {
            tracing::warn!(%error, "an unfinished report was left in Temp; a later one removes it");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const ID: ReportId = ReportId([7; 16]);

    fn name() -> String {
        format!("AppCrash_test_{ID}")
    }

    /// Stops a commit before a step as power loss would: without cleaning up and without the writer's lock.
    fn lose_power_before(store: &Store, stop: Step) {
        let mut staging = store.begin(ID).expect("a folder");
        staging.write_file("minidump.mdmp", b"dump").expect("a file");
        for step in STEPS.into_iter().take_while(|step| *step < stop) {
            staging.step(step, &name(), b"report", ReportState::Queued).expect("a step");
        }
        staging.done = true;
    }

    #[test]
    fn power_loss_at_any_step_leaves_none_or_one() {
        for stop in STEPS {
            let root = tempfile::tempdir().expect("a folder");
            let store = Store::open(root.path()).expect("a store");
            lose_power_before(&store, stop);
            let found = store.list(ReportState::Queued).expect("a list");
            assert_eq!(found.len(), usize::from(stop > Step::Rename), "before {stop:?}");
            for report in &found {
                assert_eq!(report.report_wer().expect("a report"), b"report");
                assert_eq!(report.read_file("minidump.mdmp").expect("a dump"), b"dump");
            }
            // The report can be written again under its id, or is there.
            let again = store.begin(ID).expect("a folder").commit(&name(), b"again", ReportState::Queued);
            assert_eq!(again.is_ok(), found.is_empty(), "before {stop:?}");
            assert_eq!(store.list(ReportState::Queued).expect("a list").len(), 1);
            // What was left is swept once it is old enough and nobody holds it. A child that another test starts has this
            // process's locks until it runs its own program.
            let give_up = Instant::now() + Duration::from_secs(20);
            while !store.temp().names(10).expect("names").is_empty() && Instant::now() < give_up {
                store.sweep_older_than(Duration::ZERO);
                std::thread::yield_now();
            }
            assert_eq!(store.temp().names(10).expect("names"), Vec::<String>::new(), "before {stop:?}");
        }
    }

    #[test]
    fn a_living_writers_folder_is_not_swept() {
        let root = tempfile::tempdir().expect("a folder");
        let store = Store::open(root.path()).expect("a store");
        let staging = store.begin(ID).expect("a folder");
        store.sweep_older_than(Duration::ZERO);
        assert!(staging.folder().is_dir());
        drop(staging);
        assert_eq!(store.temp().names(10).expect("names"), Vec::<String>::new());
    }
}
