//! The dumps of a report between copying and writing: while their process stands, memory is copied; when it runs again,
//! files are written. A file that did not become a dump goes.

use std::fs::File;
use std::path::Path;

use wer_minidump::{CopiedDump, DumpError};
use wer_model::{AttachedFile, FileKind, SoftError, Stage};
use wer_snapshot::ProcessSnapshot;

/// What came of it.
#[derive(Debug, Default)]
pub(in crate::request) struct Made {
    pub(in crate::request) files: Vec<AttachedFile>,
    pub(in crate::request) soft_errors: Vec<SoftError>,
}

/// A dump's file in the report.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) kind: FileKind,
    /// `file_marks`.
    pub(super) marks: u32,
}

/// One dump whose memory has been copied.
struct Copied {
    place: Place,
    file: File,
    dump: CopiedDump,
    snapshot: ProcessSnapshot,
}

/// The dumps of a report.
pub(super) struct Folder<'a> {
    path: &'a Path,
    copied: Vec<Copied>,
    made: Made,
}

impl<'a> Folder<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path, copied: Vec::new(), made: Made::default() }
    }

    pub(super) fn made(self) -> Made {
        self.made
    }

    pub(super) fn note(&mut self, pid: u32, message: &str) {
        self.made.soft_errors.push(SoftError::new(Stage::Dump, format!("Process {pid}: {message}")));
    }

    /// The name, or one with a number where the report has it.
    pub(super) fn free_name(&self, name: &str) -> String {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let numbered = (2_u32..).map(|number| format!("{stem}_{number}.{extension}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !self.path.join(name).exists()).unwrap_or_default()
    }

    /// Makes a file and has the memory copied.
    pub(super) fn take(
        &mut self,
        pid: u32,
        place: Place,
        snapshot: ProcessSnapshot,
        copy: impl FnOnce(&File) -> Result<CopiedDump, DumpError>,
    ) {
        let path = self.path.join(&place.name);
        let made = File::create_new(&path).map_err(|error| format!("it cannot be made: {error}"));
        let made = made.and_then(|file| match copy(&file) {
            Ok(dump) => Ok((file, dump)),
            Err(error) => Err(format!("the process could not be copied: {error}")),
        });
        match made {
            Ok((file, dump)) => self.copied.push(Copied { place, file, dump, snapshot }),
            Err(reason) => self.give_up(pid, &place.name, &reason),
        }
    }

    /// Writes what was copied of a process.
    pub(super) fn write(&mut self, pid: u32) {
        for Copied { place, file, dump, snapshot } in std::mem::take(&mut self.copied) {
            match dump.write(&snapshot, &file) {
                Ok(summary) => {
                    for error in summary.soft_errors {
                        self.note(pid, &error.message);
                    }
                    let Place { name, kind, marks: flags } = place;
                    self.made.files.push(AttachedFile { name, kind, flags, original_path: None });
                }
                Err(error) => self.give_up(pid, &place.name, &format!("it could not be written: {error}")),
            }
        }
    }

    fn give_up(&mut self, pid: u32, name: &str, reason: &str) {
        self.note(pid, &format!("{name} is missing: {}.", reason.trim_end_matches('.')));
        if let Err(error) = std::fs::remove_file(self.path.join(name))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            self.note(pid, &format!("The unfinished {name} could not be removed: {error}."));
        }
    }
}
