//! The files that a debugger's command line may name: the stored dump, and a core made of it for a debugger that knows no
//! minidumps.
//!
//! The machine's store is root's, so a debugger of another user gets a copy. Copies and cores are made by the crashed user's
//! rights, new and for that user alone, in the machine's folder for temporary files. The debugger may be used for days, so
//! they are that user's to remove.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use wer_dump::{DumpFile, UnpackLimits};
use wer_model::FileKind;
use wer_sys::Credentials;

use super::command_line::{CommandLine, Values};
use crate::Reported;
use crate::limits::FILE_OPEN_DEADLINE;

/// Paths; empty where the command line has no use for them.
pub(super) struct Files {
    dump: String,
    core: String,
}

impl Files {
    pub(super) fn of(line: &CommandLine, reported: &Reported, user: &Credentials) -> Result<Self, String> {
        let mut files = Self { dump: String::new(), core: String::new() };
        if !line.wants_file() {
            return Ok(files);
        }
        let stored = stored_dump(reported).ok_or("the report holds no dump")?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let temporary = |kind: &str| std::env::temp_dir().join(format!("wer-{}.{kind}", reported.id));
        if line.wants_core() {
            let core = temporary("core");
            make(&core, user, |new| write_core(&stored, new))?;
            files.core = text(core);
        }
        if line.wants_dump() && geteuid().as_raw() != user.uid {
            let copy = temporary("dmp");
            make(&copy, user, |new| {
                let mut from = File::open(&stored).map_err(|error| of_path(&stored, &error))?;
                io::copy(&mut from, &mut &*new).map(drop).map_err(|error| of_path(&copy, &error))
            })?;
            files.dump = text(copy);
        } else if line.wants_dump() {
            files.dump = text(stored);
        }
        Ok(files)
    }

    pub(super) fn values(&self, pid: u32, event: usize) -> Values<'_> {
        Values { pid, event, dump: &self.dump, core: &self.core }
    }
}

/// The heap dump where one is kept, else the mini dump.
fn stored_dump(reported: &Reported) -> Option<PathBuf> {
    let files = &reported.report.files;
    let named =
        |kind| files.iter().find(|file| file.kind == kind).map(|file| reported.folder.join(&file.name));
    named(FileKind::Heapdump).or_else(|| named(FileKind::Minidump))
}

fn of_path(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// A new file of the user's, filled. What could not be filled is left empty.
fn make(
    path: &Path,
    user: &Credentials,
    fill: impl FnOnce(&File) -> Result<(), String>,
) -> Result<(), String> {
    let open = || File::options().read(true).write(true).create_new(true).mode(0o600).open(path);
    let new = if geteuid().as_raw() == user.uid {
        open().map_err(|error| of_path(path, &error))?
    } else {
        wer_sys::file_as_user(user, FILE_OPEN_DEADLINE, open).map_err(|error| of_path(path, &error))?
    };
    fill(&new).inspect_err(|_| {
        // Part of a dump is of no use.
        let _ = new.set_len(0);
    })
}

fn write_core(dump: &Path, new: &File) -> Result<(), String> {
    let file = File::open(dump).map_err(|error| of_path(dump, &error))?;
    let read = DumpFile::of(&file, dump, &UnpackLimits::default()).map_err(|error| error.to_string())?;
    let plan = wer_elf_core::plan(read.bytes()).map_err(|error| error.to_string())?;
    let written = plan.write(&read.bytes(), new, &mut |_, _| ControlFlow::Continue(()));
    written.map_err(|error| error.to_string())
}
