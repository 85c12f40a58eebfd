//! `ModuleListStream`: the executable first, each with its build id as Breakpad's ELF record ("BpEL" and the id's bytes).
//! Modules without an id are kept; those with a synthetic one are named in the WER info stream.

use wer_snapshot::{ModuleKind, ModuleSnapshot, ProcessSnapshot};

use crate::flags::{module_write, stream};
use crate::layout::{Layout, Location, Put, clamp_u32};
use crate::options::DumpOptions;
use crate::plan::PlannedModule;

const MODULE_BYTES: usize = 108;
const FIXED_FILE_INFO_BYTES: usize = 52;
const FIXED_FILE_INFO_SIGNATURE: u32 = 0xFEEF_04BD;
const FIXED_FILE_INFO_VERSION: u32 = 0x0001_0000;
const CV_SIGNATURE_ELF: u32 = 0x4270_454C;
const VDSO_NAME: &str = "linux-gate.so";

/// Writes the list.
pub(crate) fn write(
    layout: &mut Layout,
    snapshot: &ProcessSnapshot,
    planned: &[PlannedModule],
    options: &DumpOptions,
) {
    let modules: Vec<(&ModuleSnapshot, u32)> = planned
        .iter()
        .filter_map(|planned| Some((snapshot.modules.get(planned.index)?, planned.flags)))
        .collect();
    let is_executable = |module: &&(&ModuleSnapshot, u32)| module.0.kind == ModuleKind::Executable;
    let executable = modules.iter().filter(is_executable);
    let ordered = executable.chain(modules.iter().filter(|module| !is_executable(module)));
    let mut list = Vec::with_capacity(4 + modules.len() * MODULE_BYTES);
    list.put_u32(clamp_u32(modules.len()));
    for (module, flags) in ordered {
        put_module(layout, &mut list, module, *flags, options);
    }
    layout.stream(stream::MODULE_LIST, &list);
}

fn put_module(
    layout: &mut Layout,
    list: &mut Vec<u8>,
    module: &ModuleSnapshot,
    flags: u32,
    options: &DumpOptions,
) {
    let name = if module.kind == ModuleKind::Vdso { VDSO_NAME } else { options.module_path(&module.path) };
    let name_rva = layout.string(name);
    let record =
        if flags & module_write::CV_RECORD != 0 { build_id_record(&module.build_id) } else { Vec::new() };
    let cv_record = if record.is_empty() { Location::default() } else { layout.section(&record) };
    list.put_u64(module.base);
    list.put_u32(clamp_u32(usize::try_from(module.size).unwrap_or(usize::MAX)));
    list.put_u32(0);
    list.put_u32(0);
    list.put_u32(name_rva);
    put_version(list, module.version);
    list.put_location(cv_record);
    list.put_location(Location::default());
    list.put_u64(0);
    list.put_u64(0);
}

/// Breakpad's ELF record; empty without a build id.
pub(crate) fn build_id_record(build_id: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(4 + build_id.len());
    if !build_id.is_empty() {
        record.put_u32(CV_SIGNATURE_ELF);
        record.extend_from_slice(build_id);
    }
    record
}

/// `VS_FIXEDFILEINFO`. Readers take an ELF file's four numbers from four whole words, not from halves of two.
fn put_version(list: &mut Vec<u8>, version: Option<[u16; 4]>) {
    let Some(numbers) = version else {
        list.put_zeros(FIXED_FILE_INFO_BYTES);
        return;
    };
    list.put_u32(FIXED_FILE_INFO_SIGNATURE);
    list.put_u32(FIXED_FILE_INFO_VERSION);
    for number in numbers {
        list.put_u32(u32::from(number));
    }
    list.put_zeros(FIXED_FILE_INFO_BYTES - 24);
}
