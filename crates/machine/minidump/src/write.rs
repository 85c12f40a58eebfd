//! Last phase: streams, directory and header, from values only.
//!
//! Order of the file: everything whose size depends on nothing; then the thread lists and the memory list, whose sizes
//! are known beforehand, so that it is known where memory begins when they are written; then the memory.

use std::fs::File;

use wer_abi::Hresult;
use wer_copy::Output;
use wer_model::SoftError;
use wer_snapshot::ProcessSnapshot;

use crate::callbacks::session::Session;
use crate::callbacks::{CallbackInput, Callbacks, NoCallbacks};
use crate::copy::CopiedDump;
use crate::error::DumpError;
use crate::flags::{self, thread_write};
use crate::layout::{Layout, Location};
use crate::limits::STREAMS_MAX_BYTES;
use crate::plan::Content;
use crate::soft_errors::SoftErrors;
use crate::streams;

/// Memory begins at a multiple of this.
const MEMORY_ALIGNMENT: u64 = 16;
/// Gaps between the last sections.
const ALIGNMENT_ROOM: u64 = 64;
/// First guess for everything before the memory.
const STREAMS_GUESS_BYTES: usize = 128 << 10;
/// First guess per thread.
const THREAD_GUESS_BYTES: usize = 2 << 10;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpSummary {
    /// Size of the dump, as it is when it is not compressed.
    pub bytes: u64,
    /// Streams.
    pub streams: usize,
    /// Threads.
    pub threads: usize,
    /// Modules.
    pub modules: usize,
    /// Bytes of the process's memory.
    pub memory_bytes: u64,
    /// What is missing in the dump, beyond what the snapshot says.
    pub soft_errors: Vec<SoftError>,
}

impl CopiedDump {
    /// Writes the dump; `out` is the file that was given to [`crate::DumpPlan::copy`]. Nothing is synced to disk: that
    /// is the store's.
    ///
    /// # Errors
    /// When the file cannot be written, or the process has more of something than a dump can list; `out` is left
    /// empty then.
    pub fn write(self, snapshot: &ProcessSnapshot, out: &File) -> Result<DumpSummary, DumpError> {
        self.write_to(snapshot, &mut Output::file(out), &mut NoCallbacks)
    }

    /// The same to the output that was given to [`crate::DumpPlan::copy_to`], asking `callbacks`.
    ///
    /// # Errors
    /// As [`CopiedDump::write`]; and the caller wanted no more of it, or could not finish its own file.
    pub fn write_to(
        mut self,
        snapshot: &ProcessSnapshot,
        output: &mut Output<'_>,
        callbacks: &mut dyn Callbacks,
    ) -> Result<DumpSummary, DumpError> {
        let soft_errors = std::mem::take(&mut self.soft_errors);
        let mut session = Session::go_on(callbacks, &self.known.options, self.known.callbacks);
        let head = session.poll().and_then(|()| self.head(snapshot, soft_errors));
        let written = head.and_then(|(head, base, mut summary)| {
            summary.bytes = output.finish(&head, base, &self.memory)?;
            Ok(summary)
        });
        let summary = written.inspect_err(|_| output.abandon())?;
        if session.state.io {
            let status = session.status(CallbackInput::IoFinish).unwrap_or(Hresult::E_FAIL.0);
            if status != 0 {
                return Err(DumpError::NotFinished {
                    status: if status < 0 { status } else { Hresult::E_FAIL.0 },
                });
            }
        }
        session.kernel_minidump();
        Ok(summary)
    }

    /// Header, directory and streams; and where memory begins.
    fn head(
        &self,
        snapshot: &ProcessSnapshot,
        soft_errors: SoftErrors,
    ) -> Result<(Vec<u8>, u64, DumpSummary), DumpError> {
        let known = &self.known;
        let guess = STREAMS_GUESS_BYTES + snapshot.threads.len() * THREAD_GUESS_BYTES;
        let mut layout = Layout::with_capacity(guess, known.options.user_streams.len());
        let soft_errors = soft_errors.into_vec();
        if known.content == Content::Process {
            self.write_process_streams(&mut layout, snapshot);
        }
        let contexts = self.write_contexts(&mut layout, snapshot);
        self.write_exception(&mut layout, snapshot, &contexts);
        streams::system_info::write(&mut layout, &snapshot.system);
        streams::comment::write(&mut layout, &known.options);
        for user in &known.options.user_streams {
            layout.stream(user.stream_type, &user.bytes);
        }
        if known.content == Content::RegisteredBlocks || known.options.heap_memory() {
            streams::registered_blocks::write(&mut layout, &snapshot.registrations, &self.memory);
        }
        streams::wer_info::write(&mut layout, snapshot, &known.options, &soft_errors);
        let base = self.write_lists(&mut layout, snapshot, &contexts)?;
        let summary = DumpSummary {
            bytes: 0,
            streams: layout.stream_count(),
            threads: known.threads.len(),
            modules: known.modules.len(),
            memory_bytes: self.memory.bytes,
            soft_errors,
        };
        let timestamp = (snapshot.process.capture_time_unix_ns / 1_000_000_000) as u32;
        Ok((layout.finish(timestamp, known.options.flags), base, summary))
    }

