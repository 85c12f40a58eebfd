//! Last phase: streams, directory and header, from values only.
//!
//! Order of the file: everything whose size depends on nothing; then the thread list and the memory list, whose sizes
//! are known beforehand, so that it is known where memory begins when they are written; then the memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use wer_model::SoftError;
use wer_snapshot::ProcessSnapshot;

use crate::copy::{CopiedDump, Placement, abandon};
use crate::error::DumpError;
use crate::layout::{HEADER_BYTES, Layout, Location};
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
    /// Size of the file.
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
    pub fn write(mut self, snapshot: &ProcessSnapshot, out: &File) -> Result<DumpSummary, DumpError> {
        let soft_errors = std::mem::take(&mut self.soft_errors);
        let written = self.write_file(snapshot, soft_errors, out);
        if written.is_err() {
            abandon(out);
        }
        written
    }

    fn write_file(
        &self,
        snapshot: &ProcessSnapshot,
        soft_errors: SoftErrors,
        out: &File,
    ) -> Result<DumpSummary, DumpError> {
        let guess = STREAMS_GUESS_BYTES + snapshot.threads.len() * THREAD_GUESS_BYTES;
        let mut layout = Layout::with_capacity(guess);
        let soft_errors = soft_errors.into_vec();
        let modules = match self.content {
            Content::Process => self.write_process_streams(&mut layout, snapshot),
            Content::RegisteredBlocks => 0,
        };
        let contexts = self.write_contexts(&mut layout, snapshot);
        self.write_exception(&mut layout, snapshot, &contexts);
        streams::system_info::write(&mut layout, &snapshot.system);
        if let Some(comment) = &self.options.comment {
            streams::comment::write(&mut layout, comment);
        }
        if self.content == Content::RegisteredBlocks || self.options.heap_memory() {
            streams::registered_blocks::write(&mut layout, &snapshot.registrations, &self.memory);
        }
        streams::wer_info::write(&mut layout, snapshot, &self.options, &soft_errors);
        let base = self.write_lists(&mut layout, snapshot, &contexts)?;
        let streams = layout.stream_count();
        let timestamp = (snapshot.process.capture_time_unix_ns / 1_000_000_000) as u32;
        let (bytes, header) = layout.finish(timestamp, self.options.flags);
        let size = base + self.memory.bytes;
        put_file(out, &bytes, header, &self.memory.placement, base, size)
            .map_err(|error| DumpError::of_write(error, size))?;
        Ok(DumpSummary {
            bytes: size,
            streams,
            threads: self.threads.len(),
            modules,
            memory_bytes: self.memory.bytes,
            soft_errors,
        })
    }

    fn write_process_streams(&self, layout: &mut Layout, snapshot: &ProcessSnapshot) -> usize {
        let modules = streams::module_list::write(layout, &snapshot.modules);
        streams::misc_info::write(layout, snapshot);
        streams::thread_names::write(layout, snapshot, &self.threads);
        streams::memory_info_list::write(layout, snapshot);
        streams::linux_files::write(layout, &snapshot.linux);
        if self.options.has(crate::flags::WITH_THREAD_INFO) {
            streams::thread_info_list::write(layout, snapshot, &self.threads);
        }
        if let Some(dso) = &self.dso {
            streams::dso_debug::write(layout, dso);
        }
        modules
    }

    fn write_contexts(&self, layout: &mut Layout, snapshot: &ProcessSnapshot) -> Vec<Location> {
        let threads = self.threads.iter().filter_map(|planned| snapshot.threads.get(planned.index));
        threads.map(|thread| streams::thread_list::write_context(layout, Some(thread))).collect()
    }

    /// The exception, with the same context bytes as the crashed thread where that is in the dump.
    fn write_exception(&self, layout: &mut Layout, snapshot: &ProcessSnapshot, contexts: &[Location]) {
        let Some(exception) = &snapshot.exception else { return };
        let position = self.threads.iter().position(|planned| {
            snapshot.threads.get(planned.index).is_some_and(|thread| thread.tid == exception.tid)
        });
        let context = match position.and_then(|index| contexts.get(index)) {
            Some(context) => *context,
            None => streams::thread_list::write_context(layout, snapshot.crashed_thread()),
        };
        streams::exception::write(layout, exception, context);
    }

    /// Thread list and memory list, the last sections before the memory. Returns where memory begins.
    fn write_lists(
        &self,
        layout: &mut Layout,
        snapshot: &ProcessSnapshot,
        contexts: &[Location],
    ) -> Result<u64, DumpError> {
        let threads = match self.content {
            Content::Process => streams::thread_list::stream_bytes(self.threads.len()),
            Content::RegisteredBlocks => 0,
        };
        let lists = threads + streams::memory_list::stream_bytes(&self.options, &self.memory);
        let end = layout.position() as u64 + lists as u64 + ALIGNMENT_ROOM;
        let (base, limit) = match self.memory.placement {
            Placement::Memory(_) => (end.next_multiple_of(MEMORY_ALIGNMENT), STREAMS_MAX_BYTES),
            Placement::File { base } => (base, base.min(STREAMS_MAX_BYTES)),
        };
        if end > limit {
            return Err(DumpError::StreamsTooLarge { bytes: end, limit_bytes: limit });
        }
        if self.content == Content::Process {
            streams::thread_list::write(layout, snapshot, &self.threads, contexts, &self.memory, base);
        }
        streams::memory_list::write(layout, &self.options, &self.memory, base);
        Ok(base)
    }
}

/// Memory, streams and length first; the header, which makes it a dump, last.
fn put_file(
    out: &File,
    streams: &[u8],
    header: [u8; HEADER_BYTES],
    placement: &Placement,
    base: u64,
    size: u64,
) -> io::Result<()> {
    out.set_len(size)?;
    out.write_all_at(streams.get(HEADER_BYTES..).unwrap_or_default(), HEADER_BYTES as u64)?;
    if let Placement::Memory(memory) = placement {
        out.write_all_at(memory, base)?;
    }
    out.write_all_at(&header, 0)
}
