//! What the core will hold, from the dump's streams alone.

use minidump::system_info::{Cpu, Os};
use wer_dump::Dump;

use crate::error::ElfCoreError;
use crate::layout::{Layout, layout};
use crate::mappings::mappings;
use crate::notes::{Notes, notes};
use crate::segments::{Held, Segment, segments};

/// A core that can be written.
#[derive(Debug)]
pub struct CorePlan {
    pub(crate) notes: Notes,
    pub(crate) segments: Vec<Segment>,
    pub(crate) layout: Layout,
    problems: Vec<String>,
}

impl CorePlan {
    /// Bytes of the core, holes included.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.layout.end
    }

    /// Bytes of memory in it.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let held = self.segments.iter().filter(|segment| segment.dump_offset.is_some());
        held.map(|segment| segment.end - segment.start).fold(0, u64::saturating_add)
    }

    /// Threads in it.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.notes.threads
    }

    /// Memory segments in it.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// What a debugger will miss, a sentence each.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// Plans the core of a minidump, which `bytes` are.
///
/// # Errors
/// [`ElfCoreError`]: they are no dump, or none of a Linux program for x86-64, there is no thread in it, or its
/// memory lists name the same bytes many times.
pub fn plan(bytes: &[u8]) -> Result<CorePlan, ElfCoreError> {
    let dump = Dump::read(bytes)?;
    if !matches!(dump.os, Os::Linux | Os::Android) || dump.cpu != Cpu::X86_64 {
        return Err(ElfCoreError::OtherSystem { os: dump.os.to_string(), cpu: dump.cpu.to_string() });
    }
    let mappings = mappings(&dump);
    let notes = notes(&dump, &mappings);
    if notes.threads == 0 {
        return Err(ElfCoreError::NoThreads);
    }
    let base = bytes.as_ptr().addr();
    let held: Vec<Held> = dump
        .memory()
        .ranges()
        .filter_map(|(start, held)| {
            let dump_offset = held.as_ptr().addr().checked_sub(base)? as u64;
            Some(Held { start, size: held.len() as u64, dump_offset })
        })
        .collect();
    let memory_bytes = held.iter().map(|held| held.size).fold(0, u64::saturating_add);
    let dump_bytes = bytes.len() as u64;
    if memory_bytes > dump_bytes {
        return Err(ElfCoreError::MoreMemoryThanDump { memory_bytes, dump_bytes });
    }
    let segments = segments(&held, &mappings);
    let layout = layout(&segments, notes.bytes.len() as u64);
    let mut problems = dump.notes.clone();
    if notes.without_registers > 0 {
        problems
            .push(format!("The dump has no registers of {} threads; they are 0.", notes.without_registers));
    }
    if mappings.is_empty() {
        problems.push("The dump tells of no mappings; the core names no files.".into());
    }
    if held.is_empty() {
        problems.push("The dump has no memory.".into());
    }
    Ok(CorePlan { notes, segments, layout, problems })
}
