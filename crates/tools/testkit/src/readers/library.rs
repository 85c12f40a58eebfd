//! rust-minidump as a library: the quickest of the readers, for tests with many dumps.

use std::path::Path;

use anyhow::{Context, Result};
use minidump::{
    Minidump, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadList, MinidumpThreadNames, Module,
    UnifiedMemoryList,
};

use super::{Asked, ReadThread, Reading};

/// Reads a dump.
///
/// # Errors
/// It is no dump, or has no threads, modules or system information.
pub fn read(path: &Path, asked: &[Asked]) -> Result<Reading> {
    let what = || path.display().to_string();
    let dump = Minidump::read_path(path).with_context(what)?;
    let system: MinidumpSystemInfo = dump.get_stream().with_context(what)?;
    let list: MinidumpThreadList<'_> = dump.get_stream().with_context(what)?;
    let names: MinidumpThreadNames = dump.get_stream().unwrap_or_default();
    let threads = list.threads.iter().map(|thread| {
        let context = thread.context(&system, None);
        let registers = context.iter().flat_map(|context| {
            context.valid_registers().map(|(name, value)| (name.to_owned(), value.into())).collect::<Vec<_>>()
        });
        let tid = thread.raw.thread_id;
        let name = names.get_name(tid).map(std::borrow::Cow::into_owned);
        ReadThread { tid: tid.into(), name, registers: registers.collect() }
    });
    let threads = threads.collect();
    let modules: MinidumpModuleList = dump.get_stream().with_context(what)?;
    let modules = modules.iter().map(|module| (module.code_file().into_owned(), module.base_address()));
    let memory = dump.get_memory().unwrap_or_default();
    Ok(Reading {
        threads,
        modules: modules.collect(),
        memory: asked.iter().map(|asked| bytes(&memory, *asked)).collect(),
        view: String::new(),
    })
}

/// Bytes that may lie in several descriptors.
fn bytes(memory: &UnifiedMemoryList<'_>, (start, size): Asked) -> Option<Vec<u8>> {
    let mut all = Vec::with_capacity(size);
    while all.len() < size {
        let at = start + all.len() as u64;
        let part = memory.memory_at_address(at)?;
        let rest = part.bytes().get((at - part.base_address()) as usize..)?;
        all.extend(rest.iter().take(size - all.len()));
    }
    Some(all)
}
