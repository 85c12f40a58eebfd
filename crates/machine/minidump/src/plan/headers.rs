//! The headers and notes of modules (`MiniDumpWithModuleHeaders`), and the initial image of their thread-local
//! variables. Headers come from the process, so every number in them is checked against the module's own extent.

use wer_copy::Range;
use wer_snapshot::{MemoryReader, ModuleSnapshot, ProcessSnapshot};

use crate::dso::{u32_at, u64_at};
use crate::flags::module_write;
use crate::limits::{
    MAX_PROGRAM_HEADERS, MODULE_HEADERS_MAX_BYTES, MODULE_NOTE_MAX_BYTES, TLS_IMAGE_MAX_BYTES,
};
use crate::plan::PlannedModule;
use crate::plan::lookup::{is_readable, readable_parts};

const ELF_MAGIC: &[u8] = b"\x7fELF";
const ELF_HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: u64 = 56;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PT_TLS: u32 = 7;

pub(super) fn ranges(
    snapshot: &ProcessSnapshot,
    modules: &[PlannedModule],
    memory: &dyn MemoryReader,
) -> Vec<Range> {
    let mut ranges = Vec::new();
    for planned in modules.iter().filter(|planned| planned.headers) {
        let Some(module) = snapshot.modules.get(planned.index) else { continue };
        let with_tls = planned.flags & module_write::TLS_DATA != 0;
        ranges.extend(of_module(snapshot, module, with_tls, memory).into_iter().flatten());
    }
    ranges
}

fn of_module(
    snapshot: &ProcessSnapshot,
    module: &ModuleSnapshot,
    with_tls: bool,
    memory: &dyn MemoryReader,
) -> Option<Vec<Range>> {
    snapshot.region_at(module.base).filter(|region| is_readable(region))?;
    let mut page = vec![0; MODULE_HEADERS_MAX_BYTES.min(module.size) as usize];
    let read = memory.read(module.base, &mut page).min(page.len());
    page.truncate(read);
    if page.get(..4)? != ELF_MAGIC || page.len() < ELF_HEADER_BYTES {
        return None;
    }
    let table = u64_at(&page, 32)?;
    let count = u64::from(u32_at(&page, 56)? & 0xFFFF).min(MAX_PROGRAM_HEADERS);
    let headers_end = count.saturating_mul(PROGRAM_HEADER_BYTES).saturating_add(table);
    let headers_end = headers_end.clamp(ELF_HEADER_BYTES as u64, MODULE_HEADERS_MAX_BYTES);
    let extent = Range::new(module.base, module.base.saturating_add(module.size));
    let mut wanted = vec![Range::new(module.base, module.base.saturating_add(headers_end))];
    let headers = page.get(usize::try_from(table).ok()?..).unwrap_or_default();
    let headers = headers.chunks_exact(PROGRAM_HEADER_BYTES as usize).take(count as usize);
    let first_load = headers.clone().find(|header| u32_at(header, 0) == Some(PT_LOAD));
    let first_address = first_load.and_then(|header| u64_at(header, 16)).unwrap_or(0) & !0xFFF;
    for header in headers {
        let limit = match u32_at(header, 0)? {
            PT_NOTE => MODULE_NOTE_MAX_BYTES,
            PT_TLS if with_tls => TLS_IMAGE_MAX_BYTES,
            _ => continue,
        };
        let start = module.base.wrapping_add(u64_at(header, 16)?.wrapping_sub(first_address));
        let size = u64_at(header, 32)?.min(limit);
        wanted.push(Range::new(start, start.saturating_add(size)));
    }
    let parts = wanted.into_iter().map(|range| range.within(extent)).filter(|range| !range.is_empty());
    Some(parts.flat_map(|range| readable_parts(snapshot, range)).collect())
}
