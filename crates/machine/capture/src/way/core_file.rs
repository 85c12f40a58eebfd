//! Afterwards: an ELF core file, as the kernel, gdb's `gcore` or systemd wrote it, packed or not.
//!
//! The file is read like any other source: notes give threads, signal and process, segments give mappings and memory,
//! and from there on everything is found as in a living process. A core that is cut gives what it has, and the snapshot
//! says what is missing. Nothing in it is believed: counts, sizes and offsets have limits, and a path in it is only
//! opened to read a file whose build id equals that of the module in the core.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use wer_model::{SoftError, Stage};
use wer_snapshot::{
    CaptureSource, ExceptionSnapshot, LinuxFiles, MemoryReader, ModuleKind, ModuleSnapshot, ProcessInfo,
    ProcessSnapshot, Region, RegionKind, SignalInfo, ThreadSnapshot,
};

use crate::classify::{Evidence, classify};
use crate::last_words::{glibc_abort_message, joined};
use crate::machine::machine;
use crate::modules::{ModuleCache, find_modules};
use crate::registration::{BlockContents, candidates, read_first};

mod arguments;
mod error;
mod files;
mod headers;
mod limits;
mod links;
mod memory;
mod notes;
mod part;
mod regions;
mod segments;
mod system;
mod unpack;

pub use error::CoreFileError;

use memory::CoreMemory;
use notes::CoreFileNotes;

/// How a core file is read.
#[derive(Clone, Debug)]
pub struct CoreFileOptions {
    /// Whether memory that the core left out because it is in a file (program text above all) is read from that file, if
    /// it still has the same build id.
    pub read_files: bool,
    /// Where a packed core is unpacked, into a file without a name; `None` = `$TMPDIR`, else `/var/tmp`.
    pub scratch_folder: Option<PathBuf>,
}

impl Default for CoreFileOptions {
    fn default() -> Self {
        Self { read_files: true, scratch_folder: None }
    }
}

/// A process as its core file has it.
#[derive(Debug)]
pub struct CoreCapture {
    /// What was found.
    pub snapshot: ProcessSnapshot,
    memory: CoreMemory,
    memory_bytes: u64,
}

impl CoreCapture {
    /// The memory in the core.
    #[must_use]
    pub fn memory(&self) -> &dyn MemoryReader {
        &self.memory
    }

