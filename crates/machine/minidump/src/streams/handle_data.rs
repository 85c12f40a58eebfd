//! `HandleDataStream` with open descriptors as handles, and private stream 0x57450003 with what Linux knows of each beyond
//! that. Layout: `docs/formats/private-streams.md`.

use std::collections::BTreeMap;

use wer_snapshot::{HandleKind, HandleSnapshot};

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::options::DumpOptions;

const HEADER_BYTES: usize = 16;
/// `MINIDUMP_HANDLE_DESCRIPTOR_2`.
const DESCRIPTOR_BYTES: usize = 40;
const VERSION: u32 = 1;
const LINUX_HEADER_BYTES: usize = 16;
const LINUX_ENTRY_BYTES: usize = 64;

const O_ACCMODE: u32 = 3;
const O_CLOEXEC: u32 = 0o200_0000;
const O_PATH: u32 = 0o1000_0000;
const OBJ_INHERIT: u32 = 0x2;
const FILE_GENERIC_READ: u32 = 0x12_0089;
const FILE_GENERIC_WRITE: u32 = 0x12_0116;

pub(crate) fn write(layout: &mut Layout, handles: &[HandleSnapshot], options: &DumpOptions) {
    let mut types: BTreeMap<HandleKind, u32> = BTreeMap::new();
    let mut list = Vec::with_capacity(HEADER_BYTES + handles.len() * DESCRIPTOR_BYTES);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(DESCRIPTOR_BYTES as u32);
    list.put_u32(clamp_u32(handles.len()));
    list.put_u32(0);
    let mut linux = Vec::with_capacity(LINUX_HEADER_BYTES + handles.len() * LINUX_ENTRY_BYTES);
    linux.put_u32(VERSION);
    linux.put_u32(LINUX_HEADER_BYTES as u32);
    linux.put_u32(LINUX_ENTRY_BYTES as u32);
    linux.put_u32(clamp_u32(handles.len()));
    for handle in handles {
        let type_rva = *types.entry(handle.kind).or_insert_with(|| layout.string(handle.kind.name()));
        let mut optional =
            |text: &str| if text.is_empty() || options.triage() { 0 } else { layout.string(text) };
        let (name_rva, peer_rva) = (optional(&handle.name), optional(&handle.peer));
        put_descriptor(&mut list, handle, type_rva, name_rva);
        put_linux(&mut linux, handle, name_rva, peer_rva);
    }
    layout.stream(stream::HANDLE_DATA, &list);
    layout.stream(stream::LINUX_HANDLES, &linux);
}

fn put_descriptor(list: &mut Vec<u8>, handle: &HandleSnapshot, type_rva: u32, name_rva: u32) {
    list.put_u64(u64::from(handle.descriptor));
    list.put_u32(type_rva);
    list.put_u32(name_rva);
    list.put_u32(if handle.open_flags & O_CLOEXEC == 0 { OBJ_INHERIT } else { 0 });
    list.put_u32(granted_access(handle.open_flags));
    list.put_zeros(16);
}

/// What the descriptor was opened for, in the words of Windows' files.
const fn granted_access(open_flags: u32) -> u32 {
    if open_flags & O_PATH != 0 {
        return 0;
    }
    match open_flags & O_ACCMODE {
        0 => FILE_GENERIC_READ,
        1 => FILE_GENERIC_WRITE,
        _ => FILE_GENERIC_READ | FILE_GENERIC_WRITE,
    }
}

fn put_linux(list: &mut Vec<u8>, handle: &HandleSnapshot, name_rva: u32, peer_rva: u32) {
    list.put_u64(u64::from(handle.descriptor));
    list.put_u32(handle.kind as u32);
    list.put_u32(handle.open_flags);
    list.put_u64(handle.offset);
    list.put_u32(handle.mode);
    list.put_u32(0);
    list.put_u64(handle.device);
    list.put_u64(handle.inode);
    list.put_u64(handle.size);
    list.put_u32(name_rva);
    list.put_u32(peer_rva);
}
