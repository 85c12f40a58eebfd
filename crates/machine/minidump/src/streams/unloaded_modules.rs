//! `UnloadedModuleListStream`: modules that were mapped once, the last one to go first.

use wer_snapshot::UnloadedModule;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::options::DumpOptions;

const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 24;

pub(crate) fn write(layout: &mut Layout, modules: &[UnloadedModule], options: &DumpOptions) {
    let mut list = Vec::with_capacity(HEADER_BYTES + modules.len() * ENTRY_BYTES);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u32(clamp_u32(modules.len()));
    for module in modules {
        list.put_u64(module.base);
        list.put_u32(clamp_u32(usize::try_from(module.size).unwrap_or(usize::MAX)));
        list.put_zeros(8);
        list.put_u32(layout.string(options.module_path(&module.path)));
    }
    layout.stream(stream::UNLOADED_MODULE_LIST, &list);
}