    /// Bytes of memory in the core, holes included.
    #[must_use]
    pub const fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

/// Whether a file is a core, packed or not, by its first bytes; `wer convert` asks.
///
/// # Errors
/// The file cannot be read.
pub fn is_core_file(path: &Path) -> Result<bool, CoreFileError> {
    let (file, bytes) = open(path)?;
    let head = head_of(&file, path)?;
    Ok(match unpack::packing(&head) {
        Some(packing) => unpack::peek(&file, bytes, packing).is_ok_and(|first| &first == b"\x7fELF"),
        None => head.starts_with(b"\x7fELF"),
    })
}

/// Reads a core file.
///
/// # Errors
/// [`CoreFileError`]: nothing can be read, or it is not the core of an x86-64 program.
pub fn core_file(path: &Path, options: &CoreFileOptions) -> Result<CoreCapture, CoreFileError> {
    core_file_with(path, options, &mut |_, _| ControlFlow::Continue(()))
}

/// As [`core_file`], and tells of the unpacking of a packed core: bytes of the file that were taken, and all of them.
///
/// # Errors
/// As [`core_file`]; [`CoreFileError::Cancelled`] when `progress` wanted no more.
pub fn core_file_with(
    path: &Path,
    options: &CoreFileOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<CoreCapture, CoreFileError> {
    let (file, _) = open(path)?;
    core_of(file, path, options, progress)
}

/// As [`core_file_with`], from a file that is open already; `path` is for messages.
///
/// # Errors
/// As [`core_file_with`].
pub fn core_of(
    file: File,
    path: &Path,
    options: &CoreFileOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<CoreCapture, CoreFileError> {
    let read_error = |source| CoreFileError::Read { path: path.into(), source };
    let metadata = file.metadata().map_err(read_error)?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let written_unix_ns = modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let head = head_of(&file, path)?;
    let (file, problem) = match unpack::packing(&head) {
        None => (file, None),
        Some(packing) => {
            let folder = options.scratch_folder.clone().unwrap_or_else(unpack::scratch_folder);
            let unpacked = unpack::unpack(&file, metadata.len(), packing, path, &folder, progress)?;
            (unpacked.file, unpacked.problem)
        }
    };
    let file_bytes = file.metadata().map_err(read_error)?.len();
    let mut core = Core::read(file, file_bytes, path)?;
    core.problems.splice(0..0, problem);
    Ok(core.finish(options, written_unix_ns))
}

fn open(path: &Path) -> Result<(File, u64), CoreFileError> {
    let read_error = |source| CoreFileError::Read { path: path.into(), source };
    let mut how = File::options();
    let file =
        how.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map_err(read_error)?;
    let metadata = file.metadata().map_err(read_error)?;
    if !metadata.is_file() {
        return Err(CoreFileError::NotAFile { path: path.into() });
    }
    Ok((file, metadata.len()))
}

fn head_of(file: &File, path: &Path) -> Result<[u8; 8], CoreFileError> {
    let mut head = [0; 8];
    let read = file.read_at(&mut head, 0);
    read.map(|_| head).map_err(|source| CoreFileError::Read { path: path.into(), source })
}

/// A core on its way into a snapshot.
struct Core {
    notes: CoreFileNotes,
    memory: CoreMemory,
    memory_bytes: u64,
    problems: Vec<String>,
}

impl Core {
    fn read(file: File, file_bytes: u64, path: &Path) -> Result<Self, CoreFileError> {
        let headers = headers::read(&file, file_bytes, path)?;
        let mut notes = notes::read(&file, file_bytes, &headers.notes);
        let mut segments = segments::segments(&headers.loads, file_bytes);
        let mut problems = headers.problems;
        problems.append(&mut notes.core.problems);
        problems.append(&mut segments.problems);
        if notes.core.threads.is_empty() {
            problems.push("The core has no threads: its notes are missing or were cut off.".into());
        }
        let memory_bytes = segments.list.iter().fold(0u64, |sum, part| sum.saturating_add(part.stored));
        Ok(Self { notes, memory: CoreMemory::new(file, segments.list), memory_bytes, problems })
    }

    fn finish(mut self, options: &CoreFileOptions, written_unix_ns: u64) -> CoreCapture {
        let auxv = std::mem::take(&mut self.notes.core.auxv);
        let mapped = match self.notes.files.take() {
            Some(files) => files,
            None => {
                self.problems.push(
                    "The core has no list of mapped files; modules are those that begin in its memory."
                        .into(),
                );
                links::mapped_files(&self.memory, &auxv)
            }
        };
        let mut regions = regions::regions(&self.memory, &mapped, &auxv);
        drop(mapped);
        let modules = self.modules(&regions, &auxv, options);
        regions::mark_left_out(&mut regions, &self.memory);
        let mut soft_errors: Vec<SoftError> =
            self.problems.drain(..).map(|problem| SoftError::new(Stage::Capture, problem)).collect();

        let mut block = read_first(&self.memory, &candidates(&self.memory, &regions, 0));
        soft_errors.append(&mut block.soft_errors);
        let BlockContents { registrations, last_words: said_in_block, unloaded_modules, .. } = block;
        let signal = self.signal();
        let aborted = signal.is_some_and(|signal| signal.number == libc::SIGABRT);
        let said = aborted.then(|| glibc_abort_message(&self.memory, &modules)).flatten();

        let process = self.process(&auxv, &modules, written_unix_ns);
        let xsave_bytes = self.notes.core.threads.first().and_then(|thread| thread.fpu.as_ref());
        let xsave_bytes = xsave_bytes.map_or(0, |fpu| fpu.xsave.len());
        let (system, is_this_machine) = system::system(&self.memory, &auxv, &self.notes.xstate, xsave_bytes);
        let linux = self.linux_files(&process, &regions, is_this_machine);
        let threads = self.threads(&process);
        let exception = signal.and_then(|signal| {
            let first = threads.first()?;
            let registers = first.registers;
            let found = classify(&Evidence {
                signal,
                registers: registers.map(|registers| (registers.rip, registers.rsp)),
                trap: None,
                regions: &regions,
                last_words: said.as_ref().or(said_in_block.as_ref()),
            });
            Some(ExceptionSnapshot {
                tid: first.tid,
                signal,
                status: found.status,
                instruction: registers.map_or(0, |registers| registers.rip),
                access: found.access,
            })
        });
        let last_words = joined(said, said_in_block);
        let snapshot = ProcessSnapshot {
            source: CaptureSource::CoreFile,
            process,
            system,
            threads,
            modules,
            regions,
            exception,
            last_words,
            registrations,
            linux,
            handles: Vec::new(),
            token: None,
            counters: None,
            system_memory: None,
            unloaded_modules,
            soft_errors,
        };
        CoreCapture { snapshot, memory: self.memory, memory_bytes: self.memory_bytes }
    }

    /// Modules by what is in the core; then, if wanted, with what the same files on disk add.
    fn modules(
        &mut self,
        regions: &[Region],
        auxv: &[(u64, u64)],
        options: &CoreFileOptions,
    ) -> Vec<ModuleSnapshot> {
        let mut errors = Vec::new();
        let find = |memory: &CoreMemory, errors: &mut Vec<SoftError>| {
            find_modules(None, memory, regions, auxv, &mut ModuleCache::default(), errors)
        };
        let mut modules = find(&self.memory, &mut errors);
        if options.read_files {
            let (backings, missing) = files::backings(&self.memory, regions, &modules);
            if !missing.is_empty() {
                self.problems.push(format!(
                    "{} files are not on this machine as they were mapped; their memory is only what the core has: {}",
                    missing.len(),
                    first_names(&missing)
                ));
            }
            if !backings.is_empty() {
                self.memory.set_backings(backings);
                errors.clear();
                modules = find(&self.memory, &mut errors);
            }
        }
        self.problems.extend(errors.into_iter().map(|error| error.message));
        let unread = without_header(&self.memory, regions, &modules);
        if !unread.is_empty() {
            self.problems.push(format!(
                "The core does not have the first page of {} modules; they have no build id.",
                unread.len()
            ));
            modules.extend(unread);
            let rest = modules.iter().position(|module| module.kind != ModuleKind::Executable).unwrap_or(0);
            modules.get_mut(rest..).unwrap_or_default().sort_by_key(|module| module.base);
        }
        modules
    }

    /// What happened, if anything did: a debugger makes cores of living processes too.
    fn signal(&self) -> Option<SignalInfo> {
        let current = self.notes.statuses.first().map_or(0, |status| status.signal);
        happened(self.notes.core.signal, current)
    }

    fn process(
        &mut self,
        auxv: &[(u64, u64)],
        modules: &[ModuleSnapshot],
        written_unix_ns: u64,
    ) -> ProcessInfo {
        let note = self.notes.process.clone().unwrap_or_default();
        let first = self.notes.core.threads.first().map_or(0, |thread| thread.namespace_tid);
        let pid = if note.pid != 0 { note.pid } else { first };
        let executable = modules.first().filter(|module| module.kind == ModuleKind::Executable);
        let executable = executable.map(|module| module.path.clone()).unwrap_or_default();
        let arguments = arguments::arguments(&self.memory, auxv, &self.notes.auxv);
        let times = |of: fn(&notes::ThreadStatus) -> u64| {
            self.notes.statuses.iter().fold(0u64, |sum, status| sum.saturating_add(of(status)))
        };
        ProcessInfo {
            pid,
            namespace_pid: pid,
            parent_pid: note.parent_pid,
            uid: note.uid,
            gid: note.gid,
            name: note.name,
            executable,
            arguments: arguments
                .unwrap_or_else(|| note.arguments.split_whitespace().map(str::to_owned).collect()),
            start_time_unix_ns: 0,
            capture_time_unix_ns: written_unix_ns,
            user_time_ms: times(|status| status.user_time_ms),
            kernel_time_ms: times(|status| status.kernel_time_ms),
            auxv: auxv.to_vec(),
        }
    }

    fn linux_files(
        &mut self,
        process: &ProcessInfo,
        regions: &[Region],
        is_this_machine: bool,
    ) -> LinuxFiles {
        let of_machine = |bytes: &[u8]| if is_this_machine { bytes.to_vec() } else { Vec::new() };
        let mut cmdline = Vec::new();
        for argument in &process.arguments {
            cmdline.extend(argument.as_bytes());
            cmdline.push(0);
        }
        LinuxFiles {
            cpuinfo: of_machine(&machine().cpuinfo),
            lsb_release: of_machine(&machine().os_release),
            status: Vec::new(),
            cmdline,
            auxv: std::mem::take(&mut self.notes.auxv),
            maps: regions::as_maps_text(regions),
            limits: Vec::new(),
        }
    }

    /// The first thread of a core is the one that crashed.
    fn threads(&mut self, process: &ProcessInfo) -> Vec<ThreadSnapshot> {
        let nice = self.notes.process.as_ref().map_or(0, |note| note.nice);
        let threads = std::mem::take(&mut self.notes.core.threads);
        let mut found: Vec<ThreadSnapshot> = threads
            .into_iter()
            .zip(&self.notes.statuses)
            .map(|(thread, status)| ThreadSnapshot {
                tid: thread.namespace_tid,
                namespace_tid: thread.namespace_tid,
                // A core has one name, the main thread's.
                name: if thread.namespace_tid == process.pid { process.name.clone() } else { String::new() },
                registers: Some(thread.registers),
                fpu: thread.fpu,
                handler_stack_pointer: None,
                priority: nice,
                user_time_ms: status.user_time_ms,
                kernel_time_ms: status.kernel_time_ms,
                details: None,
            })
            .collect();
        if let Some((_, others)) = found.split_first_mut() {
            others.sort_by_key(|thread| thread.tid);
        }
        found
    }
}

/// The signal that ended the process: one whose default action is a core. Anything else is how a debugger stopped it.
fn happened(siginfo: Option<SignalInfo>, current: i32) -> Option<SignalInfo> {
    /// Above this, `si_code` of SIGTRAP names an event of ptrace.
    const PTRACE_EVENTS: i32 = 0x100;
    let said = siginfo.filter(|signal| signal.number != 0);
    let signal = said.unwrap_or(SignalInfo { number: current, code: 0, errno: 0, address: 0 });
    match signal.number {
        libc::SIGTRAP => (said.is_some() && signal.code < PTRACE_EVENTS).then_some(signal),
        libc::SIGQUIT
        | libc::SIGILL
        | libc::SIGABRT
        | libc::SIGBUS
        | libc::SIGFPE
        | libc::SIGSEGV
        | libc::SIGXCPU
        | libc::SIGXFSZ
        | libc::SIGSYS => Some(signal),
        _ => None,
    }
}

/// Files with program text whose ELF header is not in the core.
fn without_header(memory: &CoreMemory, regions: &[Region], known: &[ModuleSnapshot]) -> Vec<ModuleSnapshot> {
    let mut bases: Vec<(u64, u64)> =
        known.iter().map(|module| (module.base, module.base.saturating_add(module.size))).collect();
    bases.sort_unstable();
    let mut found = Vec::new();
    for group in regions.chunk_by(|one, next| one.kind == next.kind) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let RegionKind::File { path, deleted } = &first.kind else { continue };
        let index = bases.partition_point(|(_, end)| *end <= first.start);
        let is_known = bases.get(index).is_some_and(|(start, _)| *start <= first.start);
        let has_text = group.iter().any(|region| region.protection.execute);
        if is_known || !has_text || first.offset != 0 || memory.has(first.start) {
            continue;
        }
        if known.len() + found.len() >= crate::limits::MAX_MODULES {
            break;
        }
        found.push(ModuleSnapshot {
            base: first.start,
            size: last.end - first.start,
            path: path.clone(),
            deleted: *deleted,
            build_id: Vec::new(),
            synthetic_id: false,
            soname: None,
            version: None,
            kind: ModuleKind::Library,
        });
    }
    found
}

fn first_names(paths: &[String]) -> String {
    const NAMED: usize = 4;
    let rest = if paths.len() > NAMED { ", ..." } else { "." };
    let named: Vec<&str> = paths.iter().take(NAMED).map(String::as_str).collect();
    named.join(", ") + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ends_a_process_has_happened() {
        let signal = |number, code| Some(SignalInfo { number, code, errno: 0, address: 0 });
        assert_eq!(happened(signal(libc::SIGSEGV, 1), 0), signal(libc::SIGSEGV, 1));
        assert_eq!(happened(None, libc::SIGABRT), signal(libc::SIGABRT, 0));
        assert_eq!(happened(signal(0, 0), libc::SIGFPE), signal(libc::SIGFPE, 0));
        assert_eq!(happened(signal(libc::SIGTRAP, 0x80), 5), signal(libc::SIGTRAP, 0x80));
        for alive in [
            happened(None, 0),
            happened(None, libc::SIGTRAP),
            happened(signal(libc::SIGTRAP, 0x300 | libc::SIGTRAP), libc::SIGTRAP),
            happened(signal(libc::SIGSTOP, 0x80), 0),
            happened(signal(libc::SIGINT, 0), libc::SIGINT),
        ] {
            assert_eq!(alive, None);
        }
    }
}
