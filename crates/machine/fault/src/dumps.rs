//! The dumps of one report. A dead process cannot be asked later, so this is decided while it is held: the mini dump
//! always, the registered blocks as `registered.dmp`, a heap dump where the settings ask for one.
//!
//! Every dump is planned and copied before the process is let go; what was copied is written afterwards.

use std::fs::File;
use std::path::Path;

use wer_abi::flags::{DumpType, WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE, WER_FAULT_REPORTING_FLAG_NOHEAP};
use wer_minidump::{CopiedDump, DumpError, DumpOptions};
use wer_model::{AttachedFile, FileKind, ReportId, SoftError, Stage, file_marks};
use wer_snapshot::{MemoryReader, ProcessSnapshot};

/// The mini dump's name in a report.
pub(crate) const MINIDUMP: &str = "minidump.mdmp";
/// The registered blocks' name in a report.
pub(crate) const REGISTERED_DUMP: &str = "registered.dmp";
/// The heap dump's name in a report.
pub(crate) const HEAP_DUMP: &str = "memory.hdmp";

/// One dump whose memory has been copied.
struct Copied {
    name: &'static str,
    kind: FileKind,
    file: File,
    dump: CopiedDump,
}

/// The dumps of one report, between copying and writing.
pub(crate) struct PendingDumps {
    copied: Vec<Copied>,
    soft_errors: Vec<SoftError>,
    /// The heap dump goes where the report waits in the queue.
    no_heap_on_queue: bool,
}

/// What the settings ask for beside the mini dump.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// A heap dump is kept on this machine.
    pub(crate) heap: bool,
    /// What dumps carry as a comment.
    pub(crate) comment: Option<String>,
}

/// Plans and copies every dump of a report into `folder`. Afterwards nothing reads the process.
pub(crate) fn copy(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    folder: &Path,
    id: ReportId,
    wishes: Wishes,
) -> PendingDumps {
    let flags = snapshot.registrations.flags;
    let no_heap_on_queue = flags & WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE != 0;
    let mut pending = PendingDumps { copied: Vec::new(), soft_errors: Vec::new(), no_heap_on_queue };
    let options = |dump_type| DumpOptions {
        report_id: Some(id),
        comment: wishes.comment.clone(),
        ..DumpOptions::for_type(dump_type)
    };
    let mini = options(DumpType::Mini);
    pending.take(folder, MINIDUMP, FileKind::Minidump, |file| {
        wer_minidump::plan(snapshot, memory, &mini).copy(memory, file)
    });
    if snapshot.registrations.memory_blocks().next().is_some() {
        pending.take(folder, REGISTERED_DUMP, FileKind::AuxiliaryDump, |file| {
            wer_minidump::plan_registered(snapshot, memory, &mini).copy(memory, file)
        });
    }
    if wishes.heap && flags & WER_FAULT_REPORTING_FLAG_NOHEAP == 0 {
        let heap = options(DumpType::Heap);
        pending.take(folder, HEAP_DUMP, FileKind::Heapdump, |file| {
            wer_minidump::plan(snapshot, memory, &heap).copy(memory, file)
        });
    }
    pending
}

impl PendingDumps {
    fn take(
        &mut self,
        folder: &Path,
        name: &'static str,
        kind: FileKind,
        copy: impl FnOnce(&File) -> Result<CopiedDump, DumpError>,
    ) {
        let path = folder.join(name);
        let made = File::create_new(&path)
            .map_err(|error| format!("{} cannot be made: {error}", path.display()))
            .and_then(|file| match copy(&file) {
                Ok(dump) => Ok(Copied { name, kind, file, dump }),
                Err(error) => Err(format!("{name} could not be copied from the process: {error}")),
            });
        match made {
            Ok(copied) => self.copied.push(copied),
            Err(message) => self.give_up(&path, message),
        }
    }

    /// Writes what was copied. Returns the files that are whole.
    pub(crate) fn write(
        mut self,
        snapshot: &ProcessSnapshot,
        folder: &Path,
    ) -> (Vec<AttachedFile>, Vec<SoftError>) {
        let mut files = Vec::new();
        for Copied { name, kind, file, dump } in std::mem::take(&mut self.copied) {
            match dump.write(snapshot, &file) {
                Ok(summary) => {
                    self.soft_errors.extend(summary.soft_errors);
                    let is_dropped = kind == FileKind::Heapdump && self.no_heap_on_queue;
                    let flags = if is_dropped { file_marks::DROP_WHEN_QUEUED } else { 0 };
                    files.push(AttachedFile { name: name.to_owned(), kind, flags, original_path: None });
                }
                Err(error) => {
                    self.give_up(&folder.join(name), format!("{name} could not be written: {error}"))
                }
            }
        }
        (files, self.soft_errors)
    }

    /// Nothing that looks like a whole dump stays behind.
    fn give_up(&mut self, path: &Path, message: String) {
        self.soft_errors.push(SoftError::new(Stage::Dump, message));
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                self.soft_errors.push(SoftError::new(
                    Stage::Dump,
                    format!("The unfinished {} could not be removed: {error}.", path.display()),
                ))
            }
            _ => {}
        }
    }
}
