//! Breakpad's `MD_LINUX_DSO_DEBUG`: the loader's `r_debug`, its list of libraries and the executable's dynamic section.

use crate::dso::DsoDebug;
use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::options::DumpOptions;

const LINK_MAP_BYTES: usize = 20;
const HEAD_BYTES: usize = 36;
/// What Breakpad writes for an empty list.
const NO_LIST: u32 = u32::MAX;

pub(crate) fn write(layout: &mut Layout, dso: &DsoDebug, options: &DumpOptions) {
    let mut list = Vec::with_capacity(dso.libraries.len() * LINK_MAP_BYTES);
    for library in &dso.libraries {
        list.put_u64(library.address);
        list.put_u32(layout.string(options.module_path(&library.name)));
        list.put_u64(library.dynamic);
    }
    let list_rva = if list.is_empty() { NO_LIST } else { layout.section(&list).rva };
    let mut head = Vec::with_capacity(HEAD_BYTES + dso.dynamic.len());
    head.put_u32(dso.version);
    head.put_u32(list_rva);
    head.put_u32(clamp_u32(dso.libraries.len()));
    head.put_u64(dso.breakpoint);
    head.put_u64(dso.loader_base);
    head.put_u64(dso.dynamic_address);
    head.extend_from_slice(&dso.dynamic);
    layout.stream(stream::LINUX_DSO_DEBUG, &head);
}
