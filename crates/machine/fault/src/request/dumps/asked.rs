//! One dump as it was asked for: which process it is of, what it shall hold, and what happened there.

use wer_abi::dump_options::{WER_DUMP_MASK_DUMPTYPE, WerDumpCustomOptions};
use wer_abi::flags::{DumpType, WER_DUMP_AUXILIARY, WER_DUMP_NOHEAP_ONQUEUE};
use wer_abi::report_request::{DumpException, DumpPayload, DumpSubject, Item};
use wer_capture::{Capture, fork_snapshot_by_pidfd, live_by_pidfd};
use wer_dbghelp::ExceptionInformation;
use wer_minidump::DumpOptions;
use wer_model::{FileKind, ReportId};
use wer_snapshot::{Facts, MemoryReader, ProcessSnapshot};
use wer_sys::Process;

use super::folder::Place;
use crate::dumps::{HEAP_DUMP, MINIDUMP};

/// A process with more resident memory than this is captured by a fork snapshot, and runs on meanwhile.
const SNAPSHOT_ABOVE_BYTES: u64 = 64 << 20;
const MICRODUMP: &str = "microdump.mdmp";
const TRIAGE_DUMP: &str = "triagedump.mdmp";

/// A dump of a request.
#[derive(Debug)]
pub(in crate::request) struct Asked {
    subject: DumpSubject,
    dump_type: DumpType,
    /// `WER_DUMP_...`.
    pub(super) flags: u32,
    exception: DumpException,
    options: Option<Box<WerDumpCustomOptions>>,
}

impl Asked {
    /// `None` for what no caller of ours asks for.
    pub(in crate::request) fn of(item: &Item<'_>) -> Option<Self> {
        let payload = DumpPayload::decode(item.data)?;
        let are_flags = item.second & !(WER_DUMP_NOHEAP_ONQUEUE | WER_DUMP_AUXILIARY) == 0;
        Some(Self {
            subject: payload.subject,
            dump_type: DumpType::from_wer(item.first.cast_signed()).filter(|_| are_flags)?,
            flags: item.second,
            exception: payload.exception,
            options: WerDumpCustomOptions::read(payload.options).map(Box::new),
        })
    }

    /// The crash that a program tells of; `None` where it says of none.
    pub(in crate::request) fn fault(item: &Item<'_>) -> Option<Self> {
        Self::of(item).filter(|asked| asked.exception != DumpException::None)
    }

    /// What names the process: its number and when it started.
    pub(super) const fn process(&self) -> (u32, u64) {
        (self.subject.process_id, self.subject.start_ticks)
    }

    /// A mini dump that is the report's own.
    pub(super) fn is_mini(&self) -> bool {
        self.dump_type == DumpType::Mini && !self.is_auxiliary() && !self.has_own_flags()
    }

    const fn is_auxiliary(&self) -> bool {
        self.flags & WER_DUMP_AUXILIARY != 0
    }

    /// The caller's `MINIDUMP_TYPE` counts in place of the type's.
    fn has_own_flags(&self) -> bool {
        self.options.as_ref().is_some_and(|options| options.counts(WER_DUMP_MASK_DUMPTYPE))
    }

    /// Stops the process, or makes a copy of it.
    ///
    /// # Errors
    /// A sentence: it has ended, or the kernel does not let us.
    pub(in crate::request) fn capture(&self) -> Result<Capture, String> {
        let process = Process::open(self.subject.process_id).map_err(|error| error.to_string())?;
        if process.identity().start_ticks != self.subject.start_ticks {
            return Err("it has ended, and another process has its number".into());
        }
        let pidfd = process.pidfd().ok_or("the kernel gives no pidfd")?;
        let pidfd = pidfd.try_clone_to_owned().map_err(|error| error.to_string())?;
        let is_large =
            process.status().is_ok_and(|status| status.memory.resident_bytes > SNAPSHOT_ABOVE_BYTES);
        let capture = if is_large { fork_snapshot_by_pidfd } else { live_by_pidfd };
        capture(pidfd, &Facts::ALL).map_err(|error| error.to_string())
    }

    /// What the dump holds.
    pub(super) fn options(&self, id: ReportId) -> DumpOptions {
        let options = match &self.options {
            Some(options) => DumpOptions::for_custom(self.dump_type, options),
            None => DumpOptions::for_type(self.dump_type),
        };
        DumpOptions { report_id: Some(id), ..options }
    }

    /// What kind of file it is follows from what it holds, so that a server which asks for a mini dump gets no heap.
    pub(super) fn place(&self, options: &DumpOptions) -> Place {
        let (name, kind) = match (options.heap_memory(), self.dump_type) {
            (true, _) if self.has_own_flags() => (HEAP_DUMP, FileKind::CustomDump),
            (true, _) => (HEAP_DUMP, FileKind::Heapdump),
            (false, DumpType::Micro) => (MICRODUMP, FileKind::Microdump),
            (false, DumpType::Triage) => (TRIAGE_DUMP, FileKind::Triagedump),
            (false, _) => (MINIDUMP, FileKind::Minidump),
        };
        let name = match self.is_auxiliary() {
            true => format!("process_{}_{name}", self.subject.process_id),
            false => name.to_owned(),
        };
        Place { name, kind, marks: 0 }
    }

    /// The process with what happened in it: the exception, and the thread that matters in front.
    ///
    /// # Errors
    /// A sentence: it cannot be read there, or there is no such thread.
    pub(in crate::request) fn told(
        &self,
        memory: &dyn MemoryReader,
        snapshot: &ProcessSnapshot,
    ) -> Result<ProcessSnapshot, String> {
        let mut snapshot = snapshot.clone();
        let thread_id = self.subject.thread_id;
        let information = match &self.exception {
            DumpException::None if thread_id == 0 => return Ok(snapshot),
            DumpException::None => {
                let place = snapshot.threads.iter().position(|thread| thread.tid == thread_id);
                let place = place.ok_or_else(|| format!("it has no thread {thread_id}"))?;
                snapshot.threads.get_mut(..=place).unwrap_or_default().rotate_right(1);
                return Ok(snapshot);
            }
            DumpException::Values(order) => ExceptionInformation::Values {
                thread_id,
                record: Box::new(order.record),
                context: order.context.map(Box::new),
            },
            DumpException::Client(pointers) => {
                ExceptionInformation::Client { thread_id, pointers: *pointers }
            }
        };
        let information = information.on_thread_of_its_stack(memory, &snapshot);
        information.apply_to(memory, &mut snapshot).map_err(|error| error.to_string())?;
        Ok(snapshot)
    }
}