    fn write_process_streams(&self, layout: &mut Layout, snapshot: &ProcessSnapshot) {
        let known = &self.known;
        let options = &known.options;
        streams::module_list::write(layout, snapshot, &known.modules, options);
        streams::misc_info::write(layout, snapshot, options, known.callbacks.secondary);
        streams::thread_names::write(layout, snapshot, &known.threads);
        streams::memory_info_list::write(layout, snapshot, &known.answers);
        streams::linux_files::write(layout, &snapshot.linux, options, &known.environment);
        streams::crashpad_info::write(layout, snapshot, options);
        if options.has(flags::WITH_HANDLE_DATA) {
            streams::handle_data::write(layout, &snapshot.handles, options);
        }
        if options.has(flags::WITH_UNLOADED_MODULES) {
            streams::unloaded_modules::write(layout, &snapshot.unloaded_modules, options);
        }
        if options.has(flags::WITH_TOKEN_INFORMATION)
            && let Some(token) = &snapshot.token
        {
            streams::token::write(layout, token);
        }
        let counts = !options.has(flags::WITHOUT_OPTIONAL_DATA);
        if let Some(counters) = snapshot.counters.as_ref().filter(|_| counts) {
            streams::vm_counters::write(layout, counters);
        }
        if let Some(memory) = snapshot.system_memory.as_ref().filter(|_| counts) {
            streams::system_memory_info::write(layout, &snapshot.system, memory);
        }
        if known.threads.iter().any(|planned| planned.flags & thread_write::THREAD_INFO != 0) {
            streams::thread_info_list::write(layout, snapshot, &known.threads);
        }
        if let Some(dso) = &known.dso {
            streams::dso_debug::write(layout, dso, options);
        }
    }

    fn write_contexts(&self, layout: &mut Layout, snapshot: &ProcessSnapshot) -> Vec<Location> {
        let extended = self.known.options.has(flags::WITH_AVX_XSTATE_CONTEXT);
        let mut contexts = Vec::with_capacity(self.known.threads.len());
        for planned in &self.known.threads {
            let wanted = planned.flags & thread_write::CONTEXT != 0;
            let thread = snapshot.threads.get(planned.index).filter(|_| wanted);
            contexts.push(streams::thread_list::write_context(layout, thread, &snapshot.system, extended));
        }
        contexts
    }

    /// The exception, with the same context bytes as the crashed thread where that is in the dump.
    fn write_exception(&self, layout: &mut Layout, snapshot: &ProcessSnapshot, contexts: &[Location]) {
        let Some(exception) = &snapshot.exception else { return };
        let position = self.known.threads.iter().position(|planned| {
            snapshot.threads.get(planned.index).is_some_and(|thread| thread.tid == exception.tid)
        });
        let context = match position.and_then(|index| contexts.get(index)) {
            Some(context) => *context,
            None => {
                let extended = self.known.options.has(flags::WITH_AVX_XSTATE_CONTEXT);
                let thread = snapshot.crashed_thread();
                streams::thread_list::write_context(layout, thread, &snapshot.system, extended)
            }
        };
        streams::exception::write(layout, exception, context);
    }

    /// Thread lists and memory list, the last sections before the memory. Returns where memory begins.
    fn write_lists(
        &self,
        layout: &mut Layout,
        snapshot: &ProcessSnapshot,
        contexts: &[Location],
    ) -> Result<u64, DumpError> {
        let known = &self.known;
        let forms = streams::thread_list::forms(known);
        let threads: usize =
            forms.iter().map(|form| streams::thread_list::stream_bytes(*form, known.threads.len())).sum();
        let lists = threads + streams::memory_list::stream_bytes(&known.options, &self.memory);
        let end = layout.position() as u64 + lists as u64 + ALIGNMENT_ROOM;
        let (base, limit) = match self.memory.fixed_base() {
            None => (end.next_multiple_of(MEMORY_ALIGNMENT), STREAMS_MAX_BYTES),
            Some(base) => (base, base.min(STREAMS_MAX_BYTES)),
        };
        if end > limit {
            return Err(DumpError::StreamsTooLarge { bytes: end, limit_bytes: limit });
        }
        for form in forms {
            streams::thread_list::write(layout, *form, snapshot, known, contexts, &self.memory, base);
        }
        streams::memory_list::write(layout, &known.options, &self.memory, base);
        Ok(base)
    }
}
