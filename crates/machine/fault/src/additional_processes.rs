//! `WerRegisterAdditionalProcess`: a triage dump of each process that the crashed one registered, as it is at this moment.
//!
//! The crashed process names a number; whatever has it now is looked at only if the crashed user may trace it, through a
//! pidfd, for no longer than a deadline of its own. It is stopped meanwhile and goes on.

use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use wer_abi::flags::DumpType;
use wer_abi::limits::WER_MAX_REGISTERED_DUMPCOLLECTION;
use wer_capture::Capture;
use wer_minidump::DumpOptions;
use wer_model::{AttachedFile, FileKind, ReportId, SoftError, Stage};
use wer_snapshot::{MemoryReader, Registrations};
use wer_sys::{Credentials, Process};

use crate::limits::ADDITIONAL_PROCESS_DEADLINE;
use crate::privilege;

/// Writes the dumps into `folder`.
pub(crate) fn copy(
    capture: &Capture,
    user: &Credentials,
    folder: &Path,
    id: ReportId,
    progress: &mut dyn FnMut(),
) -> (Vec<AttachedFile>, Vec<SoftError>) {
    let (mut files, mut soft_errors) = (Vec::new(), Vec::new());
    for (number, (pid, tid)) in wanted(&capture.snapshot.registrations).into_iter().enumerate() {
        progress();
        let name = format!("process{number:03}_{pid}.dmp");
        match copy_one(capture, user, (pid, tid), &folder.join(&name), id) {
            Ok(missing) => {
                files.push(AttachedFile { name, kind: FileKind::Triagedump, flags: 0, original_path: None });
                let of_process = |error: SoftError| format!("Process {pid}: {}", error.message);
                soft_errors
                    .extend(missing.into_iter().map(|error| SoftError::new(Stage::Dump, of_process(error))));
            }
            Err(reason) => {
                let message = format!("There is no dump of the registered process {pid}: {reason}.");
                soft_errors.push(SoftError::new(Stage::Dump, message));
            }
        }
    }
    (files, soft_errors)
}

/// What was registered, each process once and no more than can be.
fn wanted(registrations: &Registrations) -> Vec<(u32, u32)> {
    let mut wanted: Vec<(u32, u32)> = Vec::new();
    for (pid, tid) in registrations.additional_processes() {
        if wanted.len() < WER_MAX_REGISTERED_DUMPCOLLECTION && !wanted.iter().any(|(other, _)| *other == pid)
        {
            wanted.push((pid, tid));
        }
    }
    wanted
}

/// One dump at `path`; what is missing in it.
fn copy_one(
    crashed: &Capture,
    user: &Credentials,
    (pid, tid): (u32, u32),
    path: &Path,
    id: ReportId,
) -> Result<Vec<SoftError>, String> {
    let until = Instant::now() + ADDITIONAL_PROCESS_DEADLINE;
    let process = &crashed.snapshot.process;
    if process.namespace_pid != process.pid {
        return Err("processes of another pid namespace are not looked for".into());
    }
    if pid == process.pid {
        return Err("it is the process that crashed".into());
    }
    let other = Process::open(pid).map_err(|error| error.to_string())?;
    if !privilege::may_trace(user.uid, &other) {
        return Err(format!("user {} may not trace it", user.uid));
    }
    let pidfd = other.pidfd().ok_or("the kernel gives no pidfd")?;
    let pidfd = pidfd.try_clone_to_owned().map_err(|error| error.to_string())?;
    let detailed_thread = (tid != 0).then_some(tid);
    let options =
        DumpOptions { report_id: Some(id), detailed_thread, ..DumpOptions::for_type(DumpType::Triage) };
    let mut capture =
        wer_capture::live_by_pidfd(pidfd, &options.facts()).map_err(|error| error.to_string())?;
    let file = File::create_new(path).map_err(|error| error.to_string())?;
    let copied = {
        let memory = ImpatientReader { memory: capture.memory(), until, is_late: Cell::new(false) };
        let copied = wer_minidump::plan(&capture.snapshot, &memory, &options).copy(&memory, &file);
        (copied, memory.is_late.take())
    };
    capture.release();
    let (Ok(dump), is_late) = copied else {
        let _ = std::fs::remove_file(path);
        return Err("its memory could not be copied".into());
    };
    let summary = dump.write(&capture.snapshot, &file).map_err(|error| {
        let _ = std::fs::remove_file(path);
        error.to_string()
    })?;
    let mut missing = capture.snapshot.soft_errors.clone();
    missing.extend(summary.soft_errors);
    let has_thread = |tid| capture.snapshot.threads.iter().any(|thread| thread.tid == tid);
    if detailed_thread.is_some_and(|tid| !has_thread(tid)) {
        missing.push(SoftError::new(Stage::Dump, format!("It has no thread {tid}.")));
    }
    if is_late {
        let message = format!("Not all was read within {} s.", ADDITIONAL_PROCESS_DEADLINE.as_secs());
        missing.push(SoftError::new(Stage::Dump, message));
    }
    Ok(missing)
}

/// A process's memory that can be read until a deadline, and then no more.
struct ImpatientReader<'a> {
    memory: &'a dyn MemoryReader,
    until: Instant,
    is_late: Cell<bool>,
}

impl MemoryReader for ImpatientReader<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        if Instant::now() >= self.until {
            self.is_late.set(true);
            return 0;
        }
        self.memory.read(address, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_snapshot::{Registration, RegistrationKind};

    #[test]
    fn a_block_that_names_too_many_is_cut() {
        let pids = [7, 7, 8, 9, 10, 11, 12];
        let entry = |pid| Registration {
            sequence: u64::from(pid),
            kind: RegistrationKind::AdditionalProcess { pid, tid: 3 },
        };
        let registrations =
            Registrations { entries: pids.into_iter().map(entry).collect(), ..Registrations::default() };
        assert_eq!(wanted(&registrations), [(7, 3), (8, 3), (9, 3), (10, 3)]);
    }

    #[test]
    fn after_the_deadline_nothing_is_read() {
        struct Ones;
        impl MemoryReader for Ones {
            fn read(&self, _address: u64, buffer: &mut [u8]) -> usize {
                buffer.fill(1);
                buffer.len()
            }
        }
        let late = ImpatientReader { memory: &Ones, until: Instant::now(), is_late: Cell::new(false) };
        assert_eq!(late.read(0, &mut [0; 4]), 0);
        assert!(late.is_late.take());
        let soon = ImpatientReader { until: Instant::now() + ADDITIONAL_PROCESS_DEADLINE, ..late };
        assert_eq!(soon.read(0, &mut [0; 4]), 4);
    }
}
